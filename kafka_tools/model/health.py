"""Judges the health of partitions: the state of each replica, what is wrong with a partition, and counts of both."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from kafka_tools.model.topics import Partition, TopicDescription, offline, under_replicated


class Role(Enum):
    """The state of one replica."""

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
    """One thing that is wrong with a partition. `broken`: the partition does not work. Else it works but is at risk."""

    words: str
    broken: bool = False


class Health(NamedTuple):
    """How many partitions there are, how many are healthy or do not work, and how many have each problem.

    A partition with two problems is counted for both. An offline partition counts neither as below nor as at min ISR.
    At min ISR are only partitions that have lost an in-sync replica: others cannot have more.
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
    """Return the state of the replica that `broker` holds; `live` are the ids of the brokers that run."""
    # A broker that is down may still be the leader and in the ISR on record, where no controller could change that.
    if broker not in live:
        return Role.BROKER_DOWN
    if broker == partition.leader:
        return Role.LEADER
    return Role.IN_SYNC if broker in partition.isr else Role.OUT_OF_SYNC


def replicas(partition: Partition, live: Collection[int]) -> tuple[Replica, ...]:
    """Return the replicas of a partition in the order of its assignment."""
    return tuple(Replica(broker, role(broker, partition, live)) for broker in partition.replicas)


def led_by_preferred(partition: Partition) -> bool:
    """Tell whether the preferred leader, the first replica of the assignment, is the leader."""
    return partition.leader == (partition.replicas[0] if partition.replicas else None)


def reassignment(partition: Partition) -> str:
    """Describe a running reassignment (`adding 4, removing 1`); an empty text where none runs."""
    moves = {"adding": partition.adding_replicas, "removing": partition.removing_replicas}
    return ", ".join(f"{word} {', '.join(map(str, brokers))}" for word, brokers in moves.items() if brokers)


def problems(partition: Partition, live: Collection[int], min_isr: int | None) -> tuple[Problem, ...]:
    """Return the problems of a partition, the worst first; no problems where it is healthy.

    `min_isr` is min.insync.replicas of its topic. With None (not known) the ISR is not compared with it.
    """
    found = []
    if offline(partition, live):
        found.append(_offline(partition, live))
    elif words := _thin(partition, min_isr):
        # With fewer replicas than min ISR the topic never took acks=all: its configuration is wrong, nothing broke.
        stopped = min_isr is not None and len(partition.isr) < min_isr <= len(partition.replicas)
        found.append(Problem(f"{words}: acks=all producers stop" if stopped else words, broken=stopped))
    # Of a partition without a leader nobody asks whether the preferred one leads.
    if partition.leader is not None and not led_by_preferred(partition):
        preferred = partition.replicas[0]
        out = preferred not in live or preferred not in partition.isr
        found.append(Problem(f"preferred leader {preferred} {'is out' if out else 'does not lead'}"))
    return tuple(found)


def health(partitions: Iterable[Partition], live: Collection[int], min_isr: int | None) -> Health:
    """Count the problems of the partitions of one topic."""
    return total(_one(partition, live, min_isr) for partition in partitions)


def total(parts: Iterable[Health]) -> Health:
    """Add up the counts of several topics."""
    return Health(*map(sum, zip(Health(0, 0, 0, 0, 0, 0, 0, 0), *parts, strict=True)))


def words(counts: Health) -> str:
    """Describe counts in words, the worst first: `2 under-replicated · 1 at min ISR`."""
    its = "its" if counts.not_preferred == 1 else "their"
    facts = (
        (counts.offline, "offline"),
        (counts.below_min_isr, "below min ISR"),
        (counts.under_replicated, "under-replicated"),
        (counts.at_min_isr, "at min ISR"),
        (counts.not_preferred, f"not led by {its} preferred replica"),
    )
    # What is not zero, in the order of how bad it is; so the first words of the line are the worst news.
    healthy = "healthy" if counts.partitions == 1 else f"all {counts.partitions:,} partitions healthy"
    return " · ".join(f"{number:,} {fact}" for number, fact in facts if number) or healthy


Names = dict[str, list[str]]


@dataclass(slots=True)
class Troubled:
    """The partitions of a cluster that are not as they should be, as `TOPIC-PARTITION`; `total` counts all that it has.

    `offline` has them by what is wrong in words and the brokers that are waited for, `too_few` (fewer replicas than min
    ISR) by topic, `out_of_sync` by the brokers whose replicas are missing from the ISR, `not_preferred` by the
    preferred leaders that could lead. `stuck` are those of `moving` that cannot go on, each with the brokers that are
    waited for.
    """

    total: int = 0
    offline: dict[tuple[str, tuple[int, ...]], list[str]] = field(default_factory=dict)
    below_min_isr: list[str] = field(default_factory=list)
    at_min_isr: list[str] = field(default_factory=list)
    too_few: Names = field(default_factory=dict)
    under_replicated: list[str] = field(default_factory=list)
    out_of_sync: dict[int, list[str]] = field(default_factory=dict)
    not_preferred: dict[int, list[str]] = field(default_factory=dict)
    moving: list[str] = field(default_factory=list)
    stuck: dict[str, list[int]] = field(default_factory=dict)


