"""What would happen if brokers died now: a row a partition for programs, a line for scripts, the verdict for people."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.health import Replica, replicas
from kafka_tools.model.layout import HARMS, Outcome, Verdict, check_known, without_brokers
from kafka_tools.model.topics import TopicDescription
from kafka_tools.model.units import count
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report

MOST_PARTITIONS = 100
"""With more than these that change, only those are shown that come to harm."""

COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "verdict": "Verdict",
    "leader": "Leader now",
    "leader_then": "Leader then",
    "isr": "ISR now",
    "isr_then": "ISR then",
    "min_isr": "Min ISR",
}
VIEW_COLUMNS = {
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas then",
    "meaning": "What it means",
}


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One partition now and then; brokers by id, `elr` and `elr_then` None where the cluster keeps no ELR."""

    topic: str
    partition: int
    verdict: Verdict
    leader: int | None
    leader_then: int | None
    isr: tuple[int, ...]
    isr_then: tuple[int, ...]
    elr: tuple[int, ...] | None
    elr_then: tuple[int, ...] | None
    replicas: tuple[int, ...]
    min_isr: int | None


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """One partition for a person."""

    partition: str
    leader: str
    replicas: tuple[Replica, ...]
    meaning: Mark


def prediction(
    topics: Sequence[TopicDescription],
    brokers: Sequence[BrokerRack],
    without: Sequence[int],
    everything: bool,
    no_election: str = "",
) -> Report:
    """Return what becomes of these topics if the brokers `without` die, in this order.

    `everything`: harmless changes and what stays as it is are shown, too, however many. `no_election` is why no
    controller could elect a leader now, "" where one could: nothing is called safe without one, whatever becomes of the
    partitions. Raises KafkaToolError for a broker that is not there.
    """
    # A broker that is down, but holds replicas, may be named: the answer is that nothing changes.
    live = {broker.broker for broker in brokers}
    held = {broker for topic in topics for partition in topic.partitions for broker in partition.replicas}
    check_known(without, live | held)
    outcomes = without_brokers(topics, live, without, elects=not no_election)
    return Report(
        rows=map(_row, outcomes),
        columns=COLUMNS,
        plain=lines(outcomes, live - set(without)),
        tables=lambda: [table(outcomes, live, without, everything, elects=not no_election)],
        notes=_hints(outcomes),
        status=int(bool(no_election) or any(outcome.verdict.harmful for outcome in outcomes)),
    )


def _row(outcome: Outcome) -> OutcomeRow:
    return OutcomeRow(
        topic=outcome.topic,
        partition=outcome.now.partition,
        verdict=outcome.verdict,
        leader=outcome.now.leader,
        leader_then=outcome.then.leader,
        isr=outcome.now.isr,
        isr_then=outcome.then.isr,
        elr=outcome.now.elr,
        elr_then=outcome.then.elr,
        replicas=outcome.now.replicas,
        min_isr=outcome.min_isr,
    )


def lines(outcomes: Iterable[Outcome], left: Collection[int]) -> Iterator[str]:
    """Yield a line for each partition and then one for each broker that is left, their fields separated by tabs.

    `partition TOPIC PARTITION VERDICT LEADER LEADER_THEN ISR ISR_THEN MIN_ISR`: VERDICT is a value of Verdict, an ISR
    ids with commas; what is not there, or not known, is `-`. `broker ID LEADERS LEADERS_THEN`.
    """
    # None counts the partitions that nobody leads; it is never printed, as no broker has it.
    now, then = Counter[int | None](), Counter[int | None]()
    for outcome in outcomes:
        now[outcome.now.leader] += 1
        then[outcome.then.leader] += 1
        facts = (
            outcome.now.leader,
            outcome.then.leader,
            _ids(outcome.now.isr),
            _ids(outcome.then.isr),
            outcome.min_isr,
        )
        values = "\t".join("-" if fact is None else str(fact) for fact in facts)
        yield f"partition\t{outcome.topic}\t{outcome.now.partition}\t{outcome.verdict.value}\t{values}"
    yield from (f"broker\t{broker}\t{now[broker]}\t{then[broker]}" for broker in sorted(left))


def _ids(brokers: Sequence[int]) -> str | None:
    return ",".join(map(str, brokers)) or None


def table(
    outcomes: Sequence[Outcome], live: Collection[int], without: Sequence[int], everything: bool, elects: bool = True
) -> Table:
    """Return what a person sees: the verdict in a sentence, the partitions concerned, and how leaders then spread."""
    changed = [outcome for outcome in outcomes if outcome.then != outcome.now]
    # What comes to harm is always shown, however much it is.
    shown = [each for each in changed if each.verdict.harmful or len(changed) <= MOST_PARTITIONS]
    shown = list(outcomes) if everything else shown
    # Verdict stands in the order of harm: the worst partitions come first in the table.
    order = list(Verdict)
    left = set(live) - set(without)
    return Table(
        rows=[_view(each, left, elects) for each in sorted(shown, key=lambda each: -order.index(each.verdict))],
        columns=VIEW_COLUMNS,
        summary=_sentence(outcomes, live, without, elects),
        notes=list(_notes(outcomes, changed, shown, left)),
    )


