"""`ktools console-consumer`: kafka-console-consumer.sh (org.apache.kafka.tools.consumer.ConsoleConsumer, 3.9)."""

from collections.abc import Mapping
from typing import Any

import click

from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.joptsimple import JavaInteger
from kafka_tools.cli.options import bootstrap_server_option
from kafka_tools.console.consumer import EARLIEST, LATEST, ConsumeRequest, consume
from kafka_tools.console.format import RecordFormat
from kafka_tools.console.properties import Properties
from kafka_tools.errors import UsageError
from kafka_tools.model.java import hash_order
from kafka_tools.settings import target as settings

# Command

FLAGS = ("print.timestamp", "print.partition", "print.offset", "print.headers", "print.key", "print.value")
TEXTS = ("key.separator", "line.separator", "headers.separator", "null.literal")
DESERIALIZERS = ("key.deserializer", "value.deserializer", "headers.deserializer")
RESETS = {"earliest": EARLIEST, "latest": LATEST}


@click.command(
    "console-consumer",
    cls=ToolCommand,
    section="Records",
    short_help="Print the records of a topic.",
    reports=False,
)
@bootstrap_server_option
@click.option("--topic", metavar="TOPIC", help="The topic to read.")
@click.option("--from-beginning", is_flag=True, help="Start at the oldest record, unless the group has been further.")
@click.option("--max-messages", type=JavaInteger(), metavar="N", help="End after N records.")
@click.option(
    "--timeout-ms",
    type=JavaInteger(),
    metavar="MS",
    help="End, with status 0, when no record comes for MS milliseconds.",
)
@click.option(
    "--group",
    metavar="GROUP",
    help="Go on where this consumer group stopped, and commit what was written. Without it nothing is committed.",
)
@click.option("--partition", type=JavaInteger(), metavar="N", help="Read only this partition, from its end.")
@click.option("--offset", metavar="OFFSET", help="With --partition: where to start. earliest, latest or a number.")
@click.option(
    "--property",
    "--formatter-property",
    "properties",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"What to print: {', '.join(FLAGS)} (true or false), {', '.join(TEXTS)}; may be repeated.",
)
@click.option(
    "--consumer-property",
    "consumer_properties",
    multiple=True,
    metavar="NAME=VALUE",
    help="group.id, auto.offset.reset (earliest, latest); may be repeated.",
)
def command(**options: Any) -> int:
    """Print the records of a topic to stdout, byte for byte.

    With --group, offsets are committed only for records that were written: whatever ends this tool, the next start
    loses nothing.
    """
    return consume(_request(options))


def _request(options: Mapping[str, Any]) -> ConsumeRequest:
    """Check the options against each other, as ConsoleConsumerOptions does, and say what to do."""
    if not options["topic"]:
        raise UsageError("Exactly one of --include/--topic is required. ")
    consumer_properties = Properties.parse(options["consumer_properties"], "--consumer-property")
    start = _start(options)
    group = _group(options["group"], consumer_properties)
    if group is not None and options["partition"] is not None:
        raise UsageError("Options group and partition cannot be specified together.")
    reset = _reset(options["from_beginning"], consumer_properties)
    consumer_properties.refuse_rest()
    target = settings.choose_brokers(options["bootstrap_server"])
    return ConsumeRequest(
        bootstrap_servers=target.bootstrap_servers,
        config=target.config,
        topic=options["topic"],
        group=group,
        partition=options["partition"],
        start=reset if start is None else start,
        reset=reset,
        max_messages=_max_messages(options["max_messages"]),
        timeout_ms=options["timeout_ms"],
        record_format=_record_format(Properties.parse(options["properties"], "--property")),
    )


def _start(options: Mapping[str, Any]) -> int | None:
    """Return --offset's number, or None where it is not given."""
    offset = options["offset"]
    if offset is None:
        return None
    if options["partition"] is None:
        raise UsageError("The partition is required when offset is specified.")
    if options["from_beginning"]:
        raise UsageError("Options from-beginning and offset cannot be specified together.")
    if offset.lower() in RESETS:
        return RESETS[offset.lower()]
    if offset.isdecimal() and offset.isascii() and int(offset) < 1 << 63:
        return int(offset)
    raise UsageError(
        f"The provided offset value '{offset}' is incorrect. "
        "Valid values are 'earliest', 'latest', or a non-negative long."
    )


def _group(group: str | None, consumer_properties: Properties) -> str | None:
    other = consumer_properties.text("group.id")
    if group is not None and other is not None and group != other:
        detected = ", ".join(f"'{each}'" for each in hash_order((group, other), 16))
        raise UsageError(
            "The group ids provided in different places (directly using '--group', via '--consumer-property', or via "
            f"'--consumer.config') do not match. Detected group ids: {detected}"
        )
    group = other if group is None else group
    if group == "":
        raise UsageError("The group id cannot be empty.")
    return group


def _reset(from_beginning: bool, consumer_properties: Properties) -> int:
    text = consumer_properties.text("auto.offset.reset")
    if text is None:
        return EARLIEST if from_beginning else LATEST
    if from_beginning and text != "earliest":
        raise UsageError(
            f"Can't simultaneously specify --from-beginning and 'auto.offset.reset={text}', please remove one option"
        )
    if text not in RESETS:
        raise UsageError(f"auto.offset.reset cannot be '{text}'", "Choose from: earliest, latest")
    return RESETS[text]


def _max_messages(number: int | None) -> int | None:
    return None if number is None or number == -1 else max(0, number)


def _record_format(properties: Properties) -> RecordFormat:
    """Read DefaultMessageFormatter's properties; records are bytes, so only deserializers that keep them are taken."""
    for name in DESERIALIZERS:
        properties.check_text_serde(name)
    default = RecordFormat()
    parts: dict[str, Any] = {}
    for name in FLAGS:
        parts[name.replace(".", "_")] = properties.flag(name, getattr(default, name.replace(".", "_")))
    for name in TEXTS:
        parts[name.replace(".", "_")] = properties.content(name, getattr(default, name.replace(".", "_")))
    properties.mention_rest()
    return RecordFormat(**parts)
