"""`ktools console-producer`: kafka-console-producer.sh (kafka.tools.ConsoleProducer, 3.9)."""

from collections.abc import Mapping
from typing import Any

import click

from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.options import bootstrap_server_option
from kafka_tools.console.parse import LineFormat
from kafka_tools.console.producer import ProduceRequest, produce
from kafka_tools.console.properties import Properties
from kafka_tools.errors import UsageError
from kafka_tools.settings import target as settings

# Command


@click.command(
    "console-producer",
    cls=ToolCommand,
    section="Records",
    short_help="Send each line of stdin to a topic.",
    reports=False,
)
@bootstrap_server_option
@click.option("--broker-list", metavar="HOST:PORT[,…]", help="The older name of --bootstrap-server, which wins.")
@click.option("--topic", metavar="TOPIC", help="The topic to send to; it is never created.")
@click.option("--sync", is_flag=True, help="Wait for each record's delivery before the next line is sent.")
@click.option(
    "--property",
    "--reader-property",
    "properties",
    multiple=True,
    metavar="NAME=VALUE",
    help="How to read a line: parse.key, ignore.error (true or false), key.separator, null.marker; may be repeated.",
)
def command(**options: Any) -> int:
    """Send each line of stdin as one record, byte for byte, in order, to all replicas in sync (acks=all, idempotent).

    Status 0 means that every record was delivered; stderr says which were not.
    """
    return produce(_request(options))


def _request(options: Mapping[str, Any]) -> ProduceRequest:
    """Check the options, as ConsoleProducerConfig does, and say what to do."""
    if options["topic"] is None:
        raise UsageError('Missing required argument "[topic]"')
    if not options["topic"]:
        raise UsageError("The topic cannot be empty.")
    properties = Properties.parse(options["properties"], "--property")
    target = settings.choose_brokers(options["bootstrap_server"] or options["broker_list"])
    return ProduceRequest(
        bootstrap_servers=target.bootstrap_servers,
        config=target.config,
        topic=options["topic"],
        line_format=_line_format(properties),
        sync=options["sync"],
    )


def _line_format(properties: Properties) -> LineFormat:
    """Read LineMessageReader's properties."""
    if properties.flag("parse.headers", False):
        raise UsageError("--property parse.headers=true is not there yet: records are sent without headers")
    for name in ("headers.delimiter", "headers.separator", "headers.key.separator"):
        properties.text(name)
    default = LineFormat()
    marker = properties.text("null.marker")
    line_format = LineFormat(
        parse_key=properties.flag("parse.key", default.parse_key),
        key_separator=properties.content("key.separator", default.key_separator),
        ignore_error=properties.flag("ignore.error", default.ignore_error),
        null_marker=None if marker is None else marker.encode(errors="surrogateescape"),
    )
    if line_format.null_marker == line_format.key_separator:
        raise UsageError("null.marker and key.separator may not be equal")
    properties.mention_rest()
    return line_format
