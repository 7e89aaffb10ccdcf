"""Lists and describes groups: `ktools consumer-groups --list | --describe`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from time import monotonic
from typing import TYPE_CHECKING, Literal, NamedTuple

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
    known_words,
    missing_notes,
)
from kafka_tools.model.lag import Pace, Pacer
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count, duration
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups import asking
from kafka_tools.tools.consumer_groups.other_types import assignment_words

if TYPE_CHECKING:
    from kafka_tools.render.views import Mark, View

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

    With `topics` (`orders:0,2`) only of those that read them, and there. `verbose` adds the partitions of members, and
    epochs (of groups, members and committed offsets). `seconds` is how long answers are waited for. A `pacer` adds how
    fast groups are.
    """

    target: Brokers
    groups: Sequence[str] | None
    view: Shown
    verbose: bool
    seconds: float
    topics: Sequence[str] | None = None
    pacer: Pacer | None = None


class ProgressRow(NamedTuple):
    """How far a group is in one partition; None where that is not known.

    `gone` counts the records that were deleted before the group read them: it committed an offset before the log's
    start.
    """

    group: str
    topic: str
    partition: int
    current_offset: int | None
    log_end_offset: int | None
    lag: int | None
    consumer_id: str | None
    host: str | None
    client_id: str | None
    log_start_offset: int | None
    gone: int
    leader_epoch: int | None


class ShownRow(NamedTuple):
    """A row of the table: how far the group is in one partition; with --watch how fast, too."""

    topic: str
    partition: int
    current_offset: int | None
    log_end_offset: int | None
    lag: int | None
    consumer_id: str | None
    host: str | None
    client_id: str | None
    leader_epoch: int | None
    gone: "Mark | None"
    read_per_second: "Mark | None"
    written_per_second: "Mark | None"
    catches_up: "Mark | None"


class MemberRow(NamedTuple):
    """One member of a group, its partitions by topic."""

    group: str
    consumer_id: str
    group_instance_id: str | None
    host: str
    client_id: str
    partitions: int
    assignment: Mapping[str, tuple[int, ...]]
    epoch: int | None
    target_epoch: int | None
    target_assignment: Mapping[str, tuple[int, ...]] | None
    upgraded: bool | None


class ShownMemberRow(NamedTuple):
    """A row of the table of members: assignments are words, `orders(0,1), pay(2)`."""

    consumer_id: str
    group_instance_id: str | None
    host: str
    client_id: str
    partitions: int
    assignment: str | None
    epoch: int | None
    target_epoch: int | None
    target_assignment: str | None
    upgraded: bool | None


class StateRow(NamedTuple):
    """The state of one group."""

    group: str
    coordinator: int
    host: str
    port: int
    assignment_strategy: str
    state: str
    members: int
    type: str
    group_epoch: int | None
    target_epoch: int | None


WHO = ("consumer_id", "host", "client_id")
LIST_COLUMNS = {"group": "Group", "type": "Type", "state": "State"}
PROGRESS_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader_epoch": "Leader epoch",
    "current_offset": "Current",
    "log_end_offset": "End",
    "lag": "Lag",
    "gone": "Gone",
    "consumer_id": "Consumer",
    "host": "Host",
    "client_id": "Client",
}
PACE_COLUMNS = {"read_per_second": "Read/s", "written_per_second": "Written/s", "catches_up": "Catches up in"}
KEEPS_UP_SECONDS = 10.0
"""A group that reads all that is left in so short a time keeps up: it commits what it read only every few seconds."""

