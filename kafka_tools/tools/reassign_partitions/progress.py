"""Measures the copies of a plan: bytes in the brokers' directories, and records that copies are behind."""

from collections.abc import Callable, Collection, Mapping
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.model.plan_effects import copies, stored
from kafka_tools.model.reassignments import Placement
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count, duration, size
from kafka_tools.tools.reassign_partitions.looking import Look

if TYPE_CHECKING:
    from kafka_tools.brokers.reassignments import BrokerReassignments

SAMPLE_SECONDS, SAMPLES = 2.0, 10
"""How often brokers are asked, and of how many answers rates are taken: throttled copies come in bursts of 10 s."""


class Sample(NamedTuple):
    """How far copies are at one moment.

    `copied` and `left` are bytes. `behind` is how many records the copies under way are behind their leaders, None
    where that is not known.
    """

    at: float
    moving: frozenset[TopicPartition]
    copied: int
    left: int
    behind: int | None


class Progress:
    """Measures how far the copies are that a plan makes."""

    def __init__(
        self,
        before: Placement,
        wanted: Placement,
        look: Look,
        cluster: "BrokerReassignments",
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Ask brokers for the sizes of what the plan copies. `clock` counts seconds. Raises KafkaToolError."""
        self._clock = clock
        self._targets = copies(before, wanted)
        store = stored(cluster.log_dirs(look.live))
        # 0 where no broker tells: progress by partitions is there all the same.
        self._sizes = {name: store.size(name, replicas) or 0 for name, replicas in before.items()}
        self._samples: list[Sample] = []

    def measure(
        self,
        cluster: "BrokerReassignments",
        look: Look,
        moved: Collection[TopicPartition],
        moving: Collection[TopicPartition],
    ) -> None:
        """Ask the brokers that copy, if that was not just done. Raises KafkaToolError."""
        now = self._clock()
        # Rounds are twice a second, but DescribeLogDirs lets a broker walk through all of its segments.
        if self._samples and now - self._samples[-1].at < SAMPLE_SECONDS:
            return
        led = {name: look.partitions[name].leader for name in moving}
        # Only brokers that copy now, and the leaders that they copy from.
        asked = {broker for name in moving for broker in self._targets[name]}
        store = stored(cluster.log_dirs(asked | {each for each in led.values() if each is not None}))
        for name, leader in led.items():  # data flows: a partition is larger now than when the plan began
            self._sizes[name] = store.size(name, () if leader is None else [leader]) or self._sizes[name]
        there = sum(
            # A copy may be larger than its leader for a while, which has deleted segments: never more than all is done.
            min(store.sizes.get((name, broker), 0), self._sizes[name])
            for name in moving
            for broker in self._targets[name]
        )
        copied = there + sum(self._sizes[name] * len(self._targets[name]) for name in moved)
        total = sum(self._sizes[name] * len(each) for name, each in self._targets.items())
        behind = self._behind(cluster, {name: leader for name, leader in led.items() if self._targets[name]})
        self._samples = [*self._samples[1 - SAMPLES :], Sample(now, frozenset(moving), copied, total - copied, behind)]

    def _behind(self, cluster: "BrokerReassignments", led: Mapping[TopicPartition, int | None]) -> int | None:
        """Return how many records copies are behind their leaders; those without a leader get none now.

        A follower's lag in its directories (DescribeLogDirs) is against the high watermark that it knows, which is
        never beyond its own end (UnifiedLog.updateHighWatermark 3.9), so that it is 0: the ends of logs are compared.
        """
        asked = {name: (leader, *self._targets[name]) for name, leader in led.items() if leader is not None}
        behind = 0
        for name, ends in cluster.ends(asked).items() if asked else ():
            leader, *targets = asked[name]
            if leader not in ends.by_broker:
                return None
            # A copy that does not answer has not begun: its broker has not yet heard of it.
            behind += sum(max(0, ends.by_broker[leader] - ends.by_broker.get(each, 0)) for each in targets)
        return behind

    def words(self) -> str:
        """Return how many bytes are copied, how fast, how long it takes yet, and how far copies are behind."""
        last = self._samples[-1]
        words = [f"{size(last.copied)} of {size(last.copied + last.left)}"]
        first = self._samples[0]
        if last.at > first.at and last.copied > first.copied:
            words.append(f"{size(round((last.copied - first.copied) / (last.at - first.at)))}/s")
        if left := self._seconds_left():
            words.append(f"{duration(left)} left")
        if last.behind:
            words.append(f"{count(last.behind, 'record')} behind")
        return " · ".join(words)

    def _seconds_left(self) -> float | None:
        """Return how long it takes yet, by bytes and by records: the longer of the two; None where nobody can tell."""
        last, first = self._samples[-1], self._samples[0]
        # Records behind are those of the copies under way: only looks at the same copies can be compared.
        same = next(each for each in self._samples if each.moving == last.moving)
        found = []
        if first.left > last.left:
            found.append(last.left * (last.at - first.at) / (first.left - last.left))
        if last.behind and same.behind and same.behind > last.behind:
            found.append(last.behind * (last.at - same.at) / (same.behind - last.behind))
        return max(found, default=None)

    @property
    def falls_back(self) -> bool:
        """Whether producers write faster than replicas are copied, so that the copies under way never end."""
        first, last = self._samples[0], self._samples[-1]
        # Told after SAMPLES looks at the same copies, and not before: a burst of producers is no trend.
        is_same = len(self._samples) == SAMPLES and all(each.moving == last.moving for each in self._samples)
        return bool(is_same and last.behind and first.behind is not None and last.behind >= first.behind)
