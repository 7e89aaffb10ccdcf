"""Limits how fast replicas are copied while partitions move, and takes the limits away again.

Source: org.apache.kafka.tools.reassign.ReassignPartitionsCommand (modifyReassignmentThrottle, clearAllThrottles), 3.9.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.configs import BROKERS, TOPICS, Entity
from kafka_tools.model.reassignments import Move, moving_brokers, throttled_replicas
from kafka_tools.model.topics import TopicPartition

if TYPE_CHECKING:
    from kafka_tools.backends import Reassignments
    from kafka_tools.tools.reassign_partitions.told import Told

RATES = ("leader.replication.throttled.rate", "follower.replication.throttled.rate")
DIRS_RATE = "replica.alter.log.dirs.io.max.bytes.per.second"
REPLICAS = ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas")

MOVING = "Partitions are moving, and throttled: --verify takes the throttles away when they are there."


class Rates(NamedTuple):
    """At how many bytes/s replicas are copied at most between brokers, and between directories; None: no limit."""

    between_brokers: int | None
    between_dirs: int | None = None

    @property
    def limits(self) -> bool:
        """Whether there is a limit."""
        return self != (None, None)


def set_throttles(
    reassignments: "Reassignments", rates: Rates, found: Mapping[TopicPartition, Move], dir_brokers: Iterable[int] = ()
) -> Iterator[str]:
    """Set the limits for moves, and for copies between directories of some brokers; yield Apache's line for each kind.

    Topics come first: a broker with a rate and without replicas that it is for would copy at full speed.
    """
    if rates.between_brokers is not None:
        # `PARTITION:BROKER` of each replica that sends, and of each that gets, instead of `*`: the usual replication of
        # the same topic stays at full speed.
        for topic, values in throttled_replicas(found).items():
            reassignments.set_configs(Entity(TOPICS, topic), dict(zip(REPLICAS, values, strict=True)))
        # What a broker held that is gone is copied from others: Apache's tool waits a minute for it, and gives up.
        there = {each.broker for each in reassignments.brokers()}
        for broker in sorted(there.intersection(moving_brokers(found))):
            # Both rates on every broker that sends or gets: each counts for what the topics' lists name only.
            set_to = dict.fromkeys(RATES, str(rates.between_brokers))
            reassignments.set_configs(Entity(BROKERS, str(broker)), set_to)
        yield f"The inter-broker throttle limit was set to {rates.between_brokers} B/s"
    if rates.between_dirs is not None:
        for broker in sorted(set(dir_brokers)):
            reassignments.set_configs(Entity(BROKERS, str(broker)), {DIRS_RATE: str(rates.between_dirs)})
        yield f"The replica-alter-dir throttle limit was set to {rates.between_dirs} B/s"


def clear_throttles(
    reassignments: "Reassignments", brokers: Iterable[int], topics: Iterable[str]
) -> dict[Entity, KafkaToolError]:
    """Take all limits of brokers and topics away; return the errors of those where that failed.

    One that is down, or gone, must not keep the others throttled.
    """
    # BROKER_LEVEL_THROTTLES and TOPIC_LEVEL_THROTTLES of Apache's tool: whatever set them, all five go.
    limited: dict[Entity, tuple[str, ...]] = {Entity(BROKERS, str(broker)): (*RATES, DIRS_RATE) for broker in brokers}
    limited |= {Entity(TOPICS, topic): REPLICAS for topic in topics}
    failures = {}
    for entity, names in limited.items():
        try:
            reassignments.unset_configs(entity, names)
        except KafkaToolError as error:
            failures[entity] = error
    return failures


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C do nothing while the block runs: a second one would leave half of the throttles."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def leave_no_throttle(told: "Told", moves: Callable[[], object], clear: Callable[[], object]) -> None:
    """Take throttles away again where moves failed to begin, unless something `moves` after all: it is to be limited.

    A request that Ctrl-C or a lost connection cut off may have been carried out. `clear` tells what it had to leave.
    """
    with undisturbed():
        try:
            # Asked of the cluster, not concluded from the error: an answer that was lost is no request that failed.
            if moves():
                told.notes.append(MOVING)
            elif not clear():
                told.notes.append("Nothing is moving: the throttles were taken away again.")
            else:
                told.notes.append("Throttles were left: --verify takes them away.")
        except KafkaToolError:
            told.notes.append("Throttles may have been left: --verify takes them away.")
