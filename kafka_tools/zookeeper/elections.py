"""Has partitions led by their preferred replicas, by the znode /admin/preferred_replica_election (Kafka up to 3.9).

The controller watches that znode: it elects, and deletes the znode. Source: kafka.zk.PreferredReplicaElectionZNode 2.8.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.zookeeper.documents import encode_election, read_election
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topics import ZooKeeperTopics
from kafka_tools.zookeeper.transactions import change, create_parents, read

ELECTION = "/admin/preferred_replica_election"

ELECTED_SECONDS, PAUSE_SECONDS = 30.0, 0.05
"""How long the controller is waited for, and how often it is looked whether it is done."""


@contextmanager
def open_elections(target: ZooKeeper) -> "Iterator[ZooKeeperElections]":
    """Open a session with ZooKeeper for elections, close it at the end. Raises KafkaToolError."""
    with connected(target) as client:
        yield ZooKeeperElections(client)


class ZooKeeperElections:
    """The leaders of a cluster, read and moved through an open session with its ZooKeeper (kazoo)."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.topics = ZooKeeperTopics(client)

    def partitions(self, wanted: Collection[TopicPartition] | None) -> dict[TopicPartition, Partition]:
        """Return those partitions of `wanted` (None: of the cluster) that are there."""
        names = self.topics.names()
        if wanted is not None:
            asked = {each.topic for each in wanted}
            names = tuple(name for name in names if name in asked)
        found = {
            TopicPartition(topic.topic, each.partition): each
            for topic in self.topics.describe(names)
            for each in topic.partitions
        }
        return found if wanted is None else {each: found[each] for each in wanted if each in found}

    def live(self) -> frozenset[int]:
        """Return the brokers that are registered now."""
        return frozenset(each.broker for each in self.topics.brokers())

    def start(self, partitions: Iterable[TopicPartition]) -> None:
        """Ask the controller to elect the preferred replicas of these partitions.

        Raises KafkaToolError in Kafka 2.8's words where it is at work on others.
        """
        asked = list(partitions)

        def attempt() -> tuple[Any, None]:
            data, _ = read(self._client, ELECTION)
            if data is not None:
                names = ",".join(f"{each.topic}-{each.partition}" for each in read_election(ELECTION, data))
                raise KafkaToolError(
                    f"Preferred replica leader election currently in progress for {names}. Aborting operation"
                )
            # Created, never set: the controller hears of a znode that comes into being, and not of other data in one
            # that is there (kafka.controller.PreferredReplicaElectionHandler 2.8).
            transaction = self._client.transaction()
            create_parents(transaction, [ELECTION])
            transaction.create(ELECTION, encode_election(asked))
            return transaction, None

        change("the election", "started", attempt)

    def is_done(self) -> bool:
        """Wait until the controller has done what it was asked for; tell whether it has within ELECTED_SECONDS."""
        deadline = monotonic() + ELECTED_SECONDS
        # The controller deletes the znode whatever came of the elections (KafkaController.onReplicaElection 2.8): who
        # leads then has to be looked at.
        while self._client.exists(ELECTION) is not None:
            if monotonic() > deadline:
                return False
            sleep(PAUSE_SECONDS)
        return True