def troubled(topics: Iterable[TopicDescription], live: Collection[int], working: Collection[int]) -> Troubled:
    """Sort the partitions of a cluster by what is wrong with them: 10,000 that are well take some 10 ms.

    `live` are the brokers that are registered, `working` those of them that answer.
    """
    found = Troubled()
    for topic in topics:
        found.total += len(topic.partitions)
        # Nobody elects leaders of a topic that waits for its deletion.
        for each in () if topic.marked_for_deletion else topic.partitions:
            if not _is_well(each, live, topic.min_isr):
                _sort(found, topic, each, live)
                _sort_moving(found, f"{topic.topic}-{each.partition}", each, working)
    return found


def _is_well(each: Partition, live: Collection[int], min_isr: int | None) -> bool:
    complete = len(each.isr) == len(each.replicas) >= (min_isr or 0) and led_by_preferred(each)
    return complete and each.leader in live and not each.adding_replicas and not each.removing_replicas


def _sort(found: Troubled, topic: TopicDescription, each: Partition, live: Collection[int]) -> None:
    name, least = f"{topic.topic}-{each.partition}", topic.min_isr or 0
    away = [broker for broker in each.replicas if broker not in each.isr and broker not in each.adding_replicas]
    found.under_replicated += [name] if away else []
    for broker in away:
        found.out_of_sync.setdefault(broker, []).append(name)
    if offline(each, live):
        found.offline.setdefault((_offline(each, live).words, awaited(each, live)), []).append(name)
    elif len(each.replicas) < least:
        found.too_few.setdefault(topic.topic, []).append(name)
    elif len(each.isr) < least:
        found.below_min_isr.append(name)
    elif away and len(each.isr) == least:
        found.at_min_isr.append(name)
    preferred = each.replicas[0] if each.replicas else None
    if preferred in each.isr and preferred in live and each.leader not in (preferred, None):
        found.not_preferred.setdefault(preferred, []).append(name)


def _sort_moving(found: Troubled, name: str, each: Partition, working: Collection[int]) -> None:
    if each.adding_replicas or each.removing_replicas:
        found.moving.append(name)
        away = [broker for broker in each.adding_replicas if broker not in working]
        if away or each.leader is None:
            found.stuck[name] = away


def _one(partition: Partition, live: Collection[int], min_isr: int | None) -> Health:
    wrong = problems(partition, live, min_isr)
    gone, thin, least = offline(partition, live), under_replicated(partition), min_isr or 0
    return Health(
        partitions=1,
        healthy=not wrong,  # a partition may count several times below, but here once
        broken=any(problem.broken for problem in wrong),
        offline=gone,
        below_min_isr=not gone and len(partition.isr) < least,
        at_min_isr=not gone and thin and len(partition.isr) == least,
        under_replicated=thin,
        not_preferred=partition.leader is not None and not led_by_preferred(partition),
    )


def awaited(partition: Partition, live: Collection[int]) -> tuple[int, ...]:
    """Return the brokers that are down and would give an offline partition its leader back, with all its records."""
    if partition.leader is not None:
        return () if partition.leader in live else (partition.leader,)
    # The last in-sync replicas have all records. Without one of them only an unclean election would help. Kafka 4 may
    # elect from the ELR, too (KIP-966).
    return tuple(broker for broker in partition.isr or partition.elr or () if broker not in live)


def _offline(partition: Partition, live: Collection[int]) -> Problem:
    if partition.leader is not None:
        return Problem(f"offline: its leader {partition.leader} is down", broken=True)
    down = " or ".join(map(str, awaited(partition, live)))
    return Problem(f"offline: no leader until broker {down} is back" if down else "offline: no leader", broken=True)


def _thin(partition: Partition, min_isr: int | None) -> str:
    """Describe in which way the ISR is too small; an empty text where it is complete and large enough."""
    in_sync = len(partition.isr)
    facts = ["under-replicated"] if under_replicated(partition) else []
    if min_isr is not None and in_sync < min_isr:
        few = len(partition.replicas) < min_isr
        facts.append(f"fewer replicas than min ISR {min_isr}" if few else f"below min ISR {min_isr}")
    elif facts and in_sync == min_isr:
        facts.append("at min ISR")
    return ", ".join(facts)
