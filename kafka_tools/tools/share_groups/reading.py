"""Lists and describes share groups: `ktools share-groups --list | --describe`."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.groups import DEAD, EMPTY
from kafka_tools.model.share_groups import STATES, ShareGroup, ShareMember, ShareOffset
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups.other_types import (
    MISSING,
    DescribeGroups,
    ListGroups,
    assignment_words,
    described,
    list_report,
    wanted_states,
)

if TYPE_CHECKING:
    from kafka_tools.brokers.share_groups import BrokerShareGroups
    from kafka_tools.render.views import View


class OffsetRow(NamedTuple):
    """How far a group is in one partition; None where that is not known."""

    group: str
    topic: str
    partition: int
    leader_epoch: int | None
    start_offset: int | None
    lag: int | None


class MemberRow(NamedTuple):
    """One member of a group, its partitions by topic."""

    group: str
    consumer_id: str
    host: str
    client_id: str
    partitions: int
    member_epoch: int
    assignment: Mapping[str, tuple[int, ...]]


class ShownMemberRow(NamedTuple):
    """A row of the table of members: the assignment is words, `orders(0,1), pay(2)`."""

    consumer_id: str
    host: str
    client_id: str
    partitions: int
    member_epoch: int
    assignment: str


class StateRow(NamedTuple):
    """The state of one group."""

    group: str
    coordinator: int
    host: str
    port: int
    state: str
    group_epoch: int
    assignment_epoch: int
    members: int


OFFSET_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader_epoch": "Leader epoch",
    "start_offset": "Start",
    "lag": "Lag",
}
MEMBER_COLUMNS = {
    "consumer_id": "Consumer",
    "host": "Host",
    "client_id": "Client",
    "partitions": "Partitions",
    "member_epoch": "Epoch",
    "assignment": "Assignment",
}
STATE_COLUMNS = {
    "group": "Group",
    "coordinator": "Coordinator",
    "host": "Host",
    "port": "Port",
    "state": "State",
    "group_epoch": "Epoch",
    "assignment_epoch": "Assignment epoch",
    "members": "Members",
}
OF_VERBOSE = frozenset({"leader_epoch", "member_epoch", "group_epoch", "assignment_epoch"})
"""Columns that only --verbose shows."""


def list_groups(request: ListGroups) -> Report:
    """Return the groups that match, sorted by name. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.share_groups import open_share_groups

    states = wanted_states(request, STATES)
    with open_share_groups(request.target, request.seconds) as groups:
        return list_report(groups, request, states)


def describe(request: DescribeGroups) -> Report:
    """Return what is asked of the groups, in the order of their names. Raises KafkaToolError where no broker answers.

    Where a group is not known the others are shown, and it is named.
    """
    from kafka_tools.brokers.share_groups import open_share_groups

    with open_share_groups(request.target, request.seconds) as groups:
        # collectGroupsDescription (4.4) is a TreeMap: by name, each once, whatever the order on the command line.
        names = None if request.groups is None else sorted(set(request.groups))
        found, notes = described(groups, names, "Share group")
        report, more = _reported(request, groups, found)
    return report._replace(notes=[*notes, *report.notes, *more], status=int(bool(notes or more)))


def _reported(
    request: DescribeGroups, groups: "BrokerShareGroups", found: Sequence[ShareGroup]
) -> tuple[Report, list[str]]:
    """Return the report of a view, and what could not be found out."""
    if request.view == "offsets":
        offsets: dict[str, Mapping[TopicPartition, ShareOffset]] = {}
        failed = []
        for name, each in groups.progress([group.group for group in found]).items():
            if isinstance(each, KafkaToolError):
                failed.append(f"It is not known how far '{name}' is: {each.message}")
            else:
                offsets[name] = each
        return _offsets_report(found, offsets, request.verbose), failed
    # Both need nothing but the descriptions; offsets are asked of the coordinators (DescribeShareGroupOffsets).
    make = _members_report if request.view == "members" else _states_report
    # On stderr, and with --offsets nothing at all (maybePrintEmptyGroupState 4.4).
    empty = [f"\nShare group '{each.group}' has no active members." for each in found if each.state == EMPTY]
    return make(found, request.verbose)._replace(notes=empty), []


def _shown(columns: Mapping[str, str], verbose: bool) -> dict[str, str]:
    return {name: heading for name, heading in columns.items() if verbose or name not in OF_VERBOSE}


def _offsets_report(
    groups: Sequence[ShareGroup], offsets: Mapping[str, Mapping[TopicPartition, ShareOffset]], verbose: bool
) -> Report:
    rows = {name: [_offset_row(name, *each) for each in sorted(known.items())] for name, known in offsets.items()}
    return Report(
        rows=[row for lot in rows.values() for row in lot],
        columns={"group": "Group", **OFFSET_COLUMNS},
        plain=(line for name, lot in rows.items() for line in _offset_lines(name, lot, verbose)),
        tables=lambda: [_offset_table(each, rows[each.group], verbose) for each in groups if each.group in rows],
    )


def _offset_row(group: str, partition: TopicPartition, at: ShareOffset) -> OffsetRow:
    return OffsetRow(group, *partition, at.leader_epoch, at.start_offset, at.lag)


