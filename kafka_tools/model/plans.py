"""Plans where replicas go: the fewest copies that reach balance, with racks in mind and leaders kept where possible.

What a plan guarantees, in this order:

1. No rack has more replicas of a partition than it must: they are spread over the racks as evenly as the racks' sizes
   allow. Where only some replicas may move, that holds for those that move.
2. Replicas are balanced: the sum of the squares of the brokers' replicas is the least that can be had, so that they
   differ by at most one where racks, and the brokers that may take replicas, allow that.
3. No plan with the same balance copies fewer replicas. To empty or to replace brokers, and to change the replication
   factor, only what must move does: one copy for each replica that leaves, or that is wanted more.
4. Of those plans it is one that moves the fewest replicas that lead.
5. Leaders (the first replicas) are as evenly spread as the replicas of the plan allow, with the fewest changes. That
   holds of a broker that is emptied, too: who leads too much on other brokers hands over, for no plan is to end with
   leaders that differ by more than one where they need not. Only leaders keep their places that need not change for
   that: of 1,000 brokers that led 181 to 212 partitions each, 2,077 change, and without 2,042 it cannot be done.

Balance counts the partitions that are planned, each as one. 1 to 4 and, given the replicas, 5 are optima: each is the
cheapest flow (`exchanges`). What is not promised: among plans that are equal up to 4, another may have better leaders.
Cost: about in proportion to the replicas, plus the square of the number of brokers.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack, check_racks
from kafka_tools.model.exchanges import Hop, Offer, level, settle
from kafka_tools.model.reassignments import Placement, Replicas
from kafka_tools.model.topics import TopicPartition


@dataclass(frozen=True, slots=True)
class Goal:
    """What a plan is to reach.

    `factor`: so many replicas for each partition; None: as many as it has. `leaving`: brokers that are emptied.
    `filling`: the only brokers that take replicas from others, until all hold the same. `replaced`: a broker, and the
    one that takes what it has. `is_even`: any replica may move; else only what must.
    """

    factor: int | None = None
    leaving: frozenset[int] = frozenset()
    filling: frozenset[int] = frozenset()
    replaced: tuple[int, int] | None = None
    is_even: bool = False


class Bounds(NamedTuple):
    """The fewest and the most replicas that each rack may have of a partition."""

    least: tuple[int, ...]
    most: tuple[int, ...]


def plan(placement: Placement, brokers: Sequence[BrokerRack], goal: Goal) -> dict[TopicPartition, Replicas]:
    """Return the partitions that change, with the replicas that they are to have.

    `brokers` are those that are up; racks do not count where none has one. Replicas on brokers that are down stay where
    they are, unless the goal says otherwise. Raises KafkaToolError where the goal cannot be reached.
    """
    # By partition first: neighbours are of different topics, and a topic's partitions go to different brokers.
    names = sorted(placement, key=lambda name: (name.partition, name.topic))
    cluster = _Cluster([each for each in brokers if each.broker not in goal.leaving], goal)
    _check(placement, brokers, goal)
    before = [placement[name] for name in names]
    # One for one first, wherever that is no worse: the general search might choose another broker as good.
    if goal.replaced:
        before = [cluster.replaced(replicas, *goal.replaced) for replicas in before]
    held = _Held(before, cluster, goal)
    # Quick and nearly always even; `settle` then finds what is left, and is slow only where that is much.
    level(held)
    settle(held)
    if goal.replaced:  # it leads what the other one led, and the leaders stay as even or uneven as they were
        after = [cluster.in_order(*each, None) for each in zip(before, held.where, strict=True)]
    else:
        leaders = _Leaders(held)
        level(leaders)
        settle(leaders)
        after = [cluster.in_order(*each) for each in zip(before, held.where, leaders.leader, strict=True)]
    return {name: replicas for name, replicas in zip(names, after, strict=True) if replicas != placement[name]}


def _check(placement: Placement, brokers: Sequence[BrokerRack], goal: Goal) -> None:
    """Raise KafkaToolError where a goal cannot be reached, in Kafka's words where it has some."""
    check_racks(brokers)
    racks = {each.broker: each.rack for each in brokers}
    for broker in (*sorted(goal.filling), *(goal.replaced or ())[1:]):
        if broker not in racks:
            raise KafkaToolError(f"Broker {broker} is not up, and cannot take replicas.")
    there = len(racks.keys() - goal.leaving)
    if goal.factor is not None and goal.factor < 1:
        raise KafkaToolError("Replication factor must be larger than 0.")
    for name, replicas in placement.items():
        factor = goal.factor or len(replicas)
        if factor > there + len(set(replicas) - racks.keys() - goal.leaving):
            raise KafkaToolError(
                f"Replication factor: {factor} larger than available brokers: {there}.",
                f"It is that of {name.topic}-{name.partition}.",
            )


