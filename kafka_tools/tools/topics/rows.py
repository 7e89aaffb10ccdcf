"""The rows of `ktools topics` for programs: their field names are the keys of json, yaml and csv."""

from collections.abc import Mapping
from dataclasses import dataclass

from kafka_tools.model.health import missing
from kafka_tools.model.topics import Partition, TopicDescription


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic by name."""

    topic: str


@dataclass(frozen=True, slots=True)
class TopicConfigsRow:
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


@dataclass(frozen=True, slots=True)
class PartitionRow:
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


@dataclass(frozen=True, slots=True)
class PlannedPartition:
    """One partition that a dry run would make; `replicas` by broker id, None where only the cluster would choose."""

    topic: str
    partition: int
    replicas: tuple[int, ...] | None
