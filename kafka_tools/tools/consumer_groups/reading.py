"""Lists and describes groups: `ktools consumer-groups --list | --describe`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.groups import (
    DEAD,
    EMPTY,
    STABLE,
    STATES,
    TYPES,
    ConsumerGroup,
    ListedGroup,
    Member,
    Progress,
    needed,
    progress,
)
from kafka_tools.model.offsets import LATEST, Offset
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report

if TYPE_CHECKING:
    from kafka_tools.brokers.groups import BrokerGroups
    from kafka_tools.render.views import View

MISSING = "-"
Shown = Literal["offsets", "members", "state"]


class ListGroups(NamedTuple):
    """Asks for the groups in these states and of these types; none: all, and the column is shown. None: all."""

    target: Brokers
    states: tuple[str, ...] | None
    types: tuple[str, ...] | None
    seconds: float


class DescribeGroups(NamedTuple):
    """Asks for the progress, the members or the state of these groups, None: of all.

    `seconds` is how long each answer is waited for.
    """

    target: Brokers
    groups: Sequence[str] | None
    view: Shown
    verbose: bool
    seconds: float


class ProgressRow(NamedTuple):
    """How far a group is in one partition; None where that is not known."""

    group: str
    topic: str
    partition: int
    current_offset: int | None
    log_end_offset: int | None
    lag: int | None
    consumer_id: str | None
    host: str | None
    client_id: str | None


class MemberRow(NamedTuple):
    """One member of a group, its partitions by topic."""

    group: str
    consumer_id: str
    group_instance_id: str | None
    host: str
    client_id: str
    partitions: int
    assignment: Mapping[str, tuple[int, ...]]


class StateRow(NamedTuple):
    """The state of one group."""

    group: str
    coordinator: int
    host: str
    port: int
    assignment_strategy: str
    state: str
    members: int


LIST_COLUMNS = {"group": "Group", "type": "Type", "state": "State"}
PROGRESS_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "current_offset": "Current",
    "log_end_offset": "End",
    "lag": "Lag",
    "consumer_id": "Consumer",
    "host": "Host",
    "client_id": "Client",
}
MEMBER_COLUMNS = {
    "consumer_id": "Consumer",
    "group_instance_id": "Instance",
    "host": "Host",
    "client_id": "Client",
    "partitions": "Partitions",
    "assignment": "Assignment",
}
STATE_COLUMNS = {
    "group": "Group",
    "coordinator": "Coordinator",
    "host": "Host",
    "port": "Port",
    "assignment_strategy": "Assignor",
    "state": "State",
    "members": "Members",
}


def list_groups(request: ListGroups) -> Report:
    """Return the groups that match, sorted by name. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    states = _known(request.states, STATES, "state list", "states")
    kinds = _known(request.types, TYPES, "types list", "types")
    with open_groups(request.target, request.seconds) as groups:
        found, failures = groups.listed()
    kept = [each for each in found if (not states or each.state in states) and (not kinds or each.type in kinds)]
    columns = {"group": True, "type": request.types is not None, "state": request.states is not None}
    shown = [name for name, is_shown in columns.items() if is_shown]
    return Report(
        rows=kept,
        columns=LIST_COLUMNS,
        plain=_list_lines(kept, shown),
        names_only=len(shown) == 1,
        notes=[f"Not all brokers answered, so groups may be missing: {failure}" for failure in failures],
        status=int(bool(failures)),
    )


def _known(asked: Sequence[str] | None, words: Sequence[str], what: str, plural: str) -> set[str]:
    """Return the words that are meant, in Kafka's capitals. Raises UsageError in Apache's words for another."""
    by_small = {word.lower(): word for word in words}
    given = asked or ()
    if not all(word.lower() in by_small for word in given):
        raise UsageError(f"Invalid {what} '{','.join(given)}'. Valid {plural} are: {', '.join(words)}")
    return {by_small[word.lower()] for word in given}


def _list_lines(groups: Sequence[ListedGroup], shown: Sequence[str]) -> Iterator[str]:
    if len(shown) == 1:
        yield from (each.group for each in groups)
        return
    width = max([15, *(len(each.group) for each in groups)]) + 10
    yield " ".join(f"{name.upper():{width if name == 'group' else 20}}" for name in shown)
    for each in groups:
        yield " ".join(f"{getattr(each, name):{width if name == 'group' else 20}}" for name in shown)