class _Cluster:
    """The brokers that are to hold replicas, numbered from 0, and their racks, numbered as well."""

    def __init__(self, brokers: Sequence[BrokerRack], goal: Goal) -> None:
        self.ids = [each.broker for each in sorted(brokers)]
        self.number = {broker: number for number, broker in enumerate(self.ids)}
        racks = sorted({each.rack or "" for each in brokers})
        self.racks = range(len(racks))
        self.rack = [racks.index(each.rack or "") for each in sorted(brokers)]
        self.sizes = [self.rack.count(rack) for rack in self.racks]
        self._goal = goal
        self._known: dict[tuple[tuple[int, ...], int], Bounds] = {}

    def counts(self, numbers: Collection[int]) -> list[int]:
        """Return how many of these brokers are on each rack."""
        counts = [0] * len(self.sizes)
        for number in numbers:
            counts[self.rack[number]] += 1
        return counts

    def factor(self, replicas: Replicas) -> int:
        """Return how many replicas are wanted on brokers that are up; those on brokers that are down stay."""
        wanted = self._goal.factor or len(replicas)
        up = sum(broker in self.number for broker in replicas)
        down = sum(broker not in self.number and broker not in self._goal.leaving for broker in replicas)
        return wanted - min(down, max(0, wanted - up))

    def bounds(self, homes: Collection[int], factor: int) -> Bounds:
        """Return how many replicas of a partition, which has some on the brokers `homes`, may be on each rack."""
        counts = tuple(self.counts(homes))
        if (counts, factor) not in self._known:
            nothing = (0,) * len(counts)
            # Where any replica may move, what there is now does not bind the spread.
            found = _even(self.sizes, nothing if self._goal.is_even or self._goal.filling else counts, factor)
            if self._goal.filling:  # few may move: an uneven spread may stay, and must not become worse
                found = Bounds(tuple(map(min, found.least, counts)), tuple(map(max, found.most, counts)))
            self._known[counts, factor] = found
        return self._known[counts, factor]

    def replaced(self, replicas: Replicas, old: int, new: int) -> Replicas:
        """Return replicas with one broker for another, where that is possible and as good for the racks as any."""
        if old not in replicas or new in replicas:
            return replicas
        homes = [self.number[broker] for broker in replicas if broker in self.number]
        bounds = self.bounds(homes, self.factor(replicas))
        counts = self.counts([*homes, self.number[new]])
        if any(count < least for count, least in zip(counts, bounds.least, strict=True)):
            return replicas
        if any(count > most for count, most in zip(counts, bounds.most, strict=True)):
            return replicas
        return tuple(new if broker == old else broker for broker in replicas)

    def in_order(self, before: Replicas, numbers: Sequence[int], leader: int | None) -> Replicas:
        """Return replicas where each that stays keeps its place, and others take the places that are free.

        `leader` (None: whoever comes first) comes first.
        """
        up = [self.ids[number] for number in numbers]
        # Who asks for fewer replicas gets rid of those on brokers that are down first.
        down = [each for each in before if each not in self.number and each not in self._goal.leaving]
        kept = {*up, *down[: max(0, (self._goal.factor or len(before)) - len(up))]}
        new = iter([broker for broker in up if broker not in before])
        found = [broker if broker in kept else next(new, None) for broker in before]
        replicas = [*(broker for broker in found if broker is not None), *new]
        if leader is not None:
            replicas.remove(self.ids[leader])
            replicas.insert(0, self.ids[leader])
        return tuple(replicas)


