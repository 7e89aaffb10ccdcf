"""Partitions that are read without a group: assigned directly, so that nothing waits and nothing is left behind."""

from collections.abc import Mapping
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.format import Batch
from kafka_tools.console.positions import EARLIEST, Place


class DirectReader:
    """The assignment of `consumer` (confluent_kafka.Consumer), to be used as a GroupMember is.

    `places` are its partitions; `taken` stays empty, and nobody asks what is `in_flight`.
    """

    def __init__(self, consumer: Any) -> None:
        self.taken: list[Any] = []
        self.places: set[Place] | None = None
        self._consumer = consumer
        self.in_flight: Batch = ()

    def begin(self, starts: Mapping[Place, int]) -> None:
        """Read these partitions from these offsets on."""
        self.places = set(starts)
        self._consumer.assign([_position(place, offset) for place, offset in starts.items()])

    def add(self, places: set[Place]) -> None:
        """Read new partitions too, from their beginning: all that is in them came while this tool was running."""
        self.places = (self.places or set()) | places
        self._consumer.incremental_assign([_position(place) for place in places])

    def go_to(self, place: Place, offset: int) -> None:
        """Go on at another offset of a partition."""
        move(self._consumer, place, offset)

    def store(self, batch: Batch) -> None:
        """Without a group nothing is stored."""


def _position(place: Place, offset: int = EARLIEST) -> Any:
    return confluent_kafka().TopicPartition(*place, offset)


def move(consumer: Any, place: Place, offset: int) -> None:
    """Read a partition from `offset` on; the others go on as they are.

    librdkafka stops reading a partition whose offset is out of range, and then refuses to seek in it.
    """
    consumer.incremental_unassign([_position(place)])
    consumer.incremental_assign([_position(place, offset)])
