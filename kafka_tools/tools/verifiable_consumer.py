"""`ktools verifiable-consumer`: kafka-verifiable-consumer.sh (org.apache.kafka.tools.VerifiableConsumer, Kafka 3.9).

--command-config is as of 4.1, --close-timeout as of 4.4; 4.x has no --broker-list any more.
"""

from dataclasses import dataclass
from functools import partial

import click

from kafka_tools import render
from kafka_tools.cli import options, types
from kafka_tools.cli.argparse4j import INTEGER, ArgparseCommand
from kafka_tools.cli.options import CLUSTER, FILTERS, OUTPUT, option
from kafka_tools.console.consume import Source
from kafka_tools.console.process import ShowProgress, covers_records, show_nothing
from kafka_tools.console.verifiable import Consumed, ConsumeTask
from kafka_tools.errors import UsageError
from kafka_tools.model.groups import joined
from kafka_tools.render.progress import RecordsBar
from kafka_tools.report import Report
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change
from kafka_tools.settings.librdkafka import ASSIGNORS

GROUP = "Group"
# VerifiableConsumer's default (3.9); the consumer's own is 45 s.
SESSION_MS = 30_000
PROTOCOLS = ("classic", "consumer")
POLICIES = ("earliest", "latest", "none")
COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "records": "Records",
    "first_offset": "First offset",
    "last_offset": "Last offset",
    "committed": "Committed",
}


@dataclass(frozen=True, slots=True)
class ConsumedRow:
    """What was read of a partition, and up to where it was committed for the group."""

    topic: str
    partition: int
    records: int
    first_offset: int
    last_offset: int
    committed: int | None


@click.command(
    "verifiable-consumer",
    cls=ArgparseCommand,
    program="verifiable-consumer",
    exclusive=("bootstrap_server", "broker_list"),
)
@options.verifiable_client("consumer", "options go before it")
@option(CLUSTER, "--yes", help="Join a group of a protected cluster without a question.")
@option(FILTERS, "--topic", type=types.TOPIC, required=True, help="The topic to read.")
@option(GROUP, "--group-id", type=types.JOINED_GROUP, required=True, help="The consumer group to join.")
@option(
    GROUP,
    "--group-protocol",
    type=types.words("PROTOCOL", PROTOCOLS),
    help="How the group shares out its partitions: classic (the default), or consumer (KIP-848).",
)
@option(
    GROUP,
    "--group-remote-assignor",
    type=types.words("ASSIGNOR", ("uniform", "range")),
    help="Who shares them out by the protocol consumer: an assignor of the brokers.",
)
@option(
    GROUP,
    "--assignment-strategy",
    type=types.words("CLASS", tuple(ASSIGNORS)),
    help="Who shares them out by the protocol classic; default: org.apache.kafka.clients.consumer.RangeAssignor.",
)
@option(
    GROUP,
    "--group-instance-id",
    type=types.Sent("ID"),
    help="Be a static member: whoever joins with this id goes on with its partitions.",
)
@option(
    GROUP,
    "--session-timeout",
    type=INTEGER,
    help=f"After how many ms of silence the group does without this member; default {SESSION_MS}.",
)
@option(FILTERS, "--max-messages", type=INTEGER, help="How many records to read; default -1: until Ctrl-C.")
@option(
    FILTERS,
    "--reset-policy",
    type=types.words("WHERE", POLICIES),
    help="Where to begin where the group has no offset: earliest (the default), latest, or none: end there.",
)
@option(GROUP, "--enable-autocommit", help="Let the client commit now and then, and not each poll by itself.")
@option(GROUP, "--close-timeout", type=INTEGER, help="How many ms leaving the group may take; default: 10000 at most.")
@option(OUTPUT, "--verbose", help="Print an event for each record, too.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    bootstrap_server: str | None,
    broker_list: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    yes: bool,
    topic: str,
    group_id: str,
    group_protocol: str | None,
    group_remote_assignor: str | None,
    assignment_strategy: str | None,
    group_instance_id: str | None,
    session_timeout: int | None,
    max_messages: int | None,
    reset_policy: str | None,
    enable_autocommit: bool,
    close_timeout: int | None,
    verbose: bool,
) -> Report:
    """Read a topic as a member of a group, and print as JSON what comes: partitions, records, offsets committed."""
    # These go before what the file says, as VerifiableConsumer sets them over it; only -X, which it does not have, goes
    # before them.
    own = {"auto.offset.reset": _policy(reset_policy)}
    if (group_protocol or "classic").lower() == "consumer":
        # By KIP-848 brokers say how long a session is (group.consumer.session.timeout.ms).
        if session_timeout is not None:
            raise UsageError("session.timeout.ms cannot be set when group.protocol=CONSUMER")
        own |= {"group.protocol": "consumer"}
        own |= {} if group_remote_assignor is None else {"group.remote.assignor": group_remote_assignor}
    else:
        _check_protocol(group_protocol)
        own |= {"partition.assignment.strategy": _strategy(assignment_strategy)}
        own |= {"session.timeout.ms": str(SESSION_MS if session_timeout is None else session_timeout)}
    own |= {} if group_instance_id is None else {"group.instance.id": group_instance_id}
    settings = [*(f"{name}={value}" for name, value in own.items()), *client_settings]
    target = choice.choose_brokers(bootstrap_server or broker_list, command_config, settings, wait or 0.0)
    # Events are plain text for programs: with a table or json asked for there is a sum in the end instead.
    is_plain = render.is_plain(ctx.params["output"])
    task = ConsumeTask(
        # Offsets are committed: a member of a group changes the cluster.
        Source(check_change(target, yes), topic),
        joined(group_id),
        -1 if max_messages is None else max_messages,
        verbose,
        enable_autocommit,
        # The option is in ms, the loop's time in s.
        None if close_timeout is None else max(0, close_timeout) / 1000,
        prints=is_plain,
    )
    show: ShowProgress = show_nothing if is_plain and covers_records() else partial(RecordsBar, counts=True)
    return report(_consumed(task, show))


