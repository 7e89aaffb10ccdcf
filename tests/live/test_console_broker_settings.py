"""The console tools on a broker that makes topics by itself, and cannot make the topic of the groups."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.support.clusters import Cluster, ended, sandbox
from tests.support.console import consume
from tests.support.waiting import wait_until

SETTINGS = {"auto.create.topics.enable": "true", "offsets.topic.replication.factor": "3"}


@pytest.fixture(scope="module")
def generous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for cluster in sandbox(tmp_path_factory.mktemp("generous"), "--brokers", "1"):
        settings = cluster.home / "broker-1" / "server.properties"
        kept = [line for line in settings.read_text().splitlines() if line.partition("=")[0] not in SETTINGS]
        settings.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in SETTINGS.items())]))
        for action in ("kill", "start"):
            assert cluster.run("sandbox", action, "1", timeout=120).returncode == 0
        yield cluster


def test_a_topic_that_is_not_there_is_made_by_the_broker(generous: Cluster) -> None:
    for topic in ("new", "newer"):
        ran = generous.run("console-producer", "--topic", topic, stdin=b"a\nb\n")
        said = f"ktools: topic '{topic}' was not there; the brokers made it (auto.create.topics.enable).\n"
        assert (ran.returncode, ran.stdout, ran.stderr.decode()) == (0, b"", said)
        assert consume(generous, topic, "--from-beginning", "--until-end") == b"a\nb\n"
    ran = generous.run("console-producer", "--topic", "new", stdin=b"c\n")
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_reading_makes_no_topic(generous: Cluster) -> None:
    ran = generous.run("console-consumer", "--topic", "unread", "--timeout-ms", "500")
    assert ran.returncode == 1
    assert b"topic 'unread' does not exist" in ran.stderr
    assert "unread" not in generous.admin().list_topics(timeout=10).topics


def test_a_name_that_no_topic_can_have_is_no_topic_to_be_made(generous: Cluster) -> None:
    for name, words in ((b"caf\xe9", b"is not UTF-8 text"), ("café".encode(), b"is not a valid topic name")):
        ran = subprocess_run(generous, name)
        assert ran.returncode == 1
        assert words in ran.stderr


def subprocess_run(cluster: Cluster, topic: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run the producer with an argument that need not be UTF-8."""
    return cluster.run("console-producer", "--topic", topic.decode(errors="surrogateescape"), stdin=b"a\n")


def test_why_a_group_waits_where_its_topic_cannot_be_made(generous: Cluster) -> None:
    assert generous.run("console-producer", "--topic", "read", stdin=b"a\n").returncode == 0
    argv = ("console-consumer", "--topic", "read", "--group", "g", "--from-beginning")
    with ended(generous.popen(*argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)) as reader:
        assert reader.stderr is not None
        began = time.monotonic()
        said = reader.stderr.readline().decode()
        assert "the topic __consumer_offsets, which keeps groups, cannot be made" in said
        assert "offsets.topic.replication.factor=3 brokers, and 1 are there" in said
        assert time.monotonic() - began < 20
        wait_until(lambda: reader.poll() is None, "it waits", 1)