def _even(sizes: Sequence[int], counts: Sequence[int], factor: int) -> Bounds:
    """Return the most even spread of replicas over racks of some sizes, where some racks have some already.

    As water finds its level: every rack has as many as the level says, its size and what it has allowing, and one more
    on some of them. With fewer replicas than there are, the racks are cut to a level in the same way.
    """
    step = 0
    if factor >= sum(counts):

        def at(height: int) -> tuple[int, ...]:
            return tuple(max(count, min(size, height)) for size, count in zip(sizes, counts, strict=True))
    else:

        def at(height: int) -> tuple[int, ...]:
            return tuple(min(count, height) for count in counts)

    # Ends, as `_check` has seen that there are brokers enough for the factor.
    while sum(at(step)) < factor:
        step += 1
    return Bounds(at(step - 1), at(step))


class _Held:
    """The replicas that brokers hold, as items that can be handed over (`exchanges.Exchange`)."""

    def __init__(self, before: Sequence[Replicas], cluster: _Cluster, goal: Goal) -> None:
        self._cluster = cluster
        numbers = cluster.number
        receivers = goal.filling or numbers.keys()
        # To keep a leader's replica is worth 1. A copy costs more than all leaders on the longest round of exchanges.
        self.dearest = self._copy = len(numbers) + 2
        self.leads = [numbers.get(replicas[0], -1) for replicas in before]
        # Their leader is down: it leads again when it is back.
        down = {broker for replicas in before for broker in replicas[:1]} - numbers.keys() - goal.leaving
        self.waiting = {partition for partition, replicas in enumerate(before) if replicas[0] in down}
        self.homes = [tuple(numbers[broker] for broker in replicas if broker in numbers) for replicas in before]
        factors = [cluster.factor(replicas) for replicas in before]
        self._bounds = [cluster.bounds(*each) for each in zip(self.homes, factors, strict=True)]
        # None: the partition is spread in the only way there is, and a replica cannot leave its rack.
        self._counts = [
            None if bounds.least == bounds.most else bytearray(cluster.counts(homes))
            for homes, bounds in zip(self.homes, self._bounds, strict=True)
        ]
        self._moves_any = goal.is_even or bool(goal.filling)
        self.where = [list(homes) for homes in self.homes]
        self._away: dict[int, set[int]] = {}
        loads = Counter(broker for homes in self.homes for broker in homes)
        self.load = [loads[broker] for broker in numbers.values()]
        self._receivers = frozenset(numbers[broker] for broker in receivers)
        self._emptiest: list[list[tuple[int, int]]] = [
            sorted((self.load[each], each) for each in self._receivers if cluster.rack[each] == rack)
            for rack in cluster.racks
        ]
        for partition, factor in enumerate(factors):
            self._begin(partition, factor)
        self._held: list[dict[int, None]] = [{} for _ in numbers]
        for partition, where in enumerate(self.where):
            for broker in where:
                self._held[broker][partition] = None
        # By broker, and by the one that held them before. Kept from round to round: to go through all that a broker
        # holds each time took most of the time of a plan that takes replicas away.
        self._returns: list[dict[int, list[Offer]]] = [{} for _ in numbers]
        for partition in self._away:
            self._index(partition, is_new=True)

    def _begin(self, partition: int, factor: int) -> None:
        """Choose a partition's first replicas: as many as wanted, spread rightly over racks, not yet balanced."""
        bounds, where, rack = self._bounds[partition], self.where[partition], self._cluster.rack
        counts = self._cluster.counts(where)
        while True:
            lacking = sum(max(0, least - count) for least, count in zip(bounds.least, counts, strict=True))
            gone = [each for each in where if counts[rack[each]] > bounds.most[rack[each]]]
            if not gone and len(where) + lacking > factor:
                gone = [each for each in where if counts[rack[each]] > bounds.least[rack[each]]]
            if not gone:
                break
            # The leader's replica goes last, and among the others that of the fullest broker.
            broker = max(gone, key=lambda each: (each != self.leads[partition], self.load[each]))
            counts[rack[broker]] -= 1
            self._change(partition, broker, None)
        while len(where) < factor:
            racks = [each for each in self._cluster.racks if counts[each] < bounds.least[each]]
            # First racks that must have one more, then those that may.
            racks = racks or [each for each in self._cluster.racks if counts[each] < bounds.most[each]]
            broker = min((self.load[each], each) for each in self._first(racks, where))[1]
            counts[rack[broker]] += 1
            self._change(partition, None, broker)

    def _change(self, partition: int, source: int | None, target: int | None) -> None:
        where, homes = self.where[partition], self.homes[partition]
        if source is not None and target is not None:
            where[where.index(source)] = target
        elif source is not None:
            where.remove(source)
        elif target is not None:
            where.append(target)
        # A replica that is not where it was: it may come back for nothing, which `_returns` lists.
        if source in homes:
            self._away.setdefault(partition, set()).add(source)
        if target in homes:
            self._away[partition].remove(target)
            if not self._away[partition]:
                del self._away[partition]
        for broker, more in ((source, -1), (target, 1)):
            if broker is not None:
                self._weigh(partition, broker, more)

    def _weigh(self, partition: int, broker: int, more: int) -> None:
        counts = self._counts[partition]
        if counts is not None:
            counts[self._cluster.rack[broker]] += more
        if broker in self._receivers:
            # Kept sorted by each change of a load: sorting anew each time would cost as much as all the rest.
            emptiest = self._emptiest[self._cluster.rack[broker]]
            del emptiest[bisect_left(emptiest, (self.load[broker], broker))]
            insort(emptiest, (self.load[broker] + more, broker))
        self.load[broker] += more

    def _first(self, racks: Iterable[int], where: Collection[int]) -> Iterator[int]:
        """Yield the emptiest broker of each rack that may take a replica and has none."""
        for rack in racks:
            found = next((broker for _, broker in self._emptiest[rack] if broker not in where), None)
            if found is not None:
                yield found

    def _price(self, partition: int, broker: int) -> int:
        """Return what it costs that a broker holds a partition."""
        if broker == self.leads[partition]:
            return 0
        return 1 if broker in self.homes[partition] else self._copy

    def _fits(self, partition: int, source: int, rack: int) -> bool:
        """Tell whether the replica on a broker may go to a rack."""
        own = self._cluster.rack[source]
        if own == rack:
            return True
        counts = self._counts[partition]
        if counts is None:
            return False
        least, most = self._bounds[partition]
        return counts[own] > least[own] and counts[rack] < most[rack]

    def _may_copy(self, partition: int, source: int) -> bool:
        """Tell whether the replica on a broker may go where there was none: else only what must move does."""
        return self._moves_any or source not in self.homes[partition]

    def items(self, broker: int) -> Sequence[int]:
        """Return the partitions of a broker: copies first, and last those that it leads."""
        return sorted(self._held[broker], key=lambda partition: -self._price(partition, broker))

    def best(self, item: int, source: int) -> int | None:
        """Return the emptiest broker that can take a replica, None where nobody can."""
        found = [each for each in self._away.get(item, ()) if self._fits(item, source, self._cluster.rack[each])]
        if self._may_copy(item, source):
            racks = [rack for rack in self._cluster.racks if self._fits(item, source, rack)]
            found += self._first(racks, self.where[item])
        return min(found, key=lambda each: (self.load[each], each), default=None)

    def offers(self, broker: int) -> Mapping[int, Offer]:
        """Return for each broker the replica that is cheapest to hand over to it."""
        found: dict[int, Offer] = {}
        # Those that would take any replica. From the cheapest to the dearest each needs one that it does not have.
        takers = {rack: {each for _, each in emptiest} for rack, emptiest in enumerate(self._emptiest) if emptiest}
        takers.get(self._cluster.rack[broker], set()).discard(broker)
        for partition in self._copied(broker):
            if not takers:
                break
            for rack in [rack for rack in takers if self._fits(partition, broker, rack)]:
                served = takers[rack].difference(self.where[partition])
                found.update(dict.fromkeys(served, (self._copy - self._price(partition, broker), partition)))
                takers[rack] -= served
                if not takers[rack]:
                    del takers[rack]
        for home, offers in self._returns[broker].items():
            if home not in found or offers[0] < found[home]:
                found[home] = offers[0]
        return found

    def _index(self, partition: int, is_new: bool) -> None:
        """List what it costs to hand a partition back to those that held it before, or take it off these lists."""
        rack, away = self._cluster.rack, self._away.get(partition, ())
        for broker in self.where[partition] if away else ():
            for home in away:
                if self._fits(partition, broker, rack[home]):
                    offer = self._price(partition, home) - self._price(partition, broker), partition
                    offers = self._returns[broker].setdefault(home, [])
                    if is_new:
                        insort(offers, offer)
                    else:
                        offers.remove(offer)
                        if not offers:
                            del self._returns[broker][home]

    def _copied(self, broker: int) -> Sequence[int]:
        """Return the partitions of a broker that may go where there was none, what is cheap to hand over first."""
        if self._moves_any:
            return self.items(broker)
        # All of these are copies, and cost the same. Of most brokers there is none: to sort what stays, only to leave
        # it, took a third of the time of a plan.
        homes = self.homes
        return [each for each in self._held[broker] if broker not in homes[each]]

    def cost(self, hop: Hop) -> int:
        """Return what a hop costs."""
        return 0 if hop.item is None else self._price(hop.item, hop.target) - self._price(hop.item, hop.source)

    def clash(self, one: Hop, other: Hop) -> bool:
        """Tell whether two hops of one partition touch the same rack, or both change how it is spread over racks."""
        rack = self._cluster.rack
        first, second = ({rack[hop.source], rack[hop.target]} for hop in (one, other))
        return bool(first & second) or len(first) == len(second) == 2

    def hand_over(self, hop: Hop) -> set[int]:
        """Move a replica; return the brokers whose offers that changes."""
        partition, source, target = hop.item or 0, hop.source, hop.target
        del self._held[source][partition]
        self._held[target][partition] = None
        self._index(partition, is_new=False)
        self._change(partition, source, target)
        self._index(partition, is_new=True)
        return {source, *self.where[partition]}


