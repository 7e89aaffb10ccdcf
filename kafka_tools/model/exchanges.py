"""Evens out what brokers hold by handing single items from broker to broker, until no exchange is an improvement.

What is held (replicas, leaderships) is a flow from partitions to brokers whose price is the sum of the squares of the
brokers' loads, and then what the items cost where they are. Such a flow is the cheapest of all if and only if no round
of exchanges is cheaper than nothing (Klein 1967, "negative cycles"). The least sum of squares is also the least
maximum and the greatest minimum that can be had. So `settle` ends with an optimum, however it began; what it is given
only decides how long that takes.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import chain, combinations
from typing import NamedTuple, Protocol


class Hop(NamedTuple):
    """An item that goes from one broker to another. `item` None: a load that ends here and another that begins."""

    source: int
    item: int | None
    target: int


Offer = tuple[int, int]
"""What it costs to hand over an item, and the item."""


class Exchange(Protocol):
    """Items that brokers hold and can hand over. Brokers and items are numbered from 0."""

    load: list[int]
    """How many items each broker holds."""
    dearest: int
    """No item costs more than this to hand over, nor brings more."""

    def items(self, broker: int, /) -> Sequence[int]:
        """Return what a broker holds, what is cheap to hand over first."""
        ...

    def best(self, item: int, source: int, /) -> int | None:
        """Return the broker with the least load that can take an item, None where nobody can."""
        ...

    def offers(self, broker: int, /) -> Mapping[int, Offer]:
        """Return for each broker that can take something from `broker` what is cheapest to hand over."""
        ...

    def cost(self, hop: Hop, /) -> int:
        """Return what a hop costs; less than 0 where it brings something."""
        ...

    def clash(self, one: Hop, other: Hop, /) -> bool:
        """Tell whether two hops cannot be made both, because they stand in each other's way."""
        ...

    def hand_over(self, hop: Hop, /) -> set[int]:
        """Make a hop; return the brokers whose offers it changes."""
        ...


def level(exchange: Exchange) -> None:
    """Hand over items directly, from the fullest broker to an empty one, while that makes the loads more even.

    It is fast, and most often leaves nothing for `settle` to do. First nobody gives or gets more than the mean asks.
    """
    mean, rest = divmod(sum(exchange.load), len(exchange.load))
    _sweep(exchange, mean + bool(rest), mean)
    _sweep(exchange, 0, max(exchange.load))


def _sweep(exchange: Exchange, least: int, most: int) -> None:
    """Hand over from brokers that hold more than `least` to those that hold less than `most`."""
    load = exchange.load
    left = {broker: iter(tuple(exchange.items(broker))) for broker in range(len(load)) if load[broker] > least}
    fullest = [(-load[broker], broker) for broker in left]
    heapify(fullest)
    while fullest:
        held, broker = heappop(fullest)
        if -held != load[broker]:
            # It got something meanwhile: what it got is not handed on here, only from where it is fuller than then.
            heappush(fullest, (-load[broker], broker))
            continue
        emptiest = min(load)
        # With a difference of one the two would only change places.
        if load[broker] <= least or emptiest > load[broker] - 2:
            continue
        for item in left[broker]:
            target = exchange.best(item, broker)
            if target is not None and load[target] < most and load[target] <= load[broker] - 2:
                exchange.hand_over(Hop(broker, item, target))
                heappush(fullest, (-load[broker], broker))
                break


def settle(exchange: Exchange) -> None:
    """Make exchanges until none is an improvement: the loads are as even as they can be, at the least cost."""
    search = _Search(exchange)
    while found := search.improvement():
        for hop in _untangled(exchange, found, search.weight):
            if hop.item is not None:
                search.look_again(exchange.hand_over(hop))


