"""Partitions that are read without a group: assigned directly, so that nothing waits and nothing is left behind."""

from collections.abc import Mapping
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.format import Batch
from kafka_tools.console.positions import EARLIEST, Place


class DirectReader:
    """The assignment of `consumer` (confluent_kafka.Consumer); `places` are its partitions, `taken` stays empty."""

    def __init__(self, consumer: Any) -> None:
        self.taken: list[Any] = []
        self.places: set[Place] | None = None
        self._consumer = consumer
        self._starts: dict[Place, int] = {}

    def begin(self, starts: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on."""
        self._starts = dict(starts)
        self.places = set(starts)
        self._consumer.assign([_position(place, offset) for place, offset in starts.items()])

    def add(self, places: set[Place]) -> None:
        """Read new partitions too, from their beginning: all that is in them came while this tool was running."""
        self._starts |= dict.fromkeys(places, EARLIEST)
        self.places = set(self._starts)
        self._consumer.incremental_assign([_position(place, EARLIEST) for place in places])

    def go_to(self, place: Place, offset: int) -> None:
        """Go on at another offset of a partition."""
        self._starts[place] = offset
        move(self._consumer, self._starts, place, offset)

    def store(self, batch: Batch) -> None:
        """Without a group nothing is stored."""


def _position(place: Place, offset: int) -> Any:
    return confluent_kafka().TopicPartition(*place, offset)


def move(consumer: Any, starts: Mapping[Place, int], place: Place, offset: int) -> None:
    """Assign all partitions anew where they are, but `place` at `offset`.

    librdkafka stops reading a partition whose offset is out of range, and then refuses to seek in it. A partition that
    has given nothing yet has no position: it starts where `starts` says.
    """
    positions = consumer.position(consumer.assignment())
    for each in positions:
        if (each.topic, each.partition) == place:
            each.offset = offset
        elif each.offset < 0:
            each.offset = starts.get((each.topic, each.partition), each.offset)
    consumer.assign(positions)
