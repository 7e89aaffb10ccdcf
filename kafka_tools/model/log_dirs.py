"""What brokers keep in their directories, and how evenly topics are spread over them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka_tools.errors import BrokerError
from kafka_tools.model.topics import TopicPartition


class ReplicaInfo(NamedTuple):
    """A replica in a directory.

    `size` is that of its segments in bytes. `offset_lag` is by how many offsets the log is behind the high watermark,
    that of a future replica (`is_future`, a copy that will replace the current one) behind the current one. Source:
    org.apache.kafka.clients.admin.ReplicaInfo.
    """

    partition: TopicPartition
    size: int
    offset_lag: int
    is_future: bool


class LogDirDescription(NamedTuple):
    """A directory of a broker: its replicas in the order in which the broker names them, or why it is dead (`error`).

    `total_bytes` and `usable_bytes` are those of its volume; None where the broker does not tell (before Kafka 3.3).
    """

    path: str
    error: BrokerError | None
    total_bytes: int | None
    usable_bytes: int | None
    replicas: tuple[ReplicaInfo, ...]


Described = Mapping[int, tuple[LogDirDescription, ...]]
"""The directories of each broker."""


def topic_sizes(described: Described) -> dict[str, dict[int, int]]:
    """Return the bytes of each topic on each broker that holds a replica of it, the largest topic first.

    Copies that are under way to another directory count, too: they take room.
    """
    sizes: dict[str, dict[int, int]] = {}
    for broker, log_dirs in described.items():
        for log_dir in log_dirs:
            for replica in log_dir.replicas:
                of_topic = sizes.setdefault(replica.partition.topic, {})
                of_topic[broker] = of_topic.get(broker, 0) + replica.size
    # By name where sizes are equal: empty topics are many.
    return dict(sorted(sizes.items(), key=lambda each: (-sum(each[1].values()), each[0])))


def broker_sizes(sizes: Mapping[str, Mapping[int, int]], brokers: Iterable[int]) -> dict[int, int]:
    """Return the bytes of all topics on each broker; 0 for one that holds nothing."""
    found = Counter(dict.fromkeys(brokers, 0))
    for of_topic in sizes.values():
        found.update(of_topic)
    return dict(found)


def skew(sizes: Mapping[int, int], brokers: int) -> float | None:
    """Return how many times the mean of all `brokers` the fullest one holds; 1.0 is even, None where nobody holds any.

    A topic with one replica on three brokers cannot be better than 3.0.
    """
    held = sum(sizes.values())
    return max(sizes.values()) * brokers / held if held else None
