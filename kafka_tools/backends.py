"""Brokers or ZooKeeper: the two ends a resource can be reached by, and opening one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from kafka_tools.model.topics import NewTopic, TopicDescription


@dataclass(frozen=True, slots=True)
class Brokers:
    """A cluster reached through its brokers: `host:port[,host:port…]` and librdkafka's settings."""

    bootstrap_servers: str
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ZooKeeper:
    """A cluster (up to Kafka 3.9) reached through its ZooKeeper ensemble: `host:port[,host:port…][/chroot]`."""

    connect: str


Target = Brokers | ZooKeeper


class Topics(Protocol):
    """The topics of one cluster. Every method raises KafkaToolError in the cluster's own words."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted."""
        ...

    def live_brokers(self) -> frozenset[int]:
        """Return the ids of the brokers that are registered now."""
        ...

    def describe(self, names: Sequence[str]) -> tuple[TopicDescription, ...]:
        """Return these topics, in this order, without those that were deleted meanwhile."""
        ...

    def create(self, topic: NewTopic) -> None:
        """Create one topic, wholly or not at all."""
        ...


@contextmanager
def open_topics(target: Target) -> Iterator[Topics]:
    """Connect to `target` and serve its topics. Raises UnreachableError where no server answers within about 5 s."""
    if isinstance(target, ZooKeeper):
        from kafka_tools.zookeeper.session import connected
        from kafka_tools.zookeeper.topics import ZooKeeperTopics

        with connected(target.connect) as client:
            yield ZooKeeperTopics(client)
    else:
        from kafka_tools.brokers.session import admin
        from kafka_tools.brokers.topics import BrokerTopics

        with admin(target.bootstrap_servers, target.config) as session:
            yield BrokerTopics(session)
