"""`ktools console-consumer`: kafka-console-consumer.sh (org.apache.kafka.tools.consumer.ConsoleConsumer, 3.9)."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kafka_tools.cli.joptsimple import BOOTSTRAP_SERVER, Option, integer, long, one_of, tool
from kafka_tools.cli.properties import Properties
from kafka_tools.console.consume.request import (
    EARLIEST,
    LATEST,
    ConsumeRequest,
    Membership,
    RecordOutput,
    Source,
    Window,
)
from kafka_tools.console.formats.formatters import DECODING, DEFAULT, PACKAGE, PLAIN, deprecation
from kafka_tools.console.formats.record_format import Deserializer, Formatter, RecordFormat
from kafka_tools.console.notes import note
from kafka_tools.errors import UsageError
from kafka_tools.model.java_hash_order import hash_order
from kafka_tools.model.times import milliseconds
from kafka_tools.render.progress import RecordsBar
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

FLAGS = (
    "print.timestamp",
    "print.partition",
    "print.offset",
    "print.delivery",
    "print.epoch",
    "print.headers",
    "print.key",
    "print.value",
)
TEXTS = ("key.separator", "line.separator", "headers.separator", "null.literal")
DESERIALIZERS = ("key.deserializer", "value.deserializer", "headers.deserializer")
RESETS = {"earliest": EARLIEST, "latest": LATEST, "error": None}
UNUSABLE = ("interceptor.classes", "enable.auto.offset.store", "enable.partition.eof")
"""What only Java's consumer can do, and what would undo what this tool promises."""

OFFSETS = {"earliest": EARLIEST, "latest": LATEST}
OUTPUTS = ("plain", "table", "json", "jsonl")
"""--output's words; none of Apache's tools has the option."""

IN_A_TABLE = RecordFormat(
    print_timestamp=True, print_partition=True, print_offset=True, print_headers=True, print_key=True
)
"""What a table shows where nothing else is said."""


