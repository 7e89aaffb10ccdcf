"""What a plan of replicas means: what is copied, and what each broker leads, holds and stores before and after."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.log_dirs import Described
from kafka_tools.model.reassignments import Placement
from kafka_tools.model.topics import TopicPartition


class Change(Enum):
    """What a plan does with one replica."""

    LEADS = "stays, preferred leader"
    STAYS = "stays"
    COMES = "comes"
    GOES = "goes"


class Stored(NamedTuple):
    """What brokers store: bytes of each replica they told of, and for brokers that tell the free bytes of volumes."""

    sizes: Mapping[tuple[TopicPartition, int], int]
    free: Mapping[int, int]
    told: frozenset[int]

    def size(self, name: TopicPartition, replicas: Collection[int]) -> int | None:
        """Return the bytes of a partition: those of its largest replica; None where none is known."""
        # The largest: another one may still be catching up, or have been compacted further.
        return max((size for each in replicas if (size := self.sizes.get((name, each))) is not None), default=None)


class BrokerEffect(NamedTuple):
    """What a plan does with one broker: pairs of before and after.

    `bytes` is None where the broker does not tell, `free` also where it does not know its volumes (before Kafka 3.3).
    `incoming` and `outgoing` are the bytes that are copied to it, and from it (None: not known of all).
    """

    broker: int
    rack: str | None
    leaders: tuple[int, int]
    replicas: tuple[int, int]
    bytes: tuple[int, int] | None
    free: tuple[int, int] | None
    incoming: int
    outgoing: int


def stored(described: Described) -> Stored:
    """Return what brokers store, by what they told of their directories; copies to another directory do not count."""
    sizes: dict[tuple[TopicPartition, int], int] = {}
    free: dict[int, int] = {}
    for broker, log_dirs in described.items():
        for log_dir in log_dirs:
            for replica in log_dir.replicas:
                if not replica.is_future:
                    sizes[replica.partition, broker] = replica.size
        usable = [log_dir.usable_bytes for log_dir in log_dirs if log_dir.error is None]
        known = [each for each in usable if each is not None]
        # A sum without one of the volumes would pass for less room than there is.
        if known and len(known) == len(usable):
            free[broker] = sum(known)
    return Stored(sizes, free, frozenset(described))


def copies(before: Placement, changed: Placement) -> dict[TopicPartition, tuple[int, ...]]:
    """Return for each partition that changes the brokers to which it is copied."""
    return {
        name: tuple(broker for broker in replicas if broker not in before[name]) for name, replicas in changed.items()
    }


def effects(
    before: Placement, changed: Placement, brokers: Sequence[BrokerRack], store: Stored
) -> tuple[BrokerEffect, ...]:
    """Return what a plan does with each broker that is up or holds something, by rack and id.

    `before` has all partitions of the cluster. Leaders are the first replicas.
    """
    after = {**before, **changed}
    leaders = [Counter(replicas[0] for replicas in each.values() if replicas) for each in (before, after)]
    held = [Counter(broker for replicas in each.values() for broker in replicas) for each in (before, after)]
    incoming, outgoing, leaving = Counter[int](), Counter[int](), Counter[int]()
    for name, targets in copies(before, changed).items():
        size = store.size(name, before[name]) or 0
        incoming.update(dict.fromkeys(targets, size))
        # Followers fetch from the leader, whoever else has the records; it is taken to be the preferred one.
        outgoing[before[name][0]] += size * len(targets)
        # What leaves is its own replica's size, not the largest one's.
        for broker in set(before[name]) - set(changed[name]):
            leaving[broker] += store.sizes.get((name, broker), 0)
    now: dict[int, int] = defaultdict(int)
    for (_, broker), size in store.sizes.items():
        now[broker] += size
    racks = {each.broker: each.rack for each in brokers}

    def effect(broker: int) -> BrokerEffect:
        grows = incoming[broker] - leaving[broker]
        free = store.free.get(broker)
        return BrokerEffect(
            broker,
            racks.get(broker),
            (leaders[0][broker], leaders[1][broker]),
            (held[0][broker], held[1][broker]),
            (now[broker], now[broker] + grows) if broker in store.told else None,
            None if free is None else (free, free - grows),
            incoming[broker],
            outgoing[broker],
        )

    found = map(effect, {*racks, *held[0], *held[1]})
    return tuple(sorted(found, key=lambda each: (each.rack is None, each.rack or "", each.broker)))


def seconds(found: Sequence[BrokerEffect], rate: int) -> float:
    """Return how long the copies take at least where each broker sends and gets `rate` bytes/s at most."""
    return max((max(each.incoming, each.outgoing) for each in found), default=0) / rate
