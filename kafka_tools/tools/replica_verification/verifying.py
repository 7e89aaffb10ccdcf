"""Verifies replicas in rounds: reads all from the same offset, compares them, and goes on behind what is the same."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kafka_tools.backends import Replicas
from kafka_tools.errors import OFFSET_OUT_OF_RANGE, BrokerError, KafkaToolError
from kafka_tools.logs.replicas import compare, compare_records
from kafka_tools.model.java_hash_order import keys_in_hash_order, partition_order
from kafka_tools.model.offsets import EARLIEST, LATEST, Offset
from kafka_tools.model.replicas import Comparison, Damage, Difference, Fetched, Finding
from kafka_tools.model.topic_names import matching
from kafka_tools.model.topics import TopicPartition

MOST_FINDINGS = 20
"""So many findings of a partition are kept to be shown; all are counted, and told in Apache's lines."""

NOTHING = Fetched(-1, b"")
"""What a replica that does not answer counts as having: the partition waits for it."""


@dataclass(slots=True)
class Verified:
    """How far one partition is: from `start` up to `offset` its replicas are compared.

    `end` is where to stop (None: never), `high_watermark` the largest that a replica told last. `found` counts what is
    not the same, the first of it is in `findings`, and `last` has what the last round found. `failures` are the
    replicas, by the ids of their brokers, that could not be read, each with the reason. `is_asked`: there was a round
    with it. `is_over`: nothing more can be compared.
    """

    name: TopicPartition
    leader: int | None
    replicas: tuple[int, ...]
    is_compacted: bool
    start: int = 0
    offset: int = 0
    end: int | None = None
    high_watermark: int = -1
    found: int = 0
    findings: list[Finding] = field(default_factory=list)
    last: frozenset[Finding] = frozenset()
    failures: dict[int, str] = field(default_factory=dict)
    is_asked: bool = False
    is_over: bool = False

    @property
    def asked(self) -> tuple[int, ...]:
        """The replicas that are still read: in one pass those that failed are not waited for."""
        # Without an end a broker that is away is waited for, as by Apache's tool; with one, --once would not end.
        return tuple(each for each in self.replicas if self.end is None or each not in self.failures)

    @property
    def is_pending(self) -> bool:
        """Whether there is more to compare; an empty partition is asked once: are all its replicas there?"""
        if self.end is None:
            return not self.is_over
        # A single replica has nobody to be compared with.
        return not self.is_over and len(self.asked) > 1 and (self.offset < self.end or not self.is_asked)

    @property
    def lag(self) -> int:
        """How many offsets are committed and not verified; one pass does not read a replica that is the only one."""
        if self.end is not None and len(self.replicas) == 1:
            return 0
        return (self.high_watermark if self.end is None else self.end) - self.offset


def suspects(partition: Verified) -> tuple[int, ...]:
    """Return the replicas that seem to be wrong: the damaged ones, else those that most others do not agree with.

    Where no majority tells, as with two replicas, all of them.
    """
    # A batch whose checksum does not fit its bytes is wrong by itself, whatever the others have.
    damaged = {each.replica for each in partition.findings if isinstance(each, Damage)}
    found = set(damaged)
    # The first is enough: behind it replicas may differ as a consequence (batches that lie otherwise).
    first = [each for each in partition.findings if isinstance(each, Difference)][:1]
    for difference in first if not damaged else ():
        others = {
            each.other
            for each in partition.findings
            if isinstance(each, Difference) and each.offset == difference.offset
        }
        # Each Difference names one replica that is not as the first one; the rest agrees with the first.
        agreeing = set(partition.asked) - others
        found |= others if len(agreeing) > 1 else agreeing if len(others) > 1 else others | agreeing
    return tuple(sorted(found))


class Verification:
    """The verification of some partitions, in the order in which Apache's tool tells of them.

    `progressed` says whether the last round came further, with any of them.
    """

    def __init__(self, replicas: Replicas, partitions: Sequence[Verified], fetch_size: int) -> None:
        self.partitions = partitions
        self.progressed = False
        self._replicas = replicas
        self._fetch_size = fetch_size
        self._order = list(partitions)

    def round(self, wait_ms: int) -> Iterator[tuple[Verified, Finding]]:
        """Read on with all partitions, and yield what is found not to be the same. Raises KafkaToolError."""
        asked = {each.name: each for each in self._order if each.is_pending}
        logs = self._replicas.fetch(
            {name: each.asked for name, each in asked.items()},
            {name: each.offset for name, each in asked.items()},
            self._fetch_size,
            wait_ms,
        )
        # Offsets only grow, so that their sum tells whether any of them did.
        before = sum(each.offset for each in asked.values())
        self._go_on_behind(logs)
        out_of_range = []
        for each in self.partitions:
            if each.name in asked:
                yield from ((each, finding) for finding in take(each, logs[each.name]))
                # Retention deleted records meanwhile. Apache's tool does not handle it (its
                # own caveat), and stands still.
                if any(_is_out_of_range(answer) for answer in logs[each.name].values()):
                    out_of_range.append(each)
        self._skip_deleted(out_of_range)
        self.progressed = sum(each.offset for each in asked.values()) > before

    def _go_on_behind(self, logs: Mapping[TopicPartition, Mapping[int, Fetched | KafkaToolError]]) -> None:
        """Ask next time first for what stands behind the first partition that had something.

        A broker fills its answer in the order of the request. Whichever partition stands first is so read from all its
        replicas, and each stands first in its turn.
        """
        for position, each in enumerate(self._order):
            if any(isinstance(answer, Fetched) and answer.records for answer in logs.get(each.name, {}).values()):
                self._order = self._order[position + 1 :] + self._order[: position + 1]
                return

    def _skip_deleted(self, partitions: Collection[Verified]) -> None:
        """Go on where the logs begin now, where records were deleted that were still to be compared."""
        if not partitions:
            return
        begins = self._replicas.offsets(EARLIEST, {each.name: each.asked for each in partitions})
        for each in partitions:
            each.offset = max((each.offset, *begins[each.name].values()))


