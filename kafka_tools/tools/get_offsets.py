"""`ktools get-offsets`: kafka-get-offsets.sh (org.apache.kafka.tools.GetOffsetShell, Kafka 3.9)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import CLUSTER, FILTERS, OTHER, option
from kafka_tools.errors import KafkaToolError, as_java_prints
from kafka_tools.model.offsets import (
    ALL_PARTITIONS,
    EARLIEST,
    LATEST,
    MAX_TIMESTAMP,
    TIMES,
    Offset,
    PartitionRule,
    chosen,
    parse_partitions,
    parse_rules,
    parse_time,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topic_names import is_literal
from kafka_tools.model.topics import TopicPartition
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

DESCRIPTION = """\
Print an offset of each partition, as TOPIC:PARTITION:OFFSET: the one behind the newest record, or that of --time.

On a terminal without --time a table shows the first and the next offset, the records between (compacted topics and
transactions have fewer), and the newest timestamp."""

NOT_BOTH = "--topic-partitions cannot be used with --topic or --partitions"

Found = Mapping[TopicPartition, Offset | KafkaToolError]


class GetOffsets(NamedTuple):
    """Asks for the offset at `time` (ms, or a number of TIMES; None: the latest) of partitions that a rule takes."""

    target: Brokers
    rules: tuple[PartitionRule, ...]
    time: int | None
    exclude_internal: bool


class OffsetRow(NamedTuple):
    """An offset of one partition; `timestamp` (ms) is that of its record, None where brokers do not tell it."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None


class RangeRow(NamedTuple):
    """What one partition holds, for a person."""

    topic: str
    partition: int
    earliest: int | None
    latest: int | None
    records: int | None
    newest: str | None


COLUMNS = {"topic": "Topic", "partition": "Partition", "offset": "Offset", "timestamp": "Timestamp"}
RANGE_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "earliest": "Earliest",
    "latest": "Latest",
    "records": "Records",
    "newest": "Newest",
}


@click.command(
    "get-offsets",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="An interactive shell for getting topic-partition offsets.",
    error_style=ErrorStyle("Error occurred: ", prefixes_usage=True),
)
@options.bootstrap_server
@option(CLUSTER, "--broker-list", type=types.BOOTSTRAP_SERVER, help="The older name of --bootstrap-server, which wins.")
@options.command_config
@options.client_settings
@options.wait
@option(FILTERS, "--topic", type=types.TOPIC, help="Only the topics that match this regular expression.")
@option(FILTERS, "--partitions", type=types.Text("N[,M…]"), help="Only the partitions with these numbers.")
@option(
    FILTERS,
    "--topic-partitions",
    type=types.Text("TOPIC[:RANGE][,…]", "topic"),
    help="Instead of --topic and --partitions: orders:1, pay.*:0-3 (0 to 2), logs:5-, clicks:-3, :0.",
)
@option(FILTERS, "--exclude-internal-topics", help="Leave out internal topics, such as __consumer_offsets.")
@option(
    OTHER,
    "--time",
    type=types.Text("MS|WORD", tuple(TIMES)),
    help="The first record from this time on (ms since 1970), or a word: latest (-1, the default), earliest (-2), "
    "max-timestamp (-3), earliest-local (-4), latest-tiered (-5), earliest-pending-upload (-6).",
)
@options.ignored("--offsets", type=types.INTEGER)
@options.ignored("--max-wait-ms", type=types.INTEGER)
def command(
    *,
    bootstrap_server: str | None,
    broker_list: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic: str | None,
    partitions: str | None,
    topic_partitions: str | None,
    exclude_internal_topics: bool,
    time: str | None,
) -> Report:
    """Check the options against each other, as GetOffsetShell does, and ask for the offsets."""
    # Checked before values are read, as GetOffsetShell does: its words for both mistakes differ.
    if topic_partitions is not None and (topic is not None or partitions is not None):
        raise KafkaToolError(NOT_BOTH)
    # None and not LATEST: without --time a person gets the table of ranges.
    moment = None if time is None else parse_time(time)
    if topic_partitions is not None:
        rules = parse_rules(topic_partitions)
    else:
        rules = (PartitionRule(topic, ALL_PARTITIONS if partitions is None else parse_partitions(partitions)),)
    servers = bootstrap_server or broker_list
    target = settings.choose_brokers(servers, command_config, client_settings, wait or 0.0)
    return get_offsets(GetOffsets(target, rules, moment, exclude_internal_topics))


