"""`ktools topics`: kafka-topics.sh.

Source: org.apache.kafka.tools.TopicCommand 3.9 on brokers, kafka.admin.TopicCommand 2.8 on ZooKeeper.
Each action is a module of its own, imported only when it is asked for.
"""

from collections.abc import Mapping
from typing import Any

import click

from kafka_tools.backends import Target, ZooKeeper
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.joptsimple import JavaInteger
from kafka_tools.cli.options import bootstrap_server_option, zookeeper_option
from kafka_tools.errors import UsageError
from kafka_tools.report import Report
from kafka_tools.settings import target as settings

ONLY_WITH = {
    "config": ("create",),
    "partitions": ("create",),
    "replication_factor": ("create",),
    "replica_assignment": ("create",),
    "if_exists": ("describe",),
    "if_not_exists": ("create",),
    "exclude_internal": ("list", "describe"),
}
"""Option -> the actions that take it (TopicCommandOptions.checkInvalidArgs)."""


def _list(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.listing import ListTopics, list_topics

    return list_topics(ListTopics(target, options["topic"], options["exclude_internal"]))


def _describe(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.describe import DescribeTopics, describe

    return describe(DescribeTopics(target, options["topic"], options["exclude_internal"], options["if_exists"]))


def _create(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.create import CreateTopic, create, new_topic

    return create(CreateTopic(target, new_topic(options), options["if_not_exists"], options["force"]))


ACTIONS = {"list": _list, "describe": _describe, "create": _create}


@click.command(
    "topics",
    cls=ToolCommand,
    section="Topics",
    short_help="List, create and describe topics.",
    purpose="Create, delete, describe, or change a topic.",
    actions=("--list", "--describe", "--create"),
    actions_words="--list, --describe, --create, --alter or --delete",
    error_style=ErrorStyle("Error while executing topic command : ", to_stdout=True),
)
@bootstrap_server_option
@zookeeper_option
@click.option("--list", is_flag=True, help="List the topics.")
@click.option("--describe", is_flag=True, help="Show leaders, replicas and in-sync replicas of each partition.")
@click.option("--create", is_flag=True, help="Create a topic.")
@click.option("--topic", metavar="TOPIC", help="The topic to create; a regular expression for --list and --describe.")
@click.option(
    "--partitions",
    "--partition",
    type=JavaInteger(),
    metavar="N",
    help="How many partitions. Default: the broker's num.partitions; must be given with --zookeeper.",
)
@click.option(
    "--replication-factor",
    type=JavaInteger(),
    metavar="N",
    help="How many replicas each partition has. Default: the broker's; must be given with --zookeeper.",
)
@click.option(
    "--replica-assignment",
    metavar="1:2,2:3,…",
    help="Broker ids for each partition, the preferred leader first, instead of --partitions and --replication-factor.",
)
@click.option("--config", multiple=True, metavar="NAME=VALUE", help="A config of the new topic; may be repeated.")
@click.option("--if-not-exists", is_flag=True, help="Do nothing and succeed if the topic to create is there already.")
@click.option("--if-exists", is_flag=True, help="Succeed if the topic to describe is not there.")
@click.option("--exclude-internal", is_flag=True, help="Leave out internal topics, such as __consumer_offsets.")
@click.option("--disable-rack-aware", is_flag=True, help="Assign replicas without regard to racks (--zookeeper).")
@click.option("--force", is_flag=True, help="Create even if --replica-assignment names a broker that is not there.")
def command(**options: Any) -> Report:
    """List, create and describe topics, on brokers or in ZooKeeper."""
    target = settings.choose(options["bootstrap_server"], options["zookeeper"])
    action = next(name for name in ACTIONS if options[name])
    _check(options, action, target)
    return ACTIONS[action](target, options)


def _check(options: Mapping[str, Any], action: str, target: Target) -> None:
    """Check the options against each other, as TopicCommandOptions.checkArgs does. Raises UsageError in its words."""
    if action == "create":
        _require(options, "topic")
    if action == "create" and isinstance(target, ZooKeeper) and options["replica_assignment"] is None:
        _require(options, "partitions")
        _require(options, "replication_factor")
    if action == "describe" and options["if_exists"]:
        _require(options, "topic", "--topic is required to describe a topic with --if-exists")
    _refuse_misplaced(options, action)


def _require(options: Mapping[str, Any], name: str, words: str = "") -> None:
    if options[name] is None:
        raise UsageError(words or f'Missing required argument "[{_flag(name)}]"')


def _refuse_misplaced(options: Mapping[str, Any], action: str) -> None:
    for name, actions in ONLY_WITH.items():
        if _given(options, name) and action not in actions:
            raise UsageError(f'Option "[{_flag(name)}]" can\'t be used with option "[{action}]"')
    for name in ("partitions", "replication_factor"):
        if _given(options, "replica_assignment") and _given(options, name):
            raise UsageError(f'Option "[replica-assignment]" can\'t be used with option "[{_flag(name)}]"')


def _given(options: Mapping[str, Any], name: str) -> bool:
    return options[name] not in (None, False, ())


def _flag(name: str) -> str:
    return name.replace("_", "-")
