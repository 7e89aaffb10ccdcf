"""`ktools zookeeper` on a cluster that is busy and well, and on one that is damaged in every way that it names."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewTopic
from kazoo.client import KazooClient

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.agreement import MADE_TWICE_MS
from kafka_tools.sandbox import state_file
from kafka_tools.zookeeper.diagnosis import NoQuorumError, ask
from tests.support.clusters import Cluster, sandbox
from tests.support.servers import refusing
from tests.support.waiting import wait_until

Row = dict[str, Any]


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three ZooKeeper servers and three brokers, to be damaged; the tests of this file follow on each other."""
    yield from sandbox(tmp_path_factory.mktemp("mortal"), "--zookeepers", "3", "--brokers", "3")


@pytest.fixture(scope="module")
def kazoo(mortal: Cluster) -> Iterator[Any]:
    client = KazooClient(mortal.zookeeper)
    client.start()
    yield client
    client.stop()
    client.close()


def rows(cluster: Cluster, *argv: str, status: int = 0) -> list[Row]:
    ran = cluster.run("zookeeper", *argv, "--zookeeper", cluster.zookeeper, "--output", "json")
    assert ran.returncode == status, ran.stdout + ran.stderr
    found: list[Row] = json.loads(ran.stdout)
    return found


def differences(cluster: Cluster, status: int = 1) -> dict[tuple[str, str], Row]:
    """Return what differs for good, by what it is and of what."""
    found = rows(cluster, "--check", "--bootstrap-server", cluster.bootstrap, status=status)
    return {(row["kind"], row["subject"]): row for row in found if row["state"] == "differs"}


def test_tables_of_a_cluster_that_is_well(mortal: Cluster, kazoo: Any) -> None:
    mortal.topic(partitions=3, replication_factor=3)
    found: dict[str, list[Row]] = {}
    for row in rows(mortal):
        found.setdefault(row["section"], []).append(row)
    assert sorted(row["facts"]["mode"] for row in found["server"]) == ["follower", "follower", "leader"]
    assert [row["facts"]["role"] for row in found["member"]] == ["participant"] * 3
    [controller] = found["controller"]
    assert controller["name"] == str(json.loads(kazoo.get("/controller")[0])["brokerid"])
    assert controller["facts"]["epoch"] == int(kazoo.get("/controller_epoch")[0])
    listeners = [row["facts"]["listeners"] for row in found["broker"]]
    assert listeners == [[f"PLAINTEXT://{each}"] for each in mortal.bootstrap.split(",")]
    ran = mortal.run("zookeeper", "--output", "table")
    shown = ran.stdout.decode()
    assert ran.stderr == b""
    assert "3 of 3 servers serve, 2 needed: 1 may still fail" in shown


def test_no_false_alarm_while_topics_come_and_go_and_leaders_move(mortal: Cluster) -> None:
    admin, ended = mortal.admin(), threading.Event()
    movable = mortal.topic(partitions=6, replication_factor=2)

    def churn() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            name = f"busy-{number}"
            with suppress(KafkaException):
                for future in admin.create_topics([NewTopic(name, 3, 2, config={"retention.ms": "5"})]).values():
                    future.result(20)
                for each in admin.delete_topics([name], operation_timeout=20).values():
                    each.result(20)

    def move() -> None:
        for order in ((1, 2), (2, 1)):
            moves = [{"topic": movable, "partition": each, "replicas": [*order]} for each in range(6)]
            plan = mortal.home / "move.json"
            plan.write_text(json.dumps({"version": 1, "partitions": moves}))
            argv = ("--reassignment-json-file", str(plan), "--execute", "--bootstrap-server", mortal.bootstrap)
            mortal.run("reassign-partitions", *argv)
            mortal.run("leader-election", "--election-type", "preferred", "--all-topic-partitions")

    threads = [threading.Thread(target=work, daemon=True) for work in (churn, move)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            assert differences(mortal, status=0) == {}
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)


def test_the_brokers_that_are_registered_are_asked_where_none_are_named(mortal: Cluster) -> None:
    ran = mortal.run("zookeeper", "--check", "--zookeeper", mortal.zookeeper)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.startswith(b"ZooKeeper has what the brokers answer: 3 brokers, ")


def edited(kazoo: Any, path: str, **fields: Any) -> None:
    """Change fields of a znode behind the brokers' backs."""
    kazoo.set(path, json.dumps(json.loads(kazoo.get(path)[0]) | fields).encode())


