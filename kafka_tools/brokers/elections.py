"""Has partitions led by others, and tells who leads and how far the replicas of a leaderless partition have come."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING

from kafka_tools.brokers.errors import broker_error
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.offsets import replica_offsets
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import NOT_CONTROLLER, BrokerError, KafkaToolError
from kafka_tools.model.elections import ElectionType, Ends
from kafka_tools.model.offsets import LATEST
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topics import Partition, TopicPartition

if TYPE_CHECKING:
    from kafka_tools.wire.session import WireSession

CONTROLLER_SECONDS = 10.0
"""How long a controller is looked for where the one that was known is no longer one."""

LEADING_SECONDS, PAUSE_SECONDS = 10.0, 0.05
"""How long the named servers are waited for until they tell of the new leaders, and how often they are asked."""


@contextmanager
def open_elections(target: Brokers) -> "Iterator[BrokerElections]":
    """Open a session with the brokers of `target` for elections, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerElections(session)


class BrokerElections:
    """Elects leaders in the cluster behind a session, and tells who leads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.live: frozenset[int] = frozenset()

    def partitions(self, wanted: Collection[TopicPartition] | None) -> dict[TopicPartition, Partition]:
        """Return those partitions of `wanted` (None: of the cluster) that are there, as any broker knows them.

        `live` has the brokers that are up from then on. Raises KafkaToolError.
        """
        topics = None if wanted is None else {each.topic for each in wanted if is_sendable(each.topic)}
        if topics is not None and not topics:
            return {}
        # librdkafka asks for one topic or for all: of several, all are asked for and the others dropped.
        metadata = self._session.metadata(next(iter(topics)) if topics is not None and len(topics) == 1 else None)
        self.live = frozenset(metadata.brokers)
        found = {
            TopicPartition(name, each.id): Partition(
                each.id, each.leader if each.leader >= 0 else None, tuple(each.replicas), tuple(each.isrs)
            )
            for name, topic in metadata.topics.items()
            for each in topic.partitions.values()
        }
        return found if wanted is None else {each: found[each] for each in wanted if each in found}

    def elect(
        self, kind: ElectionType, partitions: Collection[TopicPartition] | None
    ) -> dict[TopicPartition, KafkaToolError | None]:
        """Elect leaders of these partitions (None: of all that need one); return for each why there is no new one.

        None: it was elected. BrokerError with ELECTION_NOT_NEEDED: the leader is the right one; of all partitions those
        are left out. Raises BrokerError where nothing was elected, NoResponseError where that is not known.
        """
        kafka = confluent_kafka()
        self._session.check_controller()
        wanted = None if partitions is None else [kafka.TopicPartition(*each) for each in partitions]
        deadline = monotonic() + CONTROLLER_SECONDS
        while True:
            try:
                # Without its own timeouts: elect_leaders of confluent-kafka 2.16.1 raises SystemError for any of them.
                results = self._session.ask(
                    "ElectLeaders", lambda admin: admin.elect_leaders(kafka.ElectionType[kind], wanted)
                )
            except BrokerError as error:
                # The controller has changed since librdkafka heard of it: it is asked for once more, and heard of then.
                if error.code != NOT_CONTROLLER or monotonic() > deadline:
                    raise
                sleep(PAUSE_SECONDS)
                self._session.metadata()
                continue
            return {
                TopicPartition(each.topic, each.partition): None if error is None else broker_error(error)
                for each, error in results.items()
            }

    def leaders(
        self, kind: ElectionType, elected: Mapping[TopicPartition, Partition]
    ) -> dict[TopicPartition, int | None]:
        """Return who leads these partitions, once the named servers know the outcome of an election.

        That is the preferred replica, or after an unclean election anybody; LEADING_SECONDS are waited for it.
        """
        topics = sorted({each.topic for each in elected})

        def is_known(session: "WireSession") -> bool:
            found = {
                TopicPartition(topic["name"], each["partition_index"]): each["leader_id"]
                for topic in session.metadata(topics)["topics"]
                for each in topic["partitions"]
            }
            return all(
                # The preferred replica is the first of the list.
                found.get(each, -1) == partition.replicas[0] if kind == "PREFERRED" else found.get(each, -1) >= 0
                for each, partition in elected.items()
            )

        # The others' leaders are right already, or could not be changed: waiting would be for nothing.
        if elected:
            self._session.wait_until_heard(is_known, LEADING_SECONDS, PAUSE_SECONDS)
        return {each: partition.leader for each, partition in self.partitions(elected).items()}

    def ends(self, partitions: Mapping[TopicPartition, Sequence[int]]) -> dict[TopicPartition, Ends]:
        """Return where the logs of these replicas (broker ids) end, without those that could not be asked."""
        # What is lost is then told as not known: a broker that fails must not keep anybody from an election.
        found = replica_offsets(self._session, LATEST, partitions)
        return {each: Ends(ends) for each, ends in found.items()}