def get_offsets(request: GetOffsets) -> Report:
    """Return the offsets, sorted by topic and partition. Raises KafkaToolError where no partition is meant."""
    from kafka_tools.brokers.offsets import open_offsets

    with open_offsets(request.target) as offsets:
        # One topic by its name needs no list of all.
        names = [rule.pattern for rule in request.rules]
        single = names[0] if len(names) == 1 and names[0] is not None and is_literal(names[0]) else None
        wanted = chosen(offsets.partitions(single), request.rules, request.exclude_internal)
        if not wanted:
            raise KafkaToolError("Could not match any topic-partitions with the specified filters")
        found = offsets.at(LATEST if request.time is None else request.time, wanted)
    failed = {each: result for each, result in found.items() if isinstance(result, KafkaToolError)}
    return Report(
        rows=list(_rows(found)),
        columns=COLUMNS,
        # GetOffsetShell (3.9) sorts by TopicPartition.toString: `t-10` stands before `t-2`, and `t-1-0` between them.
        plain=(
            f"{row.topic}:{row.partition}:{row.offset}"
            for row in sorted(_rows(found), key=lambda row: f"{row.topic}-{row.partition}")
        ),
        # Asked for where a table is drawn, and only there: a script that reads lines waits for one request, not for
        # three.
        tables=(lambda: (_ranges(request.target, wanted, found),)) if request.time is None else None,
        # On stderr, one by one, as Apache's tool does; it ends with 0 even where all are skipped.
        notes=[_skipped(each, error) for each, error in failed.items()],
        status=int(bool(failed)),
    )


def _rows(found: Found) -> Iterator[OffsetRow]:
    """Yield what is there: Apache's tool (3.9) leaves out a partition in which no record fits the time."""
    for each, result in found.items():
        if isinstance(result, Offset) and result.offset is not None:
            yield OffsetRow(*each, result.offset, result.timestamp)


def _skipped(partition: TopicPartition, error: KafkaToolError) -> str:
    name = f"{partition.topic}-{partition.partition}"
    return f"Skip getting offsets for topic-partition {name} due to error: {as_java_prints(error)}"


def _ranges(target: Brokers, wanted: Sequence[TopicPartition], latest: Found) -> Table:
    """Ask for the other ends, and return the table for a person."""
    from kafka_tools.brokers.offsets import open_offsets

    # A session of its own: the first is closed when the renderer asks for tables.
    with open_offsets(target) as offsets:
        offsets.partitions(wanted[0].topic if len({each.topic for each in wanted}) == 1 else None)
        earliest, newest = offsets.at(EARLIEST, wanted), offsets.at(MAX_TIMESTAMP, wanted)
    rows = [_range(each, earliest[each], latest[each], newest[each]) for each in wanted]
    unknown = sum(row.latest is None for row in rows)
    notes = [Mark(f"{unknown} of {len(rows)} partitions are not known.", Level.BROKEN)] if unknown else []
    return Table(rows, RANGE_COLUMNS, spare=("newest",), notes=notes)


def _range(
    partition: TopicPartition,
    earliest: Offset | KafkaToolError,
    latest: Offset | KafkaToolError,
    newest: Offset | KafkaToolError,
) -> RangeRow:
    first = earliest.offset if isinstance(earliest, Offset) else None
    after = latest.offset if isinstance(latest, Offset) else None
    # Offsets, not records: compaction and transactions' markers leave gaps that nobody can count without reading.
    between = None if first is None or after is None else after - first
    time = newest.timestamp if isinstance(newest, Offset) else None
    return RangeRow(*partition, first, after, between, None if time is None else _local(time))


def _local(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000).isoformat(" ", "milliseconds")
