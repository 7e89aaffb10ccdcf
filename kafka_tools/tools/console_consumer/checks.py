"""Checks the options of console-consumer against each other, as ConsoleConsumerOptions (3.9) does, and reads them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kafka_tools.cli import options, types
from kafka_tools.cli.options import OUTPUT, F, option
from kafka_tools.cli.properties import Properties, read_file
from kafka_tools.console.consume import EARLIEST, LATEST, Window
from kafka_tools.console.formats import (
    DECODING,
    DEFAULT,
    PACKAGE,
    PLAIN,
    Deserializer,
    RecordFormat,
    deprecation,
)
from kafka_tools.console.process import note
from kafka_tools.errors import UsageError
from kafka_tools.model.groups import joined
from kafka_tools.model.java_hash_order import hash_order
from kafka_tools.model.times import milliseconds
from kafka_tools.settings import choice as settings

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
IN_A_TABLE = RecordFormat(
    print_timestamp=True, print_partition=True, print_offset=True, print_headers=True, print_key=True
)
"""What a table shows where nothing else is said."""


def formatter_options(function: F) -> F:
    """Declare the options that say how records are printed, which `record_format` and `formatter_class` read."""
    properties = options.line_properties(
        OUTPUT,
        "formatter",
        (*FLAGS, *TEXTS, *DESERIALIZERS),
        f"What to print: {', '.join(FLAGS)} (true or false), {', '.join((*TEXTS, *DESERIALIZERS))}",
    )
    key = option(
        OUTPUT,
        "--key-deserializer",
        type=types.Text("CLASS", "deserializer"),
        help="What reads keys, of org.apache.kafka.common.serialization.",
    )
    value = option(OUTPUT, "--value-deserializer", type=types.Text("CLASS", "deserializer"), help="What reads values.")
    formatter = option(
        OUTPUT,
        "--formatter",
        type=types.words("CLASS", (f"{PACKAGE}{name}" for name in (*PLAIN, *DECODING))),
        help="What prints records, of org.apache.kafka.tools.consumer.",
    )
    return properties(key(value(formatter(function))))


def partition_list(option: str, text: str) -> tuple[int, ...]:
    """Read `0,2-4`. Raises UsageError for anything else."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        # `0-99999999999` must not be counted out before anybody looks at it: hence the three limits.
        if not (first.isdecimal() and (last.isdecimal() or not dash)) or len(part) > 20:
            raise UsageError(f"--{option}: '{text}' is no list of partitions", "Such is: 0,2-4")
        numbers = range(int(first), int(last or first) + 1)
        if not numbers or numbers[-1] >= 1 << 31 or len(numbers) > 100_000:
            raise UsageError(f"--{option}: '{part}' is no range of partitions")
        found += numbers
    return tuple(dict.fromkeys(found))


def servers(bootstrap_server: str | None, zookeeper: str | None) -> str | None:
    """Return --bootstrap-server's addresses, or those of the brokers that the old consumer's --zookeeper knows."""
    if bootstrap_server is not None or zookeeper is None:
        return bootstrap_server
    from kafka_tools.backends import registered_brokers

    found = registered_brokers(settings.choose_zookeeper(zookeeper))
    note(f"ktools: ZooKeeper names the brokers {found}, which keep the offsets; --zookeeper is of Kafka before 2.0.")
    return found


def pattern_of_topics(topic: str | None, include: str | None, whitelist: str | None) -> str | None:
    """Return the pattern of topics, None where a topic is named. Raises UsageError unless exactly one of them is."""
    # `--topic ""` counts as no topic here.
    pattern = whitelist if include is None else include
    if bool(topic) == (pattern is not None):
        old = "--whitelist is DEPRECATED use --include instead; ignored if --include specified."
        raise UsageError(f"Exactly one of --include/--topic is required. {'' if whitelist is None else old}")
    return pattern


def partition_options(
    topic: str | None,
    partition: int | None,
    partitions: tuple[int, ...] | None,
    offset: str | None,
    from_beginning: bool,
) -> None:
    """Raise UsageError where --partition, --partitions and --offset do not fit each other or the others."""
    if partition is not None and not topic:
        raise UsageError("The topic is required when partition is specified.")
    if partition is not None and partitions is not None:
        raise UsageError("Options partition and partitions cannot be specified together.")
    # An offset means another record in each partition.
    if offset is not None and partition is None:
        raise UsageError("The partition is required when offset is specified.")
    if offset is not None and from_beginning:
        raise UsageError("Options from-beginning and offset cannot be specified together.")


