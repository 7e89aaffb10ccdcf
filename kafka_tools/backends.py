"""Brokers or ZooKeeper: the two ends a resource can be reached by, and opening one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from kafka_tools.model.target import Target, ZooKeeper

if TYPE_CHECKING:
    from kafka_tools.errors import KafkaToolError
    from kafka_tools.model.assignment import Assignment, BrokerRack
    from kafka_tools.model.topics import NewPartitions, NewTopic, TopicDescription


class Topics(Protocol):
    """The topics of one cluster, read. Every method raises KafkaToolError in the cluster's own words."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted."""
        ...

    def name_of(self, topic_id: str) -> str | None:
        """Return the name of the topic with this id (Kafka's base64 form), None where there is none."""
        ...

    def marked_for_deletion(self) -> frozenset[str]:
        """Return the names of the topics that wait for their deletion, where the cluster tells."""
        ...

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are registered now, by id."""
        ...

    def describe(self, names: Sequence[str], in_full: bool = True, /) -> "tuple[TopicDescription, ...]":
        """Return these topics, in this order, without those that were deleted meanwhile.

        With `in_full` false, that is their partitions alone: reading configs needs another right (DESCRIBE_CONFIGS).
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return what could not be found out so far, and why, in words for a user."""
        ...

    def no_election(self) -> str:
        """Return why no leader could be elected now: the controller is missing, or was found silent so far; else ""."""
        ...


class TopicChanges(Protocol):
    """Changes of a cluster's topics; with `validate_only` all is checked and nothing changed. Every method raises
    KafkaToolError in the cluster's own words."""

    def create(self, topic: "NewTopic", validate_only: bool = False) -> "Assignment | None":
        """Create one topic, wholly or not at all; return its replicas where they are known beforehand."""
        ...

    def create_partitions(
        self, partitions: "Sequence[NewPartitions]", validate_only: bool = False
    ) -> "Mapping[str, Assignment | KafkaToolError | None]":
        """Let topics have more partitions, whatever becomes of the others.

        Return for each the new ones' replicas where they are known beforehand, or the failure.
        """
        ...

    def delete_topics(self, topics: Sequence[str]) -> "Mapping[str, KafkaToolError | None]":
        """Delete topics, whatever becomes of the others; return for each the failure, None for a success."""
        ...

    def has_controller(self) -> bool:
        """Tell whether a controller is there to act on what is changed."""
        ...


class TopicConfigChanges(TopicChanges, Protocol):
    """Changes that Kafka's topics tool makes to configs through ZooKeeper only."""

    def alter_configs(
        self, topic: str, configs: Mapping[str, str], delete: Sequence[str], validate_only: bool = False
    ) -> None:
        """Set these configs of one topic and delete those; the others stay as they are."""
        ...


@contextmanager
def open_topics(target: Target, partition_size_limit: int | None = None) -> Iterator[Topics]:
    """Connect to `target` and serve its topics, brokers asked for at most `partition_size_limit` partitions at once.

    Raises UnreachableError where no server answers within about 5 s.
    """
    if isinstance(target, ZooKeeper):
        from kafka_tools.zookeeper.session import connected
        from kafka_tools.zookeeper.topics import ZooKeeperTopics

        with connected(target.connect, target.security, target.wait_seconds) as client:
            yield ZooKeeperTopics(client)
    else:
        from kafka_tools.brokers.session import open_session
        from kafka_tools.brokers.topics import BrokerTopics

        with open_session(target) as session:
            yield BrokerTopics(session, partition_size_limit)


@contextmanager
def open_topic_changes(target: Target) -> Iterator[TopicChanges]:
    """Connect to `target` for changes of its topics. Raises UnreachableError where no server answers."""
    if isinstance(target, ZooKeeper):
        with open_topic_config_changes(target) as changes:
            yield changes
    else:
        from kafka_tools.brokers.session import open_session
        from kafka_tools.brokers.topic_changes import BrokerTopicChanges

        with open_session(target) as session:
            yield BrokerTopicChanges(session)


@contextmanager
def open_topic_config_changes(target: ZooKeeper) -> Iterator[TopicConfigChanges]:
    """Connect to ZooKeeper for changes of topics and their configs. Raises UnreachableError."""
    from kafka_tools.zookeeper.session import connected
    from kafka_tools.zookeeper.topic_changes import ZooKeeperTopicChanges

    with connected(target.connect, target.security, target.wait_seconds) as client:
        yield ZooKeeperTopicChanges(client)


def registered_brokers(ensemble: ZooKeeper) -> str:
    """Return `host:port[,host:port…]` of the brokers that ZooKeeper knows, for what asks brokers.

    Raises UnreachableError where no server answers, KafkaToolError where there is no broker.
    """
    from kafka_tools.errors import KafkaToolError
    from kafka_tools.zookeeper.cluster import broker_addresses
    from kafka_tools.zookeeper.session import connected

    with connected(ensemble.connect, ensemble.security, ensemble.wait_seconds) as client:
        addresses = broker_addresses(client)
    if not addresses:
        raise KafkaToolError(f"ZooKeeper at {ensemble.connect} knows no broker.", "Is there a chroot: HOST:PORT/kafka?")
    return ",".join(addresses)
