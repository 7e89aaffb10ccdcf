"""Topics as every back end knows them."""

from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError


class TopicPartition(NamedTuple):
    """One partition of a topic, by the topic's name and the partition's number."""

    topic: str
    partition: int


class Partition(NamedTuple):
    """One partition; ids are broker ids, `replicas` in assignment order: the first is the preferred leader.

    `adding_replicas` and `removing_replicas` are what a running reassignment moves. `elr` (eligible leader replicas)
    and `last_known_elr` are None where the cluster keeps none (before Kafka 4, KIP-966).
    """

    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]
    adding_replicas: tuple[int, ...] = ()
    removing_replicas: tuple[int, ...] = ()
    elr: tuple[int, ...] | None = None
    last_known_elr: tuple[int, ...] | None = None


class TopicDescription(NamedTuple):
    """One topic: its partitions in ascending order and the configs that were set for it, by name.

    `topic_id` is Kafka's base64 form; None where the cluster gives none (before 2.8). `min_isr` is the value of
    min.insync.replicas in force, None where it cannot be known (a broker's default, seen from ZooKeeper).
    """

    topic: str
    topic_id: str | None
    partitions: tuple[Partition, ...]
    configs: Mapping[str, str]
    min_isr: int | None = None
    marked_for_deletion: bool = False

    @property
    def replication_factor(self) -> int:
        """The number of replicas of the first partition, those aside that a reassignment is adding, as Apache's tool
        counts it (TopicCommand.getReplicationFactor, Kafka 3.9)."""
        if not self.partitions:
            return 0
        first = self.partitions[0]
        return len(first.replicas) - len(first.adding_replicas)


class NewTopic(NamedTuple):
    """A topic to create: by count and factor (None: the broker's default), or by one replica list a partition."""

    topic: str
    partitions: int | None = None
    replication_factor: int | None = None
    assignment: tuple[tuple[int, ...], ...] | None = None
    configs: Mapping[str, str] = {}
    rack_aware: bool = True


class NewPartitions(NamedTuple):
    """`total_count` partitions for a topic that has fewer; `assignment` names the replicas of each new one (None: where
    the cluster sees fit)."""

    topic: str
    total_count: int
    assignment: tuple[tuple[int, ...], ...] | None = None
    rack_aware: bool = True


class TopicExistsError(KafkaToolError):
    """A topic of this name is there already."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"Topic '{topic}' already exists.")


class TopicMarkedForDeletionError(KafkaToolError):
    """The deletion of this topic was asked for before."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"Topic {topic} is already marked for deletion.")
