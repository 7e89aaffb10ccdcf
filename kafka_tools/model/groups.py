"""Consumer groups: their members, what they committed, and how far that is behind the end of each partition."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kafka_tools.errors import UsageError
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.text import MAX_STRING, is_sendable
from kafka_tools.model.topics import TopicPartition

STABLE, EMPTY, DEAD, UNKNOWN_STATE = "Stable", "Empty", "Dead", "Unknown"
STATES = ("PreparingRebalance", "CompletingRebalance", STABLE, DEAD, EMPTY, "Assigning", "Reconciling")
"""The states of consumer groups in Kafka's words (org.apache.kafka.common.ConsumerGroupState 3.9)."""

CONSUMER = "Consumer"
TYPES = (CONSUMER, "Classic")
"""The protocols of consumer groups: the one of KIP-848, and the one before it."""


GROUP_TYPES = ("Classic", "Consumer", "Share", "Streams")
"""All types of groups (org.apache.kafka.common.GroupType 4.4)."""


class GroupListing(NamedTuple):
    """A group of any type as brokers list it; type and state are "" where brokers are too old to tell them."""

    group: str
    type: str
    protocol: str
    state: str


def missing_notes(failures: Sequence[str]) -> list[str]:
    """Return the notes that groups may be missing from a list, for what kept brokers from telling theirs."""
    return [f"Not all brokers answered, so groups may be missing: {failure}" for failure in failures]


def known_words(asked: Sequence[str] | None, words: Sequence[str], what: str, plural: str) -> set[str]:
    """Return the words that are meant, in Kafka's capitals. Raises UsageError in Apache's words for another."""
    # Apache's tools take any capitals, and print their own.
    by_small = {word.lower(): word for word in words}
    given = asked or ()
    if not all(word.lower() in by_small for word in given):
        raise UsageError(f"Invalid {what} '{','.join(given)}'. Valid {plural} are: {', '.join(words)}")
    return {by_small[word.lower()] for word in given}


class ListedGroup(NamedTuple):
    """A group as all brokers know it."""

    group: str
    state: str
    type: str


class Member(NamedTuple):
    """A consumer in a group; `instance_id` is that of a static member (KIP-345), else None.

    In groups of the protocol of KIP-848 it has an epoch, and may be on its way to other partitions (`target`);
    `upgraded` says whether it speaks that protocol itself, where brokers tell (from Kafka 4.0 on).
    """

    member_id: str
    instance_id: str | None
    client_id: str
    host: str
    partitions: tuple[TopicPartition, ...]
    epoch: int | None = None
    target: tuple[TopicPartition, ...] | None = None
    upgraded: bool | None = None


class Coordinator(NamedTuple):
    """The broker that keeps a group."""

    broker: int
    host: str
    port: int


class ConsumerGroup(NamedTuple):
    """A group as its coordinator knows it. A group that is not there is DEAD.

    `epoch` counts what changed in a group of the protocol of KIP-848, `target_epoch` is that of its newest assignment.
    """

    group: str
    state: str
    assignor: str
    coordinator: Coordinator
    members: tuple[Member, ...]
    type: str = "Classic"
    epoch: int | None = None
    target_epoch: int | None = None


class Committed(NamedTuple):
    """An offset that a group has committed, and the leader epoch of the record before it; None where it told none."""

    offset: int
    leader_epoch: int | None = None


class Progress(NamedTuple):
    """How far a group is in one partition, and the member that reads it, if one does.

    `current_offset` is None where nothing was committed, `log_end_offset` and `log_start_offset` where the partition's
    leader did not tell them. `leader_epoch` is what was committed with the offset.
    """

    group: str
    topic: str
    partition: int
    current_offset: int | None
    log_end_offset: int | None
    member: Member | None
    log_start_offset: int | None = None
    leader_epoch: int | None = None

    @property
    def topic_partition(self) -> TopicPartition:
        """The partition that it is about."""
        return TopicPartition(self.topic, self.partition)

    @property
    def lag(self) -> int | None:
        """How many offsets are left to read; None where that is not known."""
        if self.current_offset is None or self.log_end_offset is None:
            return None
        # Below 0 where a topic was made anew under the same name: Apache's tool prints it so, too.
        return self.log_end_offset - self.current_offset

    @property
    def gone(self) -> int:
        """How many offsets the group had not read when their records were deleted: those before the log's start."""
        if self.current_offset is None or self.log_start_offset is None:
            return 0
        return max(0, self.log_start_offset - self.current_offset)