def test_znodes_that_were_changed_by_hand(mortal: Cluster, kazoo: Any) -> None:
    led, moved, deleted, told = (mortal.topic(partitions=2, replication_factor=3) for _ in range(4))
    edited(kazoo, f"/brokers/topics/{led}/partitions/0/state", leader=-1, isr=[2], leader_epoch=77)
    replicas = json.loads(kazoo.get(f"/brokers/topics/{moved}")[0])["partitions"]
    edited(kazoo, f"/brokers/topics/{moved}", partitions=replicas | {"1": replicas["1"][:2]}, topic_id="A" * 22)
    kazoo.delete(f"/brokers/topics/{deleted}", recursive=True)
    kazoo.create("/config/topics/left-over", b'{"version":1,"config":{"retention.ms":"7"}}')
    kazoo.create("/config/brokers/1", b'{"version":1,"config":{"log.cleaner.threads":"3"}}')
    kazoo.create("/brokers/topics/orphan", b'{"version":3,"partitions":{"0":[99]},"topic_id":"BBBBBBBBQBCBBBBBBBBBBQ"}')
    made_ms = kazoo.exists(f"/brokers/topics/{told}").created * 1000
    wait_until(lambda: time.time() * 1000 > made_ms + MADE_TWICE_MS, "what changes the topic did not make it")
    kazoo.set(f"/config/topics/{told}", b'{"version":1,"config":{"retention.ms":"7"}}')
    with refusing() as closed:
        nobody = f'{{"endpoints":["PLAINTEXT://127.0.0.1:{closed}"],"listener_security_protocol_map":{{"PLAINTEXT":'
        nobody += f'"PLAINTEXT"}},"host":"127.0.0.1","port":{closed},"jmx_port":-1,"version":5,"features":{{}}}}'
        kazoo.create("/brokers/ids/7", nobody.encode())
    kazoo.create("/brokers/topics/nonsense/partitions/0/state", b"{}", makepath=True)
    every = rows(mortal, "--check", "--bootstrap-server", mortal.bootstrap, status=1)
    found = {(row["kind"], row["subject"]): row for row in every if row["state"] == "differs"}
    assert ("new topic", "orphan") in {(row["kind"], row["subject"]) for row in every}
    kazoo.delete("/brokers/ids/7")  # the controller would give it replicas
    assert {
        ("leader", f"{led}-0"),
        ("in-sync replicas", f"{led}-0"),
        ("leader epoch", f"{led}-0"),
        ("replicas", f"{moved}-1"),
        ("topic id", moved),
        ("topic", deleted),
        ("config change", f"topics/{told}"),
        ("config change", "brokers/1"),
        ("configs without a topic", "left-over"),
        ("broker config", "broker 1"),
        ("broker gives no answer", "broker 7"),
        ("broker with replicas", "broker 99"),
    } <= found.keys()
    assert found["replicas", f"{moved}-1"]["who"] == [1, 2, 3]
    assert found["topic", deleted]["zookeeper"] == "no znode"
    # Nothing but what was damaged: the topics of the other tests are there as before.
    assert not [subject for kind, subject in found if kind in ("leader", "in-sync replicas") and led not in subject]


def test_a_broker_a_controller_and_a_server_that_are_gone(mortal: Cluster, kazoo: Any) -> None:
    wait_until(lambda: sorted(mortal.admin().list_topics(timeout=10).brokers) == [1, 2, 3], "nobody else gets replicas")
    controller = json.loads(kazoo.get("/controller")[0])["brokerid"]
    victim = next(broker for broker in (3, 2) if broker != controller)
    stuck = mortal.topic(partitions=1, replication_factor=3)
    kill(mortal, f"broker-{victim}")
    wait_until(lambda: kazoo.exists(f"/brokers/ids/{victim}") is None, "its session ends")
    wait_until(lambda: victim not in in_sync(kazoo, stuck), "the controller has noticed")
    take_controller(kazoo)
    kazoo.create(f"/admin/delete_topics/{stuck}")
    server = mortal.zookeeper.partition(",")[0]
    kill(mortal, "zookeeper-1")
    wait_until(lambda: not accepts(server), "the server is gone")
    found = differences(mortal)
    assert found["controller", "controller"]["zookeeper"] == "broker 99, which is not registered"
    assert f"replicas on {victim}" in found["topic deletion", stuck]["zookeeper"]
    assert ("broker with replicas", f"broker {victim}") in found
    assert ("ZooKeeper server", server) in found


def kill(cluster: Cluster, name: str) -> None:
    """Kill a server, if it lives, without waiting for the others to notice."""
    kept = state_file.load(cluster.home)
    assert kept is not None
    server = next(each for each in (*kept.zookeepers, *kept.brokers) if each.name == name)
    if server.process is not None and state_file.alive(server, cluster.home):
        os.kill(server.process.pid, signal.SIGKILL)


def take_controller(kazoo: Any) -> None:
    """Put a controller that is not there in the place of the true one, in one step: nobody is elected between."""
    both = kazoo.transaction()
    both.delete("/controller")
    both.create("/controller", b'{"version":2,"brokerid":99,"timestamp":"1","kraftControllerEpoch":-1}')
    assert not [each for each in both.commit() if isinstance(each, Exception)]


def accepts(server: str) -> bool:
    host, port = server.split(":")
    with suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False


def in_sync(kazoo: Any, topic: str) -> list[int]:
    isr: list[int] = json.loads(kazoo.get(f"/brokers/topics/{topic}/partitions/0/state")[0])["isr"]
    return isr


def test_a_quorum_that_is_lost(mortal: Cluster) -> None:
    for name in ("zookeeper-1", "zookeeper-2"):
        kill(mortal, name)
    host, port = mortal.zookeeper.rpartition(",")[2].split(":")
    wait_until(lambda: not serves((host, int(port))), "the last server notices")
    ran = mortal.run("zookeeper", "--zookeeper", mortal.zookeeper, "--output", "table")
    assert ran.returncode == 1
    assert b"no quorum at " in ran.stderr
    shown = ran.stdout.decode()
    assert "0 of 3 serves" in shown or "1 of 3 servers serve, 2 needed" in shown or "0 of 3 servers serve" in shown
    assert len([row for row in differences(mortal) if row[0] == "ZooKeeper server"]) == 3


def serves(server: tuple[str, int]) -> bool:
    try:
        ask(server, None, 5)
    except NoQuorumError:
        return False
    except KafkaToolError:
        return True
    return True
