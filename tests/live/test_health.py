"""`ktools health` on clusters that are well, and on damages made for real: each is named, with what to do about it."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import NewTopic

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import Address
from kafka_tools.sandbox import state_file
from kafka_tools.sandbox.plan import free_block
from kafka_tools.wire.session import WireSession
from kafka_tools.zookeeper.diagnosis import ask
from tests.support import oracle
from tests.support.brokers import leader
from tests.support.clusters import Cluster, ended, sandbox
from tests.support.java import java_server
from tests.support.reassignment import reassign, replicas_of
from tests.support.waiting import wait_until

Row = dict[str, Any]
BLOCK = b"x" * 9999 + b"\n"
MEGABYTES = 6
"""A replica that is throttled takes its first fetch, which is up to 1 MiB, all the same (Kafka 3.9)."""

RESTART_SECONDS = 180
"""How long a broker may take to end and to start: a few seconds, on a machine that is overloaded a minute."""

FULL_SEGMENT = 1_650_000_000
RATES = "leader.replication.throttled.rate=1,follower.replication.throttled.rate=1"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 3.9 with three ZooKeeper servers and three brokers, of which the third has two directories."""
    for cluster in sandbox(tmp_path_factory.mktemp("damaged"), "--zookeepers", "3", "--brokers", "3"):
        properties = cluster.home / "broker-3" / "server.properties"
        text = properties.read_text()
        data = str(cluster.home / "broker-3" / "data")
        properties.write_text(text.replace(f"log.dirs={data}", f"log.dirs={data},{data}2"))
        make(cluster, "orders", [[1, 2, 3], [2, 3, 1], [3, 1, 2]], min_insync_replicas="2")
        yield cluster


def examined(cluster: Cluster, *argv: str) -> tuple[list[Row], int]:
    """Return what is found that is not ok, and the status."""
    ran = cluster.run("health", *argv, "--output", "json", timeout=90)
    assert ran.stderr == b"", ran.stderr
    rows = [row for row in json.loads(ran.stdout) if row["severity"] != "ok"]
    assert all(row["advice"] and row["command"].startswith("ktools ") for row in rows if row["severity"] != "note")
    return rows, ran.returncode


def until_found(cluster: Cluster, check: str, *argv: str) -> tuple[list[Row], int]:
    """Look until a check finds something, and return all that is found then."""
    looks: list[tuple[list[Row], int]] = []

    def is_found() -> bool:
        looks.append(examined(cluster, *argv))
        return check in {row["check"] for row in looks[-1][0]}

    wait_until(is_found, f"{check} is named")
    return looks[-1]


def named(rows: list[Row], check: str, subject: str = "") -> Row:
    """Return the only finding of a check, or the one of this subject."""
    found = [row for row in rows if row["check"] == check and subject in ("", row["subject"])]
    assert len(found) == 1, (check, subject, rows)
    return found[0]


def severities(rows: list[Row]) -> dict[tuple[str, str], str]:
    return {(row["check"], row["subject"]): row["severity"] for row in rows}


def make(cluster: Cluster, topic: str, assignment: list[list[int]], **configs: str) -> None:
    """Create a topic with these replicas, known to all brokers."""
    config = {name.replace("_", "."): value for name, value in configs.items()}
    admin = cluster.admin()  # it lives until its answer is there
    wanted = NewTopic(topic, len(assignment), replica_assignment=assignment, config=config)
    [made] = admin.create_topics([wanted]).values()
    made.result(60)
    for server in cluster.bootstrap.split(","):
        with WireSession(server) as session:
            wait_until(lambda at=session: len(replicas_of(at, topic)) == len(assignment), f"{server} knows {topic}")


def ktools(cluster: Cluster, *argv: str, stdin: bytes = b"") -> None:
    ran = cluster.run(*argv, stdin=stdin, timeout=120)
    assert ran.returncode == 0, (argv, ran.stdout, ran.stderr)


def throttle(cluster: Cluster, change: str) -> None:
    """Set (--add-config) or delete the throttles of brokers 1 and 3."""
    names = RATES if change == "--add-config" else RATES.replace("=1", "")
    for broker in ("1", "3"):
        ktools(cluster, "configs", "--alter", "--entity-type", "brokers", "--entity-name", broker, change, names)


