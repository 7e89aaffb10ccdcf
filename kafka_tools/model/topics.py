"""Topics and partitions, the same whether brokers or ZooKeeper told them."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError

OFFSETS = "__consumer_offsets"


class Offsets(NamedTuple):
    """The topic __consumer_offsets, which keeps the groups' offsets.

    `factor` is the fewest replicas that a partition has, `leaderless` how many of its partitions have no leader.
    """

    partitions: int
    factor: int
    leaderless: int


class TopicPartition(NamedTuple):
    """One partition of a topic, by the topic's name and the partition's number."""

    topic: str
    partition: int


# A NamedTuple and not a dataclass: a cluster may have 30,000 of them, and a NamedTuple is made in a third of the time.
class Partition(NamedTuple):
    """One partition of a topic; all numbers but `partition` are broker ids.

    `replicas` is in the order of the assignment: the first is the preferred leader. `leader` is None where there is no
    leader. `adding_replicas` and `removing_replicas` are moved by a running reassignment. `elr` (eligible leader
    replicas, KIP-966) and `last_known_elr` are None where the cluster has no such thing: before Kafka 4.
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
    """One topic with its partitions in ascending order, and the configs that were set for it.

    `topic_id` is in Kafka's base64 form; None before Kafka 2.8. `min_isr` is the value of min.insync.replicas that is
    in force; None where that cannot be known: a broker's default is not in ZooKeeper.
    """

    topic: str
    topic_id: str | None
    partitions: tuple[Partition, ...]
    configs: Mapping[str, str]
    min_isr: int | None = None
    marked_for_deletion: bool = False

    @property
    def replication_factor(self) -> int:
        """The number of replicas of the first partition, without those that a reassignment is adding.

        Source: TopicCommand.getReplicationFactor, Kafka 3.9.
        """
        if not self.partitions:
            return 0
        # Kafka's tool shows one number for the topic although partitions may differ, while replicas are added to them.
        first = self.partitions[0]
        return len(first.replicas) - len(first.adding_replicas)


def missing(partition: Partition) -> tuple[int, ...]:
    """Return the replicas that are not in sync, in the order of the assignment."""
    return tuple(broker for broker in partition.replicas if broker not in partition.isr)


def under_replicated(partition: Partition) -> bool:
    """Tell whether replicas are missing from the ISR. Replicas that a reassignment is adding do not count.

    Source: TopicCommand.PartitionDescription.isUnderReplicated, Kafka 3.9.
    """
    # One that a reassignment adds is in the list of replicas at once, and in sync only when it has caught up.
    return len(partition.isr) < len(partition.replicas) - len(partition.adding_replicas)


def offline(partition: Partition, live: Collection[int]) -> bool:
    """Tell whether a partition has no live leader (PartitionDescription.hasUnavailablePartitions, Kafka 3.9)."""
    return partition.leader is None or partition.leader not in live


class NewTopic(NamedTuple):
    """A topic to create.

    It has either `partitions` and `replication_factor` (None: the broker's default), or an `assignment` with the
    replicas of each partition.
    """

    topic: str
    partitions: int | None = None
    replication_factor: int | None = None
    assignment: tuple[tuple[int, ...], ...] | None = None
    configs: Mapping[str, str] = {}
    rack_aware: bool = True


class NewPartitions(NamedTuple):
    """An increase of a topic's partitions to `total_count`.

    `assignment` has the replicas of each new partition; None leaves the choice to the cluster.
    """

    topic: str
    total_count: int
    assignment: tuple[tuple[int, ...], ...] | None = None
    rack_aware: bool = True


class TopicExistsError(KafkaToolError):
    """A topic of this name exists already."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"Topic '{topic}' already exists.")


class TopicMarkedForDeletionError(KafkaToolError):
    """The deletion of this topic has been asked for before."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"Topic {topic} is already marked for deletion.")