def _partitions(option: str, text: str) -> tuple[int, ...]:
    """Read `0,2-4`. Raises UsageError for anything else."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(part) > 20:
            raise UsageError(f"--{option}: '{text}' is no list of partitions", "Such is: 0,2-4")
        numbers = range(int(first), int(last or first) + 1)
        if not numbers or numbers[-1] >= 1 << 31 or len(numbers) > 100_000:
            raise UsageError(f"--{option}: '{part}' is no range of partitions")
        found += numbers
    return tuple(dict.fromkeys(found))


def _time(option: str, text: str) -> int:
    return milliseconds(option, text)


OPTIONS = (
    BOOTSTRAP_SERVER,
    Option(("--topic",), "The topic to read.", "TOPIC"),
    Option(
        ("--include",),
        "Read all topics whose whole names fit this pattern, new ones too.",
        "REGEX",
        completes="topic",
    ),
    Option(("--whitelist",), "The older name of --include, which wins.", "REGEX", completes="topic"),
    Option(("--from-beginning",), "Start at the oldest record, unless the group has been further."),
    Option(("--max-messages",), "End after N records.", "N", read=integer),
    Option(("--timeout-ms",), "End, with status 0, when no record comes for MS milliseconds.", "MS", read=long),
    Option(
        ("--group",),
        "Go on where this consumer group stopped, and commit what was written. Without it nothing is committed.",
        "GROUP",
    ),
    Option(("--partition",), "Read only this partition, from its end.", "N", read=integer),
    Option(("--partitions",), "Read only these partitions: 0,2-4.", "LIST", read=_partitions),
    Option(
        ("--offset",),
        "With --partition: where to start. earliest, latest, a number, or -N for N records before the end.",
        "OFFSET",
        completes=tuple(OFFSETS),
    ),
    Option(("--last",), "Start N records before the end of each partition.", "N", read=long),
    Option(("--from-time",), "Start at this time: 2026-11-23T08:00, 1700000000, -1h, now.", "TIME", read=_time),
    Option(("--to-time",), "End before the first record of this time.", "TIME", read=_time),
    Option(("--until-end",), "End when every partition has reached the end it had at the start."),
    Option(
        ("--isolation-level",),
        "read_committed leaves out records of transactions that were not committed; default read_uncommitted.",
        "LEVEL",
        completes=("read_committed", "read_uncommitted"),
    ),
    Option(
        ("--output",),
        f"{', '.join(OUTPUTS)}: as Apache prints records, as a table that grows, or whole as JSON objects.",
        "FORMAT",
        read=one_of(*OUTPUTS),
    ),
    Option(
        ("--property", "--formatter-property"),
        f"What to print: {', '.join(FLAGS)} (true or false), {', '.join((*TEXTS, *DESERIALIZERS))}; may be repeated.",
        "NAME=VALUE",
        multiple=True,
        completes=tuple(f"{name}=" for name in (*FLAGS, *TEXTS, *DESERIALIZERS)),
    ),
    Option(("--formatter-config",), "A file of such properties; --property wins.", "FILE"),
    Option(
        ("--key-deserializer",),
        "What reads keys, of org.apache.kafka.common.serialization.",
        "CLASS",
        completes="deserializer",
    ),
    Option(("--value-deserializer",), "What reads values.", "CLASS", completes="deserializer"),
    Option(
        ("--formatter",),
        "What prints records, of org.apache.kafka.tools.consumer.",
        "CLASS",
        completes=tuple(f"{PACKAGE}{name}" for name in (*PLAIN, *DECODING)),
    ),
    Option(("--skip-message-on-error",), "Leave out a record that cannot be read instead of ending."),
    Option(
        ("--consumer-property", "--command-property", "-X"),
        "A property of the consumer, by Java's or librdkafka's name; may be repeated.",
        "NAME=VALUE",
        multiple=True,
        completes="client-setting",
    ),
    Option(("--command-config", "--consumer.config"), "A file of such properties; --consumer-property wins.", "FILE"),
    Option(("--yes",), "Join a group of a protected cluster without a question."),
    Option(("--enable-systest-events",), "Write shutdown_complete on stdout in the end."),
    Option(("--zookeeper",), "As before Kafka 2.0; names the ensemble where the brokers are found.", "HOST:PORT[,…]"),
    Option(("--new-consumer", "--csv-reporter-enabled"), "Of versions before 2.0; without effect."),
    Option(("--metrics-dir",), "Of versions before 2.0; without effect.", "DIR"),
)


def _run(options: Mapping[str, Any]) -> int:
    request = _request(options)
    from kafka_tools.console.consume.loop import consume

    return consume(request, _table(request) if request.output.form == "table" else None, RecordsBar)


def _table(request: ConsumeRequest) -> Formatter:
    """Return what writes records as rows of a table."""
    from kafka_tools.console.formats.table import compile_cells
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
    table, encoding = GrowingTable([columns[name] for name in names]), sys.stdout.encoding
    return lambda batch: table.text(rows(batch)).encode(encoding, "backslashreplace")


def _request(options: Mapping[str, Any]) -> ConsumeRequest:
    """Check the options against each other, as ConsoleConsumerOptions does, and say what to do."""
    include = _include(options)
    start, last = _start(options)
    properties = Properties.parse(options["consumer_property"], "--consumer-property")
    in_options = dict(pair.split("=", 1) for pair in properties.pairs())
    in_file = _settings_file(options["command_config"])
    _refuse(in_options, in_file)
    internal = not properties.flag("exclude.internal.topics", True)
    level = [f"isolation.level={options['isolation_level']}"] if options["isolation_level"] is not None else []
    target = settings.choose_brokers(_servers(options), options["command_config"], [*properties.pairs(), *level])
    reset = _reset(options["from_beginning"], target.config)
    group = _group(options, (in_file.get("group.id"), in_options.get("group.id")), target.config)
    partition = options["partition"]
    request = ConsumeRequest(
        Source(
            target,
            topic=options["topic"],
            include=include,
            internal=internal,
            partitions=options["partitions"] or () if partition is None else (partition,),
        ),
        Window(
            start=(LATEST if reset is None else reset) if start is None else start,
            last=options["last"] if last is None else last,
            from_time=options["from_time"],
            to_time=options["to_time"],
            until_end=options["until_end"],
            reset=reset,
            max_messages=_max_messages(options["max_messages"]),
            timeout_ms=options["timeout_ms"],
        ),
        None if group is None else Membership.of(group, target.config),
        RecordOutput(
            form=options["output"] or "plain",
            formatter=_formatter(options["formatter"], options["output"]),
            record_format=_record_format(options),
            skip_unreadable=options["skip_message_on_error"],
            says_end=options["enable_systest_events"],
        ),
    )
    _check_window(request, options)
    if group is not None:
        check_change(target, options["yes"])
    return request


def _servers(options: Mapping[str, Any]) -> str | None:
    """Return --bootstrap-server's addresses, or those of the brokers that the old consumer's --zookeeper knows."""
    servers: str | None = options["bootstrap_server"]
    if servers is not None or options["zookeeper"] is None:
        return servers
    from kafka_tools.backends import registered_brokers

    servers = registered_brokers(settings.choose_zookeeper(options["zookeeper"]))
    note(f"ktools: ZooKeeper names the brokers {servers}, which keep the offsets; --zookeeper is of Kafka before 2.0.")
    return servers


def _include(options: Mapping[str, Any]) -> str | None:
    """Return the pattern of topics, if it is one and not a topic."""
    include: str | None = options["include"] if options["include"] is not None else options["whitelist"]
    if bool(options["topic"]) == (include is not None):
        old = "--whitelist is DEPRECATED use --include instead; ignored if --include specified."
        raise UsageError(f"Exactly one of --include/--topic is required. {'' if options['whitelist'] is None else old}")
    return include


def _start(options: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return --offset's number and how many records before the end it means, None for what is not given."""
    offset, partition = options["offset"], options["partition"]
    if partition is not None and not options["topic"]:
        raise UsageError("The topic is required when partition is specified.")
    if partition is not None and options["partitions"] is not None:
        raise UsageError("Options partition and partitions cannot be specified together.")
    if offset is None:
        return None, None
    if partition is None:
        raise UsageError("The partition is required when offset is specified.")
    if options["from_beginning"]:
        raise UsageError("Options from-beginning and offset cannot be specified together.")
    if offset.lower() in OFFSETS:
        return OFFSETS[offset.lower()], None
    digits = offset[1:] if offset[:1] in ("+", "-") else offset
    if digits.isdecimal() and digits.isascii() and len(digits) < 20 and int(digits) < 1 << 63:
        return (None, int(digits)) if offset.startswith("-") else (int(digits), None)
    raise UsageError(
        f"The provided offset value '{offset}' is incorrect. "
        "Valid values are 'earliest', 'latest', or a non-negative long."
    )