def process_of(cluster: Cluster, name: str) -> int:
    """Return the id of a server's process, 0 where it does not run."""
    kept = state_file.load(cluster.home)
    assert kept is not None
    [server] = [server for server in kept.servers if server.name == name]
    return server.process.pid if server.process and state_file.alive(server, cluster.home) else 0


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Have a process hang, as one on a machine without memory does."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_no_alarm_and_what_needs_no_death(damaged: Cluster) -> None:
    cluster = damaged
    to_zookeeper = ("--zookeeper", cluster.zookeeper)
    assert examined(cluster) == ([], 0)
    assert examined(cluster, *to_zookeeper) == ([], 0)
    assert cluster.run("health", "--before-restart", "1").returncode == 0
    server = cluster.zookeeper.partition(",")[0]
    assert cluster.run("health", "--before-restart", server).returncode == 0

    make(cluster, "__transaction_state", [[2]])
    make(cluster, "impossible", [[1]], min_insync_replicas="2")
    make(cluster, "skewed", [[1, 2]] * 30)
    reassign(cluster, "orders", [[2, 1, 3], [2, 3, 1], [3, 1, 2]])
    throttle(cluster, "--add-config")
    entity = ("--entity-type", "topics", "--entity-name", "orders")
    ktools(cluster, "configs", "--alter", *entity, "--add-config", "follower.replication.throttled.replicas=*")
    expected = {
        ("internal topics", "topic __transaction_state"): "warning",
        ("min ISR", "topic impossible"): "warning",
        ("leader skew", "broker 1"): "warning",
        ("throttles", "broker 1"): "warning",
        ("throttles", "broker 3"): "warning",
        ("throttles", "topics"): "warning",
        ("preferred leaders", "partitions"): "note",
    }
    rows, status = examined(cluster)
    assert (severities(rows), status) == (expected, 1)
    assert named(rows, "preferred leaders")["partitions"] == ["orders-0"]
    by_zookeeper, status = examined(cluster, *to_zookeeper)
    # Whether a topic has fewer replicas than min ISR is known where it has one of its own.
    assert (severities(by_zookeeper), status) == (expected | {("min ISR", "topics"): "note"}, 1)
    heal(cluster, rows)
    assert severities(examined(cluster)[0]).keys() == expected.keys() - {
        *(key for key in expected if key[0] in ("throttles", "preferred leaders")),
        ("min ISR", "topic impossible"),
    }
    ktools(cluster, "topics", "--delete", "--topic", "skewed|__transaction_state")


def heal(cluster: Cluster, rows: list[Row]) -> None:
    """Type what the findings recommend, where that changes something."""
    for row in rows:
        words = row["command"].split()[1:]
        if words[0] == "configs" or words[0] == "leader-election":
            ktools(cluster, *words)


def found(cluster: Cluster, check: str) -> list[dict[str, Any]]:
    """Return the findings of one check."""
    return [row for row in examined(cluster)[0] if row["check"] == check]