class _Leaders:
    """The partitions that brokers lead, as items that can be handed over (`exchanges.Exchange`)."""

    dearest = 1

    def __init__(self, held: _Held) -> None:
        self._where = held.where
        # None: who led it is gone, and any of the others will do.
        self._before = [lead if lead in where else None for lead, where in zip(held.leads, held.where, strict=True)]
        self.load = [0] * len(held.load)
        self.leader = list(self._before)
        for leader in self.leader:
            if leader is not None:
                self.load[leader] += 1
        for partition, where in enumerate(held.where):
            if self.leader[partition] is None and where and partition not in held.waiting:
                self.leader[partition] = leader = min(where, key=lambda each: (self.load[each], each))
                self.load[leader] += 1
        self._led: list[dict[int, None]] = [{} for _ in self.load]
        for partition, leader in enumerate(self.leader):
            if leader is not None:
                self._led[leader][partition] = None

    def _price(self, partition: int, broker: int) -> int:
        return 0 if self._before[partition] in (broker, None) else 1

    def items(self, broker: int) -> Sequence[int]:
        """Return the partitions that a broker leads, those first that it did not lead before."""
        return sorted(self._led[broker], key=lambda partition: -self._price(partition, broker))

    def best(self, item: int, source: int) -> int | None:
        """Return the replica that leads the fewest partitions, None where there is no other."""
        others = [each for each in self._where[item] if each != source]
        return min(others, key=lambda each: (self.load[each], each), default=None)

    def offers(self, broker: int) -> Mapping[int, Offer]:
        """Return for each broker the partition that is cheapest to have it lead."""
        found: dict[int, Offer] = {}
        for partition in self._led[broker]:
            own = self._price(partition, broker)
            for other in self._where[partition]:
                offer = self._price(partition, other) - own, partition
                if other != broker and (other not in found or offer < found[other]):
                    found[other] = offer
        return found

    def cost(self, hop: Hop) -> int:
        """Return what a hop costs."""
        return 0 if hop.item is None else self._price(hop.item, hop.target) - self._price(hop.item, hop.source)

    def clash(self, one: Hop, other: Hop) -> bool:
        """Tell whether two hops are of the same partition, which only its one leader can give."""
        return one.item == other.item

    def hand_over(self, hop: Hop) -> set[int]:
        """Make another replica the leader; return the brokers whose offers that changes."""
        partition = hop.item or 0
        del self._led[hop.source][partition]
        self._led[hop.target][partition] = None
        self.leader[partition] = hop.target
        self.load[hop.source] -= 1
        self.load[hop.target] += 1
        return {hop.source, hop.target}
