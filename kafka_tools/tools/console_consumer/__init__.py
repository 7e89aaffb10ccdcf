"""`ktools console-consumer`: kafka-console-consumer.sh (org.apache.kafka.tools.consumer.ConsoleConsumer, 3.9)."""

import sys

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.options import FILTERS, OTHER, OUTPUT, option
from kafka_tools.console.consume import (
    LATEST,
    ConsumeRequest,
    Membership,
    RecordOutput,
    Source,
    Window,
)
from kafka_tools.console.formats import Formatter
from kafka_tools.model.times import milliseconds
from kafka_tools.render.progress import RecordsBar
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.console_consumer import checks
from kafka_tools.tools.console_consumer.checks import OFFSETS

GROUP = "Group"
OUTPUTS = ("plain", "table", "json", "jsonl")
"""--output's words; none of Apache's tools has the option."""

TIME = types.Parsed("TIME", milliseconds)


@click.command(
    "console-consumer",
    cls=ToolCommand,
    reports=False,
    help="""Print the records of a topic to stdout, byte for byte.

With --group, offsets are committed only for records that were written: whatever ends this tool, the next start loses
nothing.""",
)
@options.streaming_client("consumer")
@option(FILTERS, "--topic", type=types.TOPIC, help="The topic to read.")
@option(
    FILTERS,
    "--include",
    type=types.Text("REGEX", "topic"),
    help="Read all topics whose whole names fit this pattern, new ones too.",
)
@option(FILTERS, "--whitelist", type=types.Text("REGEX", "topic"), help="The older name of --include, which wins.")
@option(FILTERS, "--partition", type=types.INTEGER, help="Read only this partition, from its end.")
@option(
    FILTERS, "--partitions", type=types.Parsed("LIST", checks.partition_list), help="Read only these partitions: 0,2-4."
)
@option(FILTERS, "--from-beginning", help="Start at the oldest record, unless the group has been further.")
@option(
    FILTERS,
    "--offset",
    type=types.words("OFFSET", OFFSETS),
    help="With --partition: where to start. earliest, latest, a number, or -N for N records before the end.",
)
@option(FILTERS, "--last", type=types.LONG, help="Start N records before the end of each partition.")
@option(FILTERS, "--from-time", type=TIME, help="Start at this time: 2026-11-23T08:00, 1700000000, -1h, now.")
@option(FILTERS, "--to-time", type=TIME, help="End before the first record of this time.")
@option(FILTERS, "--until-end", help="End when every partition has reached the end it had at the start.")
@option(FILTERS, "--max-messages", type=types.INTEGER, help="End after N records.")
@option(
    FILTERS,
    "--timeout-ms",
    type=types.WholeNumber(64, "MS"),
    help="End, with status 0, when no record comes for MS milliseconds.",
)
@option(
    FILTERS,
    "--isolation-level",
    type=types.words("LEVEL", ("read_committed", "read_uncommitted")),
    help="read_committed leaves out records of transactions that were not committed; default read_uncommitted.",
)
@option(
    GROUP,
    "--group",
    type=types.JOINED_GROUP,
    help="Go on where this consumer group stopped, and commit what was written. Without it nothing is committed.",
)
@option(GROUP, "--yes", help="Join a group of a protected cluster without a question.")
@option(
    OUTPUT,
    "--output",
    type=types.Word("FORMAT", OUTPUTS),
    help=f"{', '.join(OUTPUTS)}: as Apache prints records, as a table that grows, or whole as JSON objects.",
)
@checks.formatter_options
@option(OUTPUT, "--skip-message-on-error", help="Leave out a record that cannot be read instead of ending.")
@option(OUTPUT, "--enable-systest-events", help="Write shutdown_complete on stdout in the end.")
@option(
    OTHER,
    "--zookeeper",
    type=types.ZOOKEEPER,
    help="As before Kafka 2.0; names the ensemble where the brokers are found.",
)
@options.ignored("--new-consumer", "--csv-reporter-enabled")
@options.ignored("--metrics-dir", type=types.DIRECTORY)
def command(
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic: str | None,
    include: str | None,
    whitelist: str | None,
    partition: int | None,
    partitions: tuple[int, ...] | None,
    from_beginning: bool,
    offset: str | None,
    last: int | None,
    from_time: int | None,
    to_time: int | None,
    until_end: bool,
    max_messages: int | None,
    timeout_ms: int | None,
    isolation_level: str | None,
    group: str | None,
    yes: bool,
    output: str | None,
    property: tuple[str, ...],  # noqa: A002  Apache's name for it
    formatter_config: str | None,
    key_deserializer: str | None,
    value_deserializer: str | None,
    formatter: str | None,
    skip_message_on_error: bool,
    enable_systest_events: bool,
    zookeeper: str | None,
) -> int:
    """Check the options against each other, as ConsoleConsumerOptions does, and consume."""
    pattern = checks.pattern_of_topics(topic, include, whitelist)
    checks.partition_options(topic, partition, partitions, offset, from_beginning)
    start, last_by_offset = checks.start_offset(offset)
    given = checks.consumer_settings(client_settings, command_config)
    level = [] if isolation_level is None else [f"isolation.level={isolation_level}"]  # goes before a property
    servers = checks.servers(bootstrap_server, zookeeper)
    target = settings.choose_brokers(servers, command_config, [*given.settings, *level], wait or 0.0)
    reset = checks.reset_offset(from_beginning, target.config)
    member = checks.group_id(group, given.groups, target.config, partition)
    # Else as auto.offset.reset has it; an error there (None) is met only where the offset of a group is gone.
    first = (LATEST if reset is None else reset) if start is None else start
    count = checks.most_records(max_messages)
    before_end = last if last_by_offset is None else last_by_offset
    window = Window(first, before_end, from_time, to_time, until_end, reset, count, timeout_ms)
    printed = checks.formatter_class(formatter, output)
    deserializers = (key_deserializer, value_deserializer)
    record_format = checks.record_format(property, formatter_config, deserializers, as_table=output == "table")
    written = RecordOutput(output or "plain", printed, record_format, skip_message_on_error, enable_systest_events)
    checks.starts_and_ends(window, from_beginning, offset is not None, last, partitions, member)
    # Without a group nothing is committed: a read-only context lets everybody read.
    if member is not None:
        target = check_change(target, yes)
    chosen = partitions or () if partition is None else (partition,)
    source = Source(target, topic, pattern, given.internal, chosen)
    # None: partitions are assigned directly, without a rebalance, and no `console-consumer-12345` stays behind.
    membership = None if member is None else Membership.of(member, target.config)
    return _consume(ConsumeRequest(source, window, membership, written))


