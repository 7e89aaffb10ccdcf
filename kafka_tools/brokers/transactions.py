"""Reads transactions from their coordinators and the producers in partitions from replicas, and ends transactions.

confluent-kafka has no such requests.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

from kafka_tools.brokers.all_groups import NOT_READY
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import (
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    check_code,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.transactions import (
    STATES,
    AbortMarker,
    ProducerState,
    TransactionDescription,
    TransactionListing,
)
from kafka_tools.wire.schema import Response
from kafka_tools.wire.share_streams_messages import FIND_COORDINATOR
from kafka_tools.wire.transaction_messages import (
    DESCRIBE_PRODUCERS,
    DESCRIBE_TRANSACTIONS,
    INIT_PRODUCER_ID,
    LIST_TRANSACTIONS,
    TRANSACTION_COORDINATOR,
    WRITE_TXN_MARKERS,
)

SECONDS = 15.0
"""How long each broker is waited for where several are asked."""

COORDINATOR_SECONDS, PAUSE_SECONDS = 30.0, 0.1
"""How long a coordinator that is not there yet, or has a transaction to end, is asked again, and how often."""

CONCURRENT_TRANSACTIONS = 51

MOST_PARTITIONS = 500
"""So many partitions a broker is asked for in one request (TransactionsCommand.MAX_BATCH_SIZE)."""

TIMEOUT_MS = 30_000
"""The timeout that a transactional id has after its transaction was ended by force (FenceProducersHandler, 4.4)."""


@contextmanager
def open_transactions(target: Brokers) -> "Iterator[BrokerTransactions]":
    """Open a session with the brokers of `target`, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerTransactions(session)


