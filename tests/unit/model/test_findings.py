"""What is found wrong with a cluster, and what is said about it: each damage alone, by a snapshot made by hand."""

import shlex
from collections.abc import Mapping
from typing import Any

import click
import pytest

from kafka_tools import tools
from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.model.findings import examine
from kafka_tools.model.health import troubled
from kafka_tools.model.log_dirs import LogDirDescription, ReplicaInfo
from kafka_tools.model.snapshot import Ensemble, Quorum, Snapshot, Unknown
from kafka_tools.model.topics import Partition, TopicDescription, TopicPartition
from kafka_tools.model.verdict import Finding, Severity, worst

CRITICAL, WARNING, NOTE, OK = Severity.CRITICAL, Severity.WARNING, Severity.NOTE, Severity.OK


def partition(
    number: int, replicas: str, isr: str = "", leader: int | None = -1, **moves: tuple[int, ...]
) -> Partition:
    """Return a partition whose leader is the first of the ISR, which is whole, unless something else is said."""
    held = tuple(map(int, replicas))
    in_sync = tuple(map(int, isr)) if isr else held
    return Partition(number, in_sync[0] if leader == -1 else leader, held, in_sync, **moves)


def topic(*partitions: Partition, name: str = "orders", min_isr: int | None = 2, **configs: str) -> TopicDescription:
    named = {key.replace("_", "."): value for key, value in configs.items()}
    return TopicDescription(name, None, partitions, named, min_isr)


def log_dir(size: int = 0, error: BrokerError | None = None, usable: int = 90) -> LogDirDescription:
    replica = ReplicaInfo(TopicPartition("orders", 0), size, 0, False)
    return LogDirDescription("/data", error, 100, usable, (replica,))


WELL = Snapshot(
    (topic(partition(0, "123"), partition(1, "231")), topic(partition(0, "312"), name="__consumer_offsets")),
    frozenset({1, 2, 3}),
    controller=1,
    log_dirs={broker: (log_dir(),) for broker in (1, 2, 3)},
    rates={1: {}, 2: {}, 3: {}},
    versions={key: {1: (0, 13)} for key in (1, 2, 3)},
    ensemble=Ensemble({("a", 1): "leader", ("b", 1): "follower", ("c", 1): ""}, 3),
)
KRAFT = WELL._replace(ensemble=None, quorum=Quorum(2, (1, 2, 3), (), {1: 0, 2: 3, 3: 0}))
SANDBOX = {"in_sandbox": True}
GONE = KafkaToolError("connection refused")
STORAGE = BrokerError(56)
RATE = "leader.replication.throttled.rate"
THROTTLED = "leader.replication.throttled.replicas"
WHOLE = (topic(partition(0, "123"), partition(1, "231")),)


def found(snapshot: Snapshot) -> tuple[Finding, ...]:
    return examine(snapshot, troubled(snapshot.topics, snapshot.live, snapshot.live - snapshot.unreached.keys()))


@pytest.mark.parametrize(
    "snapshot",
    [
        WELL,
        KRAFT,
        WELL._replace(by_zookeeper=True, log_dirs=None, versions=None),
        WELL._replace(topics=()),
        # 100 replicas more than the mean, and few bytes: no skew.
        WELL._replace(log_dirs=WELL.log_dirs | {1: (log_dir(size=1 << 29),)}),  # type: ignore[operator]
        WELL._replace(topics=(topic(partition(0, "12", "2", leader=None))._replace(marked_for_deletion=True),)),
    ],
)
def test_no_alarm_where_all_is_well(snapshot: Snapshot) -> None:
    assert {each.severity for each in found(snapshot)} == {OK}
    assert [each for each in found(snapshot) if each.advice or each.command or each.heals] == []


