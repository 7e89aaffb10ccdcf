"""Reads offsets of partitions from their leaders, and deletes the records before an offset."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

from kafka_tools.brokers.errors import unreadable
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import RESPONSE_SECONDS, Session, open_session
from kafka_tools.errors import UNSUPPORTED_VERSION, BrokerError, KafkaToolError, UnsupportedError
from kafka_tools.model.groups import Log
from kafka_tools.model.offsets import EARLIEST, LATEST, Offset
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.messages import METADATA
from kafka_tools.wire.offset_messages import FIRST_VERSIONS, LIST_OFFSETS
from kafka_tools.wire.schema import Response

OFFSETS_SECONDS = 5.0
"""How long the leaders are waited for: what a dead one led must not keep the others' offsets from being shown."""

CONSUMER, ANY_REPLICA = -1, -2
"""What stands for the id of a replica in a request that comes from a client (ListOffsetsRequest, FetchRequest 3.9).

To DEBUGGING_REPLICA_ID whoever is asked answers from its own log, whether it is the leader or not."""

NOT_ANSWERED = -1001
"""The low watermark that librdkafka (2.16) gives, without an error, where a leader did not answer (OFFSET_INVALID)."""

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
        # No topic can have such a name: the answer is known without asking.
        if topic is not None and not is_sendable(topic):
            return found
        for name, each in self._session.metadata(topic).topics.items():
            if each.partitions:  # a topic that is not there, or that the user may not see, has none
                found[name] = sorted(each.partitions)
                led = (partition for partition in each.partitions.values() if partition.leader >= 0)
                self._leaders |= {TopicPartition(name, partition.id): partition.leader for partition in led}
        return found

    def at(self, time: int, partitions: Sequence[TopicPartition], seconds: float = OFFSETS_SECONDS) -> Found:
        """Return the offset that `time` (ms, or a number of `model.offsets.TIMES`) stands for in each partition.

        The partitions are those that `partitions()` told of. What failed has its error: a partition without leader, a
        leader that does not answer within `seconds` or is too old for this `time`. Raises KafkaToolError where no
        broker is reached.
        """
        found: Found = dict.fromkeys(partitions, KafkaToolError("There is no leader for this topic-partition."))
        # One request for each leader, all under way together: a leader that hangs costs the others nothing.
        # Sorted, because groupby() takes neighbours together, here and in `_request`.
        led = sorted((self._leaders[each], each) for each in partitions if each in self._leaders)
        if not led:
            return found
        asked = {leader: [each for _, each in some] for leader, some in groupby(led, itemgetter(0))}
        message = LIST_OFFSETS.since(FIRST_VERSIONS.get(time, LIST_OFFSETS.first))
        requests = {leader: _request(time, each, CONSUMER) for leader, each in asked.items()}
        for leader, answer in self._session.wire.ask_brokers(message, requests, seconds).items():
            if isinstance(answer, UnsupportedError):  # in the words that a broker has for it
                found |= dict.fromkeys(asked[leader], BrokerError(UNSUPPORTED_VERSION))
            elif isinstance(answer, KafkaToolError):
                found |= dict.fromkeys(asked[leader], answer)
            else:
                told = _offsets(answer)
                found |= {each: told.get(each, self._left_out()) for each in asked[leader]}
        return found

    def logs(
        self, partitions: Sequence[TopicPartition], seconds: float = OFFSETS_SECONDS
    ) -> tuple[dict[TopicPartition, Log], dict[TopicPartition, KafkaToolError]]:
        """Return where the log of each partition starts and ends, and why that is not known of others, as `at` does."""
        ends = self.at(LATEST, partitions, seconds)
        failed = {each: end for each, end in ends.items() if isinstance(end, KafkaToolError)}
        # Starts only of those whose end is known: a leader that did not answer once is not waited for twice.
        starts = self.at(EARLIEST, [each for each in partitions if each not in failed], seconds)
        found = {}
        for each, start in starts.items():
            end = ends[each]
            if isinstance(end, Offset):
                found[each] = Log(start.offset if isinstance(start, Offset) else None, end.offset)
        return found, failed

    def delete_before(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, int | KafkaToolError]:
        """Delete the records before an offset (-1: all) of each partition; return the low watermarks afterwards.

        The partitions are those that `partitions()` told of. What failed has its error. Raises KafkaToolError where no
        broker is reached.
        """
        self._session.check_cluster()
        found = self._unreached(offsets)
        kafka = confluent_kafka()
        wanted = [
            kafka.TopicPartition(*each, offset)
            for each, offset in offsets.items()
            if each in self._leaders and each not in found
        ]
        if wanted:
            # The leaders answer when all replicas in sync have deleted, too: that takes longer than to look something
            # up.
            deleted = self._session.admin.delete_records(wanted, request_timeout=RESPONSE_SECONDS)
            for each, result in self._session.collect_known("DeleteRecords", deleted).items():
                low = result if isinstance(result, KafkaToolError) else result.low_watermark
                partition = TopicPartition(each.topic, each.partition)
                found[partition] = self._unanswered(partition) if low == NOT_ANSWERED else low
        return found

    def _unreached(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int | KafkaToolError]:
        """Return why nothing can be deleted of those partitions whose leader is down: AdminClient would wait 35 s."""
        led = {each: self._leaders[each] for each in partitions if each in self._leaders}
        requests: Mapping[int, Mapping[str, object]] = {leader: {"topics": []} for leader in led.values()}
        answers = self._session.wire.ask_brokers(METADATA, requests, OFFSETS_SECONDS)
        return {each: answer for each, leader in led.items() if isinstance(answer := answers[leader], KafkaToolError)}

    def _unanswered(self, partition: TopicPartition) -> KafkaToolError:
        return KafkaToolError(f"Broker {self._leaders[partition]}, its leader, gave no answer.")

    def _left_out(self) -> KafkaToolError:
        return unreadable(self._session.target.bootstrap_servers, "ListOffsets", "the partition is not in it")


