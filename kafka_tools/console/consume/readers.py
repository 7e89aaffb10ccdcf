"""What the loop asks of its partitions, and the reader without a group: where it starts, and where it ends."""

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeAlias, TypeVar

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import words
from kafka_tools.console.consume import EARLIEST, LATEST, Window
from kafka_tools.console.formats import Batch
from kafka_tools.console.outages import Leaders
from kafka_tools.console.records import newest
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

RESPONSE_SECONDS = 10.0
"""How long the brokers' answer is waited for where all leaders are reached."""

FIRST_SECONDS = 1.5
"""How long it is waited for before somebody looks whether all leaders are."""

COUNTED_AT_ONCE = 10_000

Offsets: TypeAlias = dict[TopicPartition, int]
T = TypeVar("T")


def answered(
    leaders: Leaders, partitions: Sequence[TopicPartition], ask: Callable[[Sequence[TopicPartition], float], T]
) -> T:
    """Return what `ask` finds out about the partitions that have a leader.

    librdkafka gives no answer at all where one partition has no leader, or where its leader is not reached: then it is
    looked which ones these are, and the others are asked for once more. Raises KafkaToolError.
    """
    # Two limits: the first is short, as a dead leader is the rule where an answer takes long; with all leaders reached
    # the second leaves a busy broker its time.
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
        # A response that leaves a partition out has no error. Only a time of day may be past the last record: were the
        # beginning taken for the end, a group would commit that and lose all of the partition.
        if time < 0 and answer.offset < 0:
            raise kafka.KafkaException(kafka.KafkaError(kafka.KafkaError._BAD_MSG))
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
            return last_records(consumer, first, end, window.last, seconds)
        if window.has_end and window.start < 0:
            return offsets(consumer, partitions, window.start, seconds)
    except confluent_kafka().KafkaException as error:
        raise KafkaToolError(f"the brokers do not say where to start: {words(error.args[0])}") from error
    return dict.fromkeys(partitions, window.start)


def last_records(consumer: Any, first: Offsets, end: Offsets, wanted: int, seconds: float) -> Offsets:
    """Return the offset in each partition behind which it has so many records, or all that there are.

    `first` and `end` are the partition's limits. Raises KafkaToolError where no records come for so many seconds.
    """
    # Markers of transactions, aborted records and what was compacted away have offsets, too, and are no records. So
    # records are counted, from the end backwards, in steps that double; where the first step reaches the partition's
    # beginning, nothing has to be counted.
    found, missing, step = ({} if wanted else dict(end)), dict.fromkeys(first, wanted), wanted
    parts = {each: (max(first[each], end[each] - step), end[each]) for each in first} if wanted else {}
    while parts:
        found |= {
            each: low for each, (low, high) in parts.items() if low == first[each] and high - low <= missing[each]
        }
        parts = {each: part for each, part in parts.items() if each not in found}
        for each, records in _offsets_of_records(consumer, parts, seconds).items():
            low, _ = parts.pop(each)
            if len(records) >= missing[each]:
                found[each] = records[-missing[each]]
            elif low == first[each]:
                found[each] = low
            else:
                missing[each] -= len(records)
                parts[each] = max(first[each], low - 2 * step), low
        step *= 2
    return found


def _offsets_of_records(
    consumer: Any, parts: Mapping[TopicPartition, tuple[int, int]], seconds: float
) -> dict[TopicPartition, "array[int]"]:
    """Read each partition from one offset to another (exclusive), and return the offsets that have a record."""
    found = {each: array("q") for each in parts}
    left = set(parts)
    consumer.assign([_position(each, low) for each, (low, _) in parts.items()])
    while left:
        message = consumer.poll(seconds)
        if message is None:
            raise KafkaToolError(f"the brokers do not say where to start: no records within {seconds} s")
        for each in [message, *consumer.consume(COUNTED_AT_ONCE, 0)]:
            partition = TopicPartition(each.topic(), each.partition())
            error = each.error()
            if error is None and partition in left and each.offset() < parts[partition][1]:
                found[partition].append(each.offset())
            # Both end a partition here: it has no record behind this offset, or what there was is deleted meanwhile.
            if error is not None and error.name() not in ("_PARTITION_EOF", "_AUTO_OFFSET_RESET"):
                continue  # where it does not cure itself, no records come
            if error is not None or each.offset() >= parts[partition][1] - 1:
                left.discard(partition)
    return found


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
        self._ends: Offsets = {}
        self._is_one_topic = len({topic for topic, _ in ends}) == 1
        self._positions: Offsets = {}
        self.left: set[TopicPartition] = set()
        self.total = self.covered = 0
        self.add(ends, starts)

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
        # Only the newest record of each partition was looked at so far; one by one only in the last batches.
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

    def leave_out(self, message: Any) -> None:
        """Let the next commit cover a record that cannot be read, as if it was written."""
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

    def leave_out(self, message: Any) -> None:
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
