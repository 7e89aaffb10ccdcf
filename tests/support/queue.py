"""A consumer of librdkafka's interface whose records are all here already."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import ClusterMetadata


class Queue:
    """Gives `records` in their order and remembers what it was asked for.

    Every partition of topic `t` has the offsets 10 to 19 and 10 committed; `ends` says otherwise where offsets are
    asked for by time.
    """

    def __init__(self, records: Sequence[Message], ends: Mapping[int, int] = {}) -> None:
        self.records = deque(records)
        self.ends = ends
        self.stored: list[tuple[int, int]] = []
        self.stored_offsets: dict[tuple[str, int], int] = {}
        self.closed = False
        self.paused: list[Any] = []

    def poll(self, _timeout: float) -> Message | None:
        return self.records.popleft() if self.records else None

    def consume(self, count: int, _timeout: float) -> list[Message]:
        return [self.records.popleft() for _ in range(min(count, len(self.records)))]

    def store_offsets(self, message: Message | None = None, offsets: Sequence[TopicPartition] = ()) -> None:
        self.stored_offsets = {(each.topic, each.partition): each.offset for each in offsets}
        if message is None:
            return
        if message.partition() == 9:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.stored.append((message.partition() or 0, message.offset() or 0))

    def subscribe(self, _topics: list[str], **callbacks: Callable[..., None]) -> None:
        self.on = callbacks

    def assignment(self) -> list[str]:
        return ["all"]

    def pause(self, partitions: list[Any]) -> None:
        self.paused = partitions

    def resume(self, _partitions: list[Any]) -> None:
        self.paused = []

    def commit(self, asynchronous: bool) -> list[TopicPartition]:
        raise KafkaException(KafkaError(KafkaError._NO_OFFSET if asynchronous else KafkaError._TRANSPORT))

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned = {(each.topic, each.partition): each.offset for each in partitions}

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.added = {(each.topic, each.partition): each.offset for each in partitions}

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        self.removed = [(each.topic, each.partition) for each in partitions]

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout
        return [TopicPartition(each.topic, each.partition, 10) for each in partitions]

    def position(self, _partitions: list[TopicPartition]) -> list[TopicPartition]:
        return [TopicPartition("t", 0, 5), TopicPartition("t", 1, -1001)]

    def get_watermark_offsets(self, _partition: TopicPartition, _timeout: float) -> tuple[int, int]:
        return 10, 20

    def offsets_for_times(self, asked: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout
        found = {-2: lambda _: 0, -1: lambda partition: self.ends.get(partition, 20)}
        return [TopicPartition(each.topic, each.partition, found[each.offset](each.partition)) for each in asked]

    def list_topics(self, _topic: str | None = None, timeout: float = 0) -> ClusterMetadata:
        """Return no partition: nobody is missing."""
        assert timeout
        metadata = ClusterMetadata()
        metadata.topics, metadata.brokers, metadata.controller_id = {}, {}, 1
        return metadata

    def close(self) -> None:
        self.closed = True
