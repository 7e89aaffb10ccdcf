"""`ktools producer-perf-test`: kafka-producer-perf-test.sh (org.apache.kafka.tools.ProducerPerformance, Kafka 3.9).

What is newer is as of 4.3: --bootstrap-server, --command-property, --warmup-records, --reporting-interval.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import click

from kafka_tools import render
from kafka_tools.cli import options, types
from kafka_tools.cli.argparse4j import DOUBLE, INTEGER, LONG, ArgparseCommand
from kafka_tools.cli.options import CLUSTER, OUTPUT, option
from kafka_tools.console.perf import OnInterval, Produced, ProduceTest
from kafka_tools.console.process import ShowProgress, covers_records, show_nothing
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.java_numbers import fixed
from kafka_tools.model.performance import Sent, finite, metric_lines
from kafka_tools.model.target import Brokers
from kafka_tools.render.progress import RecordsBar
from kafka_tools.report import Report
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change
from kafka_tools.settings.producer import for_producer

RECORDS = "Records"
TRANSACTION_MS = 3000
COLUMNS = {
    "part": "Part",
    "records": "Records",
    "bytes": "Bytes",
    "seconds": "Seconds",
    "records_per_second": "Records/s",
    "megabytes_per_second": "MB/s",
    "average_ms": "Avg ms",
    "maximum_ms": "Max ms",
    "p50_ms": "50 %",
    "p95_ms": "95 %",
    "p99_ms": "99 %",
    "p999_ms": "99.9 %",
    "failed": "Failed",
}


@dataclass(frozen=True, slots=True)
class ProducedRow:
    """What was measured: of all records, or of those behind the warm-up (`part`). Latencies are in ms; MB are MiB."""

    part: str
    records: int
    bytes: int
    seconds: float
    records_per_second: float | None
    megabytes_per_second: float | None
    average_ms: float | None
    maximum_ms: int
    p50_ms: int
    p95_ms: int
    p99_ms: int
    p999_ms: int
    failed: int


@click.command(
    "producer-perf-test",
    cls=ArgparseCommand,
    program="producer-performance",
    exclusive=("record_size", "payload_file", "payload_monotonic"),
    needs_one=True,
    # As argparse4j's nargs("+"): `--producer-props linger.ms=10 batch.size=65536` is one option with two values.
    several=("client_settings",),
)
@option(CLUSTER, "--bootstrap-server", type=types.BOOTSTRAP_SERVER, help=options.BOOTSTRAP_HELP)
@option(
    CLUSTER,
    "--producer-props",
    "--command-property",  # KIP-1147 (4.2)
    "-X",
    "client_settings",
    type=types.CLIENT_SETTING,
    multiple=True,
    help="Settings of the producer, by Java's or librdkafka's names, one or more: linger.ms=10 batch.size=65536.",
)
@option(
    CLUSTER,
    "--producer.config",
    "--command-config",
    "command_config",
    type=types.FILE,
    help="A properties file with the producer's settings; --producer-props wins.",
)
@options.wait
@option(CLUSTER, "--yes", help="Send to a protected cluster without a question.")
@option(RECORDS, "--topic", type=types.TOPIC, required=True, help="The topic to send to.")
@option(RECORDS, "--num-records", type=LONG, required=True, help="How many records to send.")
@option(RECORDS, "--record-size", type=INTEGER, help="Send records of so many bytes: letters from A to Z by chance.")
@option(RECORDS, "--payload-file", type=types.FILE, help="Send records out of this text file (UTF-8), each by chance.")
@option(RECORDS, "--payload-monotonic", help="Send the numbers from 0 on.")
@option(
    RECORDS,
    "--payload-delimiter",
    type=types.Text("REGEX"),
    help="What stands between the records of --payload-file; default: the end of a line.",
)
@option(
    RECORDS,
    "--throughput",
    type=DOUBLE,
    required=True,
    help="Send about so many records a second; -1: all at once.",
)
@option(
    RECORDS,
    "--warmup-records",
    type=LONG,
    help="Leave the first N records out of a second result, which follows the one of all.",
)
@option(
    RECORDS,
    "--transactional-id",
    type=types.Sent("ID"),
    help="Send in transactions of this id; default with --transaction-duration-ms: one by chance.",
)
@option(
    RECORDS, "--transaction-duration-ms", type=LONG, help=f"How long a transaction lasts; default {TRANSACTION_MS}."
)
@option(OUTPUT, "--reporting-interval", type=LONG, help="Say every so many ms how it goes; default 5000.")
@option(
    OUTPUT, "--print-metrics", help="Print the client's own figures in the end: those of librdkafka, not of Java's."
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    bootstrap_server: str | None,
    client_settings: tuple[str, ...],
    command_config: str | None,
    wait: float | None,
    yes: bool,
    topic: str,
    num_records: int,
    record_size: int | None,
    payload_file: str | None,
    payload_monotonic: bool,
    payload_delimiter: str | None,
    throughput: float,
    warmup_records: int | None,
    transactional_id: str | None,
    transaction_duration_ms: int | None,
    reporting_interval: int | None,
    print_metrics: bool,
) -> Report:
    """Measure how fast records can be sent to a topic, and how long each takes until brokers acknowledge it."""
    # In ms: 3.9 has these 5 s without an option (`new Stats(numRecords, 5000)`).
    interval = 5000 if reporting_interval is None else reporting_interval
    warmup = max(warmup_records or 0, 0)
    _check_numbers(num_records, record_size, warmup, throughput, transaction_duration_ms, interval)
    is_plain = render.is_plain(ctx.params["output"])
    say = render.say if is_plain else _say_nothing
    payloads = () if payload_file is None else _payloads(payload_file, payload_delimiter or "\n", say)
    for each in client_settings:
        if "=" not in each:
            raise UsageError(f"Invalid property: {each}", "NAME=VALUE is needed.")
    settings = list(client_settings) + ([] if transactional_id is None else [f"transactional.id={transactional_id}"])
    target = choice.choose_brokers(bootstrap_server, command_config, settings, wait or 0.0)
    # After the payloads: a wrong file is told without a question about a protected cluster.
    target = check_change(for_producer(target, transactional=True), yes)
    target, transaction = _transactional(target, transaction_duration_ms)
    size = None if payload_monotonic else record_size
    test = ProduceTest(
        target, topic, num_records, size, payloads, throughput, warmup, interval, transaction, print_metrics
    )
    if warmup:
        say(f"Warmup first {warmup} records. Steady state results will print after the complete test summary.")
    show = show_nothing if is_plain and covers_records() else RecordsBar
    return report(_measured(test, _intervals(say), show))


def _measured(test: ProduceTest, on_interval: OnInterval, show: ShowProgress) -> Produced:
    from kafka_tools.console.perf.produce import run  # imports confluent_kafka, which --help does not need

    return run(test, on_interval, show)


def _say_nothing(_line: str) -> None:
    pass


def _check_numbers(
    records: int, size: int | None, warmup: int, throughput: float, transaction: int | None, interval: int
) -> None:
    """Refuse numbers as ConfigPostProcessor (4.3) does; 3.9 fails later, or never ends."""
    for name, is_wrong in (
        ("num-records", records <= 0),
        ("record-size", size is not None and size < 0),  # 3.9 sends records of 0 bytes
        ("transaction-duration-ms", transaction is not None and transaction < 0),
        ("reporting-interval", interval <= 0),
    ):
        if is_wrong:
            raise UsageError(f"--{name} should be greater than zero.")
    # Nothing would be left to measure behind the warm-up.
    if warmup >= records:
        raise UsageError(
            "The value for --warmup-records must be strictly fewer than the number of records in the test, "
            "--num-records."
        )
    if throughput == 0:
        raise UsageError("--throughput 0 would never send the second record", "-1 sends as fast as it goes.")


def _payloads(path: str, delimiter: str, say: Callable[[str], None]) -> tuple[bytes, ...]:
    """Read the records of a file. Raises KafkaToolError where it cannot be read or has none."""
    say(f"Reading payloads from: {Path(path).absolute()}")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise KafkaToolError(f"cannot read {path}: {error.strerror or error}") from None
    if not content:
        raise KafkaToolError("File does not exist or empty file provided.")
    try:
        # A backslash and an n, which is what the shell hands over, is a newline (ProducerPerformance.start). Java's
        # decoder puts U+FFFD for what is no UTF-8, too.
        found = re.split("\n" if delimiter == "\\n" else delimiter, content.decode("utf-8", "replace"))
    except re.error as error:
        raise UsageError(f"--payload-delimiter '{delimiter}' is not a regular expression: {error}") from error
    while len(found) > 1 and not found[-1]:  # as String.split of Java
        found.pop()
    say(f"Number of messages read: {len(found)}")
    return tuple(each.encode() for each in found)


def _transactional(target: Brokers, duration: int | None) -> tuple[Brokers, int | None]:
    """Return the settings of the producer, and how long (ms) a transaction lasts; None where there are none."""
    is_asked = bool(target.config.get("transactional.id"))
    length = TRANSACTION_MS if duration is None and is_asked else duration or None
    if length is None:  # 3.9's default of --transaction-duration-ms is 0, which leaves the id without effect
        return target._replace(config={k: v for k, v in target.config.items() if k != "transactional.id"}), None
    own = {
        "transactional.id": f"performance-producer-{uuid4()}",
        "enable.idempotence": "true",
        # librdkafka gives no record longer than its transaction.
        "delivery.timeout.ms": target.config.get("transaction.timeout.ms", "60000"),
    }
    # The user's settings go before these: an id by chance is for who names none.
    return target._replace(config={**own, **target.config}), length


def _intervals(say: Callable[[str], None]) -> OnInterval:
    """Return the function that prints an interval in Apache's words, and a line before the first behind the warm-up."""
    # A list, as the function below may not rebind a plain bool: it remembers that the line was said.
    steady: list[bool] = []

    def on_interval(sent: Sent, behind_warmup: bool) -> None:
        if behind_warmup and not steady:
            steady.append(True)
            say("In steady state.")
        say(interval_line(sent))

    return on_interval


