"""Evens out what brokers hold by handing single things from broker to broker, until no exchange is an improvement.

What is held (replicas, leaderships) is a flow from partitions to brokers whose price is the sum of the squares of the
brokers' loads, and then what the things cost where they are. Such a flow is the cheapest of all if and only if no round
of exchanges is cheaper than nothing (Klein 1967, "negative cycles"). The least sum of squares is also the least
maximum and the greatest minimum that can be had. So `settle` ends with an optimum, however it began; what it is given
only decides how long that takes.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import NamedTuple, Protocol


class Hop(NamedTuple):
    """A thing that goes from one broker to another. `item` None: a load that ends here and another that begins."""

    source: int
    item: int | None
    target: int


Offer = tuple[int, int]
"""What it costs to hand over a thing, and the thing."""


class Exchange(Protocol):
    """Things that brokers hold and can hand over. Brokers and things are numbered from 0."""

    load: list[int]
    """How many things each broker holds."""
    dearest: int
    """No thing costs more than this to hand over, nor brings more."""

    def items(self, broker: int, /) -> Sequence[int]:
        """Return what a broker holds, what is cheap to hand over first."""
        ...

    def best(self, item: int, source: int, /) -> int | None:
        """Return the broker with the least load that can take a thing, None where nobody can."""
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
        """Make a hop; return the brokers whose offers are others now."""
        ...


def level(exchange: Exchange) -> None:
    """Hand over things directly, from the fullest broker to an empty one, while that makes the loads more even.

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
    offers: dict[int, Mapping[int, Offer]] = {}
    weight = exchange.dearest * (len(exchange.load) + 1) + 1  # however long a round is, evenness counts for more
    while found := _improvement(exchange, offers, weight):
        for hop in _untangled(exchange, found, weight):
            if hop.item is not None:
                for broker in exchange.hand_over(hop):
                    offers.pop(broker, None)


def _improvement(exchange: Exchange, offers: dict[int, Mapping[int, Offer]], weight: int) -> list[Hop]:
    """Return hops, each from where the last one ended, that together are cheaper than nothing; none at an optimum.

    Bellman's and Ford's search of cheapest ways, from all brokers at once: each way begins with the relief of giving.
    """
    load = exchange.load
    price = [-weight * each for each in load]
    way: list[Hop | None] = [None] * len(load)
    waiting = deque(sorted(range(len(load)), key=lambda broker: price[broker]))
    is_waiting = [True] * len(load)
    while waiting:
        source = waiting.popleft()
        is_waiting[source] = False
        if source not in offers:
            offers[source] = exchange.offers(source)
        so_far = price[source]
        for target, (cost, item) in offers[source].items():
            if so_far + cost >= price[target]:
                continue
            round_trip = _back(way, source, target)
            price[target], way[target] = so_far + cost, Hop(source, item, target)
            if round_trip is not None:
                return [*round_trip, Hop(source, item, target)]
            if price[target] + weight * (load[target] + 1) < 0:
                hops = _back(way, target, None) or []
                return [*hops, Hop(target, None, hops[0].source)]
            if not is_waiting[target]:
                is_waiting[target] = True
                waiting.append(target)
    return []


def _back(way: Sequence[Hop | None], broker: int, until: int | None) -> list[Hop] | None:
    """Return the hops to a broker from `until`, or from where its way begins; None where `until` is not on its way."""
    hops: list[Hop] = []
    while broker != until:
        hop = way[broker]
        if hop is None:
            return hops[::-1] if until is None else None
        hops.append(hop)
        broker = hop.source
    return hops[::-1]


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
            price += weight * (exchange.load[hop.source] + 1 - exchange.load[hop.target])
        else:
            price += exchange.cost(hop)
    return price
