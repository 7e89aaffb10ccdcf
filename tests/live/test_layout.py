"""`ktools layout` foretells what the controller does: five brokers, each of which is killed once, then two of them."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic

from tests.support.clusters import Cluster, sandbox

SETTLED_SECONDS = 60
TOPICS = (
    ("one-replica", 6, 1, {"min.insync.replicas": "1"}),
    ("two", 5, 2, {"min.insync.replicas": "1"}),
    ("two-both", 5, 2, {"min.insync.replicas": "2"}),
    ("three-default", 5, 3, {}),
    ("three", 6, 3, {"min.insync.replicas": "2"}),
    ("three-all", 5, 3, {"min.insync.replicas": "3"}),
    ("four", 5, 4, {"min.insync.replicas": "2"}),
    ("five", 4, 5, {"min.insync.replicas": "3"}),
    ("five-all", 3, 5, {"min.insync.replicas": "5"}),
    ("unclean", 6, 2, {"unclean.leader.election.enable": "true"}),
)
Row = dict[str, Any]
Rows = dict[tuple[str, int], Row]


@pytest.fixture(scope="module")
def on_zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from five_brokers("zookeeper", tmp_path_factory)


@pytest.fixture(scope="module")
def on_kraft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from five_brokers("kraft", tmp_path_factory)


def five_brokers(mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start five brokers with 50 partitions of mixed replication factor and min ISR."""
    options = ("--brokers", "5", "--mode", mode, "--racks", "3")
    for cluster in sandbox(tmp_path_factory.mktemp(f"layout-{mode}"), *options):
        requests = [NewTopic(name, count, factor, config=configs) for name, count, factor, configs in TOPICS]
        admin = cluster.admin()
        for created in admin.create_topics(requests).values():
            created.result()
        assert sum(topic.num_partitions for topic in requests) == 50
        yield cluster


def rows(cluster: Cluster, *argv: str) -> tuple[Rows, int]:
    """Return the partitions that a tool tells of, and its status."""
    answer = cluster.run(*argv, "--exclude-internal", "--bootstrap-server", cluster.bootstrap, "--output", "json")
    assert answer.returncode in (0, 1), answer.stderr.decode()
    return {(row["topic"], row["partition"]): row for row in json.loads(answer.stdout)}, answer.returncode


def described(cluster: Cluster, *filters: str) -> Rows:
    return rows(cluster, "topics", "--describe", *filters)[0]


def wait_until(cluster: Cluster, settled: Callable[[Row], bool]) -> Rows:
    deadline = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < deadline:
        found = described(cluster)
        if len(found) == 50 and all(settled(row) for row in found.values()):
            return found
        time.sleep(0.2)
    raise AssertionError(f"not settled: {[row for row in described(cluster).values() if not settled(row)]}")


def complete(row: Row) -> bool:
    return row["leader"] is not None and sorted(row["isr"]) == sorted(row["replicas"])


def ready(cluster: Cluster) -> None:
    """Let every preferred leader lead: else a new controller may do so meanwhile (auto.leader.rebalance.enable).

    A controller that is doing so just then may leave the request without an answer: what counts is who leads.
    """
    admin, deadline = cluster.admin(), time.monotonic() + SETTLED_SECONDS
    while moved := [key for key, row in wait_until(cluster, complete).items() if row["leader"] != row["replicas"][0]]:
        assert time.monotonic() < deadline, moved
        election = admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition(*key) for key in moved])
        with contextlib.suppress(KafkaException, TimeoutError):
            election.result(timeout=10)


def predict(cluster: Cluster, *brokers: int) -> Rows:
    """Return what would happen; its status tells whether that would do harm."""
    predicted, status = rows(cluster, "layout", "--without-broker", ",".join(map(str, brokers)))
    then = [row for row in predicted.values() if row["verdict"] != "unchanged"]
    assert status == any(row["leader_then"] is None or len(row["isr_then"]) < row["min_isr"] for row in then)
    return predicted


def kill(cluster: Cluster, *brokers: int) -> Rows:
    """Kill the brokers and return the partitions as the controller left them."""
    for broker in brokers:
        assert cluster.run("sandbox", "kill", str(broker)).returncode == 0
    dead = set(brokers)
    return wait_until(
        cluster, lambda row: row["leader"] not in dead and (not dead & set(row["isr"]) or len(row["isr"]) == 1)
    )


def start(cluster: Cluster, *brokers: int) -> None:
    for broker in brokers:
        assert cluster.run("sandbox", "start", str(broker), timeout=120).returncode == 0


def check(cluster: Cluster, predicted: Rows, happened: Rows) -> None:
    foretold = {key: (row["leader_then"], sorted(row["isr_then"]), row["elr_then"]) for key, row in predicted.items()}
    assert foretold == {key: (row["leader"], sorted(row["isr"]), row["elr"]) for key, row in happened.items()}
    offline = {key for key, row in predicted.items() if row["leader_then"] is None}
    below = {key for key, row in predicted.items() if len(row["isr_then"]) < row["min_isr"]}
    assert described(cluster, "--unavailable-partitions").keys() == offline
    assert described(cluster, "--under-min-isr-partitions").keys() == offline | below


def foretold(cluster: Cluster, brokers: Sequence[int]) -> None:
    """Check that what is foretold happens."""
    ready(cluster)
    predicted = predict(cluster, *brokers)
    try:
        check(cluster, predicted, kill(cluster, *brokers))
        assert {row["verdict"] for row in predicted.values()} >= {"unchanged", "shrinks", "moves", "below_min_isr"}
    finally:
        start(cluster, *brokers)


@pytest.mark.parametrize("broker", [1, 2, 3])  # one of each rack
def test_what_is_foretold_happens_in_zookeeper_mode(on_zookeeper: Cluster, broker: int) -> None:
    foretold(on_zookeeper, [broker])


def test_zookeeper_and_brokers_foretell_the_same(on_zookeeper: Cluster) -> None:
    cluster = on_zookeeper
    ready(cluster)
    argv = ("layout", "--without-broker", "3", "--exclude-internal", "--output", "json")
    by_zookeeper = json.loads(cluster.run(*argv, "--zookeeper", cluster.zookeeper).stdout)
    known = [row for row in by_zookeeper if row["min_isr"] is not None]
    assert known == [row for row in predict(cluster, 3).values() if row["topic"] in {row["topic"] for row in known}]
    assert len(known) == 39


def test_the_layout_is_the_describe(on_zookeeper: Cluster) -> None:
    cluster = on_zookeeper
    wait_until(cluster, complete)
    found = described(cluster).values()
    answer = cluster.run("layout", "--exclude-internal", "--bootstrap-server", cluster.bootstrap, "--output", "json")
    brokers = {row["broker"]: row for row in json.loads(answer.stdout)}
    assert {broker: row["rack"] for broker, row in brokers.items()} == {
        1: "rack-1",
        2: "rack-2",
        3: "rack-3",
        4: "rack-1",
        5: "rack-2",
    }
    for broker, row in brokers.items():
        leads = [f"{each['topic']}-{each['partition']}" for each in found if each["leader"] == broker]
        assert sorted(row["leader_of"]) == sorted(leads)
        assert row["leaders"] == len(leads)
        assert row["replicas"] == sum(broker in each["replicas"] for each in found)
        assert row["preferred"] == sum(each["replicas"][0] == broker for each in found)
        assert row["out_of_sync"] == 0
    assert sum(row["leaders"] for row in brokers.values()) == 50


def test_what_is_foretold_happens_in_kraft_mode(on_kraft: Cluster) -> None:
    foretold(on_kraft, [2, 4])
