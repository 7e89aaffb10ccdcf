"""`ktools topics`: kafka-topics.sh.

Source: org.apache.kafka.tools.TopicCommand 3.9 on brokers, kafka.admin.TopicCommand 2.8 on ZooKeeper.
Each action is a module of its own, imported only when it is asked for.
"""

from collections.abc import Mapping
from typing import Any

from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.joptsimple import Option, integer
from kafka_tools.cli.options import BOOTSTRAP_SERVER, COMMAND_CONFIG, SETTING, WATCH, ZOOKEEPER
from kafka_tools.model.target import Target
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.topics.checks import CHANGES, ONLY_WITH, check


def _list(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.listing import ListTopics, list_topics

    return list_topics(ListTopics(target, options["topic"], options["exclude_internal"]))


def _describe(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.describe import describe, describe_topics

    return describe(describe_topics(target, options))


def _create(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.create import CreateTopic, create, new_topic

    flags = (options[name] for name in ("if_not_exists", "force", "dry_run"))
    return create(CreateTopic(target, new_topic(options), *flags))


def _alter(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.alter import alter, alter_topics

    return alter(alter_topics(target, options))


def _delete(target: Target, options: Mapping[str, Any]) -> Report:
    from kafka_tools.tools.topics.delete import DeleteTopics, delete

    flags = (options[name] for name in ("if_exists", "yes", "dry_run"))
    return delete(DeleteTopics(target, options["topic"], *flags))


ACTIONS = {"list": _list, "describe": _describe, "create": _create, "alter": _alter, "delete": _delete}

OPTIONS = (
    BOOTSTRAP_SERVER,
    ZOOKEEPER,
    COMMAND_CONFIG,
    SETTING,
    Option(("--list",), "List the topics."),
    Option(("--describe",), "Show leaders, replicas and in-sync replicas of each partition."),
    Option(("--create",), "Create a topic."),
    Option(("--alter",), "Give topics more partitions; with --zookeeper also other configs."),
    Option(("--delete",), "Delete topics."),
    Option(("--topic",), "The topic to create; a regular expression for all else.", "TOPIC"),
    Option(("--topic-id",), "The topic to describe, by its id (brokers).", "ID"),
    Option(
        ("--partitions", "--partition"),
        "How many partitions. Default: the broker's num.partitions; must be given with --zookeeper.",
        "N",
        read=integer,
    ),
    Option(
        ("--replication-factor",),
        "How many replicas each partition has. Default: the broker's; must be given with --zookeeper.",
        "N",
        read=integer,
    ),
    Option(
        ("--replica-assignment",),
        "Broker ids for each partition, the preferred leader first: of a new topic instead of --partitions and "
        "--replication-factor; with --alter of the present partitions and the new ones.",
        "1:2,2:3,…",
        completes="replicas",
    ),
    Option(
        ("--config",),
        "A config of the new topic, with --zookeeper also of one to alter; human units are taken: retention.ms=7d, "
        "segment.bytes=1GiB. May be repeated.",
        "NAME=VALUE",
        multiple=True,
        completes="topic-config",
    ),
    Option(
        ("--delete-config",),
        "With --alter and --zookeeper: a config to remove.",
        "NAME",
        multiple=True,
        completes="topic-config-name",
    ),
    Option(("--if-not-exists",), "Do nothing and succeed if the topic to create is there already."),
    Option(("--if-exists",), "Succeed if no topic matches."),
    Option(("--exclude-internal",), "Leave out internal topics, such as __consumer_offsets."),
    Option(("--topics-with-overrides",), "Describe only topics with configs of their own, without partitions."),
    Option(("--under-replicated-partitions",), "Describe only partitions with replicas that are not in sync."),
    Option(("--unavailable-partitions",), "Describe only partitions whose leader is not there."),
    Option(("--under-min-isr-partitions",), "Describe only partitions with fewer in-sync replicas than min ISR."),
    Option(("--at-min-isr-partitions",), "Describe only partitions with just as many in-sync replicas as min ISR."),
    Option(
        ("--partition-size-limit-per-response",),
        "Ask brokers of Kafka 4 for at most so many partitions at once. Default: 2000.",
        "N",
        read=integer,
    ),
    Option(("--disable-rack-aware",), "Assign replicas without regard to racks (--zookeeper)."),
    Option(("--force",), "Create even with a replica on a broker that is not there, or more than 100,000 partitions."),
    Option(("--dry-run",), "Check a --create, --alter or --delete and show what it would do; change nothing."),
    Option(("--yes",), "Go on without a question: delete several topics, change a protected cluster."),
    WATCH,
)


def _run(options: Mapping[str, Any]) -> Report:
    target = settings.choose(options["bootstrap_server"], options["zookeeper"], options["command_config"], options["X"])
    action = next(name for name in ACTIONS if options[name])
    check(options, action, target)
    if action in CHANGES and not options["dry_run"]:
        check_change(target, options["yes"])
    return ACTIONS[action](target, options)


command = ToolCommand(
    name="topics",
    section="Topics",
    summary="List, describe, create, alter and delete topics.",
    description="List, describe, create, alter and delete topics, on brokers or in ZooKeeper.",
    options=OPTIONS,
    run=_run,
    purpose="Create, delete, describe, or change a topic.",
    actions=tuple(ACTIONS),
    actions_words="--list, --describe, --create, --alter or --delete",
    only_with=ONLY_WITH,
    error_style=ErrorStyle("Error while executing topic command : ", to_stdout=True),
)
