"""Transactions, and the producers that have them open in a partition (KIP-664)."""

from typing import NamedTuple

from kafka_tools.model.topics import TopicPartition

STATES = frozenset(
    (
        *("Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"),
        "PrepareEpochFence",
    )
)
"""The states of org.apache.kafka.clients.admin.TransactionState; any other is told as `Unknown`."""


class TransactionListing(NamedTuple):
    """A transactional id that a broker, its coordinator, keeps."""

    transactional_id: str
    coordinator: int
    producer_id: int
    state: str


class TransactionDescription(NamedTuple):
    """The transaction of one transactional id; `start` is in ms since 1970, None where none is open."""

    transactional_id: str
    coordinator: int
    producer_id: int
    producer_epoch: int
    state: str
    timeout_ms: int
    start: int | None
    partitions: tuple[TopicPartition, ...]


class ProducerState(NamedTuple):
    """What a replica remembers of one producer; `transaction_start` is the offset where its transaction begins that is
    open in this partition, None where none is. `last_timestamp` is in ms since 1970."""

    producer_id: int
    producer_epoch: int
    coordinator_epoch: int
    last_sequence: int
    last_timestamp: int
    transaction_start: int | None


class OpenTransaction(NamedTuple):
    """A transaction that is open in a partition."""

    partition: TopicPartition
    producer: ProducerState


class AbortMarker(NamedTuple):
    """What ends a transaction in one partition. Printed as org.apache.kafka.clients.admin.AbortTransactionSpec is."""

    partition: TopicPartition
    producer_id: int
    producer_epoch: int
    coordinator_epoch: int

    def __str__(self) -> str:
        return (
            f"AbortTransactionSpec(topicPartition={self.partition.topic}-{self.partition.partition}, "
            f"producerId={self.producer_id}, producerEpoch={self.producer_epoch}, "
            f"coordinatorEpoch={self.coordinator_epoch})"
        )
