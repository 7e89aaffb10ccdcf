"""`ktools verifiable-producer`: kafka-verifiable-producer.sh (org.apache.kafka.tools.VerifiableProducer, Kafka 3.9).

--command-config is as of 4.1; 4.x has no --broker-list any more.
"""

from dataclasses import dataclass
from functools import partial

import click

from kafka_tools import render
from kafka_tools.cli import options, types
from kafka_tools.cli.argparse4j import INTEGER, LONG, ArgparseCommand
from kafka_tools.cli.options import CLUSTER, option
from kafka_tools.console.process import ShowProgress, covers_records, show_nothing
from kafka_tools.console.verifiable import Produced, ProduceTask
from kafka_tools.errors import UsageError
from kafka_tools.model.target import Brokers
from kafka_tools.render.progress import RecordsBar
from kafka_tools.report import Report
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change
from kafka_tools.settings.producer import for_producer

RECORDS = "Records"
# In the order in which argparse4j's message lists them; `all` is no number, and not taken.
ACKS = (0, 1, -1)
COLUMNS = {
    "sent": "Sent",
    "acked": "Acknowledged",
    "failed": "Failed",
    "target_throughput": "Wanted/s",
    "avg_throughput": "Acknowledged/s",
}


@dataclass(frozen=True, slots=True)
class ProducedRow:
    """How many records were sent, and what became of them; throughput is in records a second, -1 without a limit."""

    sent: int
    acked: int
    failed: int
    target_throughput: int
    avg_throughput: float


@click.command(
    "verifiable-producer",
    cls=ArgparseCommand,
    program="verifiable-producer",
    exclusive=("bootstrap_server", "broker_list"),
)
@options.verifiable_client("producer", "its acks go before --acks")
@option(CLUSTER, "--yes", help="Send to a protected cluster without a question.")
@option(RECORDS, "--topic", type=types.TOPIC, required=True, help="The topic to send to.")
@option(RECORDS, "--max-messages", type=INTEGER, help="How many records to send; default -1: until Ctrl-C.")
@option(RECORDS, "--throughput", type=INTEGER, help="Send about so many records a second; default -1: all at once.")
@option(
    RECORDS,
    "--acks",
    type=INTEGER,
    help="Who acknowledges a record: -1 (the default) all in-sync replicas, 1 the leader, 0 nobody.",
)
@option(
    RECORDS,
    "--message-create-time",
    type=LONG,
    help="The time of the first record in ms since 1970, from which the others go on; default -1: the time it is.",
)
@option(RECORDS, "--value-prefix", type=INTEGER, help="Begin each value with this number and a dot.")
@option(
    RECORDS, "--repeating-keys", type=INTEGER, help="Give the records keys from 0 on, and begin anew after so many."
)
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
    max_messages: int | None,
    throughput: int | None,
    acks: int | None,
    message_create_time: int | None,
    value_prefix: int | None,
    repeating_keys: int | None,
) -> Report:
    """Send numbers to a topic, and print for each one as JSON whether brokers acknowledged it."""
    if acks is not None and acks not in ACKS:
        raise UsageError(f"argument --acks: invalid choice: '{acks}' (choose from {{0,1,-1}})")
    target = choice.choose_brokers(bootstrap_server or broker_list, command_config, client_settings, wait or 0.0)
    target = check_change(for_producer(_without_retries(target, acks, command_config)), yes)
    is_plain = render.is_plain(ctx.params["output"])
    task = ProduceTask(
        target,
        topic,
        -1 if max_messages is None else max_messages,
        -1 if throughput is None else throughput,
        value_prefix,
        repeating_keys,
        _create_time(message_create_time),
        prints=is_plain,
    )
    show: ShowProgress = show_nothing if is_plain and covers_records() else partial(RecordsBar, counts=True)
    return report(_produced(task, show), task)


def _without_retries(target: Brokers, acks: int | None, command_config: str | None) -> Brokers:
    """Return the cluster with the settings that VerifiableProducer.createFromArgs makes; a file's go before them."""
    # No retries (3.9): a second try could write a record twice, and Kafka's system tests count them.
    own = {"acks": str(-1 if acks is None else acks), "retries": "0"}
    # The option goes before what a context or a variable says, as everywhere here.
    asked = {"acks": own["acks"]} if acks is not None and command_config is None else {}
    return target._replace(config={**own, **target.config, **asked})


def _create_time(given: int | None) -> int | None:
    """Return when the first record was made; None: when it is sent. Raises UsageError for no time of a record."""
    if given is None or given == -1:
        return None
    if given < 0:
        raise UsageError(f"Invalid timestamp: {given}. Timestamp should always be non-negative or null.")
    if given == 0:  # librdkafka's producer takes 0 for the time it is
        raise UsageError("--message-create-time 0 cannot be sent", "1 is the first ms that can.")
    return given


def _produced(task: ProduceTask, show: ShowProgress) -> Produced:
    from kafka_tools.console.verifiable.produce import run  # imports confluent_kafka, which --help does not need

    return run(task, show)


def report(produced: Produced, task: ProduceTask) -> Report:
    """Return what became of the records as a report; where events were printed, they have said so already."""
    # What nobody acknowledged until the end has failed, whatever the reason.
    failed = produced.sent - produced.acked
    row = ProducedRow(produced.sent, produced.acked, failed, task.throughput, round(produced.throughput, 3))
    return Report([row], COLUMNS, (), status=produced.status)
