"""What `ktools topics` writes into a pipe: Apache's lines, and rows for programs.

The lines are Kafka 3.9's on brokers (4.x's where it keeps an ELR) and 2.8's on ZooKeeper; source: TopicDescription and
PartitionDescription of TopicCommand in both versions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kafka_tools.model.java_hash_order import PROPERTIES_CAPACITY, hash_order
from kafka_tools.model.topics import Partition, TopicDescription, missing

ALL_CONFIGS_CAPACITY = 64
"""How many buckets Java's table of all configs of a topic has (3.9: 36 configs)."""

Wanted = Callable[[TopicDescription, Partition], bool]
"""Tells of a partition whether its line is printed."""


def broker_lines(topics: Sequence[TopicDescription], headings: bool, wanted: Wanted) -> Iterator[str]:
    """Yield topics and configs in the order of java.util.HashMap; `headings`: the line of each topic, too."""
    by_name = {topic.topic: topic for topic in topics}
    # DescribeTopicsResult.all (3.9) makes a HashMap as large as the number of topics, so that it is the smallest that
    # fits.
    for name in hash_order(by_name, capacity=1):
        topic = by_name[name]
        if headings:
            # The configs that are shown are picked out of the table of all of them, whose order they keep.
            yield _topic_line(topic, topic.replication_factor, ALL_CONFIGS_CAPACITY)
        for partition in topic.partitions:
            if wanted(topic, partition):
                yield _partition_line(topic, partition) + _moving(partition) + _eligible(partition)


def zookeeper_lines(topics: Sequence[TopicDescription], headings: bool, wanted: Wanted) -> Iterator[str]:
    """Yield topics sorted, configs in the order of java.util.Properties."""
    for topic in topics:
        marked = "\tMarkedForDeletion: true" if topic.marked_for_deletion else ""
        if headings:
            # 2.8 takes the number of the first partition's replicas, moving or not.
            replicas = topic.partitions[0].replicas if topic.partitions else ()
            yield _topic_line(topic, len(replicas), PROPERTIES_CAPACITY) + marked
        for partition in topic.partitions:
            if wanted(topic, partition):
                yield _partition_line(topic, partition) + marked


def _topic_line(topic: TopicDescription, replication_factor: int, capacity: int) -> str:
    configs = ",".join(f"{name}={topic.configs[name]}" for name in hash_order(topic.configs, capacity))
    topic_id = f"\tTopicId: {topic.topic_id}" if topic.topic_id else ""
    return (
        f"Topic: {topic.topic}{topic_id}\tPartitionCount: {len(topic.partitions)}"
        f"\tReplicationFactor: {replication_factor}\tConfigs: {configs}"
    )


def _partition_line(topic: TopicDescription, partition: Partition) -> str:
    leader = "none" if partition.leader is None else partition.leader
    return (
        f"\tTopic: {topic.topic}\tPartition: {partition.partition}\tLeader: {leader}"
        f"\tReplicas: {_ids(partition.replicas)}\tIsr: {_ids(partition.isr)}"
    )


def _moving(partition: Partition) -> str:
    # 3.9 prints both columns, one of them perhaps empty, where a reassignment is under way, and else none.
    if not (partition.adding_replicas or partition.removing_replicas):
        return ""
    return (
        f"\tAdding Replicas: {_ids(partition.adding_replicas)}\tRemoving Replicas: {_ids(partition.removing_replicas)}"
    )


def _eligible(partition: Partition) -> str:
    # None where brokers do not tell (before 4.0, KIP-966): 3.9's tool prints N/A for each partition.
    elr = "N/A" if partition.elr is None else _ids(partition.elr)
    last_known = "N/A" if partition.last_known_elr is None else _ids(partition.last_known_elr)
    return f"\tElr: {elr}\tLastKnownElr: {last_known}"


def _ids(brokers: Sequence[int]) -> str:
    return ",".join(map(str, brokers))


# NamedTuples, not dataclasses: three of these would take 2 ms of the 75 in which a list is done.
class TopicRow(NamedTuple):
    """One topic by name."""

    topic: str


class TopicConfigsRow(NamedTuple):
    """One topic with the configs that were set for it."""

    topic: str
    topic_id: str | None
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]

    @classmethod
    def of(cls, topic: TopicDescription) -> "TopicConfigsRow":
        """Return the row of one topic."""
        return cls(topic.topic, topic.topic_id, len(topic.partitions), topic.replication_factor, topic.configs)


class PartitionRow(NamedTuple):
    """One partition; brokers by id, None where the cluster does not tell."""

    topic: str
    topic_id: str | None
    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    missing: tuple[int, ...]
    adding_replicas: tuple[int, ...]
    removing_replicas: tuple[int, ...]
    elr: tuple[int, ...] | None
    last_known_elr: tuple[int, ...] | None
    min_isr: int | None
    configs: Mapping[str, str]
    marked_for_deletion: bool

    @classmethod
    def of(cls, topic: TopicDescription, partition: Partition) -> "PartitionRow":
        """Return the row of one partition of a topic."""
        return cls(
            topic=topic.topic,
            topic_id=topic.topic_id,
            partition=partition.partition,
            leader=partition.leader,
            replicas=partition.replicas,
            isr=partition.isr,
            missing=missing(partition),
            adding_replicas=partition.adding_replicas,
            removing_replicas=partition.removing_replicas,
            elr=partition.elr,
            last_known_elr=partition.last_known_elr,
            min_isr=topic.min_isr,
            configs=topic.configs,
            marked_for_deletion=topic.marked_for_deletion,
        )


NAME_COLUMNS = {"topic": "Topic"}
PARTITION_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas",
    "isr": "Isr",
}
CONFIGS_COLUMNS = {
    "topic": "Topic",
    "partitions": "Partitions",
    "replication_factor": "RF",
    "configs": "Configs",
}
