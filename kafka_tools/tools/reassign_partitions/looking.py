"""Looks at the cluster while a plan is carried out: moves, replicas out of sync, partitions below their min ISR."""

from collections.abc import Collection, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.model.reassignments import PartitionReassignment, Replicas
from kafka_tools.model.topics import Partition, TopicPartition

if TYPE_CHECKING:
    from kafka_tools.brokers.reassignments import BrokerReassignments

MIN_ISR_SECONDS = 10.0
"""How long answers about min.insync.replicas are reused, in s: a broker needs 1 ms for each topic."""

MOST_TOLD = 3


class Trouble(NamedTuple):
    """What is not well: replicas that are out of sync (broker ids), and partitions that are below their min ISR."""

    lagging: frozenset[tuple[str, int, int]] = frozenset()
    thin: frozenset[TopicPartition] = frozenset()


class Look(NamedTuple):
    """The cluster at one moment: all its partitions, the moves that are under way, and the brokers that are up.

    `min_isr` has min.insync.replicas of the topics that could be below it, None where a user may not read it.
    """

    partitions: Mapping[TopicPartition, Partition]
    ongoing: Mapping[TopicPartition, PartitionReassignment]
    live: frozenset[int]
    min_isr: Mapping[str, int | None]

    def is_moving(self, name: TopicPartition, replicas: Replicas) -> bool:
        """Tell whether a partition is on its way to these replicas."""
        moving = self.ongoing.get(name)
        # Sets: while a partition moves the order of its replicas is not yet that of its goal.
        return moving is not None and {*moving.replicas} - {*moving.removing} == {*replicas}

    def without_adding(self, name: TopicPartition) -> Replicas:
        """Return the replicas of a partition without those that are only being added."""
        moving = self.ongoing.get(name)
        replicas = self.partitions[name].replicas
        return replicas if moving is None else tuple(each for each in replicas if each not in moving.adding)

    def trouble(self) -> Trouble:
        """Return what is not well now."""
        return Trouble(frozenset(self._lagging()), frozenset(self._thin()))

    def _lagging(self) -> Iterator[tuple[str, int, int]]:
        # Of a partition that moves, replicas are out of sync until they are copied: its min ISR alone tells of others.
        for name, each in self.partitions.items():
            if name not in self.ongoing and len(each.isr) < len(each.replicas):
                yield from ((*name, broker) for broker in each.replicas if broker not in each.isr)

    def _thin(self) -> Iterator[TopicPartition]:
        for name, each in self.partitions.items():
            # None (the user may not read configs) counts as 0: what is not known holds nothing up.
            least = self.min_isr.get(name.topic) or 0
            # With fewer replicas than min ISR, before a move or after it, nobody can write with acks=all: that is how
            # the topic was made, or what the plan was asked for, and nothing fell.
            if len(each.isr) < min(least, self._fewest(name)):
                yield name

    def _fewest(self, name: TopicPartition) -> int:
        moving = self.ongoing.get(name)
        if moving is None:
            return len(self.partitions[name].replicas)
        # [1,2] on its way to [1,3] has the replicas 1, 2 and 3, of which two are enough before and after.
        return len(moving.replicas) - max(len(moving.adding), len(moving.removing))

    def worse(self, before: Trouble) -> str:
        """Return in words what is worse now than it was before; "" where nothing is."""
        now = self.trouble()
        thin = [
            f"{topic}-{number} ({len(self.partitions[TopicPartition(topic, number)].isr)} in sync of "
            f"{self.min_isr[topic]} needed)"
            # Only what is worse than before the first move: a cluster that was never whole can still be rearranged.
            for topic, number in sorted(now.thin - before.thin)
        ]
        lagging = [
            f"{topic}-{number} on broker {broker}"
            for topic, number, broker in sorted(now.lagging - before.lagging)
            # Told once, by what hurts more.
            if (topic, number) not in now.thin
        ]
        told = {"below min ISR": thin, "out of sync": lagging}
        return "; ".join(f"{what}: {_first(names)}" for what, names in told.items() if names)


def _first(names: Collection[str]) -> str:
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"{', '.join([*names][:MOST_TOLD])}{more}"


class Looking:
    """Looks at the cluster again and again."""

    def __init__(self) -> None:
        self._min_isr: dict[str, int | None] = {}
        self._asked = 0.0

    def look(self, cluster: "BrokerReassignments") -> Look:
        """Return what the cluster is like now. Raises KafkaToolError."""
        # What moves is asked first: what ends between the two questions is then taken to move still, and looked at
        # again.
        ongoing = cluster.ongoing()
        partitions = cluster.partitions()
        # Who has all replicas in sync is not below min ISR: on a healthy cluster only what moves is asked for.
        topics = {name.topic for name, each in partitions.items() if len(each.isr) < len(each.replicas)}
        if topics - self._min_isr.keys() or (topics and monotonic() - self._asked > MIN_ISR_SECONDS):
            self._min_isr = {**dict.fromkeys(topics), **cluster.min_isr(topics)}
            self._asked = monotonic()
        return Look(partitions, ongoing, frozenset(each.broker for each in cluster.brokers()), self._min_isr)
