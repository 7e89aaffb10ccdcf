"""`ktools console-producer`: kafka-console-producer.sh (kafka.tools.ConsoleProducer, 3.9)."""

from collections.abc import Mapping, Sequence

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.options import CLUSTER, option
from kafka_tools.cli.properties import Properties, read_file
from kafka_tools.console.lines import LineFormat, ProduceRequest
from kafka_tools.errors import UsageError, nearest
from kafka_tools.render.progress import RecordsBar
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.settings.producer import for_producer, memory

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
ACKS = ("all", "-1", "0", "1")
FLAGS = ("parse.key", "parse.headers", "ignore.error")
SEPARATORS = ("key.separator", "headers.delimiter", "headers.separator", "headers.key.separator")
# One class under two names: Kafka up to 3.9 has it by the first, 4.x by the second.
READERS = ("kafka.tools.ConsoleProducer$LineMessageReader", "org.apache.kafka.tools.LineMessageReader")

INPUT = "Input"
DELIVERY = "Delivery"
BYTES, NUMBER = types.WholeNumber(32, "BYTES"), types.INTEGER
MILLISECONDS = types.WholeNumber(64, "MS")


@click.command(
    "console-producer",
    cls=ToolCommand,
    reports=False,
    help="""Send each line of stdin as one record, byte for byte, in order, to all replicas in sync.

acks=all and idempotence are the default. Status 0 means that every record was delivered; stderr says which were
not.""",
)
@options.streaming_client("producer")
@option(CLUSTER, "--broker-list", type=types.BOOTSTRAP_SERVER, help="The older name of --bootstrap-server, which wins.")
@option(CLUSTER, "--yes", help="Send to a protected cluster without a question.")
@option(
    INPUT,
    "--topic",
    type=types.TOPIC,
    help="The topic to send to; one that is not there is made where the brokers do so by themselves.",
)
@option(
    INPUT,
    "--input",
    type=types.Word("FORMAT", ("lines", "jsonl", "kcat", "kafkactl")),
    help="lines, or whole records: jsonl as console-consumer --output jsonl, kcat -J or kafkactl -o json write them; "
    "kcat and kafkactl take no other's.",
)
@option(
    INPUT,
    "--line-ending",
    type=types.Word("ENDING", ("any", "lf")),
    help="any: LF or CR LF ends a line, and is no part of it, the default; lf: only LF, every other byte is kept.",
)
@options.line_properties(
    INPUT,
    "reader",
    (*FLAGS, *SEPARATORS, "null.marker"),
    f"How to read a line: {', '.join((*FLAGS, *SEPARATORS))}, null.marker",
)
@option(
    INPUT,
    "--line-reader",
    type=types.words("CLASS", READERS),
    help="The class that reads lines: LineMessageReader is the only one here.",
)
@option(DELIVERY, "--sync", help="Wait for each record's delivery before the next line is sent.")
@option(
    DELIVERY,
    "--compression-codec",
    type=types.words("CODEC", CODECS),
    bare="gzip",
    help=f"{', '.join(CODECS)}; gzip when given bare.",
)
@option(DELIVERY, "--request-required-acks", type=types.words("ACKS", ACKS), help="all (or -1), 1 or 0; default all.")
@option(DELIVERY, "--batch-size", type=BYTES, help="Send at most so many bytes to a partition at once.")
@option(DELIVERY, "--max-partition-memory-bytes", type=BYTES, help="The same; goes before --batch-size.")
@option(
    DELIVERY,
    "--timeout",
    type=MILLISECONDS,
    help="Wait so long for a batch to fill; default 50, and no longer than more comes in.",
)
@option(
    DELIVERY,
    "--message-send-max-retries",
    type=NUMBER,
    help="Try again so often; default: until delivery.timeout.ms.",
)
@option(DELIVERY, "--retry-backoff-ms", type=MILLISECONDS, help="Wait so long before it is tried again.")
@option(DELIVERY, "--request-timeout-ms", type=types.WholeNumber(32, "MS"), help="Wait so long for the answer.")
@option(DELIVERY, "--metadata-expiry-ms", type=MILLISECONDS, help="Ask anew so often who leads which partition.")
@option(DELIVERY, "--max-block-ms", "ignored_ms", type=MILLISECONDS, help="Without effect: a full queue waits.")
@option(
    DELIVERY,
    "--max-memory-bytes",
    type=types.WholeNumber(64, "BYTES"),
    help="Keep at most so many bytes that are not yet sent.",
)
@option(DELIVERY, "--socket-buffer-size", type=BYTES, help="The size of the system's buffer for sending.")
@options.ignored("--new-producer", "--old-producer")
@options.ignored(
    "--queue-size",
    "--queue-enqueuetimeout-ms",
    "--metadata-fetch-timeout-ms",
    type=types.Text("N"),
    why=": a full queue waits",
)
@options.ignored("--key-serializer", "--value-serializer", type=types.Text("CLASS"))
def command(
    *,
    bootstrap_server: str | None,
    broker_list: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    yes: bool,
    topic: str | None,
    input: str | None,  # noqa: A002  the option's name
    line_ending: str | None,
    property: tuple[str, ...],  # noqa: A002  Apache's name for it
    reader_config: str | None,
    line_reader: str | None,
    sync: bool,
    compression_codec: str | None,
    request_required_acks: str | None,
    batch_size: int | None,
    max_partition_memory_bytes: int | None,
    timeout: int | None,
    message_send_max_retries: int | None,
    retry_backoff_ms: int | None,
    request_timeout_ms: int | None,
    metadata_expiry_ms: int | None,
    ignored_ms: int | None,  # noqa: ARG001
    max_memory_bytes: int | None,
    socket_buffer_size: int | None,
) -> int:
    """Check the options, as ConsoleProducerConfig does, and produce."""
    name = _checked_topic(topic)
    _check_reader(line_reader)
    _check_words(compression_codec, request_required_acks)
    given = {
        "compression.type": compression_codec,
        "acks": request_required_acks,
        # Two options for one setting: ConsoleProducer.producerProps (3.9) merges the second one last.
        "batch.size": batch_size if max_partition_memory_bytes is None else max_partition_memory_bytes,
        "linger.ms": timeout,
        "retries": message_send_max_retries,
        "retry.backoff.ms": retry_backoff_ms,
        "request.timeout.ms": request_timeout_ms,
        "topic.metadata.refresh.interval.ms": metadata_expiry_ms,
        "socket.send.buffer.bytes": socket_buffer_size,
        **({} if max_memory_bytes is None else memory(str(max_memory_bytes))),
    }
    own = _settings(client_settings, given)
    target = settings.choose_brokers(bootstrap_server or broker_list, command_config, own, wait or 0.0)
    # Records are a change: a read-only context refuses them before stdin is read. What comes back looks at the
    # cluster's id, too, once it is connected.
    target = check_change(for_producer(target), yes)
    return _produce(
        ProduceRequest(
            target,
            topic=name,
            line_format=_line_format(property, reader_config),
            form=input or "lines",
            keeps_cr=line_ending == "lf",
            sync=sync,
        )
    )