def describe(request: DescribeGroups) -> Report:
    """Return what is asked of the groups. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        names = [each.group for each in groups.listed()[0]] if request.groups is None else request.groups
        described = groups.described(sorted(set(names)))
        found = [each for each in described.values() if isinstance(each, ConsumerGroup)]
        failed = {name: each for name, each in described.items() if isinstance(each, KafkaToolError)}
        told = [f"Consumer group '{each.group}' does not exist." for each in found if each.state == DEAD]
        notes = [_unknown(name, error) for name, error in failed.items()]
        notes += [note for each in found if (note := _about(each))]
        if request.view == "offsets":
            rows, more = _progress(groups, [each for each in found if each.state != DEAD])
            report = _progress_report(found, rows)
            notes += more
        else:
            make = _members_report if request.view == "members" else _states_report
            report, more = make(found, request.verbose), []
    return report._replace(told=told, notes=notes, status=int(bool(told or failed or more)))


def _unknown(name: str, error: KafkaToolError) -> str:
    return f"Consumer group '{name}' is not known: {error.message}"


def _about(group: ConsumerGroup) -> str:
    """Return what Apache's tool says of a group on stderr, "" where that is nothing."""
    if group.state == EMPTY:
        return f"\nConsumer group '{group.group}' has no active members."
    if group.state in (STABLE, DEAD):
        return ""
    return f"\nWarning: Consumer group '{group.group}' is rebalancing."


def _progress(groups: "BrokerGroups", found: Sequence[ConsumerGroup]) -> tuple[list[Progress], list[str]]:
    """Return the progress of the groups, and what could not be found out."""
    committed: dict[str, Mapping[TopicPartition, int]] = {}
    notes = []
    for name, result in groups.committed([each.group for each in found]).items():
        if isinstance(result, KafkaToolError):
            notes.append(f"What '{name}' has committed is not known: {result.message}")
        else:
            committed[name] = result
    partitions = needed(found, committed)
    ends: dict[TopicPartition, int] = {}
    if partitions:
        topics = {each.topic for each in partitions}
        groups.offsets.partitions(next(iter(topics)) if len(topics) == 1 else None)
        for each, end in groups.offsets.at(LATEST, partitions).items():
            if isinstance(end, Offset) and end.offset is not None:
                ends[each] = end.offset
            elif isinstance(end, KafkaToolError):
                notes.append(f"The end of {each.topic}-{each.partition} is not known: {end.message}")
    rows = [row for each in found for row in progress(each, committed.get(each.group, {}), ends)]
    return rows, notes


def _progress_report(groups: Sequence[ConsumerGroup], rows: Sequence[Progress]) -> Report:
    by_group = {name: list(lot) for name, lot in groupby(rows, lambda row: row.group)}
    return Report(
        rows=map(_progress_row, rows),
        columns={"group": "Group", **PROGRESS_COLUMNS},
        plain=_in_turn(groups, lambda group: _progress_lines(by_group.get(group.group, []))),
        tables=lambda: [_progress_table(each, by_group[each.group]) for each in groups if each.group in by_group],
    )


def _in_turn(groups: Sequence[ConsumerGroup], lines: Callable[[ConsumerGroup], Iterable[str]]) -> Iterator[str]:
    """Yield the lines of each group; of one that is not there Apache's tool says so in between."""
    for group in groups:
        if group.state == DEAD:
            yield ""
            yield f"Error: Consumer group '{group.group}' does not exist."
        yield from lines(group)


def _progress_row(row: Progress) -> ProgressRow:
    member = row.member
    who = (member.member_id, member.host, member.client_id) if member else (None, None, None)
    return ProgressRow(row.group, row.topic, row.partition, row.current_offset, row.log_end_offset, row.lag, *who)


def _progress_lines(rows: Sequence[Progress]) -> Iterator[str]:
    """Yield a group's table, with the widths of printOffsetFormat; the last row ends its line, as before 3.9."""
    if not rows:
        return
    shown = [_progress_row(row) for row in rows]
    group, topic, consumer, host = (
        max([15, *(len(getattr(row, name) or MISSING) for row in shown)])
        for name in ("group", "topic", "consumer_id", "host")
    )
    layout = f"%-{group}s %-{topic}s %-10s %-15s %-15s %-15s %-{consumer}s %-{host}s %s"
    heading = ("GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST")
    yield ""
    yield layout % (*heading, "CLIENT-ID")
    yield from (layout % tuple(MISSING if value is None else value for value in row) for row in shown)


