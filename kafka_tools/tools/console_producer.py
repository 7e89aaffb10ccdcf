"""`ktools console-producer`: kafka-console-producer.sh (kafka.tools.ConsoleProducer, 3.9)."""

from collections.abc import Mapping
from typing import Any

from kafka_tools.cli.joptsimple import BOOTSTRAP_SERVER, Option, integer, long, one_of, tool
from kafka_tools.cli.properties import Properties
from kafka_tools.console.produce.request import LineFormat, ProduceRequest
from kafka_tools.errors import UsageError, nearest
from kafka_tools.render.progress import RecordsBar
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
ACKS = ("all", "-1", "0", "1")
FLAGS = ("parse.key", "parse.headers", "ignore.error")
SEPARATORS = ("key.separator", "headers.delimiter", "headers.separator", "headers.key.separator")
PARTITIONERS = ("DefaultPartitioner", "UniformStickyPartitioner")
READERS = ("kafka.tools.ConsoleProducer$LineMessageReader", "org.apache.kafka.tools.LineMessageReader")

OPTIONS = (
    BOOTSTRAP_SERVER,
    Option(("--broker-list",), "The older name of --bootstrap-server, which wins.", "HOST:PORT[,…]"),
    Option(("--topic",), "The topic to send to; it is never created.", "TOPIC"),
    Option(("--sync",), "Wait for each record's delivery before the next line is sent."),
    Option(
        ("--input",),
        "lines, or jsonl: whole records as console-consumer --output jsonl writes them.",
        "FORMAT",
        read=one_of("lines", "jsonl"),
    ),
    Option(
        ("--compression-codec",),
        f"{', '.join(CODECS)}; gzip when given bare.",
        "CODEC",
        bare="gzip",
        completes=CODECS,
    ),
    Option(
        ("--property", "--reader-property"),
        f"How to read a line: {', '.join((*FLAGS, *SEPARATORS))}, null.marker; may be repeated.",
        "NAME=VALUE",
        multiple=True,
        completes=tuple(f"{name}=" for name in (*FLAGS, *SEPARATORS, "null.marker")),
    ),
    Option(("--reader-config",), "A file of such properties; --property wins.", "FILE"),
    Option(
        ("--line-reader",),
        "The class that reads lines: LineMessageReader is the only one here.",
        "CLASS",
        completes=READERS,
    ),
    Option(("--request-required-acks",), "all (or -1), 1 or 0; default all.", "ACKS", completes=ACKS),
    Option(("--batch-size",), "Send at most so many bytes to a partition at once.", "BYTES", read=integer),
    Option(("--max-partition-memory-bytes",), "The same; goes before --batch-size.", "BYTES", read=integer),
    Option(
        ("--timeout",),
        "Wait so long for a batch to fill; default 50, and no longer than more comes in.",
        "MS",
        read=long,
    ),
    Option(
        ("--message-send-max-retries",), "Try again so often; default: until delivery.timeout.ms.", "N", read=integer
    ),
    Option(("--retry-backoff-ms",), "Wait so long before it is tried again.", "MS", read=long),
    Option(("--request-timeout-ms",), "Wait so long for the brokers' answer.", "MS", read=integer),
    Option(("--metadata-expiry-ms",), "Ask anew so often who leads which partition.", "MS", read=long),
    Option(("--max-block-ms",), "Taken without effect: a full queue waits, it drops nothing.", "MS", read=long),
    Option(("--max-memory-bytes",), "Keep at most so many bytes that are not yet sent.", "BYTES", read=long),
    Option(("--socket-buffer-size",), "The size of the system's buffer for sending.", "BYTES", read=integer),
    Option(
        ("--producer-property", "--command-property", "-X"),
        "A property of the producer, by Java's or librdkafka's name; may be repeated.",
        "NAME=VALUE",
        multiple=True,
        completes="client-setting",
    ),
    Option(("--command-config", "--producer.config"), "A file of such properties; --producer-property wins.", "FILE"),
    Option(("--yes",), "Send to a protected cluster without a question."),
    Option(("--new-producer", "--old-producer"), "Of versions before 2.0; without effect."),
    Option(
        ("--queue-size", "--queue-enqueuetimeout-ms", "--metadata-fetch-timeout-ms"),
        "Of versions before 2.0; without effect: a full queue waits.",
        "N",
        multiple=True,
    ),
    Option(
        ("--key-serializer", "--value-serializer"), "Of versions before 2.0; without effect.", "CLASS", multiple=True
    ),
)


def _run(options: Mapping[str, Any]) -> int:
    request = _request(options)
    from kafka_tools.console.produce.loop import produce

    return produce(request, RecordsBar)


def _request(options: Mapping[str, Any]) -> ProduceRequest:
    """Check the options, as ConsoleProducerConfig does, and say what to do."""
    if options["topic"] is None:
        raise UsageError('Missing required argument "[topic]"')
    if not options["topic"]:
        raise UsageError("The topic cannot be empty.")
    _check_reader(options["line_reader"])
    properties = Properties.parse(options["producer_property"], "--producer-property")
    overrides = [*properties.pairs(), *(f"{name}={value}" for name, value in _of_options(options).items())]
    server = options["bootstrap_server"] or options["broker_list"]
    target = settings.choose_brokers(server, options["command_config"], overrides)
    _check_possible({**target.java, **target.config})
    check_change(target, options["yes"])
    return ProduceRequest(
        target._replace(config=_with_idempotence({**_of_java(target.java), **target.config})),
        topic=options["topic"],
        line_format=_line_format(options),
        json_lines=options["input"] == "jsonl",
        sync=options["sync"],
    )