def start_offset(offset: str | None) -> tuple[int | None, int | None]:
    """Return --offset's number and how many records before the end it means, None for what is not given.

    Raises UsageError, in Apache's words, for a text that is neither.
    """
    if offset is None:
        return None, None
    # Java compares in lower case, and its Long.parseLong takes a `+`; -N is of ktools alone, an error there.
    if offset.lower() in OFFSETS:
        return OFFSETS[offset.lower()], None
    digits = offset[1:] if offset[:1] in ("+", "-") else offset
    if digits.isdecimal() and digits.isascii() and len(digits) < 20 and int(digits) < 1 << 63:
        return (None, int(digits)) if offset.startswith("-") else (int(digits), None)
    raise UsageError(
        f"The provided offset value '{offset}' is incorrect. "
        "Valid values are 'earliest', 'latest', or a non-negative long."
    )


class Given(NamedTuple):
    """Settings of the consumer that the command line has: NAME=VALUE, the groups that options and file name, and
    whether a pattern fits internal topics, too."""

    settings: Sequence[str]
    groups: tuple[str | None, ...]
    internal: bool


def consumer_settings(pairs: Sequence[str], path: str | None) -> Given:
    """Read --consumer-property and its file. Raises UsageError for settings that cannot be."""
    properties = Properties.parse(pairs, "--consumer-property")
    in_options = dict(pair.split("=", 1) for pair in properties.pairs())
    in_file = _settings_file(path)
    # Not taken out of the file: it reaches the client by --command-config, and is read here only for what needs a
    # decision.
    _refuse(in_options, in_file)
    internal = not properties.flag("exclude.internal.topics", True)
    return Given(properties.pairs(), (in_file.get("group.id"), in_options.get("group.id")), internal)


def _refuse(in_options: Mapping[str, str], in_file: Mapping[str, str]) -> None:
    """Raise UsageError for settings that cannot be; in a file, which may serve others, some are only told of."""
    for name in UNUSABLE:
        if name in in_options:
            raise UsageError(f"--consumer-property {name} cannot be had here")
        if name in in_file:
            note(f"ktools: {name} has no effect here")
    # An empty one in a file is left out by `_settings_file`: a template may have it.
    if in_options.get("group.id") == "":
        raise UsageError("The group id cannot be empty.")
    for given in (in_options, in_file):
        reset = given.get("auto.offset.reset", "earliest")
        if reset not in ("earliest", "latest", "none"):
            raise UsageError(f"auto.offset.reset cannot be '{reset}'", "Choose from: earliest, latest, none")


def group_id(
    group: str | None,
    provided: Sequence[str | None],
    config: Mapping[str, str],
    partition: int | None,
    file_option: str = "--consumer.config",
) -> str | None:
    """Return the group that all who name one agree on; an option and a file go before a context's settings.

    `file_option` is what the option of the file is called.

    Raises UsageError where they do not agree, and where a single partition is read.
    """
    # The same name twice is no contradiction: ConsoleConsumerOptions collects them in a set.
    groups = list(dict.fromkeys(each for each in (group, *provided) if each is not None))
    if len(groups) > 1:
        detected = ", ".join(f"'{each}'" for each in hash_order(groups, 16))
        raise UsageError(
            "The group ids provided in different places (directly using '--group', via '--consumer-property', or via "
            f"'{file_option}') do not match. Detected group ids: {detected}"
        )
    # What the command line says goes before what a context or a variable says.
    agreed = groups[0] if groups else config.get("group.id")
    if agreed is not None and partition is not None:
        raise UsageError("Options group and partition cannot be specified together.")
    return None if agreed is None else joined(agreed)


def reset_offset(from_beginning: bool, config: Mapping[str, str]) -> int | None:
    """Return where auto.offset.reset, or --from-beginning, leads; None: to an error."""
    word = config.get("auto.offset.reset")
    if word is None:
        return EARLIEST if from_beginning else LATEST
    if from_beginning and word != "earliest":
        # `config` has librdkafka's word for it by now; the message has Java's.
        word = "none" if word == "error" else word
        raise UsageError(
            f"Can't simultaneously specify --from-beginning and 'auto.offset.reset={word}', please remove one option"
        )
    return RESETS[word]


