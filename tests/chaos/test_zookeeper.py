"""An ensemble that loses its majority is named; creators that are killed or come all at once make whole topics."""

import json
import random
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.clusters import Cluster, ended, sandbox

UNREACHABLE_SECONDS = 8


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from sandbox(tmp_path_factory.mktemp("ensemble"), "--zookeepers", "3", "--brokers", "1")


def test_quorum_lost_and_found(ensemble: Cluster) -> None:
    listing = ("topics", "--zookeeper", ensemble.zookeeper, "--list")
    create = ("topics", "--zookeeper", ensemble.zookeeper, "--create", "--topic", "t", "--partitions", "1")
    assert ensemble.run("sandbox", "kill", "zookeeper-1").returncode == 0
    assert ensemble.run(*listing).returncode == 0
    assert ensemble.run("sandbox", "kill", "zookeeper-2").returncode == 0
    for argv in (listing, (*create, "--replication-factor", "1")):
        started = time.monotonic()
        answer = ensemble.run(*argv)
        assert time.monotonic() - started < UNREACHABLE_SECONDS
        assert (answer.returncode, answer.stdout.decode()) == (
            1,
            f"Error while executing topic command : no quorum at {ensemble.zookeeper} (1 of 3 answers, 2 needed).\n",
        )
        assert answer.stderr == b"Nothing can be read or changed until a majority of the ZooKeeper servers is back.\n"
    assert ensemble.run("sandbox", "start", "zookeeper-2", timeout=120).returncode == 0
    assert ensemble.run(*listing).stdout == b""


def creation(cluster: Cluster) -> tuple[str, tuple[str, ...]]:
    """Return the name of a new topic and the command that creates it."""
    topic = f"t-{uuid.uuid4().hex[:12]}"
    counts = ("--partitions", "3", "--replication-factor", "2", "--config", "retention.ms=60000")
    return topic, ("topics", "--zookeeper", cluster.zookeeper, "--create", "--topic", topic, *counts)


def killed_after(cluster: Cluster, seconds: float) -> str:
    topic, argv = creation(cluster)
    with ended(cluster.popen(*argv, stdout=subprocess.DEVNULL)):
        time.sleep(seconds)
    return topic


def killed_as_soon_as_the_topic_is_there(cluster: Cluster, zookeeper: Any) -> str:
    topic, argv = creation(cluster)
    with ended(cluster.popen(*argv, stdout=subprocess.DEVNULL)) as process:
        zookeeper.exists(f"/brokers/topics/{topic}", watch=lambda _: process.kill())
        process.wait(60)
    return topic


def test_a_creator_killed_at_any_moment_leaves_no_half_made_topic(kafka39: Cluster, zookeeper: Any) -> None:
    started = time.monotonic()
    whole, argv = creation(kafka39)
    assert kafka39.run(*argv).returncode == 0
    usual_seconds = time.monotonic() - started
    topics = [killed_after(kafka39, random.uniform(0, 1.5 * usual_seconds)) for _ in range(40)]
    topics += [killed_as_soon_as_the_topic_is_there(kafka39, zookeeper) for _ in range(10)]
    zookeeper.sync("/")
    made = [topic for topic in topics if zookeeper.exists(f"/brokers/topics/{topic}")]
    assert made == [topic for topic in topics if zookeeper.exists(f"/config/topics/{topic}")]
    assert set(made) >= set(topics[40:])
    for topic in (whole, *made):
        assert json.loads(zookeeper.get(f"/config/topics/{topic}")[0])["config"] == {"retention.ms": "60000"}
        wait_until_served(kafka39, topic)


def wait_until_served(cluster: Cluster, topic: str) -> None:
    admin, deadline = cluster.admin(), time.monotonic() + 30
    while time.monotonic() < deadline:
        found = admin.list_topics(timeout=10).topics.get(topic)
        if found and sorted(len(each.isrs) for each in found.partitions.values()) == [2, 2, 2]:
            return
        time.sleep(0.1)
    raise AssertionError(f"{topic} is not served")


def test_twenty_creators_at_once_make_one_topic(kafka39: Cluster, zookeeper: Any) -> None:
    topic, argv = creation(kafka39)
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: kafka39.run(*argv, timeout=120), range(20)))
    exists = f"Error while executing topic command : Topic '{topic}' already exists.\n"
    assert sorted(result.stdout.decode() for result in results) == [f"Created topic {topic}.\n"] + [exists] * 19
    assert sorted(result.returncode for result in results) == [0] + [1] * 19
    assert zookeeper.exists(f"/config/topics/{topic}").version == 0
    content = kafka39.run(*argv, "--if-not-exists")
    assert (content.returncode, content.stdout) == (0, b"")