def report(produced: Produced) -> Report:
    """Return what was measured as a report."""
    parts = {"all": produced.total} | ({"steady": produced.steady} if produced.steady else {})
    rows = [_row(name, sent, produced.failed) for name, sent in parts.items()]
    # One row is all that was measured: only beside a second one does it need a name.
    columns = {name: words for name, words in COLUMNS.items() if name != "part" or len(rows) > 1}
    return Report(rows, columns, _lines(produced), status=produced.status)


def _row(part: str, sent: Sent, failed: int) -> ProducedRow:
    p50, p95, p99, p999 = sent.percentiles
    return ProducedRow(
        part,
        sent.records,
        sent.bytes,
        sent.elapsed / 1000,
        finite(sent.records_per_second),
        finite(sent.megabytes_per_second),
        finite(sent.average),
        sent.worst,
        p50,
        p95,
        p99,
        p999,
        failed,
    )


def interval_line(sent: Sent) -> str:
    """Return Apache's line of an interval (ProducerPerformance.Stats.printWindow)."""
    return (
        f"{sent.records} records sent, {fixed(sent.records_per_second, 1)} records/sec "
        f"({fixed(sent.megabytes_per_second, 2)} MB/sec), {fixed(sent.average, 1)} ms avg latency, "
        f"{fixed(sent.worst, 1)} ms max latency."
    )


def _lines(produced: Produced) -> Iterator[str]:
    """Yield Apache's last lines: a sum, one without the warm-up, and the client's figures (ToolsUtils.printMetrics)."""
    yield total_line(produced.total)
    if produced.steady:
        yield total_line(produced.steady, " steady state")
    yield from metric_lines(produced.metrics)


def total_line(sent: Sent, words: str = "") -> str:
    """Return Apache's line of all records (ProducerPerformance.Stats.printTotal)."""
    p50, p95, p99, p999 = sent.percentiles
    return (
        f"{sent.records}{words} records sent, {fixed(sent.records_per_second, 6)} records/sec "
        f"({fixed(sent.megabytes_per_second, 2)} MB/sec), {fixed(sent.average, 2)} ms avg latency, "
        f"{fixed(sent.worst, 2)} ms max latency, {p50} ms 50th, {p95} ms 95th, {p99} ms 99th, {p999} ms 99.9th."
    )
