"""`ktools layout`: where leaders and in-sync replicas sit, and what happens when brokers die; Apache has none."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import click

from kafka_tools.backends import open_topics
from kafka_tools.cli import options, types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.options import FILTERS, OUTPUT, option
from kafka_tools.model.target import Target
from kafka_tools.model.topic_names import named
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

DESCRIPTION = """\
Show which broker holds which replica, who leads, who is out of sync, and what each broker carries. --without-broker is
the check before a restart: it ends with 1 if partitions would go offline, lose records, or have fewer in-sync replicas
than min.insync.replicas, and if that cannot be told.

In a pipe: a line for each replica and then one for each broker, tabs between its fields: `replica TOPIC PARTITION
BROKER ROLE`, `broker ID STATE LEADERS PREFERRED REPLICAS OUT_OF_SYNC SKEW RACK`. With --without-broker a line for each
partition and then one for each broker that is left: `partition TOPIC PARTITION VERDICT LEADER LEADER_THEN ISR ISR_THEN
MIN_ISR`, `broker ID LEADERS LEADERS_THEN`. What is not there, or not known, is `-`."""

RACKS_SEEN: dict[int, str | None] = {}
"""Broker -> rack, as this process saw it: under --watch a broker that went down does not tell its rack any more."""


class ShowLayout(NamedTuple):
    """The layout of the topics that match, or what it would be if the brokers `without` died, in this order.

    `everything`: healthy partitions are shown one by one on a terminal, however many there are.
    """

    target: Target
    topic: str | None
    exclude_internal: bool
    without: tuple[int, ...]
    everything: bool


@click.command(
    "layout",
    cls=ToolCommand,
    help=DESCRIPTION,
)
@options.bootstrap_server
@options.zookeeper
@options.command_config
@options.client_settings
@options.wait
@option(FILTERS, "--topic", type=types.TOPIC, help="Only the topics that match this regular expression.")
@option(FILTERS, "--exclude-internal", help="Leave out internal topics, such as __consumer_offsets.")
@option(
    FILTERS,
    "--without-broker",
    type=types.BROKER_IDS,
    help="Show what the controller would do if these brokers died now.",
)
@option(
    OUTPUT,
    "--all",
    "everything",
    help="Show every partition, also where there are hundreds and most are healthy.",
)
@options.watch
def command(
    *,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic: str | None,
    exclude_internal: bool,
    without_broker: tuple[int, ...] | None,
    everything: bool,
) -> Report:
    """Choose the cluster and show its layout."""
    target = settings.choose(bootstrap_server, zookeeper, command_config, client_settings, wait or 0.0)
    return show_layout(ShowLayout(target, topic, exclude_internal, without_broker or (), everything))


def show_layout(request: ShowLayout) -> Report:
    """Return where replicas sit, or would sit. Raises KafkaToolError for a topic or broker that is not there."""
    # What brokers are reached, and whether somebody elects leaders, costs seconds where somebody is silent: only asked
    # where a prediction hangs on it.
    with open_topics(request.target) as topics:
        described = topics.describe(named(topics.names(), request.topic, request.exclude_internal))
        brokers = topics.brokers()
        no_election = topics.no_election() if request.without else ""
        # Seconds pass before a cluster notices that a broker died: who plans to stop another one should hear of it now.
        unreached = topics.unreached_brokers() if request.without else {}
        malformed = topics.malformed()
        notes = (*topics.notes(), *malformed)
    if request.without:
        from kafka_tools.tools.layout.prediction import prediction

        report = prediction(described, brokers, request.without, request.everything, no_election)
        if no_election:
            # The reason may stand in a note already: it is not told twice.
            told = any(no_election in note for note in notes)
            unsafe = "This is not safe: no leader can be elected now."
            notes = (*notes, unsafe if told else f"{unsafe} {no_election}")
        # A topic whose znodes cannot be read is left out: nothing may be called safe without it.
        report = report._replace(notes=(*notes, *report.notes), status=1 if malformed else report.status)
        return _with_unreached(report, unreached, request.without)
    from kafka_tools.tools.layout.current import layout

    report = layout(described, brokers, RACKS_SEEN, request.everything)
    # Between two rounds of --watch a broker may go down, and takes its rack with it: brokers tell racks of the living
    # only.
    RACKS_SEEN.update((broker.broker, broker.rack) for broker in brokers)
    return report._replace(notes=(*report.notes, *notes), status=int(bool(malformed)))


def _with_unreached(report: Report, unreached: Mapping[int, str], without: Collection[int]) -> Report:
    """Call nothing safe while a broker that is to stay takes no connection: the cluster may not have noticed yet."""
    notes = tuple(
        f"This is not safe: broker {broker} is listed as alive, but takes no connection ({cause})."
        for broker, cause in sorted(unreached.items())
        # One that is to be stopped may well be gone already.
        if broker not in without
    )
    return report._replace(notes=(*report.notes, *notes), status=1) if notes else report