def _policy(given: str | None) -> str:
    """Return auto.offset.reset. Raises UsageError, in the words of Kafka 3.9's consumer, for what is no such word."""
    policy = (given or POLICIES[0]).lower()
    if policy not in POLICIES:
        hint = "librdkafka has no by_duration." if policy.startswith("by_duration") else ""
        raise UsageError(
            f"Invalid value {given} for configuration auto.offset.reset: String must be one of: latest, earliest, none",
            hint,
        )
    return policy


def _check_protocol(given: str | None) -> None:
    """Raise UsageError for a word that is no protocol, which 3.9 takes for classic, and 4.x refuses."""
    if given is not None and given.lower() not in PROTOCOLS:
        raise UsageError(f"--group-protocol cannot be '{given}'", f"Choose from: {', '.join(PROTOCOLS)}")


def _strategy(given: str | None) -> str:
    """Return the assignors' classes. Raises UsageError for one that librdkafka does not have: another must not stand in
    for it, as all members of a group need one that they share."""
    # ASSIGNORS maps Java's classes to librdkafka's words; either may be given.
    classes = [each.strip() for each in (next(iter(ASSIGNORS)) if given is None else given).split(",")]
    missing = [each for each in classes if each not in ASSIGNORS and each not in ASSIGNORS.values()]
    if missing:
        raise UsageError(f"--assignment-strategy {missing[0]} cannot be had", f"Choose from: {', '.join(ASSIGNORS)}")
    return ",".join(classes)


def _consumed(task: ConsumeTask, show: ShowProgress) -> Consumed:
    from kafka_tools.console.verifiable.consume import run  # imports confluent_kafka, which --help does not need

    return run(task, show)


def report(consumed: Consumed) -> Report:
    """Return what was read as a report; where events were printed, they have said so already."""
    return Report([ConsumedRow(*each) for each in consumed.partitions], COLUMNS, (), status=consumed.status)
