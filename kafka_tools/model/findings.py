"""Judges what was seen of a cluster: pure functions from a Snapshot to findings, each with what to do about it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from shlex import quote

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import text
from kafka_tools.model.health import Troubled
from kafka_tools.model.snapshot import FOLLOWER_RATE, LEADER_RATE, LOG_DIRS_RATE, Ensemble, Quorum, Snapshot
from kafka_tools.model.topic_names import INTERNAL_TOPICS
from kafka_tools.model.topics import Partition
from kafka_tools.model.units import count, size
from kafka_tools.model.verdict import Finding, Severity, judge_quorum, shown, wanted_factor, worst_first

BROKERS, CONTROLLER, LEADERS, MIN_ISR, ISR = "brokers", "controller", "leaders", "min ISR", "in-sync replicas"
PREFERRED, MOVES, THROTTLES, INTERNAL = "preferred leaders", "reassignments", "throttles", "internal topics"
LEADER_SKEW, DISK_SKEW, LOG_DIRS, VERSIONS = "leader skew", "disk skew", "log dirs", "versions"
CONTROLLERS, ZOOKEEPER, NOT_ASKED = "controllers", "ZooKeeper", "not asked"

WHOSE = {LEADER_RATE: "leaders", FOLLOWER_RATE: "followers", LOG_DIRS_RATE: "log dirs"}
PARTITIONS = "partitions"
QUORUM = "ktools metadata-quorum describe"
UNDER_REPLICATED = "ktools topics --describe --under-replicated-partitions"
THROTTLED = tuple(f"{side}.replication.throttled.replicas" for side in ("leader", "follower"))

SKEW = 1.5
"""So many times the mean of all brokers one may have of leaders and of bytes."""

FEW_LEADERS, FEW_BYTES = 10, 1 << 30
"""A difference from the mean below these is no skew: three partitions are never even on two brokers."""

FULL = 0.05
"""The part of a volume that should stay free: a broker loses its directory when nothing is left."""

MOST_LAG = 1000
"""How many records of the controllers' log a voter or broker may be behind; a quiet cluster writes two a second."""


def examine(snapshot: Snapshot, found: Troubled) -> tuple[Finding, ...]:
    """Return what all checks find, the worst first; a check that finds nothing wrong says what is well."""
    # Without a session nothing was read: any other check would call that well, or blame the brokers.
    lost = snapshot.by_zookeeper and snapshot.ensemble is not None and snapshot.ensemble.failure is not None
    return worst_first(each for check in ((_zookeeper,) if lost else CHECKS) for each in check(snapshot, found))


