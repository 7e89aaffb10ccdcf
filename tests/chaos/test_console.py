"""Brokers that die while records flow: every record is there, in order, or its loss is said."""

import json
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.conftest import Cluster, ended, sandbox

PRODUCE = """
import json, sys
from kafka_tools.console.producer import ProduceRequest, produce
sys.exit(produce(ProduceRequest(**json.loads(sys.argv[1]))))
"""


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from sandbox(tmp_path_factory.mktemp("fragile"), "--brokers", "3")


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from sandbox(tmp_path_factory.mktemp("lone"), "--brokers", "1")


def leader(cluster: Cluster, topic: str, partition: int = 0) -> int:
    return int(cluster.admin().list_topics(timeout=10).topics[topic].partitions[partition].leader)


def broker(cluster: Cluster, action: str, number: int) -> None:
    assert cluster.run("sandbox", action, f"broker-{number}", timeout=120).returncode == 0


def wait_until_whole(cluster: Cluster, topic: str, replicas: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        known = cluster.admin().list_topics(timeout=30).topics
        partitions = known[topic].partitions.values() if topic in known else ()
        if partitions and all(len(each.isrs) == replicas and each.leader >= 0 for each in partitions):
            return
        time.sleep(0.3)
    raise AssertionError("the in-sync replicas are not whole again")


def feed(writer: subprocess.Popen[bytes], rounds: int, size: int) -> None:
    """Write `rounds` times `size` numbers, one round each 0.1 s, then end stdin."""
    assert writer.stdin is not None
    for start in range(0, rounds * size, size):
        writer.stdin.write(b"".join(b"%d\n" % number for number in range(start, start + size)))
        writer.stdin.flush()
        time.sleep(0.1)
    writer.stdin.close()


def in_order(lines: bytes) -> int:
    """Count lines like `Partition:1<TAB>42`; in each partition the numbers must grow."""
    newest: dict[str, int] = defaultdict(lambda: -1)
    for line in lines.decode().splitlines():
        partition, number = line.split("\t")
        assert int(number) > newest[partition], line
        newest[partition] = int(number)
    return len(lines.splitlines())


@pytest.mark.parametrize("group", [(), ("--group", "through-it-all")])
def test_the_leaders_death_loses_nothing(fragile: Cluster, tmp_path: Path, group: tuple[str, ...]) -> None:
    rounds, size = 100, 2000
    topic = fragile.topic(partitions=3, replication_factor=3, configs=("min.insync.replicas=2",))
    options = ("--topic", topic, "--from-beginning", "--property", "print.partition=true", *group)
    limit = ("--max-messages", str(rounds * size))
    with (
        (tmp_path / "out").open("wb") as out,
        (tmp_path / "err").open("wb") as err,
        ended(fragile.popen("console-consumer", *options, *limit, stdout=out, stderr=err)) as reader,
        ended(fragile.popen("console-producer", "--topic", topic, stdin=subprocess.PIPE, stderr=err)) as writer,
    ):
        feeding = threading.Thread(target=feed, args=(writer, rounds, size))
        feeding.start()
        time.sleep(3)
        victim = leader(fragile, topic)
        broker(fragile, "kill", victim)
        feeding.join()
        assert writer.wait(timeout=60) == 0
        assert reader.wait(timeout=60) == 0
    assert in_order((tmp_path / "out").read_bytes()) == rounds * size
    assert (tmp_path / "err").read_text() == f"Processed a total of {rounds * size} messages\n"
    broker(fragile, "start", victim)
    wait_until_whole(fragile, topic, 3)


def test_a_consumer_lives_through_the_death_of_all_brokers(lone: Cluster, tmp_path: Path) -> None:
    topic = lone.topic(partitions=3)
    first, second = b"".join(b"%d\n" % n for n in range(1000)), b"".join(b"%d\n" % n for n in range(1000, 2000))
    assert lone.run("console-producer", "--topic", topic, stdin=first).returncode == 0
    options = ("--topic", topic, "--from-beginning", "--group", "patient", "--max-messages", "2000")
    with (
        (tmp_path / "out").open("wb") as out,
        ended(lone.popen("console-consumer", *options, stdout=out, stderr=subprocess.PIPE)) as reader,
    ):
        deadline = time.monotonic() + 20
        while (tmp_path / "out").read_bytes().count(b"\n") < 1000:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert reader.stderr is not None
        broker(lone, "kill", 1)
        outage = reader.stderr.readline()
        assert re.fullmatch(rb"ktools: cannot reach .* Waiting for the cluster to come back\.\n", outage)
        broker(lone, "start", 1)
        assert reader.stderr.readline() == b"ktools: the cluster answers again.\n"
        wait_until_whole(lone, topic, 1)
        assert lone.run("console-producer", "--topic", topic, stdin=second).returncode == 0
        assert reader.wait(timeout=90) == 0
        assert reader.stderr.read() == b"Processed a total of 2000 messages\n"
    assert sorted((tmp_path / "out").read_bytes().split()) == sorted((first + second).split())


def test_a_producer_that_loses_all_brokers_says_how_many_records(lone: Cluster) -> None:
    topic = lone.topic(partitions=3)
    request = {"bootstrap_servers": lone.bootstrap, "topic": topic, "config": {"delivery.timeout.ms": "8000"}}
    command = [sys.executable, "-c", PRODUCE, json.dumps(request)]
    with ended(subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)) as writer:
        feeding = threading.Thread(target=feed, args=(writer, 60, 500))
        feeding.start()
        time.sleep(2)
        broker(lone, "kill", 1)
        feeding.join()
        assert writer.wait(timeout=60) == 1
        assert writer.stderr is not None
        said = writer.stderr.read().decode()
    broker(lone, "start", 1)
    wait_until_whole(lone, topic, 1)
    lost = sum(map(int, re.findall(r"^ktools: (\d+) of 30000 records not delivered", said, flags=re.MULTILINE)))
    assert 0 < lost < 30_000, said
    kept = stored(lone, topic, 3)
    assert len(kept) == len(set(kept))
    # What was in flight when the broker died may have been written without an answer: never less than was said.
    assert 30_000 - lost <= len(kept) < 30_000


