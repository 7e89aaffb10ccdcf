"""`ktools topics`: kafka-topics.sh.

Source: org.apache.kafka.tools.TopicCommand 3.9 on brokers, kafka.admin.TopicCommand 2.8 on ZooKeeper; the checks of
options against each other are those of TopicCommandOptions.checkArgs.
"""

from collections.abc import Collection, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Literal

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict, flag, given_names
from kafka_tools.cli.options import ACTION, CHANGES, FILTERS, OTHER, option
from kafka_tools.errors import UsageError
from kafka_tools.model.target import ZooKeeper
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.model.assignment import Assignment

Action = Literal["list", "describe", "create", "alter", "delete"]

PARTITION_FILTERS = (
    "under_replicated_partitions",
    "under_min_isr_partitions",
    "at_min_isr_partitions",
    "unavailable_partitions",
)
"""Options that show only some partitions, in the order in which `command` puts their flags together."""

CHANGING = ("create", "alter", "delete")

ONLY_WITH = {
    "config": ("create", "alter"),
    "delete_config": ("alter",),
    "partitions": ("create", "alter"),
    "replication_factor": ("create",),
    "replica_assignment": ("create", "alter"),
    **dict.fromkeys(PARTITION_FILTERS, ("describe",)),
    "topics_with_overrides": ("describe",),
    "if_exists": ("describe", "alter", "delete"),
    "if_not_exists": ("create",),
    "exclude_internal": ("list", "describe"),
    "dry_run": CHANGING,
    "yes": CHANGING,
    "watch": ("describe",),
    "topic_id": ("list", "describe", "create", "alter", "delete"),
}
"""Option -> the actions that take it, in the order in which Apache's tool looks at them."""

CLUSTERS = frozenset({"bootstrap_server", "zookeeper"})
NOT_ON_ZOOKEEPER = ("under_min_isr_partitions", "at_min_isr_partitions", "topic_id")
"""What Kafka 2.8's tool, or its znodes, do not know."""


def check_named(action: str, given: frozenset[str]) -> None:
    """Check what is given where a flag names the cluster: without a flag, the settings say which kind it is."""
    if CLUSTERS & given:
        check(given, action, "zookeeper" in given)


def check(given: Collection[str], action: str, on_zookeeper: bool) -> None:
    """Raise UsageError in the words of Apache's tool where the options that are given do not fit each other."""
    # What is missing is told first, then what does not go together (checkRequiredArgs and checkInvalidArgs, 3.9).
    _require(given, _required(given, action, on_zookeeper))
    if action == "describe" and "if_exists" in given and not {"topic", "topic_id"} & {*given}:
        raise UsageError("--topic or --topic-id is required to describe a topic")
    if action == "alter" and not on_zookeeper and "config" in given:
        raise UsageError(
            'Option combination "[[bootstrap-server], [config]]" can\'t be used with option "[alter]" '
            "(the kafka-configs CLI supports altering topic configs with a --bootstrap-server option)"
        )
    # The first conflict in this order is the one that is told, however the options stand on the command line.
    for name, actions in ONLY_WITH.items():
        if name in given:
            if action not in actions:
                raise conflict(name, action)
            other = _conflicting(given, name, action, on_zookeeper)
            if other:
                raise conflict(name, other)


def _required(given: Collection[str], action: str, on_zookeeper: bool) -> Sequence[str]:
    # Kafka 2.8 knows no default of the cluster's for them: only a broker has num.partitions.
    if action == "create" and on_zookeeper and "replica_assignment" not in given:
        return "topic", "partitions", "replication_factor"
    if action == "alter" and ("replica_assignment" in given or not (on_zookeeper or "config" in given)):
        return "topic", "partitions"
    return ("topic",) if action in CHANGING else ()


def _require(given: Collection[str], names: Sequence[str]) -> None:
    for name in names:
        if name not in given:
            raise UsageError(f'Missing required argument "[{flag(name)}]"')


def _conflicting(given: Collection[str], name: str, action: str, on_zookeeper: bool) -> str | None:
    """Return what is given, or meant, and cannot stand beside this option."""
    # Apache's tool words each of these as a conflict with the option of the cluster, not as one that it lacks.
    if on_zookeeper and name in NOT_ON_ZOOKEEPER:
        return "zookeeper"
    if name == "delete_config" and not on_zookeeper:
        return "bootstrap_server"
    others: Sequence[str] = ()
    # --alter takes both: --partitions then says how many of the lists are there already.
    if name == "replica_assignment" and action == "create":
        others = "partitions", "replication_factor"
    elif name in PARTITION_FILTERS:
        others = ("topics_with_overrides",)
        if on_zookeeper and name == "under_replicated_partitions":
            others += ("unavailable_partitions",)
    return next((other for other in others if other in given), None)


