"""Reads the logs of all replicas of partitions, each from the broker that has it."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter

from kafka_tools.brokers.errors import unreadable
from kafka_tools.brokers.offsets import ANY_REPLICA, BrokerOffsets, Found, by_broker, replica_offsets
from kafka_tools.brokers.session import RESPONSE_SECONDS, Session, open_session
from kafka_tools.brokers.topics import BrokerTopics
from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.model.replicas import Fetched
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.fetch_messages import FETCH
from kafka_tools.wire.schema import Response

MOST_BYTES = 8 << 20
"""So much a broker sends in one answer, or one batch that is larger.

Apache's tool (3.9) sets no limit, and has a part of each partition of the cluster in memory."""

FINAL_EPOCH = -1
"""FetchMetadata.FINAL_EPOCH: the broker keeps no session, which would remember what it sent before (KIP-227)."""

Logs = dict[TopicPartition, dict[int, Fetched | KafkaToolError]]


@contextmanager
def open_replicas(target: Brokers) -> "Iterator[BrokerReplicas]":
    """Open a session with the brokers of `target` to read replicas, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerReplicas(session)


class BrokerReplicas:
    """The replicas of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._topics = BrokerTopics(session)

    @property
    def topics(self) -> BrokerTopics:
        """The same cluster's topics."""
        return self._topics

    def at(self, time: int, partitions: Collection[TopicPartition]) -> Found:
        """Return the offset that `time` (ms, or a number of `model.offsets.TIMES`) stands for at the leaders.

        What failed has its error. Raises KafkaToolError where no broker is reached.
        """
        offsets = BrokerOffsets(self._session)
        offsets.partitions()
        return offsets.at(time, sorted(partitions))

    def offsets(
        self, time: int, replicas: Mapping[TopicPartition, Collection[int]]
    ) -> dict[TopicPartition, dict[int, int]]:
        """Return the offset that `time` stands for in the log of each replica, without those that were not asked."""
        return replica_offsets(self._session, time, replicas)

    def fetch(
        self,
        replicas: Mapping[TopicPartition, Collection[int]],
        offsets: Mapping[TopicPartition, int],
        size: int,
        wait_ms: int,
    ) -> Logs:
        """Return a part of the log of each replica (broker id) from an offset on, or why there is none.

        At most `size` bytes of a partition, those before in the order of `replicas` first: all of them together have at
        most MOST_BYTES a broker. A broker that has nothing waits for records, `wait_ms` at most.
        """
        asked = by_broker(replicas)
        requests = {broker: _request(each, offsets, size, wait_ms) for broker, each in asked.items()}
        # Besides the time that the broker is asked to wait, as much as for any other answer.
        seconds = wait_ms / 1000 + RESPONSE_SECONDS
        found: Logs = {each: {} for each in replicas}
        for broker, answer in self._session.wire.ask_brokers(FETCH, requests, seconds).items():
            told, failure = (
                ({}, answer) if isinstance(answer, KafkaToolError) else (_logs(answer), self._failure(answer))
            )
            for each in asked[broker]:
                found[each][broker] = told.get(each, failure)
        return found

    def _failure(self, answer: Response) -> KafkaToolError:
        """Return why a partition is not in an answer."""
        if answer["error_code"]:
            return BrokerError(answer["error_code"])
        return unreadable(self._session.target.bootstrap_servers, "Fetch", "a partition is not in it")


def _request(
    partitions: Collection[TopicPartition], offsets: Mapping[TopicPartition, int], size: int, wait_ms: int
) -> Mapping[str, object]:
    topics = [
        {
            "topic": topic,
            "partitions": [
                {"partition": each.partition, "fetch_offset": offsets[each], "partition_max_bytes": size}
                for each in some
            ],
        }
        for topic, some in groupby(partitions, itemgetter(0))
    ]
    return {
        # A client that any replica answers, and whose progress no leader takes for a follower's: so Apache's tool asks
        # (FetchRequest.DEBUGGING_CONSUMER_ID). confluent-kafka reads from leaders, or from where they send it.
        "replica_id": ANY_REPLICA,
        "max_wait_ms": wait_ms,
        # One byte is enough for an answer: only a broker that has nothing waits.
        "min_bytes": 1,
        "max_bytes": MOST_BYTES,
        "session_epoch": FINAL_EPOCH,
        "topics": topics,
    }


def _logs(response: Response) -> dict[TopicPartition, Fetched | KafkaToolError]:
    return {
        TopicPartition(topic["topic"], each["partition_index"]): BrokerError(each["error_code"])
        if each["error_code"]
        # Null stands for no records.
        else Fetched(each["high_watermark"], each["records"] or b"")
        for topic in response["responses"]
        for each in topic["partitions"]
    }