class OldGroup(NamedTuple):
    """A group of consumers up to Kafka 1.x, as ZooKeeper knows it.

    `members` are its consumers with the topics that each reads, `partitions` all of the topics that it reads or has
    read, `owners` the consumers that read them now. `offsets` are those that it keeps in ZooKeeper.
    """

    group: str
    members: Mapping[str, tuple[str, ...]]
    partitions: tuple[TopicPartition, ...]
    owners: Mapping[TopicPartition, str]
    offsets: Mapping[TopicPartition, int]


class Goal(NamedTuple):
    """Where a group is to go on from; exactly one is set."""

    to_earliest: bool = False
    to_latest: bool = False
    to_current: bool = False
    to_offset: int | None = None
    shift_by: int | None = None
    to_datetime: str | None = None
    by_duration: str | None = None
    from_file: str | None = None
    restore: str | None = None


class NewOffset(NamedTuple):
    """The offset that a group is to go on from; `current_offset` is None where it had none."""

    group: str
    topic: str
    partition: int
    current_offset: int | None
    new_offset: int


class Log(NamedTuple):
    """The first offset of a partition and the one behind its last record; None where its leader did not tell it."""

    start: int | None
    end: int | None


UNKNOWN = Log(None, None)


def progress(
    group: ConsumerGroup,
    committed: Mapping[TopicPartition, Committed],
    logs: Mapping[TopicPartition, Log],
    in_order: bool = False,
) -> Iterator[Progress]:
    """Yield a group's partitions in the order of Apache's tool (ConsumerGroupCommand).

    First those of the member with the most, at last those that no member reads, each lot as a HashMap has them (3.9),
    or `in_order` of topics and partitions (4.4).
    """
    assigned: set[TopicPartition] = set()
    # sorted() keeps members with equally many partitions in the order of the coordinator, as Java's sort does.
    for member in (*sorted(group.members, key=lambda each: -len(each.partitions)), None):
        # The last round, without a member: what was committed and nobody reads now.
        partitions = committed.keys() - assigned if member is None else frozenset(member.partitions)
        assigned |= partitions
        # The order of insertion, which counts where two partitions are in one bucket.
        by_number = sorted(partitions, key=lambda each: (each.partition, each.topic))
        for each in sorted(partitions) if in_order else partition_order(by_number):
            offset, epoch = committed.get(each, (None, None))
            log = logs.get(each, UNKNOWN)
            yield Progress(group.group, *each, offset, log.end, member, log.start, epoch)


def needed(
    groups: Iterable[ConsumerGroup], committed: Mapping[str, Collection[TopicPartition]]
) -> list[TopicPartition]:
    """Return the partitions that these groups read or have read, sorted, each once."""
    found: set[TopicPartition] = set()
    for group in groups:
        found.update(committed.get(group.group, ()))
        for member in group.members:
            found.update(member.partitions)
    return sorted(found)


def parse_partitions(text: str) -> tuple[str, tuple[int, ...] | None]:
    """Return a topic and its partitions from `orders:0,2`; None for all. Raises UsageError in Apache's words."""
    if ":" not in text:
        return text, None
    topic, _, numbers = text.partition(":")
    if not topic or not numbers or ":" in numbers:
        raise UsageError(f"Invalid topic arg '{text}', expected topic name and partitions")
    found = []
    for word in numbers.split(","):
        if not (word.isascii() and word.isdecimal() and len(word) < 11 and int(word) < 2**31):
            # The two apostrophes at the end are Apache's own (ConsumerGroupCommand 3.9).
            raise UsageError(f"Invalid partition '{word}' specified in topic arg '{text}''")
        found.append(int(word))
    return topic, tuple(found)


def joined(group: str) -> str:
    """Return the group id that Java's consumer joins (GroupRebalanceConfig and String.trim, 3.9).

    Raises UsageError for one that no group can have: librdkafka would end the process (SIGABRT).
    """
    # String.trim() takes off all up to the blank, controls among them, and no other white space.
    trimmed = group.strip("".join(map(chr, range(33))))
    if not trimmed:
        raise UsageError("The configured groupId is invalid", "A group id cannot be empty.")
    if not is_sendable(trimmed):
        raise UsageError(f"The configured groupId is invalid: '{trimmed}'", "A group id is text in UTF-8.")
    if len(trimmed.encode()) > MAX_STRING:
        raise UsageError(f"The configured groupId is invalid: it has more than {MAX_STRING:,} bytes")
    return trimmed