@click.command(
    "topics",
    cls=ToolCommand,
    help="List, describe, create, alter and delete topics, on brokers or in ZooKeeper.",
    purpose="Create, delete, describe, or change a topic.",
    only_with=ONLY_WITH,
    check=check_named,
    error_style=ErrorStyle("Error while executing topic command : ", to_stdout=True),
)
@options.action("--list", "List the topics.")
@options.action("--describe", "Show leaders, replicas and in-sync replicas of each partition.")
@options.action("--create", "Create a topic.")
@options.action("--alter", "Give topics more partitions; with --zookeeper also other configs.")
@options.action("--delete", "Delete topics.")
@options.bootstrap_server
@options.zookeeper
@options.command_config
@options.client_settings
@options.wait
@option(ACTION, "--topic", type=types.TOPIC, help="The topic to create; a regular expression for all else.")
@option(ACTION, "--topic-id", type=types.TOPIC_ID, help="The topic to describe, by its id (brokers).")
@option(
    CHANGES,
    "--partitions",
    "--partition",
    "partitions",
    type=types.INTEGER,
    help="How many partitions. Default: the broker's num.partitions; must be given with --zookeeper.",
)
@option(
    CHANGES,
    "--replication-factor",
    type=types.INTEGER,
    help="How many replicas each partition has. Default: the broker's; must be given with --zookeeper.",
)
@option(
    CHANGES,
    "--replica-assignment",
    type=types.REPLICA_ASSIGNMENT,
    help="Broker ids for each partition, the preferred leader first: of a new topic instead of --partitions and "
    "--replication-factor; with --alter of the present partitions and the new ones.",
)
@option(
    CHANGES,
    "--config",
    type=types.TOPIC_CONFIG,
    multiple=True,
    help="A config of the new topic, with --zookeeper also of one to alter; human units are taken: retention.ms=7d, "
    "segment.bytes=1GiB. May be repeated.",
)
@option(
    CHANGES,
    "--delete-config",
    type=types.TOPIC_CONFIG_NAME,
    multiple=True,
    help="With --alter and --zookeeper: a config to remove.",
)
@option(CHANGES, "--if-not-exists", help="Do nothing and succeed if the topic to create is there already.")
@option(CHANGES, "--disable-rack-aware", help="Assign replicas without regard to racks (--zookeeper).")
@option(
    CHANGES,
    "--force",
    help="Create even with a replica on a broker that is not there, or more than 100,000 partitions.",
)
@option(CHANGES, "--dry-run", help="Check a --create, --alter or --delete and show what it would do; change nothing.")
@option(CHANGES, "--yes", help="Go on without a question: delete several topics, change a protected cluster.")
@option(FILTERS, "--exclude-internal", help="Leave out internal topics, such as __consumer_offsets.")
@option(
    FILTERS,
    "--topics-with-overrides",
    help="Describe only topics with configs of their own, without partitions.",
)
@option(
    FILTERS,
    "--under-replicated-partitions",
    help="Describe only partitions with replicas that are not in sync.",
)
@option(FILTERS, "--unavailable-partitions", help="Describe only partitions whose leader is not there.")
@option(
    FILTERS,
    "--under-min-isr-partitions",
    help="Describe only partitions with fewer in-sync replicas than min ISR.",
)
@option(
    FILTERS,
    "--at-min-isr-partitions",
    help="Describe only partitions with just as many in-sync replicas as min ISR.",
)
@option(OTHER, "--if-exists", help="Succeed if no topic matches.")
@option(
    OTHER,
    "--partition-size-limit-per-response",
    type=types.INTEGER,
    help="Ask brokers of Kafka 4 for at most so many partitions at once. Default: 2000.",
)
@options.watch
@click.pass_context
def command(
    ctx: click.Context,
    *,
    action: Action,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topic: str | None,
    topic_id: str | None,
    partitions: int | None,
    replication_factor: int | None,
    replica_assignment: "Assignment | None",
    config: tuple[str, ...],
    delete_config: tuple[str, ...],
    if_not_exists: bool,
    disable_rack_aware: bool,
    force: bool,
    dry_run: bool,
    yes: bool,
    exclude_internal: bool,
    topics_with_overrides: bool,
    under_replicated_partitions: bool,
    unavailable_partitions: bool,
    under_min_isr_partitions: bool,
    at_min_isr_partitions: bool,
    if_exists: bool,
    partition_size_limit_per_response: int | None,
) -> Report:
    """Choose the cluster, check the options against each other, and run the action."""
    target = settings.choose(bootstrap_server, zookeeper, command_config, client_settings, wait or 0.0)
    check(given_names(ctx), action, isinstance(target, ZooKeeper))
    if action in CHANGING and not dry_run:
        target = check_change(target, yes)
    if action in ("list", "describe"):  # scripts run --list every second: `changing` is not imported for it
        from kafka_tools.tools.topics.reading import DescribeTopics, ListTopics, describe, list_topics

        if action == "list":
            return list_topics(ListTopics(target, topic, exclude_internal))
        flags = (under_replicated_partitions, under_min_isr_partitions, at_min_isr_partitions, unavailable_partitions)
        only = tuple(compress(PARTITION_FILTERS, flags))
        limit = partition_size_limit_per_response
        return describe(
            DescribeTopics(target, topic, topic_id, exclude_internal, if_exists, only, topics_with_overrides, limit)
        )
    from kafka_tools.tools.topics import changing

    name, rack_aware = topic or "", not disable_rack_aware
    if action == "create":
        new = changing.new_topic(name, partitions, replication_factor, replica_assignment, config, rack_aware)
        return changing.create(changing.CreateTopic(target, new, if_not_exists, force, dry_run))
    if action == "alter":
        configs, removed = changing.config_changes(config, delete_config)
        return changing.alter(
            changing.AlterTopics(
                target, name, partitions, replica_assignment, configs, removed, rack_aware, if_exists, force, dry_run
            )
        )
    return changing.delete(changing.DeleteTopics(target, name, if_exists, yes, dry_run))
