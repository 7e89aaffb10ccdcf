"""ktools zookeeper: what the znodes mean, for programs, scripts and people."""

import json
import re
from time import time

import pytest
from click.testing import CliRunner

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import cli
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.zookeeper_state import (
    Features,
    KeptBroker,
    KeptController,
    KeptGroup,
    Member,
    Migration,
    Queue,
    Waiting,
    ZooKeeperState,
)
from kafka_tools.render import OutputOptions
from kafka_tools.render.structured import as_json
from kafka_tools.tools.zookeeper.views import report
from kafka_tools.zookeeper.diagnosis import Server
from kafka_tools.zookeeper.documents import MalformedZnodeError
from tests.support.drawing import drawn
from tests.support.servers import refusing, saying, serving

NOW = int(time() * 1000)
ZK1, ZK2, ZK3 = ("zk1", 2181), ("zk2", 2181), ("zk3", 2181)
LEADS = Server("leader", "3.8.4", 0.001, (0.0, 1.25, 30.0), 4, 0, "0x100000042", 30)
FOLLOWS, DOWN = LEADS._replace(mode="follower"), KafkaToolError("connection refused")
MEMBERS = tuple(Member(number, f"zk{number}:2888", True) for number in (1, 2, 3))
BROKERS = {each: KeptBroker(each, (f"SSL://b{each}:9093",), None, NOW - 60_000) for each in (1, 2)}
WELL = ZooKeeperState("c", KeptController(1, NOW - 60_000), 3, BROKERS, 2, 5, features=Features(True, {}))


def seen(state: ZooKeeperState, width: int = 160) -> str:
    made = report("zk1:2181", {ZK1: FOLLOWS, ZK2: LEADS, ZK3: FOLLOWS}, MEMBERS, state)
    assert made.tables is not None
    return "\n".join(drawn(list(made.tables()), width))


def test_a_cluster_that_is_well() -> None:
    shown = seen(WELL)
    assert "leader zk2:2181" in shown
    assert "3 of 3 servers serve, 2 needed: 1 may still fail" in shown
    assert re.search("controller 1 for [^,]+, epoch 3", shown)
    assert next(line for line in shown.splitlines() if "zk1:2181  " in line and "follower" in line).split()[:4] == [
        "zk1:2181",
        "1",
        "follower",
        "1.2",
    ]
    made = report("zk1:2181", {ZK1: LEADS}, (), WELL)
    assert (made.status, made.failure, list(made.notes)) == (0, None, [])


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (WELL._replace(controller=None), "no broker is the controller"),
        (WELL._replace(controller=KeptController(9, NOW)), "broker 9 is the controller, and is not registered"),
        (WELL._replace(absent={3: 12}), "not registered, has 12 replicas"),
        (WELL._replace(deletions=(Waiting("orders", NOW - 90_000),)), "topics being deleted"),
        (WELL._replace(reassignments={TopicPartition("orders", 0): "+3 -1"}), "orders-0 (+3 -1)"),
        (WELL._replace(elections=(Waiting("orders-1", NOW),)), "orders-1"),
        (
            WELL._replace(queues=(Queue("/isr_change_notification", 2, NOW - 90_000),)),
            "the controller has not read them",
        ),
        (WELL._replace(old_groups=(KeptGroup("old", 2, 1),)), "old (2 members)"),
        (WELL._replace(features=Features(False, {})), "disabled"),
        (WELL._replace(migration=Migration(-1, -1, -1, -1)), "not begun"),
        (WELL._replace(cluster_id=MalformedZnodeError("/cluster/id", "it has no id")), "/cluster/id is not as Kafka"),
    ],
)
def test_what_is_not_quiet(state: ZooKeeperState, words: str) -> None:
    assert words in seen(state)


def test_a_migration_to_kraft() -> None:
    """In it a KRaft controller is the controller, and no broker need be registered under its id."""
    shown = seen(WELL._replace(controller=KeptController(3000, NOW, 7), migration=Migration(3000, 7, 4711, 2)))
    assert "KRaft controller 3000" in shown
    assert "not registered" not in shown
    assert "controller 3000 writes here what its log says, up to offset 4711" in shown
    assert "a broker is the controller" in seen(WELL._replace(migration=Migration(3000, 7, 4711, 2)))


def test_a_queue_that_all_brokers_read_may_be_old() -> None:
    shown = seen(WELL._replace(queues=(Queue("/config/changes", 3, NOW - 9_000_000),)))
    assert "config changes" in shown
    assert "the controller has not read them" not in shown


def test_lines_and_documents() -> None:
    state = WELL._replace(migration=Migration(3000, 7, 4711, 2), absent={3: 12})
    made = report("zk1:2181", {ZK1: FOLLOWS, ZK2: DOWN}, MEMBERS, state)
    lines = [line.split("\t") for line in made.plain]
    assert {len(line) for line in lines} == {4}
    assert lines[1] == ["server", "zk2:2181", "-", "id=2 error=connection refused"]
    assert ["controller", "1", str(NOW - 60_000), "epoch=3"] in lines
    assert ["absent broker", "3", "-", "replicas=12"] in lines
    rows = {(row["section"], row["name"]): row for row in json.loads(as_json(made, OutputOptions()))}
    assert rows["server", "zk1:2181"]["facts"]["latency_ms"] == [0.0, 1.25, 30.0]
    assert rows["broker", "1"]["facts"] == {"listeners": ["SSL://b1:9093"], "rack": None}


def test_znodes_that_kafka_did_not_write() -> None:
    made = report("zk1:2181", {ZK1: LEADS}, (), WELL._replace(malformed=(MalformedZnodeError("/x", "it has no id"),)))
    assert (made.status, list(made.notes)) == (1, ["The znode /x is not as Kafka writes it: it has no id."])


def test_servers_without_a_quorum_are_shown_all_the_same() -> None:
    gone = b"This ZooKeeper instance is not currently serving requests\n"
    with serving(saying(gone)) as port, refusing() as closed:
        result = CliRunner().invoke(cli, ["zookeeper", "--zookeeper", f"127.0.0.1:{port},127.0.0.1:{closed}"])
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first == f"server\t127.0.0.1:{port}\t-\terror=it runs, but does not serve: there is no quorum"
    assert second == f"server\t127.0.0.1:{closed}\t-\terror=connection refused"
    assert "no quorum at" in result.stderr
