"""Brokers that die while records flow: every record is there, once and in order, or its loss is said."""

import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import oracle
from tests.support.brokers import killed, leader, wait_until_whole
from tests.support.clusters import Cluster, ended, sandbox
from tests.support.waiting import wait_until

RECORDS = 300_000
KEYS = 997
DEATHS = 3


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from sandbox(tmp_path_factory.mktemp("lone"), "--brokers", "1")


@contextmanager
def fed_meanwhile(writer: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> Iterator[threading.Thread]:
    """Write the blocks to stdin beside the block of code, which ends when all is written."""
    feeding = threading.Thread(target=feed, args=(writer, blocks))
    feeding.start()
    try:
        yield feeding
    finally:
        feeding.join()


def feed(writer: subprocess.Popen[bytes], blocks: Iterable[bytes]) -> None:
    """Write the blocks to stdin, one each 0.1 s."""
    assert writer.stdin is not None
    for block in blocks:
        writer.stdin.write(block)
        writer.stdin.flush()
        time.sleep(0.1)


def numbers(first: int, end: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(first, end))


def keyed(first: int, end: int) -> bytes:
    """Return lines whose values count the records of their key."""
    return b"".join(b"k%d\t%d\n" % (number % KEYS, number // KEYS) for number in range(first, end))


def check_each_once_and_in_order(records: Iterable[tuple[bytes, bytes]]) -> None:
    newest: Counter[bytes] = Counter()
    for key, number in records:
        assert int(number) == newest[key], f"{key!r}: {number!r} follows {newest[key]} records"
        newest[key] += 1
    assert newest.total() == RECORDS


def lines(path: Path) -> list[tuple[bytes, bytes]]:
    return [(key, number) for key, number in (line.split(b"\t") for line in path.read_bytes().splitlines())]


def test_three_deaths_of_the_leader_lose_repeat_and_reorder_nothing(kafka39: Cluster, tmp_path: Path) -> None:
    topic = kafka39.topic(partitions=3, replication_factor=3, configs=("min.insync.replicas=2",))
    produce = ("console-producer", "--topic", topic, "--property", "parse.key=true")
    consume = ("console-consumer", "--topic", topic, "--from-beginning", "--property", "print.key=true")
    limit = ("--max-messages", str(RECORDS))
    with (
        (tmp_path / "alone").open("wb") as alone,
        (tmp_path / "member").open("wb") as member,
        (tmp_path / "said").open("ab") as said,
        ended(kafka39.popen(*consume, *limit, stdout=alone, stderr=said)) as reader,
        ended(kafka39.popen(*consume, *limit, "--group", f"g-{topic}", stdout=member, stderr=said)) as group,
        ended(kafka39.popen(*produce, stdin=subprocess.PIPE, stderr=said)) as writer,
    ):
        victims = [outlive_a_leader(kafka39, topic, writer, death) for death in range(DEATHS)]
        assert writer.stdin is not None
        writer.stdin.close()
        assert [each.wait(timeout=60) for each in (writer, reader, group)] == [0, 0, 0]
    # An election that takes longer than two looks at the leaders is told, and its end.
    said = (tmp_path / "said").read_text().splitlines()
    unreached = r"ktools: .* answers, but broker \d, .*, cannot be reached .* What it leads has to wait\."
    election = rf"ktools: {topic}-.* as leader, which is not reached, .* Waiting\.|ktools: all partitions have their .*"
    # The victim may have been the group's coordinator as well.
    of_group = r"ktools: the coordinator of group .* Waiting\.|ktools: the group has shared out its partitions\."
    assert [each for each in said if not re.fullmatch(f"{unreached}|{election}|{of_group}", each)] == [
        f"Processed a total of {RECORDS} messages"
    ] * 2
    assert len(victims) == DEATHS
    partitions = oracle.stored(kafka39, topic)
    check_each_once_and_in_order((each.key() or b"", each.value() or b"") for records in partitions for each in records)
    assert sum(len({each.key() for each in records}) for records in partitions) == KEYS
    check_each_once_and_in_order(lines(tmp_path / "alone"))
    check_each_once_and_in_order(lines(tmp_path / "member"))


def outlive_a_leader(cluster: Cluster, topic: str, writer: subprocess.Popen[bytes], death: int) -> int:
    """Feed a share of the records while the leader of partition 0 dies and comes back; return who it was."""
    share = RECORDS // DEATHS
    begin = share * death
    with fed_meanwhile(writer, [keyed(at, at + 1000) for at in range(begin, begin + share, 1000)]) as feeding:
        wait_until(lambda: oracle.count(cluster, topic) > begin + share // 10, "records flow")
        victim = leader(cluster, topic)
        assert feeding.is_alive(), "records flow no more"
        with killed(cluster, victim):
            wait_until(lambda: leader(cluster, topic) not in (victim, -1), "another broker leads")
    wait_until_whole(cluster, topic, 3)
    return victim


def test_a_consumer_lives_through_the_death_of_all_brokers(lone: Cluster, tmp_path: Path) -> None:
    topic = lone.topic(partitions=3)
    assert lone.run("console-producer", "--topic", topic, stdin=numbers(0, 1000)).returncode == 0
    options = ("--topic", topic, "--from-beginning", "--group", f"g-{topic}", "--max-messages", "2000")
    with (
        (tmp_path / "out").open("wb") as out,
        ended(lone.popen("console-consumer", *options, stdout=out, stderr=subprocess.PIPE)) as reader,
    ):
        wait_until(lambda: (tmp_path / "out").read_bytes().count(b"\n") == 1000, "what is there is read")
        assert reader.stderr is not None
        with killed(lone, 1):
            outage = reader.stderr.readline()
            assert re.fullmatch(rb"ktools: cannot reach .* Waiting for the cluster to come back\.\n", outage)
        assert reader.stderr.readline() == b"ktools: the cluster answers again.\n"
        wait_until_whole(lone, topic, 1)
        assert lone.run("console-producer", "--topic", topic, stdin=numbers(1000, 2000)).returncode == 0
        assert reader.wait(timeout=90) == 0
        assert reader.stderr.read() == b"Processed a total of 2000 messages\n"
    assert sorted((tmp_path / "out").read_bytes().split()) == sorted(numbers(0, 2000).split())


def test_producers_that_lose_all_brokers_say_how_many_records(lone: Cluster) -> None:
    resting, flowing = lone.topic(partitions=3), lone.topic(partitions=3)
    over, fed = threading.Event(), [0]

    def blocks() -> Iterator[bytes]:
        while not over.is_set():
            fed[0] += 500
            yield numbers(fed[0] - 500, fed[0])

    with ended(impatient_producer(lone, resting)) as first, ended(impatient_producer(lone, flowing)) as second:
        feed(first, [numbers(0, 5000)])
        with ExitStack() as outage:
            with fed_meanwhile(second, blocks()), ExitStack() as flow:
                flow.callback(over.set)
                wait_until(lambda: oracle.count(lone, resting) == 5000, "nothing is in flight")
                wait_until(lambda: oracle.count(lone, flowing) > 5000, "records flow")
                outage.enter_context(killed(lone, 1))
                feed(first, [numbers(5000, 12_000)])
            said = lost(first, 12_000), lost(second, fed[0])
    wait_until_whole(lone, resting, 1)
    wait_until_whole(lone, flowing, 1)
    assert said[0] == 7000
    assert sorted(values(lone, resting)) == sorted(numbers(0, 5000).split())
    kept = values(lone, flowing)
    assert len(kept) == len(set(kept))
    # What was in flight when the broker died may have been written without an answer: never less than was said.
    assert 0 < fed[0] - len(kept) <= said[1] < fed[0]


def impatient_producer(cluster: Cluster, topic: str) -> subprocess.Popen[bytes]:
    options = ("--topic", topic, "--producer-property", "delivery.timeout.ms=6000")
    return cluster.popen("console-producer", *options, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def lost(writer: subprocess.Popen[bytes], taken: int) -> int:
    """End a producer's stdin; return how many of the records that it took it says are lost."""
    said = writer.communicate(timeout=60)[1].decode()
    assert writer.returncode == 1
    return sum(map(int, re.findall(rf"^ktools: (\d+) of {taken} records not delivered", said, flags=re.MULTILINE)))


def values(cluster: Cluster, topic: str) -> list[bytes]:
    return [each.value() or b"" for records in oracle.stored(cluster, topic) for each in records]


def test_a_stop_without_brokers_says_what_is_not_committed(lone: Cluster) -> None:
    topic = lone.topic()
    assert lone.run("console-producer", "--topic", topic, stdin=b"1\n").returncode == 0
    rarely = ("--consumer-property", "auto.commit.interval.ms=600000")
    options = ("--topic", topic, "--from-beginning", "--group", f"g-{topic}", *rarely)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ended(lone.popen("console-consumer", *options, **pipes)) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"1\n"
        with killed(lone, 1):
            reader.send_signal(signal.SIGINT)
            assert reader.wait(timeout=30) == 130
            assert reader.stderr is not None
            said = reader.stderr.read().decode().splitlines()
    at = said.index("Processed a total of 1 messages")  # behind a word of the outage, where that was there first
    assert re.fullmatch(r"ktools: the last offsets were not committed \(.*\): .*", said[at + 1])
    wait_until_whole(lone, topic, 1)
    assert oracle.committed(lone, f"g-{topic}", topic, 1)[0] in (-1001, 0)
