"""A consumer group's member: its offsets follow what was written, and a slow reader does not cost it its membership."""

import signal
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import words
from kafka_tools.console.consume import EARLIEST, Membership, Window
from kafka_tools.console.consume.readers import RESPONSE_SECONDS, Ends, answered, ends, move, offsets
from kafka_tools.console.consume.writing import Output, Used
from kafka_tools.console.formats import Batch
from kafka_tools.console.outages import Leaders
from kafka_tools.console.records import newest
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

SERVICE_SECONDS = 5.0
"""How often the group is served while a slow reader blocks stdout: it must be less than max.poll.interval.ms."""


class GroupMember:
    """Reads the partitions that a consumer group gives to its member `consumer` (confluent_kafka.Consumer).

    The Reader of a group: the attributes mean what they mean there. Partitions without a committed offset start where
    the window's `reset` says.
    """

    def __init__(self, consumer: Any, membership: Membership, window: Window, output: Output, leaders: Leaders) -> None:
        self.taken: list[Any] = []
        self.partitions: set[TopicPartition] | None = None
        self.waiting_since: float | None = time.monotonic()
        self.in_flight: Batch = ()
        self.ends: Ends | None = None
        self._stored: dict[TopicPartition, int] = {}
        self._unstored: dict[TopicPartition, int] = {}
        self._consumer = consumer
        self._window = window
        self._output = output
        self._leaders = leaders
        self._commits = membership.commits
        self._cooperative = membership.cooperative
        self._topics: set[str] = set()
        self._known: set[TopicPartition] = set()
        self._paused = False
        self._used = Used(output)

    def begin(self, partitions: Sequence[TopicPartition]) -> None:
        """Ask the group for a share of these partitions' topics.

        Raises KafkaToolError where the window has an end and a partition does not say where that is.
        """
        self._leaders.look(partitions)
        if self._window.has_end:
            ending = answered(self._leaders, partitions, partial(ends, self._window, self._consumer))
            self.ends = Ends(ending, {})
        self.join({topic for topic, _ in partitions}, set(partitions))

    def returned(self, partitions: Collection[TopicPartition]) -> None:
        """Do nothing: librdkafka reads the group's partitions as soon as they have a leader."""

    def join(self, topics: Iterable[str], known: set[TopicPartition]) -> None:
        """Ask for a share of the topics' partitions.

        A partition that is not `known`, as it came while this tool was running, starts at its beginning.
        """
        self._known = known
        self._topics = set(topics)
        if not self._topics:  # librdkafka refuses an empty subscription; `add` asks for the topics that come
            self.partitions, self.waiting_since = set(), None
            return
        self._consumer.subscribe(
            sorted(self._topics), on_assign=self._begin, on_revoke=self._forget, on_lost=self._forget
        )

    def add(self, partitions: set[TopicPartition]) -> None:
        """Ask for a share of new topics, too; new partitions of a topic the group gets by itself."""
        new = {topic for topic, _ in partitions} - self._topics
        if new:
            self.join(self._topics | new, self._known)

    def _begin(self, _consumer: Any, partitions: list[Any]) -> None:
        """Start the partitions that the group gave to this member at their committed offsets.

        Where there is no committed offset yet, the start is stored, so that it is committed. Otherwise a partition that
        gave no record this time would start at another place the next time (Java's consumer commits its position in
        every partition).
        """
        # The order matters. committed, before assign: librdkafka would start by itself at the committed offset, but
        # what this process wrote since (`_after_what_is_written`) is known here alone and must not be read twice.
        # resolve, before assign: with an offset of -1001 librdkafka would go by auto.offset.reset, whose answer would
        # come as an error record after others had been read. store_offsets, after assign: librdkafka refuses it
        # (_STATE) for partitions that are not assigned, and resume likewise needs the assignment to be there.
        known: list[Any] = []
        fresh: list[Any] = []
        try:
            partitions = self._answered(self._consumer.committed(partitions, timeout=RESPONSE_SECONDS))
            known = [partition for partition in partitions if partition.offset >= 0]
            missing = self._leaders.missing  # Failures says where they start when they have a leader
            fresh = [each for each in partitions if each.offset < 0 and _ours(each) not in missing]
            self._resolve(fresh)
        except confluent_kafka().KafkaException:
            fresh = []  # librdkafka asks again, for as long as it takes
        written = self._after_what_is_written(known)
        self._stored |= {_ours(each): each.offset for each in fresh}
        if self._cooperative:
            self._consumer.incremental_assign(partitions)
        else:
            self._consumer.assign(partitions)
        self._consumer.resume(partitions)  # one that was paused when it was given away comes back paused
        self.partitions, self.waiting_since = (self.partitions or set()) | set(map(_ours, partitions)), None
        if self.ends is not None:
            for each in partitions:
                self.ends.begin(_ours(each), each.offset)
        if self._commits and (fresh or written):
            self._consumer.store_offsets(offsets=[*fresh, *written])

    def _after_what_is_written(self, partitions: list[Any]) -> list[Any]:
        """Start partitions that come back behind what was or is being written of them; return those of which it was.

        `partitions` have their committed offsets: where others have committed meanwhile, those count.
        """
        in_flight, written = newest(self.in_flight, False), []
        for each in partitions:
            partition, committed = _ours(each), each.offset
            if self._stored.get(partition) != committed:
                self._stored[partition] = committed
            elif partition in in_flight:
                each.offset = in_flight[partition].offset() + 1
            elif partition in self._unstored:
                each.offset = self._stored[partition] = self._unstored[partition]
                written.append(each)
        self._unstored.clear()
        return written

    def _resolve(self, partitions: list[Any]) -> None:
        """Set the offset where these partitions start.

        Raises KafkaException where one cannot be found out, KafkaToolError where nothing says where to start.
        """
        if not partitions:
            return
        old = [_ours(each) for each in partitions if _ours(each) in self._known]
        new = set(map(_ours, partitions)) - set(old)
        if old and self._window.reset is None:
            raise KafkaToolError(f"the group has no offset of {old[0][0]}-{old[0][1]} (auto.offset.reset=none)")
        found = offsets(self._consumer, new, EARLIEST) | offsets(self._consumer, old, self._window.reset or EARLIEST)
        for each in partitions:
            each.offset = found[_ours(each)]

    def _answered(self, partitions: list[Any]) -> list[Any]:
        """Return the brokers' answers. Raises KafkaException where one of them is an error."""
        for partition in partitions:
            if partition.error:
                raise confluent_kafka().KafkaException(partition.error)
        return partitions

    def _forget(self, _consumer: Any, partitions: list[Any]) -> None:
        """Leave what was not written of lost partitions to their next reader: no offset was stored for it."""
        lost = set(map(_ours, partitions))
        self.taken[:] = [message for message in self.taken if (message.topic(), message.partition()) not in lost]
        self.partitions = (self.partitions or set()) - lost
        if not self.partitions:
            self.waiting_since = time.monotonic()

    def go_to(self, partition: TopicPartition, offset: int) -> None:
        """Go on at another offset of a partition."""
        if self._cooperative:
            move(self._consumer, partition, offset)
            return
        self._stored[partition] = offset
        positions = self._consumer.position(self._consumer.assignment())
        for each in positions:
            if _ours(each) == partition:
                each.offset = offset
            elif each.offset < 0:  # it has given nothing yet
                each.offset = self._stored.get(_ours(each), each.offset)
        self._consumer.assign(positions)

    def store(self, batch: Batch) -> None:
        """Let the next commit cover the batch, which was written."""
        # One store for each partition and batch, of the last record: librdkafka commits the offset after it. What was
        # written of a partition that is another member's by now is kept in `_unstored`, in case it comes back.
        last = newest(batch, len(self._topics) == 1) if self._commits else {}
        for partition, message in last.items():
            is_mine = self.partitions is None or partition in self.partitions
            is_stored = is_mine and self._store(message=message)
            (self._stored if is_stored else self._unstored)[partition] = message.offset() + 1
        self._used.wrote(batch, last)
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False
        self.in_flight = ()

    def leave_out(self, message: Any) -> None:
        """Let the next commit cover a record that cannot be read, as if it was written."""
        self.store([message])

    def _store(self, **offsets: Any) -> bool:
        """Tell librdkafka what to commit next; return False where the partition is another member's by now."""
        kafka = confluent_kafka()
        try:
            self._consumer.store_offsets(**offsets)
        except kafka.KafkaException as error:
            if error.args[0].code() != kafka.KafkaError._STATE:
                raise KafkaToolError(f"offsets cannot be stored: {words(error.args[0])}") from error
            return False
        return True

    def leave(self) -> str:
        """Commit what was stored, wait for the answer and leave the group; return why it was not committed, or "".

        Where the reader of stdout is gone, what it has surely used is committed, even if more was committed before.
        """
        uncommitted = self._commit() if self._commits else ""
        self._consumer.close()
        return uncommitted

    def _commit(self) -> str:
        kafka = confluent_kafka()
        try:
            if not self._output.is_open:
                self._go_back()
            committed = self._consumer.commit(asynchronous=False)
        except kafka.KafkaException as error:
            nothing_new = error.args[0].code() == kafka.KafkaError._NO_OFFSET
            return "" if nothing_new else words(error.args[0])
        return ", ".join(sorted({words(partition.error) for partition in committed if partition.error}))

    def _go_back(self) -> None:
        """Commit where the records begin that the reader of stdout may not have used. Raises KafkaException."""
        # `head` reads a block more than it prints, and what is in the pipe nobody reads: only the kernel took it.
        unused, mine = self._used.unused().items(), self.partitions or ()
        back = [confluent_kafka().TopicPartition(*partition, at) for partition, at in unused if partition in mine]
        if back:
            self._store(offsets=back)  # or closing the consumer would commit what was stored before
            self._answered(self._consumer.commit(offsets=back, asynchronous=False))

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the group while a reader that has stopped blocks stdout: the member stays, and rebalances go on."""
        # A timer's signal and not a thread: librdkafka's callbacks (assign, revoke) then run in the thread of the loop,
        # between two of its bytecodes, so that nothing they share with it needs a lock. A write that blocks in the
        # kernel is interrupted for it and goes on afterwards (PEP 475). Another user of SIGALRM in this process would
        # lose it; there is none.
        before = signal.signal(signal.SIGALRM, self._serve)
        signal.setitimer(signal.ITIMER_REAL, SERVICE_SECONDS, SERVICE_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _serve(self, _number: int, _frame: FrameType | None) -> None:
        """Poll with all partitions paused, so that what waits in the queue is not taken but fetched again later."""
        if not self._output.is_writing:
            return
        try:
            self._consumer.pause(self._consumer.assignment())
            self._paused = True
            message = self._consumer.poll(0)
        except confluent_kafka().KafkaException:
            return
        if message is not None:
            self.taken.append(message)


def _ours(partition: Any) -> TopicPartition:
    """Return our TopicPartition for one of confluent_kafka's."""
    return TopicPartition(partition.topic, partition.partition)