def starts_and_ends(
    window: Window,
    from_beginning: bool,
    has_offset: bool,
    last: int | None,
    partitions: tuple[int, ...] | None,
    group: str | None,
) -> None:
    """Raise UsageError where two options say where to start, or end, in ways that cannot both be meant.

    These are options that only ktools has, so that Apache's own checks come before.
    """
    given = {
        "--from-beginning": from_beginning,
        "--offset": has_offset,
        "--last": last is not None,
        "--from-time": window.from_time is not None,
    }
    starts = [name for name, is_given in given.items() if is_given]
    if len(starts) > 1:
        raise UsageError(f"{' and '.join(starts)} cannot be given together")
    own = [name for name in starts if name in ("--last", "--from-time")] + ["--partitions"] * bool(partitions)
    if group is not None and own:
        raise UsageError(f"{own[0]} and a group cannot be given together: its offsets say where it goes on")
    if window.last is not None and window.last < 0:
        raise UsageError("--last needs a number that is not negative")
    # Nobody knows the first record of a time that is still to come: reading would never end.
    if window.to_time is not None and window.to_time > milliseconds("to-time", "now"):
        raise UsageError("--to-time is in the future", "--until-end ends at the end that is there now.")


def most_records(max_messages: int | None) -> int | None:
    """Return after how many records reading ends, None: never."""
    # -1 has no limit, every other number below 0 reads nothing: `messageCount < maxMessages || maxMessages == -1`
    # (ConsoleConsumer.process, 3.9; the loop of ConsoleShareConsumer, 4.4).
    return None if max_messages is None or max_messages == -1 else max(0, max_messages)


def formatter_class(class_name: str | None, output: str | None) -> str:
    """Return the class that prints records. Raises UsageError for one that is not Apache's, or has no say here."""
    if class_name is not None and output not in (None, "plain"):
        raise UsageError(f"--formatter and --output {output} cannot be given together")
    warning = deprecation(class_name) if class_name is not None else ""
    if warning:
        note(warning)
    return class_name or DEFAULT


def _settings_file(path: str | None) -> dict[str, str]:
    """Return what is looked at here of a file of client settings, references replaced, without what is empty."""
    if path is None:
        return {}
    from kafka_tools.settings.values import Values

    content = read_file(path)
    wanted = {
        name: Values(content).text(name) for name in (*UNUSABLE, "group.id", "auto.offset.reset") if name in content
    }
    return {name: value for name, value in wanted.items() if value}


def record_format(
    pairs: Sequence[str],
    path: str | None,
    deserializers: tuple[str | None, str | None],
    as_table: bool,
) -> RecordFormat:
    """Read DefaultMessageFormatter's properties; a property goes before the option of the same meaning.

    `deserializers` are the options for keys and values.
    """
    named = dict(zip(("key.deserializer", "value.deserializer"), deserializers, strict=True))
    # File, options, properties: each goes before the one in front of it (ConsoleConsumerOptions.formatterArgs, 3.9).
    base = read_file(path) | {name: class_name for name, class_name in named.items() if class_name}
    properties = Properties.parse(pairs, "--property", base)
    found = properties.fill(IN_A_TABLE if as_table else RecordFormat(), FLAGS, TEXTS)
    found = found._replace(
        key_deserializer=_deserializer(properties, "key.deserializer"),
        value_deserializer=_deserializer(properties, "value.deserializer"),
        headers_deserializer=_deserializer(properties, "headers.deserializer"),
    )
    properties.mention_rest()
    return found


def _deserializer(properties: Properties, name: str) -> Deserializer | None:
    """Take a deserializer and its own properties. Raises UsageError for one that is not there."""
    # Both are taken even where no class is named, or they would be called unknown in the end.
    class_name, config = properties.text(name), properties.prefixed(f"{name}.")
    if class_name is None:
        return None
    from kafka_tools.console.formats.deserializers import compile_deserializer

    deserializer = Deserializer(class_name, config, is_key=name.startswith("key"))
    compile_deserializer(deserializer)  # before any broker is asked: it may be refused
    return deserializer
