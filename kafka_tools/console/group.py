"""A consumer group's member: its offsets follow what was written, and a slow reader does not cost it its membership."""

import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import words
from kafka_tools.console.direct import move
from kafka_tools.console.format import Batch
from kafka_tools.console.output import Output
from kafka_tools.console.positions import EARLIEST, RESPONSE_SECONDS, Ends, Place, offsets
from kafka_tools.console.used import Used
from kafka_tools.errors import KafkaToolError

SERVICE_SECONDS = 5.0
"""How often the group is served while a slow reader blocks stdout: it must be less than max.poll.interval.ms."""

LEAVE_SECONDS = 10.0
"""How long the last commit and the farewell to the group may take."""


class GroupMember:
    """The membership of `consumer` (confluent_kafka.Consumer) in its group.

    `reset` (EARLIEST, LATEST, or None for an error) is where a partition without a committed offset starts; `taken`
    holds what was taken from the queue and is not yet in a batch. `places` are the partitions it has, None until it
    has heard which. At the start and after the loss of all it waits to hear, `waiting_since` then (time.monotonic) or
    else None; `ends` hears where each partition starts. The records `in_flight` are being written. Without `commits`
    the group's offsets are only read. A `cooperative` group hands over some partitions and keeps the others (KIP-429,
    KIP-848).
    """

    def __init__(
        self, consumer: Any, reset: int | None, output: Output, commits: bool = True, cooperative: bool = False
    ) -> None:
        self.taken: list[Any] = []
        self.places: set[Place] | None = None
        self.waiting_since: float | None = time.monotonic()
        self.in_flight: Batch = ()
        self.ends: Ends | None = None
        self._stored: dict[Place, int] = {}
        self._unstored: dict[Place, int] = {}
        self._consumer = consumer
        self._reset = reset
        self._output = output
        self._commits = commits
        self._cooperative = cooperative
        self._topics: set[str] = set()
        self._known: set[Place] = set()
        self._paused = False
        self._used = Used(output)

    def join(self, topics: Iterable[str], known: set[Place]) -> None:
        """Ask for a share of the topics' partitions.

        A partition that is not `known`, as it came while this tool was running, starts at its beginning.
        """
        self._known = known
        self._topics = set(topics)
        if not self._topics:  # librdkafka refuses; `add` asks for those that come
            self.places, self.waiting_since = set(), None
            return
        self._consumer.subscribe(
            sorted(self._topics), on_assign=self._begin, on_revoke=self._forget, on_lost=self._forget
        )

    def add(self, places: set[Place]) -> None:
        """Ask for a share of new topics, too; new partitions of a topic the group gets by itself."""
        new = {topic for topic, _ in places} - self._topics
        if new:
            self.join(self._topics | new, self._known)

    def _begin(self, _consumer: Any, partitions: list[Any]) -> None:
        """Start at the committed offsets; where there is none yet, store the start, so that it is committed.

        Otherwise a partition that gave no record this time would start at another place the next time
        (Java's consumer commits its position in every partition).
        """
        known: list[Any] = []
        fresh: list[Any] = []
        try:
            partitions = self._answered(self._consumer.committed(partitions, timeout=RESPONSE_SECONDS))
            known = [partition for partition in partitions if partition.offset >= 0]
            fresh = [partition for partition in partitions if partition.offset < 0]
            self._resolve(fresh)
        except confluent_kafka().KafkaException:
            fresh = []  # librdkafka asks again, for as long as it takes
        written = self._after_what_is_written(known)
        self._stored |= {_place(each): each.offset for each in fresh}
        if self._cooperative:
            self._consumer.incremental_assign(partitions)
        else:
            self._consumer.assign(partitions)
        self._consumer.resume(partitions)  # one that was paused when it was given away comes back paused
        self.places, self.waiting_since = (self.places or set()) | set(map(_place, partitions)), None
        if self.ends is not None:
            for each in partitions:
                self.ends.begin(_place(each), each.offset)
        if self._commits and (fresh or written):
            self._consumer.store_offsets(offsets=[*fresh, *written])

    def _after_what_is_written(self, partitions: list[Any]) -> list[Any]:
        """Start partitions that come back behind what was or is being written of them; return those of which it was.

        `partitions` have their committed offsets: where others have committed meanwhile, those count.
        """
        from kafka_tools.console.parts import newest

        in_flight, written = newest(self.in_flight, False), []
        for each in partitions:
            place, committed = _place(each), each.offset
            if self._stored.get(place) != committed:
                self._stored[place] = committed
            elif place in in_flight:
                each.offset = in_flight[place].offset() + 1
            elif place in self._unstored:
                each.offset = self._stored[place] = self._unstored[place]
                written.append(each)
        self._unstored.clear()
        return written

    def _resolve(self, partitions: list[Any]) -> None:
        """Set the offset where these partitions start.

        Raises KafkaException where one cannot be found out, KafkaToolError where nothing says where to start.
        """
        old = [_place(each) for each in partitions if _place(each) in self._known]
        new = set(map(_place, partitions)) - set(old)
        if old and self._reset is None:
            raise KafkaToolError(f"the group has no offset of {old[0][0]}-{old[0][1]} (auto.offset.reset=none)")
        found = offsets(self._consumer, new, EARLIEST) | offsets(self._consumer, old, self._reset or EARLIEST)
        for each in partitions:
            each.offset = found[_place(each)]

    def _answered(self, partitions: list[Any]) -> list[Any]:
        """Return the brokers' answers. Raises KafkaException where one of them is an error."""
        for partition in partitions:
            if partition.error:
                raise confluent_kafka().KafkaException(partition.error)
        return partitions

    def _forget(self, _consumer: Any, partitions: list[Any]) -> None:
        """Leave what was not written of lost partitions to their next reader: no offset was stored for it."""
        lost = set(map(_place, partitions))
        self.taken[:] = [message for message in self.taken if (message.topic(), message.partition()) not in lost]
        self.places = (self.places or set()) - lost
        if not self.places:
            self.waiting_since = time.monotonic()

    def go_to(self, place: Place, offset: int) -> None:
        """Go on at another offset of a partition."""
        if self._cooperative:
            move(self._consumer, place, offset)
            return
        self._stored[place] = offset
        positions = self._consumer.position(self._consumer.assignment())
        for each in positions:
            if _place(each) == place:
                each.offset = offset
            elif each.offset < 0:  # it has given nothing yet
                each.offset = self._stored.get(_place(each), each.offset)
        self._consumer.assign(positions)

    def store(self, batch: Batch) -> None:
        """Let the next commit cover the batch, which was written."""
        from kafka_tools.console.parts import newest

        last = newest(batch, len(self._topics) == 1) if self._commits else {}
        for place, message in last.items():
            is_mine = self.places is None or place in self.places
            is_stored = is_mine and self._store(message=message)
            (self._stored if is_stored else self._unstored)[place] = message.offset() + 1
        self._used.wrote(batch, last)
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False
        self.in_flight = ()

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

    def commit(self) -> str:
        """Commit what was stored and wait for the answer; return why it was not committed, or nothing.

        Where the reader of stdout is gone, that is what it has surely used, even if more was committed before.
        """
        if not self._commits:
            return ""
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
        unused = self._used.unused().items()
        back = [confluent_kafka().TopicPartition(*place, at) for place, at in unused if place in (self.places or ())]
        if back:
            self._store(offsets=back)  # or closing the consumer would commit what was stored before
            self._answered(self._consumer.commit(offsets=back, asynchronous=False))

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the group while a reader that has stopped blocks stdout: the member stays, and rebalances go on."""
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


def _place(partition: Any) -> Place:
    return partition.topic, partition.partition


def leave(consumer: Any, group: GroupMember | None) -> str:
    """Commit what the group's member stored, then close the consumer; return why it was not committed, or nothing.

    Gives up after LEAVE_SECONDS: librdkafka alone would wait for a dead cluster until the session times out.
    """
    outcome: list[str] = []

    def work() -> None:
        outcome.append(group.commit() if group else "")
        consumer.close()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(LEAVE_SECONDS)
    return outcome[0] if outcome else f"no answer within {LEAVE_SECONDS:.0f} s"