DAMAGES: list[tuple[Mapping[str, Any], Severity, str, str]] = [
    (
        {"topics": (topic(partition(0, "12", "2", leader=None)),)},
        CRITICAL,
        "partitions: 1 partition offline: no leader: orders-0",
        "topics --describe --topic orders --unavailable-partitions",
    ),
    (
        {"topics": (topic(partition(0, "4", leader=None)),), **SANDBOX},
        CRITICAL,
        "1 partition offline: no leader until broker 4 is back",
        "sandbox start 4",
    ),
    (
        {"topics": (topic(partition(0, "123", "1")),)},
        CRITICAL,
        "1 partition below min ISR: acks=all producers stop: orders-0",
        "topics --describe --under-min-isr-partitions",
    ),
    (
        {"topics": (topic(partition(0, "123", "12")),)},
        WARNING,
        "1 partition at min ISR",
        "topics --describe --at-min-isr-partitions",
    ),
    (
        {"topics": (topic(partition(0, "123", "1")),), "by_zookeeper": True},
        CRITICAL,
        "below min ISR",
        "topics --describe --under-replicated-partitions",
    ),
    (
        {"topics": (topic(partition(0, "1"), name="a"),)},
        WARNING,
        "topic a: 1 partition with fewer replicas than min.insync.replicas",
        "configs --alter --entity-type topics --entity-name a --add-config min.insync.replicas=1",
    ),
    (
        {"topics": (topic(partition(0, "123", "12")),)},
        WARNING,
        "broker 3: is missing from the ISR of 1 partition: orders-0",
        "topics --describe --topic orders --under-replicated-partitions",
    ),
    (
        {"topics": (topic(partition(0, "124", "12")),)},
        WARNING,
        "broker 4: is not there: 1 replica, out of the ISR of 1 partition",
        "reassign-partitions --plan --remove-broker 4",
    ),
    (
        {"unreached": {3: "connection refused"}},
        CRITICAL,
        "broker 3: is registered and not reached (connection refused), and leads 1 partition",
        "doctor",
    ),
    (
        {"unreached": {3: "silent"}, "topics": WHOLE},
        WARNING,
        "broker 3: is registered and not reached (silent)",
        "doctor",
    ),
    (
        {"live": frozenset(), "topics": ()},
        CRITICAL,
        "brokers: none is registered",
        "topics --describe --under-replicated-partitions",
    ),
    (
        {"quorum": Quorum(1, (1, 2, 3), (), {}, (4,)), "fenced": frozenset({4})},
        WARNING,
        "broker 4: is registered and does not serve: it is down, or has not started yet; it holds no replica",
        "cluster unregister --id 4",
    ),
    (
        {"quorum": Quorum(1, (1, 2, 3), (), {}, (3, 4)), **SANDBOX},
        WARNING,
        "server 4: has not asked the active controller for 5 s or more",
        "sandbox start 4",
    ),
    (
        {"quorum": Quorum(1, (1, 2, 3), (), {}, (4,)), "fenced": frozenset()},
        NOTE,
        "server 4: has not asked the active controller for 5 s or more",
        "metadata-quorum describe --replication",
    ),
    ({"controller": None}, CRITICAL, "controller: there is none", "doctor"),
    ({"controller": 4}, CRITICAL, "controller: broker 4 was the last one, and is not there", "doctor"),
    (
        {"no_election": "Nobody answers."},
        CRITICAL,
        "controller: no leader can be elected now: Nobody answers",
        "doctor",
    ),
    (
        {"ensemble": Ensemble({("a", 1): GONE, ("b", 1): GONE, ("c", 1): ""}, None, GONE)},
        CRITICAL,
        "controller: no leader can be elected now: ZooKeeper has no quorum",
        "doctor",
    ),
    ({"quorum": Quorum(None, (1, 2, 3), (), {})}, CRITICAL, "controller: none is active", "doctor"),
    (
        {"quorum": Quorum(1, (1, 2, 3), (3,), {})},
        WARNING,
        "controller 3: has not asked the active one for 5 s or more",
        "metadata-quorum describe --replication",
    ),
    (
        {"quorum": Quorum(1, (1, 2, 3), (3,), {})},
        WARNING,
        "controller quorum: 2 of 3 controllers serve, 2 needed: none may still fail",
        "metadata-quorum describe --status",
    ),
    (
        {"quorum": Quorum(1, (1, 2, 3), (2, 3), {})},
        CRITICAL,
        "controller quorum: 1 of 3 controllers serve, 2 needed",
        "metadata-quorum describe --status",
    ),
    (
        {"quorum": Quorum(1, (1, 2, 3), (), {1: 0, 2: 5000})},
        WARNING,
        "server 2: is 5,000 records of the controllers' log behind",
        "metadata-quorum describe --replication",
    ),
    (
        {"ensemble": Ensemble({("a", 1): "leader", ("b", 1): "follower", ("c", 1): GONE}, 3)},
        WARNING,
        "ZooKeeper c:1: does not serve (connection refused)",
        "zookeeper",
    ),
    (
        {"ensemble": Ensemble({("a", 1): "leader", ("b", 1): "follower", ("c", 1): GONE}, 3), **SANDBOX},
        WARNING,
        "ZooKeeper quorum: 2 of 3 servers serve, 2 needed: none may still fail",
        "sandbox status",
    ),
    (
        {"ensemble": Ensemble({("a", 1): GONE, ("b", 1): "follower", ("c", 1): GONE}, None, GONE)},
        CRITICAL,
        "ZooKeeper quorum: 1 of 3 servers serve, 2 needed",
        "zookeeper",
    ),
    (
        {"ensemble": Ensemble({("a", 1): "leader", ("b", 1): "follower"}, 2)},
        WARNING,
        "ZooKeeper quorum: 2 of 2 servers serve, 2 needed: none may still fail",
        "zookeeper",
    ),
    (
        {"ensemble": Ensemble({("a", 1): ""}, None, KafkaToolError("it wants a login", "Log in."))},
        CRITICAL,
        "ZooKeeper session: there is no session: it wants a login",
        "doctor",
    ),
    (
        {"unknown": (Unknown("log dirs of broker 1", "no answer."),)},
        WARNING,
        "log dirs of broker 1: no answer",
        "doctor",
    ),
    (
        {"unknown": (Unknown("log dirs of broker 1", "denied", denied=True),)},
        NOTE,
        "log dirs of broker 1: denied",
        "doctor",
    ),
    (
        {"log_dirs": {1: (log_dir(), log_dir(error=STORAGE))}},
        CRITICAL,
        "broker 1: /data is offline: Disk error",
        "log-dirs --describe --broker-list 1",
    ),
    (
        {"log_dirs": {2: (log_dir(usable=4),)}},
        WARNING,
        "broker 2: /data: 4 B of 100 B free",
        "log-dirs --describe --broker-list 2",
    ),
    (
        {"log_dirs": {1: (log_dir(3 << 30),), 2: (log_dir(),), 3: (log_dir(),)}},
        WARNING,
        "broker 1: 3.0 GiB of replicas, 3.0 times the mean",
        "reassign-partitions --plan --rebalance",
    ),
    (
        {"topics": (topic(*(partition(number, "123") for number in range(30))),)},
        WARNING,
        "broker 1: 30 preferred leaders, 3.0 times the mean",
        "reassign-partitions --plan --rebalance",
    ),
    (
        {"topics": (topic(partition(0, "1"), name="__transaction_state", min_isr=1),)},
        WARNING,
        "topic __transaction_state: replication factor 1, 3 brokers",
        "reassign-partitions --plan --set-replication-factor 3 --topic __transaction_state",
    ),
    (
        {"topics": (topic(partition(0, "123", leader=2)),)},
        NOTE,
        "1 partition led by another than the preferred replica: 1 of broker 1",
        "leader-election --election-type preferred --all-topic-partitions",
    ),
    (
        {"topics": (topic(partition(0, "123", leader=2)),), "by_zookeeper": True},
        NOTE,
        "led by another",
        "preferred-replica-election",
    ),
    (
        {"topics": (topic(partition(0, "1234", "123", adding_replicas=(4,))),)},
        WARNING,
        "the reassignment of 1 partition waits for broker 4, away: orders-0",
        "reassign-partitions --list",
    ),
    (
        {"topics": (topic(partition(0, "12", "2", leader=None, adding_replicas=(1,))),)},
        WARNING,
        "the reassignment of 1 partition has no leader to copy from",
        "reassign-partitions --list",
    ),
    (
        {"topics": (topic(partition(0, "123", "12", adding_replicas=(3,))),)},
        NOTE,
        "1 partition being reassigned: orders-0",
        "",
    ),
    (
        {"rates": {2: {RATE: "9"}}},
        WARNING,
        "broker 2: a throttle is left over: leaders 9 B/s",
        f"configs --alter --entity-type brokers --entity-name 2 --delete-config {RATE}",
    ),
    (
        {"topics": (topic(partition(0, "123"), leader_replication_throttled_replicas="*"),)},
        WARNING,
        "topics: throttled replicas are left over on 1 topic: orders",
        f"configs --alter --entity-type topics --entity-name orders --delete-config {THROTTLED}",
    ),
    (
        {"versions": {1: {1: (0, 13)}, 2: {1: (0, 13)}, 3: {1: (0, 14)}}},
        NOTE,
        "brokers: broker 1, 2 and broker 3 know different versions of requests",
        "broker-api-versions",
    ),
    (
        {"topics": (topic(partition(0, "123"), min_isr=None),), "by_zookeeper": True},
        NOTE,
        "topics: of 1 topic not known",
        "health",
    ),
]


