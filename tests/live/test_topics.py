"""`ktools topics` on real clusters: both back ends agree, znodes are Kafka 2.8's, failures name their cause."""

import json
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from kafka_tools.backends import open_topics
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.model.topics import TopicDescription
from tests.support.clusters import Cluster, ended
from tests.support.servers import refusing, serving, silent

UNREACHABLE_SECONDS = 8
"""About 5 s, and the start of a process on a busy machine."""


def name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


def wait_until_served(cluster: Cluster, topic: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        rows = json.loads(cluster.run("topics", "--describe", "--topic", topic, "--output", "json").stdout or "[]")
        if rows and all(row["isr"] == row["replicas"] for row in rows):
            return
        time.sleep(0.2)
    raise AssertionError(f"{topic} is not served")


def within(seconds: float, run: Callable[[], subprocess.CompletedProcess[bytes]]) -> subprocess.CompletedProcess[bytes]:
    """Return what came of a run that took less than so many seconds; of two, as the machine may stand still once."""
    for _ in range(2):
        started = time.monotonic()
        ran = run()
        if time.monotonic() - started < seconds:
            return ran
    raise AssertionError(f"not within {seconds} s, twice")


def as_znodes_tell(topic: TopicDescription) -> TopicDescription:
    """Return the topic without what no znode holds: a broker's default."""
    return topic if "min.insync.replicas" in topic.configs else topic._replace(min_isr=None)


def test_both_back_ends_give_the_same_objects(kafka39: Cluster) -> None:
    made = {
        kafka39.topic(1, 1),
        kafka39.topic(7, 3, ["cleanup.policy=compact,delete", "retention.ms=5", "flush.ms=7"]),
        kafka39.topic(5, 2),
    }
    for topic in made:
        wait_until_served(kafka39, topic)
    with open_topics(Brokers(kafka39.bootstrap)) as topics:
        names = sorted(made)  # others make and delete topics of theirs on this cluster meanwhile
        assert made <= {*topics.names()}
        by_brokers, brokers = topics.describe(names), topics.brokers()
    with open_topics(ZooKeeper(kafka39.zookeeper)) as topics:
        assert made <= {*topics.names()}
        assert topics.brokers() == brokers == tuple(BrokerRack(broker, None) for broker in (1, 2, 3))
        by_zookeeper = topics.describe(names)
    assert {topic.min_isr for topic in by_brokers} == {1}  # a broker's default
    assert tuple(map(as_znodes_tell, by_brokers)) == by_zookeeper
    assert {topic.topic for topic in by_brokers} == set(names)


def test_brokers_serve_what_was_created_in_zookeeper(kafka39: Cluster) -> None:
    topic = name()
    configs = ("--config", "retention.ms=60000", "--config", "max.message.bytes=1000")
    counts = ("--partition", "3", "--replication-factor", "3")
    created = kafka39.run("topics", "--zookeeper", kafka39.zookeeper, "--topic", topic, *counts, *configs, "--create")
    assert (created.returncode, created.stdout) == (0, f"Created topic {topic}.\n".encode())
    wait_until_served(kafka39, topic)
    assert kafka39.run("console-producer", "--topic", topic, stdin=b"one\ntwo\n").returncode == 0
    read = kafka39.run("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", "2")
    assert sorted(read.stdout.splitlines()) == [b"one", b"two"]
    too_large = kafka39.run("console-producer", "--topic", topic, stdin=b"x" * 5000)
    assert too_large.returncode == 1


@pytest.mark.parametrize(
    "options",
    [
        "--partitions 1 --replication-factor 4",
        "--partitions 0 --replication-factor 1",
        "--partitions 1 --replication-factor 1 --config nope=1",
        "--partitions 1 --replication-factor 1 --config retention.ms=abc",
        "--replica-assignment 1:9",
    ],
)
@pytest.mark.parametrize("backend", ["--zookeeper", "--bootstrap-server"])
def test_a_refused_topic_leaves_nothing_behind(kafka39: Cluster, zookeeper: Any, backend: str, options: str) -> None:
    topic = name()
    address = kafka39.zookeeper if backend == "--zookeeper" else kafka39.bootstrap
    refused = kafka39.run("topics", backend, address, "--create", "--topic", topic, *options.split())
    assert refused.returncode == 1
    assert refused.stdout.startswith(b"Error while executing topic command : ")
    assert refused.stdout.count(b"\n") == 1
    assert zookeeper.exists(f"/brokers/topics/{topic}") is None
    assert zookeeper.exists(f"/config/topics/{topic}") is None


def test_reading_creates_nothing(kafka39: Cluster, zookeeper: Any) -> None:
    topic = name()
    for argv in (["--describe", "--topic", topic], ["--list", "--topic", topic]):
        kafka39.run("topics", *argv)
    assert kafka39.run("console-consumer", "--topic", topic, "--timeout-ms", "2000").returncode == 1
    assert kafka39.run("console-producer", "--topic", topic, stdin=b"lost?\n").returncode == 1
    assert zookeeper.exists(f"/brokers/topics/{topic}") is None


def test_the_sandbox_or_the_environment_name_the_cluster(kafka39: Cluster) -> None:
    assert kafka39.run("topics", "--list").returncode == 0
    topic = kafka39.topic().encode()
    by_environment = kafka39.run("topics", "--list", env={"KTOOLS_ZOOKEEPER": kafka39.zookeeper})
    assert topic in by_environment.stdout.split(), by_environment.stderr


@pytest.mark.parametrize(
    ("backend", "host", "cause"),
    [
        ("--bootstrap-server", "127.0.0.1", "connection refused"),
        ("--zookeeper", "127.0.0.1", "connection refused"),
        ("--bootstrap-server", "nohost.invalid", "the name nohost.invalid does not resolve"),
        ("--zookeeper", "nohost.invalid", "the name nohost.invalid does not resolve"),
    ],
)
def test_an_unreachable_cluster_names_its_cause_in_about_5_seconds(
    kafka39: Cluster, backend: str, host: str, cause: str
) -> None:
    with refusing() as port:
        listing = ("topics", backend, f"{host}:{port}", "--list")
        answer = within(UNREACHABLE_SECONDS, lambda: kafka39.run(*listing))
    assert answer.returncode == 1
    assert answer.stdout.startswith(b"Error while executing topic command : cannot reach ")
    assert f"({cause})" in answer.stdout.decode()
    assert answer.stdout.count(b"\n") == 1
    assert answer.stderr.count(b"\n") == 1


@pytest.mark.parametrize("backend", ["--zookeeper", "--bootstrap-server"])
def test_ctrl_c_ends_the_wait_at_once(kafka39: Cluster, backend: str) -> None:
    assert any(seconds_from_ctrl_c_to_the_end(kafka39, backend) < 2 for _ in range(2))  # the machine may stand still


def seconds_from_ctrl_c_to_the_end(cluster: Cluster, backend: str) -> float:
    asked = threading.Event()

    def mute(connection: socket.socket) -> None:
        if connection.recv(4096):
            asked.set()
        silent(connection)

    with serving(mute) as port:
        listing = ("topics", backend, f"127.0.0.1:{port}", "--list")
        with ended(cluster.popen(*listing, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as process:
            assert asked.wait(30)
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
            assert process.communicate(timeout=30) == (b"", b"")
            assert process.returncode == 130
            return time.monotonic() - started


def test_zookeeper_option_with_a_broker_of_kafka_4(kafka4: Cluster) -> None:
    answer = within(UNREACHABLE_SECONDS, lambda: kafka4.run("topics", "--zookeeper", kafka4.bootstrap, "--list"))
    assert answer.returncode == 1
    assert b"this is not a ZooKeeper server" in answer.stdout
    assert b"Kafka 4 has no ZooKeeper: its brokers are asked by --bootstrap-server" in answer.stderr


def test_kafka_4_on_brokers(kafka4: Cluster) -> None:
    topic = kafka4.topic(3, 1, ["retention.ms=60000"])
    described = kafka4.run("topics", "--describe", "--topic", topic, "--output", "json")
    rows = json.loads(described.stdout)
    assert [(row["partition"], row["isr"], row["configs"]["retention.ms"]) for row in rows] == [
        (partition, [row["leader"]], "60000") for partition, row in enumerate(rows)
    ]
    assert len(rows) == 3


def test_kafka_2_8_on_both_back_ends(kafka28: Cluster) -> None:
    topic = kafka28.topic(3, 1, ["retention.ms=60000"])
    wait_until_served(kafka28, topic)
    with open_topics(Brokers(kafka28.bootstrap)) as topics:
        by_brokers = topics.describe([topic])
    with open_topics(ZooKeeper(kafka28.zookeeper)) as topics:
        by_zookeeper = topics.describe([topic])
    assert by_brokers[0].partitions == by_zookeeper[0].partitions
    assert by_brokers[0].configs == by_zookeeper[0].configs == {"retention.ms": "60000"}


def test_a_chroot_without_a_cluster(kafka39: Cluster, zookeeper: Any) -> None:
    connect = f"{kafka39.zookeeper}/nothing-here"
    listed = kafka39.run("topics", "--zookeeper", connect, "--list")
    assert (listed.returncode, listed.stdout) == (1, b"")
    assert b"No Kafka cluster keeps its topics here" in listed.stderr
    argv = ("--create", "--topic", "t", "--replica-assignment", "1", "--force")
    refused = kafka39.run("topics", "--zookeeper", connect, *argv)
    assert refused.returncode == 1
    assert b"No Kafka cluster keeps its topics here" in refused.stderr
    assert zookeeper.exists("/nothing-here") is None


def test_a_reader_that_goes_away(kafka39: Cluster) -> None:
    kafka39.topic()
    with kafka39.popen("topics", "--describe", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (0, b"")
