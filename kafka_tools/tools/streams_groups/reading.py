"""Lists and describes streams groups: `ktools streams-groups --list | --describe`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.groups import DEAD, EMPTY, UNKNOWN, Committed, Log
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.streams_groups import STATES, StreamsGroup, StreamsMember, Tasks
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups.other_types import (
    MISSING,
    DescribeGroups,
    ListGroups,
    described,
    list_report,
    wanted_states,
)

if TYPE_CHECKING:
    from kafka_tools.brokers.streams_groups import BrokerStreamsGroups
    from kafka_tools.render.views import View


class OffsetRow(NamedTuple):
    """How far a group is in one partition; None where that is not known, or nothing was committed."""

    group: str
    topic: str
    partition: int
    current_offset: int | None
    log_end_offset: int | None
    offset_lag: int | None
    leader_epoch: int | None


class MemberRow(NamedTuple):
    """One member of a group; its tasks, and those that it is to have, by kind and subtopology."""

    group: str
    member: str
    process: str
    client_id: str
    member_protocol: str
    member_epoch: int
    assignment: Mapping[str, Tasks]
    target_assignment: Mapping[str, Tasks]


class StateRow(NamedTuple):
    """The state of one group."""

    group: str
    coordinator: int
    host: str
    port: int
    assignor: str
    state: str
    group_epoch: int
    target_assignment_epoch: int
    topology_epoch: int
    members: int


OFFSET_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "current_offset": "Current",
    "leader_epoch": "Leader epoch",
    "log_end_offset": "End",
    "offset_lag": "Lag",
}
MEMBER_COLUMNS = {
    "member": "Member",
    "process": "Process",
    "client_id": "Client",
    "member_protocol": "Protocol",
    "member_epoch": "Epoch",
    "assignment": "Tasks",
}
STATE_COLUMNS = {
    "group": "Group",
    "coordinator": "Coordinator",
    "host": "Host",
    "port": "Port",
    "assignor": "Assignor",
    "state": "State",
    "group_epoch": "Epoch",
    "target_assignment_epoch": "Assignment epoch",
    "topology_epoch": "Topology epoch",
    "members": "Members",
}


def list_groups(request: ListGroups) -> Report:
    """Return the groups that match, sorted by name. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.streams_groups import open_streams_groups

    states = wanted_states(request, STATES)
    with open_streams_groups(request.target, request.seconds) as groups:
        return list_report(groups, request, states)


def describe(request: DescribeGroups) -> Report:
    """Return what is asked of the groups, in the order in which they are named. Raises KafkaToolError.

    Where a group is not known the others are shown, and it is named.
    """
    from kafka_tools.brokers.streams_groups import open_streams_groups

    with open_streams_groups(request.target, request.seconds) as groups:
        found, notes = described(groups, request.groups, "Streams group")
        if request.view == "offsets":
            rows, more = _offsets(groups, found)
            report = _offsets_report(found, rows, request.verbose)
            notes += more
        else:
            report = (_members_report if request.view == "members" else _states_report)(found, request.verbose)
    return report._replace(notes=notes, status=int(bool(notes)))


def _offsets(
    groups: "BrokerStreamsGroups", found: Sequence[StreamsGroup]
) -> tuple[dict[str, list[OffsetRow]], list[str]]:
    """Return how far each group is in what its members read now, and what could not be found out."""
    # Tasks name a subtopology and a number; which partitions these are only the group's topology tells. What nobody
    # reads now has no row, even if it was committed (getOffsets 4.4 begins with the members).
    read = {
        each.group: frozenset().union(*(each.partitions_of(member.assignment) for member in each.members))
        for each in found
    }
    notes = []
    committed: dict[str, Mapping[TopicPartition, Committed]] = {}
    # Streams groups commit as consumer groups do: OffsetFetch takes their names.
    for name, result in groups.consumers.committed_with_epochs(read).items() if read else ():
        if isinstance(result, KafkaToolError):
            notes.append(f"What '{name}' has committed is not known: {result.message}")
        else:
            committed[name] = result
    partitions = sorted(frozenset().union(*read.values()))
    logs, failed = groups.consumers.logs(partitions) if partitions else ({}, {})
    notes += [
        f"The end of {each.topic}-{each.partition} is not known: {error.message}" for each, error in failed.items()
    ]
    rows = {
        name: [
            _offset_row(name, each, committed.get(name, {}).get(each), logs.get(each, UNKNOWN))
            # The rows come out of a HashMap of Java. Sorted first, as keys in one bucket keep
            # the order of their insertion.
            for each in partition_order(sorted(mine, key=lambda each: (each.partition, each.topic)))
        ]
        for name, mine in read.items()
    }
    return rows, notes


