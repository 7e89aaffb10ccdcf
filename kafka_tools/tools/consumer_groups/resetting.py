"""Resets the offsets of groups: `ktools consumer-groups --reset-offsets`."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kafka_tools.errors import (
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    UsageError,
    as_java_prints,
)
from kafka_tools.model.folders import read_text, unread
from kafka_tools.model.groups import DEAD, EMPTY, UNKNOWN, Goal, Log, NewOffset, parse_partitions
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.java_times import datetime_of_java, duration_of_java
from kafka_tools.model.offsets import EARLIEST, LATEST, Offset
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups import asking

if TYPE_CHECKING:
    from kafka_tools.brokers.groups import BrokerGroups
    from kafka_tools.brokers.offsets import BrokerOffsets
    from kafka_tools.render.views import View

# There is no blank behind the first full stop in ConsumerGroupCommandOptions.checkArgs (3.9) either.
WITHOUT_EXECUTE = (
    "WARN: No action will be performed as the --execute option is missing.In a future major release, the default "
    "behavior of this command will be to prompt the user before executing the reset rather than doing a dry run. You "
    "should add the --dry-run option explicitly if you are scripting this command and want to keep the current default "
    "behavior without prompting."
)

Committed = Mapping[TopicPartition, int]
Planned = dict[TopicPartition, int]


class ResetOffsets(NamedTuple):
    """Resets groups (None: all) in these topics (`orders:0,2`; None: all that they committed) to the goal."""

    target: Brokers
    groups: Sequence[str] | None
    topics: Sequence[str] | None
    goal: Goal
    execute: bool
    dry_run: bool
    export: bool
    seconds: float


class ResetRow(NamedTuple):
    """A new offset, how many records that are there are read again and skipped by it, and the lag before and after.

    None stands where nothing was committed, or where the end of the log is not known. Offsets are counted: where a
    topic is compacted, or has transactions, some have no record.
    """

    group: str
    topic: str
    partition: int
    current_offset: int | None
    new_offset: int
    read_again: int | None
    skipped: int | None
    lag_before: int | None
    lag_after: int | None


RESET_COLUMNS = {
    "group": "Group",
    "topic": "Topic",
    "partition": "Partition",
    "current_offset": "Current",
    "new_offset": "New",
    "read_again": "Read again",
    "skipped": "Skipped",
    "lag_before": "Lag before",
    "lag_after": "Lag after",
}


def reset(request: ResetOffsets) -> Report:
    """Plan the new offsets of each group and, with `execute`, commit them. Raises KafkaToolError.

    A group is reset in one request, wholly or not at all; one that has members is left alone.
    """
    from kafka_tools.brokers.groups import open_groups

    reminder = (
        WITHOUT_EXECUTE if request.goal.restore is None else "Nothing was changed: --execute restores the offsets."
    )
    notes = [] if request.execute or request.dry_run else [reminder]
    with open_groups(request.target, request.seconds) as groups:
        plan = _plan(groups, request)
        told: list[str] = []
        planned: dict[str, tuple[Planned, Committed]] = {}
        for name, group in groups.described(sorted(set(plan.names))).items():
            # One coordinator that fails ends it all, before anything is committed.
            if isinstance(group, KafkaToolError):
                raise group
            # DEAD is a group that is not there: its first commit makes it.
            if group.state in (EMPTY, DEAD):
                planned[name] = plan.of(name, request.topics)
            else:
                told.append(
                    f"Assignments can only be reset if the group '{name}' is inactive, but the current state is "
                    f"{group.state}."
                )
        partitions = sorted({each for new, _ in planned.values() for each in new})
        logs = groups.logs(partitions)[0] if partitions else {}
        # Nothing is changed before all is planned: what cannot be found out leaves every group as it is.
        told += _committed(groups, planned) if request.execute else ()
        lines_of = newer_reset_lines if groups.are_of_kafka_4() else reset_lines
    rows = [
        NewOffset(name, *each, committed.get(each), new[each])
        for name, (new, committed) in planned.items()
        for each in partition_order(new)
    ]
    told = [*told, *plan.missing]
    # isSingleGroupQuery (3.9) counts --group; a single group that --all-groups finds has its name in the file.
    lines = exported(rows, len(request.groups or ()) == 1) if request.export else lines_of(rows)
    shown = [reset_row(row, logs.get(TopicPartition(row.topic, row.partition), UNKNOWN)) for row in rows]
    return Report(
        rows=shown,
        columns=RESET_COLUMNS,
        plain=[*(line for words in plan.warnings for line in ("", words)), *_errors(told), *lines],
        tables=lambda: [reset_table(shown, request.execute)],
        notes=[*notes, *plan.notes],
        told=(*plan.warnings, *told),
        status=int(bool(told)),
    )


def _plan(groups: "BrokerGroups", request: ResetOffsets) -> "Plan":
    """Return the plan for the groups that are asked for. Raises KafkaToolError for a file that cannot be read."""
    goal = request.goal
    if goal.restore is not None:
        saved = _restored(read_plan(goal.restore), request.groups)
        return Plan(groups, goal, list(saved), saved)
    names = asking.every(groups, "No offset was changed.") if request.groups is None else request.groups
    # Read once for all groups, and before the first is planned. (3.9 reads it again for each.)
    of_file = None if goal.from_file is None else read_plan(goal.from_file, sorted(set(names)))
    return Plan(groups, goal, names, of_file)


def _restored(saved: dict[str, Planned], wanted: Sequence[str] | None) -> dict[str, Planned]:
    """Return which groups get which saved offsets: those of a file with a single group may go to others."""
    if not wanted:
        return saved
    if len(saved) == 1:
        return dict.fromkeys(wanted, next(iter(saved.values())))
    missing = [name for name in wanted if name not in saved]
    if missing:
        raise KafkaToolError(
            f"No offsets of group '{missing[0]}' were saved in that file.",
            f"It has those of {', '.join(saved)}." if saved else "It has none at all.",
        )
    return {name: saved[name] for name in wanted}


def _committed(groups: "BrokerGroups", planned: dict[str, tuple[Planned, Committed]]) -> Iterator[str]:
    """Commit the planned offsets of each group; yield why one failed, and take it out of `planned`."""
    # A copy, as failed groups are taken out: the report shows those that were reset.
    for name, (new, _) in list(planned.items()):
        try:
            groups.commit(name, new)
        # The groups that were reset before stay so; the others are still tried, and the status is 1.
        except (BrokerError, UnreachableError) as error:
            del planned[name]
            yield f"Group '{name}' was not reset: {as_java_prints(error)}"


class OffsetsOfGroups(Protocol):
    """The groups of a plan: consumer, share or streams groups."""

    offsets: "BrokerOffsets"

    def committed(self, names: Iterable[str], /) -> "dict[str, dict[TopicPartition, int] | KafkaToolError]":
        """Return the offset that each group goes on from in its partitions, or why that is not known."""
        ...


class Plan:
    """Finds the new offsets of groups, and collects the warnings that Apache's tool prints meanwhile."""

    def __init__(
        self,
        groups: OffsetsOfGroups,
        goal: Goal,
        names: Collection[str],
        of_file: dict[str, Planned] | None,
        names_partitions: bool = False,
    ) -> None:
        """Plan the goal for the groups `names`; `of_file` are the offsets of a file. Raises KafkaToolError.

        With `names_partitions` it says which partitions are not there, as Apache's tools do from Kafka 4 on.
        """
        self._names_partitions = names_partitions
        self._groups = groups
        self._goal = goal
        self._file = of_file
        # Once, and first: --by-duration is counted back from one moment for all groups, and a text that is no time is
        # told before anything is planned.
        self._time = _time(goal)
        self._there: Mapping[str, Collection[int]] | None = None
        self.names = names
        self.warnings: list[str] = []
        self.missing: list[str] = []
        self.notes: list[str] = []

    def of(self, name: str, topics: Sequence[str] | None) -> tuple[Planned, Committed]:
        """Return the new offsets of a group, and those that it has. Raises KafkaToolError."""
        # A cluster may list a group with the empty id (KIP-289), which librdkafka cannot ask for. `commit` says so.
        found = self._groups.committed([name])[name] if name else {}
        if isinstance(found, KafkaToolError):
            raise found
        if self._goal.restore is not None and self._file is not None:
            return self._as_saved(self._file[name], topics), found
        if self._file is not None:
            if name not in self._file:
                self.missing.append(f"No reset plan for group {name} found")
                return {}, found
            return self._within(self._file[name]), found
        # The order in which warnings of empty partitions come out.
        partitions = partition_order(sorted(found)) if topics is None else self._chosen(topics)
        return self._planned(partitions, found), found

    def _as_saved(self, saved: Planned, topics: Sequence[str] | None) -> Planned:
        """Return the saved offsets in these topics; one that its log does not have now is moved, with a note."""
        chosen = asking.chosen(saved, topics)
        wanted = {each: offset for each, offset in saved.items() if each in chosen}
        there = self._groups.offsets.partitions()
        for topic, partition in wanted:
            if partition not in there.get(topic, ()):
                raise KafkaToolError(
                    f"{topic}-{partition} is not there. No offset was changed.", "--topic restores some topics only."
                )
        found = self._within(wanted)
        self.notes += [
            f"{each.topic}-{each.partition}: offset {wanted[each]} was saved, which its log does not have; "
            f"the nearest is {found[each]}."
            for each in found
            if found[each] != wanted[each]
        ]
        return found

    def _chosen(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Return the partitions that `orders:0,2` and the like name. Raises BrokerError for one that is not there."""
        found: dict[TopicPartition, None] = {}
        for text in topics:
            topic, numbers = parse_partitions(text)
            wanted = self._partitions(topic) if numbers is None else numbers
            found |= dict.fromkeys(TopicPartition(topic, number) for number in wanted)
        return self._checked(found)

    def _partitions(self, topic: str) -> Collection[int]:
        """Return the partitions of a topic, and learn their leaders. Raises BrokerError for one that is not there."""
        # All topics in one request, once for all groups.
        if self._there is None:
            self._there = self._groups.offsets.partitions()
        if topic not in self._there:
            raise BrokerError(UNKNOWN_TOPIC_OR_PARTITION)
        return self._there[topic]

    def _checked(self, partitions: Collection[TopicPartition]) -> list[TopicPartition]:
        """Return the partitions. Raises BrokerError for one that is not there."""
        missing = [each for each in partitions if each.partition not in self._partitions(each.topic)]
        if missing:
            named = ",".join(f"{each.topic}-{each.partition}" for each in missing)
            # Without words of its own the error has those of its code, as 3.9 prints them.
            why = f'The partitions "{named}" do not exist' if self._names_partitions else None
            raise BrokerError(UNKNOWN_TOPIC_OR_PARTITION, why)
        return list(partitions)

    def _planned(self, partitions: Sequence[TopicPartition], committed: Committed) -> Planned:
        goal = self._goal
        if not partitions:
            return {}
        if goal.to_earliest:
            return self._at(EARLIEST, partitions)
        if goal.to_latest:
            return self._at(LATEST, partitions)
        if goal.to_current:
            # As 3.9: what was never committed goes to the end, and reads nothing of what is there.
            rest = [each for each in partitions if each not in committed]
            return {each: committed[each] for each in partitions if each in committed} | self._at(LATEST, rest)
        if goal.to_offset is not None:
            return self._within(dict.fromkeys(partitions, goal.to_offset))
        if goal.shift_by is not None:
            # The first one without an offset ends it, before any group is changed.
            for each in partitions:
                if each not in committed:
                    name = f"{each.topic}-{each.partition}"
                    raise UsageError(
                        f"Cannot shift offset for partition {name} since there is no current committed offset"
                    )
            return self._within({each: committed[each] + goal.shift_by for each in partitions})
        return self._at_time(partitions)

    def _at_time(self, partitions: Sequence[TopicPartition]) -> Planned:
        found = self._known(self._time or 0, partitions)
        # ListOffsets tells no offset: no record is that new. Apache's words call the partition empty all the same.
        later = self._at(LATEST, [each for each in partitions if found[each].offset is None])
        self.warnings += [
            f"Warn: Partition {each.partition} from topic {each.topic} is empty. Falling back to latest known offset."
            for each in partition_order(later)
        ]
        return later | {each: offset.offset for each, offset in found.items() if offset.offset is not None}

    def _within(self, wanted: Planned) -> Planned:
        """Return the offsets, those outside of their log moved to its start or end (checkOffsetsRange 3.9)."""
        earliest, latest = self._at(EARLIEST, list(wanted)), self._at(LATEST, list(wanted))
        return {each: min(max(offset, earliest[each]), latest[each]) for each, offset in wanted.items()}

    def _at(self, time: int, partitions: Sequence[TopicPartition]) -> Planned:
        # EARLIEST and LATEST always have an offset; None (-1) is what only a time can give.
        return {each: offset.offset or 0 for each, offset in self._known(time, partitions).items()}

    def _known(self, time: int, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Offset]:
        """Return the offset at a time of each partition. Raises KafkaToolError where a leader does not tell."""
        found = {}
        # Checked first: BrokerOffsets.at knows only the leaders of topics that it was asked for before.
        for each, offset in self._groups.offsets.at(time, self._checked(partitions)).items():
            if isinstance(offset, KafkaToolError):
                raise KafkaToolError(f"{each.topic}-{each.partition}: {offset.message}", "No offset was changed.")
            found[each] = offset
        return found


def _time(goal: Goal) -> int | None:
    """Return the time of the goal in ms since 1970. Raises KafkaToolError as 3.9 does."""
    if goal.to_datetime is not None:
        return datetime_of_java(goal.to_datetime)
    if goal.by_duration is not None:
        return int(1000 * datetime.now().timestamp()) - duration_of_java(goal.by_duration)
    return None


def read_plan(path: str, names: Sequence[str] = ()) -> dict[str, Planned]:
    """Read a file of --export or --save: `group,topic,partition,offset`; a single group of `names` may be left out.

    Raises KafkaToolError for a file that cannot be read, and for any line that is neither: no part of it is used.
    """
    import csv
    import io

    try:
        # newline="": csv finds line ends itself, also within quotes. strict: a quote that is not closed is an error.
        reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
        lines = [(reader.line_num, [field.strip() for field in line]) for line in reader]
    except (OSError, ValueError, csv.Error) as error:
        raise unread(path, error, "java.io.IOException: ") from error
    found: dict[str, Planned] = {}
    for number, fields in lines:
        # An empty line, as --export leaves one at the end.
        if not any(fields):
            continue
        # `topic,partition,offset` is what Apache's tool exports for one group; KIP-379 put GROUP before it for several.
        whole = [names[0], *fields] if len(fields) == 3 and len(names) == 1 else fields
        # 18 digits always fit into Kafka's int64.
        if len(whole) != 4 or not all(re.fullmatch(r"\d{1,18}", field, re.ASCII) for field in whole[2:]):
            raise KafkaToolError(f"{path}, line {number}: '{','.join(fields)}' is not GROUP,TOPIC,PARTITION,OFFSET")
        found.setdefault(whole[0], {})[TopicPartition(whole[1], int(whole[2]))] = int(whole[3])
    return found


def _errors(told: Sequence[str]) -> list[str]:
    return [line for words in told for line in ("", f"Error: {words}")]


def reset_row(row: NewOffset, log: Log) -> ResetRow:
    """Return how many records a new offset reads again or skips; those deleted before the log's start do not count."""
    read_again = skipped = None
    if row.current_offset is not None:
        before = max(row.current_offset, log.start or 0)
        read_again, skipped = max(0, before - row.new_offset), max(0, row.new_offset - before)
    lag_before, lag_after = (
        None if log.end is None or offset is None else max(0, log.end - offset)
        for offset in (row.current_offset, row.new_offset)
    )
    return ResetRow(*row, read_again, skipped, lag_before, lag_after)


def reset_table(rows: Sequence[ResetRow], done: bool) -> "View":
    """Return the table for a person, with how many records are read again and skipped in all."""
    from kafka_tools.render.views import Mark, Table

    again, skipped = (sum(getattr(row, name) or 0 for row in rows) for name in ("read_again", "skipped"))
    first = sum(row.current_offset is None for row in rows)
    words = [f"{count(again, 'record')} read again, {count(skipped, 'record')} skipped"]
    if first:
        words.append(f"{count(first, 'partition')} had no offset")
    groups = {row.group for row in rows}
    columns = {name: heading for name, heading in RESET_COLUMNS.items() if name != "group" or len(groups) != 1}
    return Table(
        rows=sorted(rows),
        columns=columns,
        title=next(iter(groups)) if len(groups) == 1 else "",
        facts=["done" if done else "plan, nothing was changed"],
        summary=Mark("; ".join(words)),
        spare=("lag_before", "lag_after"),
    )


def reset_lines(rows: Sequence[NewOffset]) -> Iterator[str]:
    """Yield the lines of 3.9, each with its line end: 3.9 runs them together (printOffsetsToReset)."""
    layout = "%-30s %-30s %-10s %-15s"
    yield ""
    yield layout % ("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET")
    yield from (layout % (row.group, row.topic, row.partition, row.new_offset) for row in rows)


def newer_reset_lines(rows: Sequence[NewOffset]) -> Iterator[str]:
    """Yield the lines of 4.4 (GroupOffsetsResetter.printOffsetsToReset)."""
    yield ""
    # 4.4 prints no heading for an empty plan, 3.9 does.
    if not rows:
        return
    group, topic = (max([15, *(len(getattr(row, name)) for row in rows)]) for name in ("group", "topic"))
    layout = f"%-{group}s %-{topic}s %-10s %s"
    yield layout % ("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET")
    yield from (layout % (row.group, row.topic, row.partition, row.new_offset) for row in rows)


def exported(rows: Sequence[NewOffset], is_single: bool) -> Iterator[str]:
    """Yield the csv of --export, which --from-file reads; without the group where it `is_single`."""
    yield from csv_lines((*row[1 if is_single else 0 : 3], row.new_offset) for row in rows)
    yield ""  # Apache's tool ends the text, which has its own line ends, with one more


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield lines of csv; only a group whose name has a comma, a quote or a line end is quoted."""
    import csv
    import io

    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        yield line.getvalue()
