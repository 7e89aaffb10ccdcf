"""Judges whether a broker, a controller or a ZooKeeper server may go down now, by what was seen of the cluster."""

from collections.abc import Iterator, Sequence

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import Address, text
from kafka_tools.model.layout import HARMS, Outcome, Verdict, check_known, without_brokers
from kafka_tools.model.snapshot import Ensemble, Snapshot
from kafka_tools.model.topics import under_replicated
from kafka_tools.model.units import count
from kafka_tools.model.verdict import Finding, Severity, shown, worst_first

RESTART = "restart"


def before_restart(snapshot: Snapshot, broker: int) -> tuple[Finding, ...]:
    """Return why a broker (or controller, by its id) may not go down now; where it may, that it may.

    Raises KafkaToolError for an id that is no server's of this cluster.
    """
    voters = snapshot.quorum.voters if snapshot.quorum else ()
    held = {each for topic in snapshot.topics for partition in topic.partitions for each in partition.replicas}
    check_known([broker], {*snapshot.live, *held, *voters, *(snapshot.fenced or ())})
    # Brokers that are registered and answer nobody are taken for dead: the cluster may not have noticed yet.
    working = snapshot.live - snapshot.unreached.keys()
    outcomes = without_brokers(snapshot.topics, working, [broker], elects=not snapshot.no_election)
    found = [*_now(snapshot, broker), *_quorum(snapshot, broker), *_harms(outcomes, broker)]
    if all(finding.severity.status == 0 for finding in found):
        found.append(_may(outcomes, broker))
    return worst_first(found)


def before_server_restart(ensemble: Ensemble, host: str, port: int | None) -> tuple[Finding, ...]:
    """Return why a ZooKeeper server may not go down now; where it may, that it may.

    Raises KafkaToolError for one that is not among those that were named.
    """
    server = _server(ensemble, host, port)
    subject, mode, counts = f"ZooKeeper {text(server)}", ensemble.servers[server], ensemble.counts
    if isinstance(mode, KafkaToolError):
        words = f"is down already ({mode.message.rstrip('.')})"
        return (Finding(Severity.WARNING, RESTART, subject, words, "Start it.", "ktools doctor", heals=True),)
    if mode == "observer":
        return (Finding(Severity.OK, RESTART, subject, "may go down: an observer does not vote"),)
    if counts is None:
        words = (
            f"whether it may go down is not known: {ensemble.voters} servers vote, {len(ensemble.servers)} are named"
        )
        return (Finding(Severity.WARNING, RESTART, subject, words, "Name all servers: --zookeeper HOST:PORT,…."),)
    voters, serving = counts
    # A majority of all that vote, also of those that are down.
    then, needed = serving - 1, voters // 2 + 1
    words = f"{then} of {voters} would serve, {needed} {'is' if needed == 1 else 'are'} needed"
    if then < needed or ensemble.failure is not None:
        advice = "Wait until the others serve." if voters > 1 else "A server on its own cannot be spared: have three."
        look = "ktools doctor"
        return (
            Finding(Severity.CRITICAL, RESTART, subject, f"may not go down: {words}", advice, look, heals=voters > 1),
        )
    leads = ("; it is the leader, best restarted last") if mode == "leader" else ""
    return (Finding(Severity.OK, RESTART, subject, f"may go down: {words}{leads}"),)


def _server(ensemble: Ensemble, host: str, port: int | None) -> Address:
    found = [each for each in ensemble.servers if each[0] == host and port in (each[1], None)]
    if len(found) == 1:
        return found[0]
    servers = ", ".join(map(text, ensemble.servers))
    if found:
        raise KafkaToolError(f"{host} has more than one ZooKeeper server ({servers}).", "Name one: HOST:PORT.")
    raise KafkaToolError(f"{host} is no server of the ensemble that was named ({servers}).")


def _now(snapshot: Snapshot, broker: int) -> Iterator[Finding]:
    """Yield what speaks against any restart now, whatever becomes of the partitions."""
    subject = f"broker {broker}"
    # A controller is no broker: that it is not registered says nothing.
    if broker not in snapshot.live and broker not in (snapshot.quorum.voters if snapshot.quorum else ()):
        words = "is down already"
        yield Finding(
            Severity.WARNING, RESTART, subject, words, "Start it before another one goes down.", "ktools health", True
        )
    # The cluster takes seconds to notice that a broker died: until then the ISR names one that is gone.
    others = sorted(snapshot.unreached.keys() - {broker})
    if others:
        words = f"may not go down: broker {', '.join(map(str, others))} is not reached, and may be dead already"
        yield Finding(Severity.CRITICAL, RESTART, subject, words, "Bring it back first.", "ktools health", True)
    # Who may not see the cluster may not see all topics either, and is not told how many there are.
    denied = next((each for each in snapshot.unknown if each.denied), None)
    if denied is not None:
        words = f"whether it may go down is not known: there may be topics that are not seen ({denied.why.rstrip('.')})"
        yield Finding(Severity.WARNING, RESTART, subject, words, "Ask as somebody who may see them.", "ktools health")
    if snapshot.no_election:
        words = f"may not go down: no leader can be elected now: {snapshot.no_election.rstrip('.')}"
        yield Finding(Severity.CRITICAL, RESTART, subject, words, "Wait for a controller.", "ktools doctor", True)
    elif broker == (snapshot.quorum.leader if snapshot.quorum else snapshot.controller):
        words = "is the controller: another is elected when it goes, so it is best restarted last"
        yield Finding(Severity.NOTE, RESTART, subject, words)


def _quorum(snapshot: Snapshot, broker: int) -> Iterator[Finding]:
    quorum = snapshot.quorum
    if quorum is None or broker not in quorum.voters:
        return
    left = set(quorum.voters).difference(quorum.silent, [broker])
    needed = len(quorum.voters) // 2 + 1
    if len(left) < needed:
        words = f"may not go down: {len(left)} of {len(quorum.voters)} controllers would serve, {needed} needed"
        advice = "Wait until the others serve." if quorum.silent else "It cannot be spared: have three controllers."
        yield Finding(
            Severity.CRITICAL, RESTART, f"controller {broker}", words, advice, "ktools doctor", bool(quorum.silent)
        )


def _harms(outcomes: Sequence[Outcome], broker: int) -> Iterator[Finding]:
    for verdict, words in HARMS.items():
        harmed = [each for each in outcomes if each.verdict is verdict]
        if not harmed:
            continue
        names = tuple(f"{each.topic}-{each.now.partition}" for each in harmed)
        # Waiting helps while replicas are missing; else the topic has too few of them, or too large a min ISR.
        heals = any(under_replicated(each.now) for each in harmed)
        advice = "Wait until their ISR is whole again." if heals else "Give them more replicas, or a smaller min ISR."
        known = verdict is not Verdict.MIN_ISR_NOT_KNOWN
        yield Finding(
            Severity.CRITICAL if known else Severity.WARNING,
            RESTART,
            f"broker {broker}",
            f"may not go down: {count(len(names), 'partition')} {words}: {shown(names)}",
            advice if known else "Ask somebody who knows min.insync.replicas: brokers, not ZooKeeper.",
            f"ktools layout --without-broker {broker}",
            heals,
            names,
        )


def _may(outcomes: Sequence[Outcome], broker: int) -> Finding:
    moves = sum(each.verdict is Verdict.MOVES for each in outcomes)
    shrinks = sum(each.verdict is Verdict.SHRINKS for each in outcomes)
    words = f"may go down: {count(moves, 'partition')} would get another leader, {shrinks:,} lose a follower"
    return Finding(Severity.OK, RESTART, f"broker {broker}", words)
