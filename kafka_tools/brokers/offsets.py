"""Reads offsets of partitions from their leaders, and deletes the records before an offset."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby

from kafka_tools.brokers.errors import unreadable
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import RESPONSE_SECONDS, Session, open_session
from kafka_tools.errors import BrokerError, KafkaToolError, UnreachableError, UnsupportedError, check_code
from kafka_tools.model.offsets import EARLIEST_LOCAL, Offset
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.offset_messages import LIST_OFFSETS

OFFSETS_SECONDS = 5.0
"""How long the leaders are waited for: what a dead one led must not keep the others' offsets from being shown."""

CONSUMER = -1
"""What stands for the id of a replica in a request that comes from a client."""

NOT_ANSWERED = -1001
"""The offset that librdkafka (2.16) gives, without an error, where a leader did not answer (OFFSET_INVALID)."""

Found = dict[TopicPartition, Offset | KafkaToolError]


@contextmanager
def open_offsets(target: Brokers) -> "Iterator[BrokerOffsets]":
    """Open a session with the brokers of `target` to ask for offsets, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerOffsets(session)


class BrokerOffsets:
    """The offsets of the partitions of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._leaders: dict[TopicPartition, int] = {}

    def partitions(self, topic: str | None = None) -> Mapping[str, Collection[int]]:
        """Return the partitions of all topics, or of one, as any broker knows them. Raises KafkaToolError."""
        found: dict[str, Collection[int]] = {}
        if topic is not None and not is_sendable(topic):
            return found
        for name, each in self._session.metadata(topic).topics.items():
            if each.partitions:  # a topic that is not there, or that the user may not see, has none
                found[name] = sorted(each.partitions)
                led = (partition for partition in each.partitions.values() if partition.leader >= 0)
                self._leaders |= {TopicPartition(name, partition.id): partition.leader for partition in led}
        return found

    def at(self, time: int, partitions: Sequence[TopicPartition]) -> Found:
        """Return the offset that `time` (ms, or a number of `model.offsets.TIMES`) stands for in each partition.

        The partitions are those that `partitions()` told of. What failed has its error: a partition without leader, a
        leader that does not answer within OFFSETS_SECONDS or is too old for this `time`. Raises KafkaToolError where no
        broker is reached.
        """
        found: Found = dict.fromkeys(partitions, KafkaToolError("There is no leader for this topic-partition."))
        led = [each for each in partitions if each in self._leaders]
        if led:
            # AdminClient (2.16) refuses what is newer than max-timestamp: "invalid offset -4".
            found |= self._by_wire(time, led) if time <= EARLIEST_LOCAL else self._by_admin(time, led)
        return found

    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, int | KafkaToolError]:
        """Delete the records before an offset (-1: all) of each partition; return the low watermarks afterwards.

        The partitions are those that `partitions()` told of. What failed has its error. Raises KafkaToolError where no
        broker is reached.
        """
        found: dict[TopicPartition, int | KafkaToolError] = {}
        kafka = confluent_kafka()
        wanted = [kafka.TopicPartition(*each, offset) for each, offset in offsets.items() if each in self._leaders]
        if wanted:
            deleted = self._session.admin.delete_records(wanted, request_timeout=RESPONSE_SECONDS)
            for each, result in self._session.collect_known("DeleteRecords", deleted).items():
                low = result if isinstance(result, KafkaToolError) else result.low_watermark
                partition = TopicPartition(each.topic, each.partition)
                found[partition] = self._unanswered(partition) if low == NOT_ANSWERED else low
        return found

    def _by_admin(self, time: int, partitions: Sequence[TopicPartition]) -> Found:
        from confluent_kafka.admin import OffsetSpec

        kafka, spec = confluent_kafka(), OffsetSpec.for_timestamp(time)
        wanted = {kafka.TopicPartition(*each): spec for each in partitions}
        asked = self._session.admin.list_offsets(wanted, request_timeout=OFFSETS_SECONDS)
        found: Found = {}
        for each, result in self._session.collect_known("ListOffsets", asked, OFFSETS_SECONDS).items():
            partition = TopicPartition(each.topic, each.partition)
            if isinstance(result, KafkaToolError):
                found[partition] = result
            elif result.offset == NOT_ANSWERED:
                found[partition] = self._unanswered(partition)
            else:
                found[partition] = _offset(result.offset, result.timestamp)
        return found

    def _unanswered(self, partition: TopicPartition) -> KafkaToolError:
        return KafkaToolError(f"Broker {self._leaders[partition]}, its leader, gave no answer.")

    def _by_wire(self, time: int, partitions: Sequence[TopicPartition]) -> Found:
        found: Found = {}
        in_turn = sorted(partitions, key=lambda each: (self._leaders[each], each))
        for leader, led in groupby(in_turn, lambda each: self._leaders[each]):
            asked = tuple(led)
            try:
                found |= self._at_leader(leader, asked, time)
            except (UnreachableError, UnsupportedError) as error:
                found |= dict.fromkeys(asked, error)
        return found

    def _at_leader(self, leader: int, partitions: Sequence[TopicPartition], time: int) -> Found:
        topics = [
            {"name": topic, "partitions": [{"partition_index": each.partition, "timestamp": time} for each in led]}
            for topic, led in groupby(partitions, lambda each: each.topic)
        ]
        request = {"replica_id": CONSUMER, "topics": topics, "timeout_ms": int(1000 * OFFSETS_SECONDS)}
        response = self._session.wire.ask(LIST_OFFSETS, request, leader, OFFSETS_SECONDS)
        found: Found = {
            TopicPartition(topic["name"], each["partition_index"]): _checked(each)
            for topic in response["topics"]
            for each in topic["partitions"]
        }
        for each in partitions:
            if each not in found:
                servers = self._session.target.bootstrap_servers
                raise unreadable(servers, "ListOffsets", f"{each.topic}-{each.partition} is not in it")
        return found


def _checked(partition: Mapping[str, int]) -> Offset | KafkaToolError:
    try:
        check_code(partition["error_code"])
    except BrokerError as error:
        return error
    return _offset(partition["offset"], partition["timestamp"])


def _offset(offset: int, timestamp: int) -> Offset:
    return Offset(offset if offset >= 0 else None, timestamp if timestamp >= 0 else None)
