"""`ktools delete-records`: kafka-delete-records.sh (org.apache.kafka.tools.DeleteRecordsCommand, Kafka 3.9)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import CHANGES, option
from kafka_tools.errors import (
    OFFSET_OUT_OF_RANGE,
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    UsageError,
    as_java_prints,
)
from kafka_tools.model.folders import read_text, unread
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.offsets import EARLIEST, LATEST, Offset, parse_offset_file
from kafka_tools.model.target import Brokers
from kafka_tools.model.times import milliseconds
from kafka_tools.model.topic_names import no_such_topic
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.render.questions import confirmed, is_asked
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.brokers.offsets import BrokerOffsets
    from kafka_tools.render.views import View

ALL = -1
"""What stands for the end of a partition in a DeleteRecords request."""

DESCRIPTION = """\
Delete the records of partitions up to an offset, as a JSON file says, or those of a topic before a time or an offset.

The file: {"partitions": [{"topic": "t", "partition": 0, "offset": 5}], "version": 1}; the record at that offset stays,
-1 deletes all."""


class DeleteRecords(NamedTuple):
    """Deletes the records before these offsets (-1: all), after a question on a terminal unless `yes`."""

    target: Brokers
    offsets: Mapping[TopicPartition, int]
    yes: bool
    dry_run: bool


class DeleteTopicRecords(NamedTuple):
    """Deletes records of all partitions of a topic: those before a time (ms since 1970) or an offset.

    Where both are None all records are meant that are there now.
    """

    target: Brokers
    topic: str
    before_time: int | None
    before_offset: int | None
    yes: bool
    dry_run: bool


class PlannedRow(NamedTuple):
    """What would go: the records from offset `earliest` to below `before`; `records` counts offsets."""

    topic: str
    partition: int
    earliest: int | None
    before: int | None
    records: int | None
    error: str | None


class DeletedRow(NamedTuple):
    """The first offset that a partition has now, or why none of its records was deleted."""

    topic: str
    partition: int
    low_watermark: int | None
    error: str | None


PLANNED_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "earliest": "Earliest",
    "before": "Before",
    "records": "Records",
    "error": "Error",
}
DELETED_COLUMNS = {"topic": "Topic", "partition": "Partition", "low_watermark": "Low watermark", "error": "Error"}


@click.command(
    "delete-records",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="This tool helps to delete records of the given partitions down to the specified offset.",
    error_style=ErrorStyle(""),
)
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(CHANGES, "--offset-json-file", type=types.FILE, help="The JSON file with an offset for each partition.")
@option(CHANGES, "--topic", type=types.TOPIC, help="Instead of a file: all partitions of this topic.")
@option(
    CHANGES,
    "--before-time",
    type=types.Parsed("TIME", milliseconds),
    help="With --topic: the records before the first one of this time or later (2026-11-23T08:00:00Z, -7d, ms).",
)
@option(CHANGES, "--before-offset", type=types.LONG, help="With --topic: the records before this offset.")
@option(CHANGES, "--all", "everything", help="With --topic: all records that are there now.")
@option(CHANGES, "--dry-run", help="Show what would go; delete nothing.")
@option(CHANGES, "--yes", help="Go on without a question, also on a protected cluster.")
def command(
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    offset_json_file: str | None,
    topic: str | None,
    before_time: int | None,
    before_offset: int | None,
    everything: bool,
    dry_run: bool,
    yes: bool,
) -> Report:
    """Check the options against each other, and delete."""
    ways = {"--before-time": before_time is not None, "--before-offset": before_offset is not None, "--all": everything}
    _check(topic, offset_json_file, ways)
    if before_offset is not None and before_offset < 0:
        raise UsageError(f"--before-offset cannot be {before_offset}", "--all deletes all records.")
    offsets = None if offset_json_file is None else parse_offset_file(_text(offset_json_file))
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    if not dry_run:
        # A dry run changes nothing, so that it is open to a read-only context.
        target = check_change(target, yes)
    if offsets is None:
        return delete_topic_records(DeleteTopicRecords(target, topic or "", before_time, before_offset, yes, dry_run))
    return delete_records(DeleteRecords(target, offsets, yes, dry_run))


def _check(topic: str | None, file: str | None, ways: Mapping[str, bool]) -> None:
    """Raise UsageError where it is not clear which records are meant: nothing is deleted by a guess."""
    given = [way for way, is_given in ways.items() if is_given]
    if topic is not None and file is not None:
        raise UsageError("--topic cannot be used with --offset-json-file")
    if topic is not None and len(given) != 1:
        raise UsageError("--topic needs exactly one of --before-time, --before-offset and --all")
    if topic is None and given:
        raise UsageError(f"{given[0]} needs --topic")
    if topic is None and file is None:
        raise UsageError('Missing required argument "[offset-json-file]"', "Or name a topic: --topic TOPIC --all.")


def _text(path: str) -> str:
    try:
        return read_text(path)
    except (OSError, ValueError) as error:
        raise unread(path, error) from error


def delete_topic_records(request: DeleteTopicRecords) -> Report:
    """Find the offsets in the partitions of the topic, and delete. Raises KafkaToolError where there is no topic."""
    from kafka_tools.brokers.offsets import open_offsets

    with open_offsets(request.target) as offsets:
        numbers = offsets.partitions(request.topic).get(request.topic)
        if numbers is None:
            raise no_such_topic(request.topic, offsets.partitions())
        partitions = [TopicPartition(request.topic, number) for number in numbers]
        if request.before_offset is not None:
            before = dict.fromkeys(partitions, request.before_offset)
        else:
            # The end is looked up first, and not left to the broker (-1): what is written from now on stays.
            before = _known(offsets.at(LATEST, partitions))
            if request.before_time is not None:
                # Over the end: a partition without a record so new keeps the end, as all that it has is older.
                before |= _known(offsets.at(request.before_time, partitions))
        return _delete(offsets, DeleteRecords(request.target, before, request.yes, request.dry_run))


def _known(found: Mapping[TopicPartition, Offset | KafkaToolError]) -> dict[TopicPartition, int]:
    """Return the offsets without those of partitions in which no record fits. Raises KafkaToolError for a failure."""
    for each, result in found.items():
        if isinstance(result, KafkaToolError):
            raise KafkaToolError(f"{each.topic}-{each.partition}: {result.message}", "Nothing was deleted.")
    return {
        each: result.offset
        for each, result in found.items()
        if isinstance(result, Offset) and result.offset is not None
    }


def delete_records(request: DeleteRecords) -> Report:
    """Delete what the request says. Raises KafkaToolError where no broker is reached, or the user says no."""
    from kafka_tools.brokers.offsets import open_offsets

    with open_offsets(request.target) as offsets:
        topics = {each.topic for each in request.offsets}
        # For what it remembers: which broker leads each partition, whom `delete_before` and `at` then ask.
        offsets.partitions(next(iter(topics)) if len(topics) == 1 else None)
        return _delete(offsets, request)


def _delete(offsets: "BrokerOffsets", request: DeleteRecords) -> Report:
    # In a pipe nobody is asked, and Apache's tool asks never: a script that worked with it goes on.
    if request.dry_run or (is_asked() and not request.yes and request.offsets):
        plan = _plan(offsets, request.offsets)
        if request.dry_run:
            return _planned(plan)
        records = sum(row.records or 0 for row in plan)
        if not confirmed(f"Delete {count(records, 'record')} of {count(len(plan), 'partition')}, for good?"):
            raise KafkaToolError("Nothing was deleted.", "--yes deletes without a question.")
    unknown = BrokerError(UNKNOWN_TOPIC_OR_PARTITION)
    # Partitions that are not there, or have no leader, get no request and no answer.
    found = dict.fromkeys(request.offsets, unknown) | offsets.delete_before(request.offsets)
    # In the order of Java's HashMap, in which Apache's tool prints them.
    rows = [_deleted(each, found[each]) for each in partition_order(request.offsets)]
    return Report(
        rows=rows,
        columns=DELETED_COLUMNS,
        tables=lambda: [_table(rows, DELETED_COLUMNS)],
        plain=("Executing records delete operation", "Records delete operation completed:", *map(_line, rows)),
        # Apache's tool prints errors between the results and ends with 0 (3.9).
        status=int(any(row.error is not None for row in rows)),
    )


def _deleted(partition: TopicPartition, result: int | KafkaToolError) -> DeletedRow:
    if isinstance(result, KafkaToolError):
        return DeletedRow(*partition, None, as_java_prints(result))
    return DeletedRow(*partition, result, None)


def _line(row: DeletedRow) -> str:
    result = f"low_watermark: {row.low_watermark}" if row.error is None else f"error: {row.error}"
    return f"partition: {row.topic}-{row.partition}\t{result}"


def _plan(offsets: "BrokerOffsets", wanted: Mapping[TopicPartition, int]) -> list[PlannedRow]:
    partitions = sorted(wanted)
    earliest, latest = offsets.at(EARLIEST, partitions), offsets.at(LATEST, partitions)
    return [_planned_row(each, wanted[each], earliest[each], latest[each]) for each in partitions]


def _planned_row(
    partition: TopicPartition, before: int, earliest: Offset | KafkaToolError, latest: Offset | KafkaToolError
) -> PlannedRow:
    for end in (earliest, latest):
        if isinstance(end, KafkaToolError):
            return PlannedRow(*partition, None, None, None, as_java_prints(end))
    first, last = (end.offset or 0 for end in (earliest, latest) if isinstance(end, Offset))
    until = last if before == ALL else before
    # A leader refuses an offset behind its high watermark, or below 0: so the dry run says so, too.
    if not 0 <= until <= last:
        return PlannedRow(*partition, first, until, None, as_java_prints(BrokerError(OFFSET_OUT_OF_RANGE)))
    return PlannedRow(*partition, first, until, max(0, until - first), None)


def _planned(plan: Sequence[PlannedRow]) -> Report:
    return Report(
        rows=plan,
        columns=PLANNED_COLUMNS,
        tables=lambda: [_table(plan, PLANNED_COLUMNS)],
        plain=map(_planned_line, plan),
        status=int(any(row.error is not None for row in plan)),
    )


def _table(rows: Sequence[PlannedRow] | Sequence[DeletedRow], columns: Mapping[str, str]) -> "View":
    """Return the table for a person; errors are a column only where there are some."""
    from kafka_tools.render.views import Table

    has_errors = any(row.error is not None for row in rows)
    return Table(rows, {name: heading for name, heading in columns.items() if has_errors or name != "error"})


def _planned_line(row: PlannedRow) -> str:
    name = f"{row.topic}-{row.partition}"
    if row.error is not None:
        return f"Would not delete anything of {name}: {row.error}"
    if not row.records:
        return f"Would delete nothing of {name}, which begins at offset {row.earliest}."
    return f"Would delete {count(row.records, 'record')} of {name}: offsets {row.earliest} to {(row.before or 0) - 1}."