def _refuse(in_options: Mapping[str, str], in_file: Mapping[str, str]) -> None:
    """Raise UsageError for settings that cannot be; in a file, which may serve others, some are only told of."""
    for name in UNUSABLE:
        if name in in_options:
            raise UsageError(f"--consumer-property {name} cannot be had here")
        if name in in_file:
            note(f"ktools: {name} has no effect here")
    if in_options.get("group.id") == "":
        raise UsageError("The group id cannot be empty.")
    for given in (in_options, in_file):
        reset = given.get("auto.offset.reset", "earliest")
        if reset not in ("earliest", "latest", "none"):
            raise UsageError(f"auto.offset.reset cannot be '{reset}'", "Choose from: earliest, latest, none")


def _group(options: Mapping[str, Any], provided: Sequence[str | None], config: Mapping[str, str]) -> str | None:
    """Return the group that all who name one agree on; an option and a file go before a context's settings."""
    groups = list(dict.fromkeys(group for group in (options["group"], *provided) if group is not None))
    if len(groups) > 1:
        detected = ", ".join(f"'{each}'" for each in hash_order(groups, 16))
        raise UsageError(
            "The group ids provided in different places (directly using '--group', via '--consumer-property', or via "
            f"'--consumer.config') do not match. Detected group ids: {detected}"
        )
    group = groups[0] if groups else config.get("group.id")
    if group is not None and options["partition"] is not None:
        raise UsageError("Options group and partition cannot be specified together.")
    return group