class _Search:
    """Looks for rounds that are cheaper than nothing: Bellman's and Ford's search of cheapest ways.

    A load that begins or ends somewhere goes through one more broker, `_outside`, so that every improvement is a round.
    What was found out for one round is kept for the next: only brokers whose offers are others are looked at again. To
    begin anew for each round took five times as long for 300 brokers, and more for more.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._outside = count = len(exchange.load)
        self.weight = exchange.dearest * (count + 1) + 1  # however long a round is, evenness counts for more
        self._offers: dict[int, Mapping[int, Offer]] = {}
        self._price = [0] * (count + 1)
        self._waiting = deque([count, *range(count)])
        self._is_waiting = [True] * (count + 1)

    def look_again(self, brokers: Iterable[int]) -> None:
        """Forget what was known of these brokers: their offers and loads have changed."""
        for broker in brokers:
            self._offers.pop(broker, None)
            self._wait(broker)
        self._wait(self._outside)

    def improvement(self) -> list[Hop]:
        """Return hops, each from where the last one ended, that together are cheaper than nothing; none at an optimum.

        Every way that could still become cheaper begins at a broker that waits: when none does, there is no round.
        """
        price, waiting = self._price, self._waiting
        way: list[Hop | None] = [None] * len(price)
        changed = 0
        while waiting:
            source = waiting.popleft()
            self._is_waiting[source] = False
            so_far = price[source]
            for target, (cost, item) in self._from(source):
                if so_far + cost < price[target]:
                    price[target], way[target] = so_far + cost, Hop(source, item, target)
                    self._wait(target)
                    changed += 1
            # A round on the ways is always an improvement. To look for one costs as much as some changes for each.
            if changed >= len(price):
                if found := self._round(way):
                    return found
                changed = 0
        return []

    def _from(self, source: int) -> Iterable[tuple[int, tuple[int, int | None]]]:
        load = self._exchange.load
        if source == self._outside:
            # What a load costs more or less: n * n - (n - 1) * (n - 1) is 2n - 1. Of all such terms half is taken,
            # without the -1/2, which falls out in every round: a load begins as often as one ends.
            return [(broker, (-self.weight * each, None)) for broker, each in enumerate(load)]
        if source not in self._offers:
            self._offers[source] = self._exchange.offers(source)
        return chain(self._offers[source].items(), [(self._outside, (self.weight * (load[source] + 1), None))])

    def _wait(self, broker: int) -> None:
        if not self._is_waiting[broker]:
            self._is_waiting[broker] = True
            self._waiting.append(broker)

    def _round(self, way: Sequence[Hop | None]) -> list[Hop]:
        """Return a round on ways that each have one hop before, none where there is none."""
        seen = [-1] * len(way)
        for start in range(len(way)):
            at = start
            while seen[at] < 0 and (hop := way[at]) is not None:
                seen[at] = start
                at = hop.source
            # A broker that an earlier start has seen leads to no new round: only one of this start's own does.
            if way[at] is not None and seen[at] == start:
                return self._inside(way, at)
        return []

    def _inside(self, way: Sequence[Hop | None], at: int) -> list[Hop]:
        """Return the hops of the round at a broker; the two through `_outside` are one hop without an item."""
        hops: list[Hop] = []
        broker = at
        while not hops or broker != at:
            hop = way[broker]
            assert hop is not None
            hops.append(hop)
            broker = hop.source
        # Found from the end to the beginning, as each way knows only the hop before.
        hops.reverse()
        for number, hop in enumerate(hops):
            if hop.target == self._outside:
                hops = [*hops[number + 1 :], *hops[: number + 1]]
                return [*hops[1:-1], Hop(hops[-1].source, None, hops[0].target)]
        return hops


def _untangled(exchange: Exchange, hops: list[Hop], weight: int) -> list[Hop]:
    """Return hops of a round that can all be made, and are an improvement.

    Where two of them clash, they exchange their targets, which makes two rounds of one: one of these is cheaper still.
    """
    while (pair := _clash(exchange, hops)) is not None:
        first, second = pair
        one, other = hops[first], hops[second]
        inner = [*hops[first + 1 : second], Hop(other.source, other.item, one.target)]
        outer = [*hops[:first], Hop(one.source, one.item, other.target), *hops[second + 1 :]]
        hops = inner if _price(exchange, inner, weight) < 0 else outer
    return hops


def _clash(exchange: Exchange, hops: Sequence[Hop]) -> tuple[int, int] | None:
    numbers: dict[int, list[int]] = {}
    for number, hop in enumerate(hops):
        if hop.item is not None:
            numbers.setdefault(hop.item, []).append(number)
    for alike in numbers.values():
        for first, second in combinations(alike, 2):
            if exchange.clash(hops[first], hops[second]):
                return first, second
    return None


def _price(exchange: Exchange, hops: Sequence[Hop], weight: int) -> int:
    price = 0
    for hop in hops:
        if hop.item is None:
            # As in `_from`: one more load for the first, one less for the second.
            price += weight * (exchange.load[hop.source] + 1 - exchange.load[hop.target])
        else:
            price += exchange.cost(hop)
    return price
