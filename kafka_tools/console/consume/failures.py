"""What the consumer does about errors that librdkafka puts among the records: wait, go to another offset, or end."""

from collections.abc import Collection, Sequence
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import missing_right, words
from kafka_tools.console.consume import EARLIEST, ConsumeRequest, Source
from kafka_tools.console.consume.readers import Reader
from kafka_tools.console.formats import Batch
from kafka_tools.console.process import note
from kafka_tools.console.records import ERROR
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

RESPONSE_SECONDS = 2.0

# librdkafka calls an error retriable where it can repeat the request itself, and that is too few. Here are, beside
# those, all errors that Java's consumer waits out (the RetriableExceptions of org.apache.kafka.common.errors 3.9 that
# Fetch, ListOffsets, OffsetFetch and JoinGroup can give, by librdkafka's names, and REBALANCE_IN_PROGRESS, which Java
# answers by joining anew), and librdkafka's own words for "not reached at the moment".
CURABLE = frozenset(
    {
        "UNKNOWN_TOPIC_OR_PART",
        "UNKNOWN_TOPIC_ID",
        "_UNKNOWN_TOPIC",
        "_UNKNOWN_PARTITION",
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "FENCED_LEADER_EPOCH",
        "UNKNOWN_LEADER_EPOCH",
        "REPLICA_NOT_AVAILABLE",
        "KAFKA_STORAGE_ERROR",
        "OFFSET_NOT_AVAILABLE",
        "BROKER_NOT_AVAILABLE",
        "COORDINATOR_NOT_AVAILABLE",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "NOT_COORDINATOR",
        "REBALANCE_IN_PROGRESS",
        "REQUEST_TIMED_OUT",
        "NETWORK_EXCEPTION",
        "_WAIT_COORD",
        "_TIMED_OUT",
        "_TRANSPORT",
        "_RESOLVE",
        "_ALL_BROKERS_DOWN",
        "_MAX_POLL_EXCEEDED",
    }
)
"""Names of errors that may end by themselves while the consumer waits."""

SILENT = frozenset({"_TRANSPORT", "_RESOLVE", "_TIMED_OUT", "_ALL_BROKERS_DOWN", "_MAX_POLL_EXCEEDED"})
"""Those that say nothing of the topic; `Outages.watch` tells of an outage."""

OF_A_GROUP = frozenset(
    {"GROUP_AUTHORIZATION_FAILED", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"}
)
"""Those that concern only members of a group: librdkafka looks for a coordinator even where no group is joined."""


def without_errors(batch: Batch, source: Source, group: str | None) -> Batch:
    """Return a batch without its errors. Raises KafkaToolError for one that waiting does not cure.

    `group` is the one that is joined; None: partitions are read without one.
    """
    for error in filter(None, map(ERROR, batch)):
        is_idle = group is None and error.name() in OF_A_GROUP
        if not (is_idle or error.retriable() or error.name() in CURABLE):
            raise incurable(error, source, source.name, group)
    return [message for message in batch if message.error() is None]


def incurable(error: Any, source: Source, topic: str, group: str | None) -> KafkaToolError:
    """Return the failure for an error (confluent_kafka.KafkaError) that waiting does not cure."""
    hint = missing_right(error, topic, "READ", group) or _no_consumer_group(error, group)
    return KafkaToolError(f"cannot go on reading {source.words}: {words(error)}", hint)


class Failures:
    """Judges the errors of one consumer."""

    def __init__(self, request: ConsumeRequest, consumer: Any, reader: Reader) -> None:
        self._request = request
        self._consumer = consumer
        self._reader = reader
        self._told: set[int] = set()
        self._pending: dict[TopicPartition, int] = {}

    def without_errors(self, batch: Sequence[Any]) -> Batch:
        """Return the batch without its errors. Raises KafkaToolError for one that waiting does not cure."""
        for message in batch:
            error = message.error()
            if error is not None:
                self._judge(message, error)
        return [message for message in batch if message.error() is None]

    def _judge(self, message: Any, error: Any) -> None:
        name, source, membership = error.name(), self._request.source, self._request.membership
        if name == "_PARTITION_EOF":
            if self._reader.ends is not None:
                self._reader.ends.at(_of(message), message.offset())
        elif name == "_AUTO_OFFSET_RESET":
            offset = message.offset()
            self._reset(_of(message), -1 if offset is None else offset)
        elif membership is None and name in OF_A_GROUP:
            return
        elif not (error.retriable() or name in CURABLE):
            group = None if membership is None else membership.group
            raise incurable(error, source, source.topic or message.topic(), group)
        elif name not in SILENT and error.code() not in self._told:
            self._told.add(error.code())
            note(f"ktools: {words(error)}. Waiting.")

    def retry(self, missing: Collection[TopicPartition]) -> None:
        """Go on with partitions whose leader did not say where, those aside that are still `missing` one."""
        for partition in self._pending.keys() - set(missing):
            self._reset(partition, self._pending.pop(partition))

    def _reset(self, partition: TopicPartition, offset: int) -> None:
        """Go on where the request says, as a partition has no record at `offset` (negative: it was never known)."""
        name, reset = f"{partition.topic}-{partition.partition}", self._request.window.reset
        if reset is None:
            raise KafkaToolError(f"{name} has no offset {offset} (auto.offset.reset=none)")
        # Asked of the broker that leads the partition, for at most RESPONSE_SECONDS: the loop stands still meanwhile.
        kafka = confluent_kafka()
        try:
            low, high = self._consumer.get_watermark_offsets(kafka.TopicPartition(*partition), RESPONSE_SECONDS)
        except kafka.KafkaException:  # it has no leader at the moment; Leaders tells of it
            self._pending[partition] = offset
            return
        target = low if reset == EARLIEST else high
        if offset >= 0:
            has = f"it begins at {low} and ends before {high}"
            note(f"ktools: {name} has no offset {offset} ({has}): reading goes on at {target}")
        if self._reader.ends is not None:
            self._reader.ends.at(partition, target)
        self._reader.go_to(partition, target)


def _no_consumer_group(error: Any, group: str | None) -> str:
    """Return a hint where the name may be that of a group of another kind (Kafka 4.1 and later has share groups)."""
    texts = ("Inconsistent group protocol", "The group id does not exist")
    if group is None or not any(text in error.str() for text in texts):
        return ""
    return f"Is '{group}' a share group, or one of Kafka Streams or Connect? Only a consumer group can be joined."


def _of(message: Any) -> TopicPartition:
    return TopicPartition(message.topic(), message.partition())