def _offset_lines(group: str, rows: Sequence[OffsetRow], verbose: bool) -> Iterator[str]:
    yield ""
    if not rows:
        yield f"Share group '{group}' has no offset information."
        return
    width, topic = max(15, len(group)), max([15, *(len(row.topic) for row in rows)])
    # LAG is the last column and not padded; --verbose puts LEADER-EPOCH before START-OFFSET, both 13 wide.
    layout = f"%-{width}s %-{topic}s %-10s{' %-13s' * (1 + verbose)} %s"
    names = ("group", "topic", "partition", *(("leader_epoch",) if verbose else ()), "start_offset", "lag")
    yield layout % tuple(name.upper().replace("_", "-") for name in names)
    for row in rows:
        values = (getattr(row, name) for name in names)
        yield layout % tuple(MISSING if value is None else value for value in values)


def _members_report(groups: Sequence[ShareGroup], verbose: bool) -> Report:
    rows = {each.group: [_member_row(each.group, member) for member in sorted(each.members)] for each in groups}
    return Report(
        rows=[row for lot in rows.values() for row in lot],
        columns={"group": "Group", **MEMBER_COLUMNS},
        plain=(line for lot in rows.values() for line in _member_lines(lot, verbose)),
        tables=lambda: [_member_table(each, rows[each.group], verbose) for each in groups],
    )


def _member_row(group: str, member: ShareMember) -> MemberRow:
    by_topic = {
        topic: tuple(each.partition for each in lot)
        for topic, lot in groupby(sorted(member.partitions), lambda each: each.topic)
    }
    size = len(member.partitions)
    return MemberRow(group, member.member_id, member.host, member.client_id, size, member.epoch, by_topic)


def _member_lines(rows: Sequence[MemberRow], verbose: bool) -> Iterator[str]:
    if not rows:
        return
    # Widths are those of one group's members, as each group has its own table in 4.4.
    names = ("group", "consumer_id", "host", "client_id")
    widths = [max([15, *(len(getattr(row, name)) for row in rows)]) for name in names]
    layout = f"{' '.join(f'%-{width}s' for width in widths)} %-12s{' %-13s' * verbose} %s"
    epoch = ("MEMBER-EPOCH",) if verbose else ()
    yield ""
    yield layout % ("GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS", *epoch, "ASSIGNMENT")
    for row in rows:
        of_row = (row.member_epoch,) if verbose else ()
        who = (getattr(row, name) for name in names)
        # getAssignmentString (4.4): `orders:0,1;pay:2`, without blanks, so that it stays one word for awk.
        yield layout % (*who, row.partitions, *of_row, assignment_words(row.assignment, "{}:{}", ";"))


def _states_report(groups: Sequence[ShareGroup], verbose: bool) -> Report:
    rows = [_state_row(each) for each in groups]
    columns = _shown(STATE_COLUMNS, verbose)
    return Report(
        rows=rows,
        columns=columns,
        plain=(line for row in rows for line in _state_lines(row, verbose)),
        tables=lambda: [_state_table(rows, columns)],
    )


def _state_table(rows: Sequence[StateRow], columns: Mapping[str, str]) -> "View":
    from kafka_tools.render.views import Table

    return Table(rows, columns, spare=("port", "host"))


def _state_row(group: ShareGroup) -> StateRow:
    epochs = (group.epoch, group.target_epoch)
    return StateRow(group.group, *group.coordinator, group.state, *epochs, len(group.members))


def _state_lines(row: StateRow, verbose: bool) -> Iterator[str]:
    # Two blanks before the id, as in consumer-groups; streams-groups has one.
    coordinator = f"{row.host}:{row.port}  ({row.coordinator})"
    # 12 and 17 wide below: the widths of printStates (4.4), whatever the epochs.
    epochs = ("GROUP-EPOCH", "ASSIGNMENT-EPOCH") if verbose else ()
    of_row = (row.group_epoch, row.assignment_epoch) if verbose else ()
    widths = f"%-{max(15, len(row.group))}s %-{max(25, len(coordinator))}s %-15s"
    layout = f"{widths}{' %-12s %-17s' if verbose else ''} %s"
    yield ""
    # The sentence, and then the table all the same.
    if row.state == DEAD:
        yield f"Error: Share group '{row.group}' does not exist."
        yield ""
    yield layout % ("GROUP", "COORDINATOR (ID)", "STATE", *epochs, "#MEMBERS")
    yield layout % (row.group, coordinator, row.state, *of_row, row.members)


def _offset_table(group: ShareGroup, rows: Sequence[OffsetRow], verbose: bool) -> "View":
    from kafka_tools.render.views import Table

    lags = [row.lag for row in rows]
    total = sum(lag for lag in lags if lag is not None)
    unknown = f", {lags.count(None)} not known" if None in lags else ""
    facts = [*_facts(group), f"lag {total:,}{unknown}"]
    return Table(rows, _shown(OFFSET_COLUMNS, verbose), title=group.group, facts=facts, spare=("leader_epoch",))


def _member_table(group: ShareGroup, rows: Sequence[MemberRow], verbose: bool) -> "View":
    from kafka_tools.render.views import Table

    spare = ("member_epoch", "host", "client_id")
    shown = [ShownMemberRow(*row[1:6], assignment_words(row.assignment)) for row in rows]
    return Table(shown, _shown(MEMBER_COLUMNS, verbose), title=group.group, facts=_facts(group), spare=spare)


def _facts(group: ShareGroup) -> list[str]:
    return [group.state, count(len(group.members), "member"), f"coordinator {group.coordinator.broker}"]
