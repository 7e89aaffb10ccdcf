"""Moves partitions to other brokers by the znode /admin/reassign_partitions, as Kafka up to 2.8 did.

The controller (up to Kafka 3.9) watches that znode, and deletes it when all partitions have moved. Source: kafka.admin.
ReassignPartitionsCommand and kafka.zk.ReassignPartitionsZNode, Kafka 2.8.2.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.configs import TOPICS as TOPIC
from kafka_tools.model.configs import ConfigChange, Entity
from kafka_tools.model.reassignments import Placement, Replicas
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import TopicPartition
from kafka_tools.zookeeper.configs import ZooKeeperConfigs
from kafka_tools.zookeeper.documents import TopicDocument, encode_reassigned, read_reassigned, read_topic
from kafka_tools.zookeeper.session import check_chroot, connected
from kafka_tools.zookeeper.topic_changes import REASSIGNMENT
from kafka_tools.zookeeper.topics import TOPICS, ZooKeeperTopics
from kafka_tools.zookeeper.transactions import change, create_parents, read
from kafka_tools.zookeeper.znodes import Znodes


@contextmanager
def open_reassignments(target: ZooKeeper) -> "Iterator[ZooKeeperReassignments]":
    """Open a session with ZooKeeper to move partitions, close it at the end. Raises KafkaToolError."""
    with connected(target) as client:
        check_chroot(client)
        yield ZooKeeperReassignments(client)


class ZooKeeperReassignments:
    """The replicas of the cluster behind an open session with its ZooKeeper (kazoo), and where they move."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._configs = ZooKeeperConfigs(client)

    def brokers(self) -> tuple[BrokerRack, ...]:
        """Return the brokers that are registered now, by id, with their racks."""
        return ZooKeeperTopics(self._client).brokers()

    def placement(self, topics: Collection[str]) -> dict[TopicPartition, Replicas]:
        """Return the replicas of all partitions of these topics, without topics that are not there."""
        return {
            TopicPartition(topic, partition): replicas
            for topic, document in self._documents(topics)
            for partition, replicas in document.replicas.items()
        }

    def ongoing(self, topics: Collection[str]) -> frozenset[TopicPartition]:
        """Return what the znode says is moving, and those partitions of some topics that brokers were asked to move.

        Of the latter Kafka 2.8's tool knows nothing: it would call them failed, and take their throttles away.
        """
        asked = {
            TopicPartition(topic, partition)
            for topic, document in self._documents(topics)
            for partition in {**document.adding, **document.removing}
        }
        return read_reassigned(REASSIGNMENT, read(self._client, REASSIGNMENT)[0]) | asked

    def is_reassigning(self) -> bool:
        """Whether the znode is there: what it says must be done before it can say something else."""
        return self._client.exists(REASSIGNMENT) is not None

    def reassign(self, placement: Placement) -> None:
        """Ask the controller to move partitions to these replicas. Raises KafkaToolError where it is at work."""

        def attempt() -> tuple[Any, None]:
            if self.is_reassigning():
                raise KafkaToolError("Others began to move partitions meanwhile.", "Try again when they have moved.")
            # Created, never set: the controller hears of a znode that comes into being (PartitionReassignmentHandler
            # 2.8).
            transaction = self._client.transaction()
            create_parents(transaction, [REASSIGNMENT])
            transaction.create(REASSIGNMENT, encode_reassigned(placement.items()))
            return transaction, None

        change("the reassignment", "started", attempt)

    def set_configs(self, entity: Entity, values: Mapping[str, str]) -> None:
        """Set configs of one entity; its other configs stay as they are."""
        self._configs.alter(ConfigChange(entity, values))

    def unset_configs(self, entity: Entity, names: Collection[str]) -> None:
        """Take those of these configs away that are set; nothing is written where none is."""
        there = {each.name for each in self._configs.current(entity)}
        delete = tuple(name for name in names if name in there)
        # A topic that was deleted while its partitions moved takes its configs along: nothing is left to take away.
        is_gone = entity.type == TOPIC and self._client.exists(f"{TOPICS}/{entity.name}") is None
        if delete and not is_gone:
            self._configs.alter(ConfigChange(entity, {}, delete))

    def _documents(self, topics: Collection[str]) -> Iterator[tuple[str, TopicDocument]]:
        names = sorted(topics)
        paths = [f"{TOPICS}/{name}" for name in names]
        for name, path, data in zip(names, paths, Znodes(self._client).data(paths), strict=True):
            document = read_topic(path, data)
            if document is not None:
                yield name, document