def _offset_row(group: str, partition: TopicPartition, at: Committed | None, log: Log) -> OffsetRow:
    # Where nothing was committed all records are ahead, as in Apache's tool.
    behind = log.start if at is None else at.offset
    lag = None if log.end is None or behind is None else log.end - behind
    current, epoch = (None, None) if at is None else at
    return OffsetRow(group, *partition, current, log.end, lag, epoch)


def _offsets_report(groups: Sequence[StreamsGroup], rows: Mapping[str, Sequence[OffsetRow]], verbose: bool) -> Report:
    # isGroupStateValid (4.4): of a group without members there is no heading, and nothing is said of it either.
    shown = [each for each in groups if each.members and each.state != DEAD]
    return Report(
        rows=[row for lot in rows.values() for row in lot],
        columns={"group": "Group", **OFFSET_COLUMNS},
        plain=(line for each in shown for line in _offset_lines(each, rows[each.group], verbose)),
        tables=lambda: [_offset_table(each, rows[each.group], verbose) for each in groups],
    )


def _told(group: StreamsGroup) -> Iterator[str]:
    """Yield what Apache's tool says with --state of a group without members, on stdout."""
    if group.state == EMPTY:
        yield ""
        yield f"Error: Streams group '{group.group}' has no active members."


def _offset_lines(group: StreamsGroup, rows: Sequence[OffsetRow], verbose: bool) -> Iterator[str]:
    width, topic = max(15, len(group.group)), max([15, *(len(row.topic) for row in rows)])
    # OFFSET-LAG is padded with --verbose, and not without.
    layout = f"%-{width}s %-{topic}s %-10s{' %-15s %-15s %-15s %-15s' if verbose else ' %s'}"
    more = ("CURRENT-OFFSET", "LEADER-EPOCH", "LOG-END-OFFSET") if verbose else ()
    yield layout % ("GROUP", "TOPIC", "PARTITION", *more, "OFFSET-LAG")
    for row in rows:
        of_row = (row.current_offset, row.leader_epoch, row.log_end_offset) if verbose else ()
        values = (row.group, row.topic, row.partition, *of_row, row.offset_lag)
        yield layout % tuple(MISSING if value is None else value for value in values)


def _members_report(groups: Sequence[StreamsGroup], verbose: bool) -> Report:
    rows = {each.group: [_member_row(each.group, member) for member in each.members] for each in groups}
    return Report(
        rows=[row for lot in rows.values() for row in lot],
        columns={"group": "Group", **MEMBER_COLUMNS},
        plain=(line for each in groups if each.members for line in _member_lines(each, rows[each.group], verbose)),
        tables=lambda: [_member_table(each, rows[each.group]) for each in groups],
    )


def _member_row(group: str, member: StreamsMember) -> MemberRow:
    return MemberRow(
        group,
        member.member_id,
        member.process_id,
        member.client_id,
        "classic" if member.is_classic else "streams",
        member.epoch,
        # Kinds without a task are left out, as getTasksForPrinting does: a stateless application has only active ones.
        {kind: tasks for kind, tasks in member.assignment._asdict().items() if tasks},
        {kind: tasks for kind, tasks in member.target._asdict().items() if tasks},
    )


def _member_lines(group: StreamsGroup, rows: Sequence[MemberRow], verbose: bool) -> Iterator[str]:
    # At least 15 wide each; ASSIGNMENTS is last and not padded.
    names = ("group", "member", "process", "client_id")
    own, member, process, client = (max([15, *(len(getattr(row, name)) for row in rows)]) for name in names)
    # Apache's tool (4.4) has no blank between TOPOLOGY-EPOCH and MEMBER.
    layout = (
        f"%-{own}s %-25s %-15s%-{member}s %-15s %-15s %-{process}s %-{client}s %s"
        if verbose
        else f"%-{own}s %-{member}s %-{process}s %-{client}s %s"
    )
    epochs = ("TARGET-ASSIGNMENT-EPOCH", "TOPOLOGY-EPOCH") if verbose else ()
    protocol = ("MEMBER-PROTOCOL", "MEMBER-EPOCH") if verbose else ()
    yield layout % ("GROUP", *epochs, "MEMBER", *protocol, "PROCESS", "CLIENT-ID", "ASSIGNMENTS")
    for row in rows:
        of_group = (group.target_epoch, group.topology_epoch) if verbose else ()
        of_row = (row.member_protocol, row.member_epoch) if verbose else ()
        tasks = _tasks(row.assignment, "") + (_tasks(row.target_assignment, "TARGET-") if verbose else "")
        yield layout % (row.group, *of_group, row.member, *of_row, row.process, row.client_id, tasks)


