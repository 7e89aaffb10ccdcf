"""`ktools doctor` on clusters that are well, and on one that loses its servers one by one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.diagnosis import NoQuorumError, ask
from tests.support.clusters import Cluster, sandbox
from tests.support.forwarding import forwarded
from tests.support.servers import refusing
from tests.support.waiting import until

Row = dict[str, Any]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with three ZooKeeper servers and two brokers, to be killed."""
    yield from sandbox(tmp_path_factory.mktemp("mortal"), "--zookeepers", "3", "--brokers", "2")


def examined(cluster: Cluster, *argv: str, status: int = 0) -> dict[str, list[Row]]:
    """Return what the doctor finds, by check."""
    ran = cluster.run("doctor", *argv, "--output", "json")
    assert ran.returncode == status, ran.stdout + ran.stderr
    assert (ran.stderr == b"") == (status == 0), ran.stderr
    found: dict[str, list[Row]] = {}
    for row in json.loads(ran.stdout):
        found.setdefault(row["check"], []).append(row)
    return found


def states(rows: list[Row]) -> list[str]:
    return [row["state"] for row in rows]


def test_both_roads_into_a_cluster_that_is_well(kafka39: Cluster) -> None:
    found = examined(kafka39)
    assert {row["state"] for rows in found.values() for row in rows} == {"ok", "not used"}
    assert states(found["API versions"]) == ["ok"] * 3
    brokers = [row for name, rows in found.items() if name.startswith("broker ") for row in rows]
    assert sorted(row["where"] for row in brokers) == sorted(kafka39.bootstrap.split(","))
    assert all(row["ms"] > 0 for row in brokers)
    first, second = found["cluster id"]
    assert first["found"] == second["found"]
    alone = examined(kafka39, "--zookeeper", kafka39.zookeeper)
    assert alone["controller"] == found["controller"]
    assert len([name for name in alone if name.startswith("broker ")]) == 3


def test_nothing_is_made_by_looking(mortal: Cluster) -> None:
    found = examined(mortal)
    examined(mortal, "--zookeeper", mortal.zookeeper)
    assert states(found["__consumer_offsets"]) == ["ok"]
    assert mortal.admin().list_topics(timeout=10).topics == {}


def test_controllers_without_zookeeper(kafka4: Cluster) -> None:
    found = examined(kafka4)
    assert states(found["controller"]) == ["ok"]
    assert found["controller quorum"][0]["found"] == "3 of 3 controllers serve, 2 needed: 1 may still fail"
    assert not [name for name in found if name.startswith("ZooKeeper")]


def test_plain_lines(kafka4: Cluster) -> None:
    ran = kafka4.run("doctor", "--bootstrap-server", kafka4.bootstrap.partition(",")[0])
    lines = [line.split("\t") for line in ran.stdout.decode().splitlines()]
    assert {len(line) for line in lines} == {5}
    assert [line[0] for line in lines][:6] == ["resolve", "connect", "TLS", "API versions", "SASL", "cluster id"]


def test_a_broker_that_is_advertised_in_vain(kafka39: Cluster) -> None:
    with refusing() as closed, forwarded(kafka39, {kafka39.bootstrap.split(",")[1]: closed}) as server:
        found = examined(kafka39, "--bootstrap-server", server, status=1)
        ran = kafka39.run("doctor", "--bootstrap-server", server)
    assert [states(found[f"broker {broker}"]) for broker in (1, 2, 3)] == [["ok"], ["failed"], ["ok"]]
    cause = f"broker 2 at 127.0.0.1:{closed} failed: connection refused; {server} advertises it there.\n"
    assert ran.stderr.decode() == f"ktools: {cause}{found['broker 2'][0]['advice']}\n"


def test_servers_die_one_by_one(mortal: Cluster) -> None:
    to = ("--bootstrap-server", mortal.bootstrap, "--zookeeper", mortal.zookeeper)
    mortal.topic(partitions=4, replication_factor=2)
    found = examined(mortal, *to)
    assert found["ZooKeeper quorum"][0]["found"] == "3 of 3 servers serve, 2 needed: 1 may still fail"
    first, second, third = mortal.zookeeper.split(",")
    two = f"{first},{second}"
    assert "3 servers vote" in examined(mortal, "--zookeeper", two)["ZooKeeper quorum"][0]["found"]

    kill(mortal, "zookeeper-1")
    assert until(lambda: serves(second) is serves(third) is True, 30), "the others elect a leader"
    found = examined(mortal, *to, status=1)
    assert states(found["ZooKeeper server"]) == ["failed", "ok", "ok"]
    assert states(found["ZooKeeper quorum"]) == ["at risk"]
    assert states(found["ZooKeeper session"]) == ["ok"]

    kill(mortal, "broker-2")
    kill(mortal, "zookeeper-2")
    assert until(lambda: serves(third) is False, 30), "the last server notices in its own time"
    found = examined(mortal, *to, status=1)
    assert states(found["connect"]) == ["ok", "failed"]
    assert states(found["broker 2"]) == ["failed"]
    assert states(found["ZooKeeper session"]) == states(found["ZooKeeper quorum"]) == ["failed"]
    assert "there is no quorum" in found["ZooKeeper server"][2]["found"]
    listed = mortal.run("topics", "--list", "--zookeeper", mortal.zookeeper)
    assert listed.returncode == 1
    assert b"no quorum at " in listed.stdout

    kill(mortal, "broker-1")
    found = examined(mortal, *to, status=1)
    assert states(found["connect"]) == ["failed", "failed"]
    assert {state for name in ("cluster id", "broker", "__consumer_offsets") for state in states(found[name])} == {
        "not run"
    }


def serves(server: str) -> bool | None:
    """Return whether it has a quorum; None while it cannot be asked."""
    host, _, port = server.partition(":")
    try:
        ask((host, int(port)), None, 5)
    except NoQuorumError:
        return False
    except KafkaToolError:
        return None
    return True


def kill(cluster: Cluster, server: str) -> None:
    assert cluster.run("sandbox", "kill", server).returncode == 0