def test_a_broker_that_hangs_dies_and_comes_back_slowly(damaged: Cluster, tmp_path: Path) -> None:
    cluster = damaged
    make(cluster, "lonely", [[3]])
    make(cluster, "strict", [[1, 2, 3]], min_insync_replicas="3")
    make(cluster, "thick", [[1]])
    ktools(cluster, "console-producer", "--topic", "thick", stdin=BLOCK * (100 * MEGABYTES))
    throttle(cluster, "--add-config")
    entity = ("--entity-type", "topics", "--entity-name", "thick")
    replicas = "leader.replication.throttled.replicas=*,follower.replication.throttled.replicas=*"
    ktools(cluster, "configs", "--alter", *entity, "--add-config", replicas)
    plan = tmp_path / "plan.json"
    moves = [{"topic": "thick", "partition": 0, "replicas": [1, 3]}]
    plan.write_text(json.dumps({"version": 1, "partitions": moves}))
    moving = ("--reassignment-json-file", str(plan))
    ktools(cluster, "reassign-partitions", "--execute", *moving)
    rows, status = examined(cluster)
    assert (named(rows, "reassignments")["severity"], status) == ("note", 0), rows

    with stopped(process_of(cluster, "broker-3")):
        rows, status = examined(cluster)
        assert "broker 3" in {row["subject"] for row in rows}, rows
        assert status == 2
    assert cluster.run("sandbox", "kill", "broker-3").returncode == 0
    rows, status = examined(cluster)
    assert ("brokers", "broker 3") in severities(rows)
    assert cluster.run("health", "--before-restart", "1").returncode == 2
    # Every broker hears of it in its own time, of one partition after the other.
    wait_until(lambda: found(cluster, "leaders") and len(found(cluster, "min ISR")) == 2, "all have heard")

    rows, status = examined(cluster)
    assert status == 2
    assert named(rows, "leaders")["partitions"] == ["lonely-0"]
    assert named(rows, "leaders")["command"] == "ktools sandbox start 3"
    assert "no leader until broker 3 is back" in named(rows, "leaders")["found"]
    assert named(rows, "brokers", "broker 3")["severity"] == "warning"
    ours = [row for row in rows if row["check"] == "min ISR"]
    assert [(row["severity"], row["partitions"]) for row in ours] == [
        ("critical", ["strict-0"]),
        ("warning", ["orders-0", "orders-1", "orders-2"]),
    ]
    stuck = named(rows, "reassignments")
    assert (stuck["severity"], stuck["partitions"]) == ("warning", ["thick-0"])
    assert "waits for broker 3" in stuck["found"]
    assert not [row for row in rows if row["check"] == "throttles"], "the reassignment needs them"
    by_zookeeper, _ = examined(cluster, "--zookeeper", cluster.zookeeper)
    seen = {(row["check"], tuple(row["partitions"])) for row in by_zookeeper}
    assert seen >= {("leaders", ("lonely-0",)), ("reassignments", ("thick-0",))}
    may = examined(cluster, "--before-restart", "1")
    assert may[1] == 2
    assert {"orders-0", "orders-1", "orders-2"} <= {name for row in may[0] for name in row["partitions"]}

    ktools(cluster, "reassign-partitions", "--cancel", *moving, "--preserve-throttles")
    # A follower that must catch up, and may not.
    ktools(cluster, "console-producer", "--topic", "orders", stdin=BLOCK * (300 * MEGABYTES))
    entity = ("--entity-type", "topics", "--entity-name", "orders")
    ktools(cluster, "configs", "--alter", *entity, "--add-config", replicas)
    with ended(
        cluster.popen("sandbox", "start", "broker-3", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ) as up:
        wait_until(lambda: leader(cluster, "lonely") == 3, "broker 3 is back", RESTART_SECONDS)
        throttled = {"broker 1", "broker 3", "topics"}
        wait_until(
            lambda: {row["subject"] for row in found(cluster, "throttles")} == throttled, "broker 3 has its configs"
        )
        rows, _ = examined(cluster)
        assert named(rows, "in-sync replicas")["subject"] == "broker 3", rows
        assert cluster.run("health", "--before-restart", "1", "--wait", "0.1").returncode == 2
        throttle(cluster, "--delete-config")
        assert cluster.run("health", "--before-restart", "2", "--wait", "60", timeout=90).returncode == 2, "strict"
        ktools(cluster, "topics", "--delete", "--topic", "strict|lonely|thick|impossible")
        assert cluster.run("health", "--before-restart", "1", "--wait", "60", timeout=90).returncode == 0
        up.wait(timeout=60)


def test_a_directory_a_zookeeper_server_and_then_the_quorum_are_gone(damaged: Cluster) -> None:
    cluster = damaged
    first, second, third = cluster.zookeeper.split(",")
    to = ("--bootstrap-server", cluster.bootstrap, "--zookeeper", cluster.zookeeper)
    second_dir = cluster.home / "broker-3" / "data2"
    if not second_dir.exists():  # the test before, which starts broker 3 again, was not run
        ktools(cluster, "sandbox", "kill", "broker-3")
        ktools(cluster, "sandbox", "start", "broker-3")
    make(cluster, "spread", [[3, 1]] * 4)
    assert list(second_dir.glob("spread-*")), "the broker puts new replicas where there are fewest"
    second_dir.rename(second_dir.with_name("away"))
    second_dir.write_text("a file where a directory was")
    rows, status = until_found(cluster, "log dirs", *to)
    assert status == 2
    gone = named(rows, "log dirs")
    assert (gone["subject"], gone["severity"]) == ("broker 3", "critical")
    assert gone["command"] == f"ktools log-dirs --describe --broker-list 3 --bootstrap-server {cluster.bootstrap}"
    rows, _ = until_found(cluster, "in-sync replicas", *to)
    assert named(rows, "in-sync replicas")["subject"] == "broker 3"

    assert cluster.run("sandbox", "kill", "zookeeper-1").returncode == 0
    rows, _ = examined(cluster, *to)
    assert named(rows, "ZooKeeper", f"ZooKeeper {first}")["severity"] == "warning"
    assert "none may still fail" in named(rows, "ZooKeeper", "ZooKeeper quorum")["found"]
    refused = cluster.run("health", "--before-restart", second, *to)
    assert (refused.returncode, b"1 of 3 would serve, 2 are needed" in refused.stdout) == (2, True)
    assert cluster.run("health", "--before-restart", first, *to).returncode == 1

    assert cluster.run("sandbox", "kill", "zookeeper-2").returncode == 0
    host, _, port = third.partition(":")
    wait_until(lambda: not serves((host, int(port))), "the last server notices in its own time")
    rows, status = examined(cluster, *to)
    assert status == 2
    assert named(rows, "controller")["severity"] == "critical"
    assert named(rows, "ZooKeeper", "ZooKeeper quorum")["severity"] == "critical"
    alone, status = examined(cluster, "--zookeeper", cluster.zookeeper)
    assert ({row["check"] for row in alone}, status) == ({"ZooKeeper"}, 2)
    assert f"ZooKeeper {third}" in {row["subject"] for row in alone}
    by_brokers, status = examined(cluster, "--bootstrap-server", cluster.bootstrap)
    assert (named(by_brokers, "controller")["severity"], status) == ("critical", 2)


def serves(server: Address) -> bool:
    try:
        ask(server, None, 5)
    except KafkaToolError:
        return False
    return True


def test_a_broker_of_another_version_that_holds_all_the_bytes(tmp_path: Path) -> None:
    """Kafka 2.8 with one broker, in the middle of its upgrade: the other is of 3.9, and two full segments are its."""
    for cluster in sandbox(tmp_path / "upgrade", "--brokers", "1", "--kafka-version", "2.8"):
        first = (cluster.home / "broker-1" / "server.properties").read_text()
        with free_block() as ports:
            data = heavy(tmp_path / "data")
            changes = {"broker.id": "2", "listeners": f"PLAINTEXT://127.0.0.1:{ports[0]}", "log.dirs": str(data)}
            changes["inter.broker.protocol.version"] = "2.8"
            kept = [line for line in first.splitlines() if line.partition("=")[0] not in changes]
            second = tmp_path / "second.properties"
            second.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in changes.items())]))
        with ended(java_server("3.9.1", "kafka.Kafka", second)):
            admin = cluster.admin()
            wait_until(lambda at=admin: len(at.list_topics(timeout=30).brokers) == 2, "broker 2 is there")
            make(cluster, "heavy", [[2]])
            rows, status = until_found(cluster, "disk skew")
            assert named(rows, "disk skew")["subject"] == "broker 2"
            assert named(rows, "disk skew")["found"] == "3.1 GiB of replicas, 2.0 times the mean"
            assert named(rows, "versions")["severity"] == "note"
            assert named(rows, "versions")["found"].startswith("broker 1 and broker 2 know different versions")
            assert ({row["check"] for row in rows}, status) == ({"disk skew", "versions"}, 1)