def _view(outcome: Outcome, left: Collection[int], elects: bool) -> OutcomeView:
    return OutcomeView(
        partition=f"{outcome.topic} {outcome.now.partition}",
        leader=_leaders(outcome.now.leader, outcome.then.leader),
        replicas=replicas(outcome.then, left),
        meaning=_meaning(outcome, elects),
    )


def _leaders(now: int | None, then: int | None) -> str:
    before, after = ("none" if leader is None else str(leader) for leader in (now, then))
    return before if before == after else f"{before} → {after}"


def _meaning(outcome: Outcome, elects: bool) -> Mark:
    in_sync = f"{len(outcome.then.isr)} of {len(outcome.then.replicas)} in sync"
    match outcome.verdict:
        case Verdict.OFFLINE:
            why = "no in-sync replica is left" if elects else "nobody elects another leader"
            return Mark(f"offline: {why}", Level.BROKEN)
        case Verdict.LOSES_RECORDS:
            return Mark("unclean leader: records are lost", Level.BROKEN)
        # NotEnoughReplicasException for acks=all; producers with acks=1 and consumers go on, so
        # the partition is not offline.
        case Verdict.BELOW_MIN_ISR:
            return Mark(f"below min ISR {outcome.min_isr}: acks=all producers stop", Level.BROKEN)
        case Verdict.STALLS:
            return Mark("its ISR cannot shrink: acks=all producers stop", Level.BROKEN)
        case Verdict.MIN_ISR_NOT_KNOWN:
            return Mark(f"{in_sync}, min ISR is not known", Level.RISK)
        case Verdict.MOVES:
            return Mark(f"moves, {in_sync}")
        case Verdict.SHRINKS:
            return Mark(in_sync)
        case Verdict.UNCHANGED:
            return Mark("stays as it is" if outcome.then.leader is not None else "is offline already")


def _sentence(outcomes: Sequence[Outcome], live: Collection[int], without: Sequence[int], elects: bool) -> Mark:
    counts = Counter(outcome.verdict for outcome in outcomes)
    brokers = f"broker{'' if len(without) == 1 else 's'} {', '.join(map(str, without))}"
    of = f"of {count(len(outcomes), 'partition')}"
    # HARMS has the worst first; only the first number says of how many partitions.
    found = {verdict: counts[verdict] for verdict in HARMS if counts[verdict]}
    if found:
        said = [
            f"{number:,} {'' if at else f'{of} '}{HARMS[verdict]}" for at, (verdict, number) in enumerate(found.items())
        ]
        said += [] if Verdict.OFFLINE in found else ["none would go offline"]
        # Red only for what is sure to happen: that min ISR is not known is a risk.
        certain = set(found) - {Verdict.MIN_ISR_NOT_KNOWN}
        return Mark(f"Without {brokers}: {', '.join(said)}.", Level.BROKEN if certain else Level.RISK)
    if not elects:
        return Mark(f"Without {brokers}: not safe, as no leader can be elected now.", Level.BROKEN)
    # Whoever asks after the fact gets no comfort: the broker is down, and this is how the cluster is now.
    if not set(without).intersection(live):
        return Mark(f"Without {brokers}: nothing changes, it is down already.")
    moves, shrinks = counts[Verdict.MOVES], counts[Verdict.SHRINKS]
    return Mark(
        f"Without {brokers}: none {of} would stop; {moves:,} would get another leader, {shrinks:,} lose a follower."
    )


def _notes(
    outcomes: Sequence[Outcome], changed: Sequence[Outcome], shown: Sequence[Outcome], left: Collection[int]
) -> Iterator[Mark]:
    if len(shown) < len(changed):
        rest = count(len(changed) - len(shown), "partition")
        yield Mark(f"… and {rest} that only get another leader or lose a follower (--all shows them)")
    already = sum(outcome.now.leader is None for outcome in outcomes)
    if already:
        yield Mark(f"{count(already, 'partition')} offline already", Level.RISK)
    then = Counter(outcome.then.leader for outcome in outcomes)
    yield Mark("leaders then: " + " · ".join(f"broker {broker}: {then[broker]:,}" for broker in sorted(left)))


def _hints(outcomes: Iterable[Outcome]) -> list[str]:
    topics = {outcome.topic for outcome in outcomes if outcome.verdict is Verdict.MIN_ISR_NOT_KNOWN}
    if not topics:
        return []
    # The one question that ZooKeeper cannot answer: a broker's default stands in its server.properties, not in a znode.
    return [
        f"ktools: min.insync.replicas of {count(len(topics), 'topic')} is the brokers' default, which ZooKeeper does "
        "not hold: --bootstrap-server tells whether producers would stop."
    ]