def stored(cluster: Cluster, topic: str, partitions: int) -> list[bytes]:
    values: list[bytes] = []
    reader = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "oracle", "enable.auto.commit": False})
    for partition in range(partitions):
        position = TopicPartition(topic, partition, 0)
        count = reader.get_watermark_offsets(position, timeout=30)[1]
        reader.assign([position])
        for _ in range(count):
            message = reader.poll(20)
            assert message is not None
            assert message.error() is None
            values.append(message.value() or b"")
    reader.close()
    return values


def test_a_stop_without_brokers_says_what_is_not_committed(lone: Cluster) -> None:
    topic = lone.topic()
    assert lone.run("console-producer", "--topic", topic, stdin=b"1\n").returncode == 0
    options = ("--topic", topic, "--from-beginning", "--group", f"g-{topic}")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ended(lone.popen("console-consumer", *options, **pipes)) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"1\n"
        broker(lone, "kill", 1)
        started = time.monotonic()
        reader.send_signal(signal.SIGINT)
        assert reader.wait(timeout=60) == 130
        assert time.monotonic() - started < 15
        assert reader.stderr is not None
        said = reader.stderr.read().decode().splitlines()
    assert said[0] == "Processed a total of 1 messages"
    assert re.fullmatch(r"ktools: the last offsets were not committed \(.*\): .*", said[1])
    broker(lone, "start", 1)
    wait_until_whole(lone, topic, 1)
    oracle = Consumer({"bootstrap.servers": lone.bootstrap, "group.id": f"g-{topic}"})
    assert oracle.committed([TopicPartition(topic, 0)], timeout=30)[0].offset in (-1001, 0)
    oracle.close()


QUICK = ("--consumer-property", "session.timeout.ms=6000", "--consumer-property", "auto.commit.interval.ms=300")
"""A killed member leaves its group after 6 s, and what was written is soon committed."""


def interrupted(cluster: Cluster, topic: str, number: signal.Signals, milliseconds: int) -> bytes:
    """Return the whole lines that a consumer wrote until it was hit by a signal, so long after its first one."""
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning", *QUICK)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with ended(cluster.popen("console-consumer", *options, **pipes)) as reader:
        assert reader.stdout is not None
        seen = reader.stdout.readline()
        hit = threading.Timer(milliseconds / 1000, reader.send_signal, (number,))
        hit.start()
        while block := reader.stdout.read(4096):
            seen += block
            time.sleep(0.0005)  # a reader that is slower than the broker: most of the topic is still to come
        hit.join()
        reader.wait(timeout=30)
    return seen[: seen.rfind(b"\n") + 1]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_twenty_interruptions_lose_nothing(lone: Cluster, number: signal.Signals) -> None:
    count = 200_000
    topic = lone.topic(partitions=3)
    lines = b"".join(b"%099d\n" % each for each in range(count))
    assert lone.run("console-producer", "--topic", topic, stdin=lines).returncode == 0
    choice = random.Random(20)
    seen = b"".join(interrupted(lone, topic, number, choice.randrange(5, 120)) for _ in range(20))
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning", "--until-end", *QUICK)
    rest = lone.run("console-consumer", *options, timeout=120)
    assert rest.returncode == 0, rest.stderr
    found = (seen + rest.stdout).split()
    assert len(seen.split()) < count, "the interruptions came too late"
    assert len(set(found)) == count
    if number != signal.SIGKILL:
        assert len(found) == count
