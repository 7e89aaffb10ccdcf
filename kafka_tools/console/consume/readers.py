"""What the loop asks of its partitions, with a group or without one, and the reader without a group."""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.consume.positions import Ends, Offsets, answered, ends, starts
from kafka_tools.console.consume.request import EARLIEST, Window
from kafka_tools.console.formats.record_format import Batch
from kafka_tools.console.leaders import Leaders
from kafka_tools.model.topics import TopicPartition


class Reader(Protocol):
    """The partitions that one consumer reads.

    `partitions` are those it has, None until it has heard which; `waiting_since` (time.monotonic) is when it began to
    wait for its share of a group's partitions, None while it has one. `ends` is None where the reading has no known
    end. `taken` holds records that were taken from librdkafka's queue and are in no batch yet, `in_flight` those that
    are being written.
    """

    taken: list[Any]
    partitions: set[TopicPartition] | None
    waiting_since: float | None
    in_flight: Batch
    ends: Ends | None

    def begin(self, partitions: Sequence[TopicPartition]) -> None:
        """Ask for these partitions, or for a share of them."""
        ...

    def returned(self, partitions: Collection[TopicPartition]) -> None:
        """Read partitions that had no leader at the start and have one now."""
        ...

    def add(self, partitions: set[TopicPartition]) -> None:
        """Ask for partitions that came while the tool is running, too."""
        ...

    def go_to(self, partition: TopicPartition, offset: int) -> None:
        """Go on at another offset of a partition."""
        ...

    def store(self, batch: Batch) -> None:
        """Let the next commit cover the batch, which was written."""
        ...

    def served(self) -> AbstractContextManager[None]:
        """Keep the membership alive inside the context while a slow reader of stdout blocks the loop."""
        ...

    def leave(self) -> str:
        """Commit what was stored and close the consumer; return why it was not committed, "" where it was."""
        ...


class DirectReader:
    """Reads partitions without a consumer group, so that nothing waits for a rebalance and no group is left behind.

    Same interface as GroupMember; `taken` stays empty, and `in_flight` is never looked at.
    """

    def __init__(self, consumer: Any, window: Window, leaders: Leaders) -> None:
        self.taken: list[Any] = []
        self.partitions: set[TopicPartition] | None = None
        self.waiting_since: float | None = None
        self.in_flight: Batch = ()
        self.ends: Ends | None = None
        self._consumer = consumer
        self._window = window
        self._leaders = leaders

    def begin(self, partitions: Sequence[TopicPartition]) -> None:
        """Read these partitions from where the window starts; those without a leader only when they `returned`.

        Raises KafkaToolError where a partition with a leader does not say where it starts or ends.
        """
        beginning, ending = answered(self._leaders, partitions, self._limits)
        if self._window.has_end:
            self.ends = Ends(ending, beginning)
        self.partitions = set(beginning)
        self._consumer.assign([_position(partition, offset) for partition, offset in beginning.items()])

    def _limits(self, partitions: Sequence[TopicPartition], seconds: float) -> tuple[Offsets, Offsets]:
        ending = ends(self._window, self._consumer, partitions, seconds) if self._window.has_end else {}
        return starts(self._window, self._consumer, partitions, seconds), ending

    def returned(self, partitions: Collection[TopicPartition]) -> None:
        """Read partitions that had no leader at the start and have one now."""
        new = sorted(set(partitions) - (self.partitions or set()))
        if not new:
            return
        beginning, ending = answered(self._leaders, new, self._limits)
        if self.ends is not None:
            self.ends.add(ending, beginning)
        self.partitions = (self.partitions or set()) | set(beginning)
        self._consumer.incremental_assign([_position(partition, offset) for partition, offset in beginning.items()])

    def add(self, partitions: set[TopicPartition]) -> None:
        """Read new partitions too, from their beginning: all that is in them came while this tool was running."""
        self.partitions = (self.partitions or set()) | partitions
        self._consumer.incremental_assign([_position(partition, EARLIEST) for partition in partitions])

    def go_to(self, partition: TopicPartition, offset: int) -> None:
        """Go on at another offset of a partition."""
        move(self._consumer, partition, offset)

    def store(self, batch: Batch) -> None:
        """Without a group no offset is stored."""

    def served(self) -> AbstractContextManager[None]:
        """Without a group there is no membership to keep alive."""
        return nullcontext()

    def leave(self) -> str:
        """Close the consumer; there is nothing to commit."""
        self._consumer.close()
        return ""


def _position(partition: TopicPartition, offset: int = EARLIEST) -> Any:
    return confluent_kafka().TopicPartition(*partition, offset)


def move(consumer: Any, partition: TopicPartition, offset: int) -> None:
    """Read a partition from `offset` on; the others go on as they are.

    librdkafka stops reading a partition whose offset is out of range, and then refuses to seek in it: it has to be
    taken away and given anew.
    """
    consumer.incremental_unassign([_position(partition)])
    consumer.incremental_assign([_position(partition, offset)])