@pytest.mark.parametrize(("damage", "severity", "words", "command"), DAMAGES)
def test_each_damage_is_named_with_what_to_do(
    damage: Mapping[str, Any], severity: Severity, words: str, command: str
) -> None:
    kraft = damage.get("quorum") is not None
    findings = found((KRAFT if kraft else WELL)._replace(**damage))
    named = [each for each in findings if f"{each.subject}: {each.found}".startswith(words) or words in each.found]
    assert [(each.severity, each.command.removeprefix("ktools ")) for each in named] == [(severity, command)], findings
    assert worst(findings).status >= severity.status
    assert all(each.advice for each in named if each.severity.status)
    assert findings == tuple(sorted(findings, key=lambda each: -list(Severity).index(each.severity)))


def test_every_command_that_is_recommended_is_there() -> None:
    """A command that a finding tells to type is one of ktools, with options that it has."""
    for command in {command for _, _, _, command in DAMAGES if command}:
        tool, *words = shlex.split(command)
        assert tool in tools.names()
        known = tools.find(tool)
        assert known is not None
        if isinstance(known, click.Group):
            known = known.commands[words[0]]
        options = {name for param in known.params for name in param.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_a_throttle_in_use_is_none_that_was_left_over() -> None:
    moving = topic(partition(0, "123", "12", adding_replicas=(3,)), leader_replication_throttled_replicas="*")
    findings = found(WELL._replace(topics=(moving,), rates={1: {RATE: "9"}}))
    assert [(each.check, each.severity) for each in findings if each.check == "throttles"] == [("throttles", OK)]


def test_a_broker_that_is_missed_already_is_not_named_as_idle() -> None:
    without = KRAFT._replace(live=frozenset({1, 2}), fenced=frozenset({3}), quorum=Quorum(1, (1, 2), (), {}, (3,)))
    assert [(each.subject, each.found.split(":")[0]) for each in found(without) if each.check == "brokers"] == [
        ("broker 3", "is not there")
    ]


def test_a_lost_ensemble_says_nothing_of_the_cluster() -> None:
    lost = Snapshot((), frozenset(), ensemble=Ensemble({("a", 1): GONE}, None, GONE), by_zookeeper=True)
    assert {each.check for each in found(lost)} == {"ZooKeeper"}


def test_what_waiting_does_not_heal() -> None:
    """--wait does not wait for these."""
    lasting = {each.check for damage, *_ in DAMAGES for each in found(WELL._replace(**damage)) if not each.heals}
    healing = {each.check for damage, *_ in DAMAGES for each in found(WELL._replace(**damage)) if each.heals}
    assert lasting >= {"throttles", "internal topics", "leader skew", "disk skew", "log dirs"}
    assert not healing & {"throttles", "internal topics", "leader skew", "disk skew", "log dirs", "versions"}
    assert healing >= {"leaders", "brokers", "controller", "in-sync replicas", "reassignments", "ZooKeeper"}


def test_nothing_is_called_well_that_is_not_known() -> None:
    untold = (topic(partition(0, "123"), min_isr=None),)
    denied = (Unknown("topics", "denied", denied=True), Unknown("controllers", "denied", denied=True))
    told = found(Snapshot(untold, frozenset({1, 2, 3}), controller=2, rates={}, unknown=denied, in_full=False))
    assert {each.check for each in told if each.severity is OK} == {
        *("leaders", "brokers", "in-sync replicas", "internal topics", "leader skew", "preferred leaders")
    }
    assert worst(told) is NOTE


def test_a_name_that_is_a_command_is_not_to_be_typed() -> None:
    """Kafka takes no such name, but whoever answers as a broker may give one."""
    [named] = [
        each
        for each in found(WELL._replace(topics=(topic(partition(0, "123", "12"), name="a;reboot"),)))
        if each.check == "in-sync replicas"
    ]
    assert named.command == "ktools topics --describe --topic 'a;reboot' --under-replicated-partitions"
