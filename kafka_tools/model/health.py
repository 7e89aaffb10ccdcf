"""What is wrong with a partition, and where each of its replicas stands."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

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


def replicas(partition: Partition, live: Collection[int]) -> tuple[Replica, ...]:
    """Return the partition's replicas in assignment order; `live` are the ids of the brokers that are up."""
    return tuple(Replica(broker, _role(broker, partition, live)) for broker in partition.replicas)


def missing(partition: Partition) -> tuple[int, ...]:
    """Return the replicas that are not in sync, in assignment order."""
    return tuple(broker for broker in partition.replicas if broker not in partition.isr)


def problems(partition: Partition, live: Collection[int]) -> tuple[Problem, ...]:
    """Return what is wrong with the partition, the worst first; nothing where it is healthy."""
    found = []
    if partition.leader is None:
        found.append(Problem("offline: no leader", broken=True))
    if missing(partition):
        found.append(Problem("under-replicated"))
    preferred = partition.replicas[0] if partition.replicas else None
    if partition.leader is not None and preferred != partition.leader:
        out = preferred not in live or preferred not in partition.isr
        found.append(Problem(f"preferred leader {preferred} {'is out' if out else 'does not lead'}"))
    return tuple(found)


def _role(broker: int, partition: Partition, live: Collection[int]) -> Role:
    if broker not in live:
        return Role.BROKER_DOWN
    if broker == partition.leader:
        return Role.LEADER
    return Role.IN_SYNC if broker in partition.isr else Role.OUT_OF_SYNC