def take(partition: Verified, answers: Mapping[int, Fetched | KafkaToolError]) -> list[Finding]:
    """Compare what replicas answered, note how far that is, and return what is new of it."""
    # One failure is kept for each broker until it answers again: that is what tables and stderr tell.
    for broker, answer in answers.items():
        if isinstance(answer, KafkaToolError) and not _is_out_of_range(answer):
            partition.failures[broker] = answer.message
        else:
            partition.failures.pop(broker, None)
    logs = {
        broker: NOTHING if isinstance(answer, KafkaToolError) else answer
        for broker, answer in answers.items()
        if broker in partition.asked
    }
    # The largest, as verifyCheckSum: a follower hears of the leader's with its next fetch. -1 where nobody answered.
    partition.high_watermark = max((each.high_watermark for each in logs.values()), default=-1)
    partition.is_asked = True
    if not logs:
        return []
    found = _compared(partition, logs)
    # While a replica is away the others are compared again in each round: Apache's tool tells it each time.
    new = [finding for finding in found.findings if finding not in partition.last]
    partition.last = frozenset(found.findings)
    partition.found += len(new)
    partition.findings += new[: MOST_FINDINGS - len(partition.findings)]
    partition.offset, partition.is_over = found.verified, found.is_over
    return new


def _compared(partition: Verified, logs: Mapping[int, Fetched]) -> Comparison:
    # Batches first, byte by byte, which is quick. Only where they differ and the topic is compacted are records
    # unpacked: the cleaner of each broker rewrites batches at its own time.
    found = compare(logs, partition.offset)
    return compare_records(logs, partition.offset) if found.findings and partition.is_compacted else found


def _is_out_of_range(answer: Fetched | KafkaToolError) -> bool:
    """Say whether the offset is not in the log of this replica: it has not come so far, or records were deleted."""
    return isinstance(answer, BrokerError) and answer.code == OFFSET_OUT_OF_RANGE


def begin(replicas: Replicas, pattern: str, time: int | None, ends: bool) -> list[Verified]:
    """Return the partitions of the topics that match, ready to be verified.

    From the offset that `time` (ms, or a number of TIMES) stands for at the leader, None: from where all replicas have
    a log. With `ends` up to where each ends now. Raises KafkaToolError where no topic matches, and, unless it `ends`,
    for a partition without a leader that answers.
    """
    topics = replicas.topics
    # Internal topics, too: isTopicAllowed(name, false) in Apache's tool.
    names = matching(topics.names(), pattern, exclude_internal=False)
    if not names:
        hint = "`ktools topics --list` shows what is there."
        raise KafkaToolError(f"No topics found. --topics-include {pattern} matches none.", hint)
    found = {
        TopicPartition(topic.topic, each.partition): Verified(
            TopicPartition(topic.topic, each.partition),
            each.leader,
            # recordBatchIteratorMap is a HashMap of broker ids: its first replica is the one that
            # the others are compared with.
            tuple(keys_in_hash_order(each.replicas, 16, int)),
            # `compact`, or `compact,delete`.
            "compact" in topic.configs.get("cleanup.policy", ""),
        )
        for topic in topics.describe(names)
        for each in topic.partitions
    }
    if time is None:
        # Each broker deletes old segments at its own time: what not all have is no difference.
        begins = replicas.offsets(EARLIEST, {name: each.replicas for name, each in found.items()})
        for name, each in found.items():
            each.start = each.offset = max(begins[name].values(), default=0)
    else:
        for name, start in _at_leaders(replicas, time, found, ends).items():
            found[name].start = found[name].offset = start
    for name, end in _at_leaders(replicas, LATEST, found, ends).items() if ends else ():
        found[name].end = end
    return [found[name] for name in partition_order(found)]


def _at_leaders(
    replicas: Replicas, time: int, partitions: Mapping[TopicPartition, Verified], may_fail: bool
) -> dict[TopicPartition, int]:
    """Return the offset that `time` stands for at each leader.

    Where one does not tell, raises KafkaToolError; if it `may_fail`, notes that and takes the partition for over.
    """
    found, later = {}, {}
    for name, offset in replicas.at(time, partitions).items():
        if isinstance(offset, Offset):
            if offset.offset is None:
                later[name] = partitions[name]
            else:
                found[name] = offset.offset
        elif may_fail:
            # Nothing of it can be compared: all of its replicas count as not read, with the reason.
            partitions[name].failures |= dict.fromkeys(partitions[name].replicas, offset.message)
            partitions[name].is_over, found[name] = True, 0
        else:
            raise KafkaToolError(f"Where to begin in {name.topic}-{name.partition} is not known: {offset.message}")
    # No record is so new: what comes from now on is compared. Apache's tool (3.9) ends with a NullPointerException.
    return found | (_at_leaders(replicas, LATEST, later, may_fail) if later else {})