GONE = "Gone: {records} deleted before the group read them; what it committed lies before the log's start."
MEMBER_COLUMNS = {
    "consumer_id": "Consumer",
    "group_instance_id": "Instance",
    "host": "Host",
    "client_id": "Client",
    "partitions": "Partitions",
    "assignment": "Assignment",
}
EPOCH_COLUMNS = {"epoch": "Epoch", "target_epoch": "Target epoch", "target_assignment": "Target"}
GROUP_EPOCH_COLUMNS = {"group_epoch": "Epoch", "target_epoch": "Target epoch"}
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

    # Both words are checked before a connection is opened, as a usage error.
    states = known_words(request.states, STATES, "state list", "states")
    kinds = known_words(request.types, TYPES, "types list", "types")
    with open_groups(request.target, request.seconds) as groups:
        found, failures = groups.listed()
    # Filtered here, not by the brokers, which learned it late (states with KIP-518 in Kafka 2.6, types with KIP-848).
    kept = [each for each in found if (not states or each.state in states) and (not kinds or each.type in kinds)]
    columns = {"group": True, "type": request.types is not None, "state": request.states is not None}
    shown = [name for name, is_shown in columns.items() if is_shown]
    return Report(
        rows=kept,
        columns=LIST_COLUMNS,
        plain=_list_lines(kept, shown),
        names_only=len(shown) == 1,
        notes=missing_notes(failures),
        status=int(bool(failures)),
    )


def _list_lines(groups: Sequence[ListedGroup], shown: Sequence[str]) -> Iterator[str]:
    if len(shown) == 1:
        yield from (each.group for each in groups)
        return
    # printGroupInfo (3.9) adds 10 to the longest name, and pads the last column, too.
    width = max([15, *(len(each.group) for each in groups)]) + 10
    yield " ".join(f"{name.upper():{width if name == 'group' else 20}}" for name in shown)
    for each in groups:
        yield " ".join(f"{getattr(each, name):{width if name == 'group' else 20}}" for name in shown)


def describe(request: DescribeGroups) -> Report:
    """Return what is asked of the groups. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        of_offsets = request.view == "offsets"
        # Members and states need no offsets, which cost two more requests; offsets need no
        # epochs of groups, which cost one.
        asked = asking.ask(groups, request.groups, request.topics, of_offsets, request.verbose and not of_offsets)
        # What is described of a cluster of Kafka 4 is shown as by 4.4's tool, all else as by 3.9's.
        is_newer = groups.are_of_kafka_4()
    told = [f"Consumer group '{each.group}' does not exist." for each in asked.groups if each.state == DEAD]
    if of_offsets:
        report = _progress_report(asked.groups, asked.rows, request.pacer, request.verbose and is_newer)
    else:
        make = _members_report if request.view == "members" else _states_report
        report = make(asked.groups, request.verbose, is_newer)
    notes = [*asked.notes, *(note for each in asked.groups if (note := _about(each)))]
    if request.topics and not asked.rows:
        notes.append(f"No group reads {', '.join(request.topics)}.")
    return report._replace(told=told, notes=notes, status=int(bool(told or asked.notes)))


def _about(group: ConsumerGroup) -> str:
    """Return the sentence of Apache's tool on stderr for a group without members or in a rebalance, else ""."""
    if group.state == EMPTY:
        return f"\nConsumer group '{group.group}' has no active members."
    # shouldPrintMemberState (3.9). Of DEAD the words go to stdout (`_in_turn`); every other state is some way to a
    # new assignment, also Assigning and Reconciling of KIP-848.
    if group.state in (STABLE, DEAD):
        return ""
    return f"\nWarning: Consumer group '{group.group}' is rebalancing."


def _progress_report(
    groups: Sequence[ConsumerGroup], rows: Sequence[Progress], pacer: Pacer | None, with_epochs: bool
) -> Report:
    by_group = {name: list(lot) for name, lot in groupby(rows, lambda row: row.group)}
    if pacer is not None:
        pacer.take(rows, monotonic())
    return Report(
        rows=map(_progress_row, rows),
        columns={"group": "Group", **PROGRESS_COLUMNS},
        plain=_in_turn(groups, lambda group: _progress_lines(by_group.get(group.group, []), with_epochs)),
        tables=lambda: [
            _progress_table(each, by_group[each.group], pacer, with_epochs) for each in groups if each.group in by_group
        ],
    )


