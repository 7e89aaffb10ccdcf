"""Counts leaders and replicas broker by broker, and predicts what the controller does when brokers die."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.topics import Partition, TopicDescription

UNCLEAN = "unclean.leader.election.enable"


@dataclass(frozen=True, slots=True)
class BrokerLoad:
    """The partitions that one broker leads and holds.

    `up` is False for a broker that holds replicas but is not registered. `preferred` counts the partitions of which it
    is the preferred leader, `out_of_sync` its replicas that are not in the ISR. `leader_skew` is the difference in
    percent between `leaders` and the mean of the brokers that are up; None for a broker that is down, and where no
    partition has a leader.
    """

    broker: int
    rack: str | None
    up: bool
    leaders: int
    preferred: int
    replicas: int
    out_of_sync: int
    leader_skew: float | None


def loads(
    topics: Iterable[TopicDescription], brokers: Collection[BrokerRack], racks_before: Mapping[int, str | None]
) -> tuple[BrokerLoad, ...]:
    """Return the load of each broker, ordered by rack and id; brokers without a rack are last.

    `brokers` are the brokers that are up. `racks_before` has racks of brokers that were up earlier (under --watch).
    """
    leaders, preferred, held, lagging = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
    for topic in topics:
        for partition in topic.partitions:
            leaders.update(() if partition.leader is None else (partition.leader,))
            preferred.update(partition.replicas[:1])
            held.update(partition.replicas)
            lagging.update(broker for broker in partition.replicas if broker not in partition.isr)
    racks = {broker.broker: broker.rack for broker in brokers}
    # A leader that is down (no controller could elect another) does not count: the mean is of the brokers that work.
    mean = mean_leaders(leaders, racks)
    found = (
        BrokerLoad(
            broker=broker,
            rack=racks.get(broker, racks_before.get(broker)),
            up=broker in racks,
            leaders=leaders[broker],
            preferred=preferred[broker],
            replicas=held[broker],
            out_of_sync=lagging[broker],
            leader_skew=round(100 * (leaders[broker] / mean - 1), 1) if mean and broker in racks else None,
        )
        for broker in {*racks, *held, *leaders}
    )
    return tuple(sorted(found, key=lambda load: (load.rack is None, load.rack or "", load.broker)))


def mean_leaders(leaders: Counter[int], up: Collection[int]) -> float:
    """Return the mean number of leaders of the brokers that are up."""
    return sum(leaders[broker] for broker in up) / len(up) if up else 0.0


class Verdict(Enum):
    """What the death of brokers means for a partition; the harmless verdicts are first."""

    UNCHANGED = "unchanged"
    SHRINKS = "shrinks"
    MOVES = "moves"
    MIN_ISR_NOT_KNOWN = "min_isr_not_known"
    BELOW_MIN_ISR = "below_min_isr"
    STALLS = "stalls"
    LOSES_RECORDS = "loses_records"
    OFFLINE = "offline"

    @property
    def harmful(self) -> bool:
        """Whether clients would stop or records be lost, or whether that cannot be known."""
        return self not in (Verdict.UNCHANGED, Verdict.SHRINKS, Verdict.MOVES)


HARMS = {
    Verdict.OFFLINE: "would go offline",
    Verdict.LOSES_RECORDS: "would lose records (unclean leader election)",
    Verdict.BELOW_MIN_ISR: "would stop taking acks=all writes",
    Verdict.STALLS: "would stop taking acks=all writes (their ISR cannot shrink)",
    Verdict.MIN_ISR_NOT_KNOWN: "might stop taking acks=all writes (min ISR is not known)",
}
"""What the harmful verdicts mean for partitions, the worst first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One partition as it is now, and as the controller would leave it."""

    topic: str
    now: Partition
    then: Partition
    min_isr: int | None
    verdict: Verdict


def check_known(ids: Iterable[int], known: Collection[int]) -> None:
    """Check broker ids that a user gave. Raises KafkaToolError for a broker that does not exist in the cluster."""
    unknown = [broker for broker in ids if broker not in known]
    if unknown:
        are = "is no broker" if len(unknown) == 1 else "are no brokers"
        raise KafkaToolError(
            f"{', '.join(map(str, unknown))} {are} of this cluster (brokers: {', '.join(map(str, sorted(known)))})."
        )


def without_brokers(
    topics: Iterable[TopicDescription], live: Collection[int], ids: Sequence[int], elects: bool = True
) -> tuple[Outcome, ...]:
    """Predict what the controller does with each partition when these brokers die one after the other.

    `live` are the ids of the brokers that are up. `elects` is false where no controller could elect a leader or let an
    ISR shrink: what a dead broker leads is offline then, and acks=all waits for what it follows. A topic marked for
    deletion is left out: no leader is elected for it.

    Sources: PartitionLeaderElectionAlgorithms.offlinePartitionLeaderElection and
    ReplicaStateMachine.removeReplicasFromIsr (ZooKeeper mode, 3.9); PartitionChangeBuilder (KRaft, 4.3). Both keep a
    leader that lives, else take the first live in-sync replica in assignment order. The broker's own default of
    unclean.leader.election.enable, which topics do not always show, is taken to be Kafka's: false.
    """
    foretell = _outcome if elects else _outcome_without_controller
    return tuple(
        foretell(topic, partition, live, ids)
        for topic in topics
        if not topic.marked_for_deletion
        for partition in topic.partitions
    )


def _outcome(topic: TopicDescription, now: Partition, live: Collection[int], ids: Sequence[int]) -> Outcome:
    unclean = topic.configs.get(UNCLEAN, "").strip().lower() == "true"
    then, alive, lossy = now, set(live), False
    for broker in ids:
        alive.discard(broker)
        # One broker at a time, as the controller does it. In ZooKeeper mode the last in-sync replica stays in the ISR:
        # the order decides which of two brokers has to come back.
        before, then = then, _without(then, broker, alive, topic.min_isr)
        if then.leader is None and before.leader is not None and unclean:
            then = _unclean(then, alive)
            lossy = lossy or then.leader is not None
    return Outcome(topic.topic, now, then, topic.min_isr, _verdict(now, then, topic.min_isr, lossy))


def _outcome_without_controller(
    topic: TopicDescription, now: Partition, live: Collection[int], ids: Sequence[int]
) -> Outcome:
    """Return the outcome where the metadata stay as they are: only the controller changes leader and ISR."""
    left = set(live).difference(ids)
    then = now if now.leader in left else now._replace(leader=None)
    if then.leader is None:
        verdict = Verdict.OFFLINE if now.leader in live else Verdict.UNCHANGED
    else:  # acks=all waits for all of the ISR
        verdict = Verdict.STALLS if set(ids).intersection(now.isr).intersection(live) else Verdict.UNCHANGED
    return Outcome(topic.topic, now, then, topic.min_isr, verdict)


def _without(now: Partition, broker: int, alive: Collection[int], min_isr: int | None) -> Partition:
    """Return the partition after one broker died, as a clean election leaves it."""
    if broker not in now.isr:
        return now
    isr, elr = tuple(replica for replica in now.isr if replica != broker), now.elr
    if elr is not None:
        # KIP-966: replicas that leave an ISR which is below min ISR have all committed records and stay eligible.
        enough = len(isr) >= min(min_isr or 1, len(now.replicas))
        elr = () if enough else tuple(sorted({*elr, *now.isr}.difference(isr)))
    # A leader that lives stays leader, whoever is preferred: moving leaders back is another job of the controller's.
    leader = _first((now.leader, *now.replicas), isr, alive)
    if leader is not None:
        return now._replace(leader=leader, isr=isr, elr=elr)
    # KIP-966: with an empty ISR, and only then, a replica of the ELR may lead. It is then the whole ISR.
    eligible = None if isr else _first(now.replicas, elr or (), alive)
    if eligible is not None:
        rest = tuple(replica for replica in elr or () if replica != eligible)
        return now._replace(leader=eligible, isr=(eligible,), elr=rest)
    # In ZooKeeper mode (elr is None) the ISR never becomes empty: the last replica has to come back to lead again.
    return now._replace(leader=None, isr=now.isr if elr is None and not isr else isr, elr=elr)


def _first(candidates: Iterable[int | None], eligible: Collection[int], alive: Collection[int]) -> int | None:
    return next((broker for broker in candidates if broker in eligible and broker in alive), None)


def _unclean(offline: Partition, alive: Collection[int]) -> Partition:
    """Return the partition after an unclean election: any live replica leads, even one that lacks records."""
    leader = _first(offline.replicas, offline.replicas, alive)
    if leader is None:
        return offline
    return offline._replace(leader=leader, isr=(leader,), elr=None if offline.elr is None else ())


def _verdict(now: Partition, then: Partition, min_isr: int | None, lossy: bool) -> Verdict:
    # From the worst to the harmless. What was broken before these brokers died is not their doing.
    if then.leader is None:
        return Verdict.UNCHANGED if now.leader is None else Verdict.OFFLINE
    if lossy:
        return Verdict.LOSES_RECORDS
    if then.isr == now.isr:
        return Verdict.UNCHANGED
    if min_isr is None:
        return Verdict.MIN_ISR_NOT_KNOWN
    if len(then.isr) < min_isr:
        return Verdict.BELOW_MIN_ISR
    return Verdict.SHRINKS if then.leader == now.leader else Verdict.MOVES