def _check_reader(class_name: str | None) -> None:
    if class_name is not None and class_name not in READERS:
        near = nearest(class_name, READERS)
        hint = f"Did you mean {near[0]}?" if near else "Classes of Java's that are not Kafka's own cannot be loaded."
        raise UsageError(f"there is no line reader {class_name}", hint)


def _check_possible(config: Mapping[str, str]) -> None:
    """Raise UsageError for settings that only Java's producer can obey, wherever they stand: another partition, or
    another meaning of success, must not come silently."""
    for name in ("interceptor.classes", "transactional.id"):
        if config.get(name):
            raise UsageError(f"{name}={config[name]} cannot be had here")
    partitioner = config.get("partitioner.class", "")
    if partitioner and partitioner.rpartition(".")[2] not in PARTITIONERS:
        raise UsageError(f"partitioner.class={partitioner} cannot be had: only Java's default can")


def _of_java(config: Mapping[str, str]) -> dict[str, str]:
    """Return librdkafka's settings for those of Java's producer that have another name and unit there."""
    found = {}
    sticky = config.get("partitioner.class", "").endswith("UniformStickyPartitioner")
    if sticky or config.get("partitioner.ignore.keys", "").lower() == "true":
        found["partitioner"] = "random"
    return found | (_memory(config["buffer.memory"]) if config.get("buffer.memory") else {})


def _of_options(options: Mapping[str, Any]) -> dict[str, str]:
    """Return librdkafka's settings for the options that are given."""
    codec, acks = options["compression_codec"], options["request_required_acks"]
    if codec is not None and codec not in CODECS:
        raise UsageError(f"--compression-codec cannot be '{codec}'", f"Choose from: {', '.join(CODECS)}")
    if acks is not None and acks not in ACKS:
        raise UsageError(f"--request-required-acks cannot be '{acks}'", f"Choose from: {', '.join(ACKS)}")
    size = (
        options["batch_size"]
        if options["max_partition_memory_bytes"] is None
        else options["max_partition_memory_bytes"]
    )
    given = {
        "compression.type": codec,
        "acks": acks,
        "batch.size": size,
        "linger.ms": options["timeout"],
        "retries": options["message_send_max_retries"],
        "retry.backoff.ms": options["retry_backoff_ms"],
        "request.timeout.ms": options["request_timeout_ms"],
        "topic.metadata.refresh.interval.ms": options["metadata_expiry_ms"],
        "socket.send.buffer.bytes": options["socket_buffer_size"],
    }
    found = {name: str(value) for name, value in given.items() if value is not None}
    return found | (_memory(str(options["max_memory_bytes"])) if options["max_memory_bytes"] is not None else {})


def _memory(text: str) -> dict[str, str]:
    """Return the room for what is not yet sent, from bytes."""
    if not (text.isdecimal() and len(text) < 20):
        raise UsageError(f"buffer.memory cannot be '{text}': it is a number of bytes")
    return {"queue.buffering.max.kbytes": str(min(max(1 << 10, -(-int(text) // 1024)), (1 << 31) - 1))}


def _with_idempotence(config: Mapping[str, str]) -> Mapping[str, str]:
    """Let idempotence, the default, give way to what contradicts it, unless it was asked for (KIP-679)."""
    contradicts = (
        config.get("acks", "all") not in ("all", "-1")
        or config.get("retries") == "0"
        or int(config.get("max.in.flight.requests.per.connection", "5")) > 5
    )
    return {**config, "enable.idempotence": "false"} if contradicts and "enable.idempotence" not in config else config


def _file(path: str | None) -> dict[str, str]:
    """Return what stands in a properties file, nothing without one. Raises KafkaToolError where it cannot be read."""
    if path is None:
        return {}
    from kafka_tools.settings import properties as files

    return files.read(path)


def _line_format(options: Mapping[str, Any]) -> LineFormat:
    """Read LineMessageReader's properties. Raises UsageError for two that are equal."""
    properties = Properties.parse(options["property"], "--property", _file(options["reader_config"]))
    default = LineFormat()
    parts: dict[str, Any] = {}
    for name in FLAGS:
        parts[name.replace(".", "_")] = properties.flag(name, getattr(default, name.replace(".", "_")))
    for name in SEPARATORS:
        parts[name.replace(".", "_")] = properties.content(name, getattr(default, name.replace(".", "_")))
    marker = properties.text("null.marker")
    line_format = LineFormat(**parts, null_marker=None if marker is None else marker.encode(errors="surrogateescape"))
    line_format.check()
    properties.mention_rest()
    return line_format


command = tool(
    name="console-producer",
    section="Records",
    summary="Send each line of stdin to a topic.",
    description="""Send each line of stdin as one record, byte for byte, in order, to all replicas in sync.

acks=all and idempotence are the default. Status 0 means that every record was delivered; stderr says which were
not.""",
    options=OPTIONS,
    run=_run,
)