def heavy(data: Path) -> Path:
    """Make a broker's directory with two segments of 1.6 GB each that fill no disk, as after a clean end."""
    partition = data / "heavy-0"
    partition.mkdir(parents=True)
    for offset, size in ((0, FULL_SEGMENT), (1, FULL_SEGMENT), (2, 0)):
        for suffix in ("log", "index", "timeindex"):
            (partition / f"{offset:020d}.{suffix}").touch()
        os.truncate(partition / f"{offset:020d}.log", size)
    (data / ".kafka_cleanshutdown").touch()
    return data


def test_a_rolling_restart_loses_nothing(mortal4: Cluster, tmp_path: Path) -> None:
    """--before-restart and --wait alone say when the next broker may go down; no partition is ever below min ISR."""
    cluster = mortal4
    topic = cluster.topic(partitions=3, replication_factor=3, configs=("min.insync.replicas=2",))
    assert examined(cluster) == ([], 0)
    admin, sent, in_sync = cluster.admin(), 0, {3}
    read, said = tmp_path / "read", tmp_path / "said"
    consume = ("console-consumer", "--topic", topic, "--from-beginning")
    with (
        read.open("wb") as out,
        said.open("ab") as err,
        ended(cluster.popen(*consume, stdout=out, stderr=err)) as reader,
        ended(cluster.popen("console-producer", "--topic", topic, stdin=subprocess.PIPE, stderr=err)) as writer,
    ):

        def flow() -> None:
            """Send some records more, and look how many replicas are in sync."""
            nonlocal sent
            assert writer.stdin is not None
            writer.stdin.write(b"".join(b"%d\n" % number for number in range(sent, sent + 100)))
            writer.stdin.flush()
            sent += 100
            in_sync.update(len(each.isrs) for each in admin.list_topics(timeout=30).topics[topic].partitions.values())

        for broker in ("broker-1", "broker-2", "broker-3"):
            asked = cluster.run("health", "--before-restart", broker[-1], "--wait", "120", timeout=150)
            assert asked.returncode == 0, asked.stdout
            os.kill(process_of(cluster, broker), signal.SIGTERM)
            wait_until(
                lambda name=broker: flow() or not process_of(cluster, name), f"{broker} has ended", RESTART_SECONDS
            )
            with ended(cluster.popen("sandbox", "start", broker, stdout=err, stderr=err)) as start:
                wait_until(
                    lambda process=start: flow() or process.poll() is not None, f"{broker} is back", RESTART_SECONDS
                )
        well = cluster.run("health", "--wait", "120", timeout=150)
        assert well.returncode == 0, well.stdout
        assert writer.stdin is not None
        writer.stdin.close()
        assert writer.wait(timeout=60) == 0
        wait_until(lambda: read.read_bytes().count(b"\n") == sent, "all is read")
        reader.send_signal(signal.SIGINT)
        reader.wait(timeout=30)
    assert in_sync == {2, 3}
    assert sorted(map(int, read.read_bytes().split())) == list(range(sent))
    assert oracle.count(cluster, topic) == sent