def replica_offsets(
    session: Session, time: int, replicas: Mapping[TopicPartition, Collection[int]]
) -> dict[TopicPartition, dict[int, int]]:
    """Return the offset that `time` stands for in the log of each of these replicas, by the id of its broker.

    Those that could not be asked, or know no such offset, are left out. Raises UnreachableError where no broker is
    reached.
    """
    found: dict[TopicPartition, dict[int, int]] = {each: {} for each in replicas}
    requests = {broker: _request(time, each, ANY_REPLICA) for broker, each in by_broker(replicas).items()}
    for broker, answer in session.wire.ask_brokers(LIST_OFFSETS, requests, OFFSETS_SECONDS).items():
        for each, offset in ({} if isinstance(answer, KafkaToolError) else _offsets(answer)).items():
            if each in found and isinstance(offset, Offset) and offset.offset is not None:
                found[each][broker] = offset.offset
    return found


def by_broker(replicas: Mapping[TopicPartition, Collection[int]]) -> dict[int, list[TopicPartition]]:
    """Return the partitions that each broker has a replica of, in their order."""
    found: dict[int, list[TopicPartition]] = {}
    for partition, brokers in replicas.items():
        for broker in brokers:
            found.setdefault(broker, []).append(partition)
    return found


def _request(time: int, partitions: Sequence[TopicPartition], replica: int) -> Mapping[str, object]:
    topics = [
        {"name": topic, "partitions": [{"partition_index": each.partition, "timestamp": time} for each in some]}
        for topic, some in groupby(partitions, itemgetter(0))
    ]
    return {"replica_id": replica, "topics": topics, "timeout_ms": int(1000 * OFFSETS_SECONDS)}


def _offsets(response: Response) -> Found:
    return {
        TopicPartition(topic["name"], each["partition_index"]): _checked(each)
        for topic in response["topics"]
        for each in topic["partitions"]
    }


def _checked(partition: Mapping[str, int]) -> Offset | KafkaToolError:
    if partition["error_code"]:
        return BrokerError(partition["error_code"])
    offset, timestamp = partition["offset"], partition["timestamp"]
    # -1 for both: no record is as new as the time that was asked for.
    return Offset(offset if offset >= 0 else None, timestamp if timestamp >= 0 else None)