def _reset(from_beginning: bool, config: Mapping[str, str]) -> int | None:
    """Return where auto.offset.reset, or --from-beginning, leads; None: to an error."""
    word = config.get("auto.offset.reset")
    if word is None:
        return EARLIEST if from_beginning else LATEST
    if from_beginning and word != "earliest":
        word = "none" if word == "error" else word
        raise UsageError(
            f"Can't simultaneously specify --from-beginning and 'auto.offset.reset={word}', please remove one option"
        )
    return RESETS[word]


def _check_window(request: ConsumeRequest, options: Mapping[str, Any]) -> None:
    """Raise UsageError where two options say where to start, or end, in ways that cannot both be meant."""
    given = {
        "--from-beginning": options["from_beginning"],
        "--offset": options["offset"] is not None,
        "--last": options["last"] is not None,
        "--from-time": options["from_time"] is not None,
    }
    starts = [name for name, is_given in given.items() if is_given]
    if len(starts) > 1:
        raise UsageError(f"{' and '.join(starts)} cannot be given together")
    own = [name for name in starts if name in ("--last", "--from-time")] + ["--partitions"] * bool(
        options["partitions"]
    )
    if request.membership is not None and own:
        raise UsageError(f"{own[0]} and a group cannot be given together: its offsets say where it goes on")
    window = request.window
    if window.last is not None and window.last < 0:
        raise UsageError("--last needs a number that is not negative")
    if window.to_time is not None and window.to_time > _time("to-time", "now"):
        raise UsageError("--to-time is in the future", "--until-end ends at the end that is there now.")


def _max_messages(number: int | None) -> int | None:
    return None if number is None or number == -1 else max(0, number)


def _formatter(class_name: str | None, output: str | None) -> str:
    if class_name is not None and output not in (None, "plain"):
        raise UsageError(f"--formatter and --output {output} cannot be given together")
    warning = deprecation(class_name) if class_name is not None else ""
    if warning:
        note(warning)
    return class_name or DEFAULT


def _file(path: str | None) -> dict[str, str]:
    """Return what stands in a properties file, nothing without one. Raises KafkaToolError where it cannot be read."""
    if path is None:
        return {}
    from kafka_tools.settings import properties as files

    return files.read(path)


def _settings_file(path: str | None) -> dict[str, str]:
    """Return what is looked at here of a file of client settings, references replaced, without what is empty."""
    if path is None:
        return {}
    from kafka_tools.settings.values import Values

    content = _file(path)
    wanted = {
        name: Values(content).text(name) for name in (*UNUSABLE, "group.id", "auto.offset.reset") if name in content
    }
    return {name: value for name, value in wanted.items() if value}


def _record_format(options: Mapping[str, Any]) -> RecordFormat:
    """Read DefaultMessageFormatter's properties; a property goes before the option of the same meaning."""
    base = _file(options["formatter_config"])
    base |= {f"{part}.deserializer": name for part in ("key", "value") if (name := options[f"{part}_deserializer"])}
    properties = Properties.parse(options["property"], "--property", base)
    default = IN_A_TABLE if options["output"] == "table" else RecordFormat()
    parts: dict[str, Any] = {}
    for name in FLAGS:
        parts[name.replace(".", "_")] = properties.flag(name, getattr(default, name.replace(".", "_")))
    for name in TEXTS:
        parts[name.replace(".", "_")] = properties.content(name, getattr(default, name.replace(".", "_")))
    for name in DESERIALIZERS:
        parts[name.replace(".", "_")] = _deserializer(properties, name)
    properties.mention_rest()
    return RecordFormat(**parts)


def _deserializer(properties: Properties, name: str) -> Any:
    """Take a deserializer and its own properties. Raises UsageError for one that is not there."""
    class_name, config = properties.text(name), properties.prefixed(f"{name}.")
    if class_name is None:
        return None
    from kafka_tools.console.formats.deserializers import compile_deserializer

    deserializer = Deserializer(class_name, config, is_key=name.startswith("key"))
    compile_deserializer(deserializer)  # before any broker is asked: it may be refused
    return deserializer


command = tool(
    name="console-consumer",
    section="Records",
    summary="Print the records of a topic.",
    description="""Print the records of a topic to stdout, byte for byte.

With --group, offsets are committed only for records that were written: whatever ends this tool, the next start loses
nothing.""",
    options=OPTIONS,
    run=_run,
)
