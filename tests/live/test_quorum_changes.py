"""Brokers and voters of a KRaft cluster come and go for real; the tests follow on each other.

A broker dies and may lead later; a voter goes and comes back; and a dead broker is forgotten.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kafka_tools.backends import open_topics
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition
from tests.support.brokers import killed
from tests.support.clusters import Cluster
from tests.support.waiting import wait_until

FENCED = ("cluster", "list-endpoints", "--include-fenced-brokers")


def rows(cluster: Cluster, *argv: str) -> list[dict[str, Any]]:
    ran = cluster.run(*argv, "--output", "json")
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def roles(cluster: Cluster, *argv: str) -> dict[int, str]:
    return {row["id"]: row["status"] for row in rows(cluster, "metadata-quorum", *argv, "describe", "--replication")}


def voters(found: Iterable[str]) -> int:
    return sum(each in ("Leader", "Follower") for each in found)


def test_eligible_leader_replicas(mortal4: Cluster) -> None:
    name = mortal4.topic(1, 3, ["min.insync.replicas=3"])

    def partition() -> Partition:
        with open_topics(Brokers(mortal4.bootstrap)) as topics:
            return topics.describe([name])[0].partitions[0]

    before = partition()
    victim = next(broker for broker in before.replicas if broker != before.leader)
    with killed(mortal4, victim):
        wait_until(lambda: partition().elr == (victim,), "who was in sync may lead later")
        found = partition()
        assert victim not in found.isr
        assert victim in found.replicas
        with open_topics(Brokers(mortal4.bootstrap)) as topics:
            assert victim not in [broker.broker for broker in topics.brokers()]
    wait_until(lambda: len(partition().isr) == 3, "it is in sync again")
    assert partition().elr == ()


def test_a_voter_goes_and_comes_back_and_a_dead_broker_is_forgotten(mortal4: Cluster) -> None:
    [status] = rows(mortal4, "metadata-quorum", "describe", "--status")
    assert [voter["id"] for voter in status["voters"]] == [1, 2, 3]
    other = max({1, 2, 3} - {status["leader_id"]})
    files = Path(mortal4.home, f"broker-{other}")
    [directory] = re.findall(r"directory\.id=(\S+)", (files / "data" / "meta.properties").read_text())

    # Soon after its start the leader of the quorum does not know yet what every voter supports, and refuses.
    upgrade = ("features", "upgrade", "--feature", "kraft.version=1")
    wait_until(lambda: mortal4.run(*upgrade).returncode == 0, "the leader knows that all voters support it")
    [kraft] = [row for row in rows(mortal4, "features", "describe") if row["feature"] == "kraft.version"]
    assert kraft["finalized"] == 1

    remove = ("metadata-quorum", "remove-controller", "-i", str(other), "-d", directory)
    assert mortal4.run(*remove, "--dry-run").returncode == 0
    assert voters(roles(mortal4).values()) == 3
    removed = mortal4.run(*remove).stdout.decode()
    assert removed == f"Removed KRaft controller {other} with directory id {directory}\n"
    by_controllers = ("--bootstrap-controller", mortal4.controllers)
    wait_until(lambda: roles(mortal4, *by_controllers).get(other) == "Observer", "it follows without a vote")
    config = ("--command-config", str(files / "server.properties"))
    added = mortal4.run("metadata-quorum", *by_controllers, *config, "add-controller")
    assert added.stdout.startswith(f"Added controller {other} with directory id {directory} ".encode()), added.stderr
    wait_until(lambda: voters(roles(mortal4).values()) == 3, "it votes again")

    assert mortal4.run("sandbox", "kill", str(other)).returncode == 0
    wait_until(
        lambda: {row["id"]: row["state"] for row in rows(mortal4, *FENCED)}[other] == "fenced", "it is known to be down"
    )
    assert other not in {row["id"] for row in rows(mortal4, "cluster", "list-endpoints")}
    forgotten = mortal4.run("cluster", "unregister", "--id", str(other)).stdout.decode()
    assert forgotten == f"Broker {other} is no longer registered.\n"
    wait_until(lambda: other not in {row["id"] for row in rows(mortal4, *FENCED)}, "it is forgotten")
