"""Consumers of a group that are killed, stopped or left by their reader: the group goes on where its output ended."""

import random
import shlex
import signal
import subprocess
import threading
import time

import pytest

from kafka_tools.main import BUG
from tests.support import oracle
from tests.support.clusters import KTOOLS, Cluster, ended
from tests.support.waiting import wait_until

INTERRUPTIONS = 20
RECORDS = 200_000
PARTITIONS = 3
LINES = b"".join(b"%099d\n" % number for number in range(RECORDS))
BLOCK_BYTES = 4096
PAUSE_SECONDS = 0.0008
"""A reader that rests so long after each block takes 4 MB/s at most, and the consumer waits for it."""


def options(topic: str, **properties: int) -> tuple[str, ...]:
    words = [word for name, value in properties.items() for word in ("--consumer-property", f"{name}={value}")]
    return ("--topic", topic, "--group", f"g-{topic}", "--from-beginning", *words)


# A killed member is missed after a second; what was written is committed many times before the next blow.
MORTAL = {"session.timeout.ms": 1000, "heartbeat.interval.ms": 300, "auto.commit.interval.ms": 20}


def interrupted(cluster: Cluster, argv: tuple[str, ...], number: signal.Signals, choice: random.Random) -> bytes:
    """Return the whole lines of a consumer that is hit by a signal: mostly while it writes, at times sooner."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with ended(cluster.popen("console-consumer", *argv, **pipes)) as reader:
        assert reader.stdout is not None
        seen = reader.stdout.readline() if choice.random() < 0.8 else b""
        hit = threading.Timer(choice.uniform(0.002, 0.25), reader.send_signal, (number,))
        hit.start()
        while block := reader.stdout.read(BLOCK_BYTES):
            seen += block
            time.sleep(PAUSE_SECONDS)
        hit.join()
        status = reader.wait(timeout=30)
    assert status in (-number, 128 + number) or (not seen and status != BUG)
    return seen[: seen.rfind(b"\n") + 1]


def rest(cluster: Cluster, argv: tuple[str, ...]) -> bytes:
    """Return what the group has not read."""
    ran = cluster.run("console-consumer", *argv, "--until-end", timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_twenty_interruptions_lose_nothing(kafka39: Cluster, number: signal.Signals) -> None:
    topic = kafka39.topic(partitions=PARTITIONS, replication_factor=3)
    assert kafka39.run("console-producer", "--topic", topic, stdin=LINES).returncode == 0
    argv = options(topic, **(MORTAL if number == signal.SIGKILL else {}))
    choice = random.Random(number)
    seen = b"".join(interrupted(kafka39, argv, number, choice) for _ in range(INTERRUPTIONS))
    assert 0 < offset(kafka39, topic) < RECORDS, "the interruptions came too soon or too late"
    found = sorted((seen + rest(kafka39, options(topic))).splitlines(keepends=True))
    if number == signal.SIGKILL:
        found = sorted(set(found))
    assert b"".join(found) == LINES


def test_a_member_that_was_thought_dead_reads_to_the_end(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=PARTITIONS)
    assert kafka39.run("console-producer", "--topic", topic, stdin=LINES).returncode == 0
    argv = ("console-consumer", *options(topic, **MORTAL), "--until-end")
    with ended(kafka39.popen(*argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)) as reader:
        assert reader.stdout is not None
        seen = reader.stdout.read(RECORDS)
        reader.send_signal(signal.SIGSTOP)
        wait_until(lambda: not members(kafka39, f"g-{topic}"), "the group has forgotten its member")
        reader.send_signal(signal.SIGCONT)
        seen += reader.stdout.read()
        assert reader.wait(timeout=30) == 0
    assert b"".join(sorted(set(seen.splitlines(keepends=True)))) == LINES


def members(cluster: Cluster, group: str) -> int:
    admin = cluster.admin()
    return len(admin.describe_consumer_groups([group], request_timeout=10)[group].result(20).members)


@pytest.mark.parametrize("count", [1000, 20_000], ids=["all of it in the pipe", "more than the pipe holds"])
def test_head_and_the_next_run_of_the_group_lose_nothing(kafka39: Cluster, count: int) -> None:
    topic, lines = kafka39.topic(partitions=PARTITIONS), LINES[: count * 100]
    assert kafka39.run("console-producer", "--topic", topic, stdin=lines).returncode == 0
    pipeline = f"{shlex.join((*KTOOLS, 'console-consumer', *options(topic)))} | head -n 100"
    shell = ("bash", "-o", "pipefail", "-c", pipeline)
    head = subprocess.run(shell, env=kafka39.env, capture_output=True, timeout=60, check=False)
    assert head.returncode == 0, head.stderr
    assert head.stdout.count(b"\n") == 100
    found = {*head.stdout.splitlines(keepends=True), *rest(kafka39, options(topic)).splitlines(keepends=True)}
    assert b"".join(sorted(found)) == lines


def left_by_its_reader(cluster: Cluster, topic: str, size: int, committed: int) -> list[bytes]:
    """Read `size` bytes of a consumer and leave it when it has committed so many records; return the whole lines."""
    argv = ("console-consumer", *options(topic, **{"auto.commit.interval.ms": 20}))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with ended(cluster.popen(*argv, bufsize=0, **pipes)) as reader:
        assert reader.stdout is not None
        seen = b""
        while len(seen) < size:
            seen += reader.stdout.read(min(BLOCK_BYTES, size - len(seen)))
        wait_until(lambda: offset(cluster, topic) >= committed, "it is committed")
        reader.stdout.close()
        assert reader.wait(timeout=30) == 0
    return seen[: seen.rfind(b"\n") + 1].splitlines(keepends=True)


def offset(cluster: Cluster, topic: str) -> int:
    """Return how many records the group has committed."""
    return sum(max(0, each) for each in oracle.committed(cluster, f"g-{topic}", topic, PARTITIONS))


@pytest.mark.parametrize(
    ("count", "taken", "committed"),
    [(600, 50, 600), (RECORDS, 20_000, 10_000)],
    ids=["all is committed before it leaves", "it leaves in the middle"],
)
def test_what_a_reader_did_not_use_is_not_committed(kafka39: Cluster, count: int, taken: int, committed: int) -> None:
    topic, lines = kafka39.topic(partitions=PARTITIONS), LINES[: count * 100]
    assert kafka39.run("console-producer", "--topic", topic, stdin=lines).returncode == 0
    seen = left_by_its_reader(kafka39, topic, taken * 100, committed)
    assert len(seen) == taken
    assert taken - 6000 < offset(kafka39, topic) <= taken
    found = {*seen, *rest(kafka39, options(topic)).splitlines(keepends=True)}
    assert b"".join(sorted(found)) == lines
