"""Groups of console consumers: who shares partitions out in which way, and what a rebalance repeats."""

import signal
import subprocess
import time
from collections.abc import Iterable
from typing import Any

import pytest

from tests.support.clusters import Cluster, ended
from tests.support.console import (
    committed,
    consume,
    consuming,
    numbers,
    produce,
    read_some,
    rest,
    stopped,
    wait_for_exit,
)

STRATEGY = "partition.assignment.strategy"


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
def test_a_rebalance_while_nobody_reads_repeats_nothing(kafka39: Cluster, strategy: str) -> None:
    topic, other = kafka39.topic(partitions=2), kafka39.topic()
    lines = numbers(100_000, 199_999)
    produce(kafka39, topic, lines)
    produce(kafka39, other, b"hello\n")
    config = {"max.poll.interval.ms": "12000", "session.timeout.ms": "12000", STRATEGY: strategy}
    with consuming(kafka39, topic, config, group=f"g-{topic}", max_messages=100_000) as reader:
        seen = read_some(reader, 65_536)
        with consuming(kafka39, other, config, group=f"g-{topic}") as newcomer:
            assert read_some(newcomer, 1) == b"hello\n"
            newcomer.send_signal(signal.SIGTERM)
            assert wait_for_exit(newcomer) == 128 + signal.SIGTERM
        seen += rest(reader)
        assert wait_for_exit(reader) == 0
    assert sorted(seen.split()) == lines.split()
    assert sum(committed(kafka39, f"g-{topic}", topic, 2)) == 100_000


@pytest.mark.parametrize(
    ("cluster", "setting"), [("kafka39", f"{STRATEGY}=cooperative-sticky"), ("kafka4", "group.protocol=consumer")]
)
def test_partitions_are_handed_over_bit_by_bit(request: pytest.FixtureRequest, cluster: str, setting: str) -> None:
    kafka: Cluster = request.getfixturevalue(cluster)
    topic = kafka.topic(partitions=3)
    group = ("--group", f"g-{topic}", "--from-beginning", "--consumer-property", setting)
    command: Any = ("console-consumer", "--topic", topic, *group)
    produce(kafka, topic, numbers(1, 1000))
    with ended(kafka.popen(*command, stdout=subprocess.PIPE)) as first:
        seen = read_some(first, 1)
        with ended(kafka.popen(*command, stdout=subprocess.PIPE)) as second:
            produce(kafka, topic, numbers(1001, 2000))
            seen += stopped(second)
        produce(kafka, topic, numbers(2001, 3000))
        while b"\n3000\n" not in seen or len(set(seen.split())) < 3000:
            seen += read_some(first, 1)
        seen += stopped(first)
    assert sorted(map(int, set(seen.split()))) == list(range(1, 3001))
    assert consume(kafka, topic, *group, "--until-end") == b""
    assert sum(committed(kafka, f"g-{topic}", topic, 3)) == 3000


def test_a_file_that_asks_for_both_ways_gets_the_older(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"a\n")
    package = "org.apache.kafka.clients.consumer."
    both = f"{STRATEGY}={package}RangeAssignor,{package}CooperativeStickyAssignor"
    group = ("--group", f"g-{topic}", "--from-beginning", "--consumer-property", both)
    assert consume(kafka39, topic, *group, "--max-messages", "1") == b"a\n"


def test_members_that_come_and_go_lose_nothing(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=4)
    lines = numbers(100_000, 399_999)
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    readers = [kafka39.popen("console-consumer", *options, **pipes)]
    seen = b""
    with ended(kafka39.popen("console-producer", "--topic", topic, stdin=subprocess.PIPE)) as writer:
        assert writer.stdin is not None
        for part in chunks(lines, 8):
            writer.stdin.write(part)
            writer.stdin.flush()
            readers.append(kafka39.popen("console-consumer", *options, **pipes))
            time.sleep(0.7)
            if len(readers) > 3:
                seen += stopped(readers.pop(0))
        writer.stdin.close()
        assert wait_for_exit(writer) == 0
    for reader in readers:
        seen += stopped(reader)
    seen += consume(kafka39, topic, *options[2:], "--until-end")
    assert set(seen.split()) == set(lines.split())


def chunks(content: bytes, count: int) -> Iterable[bytes]:
    size = len(content) // count + 1
    return (content[start : start + size] for start in range(0, len(content), size))
