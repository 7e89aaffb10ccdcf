"""`ktools e2e-latency`: kafka-e2e-latency.sh (org.apache.kafka.tools.EndToEndLatency, Kafka 3.9).

Named options, and records with keys and headers, are as of 4.3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from kafka_tools import render
from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import CLUSTER, option
from kafka_tools.console.perf import RoundTrips, RoundTripTest
from kafka_tools.console.process import ShowProgress, covers_records, show_nothing
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.java_numbers import double, fixed
from kafka_tools.model.performance import finite, percentiles, ratio
from kafka_tools.render.progress import RecordsBar
from kafka_tools.report import Report
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change
from kafka_tools.settings.producer import for_producer

RECORDS = "Records"
# In the order of Apache's words: `BROKERS TOPIC RECORDS ACKS SIZE [FILE]`.
NAMES = ("bootstrap_server", "topic", "num_records", "producer_acks", "record_size", "command_config")
USAGE = (
    "USAGE: java org.apache.kafka.tools.EndToEndLatency broker_list topic num_messages producer_acks "
    "message_size_bytes [optional] properties_file"
)
MILLISECOND_NS = 1_000_000
"""A millisecond in ns."""

COLUMNS = {"records": "Records", "average_ms": "Avg ms", "p50_ms": "50 %", "p99_ms": "99 %", "p999_ms": "99.9 %"}
SIZE = types.WholeNumber(32, "BYTES")


@dataclass(frozen=True, slots=True)
class RoundTripRow:
    """How long (ms) records took from their sending until they were read."""

    records: int
    average_ms: float | None
    p50_ms: int
    p99_ms: int
    p999_ms: int


@click.command("e2e-latency", cls=ToolCommand, error_style=ErrorStyle(""))
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(CLUSTER, "--yes", help="Send to a protected cluster without a question.")
@option(RECORDS, "--topic", type=types.TOPIC, help="The topic; one that is not there is made, with one partition.")
@option(RECORDS, "--num-records", type=types.INTEGER, help="How many records to send, one after the other.")
@option(RECORDS, "--producer-acks", type=types.words("ACKS", ("1", "all")), help="Who acknowledges a record: 1 or all.")
@option(RECORDS, "--record-size", type=SIZE, help="The size of a record.")
@option(RECORDS, "--record-key-size", type=SIZE, help="The size of its key; default: no key.")
@option(RECORDS, "--num-headers", type=types.INTEGER, help="How many headers it has; default: none.")
@option(RECORDS, "--record-header-key-size", type=SIZE, help="The size of a header's name.")
@option(RECORDS, "--record-header-size", type=SIZE, help="The size of a header's value; -1: null.")
@click.argument("words", nargs=-1, metavar="[BROKERS TOPIC RECORDS ACKS SIZE [FILE]]")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    yes: bool,
    topic: str | None,
    num_records: int | None,
    producer_acks: str | None,
    record_size: int | None,
    record_key_size: int | None,
    num_headers: int | None,
    record_header_key_size: int | None,
    record_header_size: int | None,
    words: tuple[str, ...],
) -> Report:
    """Measure how long a record takes from a producer to a consumer. Apache's five words will do, too."""
    named = (topic, num_records, producer_acks, record_size)
    # Words count only where none of the options says the same, as with 4.3.
    if named == (None, None, None, None):
        found = _of_words(words, command_config)
        bootstrap_server, topic, num_records, producer_acks, record_size, command_config = found
    if topic is None or num_records is None or producer_acks is None or record_size is None:
        missing = next(name for name, each in zip(NAMES[1:], named, strict=False) if each is None)
        raise UsageError(f'Missing required argument "[{missing.replace("_", "-")}]"')
    # With 0 nobody says that a record was taken: one that was lost would be waited for.
    if producer_acks not in ("1", "all"):
        raise KafkaToolError("Latency testing requires synchronous acknowledgement. Please use 1 or all")
    if num_records < 1 or record_size < 0:
        raise UsageError("At least one record of at least 0 bytes is needed")
    settings = [*client_settings, f"acks={producer_acks}"]
    target = choice.choose_brokers(bootstrap_server, command_config, settings, wait or 0.0)
    test = RoundTripTest(
        check_change(for_producer(target), yes),
        topic,
        num_records,
        record_size,
        record_key_size or 0,
        num_headers or 0,
        record_header_key_size or 0,
        record_header_size or 0,
    )
    return report(_measured(test, render.is_plain(ctx.params["output"])))


def _of_words(words: Sequence[str], config: str | None) -> tuple[str, str, int, str, int, str | None]:
    """Return the values of Apache's five words, and of the file that may stand behind them."""
    if len(words) not in (5, 6):
        raise UsageError(USAGE)
    servers, topic, records, acks, size, *file = words
    # click checks what options give; these words were read as mere texts.
    types.TOPIC.convert(topic, None, None)
    for number in (records, size):
        if not (number.isdecimal() and number.isascii() and int(number) < 1 << 31):
            raise KafkaToolError(f'For input string: "{number}"')
    return servers, topic, int(records), acks, int(size), file[0] if file and file[0].strip() else config


def _measured(test: RoundTripTest, is_plain: bool) -> RoundTrips:
    from kafka_tools.console.perf import round_trips  # imports confluent_kafka, which --help does not need

    def say(line: str) -> None:
        if is_plain:
            render.say(line)

    def on_record(number: int, latency: int) -> None:
        # Of the first record, too: number 0.
        if number % 1000 == 0:
            # Divided in two steps, as by EndToEndLatency (3.9): the last digits of a double differ from those of one
            # step.
            say(f"{number}\t{double(latency / 1000.0 / 1000.0)}")

    if round_trips.make_topic(test):
        say(f'Topic "{test.topic}" does not exist. Will create topic with 1 partition(s) and replication factor = 1')
    show: ShowProgress = show_nothing if is_plain and covers_records() else RecordsBar
    return round_trips.run(test, on_record, show)


def report(found: RoundTrips) -> Report:
    """Return what was measured as a report."""
    # Percentiles are of whole ms, rounded down, the average is of all ns: so Apache's tool has it.
    latencies = [each // MILLISECOND_NS for each in found.latencies]
    average = ratio(sum(found.latencies), len(latencies)) / 1000.0 / 1000.0
    p50, p99, p999 = percentiles(latencies, (0.5, 0.99, 0.999))

    def lines() -> Iterator[str]:
        yield f"Avg latency: {fixed(average, 4)} ms"
        yield f"Percentiles: 50th = {p50}, 99th = {p99}, 99.9th = {p999}"

    row = RoundTripRow(len(latencies), finite(average), p50, p99, p999)
    return Report([row], COLUMNS, lines(), status=found.status)