def _in_turn(groups: Sequence[ConsumerGroup], lines: Callable[[ConsumerGroup], Iterable[str]]) -> Iterator[str]:
    """Yield the lines of each group in turn; before those of a group that does not exist, Apache's sentence."""
    for group in groups:
        # ConsumerGroupCommand.printError (3.9): an empty line, then the sentence.
        if group.state == DEAD:
            yield ""
            yield f"Error: Consumer group '{group.group}' does not exist."
        yield from lines(group)


def _progress_row(row: Progress) -> ProgressRow:
    member = row.member
    return ProgressRow(
        row.group,
        row.topic,
        row.partition,
        row.current_offset,
        row.log_end_offset,
        row.lag,
        member.member_id if member else None,
        member.host if member else None,
        member.client_id if member else None,
        row.log_start_offset,
        row.gone,
        row.leader_epoch,
    )


def _progress_lines(rows: Sequence[Progress], with_epochs: bool) -> Iterator[str]:
    """Yield a group's table, with the widths of printOffsetFormat; the last row ends its line, as before 3.9.

    Leader epochs are a column of 4.4.
    """
    # A group that is there and has neither members nor offsets: 3.9 prints no heading (`num > 0`).
    if not rows:
        return
    shown = [_progress_row(row) for row in rows]
    # The widths are those of one group's rows: each group has its own table. CLIENT-ID is last and not padded.
    group, topic, consumer, host = (
        max([15, *(len(getattr(row, name) or MISSING) for row in shown)])
        for name in ("group", "topic", "consumer_id", "host")
    )
    epoch = ("leader_epoch",) if with_epochs else ()
    names = (*("group", "topic", "partition"), *epoch, *("current_offset", "log_end_offset", "lag"), *WHO)
    numbers = " %-15s" * (3 + with_epochs)
    layout = f"%-{group}s %-{topic}s %-10s{numbers} %-{consumer}s %-{host}s %s"
    yield ""
    yield layout % tuple(name.upper().replace("_", "-") for name in names)
    for row in shown:
        values = (getattr(row, name) for name in names)
        yield layout % tuple(MISSING if value is None else value for value in values)


def _members_report(groups: Sequence[ConsumerGroup], verbose: bool, is_newer: bool) -> Report:
    return Report(
        rows=[_member_row(group, member) for group in groups for member in group.members],
        columns={"group": "Group", **MEMBER_COLUMNS},
        plain=_in_turn(groups, lambda group: _member_lines(group, verbose, is_newer)),
        tables=lambda: [_members_table(group) for group in groups if group.state != DEAD],
    )


def _member_row(group: ConsumerGroup, member: Member) -> MemberRow:
    return MemberRow(
        group.group,
        member.member_id,
        member.instance_id,
        member.host,
        member.client_id,
        len(member.partitions),
        _by_topic(member.partitions),
        member.epoch,
        group.target_epoch,
        None if member.target is None else _by_topic(member.target),
        member.upgraded,
    )


def _shown_member(row: MemberRow) -> ShownMemberRow:
    own, target = (assignment_words(each or {}) or None for each in (row.assignment, row.target_assignment))
    return ShownMemberRow(*row[1:6], own, row.epoch, row.target_epoch, target, row.upgraded)


def _by_topic(partitions: Iterable[TopicPartition]) -> dict[str, tuple[int, ...]]:
    in_turn = groupby(sorted(partitions), lambda each: each.topic)
    return {topic: tuple(each.partition for each in lot) for topic, lot in in_turn}


