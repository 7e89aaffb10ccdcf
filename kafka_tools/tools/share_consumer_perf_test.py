"""`ktools share-consumer-perf-test`: kafka-share-consumer-perf-test.sh.

Source: org.apache.kafka.tools.ShareConsumerPerformance, Kafka 4.4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from kafka_tools import render
from kafka_tools.cli import options, reading_tests, types
from kafka_tools.cli.command import ARGV, ErrorStyle, ToolCommand
from kafka_tools.cli.options import FILTERS, OUTPUT, option
from kafka_tools.console.perf import OnMemberRead, Shared, ShareTest
from kafka_tools.console.process import ShowProgress, covers_records, show_nothing
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.java_dates import Format
from kafka_tools.model.java_numbers import fixed
from kafka_tools.model.performance import MEGABYTE, Read, finite, metric_lines
from kafka_tools.render.progress import RecordsBar
from kafka_tools.render.views import Mark, Table
from kafka_tools.report import Report
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change

# Of ShareConsumerPerfOptions (4.4): always the same, so that a second run goes on where the first stopped.
DEFAULT_GROUP = "perf-share-consumer"
HEADER = "start.time, end.time, data.consumed.in.MB, MB.sec, nMsg.sec, data.consumed.in.nMsg, fetch.time.ms"
OLDER_NAMES = {"messages": "num-records", "consumer.config": "command-config"}
"""Options that Apache's tool warns of on stdout -> their newer names."""

MOST_CONSUMERS = 250
COLUMNS = {
    "consumer": "Consumer",
    "start": "Start",
    "end": "End",
    "megabytes": "MB",
    "megabytes_per_second": "MB/s",
    "records": "Records",
    "records_per_second": "Records/s",
    "fetch_ms": "Fetch ms",
}


@dataclass(frozen=True, slots=True)
class SharedRow:
    """What was measured of one consumer, by its number, or of all (None); MB are MiB, times as --date-format says."""

    consumer: int | None
    start: str
    end: str
    megabytes: float
    megabytes_per_second: float | None
    records: int
    records_per_second: float | None
    fetch_ms: int


def _check(_action: str, given: frozenset[str]) -> None:
    """Refuse what is missing, in the words and order of ShareConsumerPerfOptions."""
    if "topic" not in given:
        raise UsageError('Missing required argument "[topic]"')
    if "num_records" not in given:
        raise UsageError("Exactly one of the following arguments is required: [messages], [num-records]")


@click.command("share-consumer-perf-test", cls=ToolCommand, error_style=ErrorStyle(""), check=_check)
@options.streaming_client("consumer")
@option(FILTERS, "--topic", type=types.TOPIC, help="The topic to read.")
@option(FILTERS, "--num-records", "--messages", type=types.LONG, help="How many records to read.")
@option(
    FILTERS, "--group", type=types.SHARE_GROUP, help=f"The share group whose records are read; default {DEFAULT_GROUP}."
)
@option(FILTERS, "--yes", help="Join a group of a protected cluster without a question.")
@option(FILTERS, "--threads", type=types.INTEGER, help="How many consumers share the records; default 1.")
@reading_tests.patience
@reading_tests.buffers("so much")
@option(OUTPUT, "--show-detailed-stats", help="Print a line of each consumer for each interval.")
@option(OUTPUT, "--show-consumer-stats", help="Print a line of each consumer in the end.")
@reading_tests.reports
@option(OUTPUT, "--print-metrics", help="Print the clients' own figures in the end: librdkafka's, not Java's.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic: str,
    num_records: int,
    group: str | None,
    yes: bool,
    threads: int | None,
    timeout: int | None,
    fetch_size: int | None,
    socket_buffer_size: int | None,
    show_detailed_stats: bool,
    show_consumer_stats: bool,
    reporting_interval: int | None,
    date_format: str | None,
    hide_header: bool,
    print_metrics: bool,
) -> Report:
    """Measure how fast the members of a share group can read the records of a topic.

    What was read is acknowledged: the group goes on behind it. A batch is counted whole, so that a few records more
    than --num-records may be read. Needs Kafka 4.2 or later, and confluent-kafka 2.16.
    """
    is_plain = render.is_plain(ctx.params["output"])
    say = render.say if is_plain else lambda _: None
    # click tells the parameter, not which of its two names was typed. A value of such a name would be warned of, too:
    # only a warning is at stake.
    typed = {word.lstrip("-").partition("=")[0] for word in ctx.meta[ARGV]}
    for older, newer in OLDER_NAMES.items():
        if older in typed:
            say(f"Warning: --{older} is deprecated. Use --{newer} instead.")
    if not hide_header:
        say(HEADER)
    interval = reading_tests.interval_ms(reporting_interval)
    consumers = 1 if threads is None else threads
    if not 0 < consumers <= MOST_CONSUMERS:
        raise KafkaToolError(f"--threads: '{consumers}' is not between 1 and {MOST_CONSUMERS}")
    written = reading_tests.date_format(date_format)
    settings = [*client_settings, *reading_tests.buffer_settings("fetch.max.bytes", fetch_size, socket_buffer_size)]
    # Always, as there is no reading without a group here: what is acknowledged nobody else gets.
    target = check_change(choice.choose_brokers(bootstrap_server, command_config, settings, wait or 0.0), yes)
    patience = reading_tests.PATIENCE_MS if timeout is None else timeout
    test = ShareTest(target, topic, group or DEFAULT_GROUP, num_records, consumers, patience, interval, print_metrics)
    on_read = _intervals(say if show_detailed_stats else lambda _: None, written)
    show = show_nothing if is_plain and covers_records() else RecordsBar
    return report(_measured(test, on_read, show), test, written, show_consumer_stats)