def _consume(request: ConsumeRequest) -> int:
    from kafka_tools.console.consume.loop import consume  # imports confluent_kafka, which --help does not need

    return consume(request, _table(request) if request.output.form == "table" else None, RecordsBar)


def _table(request: ConsumeRequest) -> Formatter:
    """Return what writes records as rows of a table."""
    from kafka_tools.console.formats.plain import compile_cells
    from kafka_tools.render.live import GrowingColumn, GrowingTable

    columns = {
        "topic": GrowingColumn("Topic"),
        "partition": GrowingColumn("Partition", is_number=True),
        "offset": GrowingColumn("Offset", is_number=True),
        "timestamp": GrowingColumn("Timestamp", least=len("08:00:00.000")),
        "delivery": GrowingColumn("Delivery"),
        "epoch": GrowingColumn("Epoch", is_number=True),
        "key": GrowingColumn("Key", folds=True),
        "headers": GrowingColumn("Headers", folds=True, is_optional=True),
        "value": GrowingColumn("Value", folds=True),
    }
    names, rows = compile_cells(request.output.record_format, with_topic=request.source.topic is None)
    # The loop writes bytes: what the terminal's encoding lacks is shown as `\u20ac`, and ends nothing.
    table, encoding = GrowingTable([columns[name] for name in names]), sys.stdout.encoding
    return lambda batch: table.text(rows(batch)).encode(encoding, "backslashreplace")
