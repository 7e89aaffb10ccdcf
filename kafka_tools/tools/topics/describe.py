"""`ktools topics --describe`: leaders, replicas and in-sync replicas of each partition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafka_tools.backends import Target, ZooKeeper, open_topics
from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.health import Problem, Replica, missing, problems, replicas
from kafka_tools.model.java import PROPERTIES_CAPACITY, hash_order
from kafka_tools.model.topics import Partition, TopicDescription, matching
from kafka_tools.report import Report
from kafka_tools.table import Level, Mark, Table


@dataclass(frozen=True, slots=True)
class DescribeTopics:
    """Partitions, leaders and in-sync replicas of the topics that match."""

    target: Target
    topic: str | None
    exclude_internal: bool
    if_exists: bool


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


@dataclass(frozen=True, slots=True)
class TopicDetails:
    """One topic in a table of many."""

    topic: str
    partitions: int
    replication_factor: int
    under_replicated: int
    configs: Mapping[str, str]


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


def describe(request: DescribeTopics) -> Report:
    """Return the partitions of the topics that match. Raises KafkaToolError where a named topic is not there."""
    with open_topics(request.target) as topics:
        everything = matching(topics.names(), None, request.exclude_internal)
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
    near = nearest(topic, names, most=3)
    hint = f"Near names: {', '.join(near)}" if near else "`ktools topics --list` shows what is there."
    return KafkaToolError(f"Topic '{topic}' does not exist as expected", hint)


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


def details(described: Sequence[TopicDescription]) -> Table:
    """Return a table with a line a topic."""
    rows = [
        TopicDetails(
            topic.topic,
            len(topic.partitions),
            topic.replication_factor,
            sum(bool(missing(partition)) for partition in topic.partitions),
            topic.configs,
        )
        for topic in described
    ]
    return Table(rows, DETAIL_COLUMNS, spare=("configs",))
