"""What is wrong with a partition, where each of its replicas stands, and how many partitions that concerns."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from kafka_tools.model.topics import Partition


class Role(Enum):
    """Where one replica stands."""

    LEADER = "leader"
    IN_SYNC = "in sync"
    OUT_OF_SYNC = "out of sync"
    BROKER_DOWN = "broker down"


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica and the broker that holds it."""

    broker: int
    role: Role


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in words; `broken` where the partition does not work, else it works but is at risk."""

    words: str
    broken: bool = False


class Health(NamedTuple):
    """How many of some partitions have nothing wrong, how many do not work, and how many have what is wrong.

    One may count more than once, but an offline partition counts neither as below nor as at min ISR; at it are only
    those that have lost an in-sync replica.
    """

    partitions: int
    healthy: int
    broken: int
    offline: int
    below_min_isr: int
    at_min_isr: int
    under_replicated: int
    not_preferred: int


def role(broker: int, partition: Partition, live: Collection[int]) -> Role:
    """Return where the broker's replica of the partition stands; `live` are the ids of the brokers that are up."""
    if broker not in live:
        return Role.BROKER_DOWN
    if broker == partition.leader:
        return Role.LEADER
    return Role.IN_SYNC if broker in partition.isr else Role.OUT_OF_SYNC


def replicas(partition: Partition, live: Collection[int]) -> tuple[Replica, ...]:
    """Return the partition's replicas in assignment order."""
    return tuple(Replica(broker, role(broker, partition, live)) for broker in partition.replicas)


def missing(partition: Partition) -> tuple[int, ...]:
    """Return the replicas that are not in sync, in assignment order."""
    return tuple(broker for broker in partition.replicas if broker not in partition.isr)


def under_replicated(partition: Partition) -> bool:
    """Tell whether replicas are missing from the ISR, those aside that a reassignment is adding
    (TopicCommand.PartitionDescription.isUnderReplicated, Kafka 3.9).
    """
    return len(partition.isr) < len(partition.replicas) - len(partition.adding_replicas)


def offline(partition: Partition, live: Collection[int]) -> bool:
    """Tell whether nobody can write to or read from it (PartitionDescription.hasUnavailablePartitions, Kafka 3.9)."""
    return partition.leader is None or partition.leader not in live


def led_by_preferred(partition: Partition) -> bool:
    """Tell whether the first replica of the assignment leads."""
    return partition.leader == (partition.replicas[0] if partition.replicas else None)


def reassignment(partition: Partition) -> str:
    """Say what a running reassignment moves, nothing where there is none."""
    moves = {"adding": partition.adding_replicas, "removing": partition.removing_replicas}
    return ", ".join(f"{word} {', '.join(map(str, brokers))}" for word, brokers in moves.items() if brokers)


def problems(partition: Partition, live: Collection[int], min_isr: int | None) -> tuple[Problem, ...]:
    """Return what is wrong with the partition, the worst first; nothing where it is healthy.

    `min_isr` is min.insync.replicas of its topic; where that is None nothing is said about it.
    """
    found = []
    if offline(partition, live):
        found.append(_offline(partition, live))
    elif words := _thin(partition, min_isr):
        stopped = min_isr is not None and len(partition.isr) < min_isr <= len(partition.replicas)
        found.append(Problem(f"{words}: acks=all producers stop" if stopped else words, broken=stopped))
    if partition.leader is not None and not led_by_preferred(partition):
        preferred = partition.replicas[0]
        out = preferred not in live or preferred not in partition.isr
        found.append(Problem(f"preferred leader {preferred} {'is out' if out else 'does not lead'}"))
    return tuple(found)


def health(partitions: Iterable[Partition], live: Collection[int], min_isr: int | None) -> Health:
    """Count what is wrong with the partitions of one topic."""
    return total(_one(partition, live, min_isr) for partition in partitions)


def total(parts: Iterable[Health]) -> Health:
    """Add up what was counted apart."""
    return Health(*map(sum, zip(Health(0, 0, 0, 0, 0, 0, 0, 0), *parts, strict=True)))


def words(counts: Health) -> str:
    """Say what was counted, the worst first."""
    its = "its" if counts.not_preferred == 1 else "their"
    facts = (
        (counts.offline, "offline"),
        (counts.below_min_isr, "below min ISR"),
        (counts.under_replicated, "under-replicated"),
        (counts.at_min_isr, "at min ISR"),
        (counts.not_preferred, f"not led by {its} preferred replica"),
    )
    healthy = "healthy" if counts.partitions == 1 else f"all {counts.partitions:,} partitions healthy"
    return " · ".join(f"{number:,} {fact}" for number, fact in facts if number) or healthy


def _one(partition: Partition, live: Collection[int], min_isr: int | None) -> Health:
    wrong = problems(partition, live, min_isr)
    gone, thin, least = offline(partition, live), under_replicated(partition), min_isr or 0
    return Health(
        partitions=1,
        healthy=not wrong,
        broken=any(problem.broken for problem in wrong),
        offline=gone,
        below_min_isr=not gone and len(partition.isr) < least,
        at_min_isr=not gone and thin and len(partition.isr) == least,
        under_replicated=thin,
        not_preferred=partition.leader is not None and not led_by_preferred(partition),
    )


def _offline(partition: Partition, live: Collection[int]) -> Problem:
    if partition.leader is not None:
        return Problem(f"offline: its leader {partition.leader} is down", broken=True)
    down = [str(broker) for broker in partition.isr or partition.elr or () if broker not in live]
    return Problem(
        f"offline: no leader until broker {' or '.join(down)} is back" if down else "offline: no leader", True
    )


def _thin(partition: Partition, min_isr: int | None) -> str:
    """Say how far the ISR is from what it should be; nothing where it is complete and large enough."""
    in_sync = len(partition.isr)
    facts = ["under-replicated"] if under_replicated(partition) else []
    if min_isr is not None and in_sync < min_isr:
        few = len(partition.replicas) < min_isr
        facts.append(f"fewer replicas than min ISR {min_isr}" if few else f"below min ISR {min_isr}")
    elif facts and in_sync == min_isr:
        facts.append("at min ISR")
    return ", ".join(facts)
