"""`ktools topics`: kafka-topics.sh.

Source: org.apache.kafka.tools.TopicCommand 3.9 on brokers, kafka.admin.TopicCommand 2.8 on ZooKeeper.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from kafka_tools.backends import Target, Topics, ZooKeeper, open_topics
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.joptsimple import JavaInteger
from kafka_tools.cli.options import bootstrap_server_option, zookeeper_option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.health import Problem, Replica, missing, problems, replicas
from kafka_tools.model.java import hash_order
from kafka_tools.model.topics import (
    NewTopic,
    Partition,
    TopicDescription,
    TopicExistsError,
    has_collision_chars,
    matching,
)
from kafka_tools.report import Level, Mark, Report, Table
from kafka_tools.settings import target as settings

# Requests


@dataclass(frozen=True, slots=True)
class ListTopics:
    """Names of the topics that match."""

    target: Target
    topic: str | None
    exclude_internal: bool


@dataclass(frozen=True, slots=True)
class DescribeTopics:
    """Partitions, leaders and in-sync replicas of the topics that match."""

    target: Target
    topic: str | None
    exclude_internal: bool
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """One new topic."""

    target: Target
    topic: NewTopic
    if_not_exists: bool
    force: bool


Request = ListTopics | DescribeTopics | CreateTopic

# Command

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

ACTIONS = ("list", "describe", "create")


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
    match _request(options):
        case ListTopics() as request:
            return _list(request)
        case DescribeTopics() as request:
            return _describe(request)
        case CreateTopic() as request:
            return _create(request)


def _request(options: Mapping[str, Any]) -> Request:
    """Check the options against each other, as TopicCommandOptions.checkArgs does, and say what to do."""
    target = settings.choose(options["bootstrap_server"], options["zookeeper"])
    action = next(name for name in ACTIONS if options[name])
    if action == "create":
        _require(options, "topic")
    if action == "create" and isinstance(target, ZooKeeper) and options["replica_assignment"] is None:
        _require(options, "partitions")
        _require(options, "replication_factor")
    if action == "describe" and options["if_exists"]:
        _require(options, "topic", "--topic is required to describe a topic with --if-exists")
    _refuse_misplaced(options, action)
    if action == "list":
        return ListTopics(target, options["topic"], options["exclude_internal"])
    if action == "describe":
        return DescribeTopics(target, options["topic"], options["exclude_internal"], options["if_exists"])
    return CreateTopic(target, _new_topic(options), options["if_not_exists"], options["force"])


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


def _new_topic(options: Mapping[str, Any]) -> NewTopic:
    from kafka_tools.model import assignment, topic_config  # here: they take a twentieth of every other action's time

    text = options["replica_assignment"]
    return NewTopic(
        topic=options["topic"],
        partitions=options["partitions"],
        replication_factor=options["replication_factor"],
        assignment=None if text is None else assignment.parse(text),
        configs=topic_config.parse(options["config"]),
        rack_aware=not options["disable_rack_aware"],
    )


# Actions


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic by name."""

    topic: str


