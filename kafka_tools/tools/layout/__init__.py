"""`ktools layout`: where leaders and in-sync replicas sit, and what happens when brokers die; Apache has none."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kafka_tools.backends import open_topics
from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.joptsimple import Option
from kafka_tools.cli.options import BOOTSTRAP_SERVER, COMMAND_CONFIG, SETTING, WATCH, ZOOKEEPER
from kafka_tools.errors import UsageError
from kafka_tools.model.target import Target
from kafka_tools.model.topic_names import matching, no_such_topic
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
"""The racks that this process has seen: while it watches, a broker that is down does not tell its rack any more."""


class ShowLayout(NamedTuple):
    """The layout of the topics that match, or what it would be if the brokers `without` died, in this order.

    `everything`: healthy partitions are shown one by one on a terminal, however many there are.
    """

    target: Target
    topic: str | None
    exclude_internal: bool
    without: tuple[int, ...]
    everything: bool


def broker_ids(option: str, text: str) -> tuple[int, ...]:
    """Read `3` or `3,4`, each id once. Raises UsageError for anything else."""
    ids = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and word.isascii() for word in ids):
        raise UsageError(f"--{option}: '{text}' is no list of broker ids")
    return tuple(dict.fromkeys(map(int, ids)))


def _run(options: Mapping[str, Any]) -> Report:
    return show_layout(
        ShowLayout(
            target=settings.choose(
                options["bootstrap_server"], options["zookeeper"], options["command_config"], options["X"]
            ),
            topic=options["topic"],
            exclude_internal=options["exclude_internal"],
            without=options["without_broker"] or (),
            everything=options["all"],
        )
    )


command = ToolCommand(
    name="layout",
    section="Topics",
    summary="Show which broker holds what, and what if one dies.",
    description=DESCRIPTION,
    options=(
        BOOTSTRAP_SERVER,
        ZOOKEEPER,
        COMMAND_CONFIG,
        SETTING,
        Option(("--topic",), "Only the topics that match this regular expression.", "TOPIC"),
        Option(("--exclude-internal",), "Leave out internal topics, such as __consumer_offsets."),
        Option(
            ("--without-broker",),
            "Show what the controller would do if these brokers died now.",
            "N[,M…]",
            read=broker_ids,
            completes="brokers",
        ),
        Option(("--all",), "Show every partition, also where there are hundreds and most are healthy."),
        WATCH,
    ),
    run=_run,
)


def show_layout(request: ShowLayout) -> Report:
    """Return where replicas sit, or would sit. Raises KafkaToolError for a topic or broker that is not there."""
    with open_topics(request.target) as topics:
        everything = matching(topics.names(), None, request.exclude_internal)
        names = matching(everything, request.topic, request.exclude_internal)
        if request.topic is not None and not names:
            raise no_such_topic(request.topic, everything)
        described = topics.describe(names)
        brokers = topics.brokers()
    if request.without:
        from kafka_tools.tools.layout.prediction import prediction

        return prediction(described, brokers, request.without, request.everything)
    from kafka_tools.tools.layout.current import layout

    report = layout(described, brokers, RACKS_SEEN, request.everything)
    RACKS_SEEN.update((broker.broker, broker.rack) for broker in brokers)
    return report