def _tasks(assignment: Mapping[str, Tasks], prefix: str) -> str:
    return "".join(
        # `ACTIVE: 0:[0,1]; 1:[0]; STANDBY: 1:[1]; `: kind, subtopology, numbers; the blank at the end is Apache's.
        f"{prefix}{kind.upper()}: "
        + "".join(f"{subtopology}:[{','.join(map(str, numbers))}]; " for subtopology, numbers in tasks.items())
        for kind, tasks in assignment.items()
    )


def _states_report(groups: Sequence[StreamsGroup], verbose: bool) -> Report:
    rows = [_state_row(each) for each in groups]
    of_verbose = ("group_epoch", "target_assignment_epoch", "topology_epoch")
    columns = {name: heading for name, heading in STATE_COLUMNS.items() if verbose or name not in of_verbose}
    return Report(
        rows=rows,
        columns=columns,
        plain=(
            line for each, row in zip(groups, rows, strict=True) for line in (*_told(each), *_state_lines(row, verbose))
        ),
        tables=lambda: [_state_table(rows, columns)],
    )


def _state_table(rows: Sequence[StateRow], columns: Mapping[str, str]) -> "View":
    from kafka_tools.render.views import Table

    return Table(rows, columns, spare=("port", "host", "topology_epoch"))


def _state_row(group: StreamsGroup) -> StateRow:
    epochs = (group.epoch, group.target_epoch, group.topology_epoch)
    return StateRow(group.group, *group.coordinator, group.assignor, group.state, *epochs, len(group.members))


def _state_lines(row: StateRow, verbose: bool) -> Iterator[str]:
    # One blank before the id, where consumer-groups and share-groups have two.
    coordinator = f"{row.host}:{row.port} ({row.coordinator})"
    # STATE is 25 wide whatever the state.
    widths = (max(15, len(row.group)), max(25, len(coordinator)), max(15, len(row.assignor)), 25)
    layout = f"{' '.join(f'%-{width}s' for width in widths)}{' %-15s %-25s' if verbose else ''} %s"
    epochs = ("GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH") if verbose else ()
    of_row = (row.group_epoch, row.target_assignment_epoch) if verbose else ()
    yield layout % ("GROUP", "COORDINATOR (ID)", "ASSIGNOR", "STATE", *epochs, "#MEMBERS")
    yield layout % (row.group, coordinator, row.assignor, row.state, *of_row, row.members)


def _offset_table(group: StreamsGroup, rows: Sequence[OffsetRow], verbose: bool) -> "View":
    from kafka_tools.render.views import Table

    lags = [row.offset_lag for row in rows]
    total = sum(lag for lag in lags if lag is not None)
    unknown = f", {lags.count(None)} not known" if None in lags else ""
    columns = {name: heading for name, heading in OFFSET_COLUMNS.items() if verbose or name != "leader_epoch"}
    facts = [*_facts(group), f"lag {total:,}{unknown}"]
    return Table(rows, columns, title=group.group, facts=facts, spare=("leader_epoch",))


class MemberView(NamedTuple):
    """A member for a person."""

    member: str
    process: str
    client_id: str
    member_protocol: str
    member_epoch: int
    assignment: str


def _member_table(group: StreamsGroup, rows: Sequence[MemberRow]) -> "View":
    from kafka_tools.render.views import Table

    views = [MemberView(*row[1:6], _tasks(row.assignment, "").lower().rstrip("; ")) for row in rows]
    spare = ("process", "client_id", "member_protocol", "member_epoch")
    return Table(views, MEMBER_COLUMNS, title=group.group, facts=_facts(group), spare=spare)


def _facts(group: StreamsGroup) -> list[str]:
    return [group.state, count(len(group.members), "member"), f"coordinator {group.coordinator.broker}"]