@dataclass(frozen=True, slots=True)
class TopicDetails:
    """One topic in a table of many."""

    topic: str
    partitions: int
    replication_factor: int
    under_replicated: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """One partition for a program; brokers by id."""

    topic: str
    topic_id: str | None
    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    missing: tuple[int, ...]
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition for a person."""

    partition: int
    leader: int | None
    replicas: tuple[Replica, ...]
    missing: tuple[int, ...]
    state: Mark


PARTITION_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas",
    "isr": "Isr",
}
VIEW_COLUMNS = {
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas",
    "missing": "Missing",
    "state": "State",
}
DETAIL_COLUMNS = {
    "topic": "Topic",
    "partitions": "Partitions",
    "replication_factor": "RF",
    "under_replicated": "Under-replicated",
    "configs": "Configs",
}


def _list(request: ListTopics) -> Report:
    with open_topics(request.target) as topics:
        names = matching(topics.names(), request.topic, request.exclude_internal)
    on_brokers = not isinstance(request.target, ZooKeeper)
    return Report(
        rows=[TopicRow(name) for name in names],
        columns={"topic": "Topic"},
        plain=names or ([""] if on_brokers else []),  # 3.9 prints an empty line for an empty list
        tables=lambda: [Table(_details(request.target, names), DETAIL_COLUMNS, spare=("configs",))],
        names_only=True,
    )


def _details(target: Target, names: Sequence[str]) -> list[TopicDetails]:
    with open_topics(target) as topics:
        described = topics.describe(names)
    return [
        TopicDetails(
            topic.topic,
            len(topic.partitions),
            topic.replication_factor,
            sum(bool(missing(partition)) for partition in topic.partitions),
            topic.configs,
        )
        for topic in described
    ]


def _describe(request: DescribeTopics) -> Report:
    with open_topics(request.target) as topics:
        everything = topics.names()
        names = matching(everything, request.topic, request.exclude_internal)
        if request.topic is not None and not names and not request.if_exists:
            raise _no_such_topic(request.topic, everything)
        described = topics.describe(names)
        live = topics.live_brokers()
    lines = zookeeper_lines(described) if isinstance(request.target, ZooKeeper) else broker_lines(described)
    return Report(
        rows=[_row(topic, partition) for topic in described for partition in topic.partitions],
        columns=PARTITION_COLUMNS,
        plain=lines,
        tables=lambda: [_view(topic, live) for topic in described],
    )


def _no_such_topic(topic: str, names: Sequence[str]) -> KafkaToolError:
    near = difflib.get_close_matches(topic, names, n=3)
    hint = f"Near names: {', '.join(near)}" if near else "`ktools topics --list` shows what is there."
    return KafkaToolError(f"Topic '{topic}' does not exist as expected", hint)


def _create(request: CreateTopic) -> Report:
    topic = request.topic
    warning = [COLLISION_WARNING] if has_collision_chars(topic.topic) else []
    try:
        with open_topics(request.target) as topics:
            _check_assignment(request, topics)
            topics.create(topic)
    except TopicExistsError:
        if not request.if_not_exists:
            raise
        return Report(rows=[], columns={"topic": "Topic"}, plain=warning)
    return Report(
        rows=[TopicRow(topic.topic)],
        columns={"topic": "Topic"},
        plain=[*warning, f"Created topic {topic.topic}."],
        names_only=True,
    )


def _check_assignment(request: CreateTopic, topics: Topics) -> None:
    if request.topic.assignment is not None and not request.force:
        from kafka_tools.model import assignment

        assignment.check_brokers(request.topic.assignment, topics.live_brokers())


def _row(topic: TopicDescription, partition: Partition) -> PartitionRow:
    return PartitionRow(
        topic=topic.topic,
        topic_id=topic.topic_id,
        partition=partition.partition,
        leader=partition.leader,
        replicas=partition.replicas,
        isr=partition.isr,
        missing=missing(partition),
        configs=topic.configs,
    )


def _view(topic: TopicDescription, live: frozenset[int]) -> Table:
    found = [problems(partition, live) for partition in topic.partitions]
    facts = [_count(len(topic.partitions), "partition"), f"RF {topic.replication_factor}"]
    facts += [f"{name}={topic.configs[name]}" for name in sorted(topic.configs)]
    facts += [f"id {topic.topic_id}"] if topic.topic_id else []
    return Table(
        rows=[
            PartitionView(p.partition, p.leader, replicas(p, live), missing(p), _mark(wrong))
            for p, wrong in zip(topic.partitions, found, strict=True)
        ],
        columns=VIEW_COLUMNS,
        title=topic.topic,
        facts=facts,
        spare=("missing",),
        summary=_summary(topic, found),
    )


def _mark(wrong: Sequence[Problem]) -> Mark:
    return Mark("; ".join(problem.words for problem in wrong), _level(wrong))


def _summary(topic: TopicDescription, found: Sequence[Sequence[Problem]]) -> Mark:
    broken = sum(any(problem.broken for problem in wrong) for wrong in found)
    thin = sum(bool(missing(partition)) for partition in topic.partitions)
    moved = sum(p.leader is not None and p.leader != p.replicas[0] for p in topic.partitions)
    facts = [f"{broken} offline"] if broken else []
    facts += [f"{thin} under-replicated"] if thin else []
    facts += [f"{moved} not led by {'its' if moved == 1 else 'their'} preferred replica"] if moved else []
    healthy = "healthy" if len(topic.partitions) == 1 else f"all {len(topic.partitions)} partitions healthy"
    return Mark(" · ".join(facts) or healthy, _level([problem for wrong in found for problem in wrong]))


def _level(wrong: Sequence[Problem]) -> Level:
    if any(problem.broken for problem in wrong):
        return Level.BROKEN
    return Level.RISK if wrong else Level.QUIET


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


# Apache's lines

COLLISION_WARNING = (
    "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
    "To avoid issues it is best to use either, but not both."
)

PROPERTIES_CAPACITY = 16
ALL_CONFIGS_CAPACITY = 64
"""How many buckets Java's table of all configs of a topic has (3.9: 36 configs)."""


def zookeeper_lines(topics: Sequence[TopicDescription]) -> Iterator[str]:
    """Yield Kafka 2.8's lines: topics sorted, configs in the order of java.util.Properties."""
    for topic in topics:
        yield _topic_line(topic, PROPERTIES_CAPACITY)
        yield from (_partition_line(topic, partition) for partition in topic.partitions)


def broker_lines(topics: Sequence[TopicDescription]) -> Iterator[str]:
    """Yield Kafka 3.9's lines: topics and configs in the order of java.util.HashMap, ELR as Kafka before 4.0 has it."""
    by_name = {topic.topic: topic for topic in topics}
    for name in hash_order(by_name, capacity=1):
        topic = by_name[name]
        yield _topic_line(topic, ALL_CONFIGS_CAPACITY)
        yield from (
            f"{_partition_line(topic, partition)}\tElr: N/A\tLastKnownElr: N/A" for partition in topic.partitions
        )


def _topic_line(topic: TopicDescription, capacity: int) -> str:
    configs = ",".join(f"{name}={topic.configs[name]}" for name in hash_order(topic.configs, capacity))
    topic_id = f"\tTopicId: {topic.topic_id}" if topic.topic_id else ""
    return (
        f"Topic: {topic.topic}{topic_id}\tPartitionCount: {len(topic.partitions)}"
        f"\tReplicationFactor: {topic.replication_factor}\tConfigs: {configs}"
    )


def _partition_line(topic: TopicDescription, partition: Partition) -> str:
    leader = "none" if partition.leader is None else partition.leader
    return (
        f"\tTopic: {topic.topic}\tPartition: {partition.partition}\tLeader: {leader}"
        f"\tReplicas: {','.join(map(str, partition.replicas))}\tIsr: {','.join(map(str, partition.isr))}"
    )