def _measured(test: ShareTest, on_read: OnMemberRead, show: ShowProgress) -> Shared:
    from kafka_tools.console.perf.share import run  # imports confluent_kafka, which --help does not need

    return run(test, on_read, show)


def _intervals(say: Callable[[str], None], written: Format) -> OnMemberRead:
    return lambda read, size, records, number: say(interval_line(read, size, records, number, written))


def interval_line(read: Read, size: int, records: int, number: int, written: Format) -> str:
    """Return Apache's line of an interval of the consumer `number`; `size` (bytes) and `records` are of its whole run.

    Source: ShareConsumerPerformance.printShareConsumerProgress (4.4).
    """
    figures = (size / MEGABYTE, read.megabytes_per_second, read.records_per_second)
    return f"{_line(read, figures, records, written)} for share consumer {number}"


def total_line(read: Read, written: Format) -> str:
    """Return Apache's line of a whole run (ShareConsumerPerformance.printStats, 4.4)."""
    figures = (read.megabytes, read.megabytes_per_second, read.records_per_second)
    return _line(read, figures, read.records, written)


def _line(read: Read, figures: tuple[float, ...], records: int, written: Format) -> str:
    # By 4.4: the rate of records stands before their number, against the order of consumer-perf-test.
    values = (fixed(figure, 4) for figure in figures)
    return ", ".join((written(read.start), written(read.end), *values, str(records), str(read.fetch_ms)))


def report(shared: Shared, test: ShareTest, written: Format, by_consumer: bool) -> Report:
    """Return what was measured as a report: each consumer, where it is asked for, and all of them."""
    members = list(enumerate(shared.members, 1)) if by_consumer else []
    told = [reading_tests.too_late("records", test.patience)] if shared.is_late else []

    def lines() -> Iterator[str]:
        for number, read in members:
            # Consumers are counted from 1.
            client = test.client_ids[number - 1]
            yield f"Share consumer {number} having client id {client} consumption metrics- {total_line(read, written)}"
        yield from told
        yield total_line(shared.read, written)
        for metrics in shared.metrics:
            yield from metric_lines(metrics)

    rows = [_row(read, number, written) for number, read in (*members, (None, shared.read))]
    # One row is that of all consumers: only beside others does it need a name.
    columns = {name: words for name, words in COLUMNS.items() if name != "consumer" or members}
    return Report(rows, columns, lines(), lambda: [_table(rows, columns)], told=told, status=shared.status)


def _table(rows: Sequence[SharedRow], columns: Mapping[str, str]) -> Table:
    notes = [Mark("The row without a number is that of all consumers together.")] if "consumer" in columns else []
    return Table(rows, columns, notes=notes)


def _row(read: Read, number: int | None, written: Format) -> SharedRow:
    return SharedRow(
        number,
        written(read.start),
        written(read.end),
        round(read.megabytes, 4),
        finite(read.megabytes_per_second),
        read.records,
        finite(read.records_per_second),
        read.fetch_ms,
    )
