"""What a verification found, for a person and for programs: a row a partition, the worst first."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.model.offsets import LATEST
from kafka_tools.model.replicas import Damage
from kafka_tools.model.units import count
from kafka_tools.render.views import Level, Mark, Table, level
from kafka_tools.tools.replica_verification.verifying import Verified, suspects

if TYPE_CHECKING:
    from kafka_tools.backends import Replicas

DAMAGED, DIFFERENT, NOT_READ, BEHIND, ALONE, EQUAL = (
    "damaged",
    "different",
    "not read",
    "behind",
    "one replica",
    "equal",
)
WORST_FIRST, SOUND = (DAMAGED, DIFFERENT, NOT_READ, BEHIND), (EQUAL, ALONE)
MOST_TOLD = 20


class PartitionRow(NamedTuple):
    """One partition: where the logs of its replicas end (None: not known), from which offset to which they were
    compared, and how much of what is committed was not.

    `differences` counts batches, or records of compacted topics; `suspects` are the replicas that seem to be wrong, and
    `verdict` is one of the words of WORST_FIRST and SOUND.
    """

    topic: str
    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    log_ends: tuple[int | None, ...]
    start: int
    verified: int
    lag: int
    differences: int
    suspects: tuple[int, ...]
    verdict: str


class ShownRow(NamedTuple):
    """A partition for a person: `ends` are the offsets at which the logs end, broker by broker."""

    partition: str
    ends: str
    compared: str
    lag: int
    verdict: Mark


COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas",
    "log_ends": "Log ends",
    "start": "From",
    "verified": "Verified",
    "lag": "Lag",
    "differences": "Differences",
    "suspects": "Suspects",
    "verdict": "Verdict",
}
SHOWN = {
    "partition": "Partition",
    "ends": "Log ends by broker",
    "compared": "Compared",
    "lag": "Lag",
    "verdict": "Verdict",
}


def rows(replicas: "Replicas", partitions: Sequence[Verified]) -> list[PartitionRow]:
    """Return a row a partition, the worst first. Asks all replicas where their logs end; raises KafkaToolError."""
    # LATEST asked of a follower is the end of its own log (as ANY_REPLICA), not the leader's.
    ends = replicas.offsets(LATEST, {each.name: each.replicas for each in partitions})
    found = [
        PartitionRow(
            *each.name,
            each.leader,
            each.replicas,
            tuple(ends[each.name].get(broker) for broker in each.replicas),
            each.start,
            each.offset,
            max(0, each.lag),
            each.found,
            suspects(each),
            verdict(each),
        )
        for each in partitions
    ]
    # The sound ones share the last rank, and go by their names.
    place = {word: number for number, word in enumerate(WORST_FIRST)}
    return sorted(found, key=lambda row: (place.get(row.verdict, len(place)), row.topic, row.partition))


def verdict(partition: "Verified") -> str:
    """Return how a partition is, in one of the words of WORST_FIRST and SOUND."""
    # What is wrong is told first, whatever else could not be read; a lag says nothing of a partition with one replica.
    if partition.found:
        return DAMAGED if any(isinstance(each, Damage) for each in partition.findings) else DIFFERENT
    if partition.failures:
        return NOT_READ
    if len(partition.replicas) == 1:
        return ALONE
    return BEHIND if partition.lag > 0 else EQUAL


def table(found: Sequence[PartitionRow], partitions: Sequence[Verified], with_reasons: bool = False) -> Table:
    """Return the rows for a person, with what is wrong in words below.

    `with_reasons`: also why replicas were not read, which a report of one pass tells on stderr.
    """
    counts = Counter(row.verdict for row in found)
    bad = [f"{counts[word]} {word}" for word in WORST_FIRST if counts[word]]
    broken = bool(counts[DAMAGED] or counts[DIFFERENT])
    summary = Mark(", ".join(bad), level(broken, at_risk=True)) if bad else Mark("no difference")
    return Table(
        [_shown(row) for row in found],
        SHOWN,
        title="replicas",
        facts=(count(len(found), "partition"),),
        spare=("compared",),
        summary=summary,
        notes=[
            *(Mark(sentence, Level.BROKEN) for sentence in _findings(partitions)),
            *(Mark(sentence, Level.RISK) for sentence in (notes(partitions) if with_reasons else ())),
        ],
    )


def _shown(row: PartitionRow) -> ShownRow:
    # By broker id, not in the order of the assignment: the same broker then stands at the same place in each row.
    known = zip(row.replicas, row.log_ends, strict=True)
    ends = "  ".join(f"{broker}: {'?' if end is None else f'{end:,}'}" for broker, end in sorted(known))
    words = f"{row.verdict}: broker {' or '.join(map(str, row.suspects))}" if row.suspects else row.verdict
    loud = level(row.verdict in (DAMAGED, DIFFERENT), row.verdict not in SOUND)
    # `verified` is the offset behind the last record that was compared.
    compared = f"{row.start:,} to {row.verified:,}" if len(row.replicas) > 1 else "-"
    return ShownRow(f"{row.topic}-{row.partition}", ends, compared, row.lag, Mark(words, loud))


def _findings(partitions: Sequence[Verified]) -> list[str]:
    told = [
        f"{each.name.topic}-{each.name.partition}{finding.words}." for each in partitions for finding in each.findings
    ]
    # `found` counts all, of which each partition keeps MOST_FINDINGS.
    rest = sum(each.found for each in partitions) - MOST_TOLD
    return told[:MOST_TOLD] + ([f"… and {rest:,} more"] if rest > 0 else [])


def notes(partitions: Sequence[Verified]) -> Iterator[str]:
    """Yield which brokers' replicas were not read, each with the reason and how many partitions that is."""
    silent = Counter((broker, why) for each in partitions for broker, why in each.failures.items())
    for (broker, why), number in sorted(silent.items()):
        yield f"{count(number, 'replica')} of broker {broker} {'was' if number == 1 else 'were'} not read: {why}"