def test_controllers_die_one_by_one(mortal4: Cluster) -> None:
    cluster = mortal4
    # Without a topic nobody misses a broker but the controllers.
    admin = cluster.admin()
    for deleted in admin.delete_topics(list(admin.list_topics(timeout=30).topics)).values():
        deleted.result(60)
    assert cluster.run("sandbox", "kill", "broker-3").returncode == 0
    rows, status = until_found(cluster, "controllers")
    assert (named(rows, "controllers", "controller 3")["severity"], status) == ("warning", 1)
    rows, status = until_found(cluster, "brokers")
    assert named(rows, "brokers")["subject"] == "broker 3"
    assert "is registered and does not serve" in named(rows, "brokers")["found"]
    assert (named(rows, "brokers")["command"], status) == ("ktools sandbox start 3", 1)
    assert "2 of 3 controllers serve" in named(rows, "controllers", "controller quorum")["found"]
    refused, status = examined(cluster, "--before-restart", "2")
    assert status == 2
    assert "1 of 3 controllers would serve, 2 needed" in named(refused, "restart", "controller 2")["found"]
    assert cluster.run("sandbox", "kill", "broker-2").returncode == 0
    rows, status = until_found(cluster, "controller")
    assert (named(rows, "controller")["severity"], status) == ("critical", 2)