class BrokerTransactions:
    """The transactions of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def listings(
        self, duration_ms: int | None = None, pattern: str | None = None, producers: Collection[int] = ()
    ) -> dict[int, tuple[TransactionListing, ...] | KafkaToolError]:
        """Return what each broker keeps, or why it did not tell.

        Only what is open for longer than `duration_ms` (Kafka 3.8), has an id that `pattern` matches (4.1), is of these
        `producers`. Raises UnreachableError.
        """
        # No filter by state: Apache's tool has no option for it.
        values: dict[str, Any] = {"state_filters": (), "producer_id_filters": sorted(producers)}
        message = LIST_TRANSACTIONS
        if duration_ms is not None:
            message, values = message.since(1), values | {"duration_filter": duration_ms}
        if pattern is not None:
            message, values = message.since(2), values | {"transactional_id_pattern": pattern}
        wire = self._session.wire
        answers = wire.ask_brokers(message, dict.fromkeys(sorted(wire.brokers()), values), SECONDS)
        return {broker: _listings(broker, answer) for broker, answer in answers.items()}

    def describe(self, transactional_id: str) -> TransactionDescription:
        """Return the transaction of an id. Raises BrokerError where its coordinator does not know the id."""
        deadline = monotonic() + COORDINATOR_SECONDS
        while True:
            coordinator = self._coordinator(transactional_id, deadline)
            request = {"transactional_ids": [transactional_id]}
            response = self._session.wire.ask(DESCRIBE_TRANSACTIONS, request, coordinator, SECONDS)
            found = next(iter(response["transaction_states"]), None)
            if found is None:
                raise KafkaToolError(f"The coordinator's answer has nothing of `{transactional_id}`.")
            # A broker that has just become the coordinator answers 14 until it has read its part of
            # __transaction_state.
            if found["error_code"] not in NOT_READY or monotonic() > deadline:
                check_code(found["error_code"], needs=f"DESCRIBE on transactional id '{transactional_id}'")
                return _description(coordinator, found)
            sleep(PAUSE_SECONDS)

    def producers(
        self, partitions: Collection[TopicPartition], broker: int | None = None
    ) -> dict[TopicPartition, tuple[ProducerState, ...] | KafkaToolError]:
        """Return the producers that this broker (None: each partition's leader) remembers, or why they are not known.

        Raises UnreachableError.
        """
        asked: dict[int, list[TopicPartition]] = defaultdict(list)
        found: dict[TopicPartition, tuple[ProducerState, ...] | KafkaToolError] = {}
        leaders = self._leaders({each.topic for each in partitions}) if broker is None else {}
        for each in partitions:
            # A follower remembers producers, too, which it takes from the log. Where it differs from the leader, that
            # is what somebody who looks for a hanging transaction wants to see (KIP-664).
            server = leaders.get(each, -1) if broker is None else broker
            if server < 0:
                # 5, LEADER_NOT_AVAILABLE: the topic is there, and nobody leads the partition.
                found[each] = BrokerError(5 if each in leaders else UNKNOWN_TOPIC_OR_PARTITION)
            else:
                asked[server].append(each)
        # One batch for each broker at once, until none has any left.
        while asked:
            batches = {server: each[:MOST_PARTITIONS] for server, each in asked.items()}
            requests = {server: {"topics": _by_topic(batch)} for server, batch in batches.items()}
            for server, answer in self._session.wire.ask_brokers(DESCRIBE_PRODUCERS, requests, SECONDS).items():
                found |= _producers(batches[server], answer)
            left = {server: each[MOST_PARTITIONS:] for server, each in asked.items()}
            asked = defaultdict(list, {server: each for server, each in left.items() if each})
        return {each: found[each] for each in partitions}

    def partitions(self, topic: str | None, broker: int | None) -> list[TopicPartition]:
        """Return the partitions of a topic (None: of all), or those of which a broker has replicas.

        Raises BrokerError for a topic that is not there, UnreachableError for a broker that is not.
        """
        topics = self._topics(None if topic is None else [topic])
        found = [
            TopicPartition(name, partition["partition_index"])
            for name, partitions in sorted(topics.items())
            for partition in sorted(partitions, key=lambda each: each["partition_index"])
            if broker is None or broker in partition["replica_nodes"]
        ]
        if broker is not None and not found:
            # Nothing would be asked of it: TransactionsCommand 3.9.1 finds nothing wrong with a broker that is none.
            self._session.wire.ask(DESCRIBE_PRODUCERS, {"topics": ()}, broker)
        return found

    def abort(self, marker: AbortMarker) -> None:
        """End a transaction in one partition, by a marker that its leader writes. Raises BrokerError."""
        self._session.check_cluster()
        # To the leader itself, past the coordinator, which does not know a hanging transaction any more (KIP-664).
        leader = self._leaders([marker.partition.topic]).get(marker.partition)
        if leader is None or leader < 0:
            raise BrokerError(UNKNOWN_TOPIC_OR_PARTITION if leader is None else 5)
        values = {
            "producer_id": marker.producer_id,
            "producer_epoch": marker.producer_epoch,
            "transaction_result": False,
            "topics": _by_topic([marker.partition]),
            "coordinator_epoch": marker.coordinator_epoch,
        }
        response = self._session.wire.change(WRITE_TXN_MARKERS, {"markers": [values]}, broker=leader)
        codes = [
            partition["error_code"]
            for each in response["markers"]
            for topic in each["topics"]
            for partition in topic["partitions"]
        ]
        if not codes:
            raise KafkaToolError(f"The leader's answer has nothing of {marker.partition.topic}.")
        check_code(codes[0], needs="CLUSTER_ACTION on the cluster")

    def force_terminate(self, transactional_id: str) -> None:
        """End the transaction that is open for an id, and fence its producer off. Raises BrokerError."""
        self._session.check_cluster()
        deadline = monotonic() + COORDINATOR_SECONDS
        # What a producer sends when it starts: the coordinator aborts what is open for the id and raises the epoch, by
        # which the producer that hangs is refused from then on.
        values = {"transactional_id": transactional_id, "transaction_timeout_ms": TIMEOUT_MS}
        while True:
            coordinator = self._coordinator(transactional_id, deadline)
            response = self._session.wire.change(INIT_PRODUCER_ID, values, broker=coordinator)
            # CONCURRENT_TRANSACTIONS: the coordinator is ending it; the same request then gets its answer.
            if response["error_code"] not in NOT_READY | {CONCURRENT_TRANSACTIONS} or monotonic() > deadline:
                break
            sleep(PAUSE_SECONDS)
        check_code(response["error_code"], needs=f"WRITE on transactional id '{transactional_id}'")

    def _coordinator(self, transactional_id: str, deadline: float) -> int:
        request = {"key_type": TRANSACTION_COORDINATOR, "coordinator_keys": [transactional_id]}
        while True:
            response = self._session.wire.ask(FIND_COORDINATOR, request)
            found = next(iter(response["coordinators"]), None)
            if found is None:
                raise UnreachableError("No broker tells who the coordinator is.")
            if found["error_code"] not in NOT_READY or monotonic() > deadline:
                check_code(found["error_code"], found["error_message"])
                broker: int = found["node_id"]
                return broker
            sleep(PAUSE_SECONDS)

    def _leaders(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        return {
            TopicPartition(name, each["partition_index"]): each["leader_id"]
            for name, partitions in self._topics(sorted(topics), lenient=True).items()
            for each in partitions
        }

    def _topics(self, topics: Sequence[str] | None, lenient: bool = False) -> dict[str, Sequence[Response]]:
        metadata = self._session.wire.metadata(topics)
        for topic in metadata["topics"]:
            if not lenient and topics is not None:
                check_code(topic["error_code"], needs=f"DESCRIBE on topic '{topic['name']}'")
        return {topic["name"]: topic["partitions"] for topic in metadata["topics"]}


def _listings(broker: int, answer: Response | KafkaToolError) -> tuple[TransactionListing, ...] | KafkaToolError:
    if isinstance(answer, KafkaToolError):
        return answer
    if answer["error_code"]:
        return BrokerError(answer["error_code"])
    return tuple(
        TransactionListing(each["transactional_id"], broker, each["producer_id"], _state(each["transaction_state"]))
        for each in answer["transaction_states"]
    )


def _description(coordinator: int, found: Response) -> TransactionDescription:
    start = found["transaction_start_time"]
    return TransactionDescription(
        found["transactional_id"],
        coordinator,
        found["producer_id"],
        found["producer_epoch"],
        _state(found["transaction_state"]),
        found["transaction_timeout_ms"],
        # -1 where no transaction is open.
        None if start < 0 else start,
        tuple(TopicPartition(topic["topic"], each) for topic in found["topics"] for each in topic["partitions"]),
    )


def _state(name: str) -> str:
    # TransactionState.UNKNOWN: a state that a newer Kafka may have.
    return name if name in STATES else "Unknown"


def _by_topic(partitions: Iterable[TopicPartition]) -> list[dict[str, Any]]:
    topics: dict[str, list[int]] = defaultdict(list)
    for topic, partition in partitions:
        topics[topic].append(partition)
    return [{"name": name, "partition_indexes": numbers} for name, numbers in topics.items()]


def _producers(
    asked: Iterable[TopicPartition], answer: Response | KafkaToolError
) -> Mapping[TopicPartition, tuple[ProducerState, ...] | KafkaToolError]:
    if isinstance(answer, KafkaToolError):
        return dict.fromkeys(asked, answer)
    known = {
        TopicPartition(topic["name"], each["partition_index"]): each
        for topic in answer["topics"]
        for each in topic["partitions"]
    }
    silence = KafkaToolError("A broker's answer to a DescribeProducers request leaves the partition out.")
    return {each: _states(known[each]) if each in known else silence for each in asked}


def _states(partition: Response) -> tuple[ProducerState, ...] | BrokerError:
    if partition["error_code"]:
        return BrokerError(partition["error_code"], partition["error_message"])
    return tuple(
        ProducerState(
            each["producer_id"],
            each["producer_epoch"],
            each["coordinator_epoch"],
            each["last_sequence"],
            each["last_timestamp"],
            None if each["current_txn_start_offset"] < 0 else each["current_txn_start_offset"],
        )
        for each in partition["active_producers"]
    )
