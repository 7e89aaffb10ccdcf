"""The options of `ktools topics` checked against each other, without a cluster.

Source: TopicCommandOptions.checkArgs of Kafka 3.9 for brokers and of 2.8 for ZooKeeper.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka_tools.errors import UsageError
from kafka_tools.model.target import Target, ZooKeeper

FILTERS = (
    "under_replicated_partitions",
    "under_min_isr_partitions",
    "at_min_isr_partitions",
    "unavailable_partitions",
)
"""Options that show only some partitions."""

CHANGES = ("create", "alter", "delete")

ONLY_WITH = {
    "config": ("create", "alter"),
    "delete_config": ("alter",),
    "partitions": ("create", "alter"),
    "replication_factor": ("create",),
    "replica_assignment": ("create", "alter"),
    **dict.fromkeys(FILTERS, ("describe",)),
    "topics_with_overrides": ("describe",),
    "if_exists": ("describe", "alter", "delete"),
    "if_not_exists": ("create",),
    "exclude_internal": ("list", "describe"),
    "dry_run": CHANGES,
    "yes": CHANGES,
    "watch": ("describe",),
    "topic_id": ("list", "describe", "create", "alter", "delete"),
}
"""Option -> the actions that take it, in the order in which Apache's tool looks at them."""

NOT_ON_ZOOKEEPER = ("under_min_isr_partitions", "at_min_isr_partitions", "topic_id")
"""What Kafka 2.8's tool, or its znodes, do not know."""


def check(options: Mapping[str, Any], action: str, target: Target) -> None:
    """Raise UsageError in the words of Apache's tool where the options do not fit each other."""
    on_zookeeper = isinstance(target, ZooKeeper)
    _require(options, _required(options, action, on_zookeeper))
    if action == "describe" and options["if_exists"] and options["topic"] is None and options["topic_id"] is None:
        raise UsageError("--topic or --topic-id is required to describe a topic")
    if action == "alter" and not on_zookeeper and options["config"]:
        raise UsageError(
            'Option combination "[[bootstrap-server], [config]]" can\'t be used with option "[alter]" '
            "(the kafka-configs CLI supports altering topic configs with a --bootstrap-server option)"
        )
    for name, actions in ONLY_WITH.items():
        if _given(options, name):
            if action not in actions:
                raise _conflict(name, action)
            other = _conflicting(options, name, action, on_zookeeper)
            if other:
                raise _conflict(name, other)


def _required(options: Mapping[str, Any], action: str, on_zookeeper: bool) -> Sequence[str]:
    if action == "create" and on_zookeeper and options["replica_assignment"] is None:
        return "topic", "partitions", "replication_factor"
    if action == "alter" and (options["replica_assignment"] is not None or not (on_zookeeper or options["config"])):
        return "topic", "partitions"
    return ("topic",) if action in ("create", "alter", "delete") else ()


def _require(options: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        if options[name] is None:
            raise UsageError(f'Missing required argument "[{_flag(name)}]"')


def _conflicting(options: Mapping[str, Any], name: str, action: str, on_zookeeper: bool) -> str | None:
    """Return what is given, or meant, and cannot stand beside this option."""
    if on_zookeeper and name in NOT_ON_ZOOKEEPER:
        return "zookeeper"
    if name == "delete_config" and not on_zookeeper:
        return "bootstrap_server"
    others: Sequence[str] = ()
    if name == "replica_assignment" and action == "create":
        others = "partitions", "replication_factor"
    elif name in FILTERS:
        others = ("topics_with_overrides",)
        if on_zookeeper and name == "under_replicated_partitions":
            others += ("unavailable_partitions",)
    return next((other for other in others if _given(options, other)), None)


def _conflict(name: str, other: str) -> UsageError:
    return UsageError(f'Option "[{_flag(name)}]" can\'t be used with option "[{_flag(other)}]"')


def _given(options: Mapping[str, Any], name: str) -> bool:
    return options[name] not in (None, False, ())


def _flag(name: str) -> str:
    return name.replace("_", "-")