def _member_lines(group: ConsumerGroup, verbose: bool, is_newer: bool) -> Iterator[str]:
    rows = [_member_row(group, member) for member in group.members]
    # A heading without rows is printed as well, also of a group that is not there: printMembers does not look at what
    # shouldPrintMemberState answers.
    names = ["group", "consumer_id", "host", "client_id"]
    # GROUP-INSTANCE-ID stands only where some member is static (KIP-345), at least 17 wide, which is its heading.
    if any(row.group_instance_id for row in rows):
        names.insert(2, "group_instance_id")
    least = {"group_instance_id": 17}
    widths = {name: max([least.get(name, 15), *(len(getattr(row, name) or MISSING) for row in rows)]) for name in names}
    heading = " ".join(f"{name.upper().replace('_', '-'):{widths[name]}}" for name in names)
    more, *of_rows = _verbose_cells(rows, is_newer) if verbose else [""] * (1 + len(rows))
    yield ""
    # Without --verbose `more` is "": the line ends with the blank of Apache's format.
    yield f"{heading} {'#PARTITIONS':15} {more}"
    for row, last in zip(rows, of_rows, strict=True):
        cells = " ".join(f"{getattr(row, name) or MISSING:{widths[name]}}" for name in names)
        yield f"{cells} {row.partitions:<15} {last}"


def _verbose_cells(rows: Sequence[MemberRow], is_newer: bool) -> list[str]:
    """Return what --verbose puts behind the heading and behind each row; in 4.4 with epochs and targets."""
    if not is_newer:
        return ["ASSIGNMENT", *(assignment_words(row.assignment) or MISSING for row in rows)]
    own = [assignment_words(row.assignment, "{}:{}", ";") or MISSING for row in rows]
    targets = [assignment_words(row.target_assignment or {}, "{}:{}", ";") or MISSING for row in rows]
    epochs = [[MISSING if each is None else each for each in (row.epoch, row.target_epoch)] for row in rows]
    # 4.4 pads all four, also the last one.
    widths = [max([20, *map(len, column)]) for column in (own, targets)]
    layout = f"%-15s %-{widths[0]}s %-15s %-{widths[1]}s"
    cells = ((first, now, last, then) for (first, last), now, then in zip(epochs, own, targets, strict=True))
    heading = ("CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT")
    lines = [layout % each for each in (heading, *cells)]
    if not _is_migrating(rows):
        return lines
    words = ("UPGRADED", *(MISSING if row.upgraded is None else str(row.upgraded).lower() for row in rows))
    return [f"{line} {word}" for line, word in zip(lines, words, strict=True)]


def _is_migrating(members: "Iterable[MemberRow | Member]") -> bool:
    """Tell whether some members speak the protocol of KIP-848 and others do not: then 4.4 tells of each."""
    return {True, False} <= {each.upgraded for each in members}


def _states_report(groups: Sequence[ConsumerGroup], verbose: bool, is_newer: bool) -> Report:
    rows = [_state_row(group) for group in groups if group.state != DEAD]
    with_epochs = any(row.group_epoch is not None for row in rows)
    columns = {**STATE_COLUMNS, **GROUP_EPOCH_COLUMNS} if with_epochs else STATE_COLUMNS
    return Report(
        rows=rows,
        columns=columns,
        plain=_in_turn(groups, lambda group: _state_lines(group, verbose, is_newer) if group.state != DEAD else ()),
        tables=lambda: [_states_table(rows, columns)],
    )


def _states_table(rows: Sequence[StateRow], columns: Mapping[str, str]) -> "View":
    from kafka_tools.render.views import Table

    return Table(rows, columns, spare=("port", "host"))


def _state_row(group: ConsumerGroup) -> StateRow:
    epochs = (group.type.lower(), group.epoch, group.target_epoch)
    return StateRow(group.group, *group.coordinator, group.assignor, group.state, len(group.members), *epochs)


