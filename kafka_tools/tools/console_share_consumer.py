"""`ktools console-share-consumer`: kafka-console-share-consumer.sh.

Source: org.apache.kafka.tools.consumer.ConsoleShareConsumer and ConsoleShareConsumerOptions, Kafka 4.4.
"""

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.options import FILTERS, OUTPUT, option
from kafka_tools.console.consume import RecordOutput
from kafka_tools.errors import UsageError
from kafka_tools.render.progress import RecordsBar
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.console_consumer import checks

GROUP = "Group"
# As ConsoleShareConsumerOptions (4.4) has it: without a group there is no reading of shared records, so one is joined
# that everybody shares who names none.
DEFAULT_GROUP = "share"
OUTPUTS = ("plain", "json", "jsonl")


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (ConsoleShareConsumerOptions)."""
    if "topic" not in given:
        raise UsageError("--topic is a required argument")
    if {"reject", "release"} <= given:
        raise UsageError("At most one of --reject and --release may be specified.")


@click.command(
    "console-share-consumer",
    cls=ToolCommand,
    reports=False,
    help="""Print records of a topic to stdout as a member of a share group, byte for byte.

The records of a partition are shared out among all members. Each is acknowledged only after it was written: what was
not goes to another member, or comes again. Needs Kafka 4.2 or later, and confluent-kafka 2.16.""",
    purpose="This tool helps to read data from Kafka topics using share groups and outputs it to standard output.",
    check=check,
)
@options.streaming_client("consumer")
@option(FILTERS, "--topic", type=types.TOPIC, help="The topic to read.")
@option(FILTERS, "--max-messages", type=types.INTEGER, help="End after N records.")
@option(
    FILTERS,
    "--timeout-ms",
    type=types.WholeNumber(32, "MS"),
    help="End, with status 0, when no record comes for MS milliseconds.",
)
@option(
    GROUP,
    "--group",
    type=types.SHARE_GROUP,
    help=f"The share group to join. Default: {DEFAULT_GROUP}.",
)
@option(GROUP, "--reject", help="Reject each record after it was written: nobody gets it again.")
@option(GROUP, "--release", help="Release each record after it was written: it is delivered once more.")
@option(GROUP, "--yes", help="Join a group of a protected cluster without a question.")
@option(
    OUTPUT,
    "--output",
    type=types.Word("FORMAT", OUTPUTS),
    help=f"{', '.join(OUTPUTS)}: as Apache prints records, or whole as JSON objects.",
)
@checks.formatter_options
@option(OUTPUT, "--reject-message-on-error", help="Reject a record that cannot be read instead of ending.")
@option(OUTPUT, "--enable-systest-events", help="Write shutdown_complete on stdout in the end.")
def command(
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic: str,
    max_messages: int | None,
    timeout_ms: int | None,
    group: str | None,
    reject: bool,
    release: bool,
    yes: bool,
    output: str | None,
    property: tuple[str, ...],  # noqa: A002  Apache's name for it
    formatter_config: str | None,
    key_deserializer: str | None,
    value_deserializer: str | None,
    formatter: str | None,
    reject_message_on_error: bool,
    enable_systest_events: bool,
) -> int:
    """Check the options against each other, as ConsoleShareConsumerOptions does, and consume."""
    given = checks.consumer_settings(client_settings, command_config)
    target = settings.choose_brokers(bootstrap_server, command_config, given.settings, wait or 0.0)
    # None: members of a share group get no partitions of their own, so that there is no --partition to clash with.
    named = checks.group_id(group, given.groups, target.config, None, "--consumer-config") or DEFAULT_GROUP
    printed = checks.formatter_class(formatter, output)
    record_format = checks.record_format(property, formatter_config, (key_deserializer, value_deserializer), False)
    written = RecordOutput(output or "plain", printed, record_format, reject_message_on_error, enable_systest_events)
    # Whatever is acknowledged is gone for all members: to look on is a change of the cluster already.
    target = check_change(target, yes)
    from kafka_tools.console.consume import share  # imports confluent_kafka, which --help does not need

    acknowledgement = share.REJECT if reject else share.RELEASE if release else share.ACCEPT
    # In seconds. A number below 0 waits for ever, as Long.MAX_VALUE does there.
    patience = float("inf") if timeout_ms is None or timeout_ms < 0 else timeout_ms / 1000
    request = share.ShareRequest(
        target, topic, named, acknowledgement, checks.most_records(max_messages), patience, written
    )
    return share.consume_shared(request, show_progress=RecordsBar)