def _members_report(groups: Sequence[ConsumerGroup], verbose: bool) -> Report:
    rows = [_member_row(group.group, member) for group in groups for member in group.members]
    return Report(
        rows=rows,
        columns={"group": "Group", **MEMBER_COLUMNS},
        plain=_in_turn(groups, lambda group: _member_lines(group, verbose)),
        tables=lambda: [_members_table(group) for group in groups if group.state != DEAD],
    )


def _member_row(group: str, member: Member) -> MemberRow:
    by_topic = {
        topic: tuple(each.partition for each in lot)
        for topic, lot in groupby(sorted(member.partitions), lambda each: each.topic)
    }
    size = len(member.partitions)
    return MemberRow(group, member.member_id, member.instance_id, member.host, member.client_id, size, by_topic)


def _member_lines(group: ConsumerGroup, verbose: bool) -> Iterator[str]:
    rows = [_member_row(group.group, member) for member in group.members]
    names = ["group", "consumer_id", "host", "client_id"]
    if any(row.group_instance_id for row in rows):
        names.insert(2, "group_instance_id")
    least = {"group_instance_id": 17}
    widths = {name: max([least.get(name, 15), *(len(getattr(row, name) or MISSING) for row in rows)]) for name in names}
    heading = " ".join(f"{name.upper().replace('_', '-'):{widths[name]}}" for name in names)
    yield ""
    yield f"{heading} {'#PARTITIONS':15} {'ASSIGNMENT' if verbose else ''}"
    for row in rows:
        cells = " ".join(f"{getattr(row, name) or MISSING:{widths[name]}}" for name in names)
        yield f"{cells} {row.partitions:<15} {_assignment(row) if verbose else ''}"


def _assignment(row: MemberRow) -> str:
    """Return a member's partitions as Kafka 2.8 prints them; 3.9 leaves out the topics."""
    words = (f"{topic}({','.join(map(str, partitions))})" for topic, partitions in row.assignment.items())
    return ", ".join(words) or MISSING


def _states_report(groups: Sequence[ConsumerGroup], _: bool) -> Report:
    rows = [_state_row(group) for group in groups if group.state != DEAD]
    return Report(
        rows=rows,
        columns=STATE_COLUMNS,
        plain=_in_turn(groups, lambda group: _state_lines(group) if group.state != DEAD else ()),
    )


def _state_row(group: ConsumerGroup) -> StateRow:
    return StateRow(group.group, *group.coordinator, group.assignor, group.state, len(group.members))


def _state_lines(group: ConsumerGroup) -> Iterator[str]:
    where = group.coordinator
    coordinator = f"{where.host}:{where.port}  ({where.broker})"
    width = max(25, len(coordinator))
    layout = f"%-{width}s %-25s %-20s %-15s %s"
    yield ""
    yield layout % ("GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS")
    yield layout % (group.group, coordinator, group.assignor, group.state, len(group.members))


def _progress_table(group: ConsumerGroup, rows: Sequence[Progress]) -> "View":
    from kafka_tools.render.views import Table

    lags = [row.lag for row in rows]
    total = sum(lag for lag in lags if lag is not None)
    unknown = f", {lags.count(None)} not known" if None in lags else ""
    return Table(
        rows=[_progress_row(row) for row in rows],
        columns=PROGRESS_COLUMNS,
        title=group.group,
        facts=[*_facts(group), f"lag {total:,}{unknown}"],
        spare=("host", "client_id", "consumer_id"),
    )


def _members_table(group: ConsumerGroup) -> "View":
    from kafka_tools.render.views import Table

    rows = [_member_row(group.group, member) for member in group.members]
    return Table(rows, MEMBER_COLUMNS, title=group.group, facts=_facts(group), spare=("group_instance_id", "host"))


def _facts(group: ConsumerGroup) -> list[str]:
    return [group.state, count(len(group.members), "member"), f"coordinator {group.coordinator.broker}"]
