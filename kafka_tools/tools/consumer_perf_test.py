"""`ktools consumer-perf-test`: kafka-consumer-perf-test.sh (org.apache.kafka.tools.ConsumerPerformance, Kafka 3.9).

What is newer is as of 4.3: --include, --num-records, --command-property, --command-config.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from kafka_tools import render
from kafka_tools.cli import options, reading_tests, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import CLUSTER, FILTERS, OUTPUT, option
from kafka_tools.console.consume import Source
from kafka_tools.console.perf import Consumed, ConsumeTest, OnRead
from kafka_tools.console.process import ShowProgress, covers_records, show_nothing
from kafka_tools.errors import UsageError
from kafka_tools.model.groups import joined
from kafka_tools.model.java_dates import Format
from kafka_tools.model.java_numbers import fixed
from kafka_tools.model.performance import Read, finite, metric_lines
from kafka_tools.render.progress import RecordsBar
from kafka_tools.report import Report
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change

RATES = "data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec"
FETCHING = "rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"
IGNORED = "WARNING: option [threads] and [num-fetch-threads] have been deprecated and will be ignored by the test"
COLUMNS = {
    "start": "Start",
    "end": "End",
    "megabytes": "MB",
    "megabytes_per_second": "MB/s",
    "records": "Records",
    "records_per_second": "Records/s",
    "rebalance_ms": "Rebalance ms",
    "fetch_ms": "Fetch ms",
    "fetch_megabytes_per_second": "Fetch MB/s",
    "fetch_records_per_second": "Fetch records/s",
}


@dataclass(frozen=True, slots=True)
class ConsumedRow:
    """What was measured. Times are ms since 1970, in `start` and `end` as --date-format writes them; MB are MiB."""

    start: str
    end: str
    megabytes: float
    megabytes_per_second: float | None
    records: int
    records_per_second: float | None
    rebalance_ms: int
    fetch_ms: int
    fetch_megabytes_per_second: float | None
    fetch_records_per_second: float | None


def _check(_action: str, given: frozenset[str]) -> None:
    """Refuse what is missing, in the words and order of ConsumerPerfOptions."""
    if not given & {"topic", "include"}:
        raise UsageError('Missing required argument "[topic]"')
    if "messages" not in given:
        raise UsageError('Missing required argument "[messages]"')


@click.command("consumer-perf-test", cls=ToolCommand, error_style=ErrorStyle(""), check=_check)
@options.streaming_client("consumer")
@option(CLUSTER, "--broker-list", type=types.BOOTSTRAP_SERVER, help="The older name of --bootstrap-server, which wins.")
@option(FILTERS, "--topic", type=types.TOPIC, help="The topic to read.")
@option(
    FILTERS, "--include", type=types.Text("REGEX", "topic"), help="Read all topics whose whole names fit this pattern."
)
@option(FILTERS, "--messages", "--num-records", type=types.LONG, help="How many records to read.")
@option(
    FILTERS,
    "--group",
    type=types.JOINED_GROUP,
    help="Go on where this consumer group stopped, and commit what was read. Without it no group is made.",
)
@option(FILTERS, "--yes", help="Join a group of a protected cluster without a question.")
@option(
    FILTERS,
    "--from-latest",
    help="Begin at the end where the group has no offset, not at the beginning.",
)
@reading_tests.patience
@reading_tests.buffers("so much of a partition")
@option(OUTPUT, "--show-detailed-stats", help="Print a line for each interval, and none in the end.")
@reading_tests.reports
@option(OUTPUT, "--print-metrics", help="Print the client's own figures in the end: librdkafka's, not Java's.")
@option(CLUSTER, "--threads", type=types.INTEGER, help="Without effect, as of Apache's tool.")
@option(CLUSTER, "--num-fetch-threads", type=types.INTEGER, help="Without effect, as of Apache's tool.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    broker_list: str | None,
    topic: str | None,
    include: str | None,
    messages: int,
    group: str | None,
    yes: bool,
    from_latest: bool,
    timeout: int | None,
    fetch_size: int | None,
    socket_buffer_size: int | None,
    show_detailed_stats: bool,
    reporting_interval: int | None,
    date_format: str | None,
    hide_header: bool,
    print_metrics: bool,
    threads: int | None,
    num_fetch_threads: int | None,
) -> Report:
    """Measure how fast the records of a topic can be read."""
    if topic is not None and include is not None:
        raise UsageError("Exactly one of --topic and --include is needed")
    # Apache's tool joins `perf-consumer-NNNNN` then, a name by chance, whose offsets stay in the cluster for days.
    group = None if group is None else joined(group)
    is_plain = render.is_plain(ctx.params["output"])
    # Lines are written while the test runs, as Apache's are: who watches it does not wait for a report.
    say = render.say if is_plain else lambda _: None
    if threads is not None or num_fetch_threads is not None:
        say(IGNORED)
    if not hide_header:
        first = "time, threadId" if show_detailed_stats else "start.time, end.time"
        say(f"{first}, {RATES}, {FETCHING}")
    interval = reading_tests.interval_ms(reporting_interval)
    written = reading_tests.date_format(date_format)
    own = reading_tests.buffer_settings("max.partition.fetch.bytes", fetch_size, socket_buffer_size)
    target = choice.choose_brokers(
        bootstrap_server or broker_list, command_config, [*client_settings, *own], wait or 0.0
    )
    # Only what joins a group commits offsets; all else is reading, which a read-only context allows.
    if group is not None:
        target = check_change(target, yes)
    patience = reading_tests.PATIENCE_MS if timeout is None else timeout
    test = ConsumeTest(Source(target, topic, include), messages, group, from_latest, patience, interval, print_metrics)
    on_read = _intervals(say if show_detailed_stats else lambda _: None, written)
    # A bar on stderr and lines on stdout would write over each other where both are the same terminal.
    show = show_nothing if is_plain and covers_records() else RecordsBar
    return report(_measured(test, on_read, show), test, written, show_detailed_stats)


def _measured(test: ConsumeTest, on_read: OnRead, show: ShowProgress) -> Consumed:
    from kafka_tools.console.perf.consume import run  # imports confluent_kafka, which --help does not need

    return run(test, on_read, show)


def _intervals(say: Callable[[str], None], written: Format) -> OnRead:
    return lambda read, size, records: say(interval_line(read, size, records, written))


def interval_line(read: Read, size: int, records: int, written: Format) -> str:
    """Return Apache's line of an interval; `size` (bytes) and `records` are of the whole run.

    Source: ConsumerPerformance.printConsumerProgress (3.9): where no time is left for fetching, its rates are 0.
    """
    # No time is left where joining the group took the whole interval.
    rates = (read.fetch_megabytes_per_second, read.fetch_records_per_second) if read.fetch_ms > 0 else (0.0, 0.0)
    return ", ".join(
        (
            written(read.end),
            # The number of the thread, which has been the only one since threads are ignored.
            "0",
            fixed(size / (1 << 20), 4),
            fixed(read.megabytes_per_second, 4),
            str(records),
            fixed(read.records_per_second, 4),
            str(read.rebalance),
            str(read.fetch_ms),
            *(fixed(rate, 4) for rate in rates),
        )
    )


def report(consumed: Consumed, test: ConsumeTest, written: Format, is_detailed: bool) -> Report:
    """Return what was measured as a report; behind the lines of intervals stands no sum, as with Apache's tool."""
    read = consumed.read
    row = ConsumedRow(
        written(read.start),
        written(read.end),
        round(read.megabytes, 4),
        # Java prints Infinity and NaN where no time went by; json has neither, and gets null.
        finite(read.megabytes_per_second),
        read.records,
        finite(read.records_per_second),
        read.rebalance,
        read.fetch_ms,
        finite(read.fetch_megabytes_per_second),
        finite(read.fetch_records_per_second),
    )
    # On stdout before the figures, as with Apache's tool, but only where those are text: else it would break the json.
    told = [reading_tests.too_late("messages", test.patience)] if consumed.is_late else []

    def lines() -> Iterator[str]:
        yield from told
        if not is_detailed:
            yield total_line(read, written)
        yield from metric_lines(consumed.metrics)

    return Report([row], COLUMNS, lines(), told=told, status=consumed.status)


# Unlike a line of an interval it divides by 0: `fixed` then writes Infinity or NaN, as Java does.
def total_line(read: Read, written: Format) -> str:
    """Return Apache's line of all records."""
    return ", ".join(
        (
            written(read.start),
            written(read.end),
            fixed(read.megabytes, 4),
            fixed(read.megabytes_per_second, 4),
            str(read.records),
            fixed(read.records_per_second, 4),
            str(read.rebalance),
            str(read.fetch_ms),
            fixed(read.fetch_megabytes_per_second, 4),
            fixed(read.fetch_records_per_second, 4),
        )
    )