def _brokers(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    held = _held(snapshot)
    for broker in sorted(held.keys() - snapshot.live):
        yield _absent(snapshot, broker, held[broker], found.out_of_sync.get(broker, []))
    for broker, cause in sorted(snapshot.unreached.items()):
        yield _unreached(snapshot, broker, cause)
    yield from _idle(snapshot, held)
    if not snapshot.live:
        start = starts(snapshot, sorted(held))
        advice = "Start the brokers."
        yield Finding(Severity.CRITICAL, BROKERS, "brokers", "none is registered", advice, start, heals=True)
    elif snapshot.live >= held.keys() and not snapshot.unreached and not snapshot.fenced:
        asked = "registered" if snapshot.by_zookeeper else "reached"
        yield Finding(Severity.OK, BROKERS, "brokers", f"{count(len(snapshot.live), 'broker')} {asked}")


def _idle(snapshot: Snapshot, held: Mapping[int, int]) -> Iterator[Finding]:
    """Name servers that do not serve and hold no replica: only the controllers know of them."""
    fenced = snapshot.fenced or frozenset()
    for broker in sorted(fenced - held.keys()):
        words = "is registered and does not serve: it is down, or has not started yet; it holds no replica"
        advice = "Start it. Or, if it is gone for good, have the cluster forget it."
        command = starts(snapshot, [broker], f"ktools cluster unregister --id {broker}")
        yield Finding(Severity.WARNING, BROKERS, f"broker {broker}", words, advice, command, heals=True)
    # Before Kafka 4.0 nobody tells who is registered: of a broker that followed the controllers' log they know for 5
    # minutes when it last did. From then on it is one that was unregistered, or a controller that does not vote.
    severity = Severity.WARNING if snapshot.fenced is None else Severity.NOTE
    known = snapshot.live | fenced | held.keys()
    for server in (each for each in (snapshot.quorum.away if snapshot.quorum else ()) if each not in known):
        words = "has not asked the active controller for 5 s or more: it is away; it holds no replica"
        advice = "Start it, if it is to come back: it is forgotten in 5 minutes."
        command = starts(snapshot, [server], f"{QUORUM} --replication")
        yield Finding(severity, BROKERS, f"server {server}", words, advice, command, heals=True)


def _absent(snapshot: Snapshot, broker: int, replicas: int, missing: Sequence[str]) -> Finding:
    words = f"is not there: {count(replicas, 'replica')}"
    words += f", out of the ISR of {_of(missing)}" if missing else ""
    advice = "Start it; its log says why it ended. Or, if it is gone for good, move its replicas."
    command = starts(snapshot, [broker], _plan(snapshot, f"--remove-broker {broker}"))
    subject, names = f"broker {broker}", tuple(missing)
    return Finding(Severity.WARNING, BROKERS, subject, words, advice, command, heals=True, partitions=names)


def _unreached(snapshot: Snapshot, broker: int, cause: str) -> Finding:
    # Critical only where it leads: what it led is then with nobody, while a follower is only missed.
    led = tuple(f"{topic}-{each.partition}" for topic, each in _each(snapshot) if each.leader == broker)
    words = f"is registered and not reached ({cause})"
    words += f", and leads {_of(led)}" if led else ""
    # A cluster takes seconds to notice that a broker died, and never notices one that hangs and still beats.
    advice = "Does it hang, or is it not reached from here alone? Look at its log; restart it if it hangs."
    severity, subject = Severity.CRITICAL if led else Severity.WARNING, f"broker {broker}"
    return Finding(severity, BROKERS, subject, words, advice, "ktools doctor", heals=True, partitions=led)


def _controller(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    if any(each.subject == CONTROLLERS for each in snapshot.unknown):
        return  # without ZooKeeper brokers name any of them, and who may not see the quorum does not know it
    if snapshot.no_election:
        why = snapshot.no_election.rstrip(".")
        yield _no_controller(f"no leader can be elected now: {why}")
    elif snapshot.ensemble is not None and snapshot.ensemble.lost:
        # Brokers go on naming the last controller, which answers from memory (Kafka 3.9.1).
        yield _no_controller("no leader can be elected now: ZooKeeper has no quorum")
    elif snapshot.quorum is not None and snapshot.quorum.leader is None:
        yield _no_controller("none is active")
    elif snapshot.quorum is not None:
        yield Finding(Severity.OK, CONTROLLER, "controller", f"controller {snapshot.quorum.leader} is active")
    elif snapshot.controller is None:
        yield _no_controller("there is none: a broker is elected in seconds where ZooKeeper serves")
    elif snapshot.controller not in snapshot.live:
        yield _no_controller(f"broker {snapshot.controller} was the last one, and is not there")
    else:
        yield Finding(Severity.OK, CONTROLLER, "controller", f"broker {snapshot.controller} is the controller")


def _no_controller(found: str) -> Finding:
    advice = "Bring back a majority of the controllers, or of the ZooKeeper servers."
    return Finding(Severity.CRITICAL, CONTROLLER, "controller", found, advice, "ktools doctor", heals=True)


def _leaders(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    for (words, away), names in found.offline.items():
        advice = "Start the broker that has all records" if away else "Look at the brokers' logs and directories"
        advice += "; an unclean election would lose some."
        look = f"ktools topics --describe --topic {_topic(names[0])} --unavailable-partitions"
        yield Finding(
            Severity.CRITICAL,
            LEADERS,
            PARTITIONS,
            f"{_of(names)} {words}: {shown(names)}",
            advice,
            starts(snapshot, away, look),
            heals=True,
            partitions=tuple(names),
        )
    if not found.offline:
        led = f"{count(found.total, 'partition')} with a leader each"
        yield Finding(Severity.OK, LEADERS, PARTITIONS, led if found.total else "there are no partitions")


def _min_isr(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    back = "Bring back the brokers that are missing from the ISR."
    for names, severity, words in (
        (found.below_min_isr, Severity.CRITICAL, "below min ISR: acks=all producers stop"),
        (found.at_min_isr, Severity.WARNING, "at min ISR: one more broker, and acks=all producers stop"),
    ):
        if names:
            option = "--under-min-isr-partitions" if severity is Severity.CRITICAL else "--at-min-isr-partitions"
            look = f"ktools topics --describe {option}"
            if snapshot.by_zookeeper:  # its --describe has no such filters (Kafka 2.8)
                look = UNDER_REPLICATED
            words = f"{_of(names)} {words}: {shown(names)}"
            yield Finding(severity, MIN_ISR, PARTITIONS, words, back, look, heals=True, partitions=tuple(names))
    for topic, names in found.too_few.items():
        words = f"{_of(names)} with fewer replicas than min.insync.replicas: acks=all is refused"
        alter = f"ktools configs --alter --entity-type topics --entity-name {quote(topic)}"
        fix = f"{alter} --add-config min.insync.replicas=1"
        advice = "Give it more replicas, or a smaller min.insync.replicas."
        yield Finding(Severity.WARNING, MIN_ISR, f"topic {topic}", words, advice, fix, partitions=tuple(names))
    unknown = [topic.topic for topic in snapshot.topics if topic.min_isr is None]
    if unknown and snapshot.by_zookeeper:
        words = (
            f"of {count(len(unknown), 'topic')} not known, as ZooKeeper lacks the brokers' default: {shown(unknown)}"
        )
        advice = "Ask the brokers: --bootstrap-server HOST:PORT."
        yield Finding(Severity.NOTE, MIN_ISR, "topics", words, advice, "ktools health")
    elif not (unknown or found.below_min_isr or found.at_min_isr or found.too_few):
        yield Finding(Severity.OK, MIN_ISR, PARTITIONS, "no partition below min ISR")


def _in_sync(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    for broker, names in sorted(found.out_of_sync.items()):
        if broker in snapshot.live:
            words = f"is missing from the ISR of {_of(names)}: {shown(names)}"
            advice = "It has just started, or is too slow: look at its log, its disk and its network."
            look = f"ktools topics --describe --topic {_topic(names[0])} --under-replicated-partitions"
            yield Finding(
                Severity.WARNING, ISR, f"broker {broker}", words, advice, look, heals=True, partitions=tuple(names)
            )
    if not found.out_of_sync:
        yield Finding(Severity.OK, ISR, "replicas", "all replicas in sync")


def _preferred(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    # A note: it is so after each restart of a broker, and Kafka moves them back by itself unless
    # auto.leader.rebalance.enable is off. Who gates a rolling restart by the status would wait for ever.
    if found.not_preferred:
        brokers = ", ".join(
            f"{len(names):,} of broker {broker}" for broker, names in sorted(found.not_preferred.items())
        )
        names = [name for of_broker in found.not_preferred.values() for name in of_broker]
        words = f"{_of(names)} led by another than the preferred replica: {brokers}"
        elect = "ktools leader-election --election-type preferred --all-topic-partitions"
        if snapshot.by_zookeeper:
            elect = "ktools preferred-replica-election"
        advice = "Have the preferred replicas elected."
        yield Finding(Severity.NOTE, PREFERRED, PARTITIONS, words, advice, elect, partitions=tuple(names))
    else:
        yield Finding(Severity.OK, PREFERRED, "leaders", "preferred replicas lead")


def _moves(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    if found.stuck:
        away = sorted({broker for brokers in found.stuck.values() for broker in brokers})
        why = f"waits for broker {', '.join(map(str, away))}, away" if away else "has no leader to copy from"
        names = list(found.stuck)
        words = f"the reassignment of {_of(names)} {why}: {shown(names)}"
        advice = "Start the broker, or cancel the reassignment."
        look = UNDER_REPLICATED if snapshot.by_zookeeper else "ktools reassign-partitions --list"
        yield Finding(
            Severity.WARNING,
            MOVES,
            PARTITIONS,
            words,
            advice,
            starts(snapshot, away, look),
            heals=True,
            partitions=tuple(names),
        )
    going = [name for name in found.moving if name not in found.stuck]
    if going:
        words = f"{_of(going)} being reassigned: {shown(going)}"
        yield Finding(Severity.NOTE, MOVES, PARTITIONS, words, heals=True, partitions=tuple(going))
    if not found.moving and snapshot.in_full:
        yield Finding(Severity.OK, MOVES, "reassignments", "no reassignment under way")


def _throttles(snapshot: Snapshot, found: Troubled) -> Iterator[Finding]:
    rates = {broker: each for broker, each in (snapshot.rates or {}).items() if each}
    # A throttle has two halves: rates on brokers, and the replicas that they count for on topics. Either may stay
    # behind.
    of_topics = {topic.topic: [name for name in THROTTLED if topic.configs.get(name)] for topic in snapshot.topics}
    throttled = {topic: names for topic, names in of_topics.items() if names}
    if found.moving and (rates or throttled):
        yield Finding(Severity.OK, THROTTLES, "throttles", "in use by the reassignment under way")
        return
    for broker, each in sorted(rates.items()):
        words = ", ".join(f"{WHOSE[name]} {value} B/s" for name, value in each.items())
        alter = f"ktools configs --alter --entity-type brokers --entity-name {broker} --delete-config {','.join(each)}"
        advice = "No reassignment is under way: replicas that catch up are held back for nothing."
        yield Finding(
            Severity.WARNING, THROTTLES, f"broker {broker}", f"a throttle is left over: {words}", advice, alter
        )
    if throttled:
        (first, names), *_ = throttled.items()
        words = f"throttled replicas are left over on {count(len(throttled), 'topic')}: {shown(list(throttled))}"
        alter = f"ktools configs --alter --entity-type topics --entity-name {quote(first)}"
        advice = "Delete these configs of each of the topics."
        delete = f"{alter} --delete-config {','.join(names)}"
        yield Finding(Severity.WARNING, THROTTLES, "topics", words, advice, delete)
    known = (
        snapshot.in_full
        and snapshot.rates is not None
        and (snapshot.by_zookeeper or snapshot.rates.keys() >= snapshot.live)
    )
    if known and not rates and not throttled:
        yield Finding(Severity.OK, THROTTLES, "throttles", "no throttle left over")


def _internal(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    there = {topic.topic: topic for topic in snapshot.topics if topic.topic in INTERNAL_TOPICS and topic.partitions}
    # Brokers that are down count, too: an outage is no reason to want fewer replicas.
    brokers = len(_held(snapshot).keys() | snapshot.live)
    thin = False
    for name, topic in there.items():
        factor = min(len(each.replicas) for each in topic.partitions)
        if factor < wanted_factor(brokers):
            thin = True
            words = f"replication factor {factor}, {count(brokers, 'broker')}: what is in it goes with a broker"
            advice = f"Give it {wanted_factor(brokers)} replicas."
            plan = _plan(snapshot, f"--set-replication-factor {wanted_factor(brokers)} --topic {name}")
            yield Finding(Severity.WARNING, INTERNAL, f"topic {name}", words, advice, plan)
    if not thin:
        words = f"{', '.join(there)} with enough replicas" if there else "no internal topic yet"
        yield Finding(Severity.OK, INTERNAL, "internal topics", words)


def _leader_skew(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    # By the assignment, not by who leads now: that is a note of its own, and passes.
    preferred = Counter(each.replicas[0] for _, each in _each(snapshot) if each.replicas)
    yield from _skew(snapshot, LEADER_SKEW, preferred, FEW_LEADERS, lambda number: f"{number:,.0f} preferred leaders")


def _disk_skew(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    # A broker that does not tell is no empty one: without all of them there is no mean.
    if snapshot.log_dirs is None or snapshot.log_dirs.keys() != snapshot.live:
        return
    held = Counter[int](dict.fromkeys(snapshot.live, 0))
    for broker, log_dirs in snapshot.log_dirs.items():
        held[broker] = sum(replica.size for log_dir in log_dirs for replica in log_dir.replicas)
    yield from _skew(snapshot, DISK_SKEW, held, FEW_BYTES, lambda number: f"{size(round(number))} of replicas")


def _skew(
    snapshot: Snapshot, check: str, held: Counter[int], few: int, words: Callable[[float], str]
) -> Iterator[Finding]:
    if not snapshot.live:
        return
    mean = held.total() / len(snapshot.live)
    over = {broker: number for broker, number in held.items() if number > SKEW * mean and number - mean >= few}
    for broker, number in sorted(over.items()):
        found = f"{words(number)}, {number / mean:.1f} times the mean"
        advice = "Spread the replicas anew: plan first, then execute."
        yield Finding(Severity.WARNING, check, f"broker {broker}", found, advice, _plan(snapshot, "--rebalance"))
    if not over:
        yield Finding(Severity.OK, check, "brokers", f"no {check}")


def _log_dirs(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    wrong = False
    for broker, log_dirs in sorted((snapshot.log_dirs or {}).items()):
        look = f"ktools log-dirs --describe --broker-list {broker}"
        for each in log_dirs:
            wrong = wrong or each.error is not None
            if each.error is not None:
                found = f"{each.path} is offline: {each.error.message.rstrip('.')}"
                advice = "Mend or replace the disk, and restart the broker; its replicas there are offline."
                yield Finding(Severity.CRITICAL, LOG_DIRS, f"broker {broker}", found, advice, look)
            elif each.total_bytes and (each.usable_bytes or 0) < FULL * each.total_bytes:
                wrong = True
                found = f"{each.path}: {size(each.usable_bytes or 0)} of {size(each.total_bytes)} free"
                advice = "Make room: shorter retention, or replicas elsewhere."
                yield Finding(Severity.WARNING, LOG_DIRS, f"broker {broker}", found, advice, look)
    if snapshot.log_dirs and not wrong:
        number = sum(len(log_dirs) for log_dirs in snapshot.log_dirs.values())
        yield Finding(Severity.OK, LOG_DIRS, "directories", f"{count(number, 'log dir')} online, with room")


def _versions(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    groups: list[tuple[Mapping[int, tuple[int, int]], list[int]]] = []
    for broker, versions in sorted((snapshot.versions or {}).items()):
        # By the whole table, as a broker does not tell its release.
        same = next((group for group in groups if group[0] == versions), None)
        if same is None:
            groups.append((versions, [broker]))
        else:
            same[1].append(broker)
    if len(groups) > 1:
        # A note: it is so in the middle of every upgrade, which is a rolling restart.
        sides = " and ".join(f"broker {', '.join(map(str, brokers))}" for _, brokers in groups)
        words = f"{sides} know different versions of requests: they are of different releases"
        advice = "Finish the upgrade, one broker after the other."
        yield Finding(Severity.NOTE, VERSIONS, "brokers", words, advice, "ktools broker-api-versions")
    elif groups:
        yield Finding(Severity.OK, VERSIONS, "brokers", "brokers of one version")


def _controllers(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    quorum = snapshot.quorum
    if quorum is None:
        return
    for voter in quorum.silent:
        words = "has not asked the active one for 5 s or more: it is away"
        yield Finding(
            Severity.WARNING,
            CONTROLLERS,
            f"controller {voter}",
            words,
            "Start it.",
            starts(snapshot, [voter], f"{QUORUM} --replication"),
            True,
        )
    for server, lag in sorted(quorum.lags.items()):
        # Whoever is away is told as such already.
        if lag > MOST_LAG and server not in quorum.silent:
            words = f"is {lag:,} records of the controllers' log behind: it knows old leaders and configs"
            advice = "Look at its log, its disk and its network."
            look = f"{QUORUM} --replication"
            yield Finding(Severity.WARNING, CONTROLLERS, f"server {server}", words, advice, look, heals=True)
    yield _of_quorum(CONTROLLERS, "controller quorum", quorum)


def _of_quorum(check: str, subject: str, quorum: Quorum) -> Finding:
    judged = judge_quorum("controllers", len(quorum.voters), len(quorum.voters) - len(quorum.silent))
    command = f"{QUORUM} --status" if judged.advice else ""
    return Finding(judged.severity, check, subject, judged.found, judged.advice, command, heals=bool(quorum.silent))


def _zookeeper(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    return ensemble_findings(snapshot.ensemble, snapshot.in_sandbox) if snapshot.ensemble is not None else iter(())


def ensemble_findings(ensemble: Ensemble, in_sandbox: bool) -> Iterator[Finding]:
    """Judge a ZooKeeper ensemble: each server that does not serve, then the quorum."""
    away = {server: mode for server, mode in ensemble.servers.items() if isinstance(mode, KafkaToolError)}
    status = "ktools sandbox status" if in_sandbox else "ktools zookeeper"
    for server, failure in away.items():
        words = f"does not serve ({failure.message.rstrip('.')})"
        advice = "Start it; its log says why it ended."
        yield Finding(Severity.WARNING, ZOOKEEPER, f"ZooKeeper {text(server)}", words, advice, status, heals=True)
    counts = ensemble.counts
    if counts is None:
        words = f"{ensemble.voters} servers vote, {len(ensemble.servers)} are named: the others are not asked"
        yield Finding(Severity.OK, ZOOKEEPER, "ZooKeeper quorum", words)
    else:
        judged = judge_quorum("servers", *counts)
        command = status if judged.advice else ""
        yield Finding(
            judged.severity, ZOOKEEPER, "ZooKeeper quorum", judged.found, judged.advice, command, heals=bool(away)
        )
    if ensemble.failure is not None and not away:
        words = f"there is no session: {ensemble.failure.message.rstrip('.')}"
        yield Finding(
            Severity.CRITICAL, ZOOKEEPER, "ZooKeeper session", words, ensemble.failure.hint, "ktools doctor", heals=True
        )


def _not_asked(snapshot: Snapshot, _: Troubled) -> Iterator[Finding]:
    for each in snapshot.unknown:
        severity = Severity.NOTE if each.denied else Severity.WARNING
        advice = "Ask as somebody who may see it." if each.denied else "Whoever should know it gives no answer."
        yield Finding(severity, NOT_ASKED, each.subject, each.why.rstrip("."), advice, "ktools doctor", heals=True)


# The worst that can be found comes first: in this order findings of the same severity are shown.
CHECKS: Sequence[Callable[[Snapshot, Troubled], Iterator[Finding]]] = (
    _leaders,
    _min_isr,
    _controller,
    _brokers,
    _in_sync,
    _log_dirs,
    _controllers,
    _zookeeper,
    _not_asked,
    _internal,
    _moves,
    _throttles,
    _leader_skew,
    _disk_skew,
    _preferred,
    _versions,
)


def starts(snapshot: Snapshot, servers: Sequence[int], otherwise: str = UNDER_REPLICATED) -> str:
    """Return the command that starts a broker of a sandbox; elsewhere, the one that shows what waits for it."""
    return f"ktools sandbox start {servers[0]}" if snapshot.in_sandbox and servers else otherwise


def _plan(snapshot: Snapshot, goal: str) -> str:
    """Return the command that plans another assignment; through ZooKeeper there is only that which shows the old."""
    return "ktools layout" if snapshot.by_zookeeper else f"ktools reassign-partitions --plan {goal}"


def _held(snapshot: Snapshot) -> Counter[int]:
    """Count the replicas of each broker that has any, be it there or not."""
    return Counter(broker for _, each in _each(snapshot) for broker in each.replicas)


def _each(snapshot: Snapshot) -> Iterator[tuple[str, Partition]]:
    return ((topic.topic, each) for topic in snapshot.topics for each in topic.partitions)


def _topic(name: str) -> str:
    """Return the topic of a partition as it is typed: whoever answered may have given it any name."""
    return quote(name.rpartition("-")[0])


def _of(names: Sequence[str]) -> str:
    return count(len(names), "partition")