def _state_lines(group: ConsumerGroup, verbose: bool, is_newer: bool) -> Iterator[str]:
    where = group.coordinator
    coordinator = f"{where.host}:{where.port}  ({where.broker})"
    width = max(25, len(coordinator))
    heading = ["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"]
    cells: list[object] = [group.group, coordinator, group.assignor, group.state, len(group.members)]
    layout = f"%-{width}s %-25s %-20s %-15s %s"  # 3.9 gives the first column the width of the second
    if is_newer:
        layout = f"%-{max(15, len(group.group))}s %-{width}s %-20s %-20s %s"
        cells[2] = group.assignor or MISSING
    if is_newer and verbose:
        # They stand before #MEMBERS: the ` %s` of that last column is cut off and put behind them again.
        layout = f"{layout[:-3]} %-15s %-25s %s"
        heading[4:4] = "GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH"
        cells[4:4] = (MISSING if each is None else each for each in (group.epoch, group.target_epoch))
    yield ""
    yield layout % tuple(heading)
    yield layout % tuple(cells)


def _progress_table(group: ConsumerGroup, rows: Sequence[Progress], pacer: Pacer | None, with_epochs: bool) -> "View":
    from kafka_tools.render.views import Level, Mark, Table

    lags = [row.lag for row in rows]
    # Unlike --lag this is the plain sum of the rows below it, also of a negative lag (a topic that was made anew).
    total = sum(lag for lag in lags if lag is not None)
    unknown = f", {lags.count(None)} not known" if None in lags else ""
    gone = sum(row.gone for row in rows)
    unused = {name for name, is_used in (("gone", gone), ("leader_epoch", with_epochs)) if not is_used}
    columns = {name: head for name, head in PROGRESS_COLUMNS.items() if name not in unused}
    return Table(
        rows=[_shown(row, pacer) for row in rows],
        columns=columns if pacer is None else {**columns, **PACE_COLUMNS},
        title=group.group,
        facts=[*_facts(group), f"lag {total:,}{unknown}"],
        spare=("host", "client_id", "consumer_id", "leader_epoch"),
        notes=[Mark(GONE.format(records=count(gone, "record")), Level.BROKEN)] if gone else [],
    )


def _shown(row: Progress, pacer: Pacer | None) -> ShownRow:
    from kafka_tools.render.views import Level, Mark

    gone = Mark(f"{row.gone}", Level.BROKEN) if row.gone else None
    pace = (None, None, None) if pacer is None else pace_cells(pacer.pace([row]), row.lag)
    return ShownRow(*_progress_row(row)[1:9], row.leader_epoch, gone, *pace)


def pace_cells(pace: Pace | None, lag: int | None) -> tuple["Mark | None", "Mark | None", "Mark | None"]:
    """Return cells: offsets read and written a second, and how long until all is read. None before the second look."""
    from kafka_tools.render.views import Level, Mark

    if pace is None:
        return (None, None, None)
    until = pace.catches_up(lag)
    # Such a group has a lag between two commits at all times, and "never" or a time of seconds would jump about.
    if lag is not None and lag <= pace.read * KEEPS_UP_SECONDS:
        catches_up = Mark("keeps up")
    else:
        catches_up = Mark("never", Level.RISK) if until is None else Mark(duration(until))
    return (Mark(f"{pace.read:,.1f}"), Mark(f"{pace.written:,.1f}"), catches_up if lag else None)


def _members_table(group: ConsumerGroup) -> "View":
    from kafka_tools.render.views import Table

    rows = [_shown_member(_member_row(group, member)) for member in group.members]
    columns = MEMBER_COLUMNS if group.epoch is None else {**MEMBER_COLUMNS, **EPOCH_COLUMNS}
    if _is_migrating(group.members):
        columns = {**columns, "upgraded": "Upgraded"}
    return Table(rows, columns, title=group.group, facts=_facts(group), spare=("group_instance_id", "host"))


def _facts(group: ConsumerGroup) -> list[str]:
    return [group.state, count(len(group.members), "member"), f"coordinator {group.coordinator.broker}"]
