"""Where in its partitions a consumer starts, and where it ends."""

from collections.abc import Iterable, Sequence
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import words
from kafka_tools.console.format import Batch
from kafka_tools.errors import KafkaToolError

EARLIEST, LATEST = -2, -1
"""Offsets that mean the beginning and the end of a partition (librdkafka's OFFSET_BEGINNING and OFFSET_END)."""

RESPONSE_SECONDS = 10.0
"""How long the brokers' answer is waited for."""

Place = tuple[str, int]
"""A topic and one of its partitions."""


def offsets(consumer: Any, places: Iterable[Place], time: int) -> dict[Place, int]:
    """Return for each partition its first offset at or after a time (ms since 1970), or its end where there is none.

    EARLIEST and LATEST are times, too. Raises KafkaException where a partition gives no answer.
    """
    kafka = confluent_kafka()
    asked = [kafka.TopicPartition(topic, partition, time) for topic, partition in places]
    if not asked:
        return {}
    found = {}
    for answer in consumer.offsets_for_times(asked, timeout=RESPONSE_SECONDS):
        if answer.error:
            raise kafka.KafkaException(answer.error)
        found[answer.topic, answer.partition] = answer.offset
    without = [place for place, offset in found.items() if offset < 0]
    return found | (offsets(consumer, without, LATEST) if without and time != LATEST else {})


class Window:
    """The part of the partitions that is read.

    `start` is EARLIEST, LATEST or an offset; `last` (a number of offsets before the end) and `from_time` (ms since
    1970) say it otherwise. `to_time` ends each partition before the first record of that time, `until_end` at the end
    it has now.
    """

    def __init__(
        self, start: int, last: int | None, from_time: int | None, to_time: int | None, until_end: bool
    ) -> None:
        self._start = start
        self._last = last
        self._from_time = from_time
        self._to_time = to_time
        self._until_end = until_end

    @property
    def has_end(self) -> bool:
        """Whether the reading ends at known offsets."""
        return self._until_end or self._to_time is not None

    def starts(self, consumer: Any, places: Sequence[Place]) -> dict[Place, int]:
        """Return the offset each partition starts at. Raises KafkaToolError where a partition gives no answer."""
        try:
            if self._from_time is not None:
                return offsets(consumer, places, self._from_time)
            if self._last is not None:
                first, end = offsets(consumer, places, EARLIEST), offsets(consumer, places, LATEST)
                return {place: max(first[place], end[place] - self._last) for place in places}
            if self.has_end and self._start < 0:
                return offsets(consumer, places, self._start)
        except confluent_kafka().KafkaException as error:
            raise KafkaToolError(f"the brokers do not say where to start: {words(error.args[0])}") from error
        return dict.fromkeys(places, self._start)

    def ends(self, consumer: Any, places: Sequence[Place]) -> dict[Place, int]:
        """Return the offset each partition ends before. Raises KafkaToolError where a partition gives no answer."""
        try:
            return offsets(consumer, places, LATEST if self._to_time is None else self._to_time)
        except confluent_kafka().KafkaException as error:
            raise KafkaToolError(f"the brokers do not say where to end: {words(error.args[0])}") from error


class Ends:
    """The partitions that have not yet reached their end (exclusive): `left`.

    Of the `total` offsets between where the reading begins and the ends, `covered` lie behind it.
    """

    def __init__(self, ends: dict[Place, int], starts: dict[Place, int]) -> None:
        self._ends = ends
        self._is_one_topic = len({topic for topic, _ in ends}) == 1
        self._positions: dict[Place, int] = {}
        self.left = {place for place, end in ends.items() if end > 0}
        self.total = self.covered = 0
        for place, start in starts.items():
            self.begin(place, start)

    def begin(self, place: Place, offset: int) -> None:
        """Note where the reading of a partition begins; one that came back to the group has begun before."""
        if place not in self._positions:
            self._positions[place] = offset
            self.total += max(0, self._ends.get(place, 0) - offset)
        self.at(place, offset)

    def within(self, batch: Batch) -> Batch:
        """Return the batch without what lies behind an end."""
        from kafka_tools.console.parts import newest

        behind = False
        for place, message in newest(batch, self._is_one_topic).items():
            self.at(place, message.offset() + 1)
            behind = behind or message.offset() >= self._ends.get(place, 0)
        if not behind:
            return batch
        return [m for m in batch if m.offset() < self._ends.get((m.topic(), m.partition()), 0)]

    def at(self, place: Place, offset: int) -> None:
        """Note that everything before `offset` has been read."""
        end = self._ends.get(place, 0)
        self.covered += min(offset, end) - min(self._positions.get(place, offset), end)
        self._positions[place] = offset
        if offset >= end:
            self.left.discard(place)