def _settings(properties: Sequence[str], options: Mapping[str, int | str | None]) -> list[str]:
    """Return the settings of --producer-property, and behind them those of the options that were given."""
    # The last of a name counts: an option goes before a property. What was not given leaves the setting to the file and
    # the context (CommandLineUtils.maybeMergeOptions, 3.9), and else to this producer's defaults: those of
    # ConsoleProducer are 3 retries and a linger of 1000 ms.
    pairs = Properties.parse(properties, "--producer-property").pairs()
    return [*pairs, *(f"{name}={value}" for name, value in options.items() if value is not None)]


def _produce(request: ProduceRequest) -> int:
    from kafka_tools.console.produce import produce  # imports confluent_kafka, which --help does not need

    return produce(request, RecordsBar)


def _checked_topic(topic: str | None) -> str:
    if topic is None:
        raise UsageError('Missing required argument "[topic]"')
    if not topic:
        raise UsageError("The topic cannot be empty.")
    return topic


def _check_reader(class_name: str | None) -> None:
    if class_name is not None and class_name not in READERS:
        near = nearest(class_name, READERS)
        hint = f"Did you mean {near[0]}?" if near else "Classes of Java's that are not Kafka's own cannot be loaded."
        raise UsageError(f"there is no line reader {class_name}", hint)


def _check_words(codec: str | None, acks: str | None) -> None:
    """Raise UsageError for a codec or acks that are not there; Apache's tool takes any text and fails later."""
    if codec is not None and codec not in CODECS:
        raise UsageError(f"--compression-codec cannot be '{codec}'", f"Choose from: {', '.join(CODECS)}")
    if acks is not None and acks not in ACKS:
        raise UsageError(f"--request-required-acks cannot be '{acks}'", f"Choose from: {', '.join(ACKS)}")


def _line_format(pairs: Sequence[str], path: str | None) -> LineFormat:
    """Read LineMessageReader's properties. Raises UsageError for two that are equal."""
    properties = Properties.parse(pairs, "--property", read_file(path))
    line_format = properties.fill(LineFormat(), FLAGS, SEPARATORS)
    # Apart from the other texts: it has no default, and a marker that is empty makes empty texts null.
    marker = properties.text("null.marker")
    if marker is not None:
        line_format = line_format._replace(null_marker=marker.encode(errors="surrogateescape"))
    line_format.check()
    # Last: what the lines above took is known, what is left is not.
    properties.mention_rest()
    return line_format
