"""Where in its partitions a consumer starts, and where it ends."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import words
from kafka_tools.console.consume.request import EARLIEST, LATEST, Window
from kafka_tools.console.formats.record_format import Batch
from kafka_tools.console.leaders import Leaders
from kafka_tools.console.records import newest
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

RESPONSE_SECONDS = 10.0
"""How long the brokers' answer is waited for where all leaders are reached."""

FIRST_SECONDS = 1.5
"""How long it is waited for before somebody looks whether all leaders are."""

Offsets: TypeAlias = dict[TopicPartition, int]
T = TypeVar("T")


def answered(
    leaders: Leaders, partitions: Sequence[TopicPartition], ask: Callable[[Sequence[TopicPartition], float], T]
) -> T:
    """Return what `ask` finds out about the partitions that have a leader.

    librdkafka gives no answer at all where one partition has no leader, or where its leader is not reached: then it is
    looked which ones these are, and the others are asked for once more. Raises KafkaToolError.
    """
    if not leaders.has_looked:
        leaders.look(partitions)
    led = [each for each in partitions if each not in leaders.missing]
    try:
        return ask(led, FIRST_SECONDS)
    except KafkaToolError:
        leaders.look(partitions, unreached=True)
        return ask([each for each in led if each not in leaders.missing], RESPONSE_SECONDS)


def offsets(
    consumer: Any, partitions: Iterable[TopicPartition], time: int, seconds: float = RESPONSE_SECONDS
) -> Offsets:
    """Return for each partition its first offset at or after a time (ms since 1970), or its end where there is none.

    EARLIEST and LATEST are times, too. Raises KafkaException where a partition gives no answer.
    """
    kafka = confluent_kafka()
    asked = [kafka.TopicPartition(*partition, time) for partition in partitions]
    if not asked:
        return {}
    found = {}
    for answer in consumer.offsets_for_times(asked, timeout=seconds):
        if answer.error:
            raise kafka.KafkaException(answer.error)
        found[TopicPartition(answer.topic, answer.partition)] = answer.offset
    without = [partition for partition, offset in found.items() if offset < 0]
    return found | (offsets(consumer, without, LATEST, seconds) if without and time != LATEST else {})


def starts(
    window: Window, consumer: Any, partitions: Sequence[TopicPartition], seconds: float = RESPONSE_SECONDS
) -> Offsets:
    """Return the offset at which each partition starts. Raises KafkaToolError where a partition gives no answer."""
    try:
        if window.from_time is not None:
            return offsets(consumer, partitions, window.from_time, seconds)
        if window.last is not None:
            first = offsets(consumer, partitions, EARLIEST, seconds)
            end = offsets(consumer, partitions, LATEST, seconds)
            return {partition: max(first[partition], end[partition] - window.last) for partition in partitions}
        if window.has_end and window.start < 0:
            return offsets(consumer, partitions, window.start, seconds)
    except confluent_kafka().KafkaException as error:
        raise KafkaToolError(f"the brokers do not say where to start: {words(error.args[0])}") from error
    return dict.fromkeys(partitions, window.start)


def ends(
    window: Window, consumer: Any, partitions: Sequence[TopicPartition], seconds: float = RESPONSE_SECONDS
) -> Offsets:
    """Return the offset before which each partition ends. Raises KafkaToolError where a partition gives no answer."""
    try:
        return offsets(consumer, partitions, LATEST if window.to_time is None else window.to_time, seconds)
    except confluent_kafka().KafkaException as error:
        raise KafkaToolError(f"the brokers do not say where to end: {words(error.args[0])}") from error


class Ends:
    """The partitions whose reading has not yet reached its end (exclusive): `left`.

    Of the `total` offsets between the starts and the ends, `covered` lie behind the reading.
    """

    def __init__(self, ends: dict[TopicPartition, int], starts: dict[TopicPartition, int]) -> None:
        self._ends = ends
        self._is_one_topic = len({topic for topic, _ in ends}) == 1
        self._positions: dict[TopicPartition, int] = {}
        self.left = {partition for partition, end in ends.items() if end > 0}
        self.total = self.covered = 0
        for partition, start in starts.items():
            self.begin(partition, start)

    def add(self, ends: Offsets, starts: Offsets) -> None:
        """Note the ends and starts of partitions that had no leader before."""
        self._ends |= ends
        self.left |= {partition for partition, end in ends.items() if end > 0}
        for partition, start in starts.items():
            self.begin(partition, start)

    def begin(self, partition: TopicPartition, offset: int) -> None:
        """Note where the reading of a partition begins; one that came back to the group has begun before."""
        if partition not in self._positions:
            self._positions[partition] = offset
            self.total += max(0, self._ends.get(partition, 0) - offset)
        self.at(partition, offset)

    def within(self, batch: Batch) -> Batch:
        """Return the batch without the records that lie behind an end."""
        behind = False
        for partition, message in newest(batch, self._is_one_topic).items():
            self.at(partition, message.offset() + 1)
            behind = behind or message.offset() >= self._ends.get(partition, 0)
        if not behind:
            return batch
        return [m for m in batch if m.offset() < self._ends.get(TopicPartition(m.topic(), m.partition()), 0)]

    def at(self, partition: TopicPartition, offset: int) -> None:
        """Note that everything before `offset` has been read."""
        end = self._ends.get(partition, 0)
        self.covered += min(offset, end) - min(self._positions.get(partition, offset), end)
        self._positions[partition] = offset
        if offset >= end:
            self.left.discard(partition)
