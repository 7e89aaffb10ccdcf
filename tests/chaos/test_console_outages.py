"""The console tools while no leader can be elected: they name the cause, go on, and end at once when told to."""

import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.clusters import Cluster, ended
from tests.support.waiting import wait_until

NAMED_SECONDS = 15
"""10 s, and what a process needs to start on a busy machine."""

RECORDS = 3000


class Said:
    """What a process says on stderr, as it says it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.began = time.monotonic()
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.text += line.decode()

    def within(self, pattern: str, seconds: float = NAMED_SECONDS) -> None:
        """Wait for a line that has the pattern."""
        wait_until(lambda: re.search(pattern, self.text), f"{pattern!r} in {self.text!r}", seconds)

    def whole(self) -> str:
        """Return all of it, after the end of the process."""
        self._reader.join(10)
        return self.text


@contextmanager
def running(cluster: Cluster, *argv: str) -> Iterator[Said]:
    """Start a console tool that reads nothing from stdin and writes to a pipe that somebody reads."""
    process = cluster.popen(*argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with ended(process):
        yield Said(process)


def numbers(count: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(count))


def controller(cluster: Cluster) -> int:
    return int(cluster.admin().list_topics(timeout=10).controller_id)


def leaders(cluster: Cluster, topic: str) -> dict[int, int]:
    partitions = cluster.admin().list_topics(timeout=10).topics[topic].partitions
    return {number: partition.leader for number, partition in partitions.items()}


@contextmanager
def killed(cluster: Cluster, *servers: str) -> Iterator[None]:
    """Kill servers with SIGKILL; with the end of the block they are started again, in the same order."""
    for server in servers:
        assert cluster.run("sandbox", "kill", server, timeout=120).returncode == 0
    try:
        yield
    finally:
        started = [cluster.run("sandbox", "start", server, timeout=120) for server in servers]
    assert [each.returncode for each in started] == [0] * len(servers), started


def ends_at_once(said: Said) -> None:
    """Stop the tool with SIGTERM: it ends within seconds, and says with which count."""
    began = time.monotonic()
    said.process.send_signal(signal.SIGTERM)
    status = said.process.wait(20)
    assert time.monotonic() - began < 6
    assert status in (128 + signal.SIGTERM, 1)


def topics(cluster: Cluster) -> tuple[str, str]:
    """Return a topic whose partitions have one replica each, and one with a replica on every broker; both full.

    Whichever broker dies, no partition of the second one takes a record before the ISR shrinks.
    """
    lone, safe = cluster.topic(partitions=3), cluster.topic(3, 3, ("min.insync.replicas=2",))
    for topic in (lone, safe):
        assert cluster.run("console-producer", "--topic", topic, stdin=numbers(RECORDS)).returncode == 0
    options = ("--group", f"g-{lone}", "--from-beginning", "--max-messages", "10")
    assert cluster.run("console-consumer", "--topic", lone, *options).returncode == 0
    return lone, safe


def test_without_zookeeper_records_flow(kafka39: Cluster) -> None:
    lone, _ = topics(kafka39)
    with killed(kafka39, "zookeeper-1"):
        began = time.monotonic()
        assert kafka39.run("console-producer", "--topic", lone, stdin=numbers(RECORDS)).returncode == 0
        ran = kafka39.run("console-consumer", "--topic", lone, "--from-beginning", "--until-end")
        assert (ran.returncode, ran.stdout.count(b"\n")) == (0, 2 * RECORDS)
        assert time.monotonic() - began < NAMED_SECONDS
        group = ("--group", f"n-{lone}", "--from-beginning", "--max-messages", "100")
        ran = kafka39.run("console-consumer", "--topic", lone, *group)
        assert (ran.returncode, ran.stdout.count(b"\n")) == (0, 100)


def check_offsets(cluster: Cluster, topic: str, lost: list[int]) -> None:
    """Of partitions that nobody leads get-offsets says so; it prints the offsets of all others."""
    ran = cluster.run("get-offsets", "--topic", topic, "--bootstrap-server", cluster.bootstrap)
    assert ran.returncode == 1
    assert re.findall(r"^[^:]+:(\d+):\d+$", ran.stdout.decode(), re.MULTILINE) == [
        str(number) for number in range(3) if number not in lost
    ]
    skipped = re.findall(rf"^Skip getting offsets .* {topic}-(\d+) due to error: .", ran.stderr.decode(), re.MULTILINE)
    assert skipped == [str(number) for number in sorted(lost)]


@pytest.mark.parametrize("kind", ["kafka39", "kafka4"])
def test_what_nobody_leads_is_named_and_the_rest_is_read(kind: str, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    lone, safe = topics(cluster)
    dead = [controller(cluster)] if kind == "kafka39" else [1, 2]
    servers = [f"broker-{number}" for number in dead]
    lost = [number for number, leader in leaders(cluster, lone).items() if leader in dead]
    names = ", ".join(f"{lone}-{number}" for number in sorted(lost))
    before = ["zookeeper-1"] if kind == "kafka39" else []
    with (
        running(cluster, "console-consumer", "--topic", lone, "--from-beginning") as plain,
        killed(cluster, *before, *servers),
    ):
        plain.within(rf"{names} ha(s|ve) |cannot be reached")
        with ExitStack() as stack:
            options = {
                "until-end": ("console-consumer", "--topic", lone, "--from-beginning", "--until-end"),
                "group": ("console-consumer", "--topic", lone, "--from-beginning", "--group", f"o-{lone}"),
                "producer": ("console-producer", "--topic", safe),
            }
            said = {name: stack.enter_context(running(cluster, *argv)) for name, argv in options.items()}
            writer = said["producer"].process.stdin
            assert writer is not None
            writer.write(numbers(300))
            writer.flush()
            check_offsets(cluster, lone, lost)
            said["until-end"].within(rf"not read to the end, as it has no leader: {names}")
            assert said["until-end"].process.wait(20) == 1
            said["group"].within(rf"{lone}-\d|coordinator of group|cannot be reached")
            said["producer"].within(rf"{safe}-\d|cannot be reached")
            for name in ("group", "producer"):
                ends_at_once(said[name])
            undelivered = re.search(r"(\d+) of 300 records not delivered", said["producer"].whole())
            delivered = re.search(r"stopped after (\d+) record", said["producer"].whole())
            assert undelivered, said["producer"].text
            assert delivered, said["producer"].text
            assert int(undelivered[1]) <= 300 - int(delivered[1])
    check_all_is_there(cluster, lone)


@pytest.mark.parametrize("kind", ["kafka39", "kafka4"])
def test_with_the_controller_alone_gone_another_takes_over_and_nothing_is_lost(
    kind: str, request: pytest.FixtureRequest
) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    lone, safe = topics(cluster)
    dead = controller(cluster)
    lost = sorted(number for number, leader in leaders(cluster, lone).items() if leader == dead)
    whole = ("--from-beginning", "--max-messages", str(RECORDS + 300))
    with ExitStack() as stack:
        options = {
            "group": ("console-consumer", "--topic", safe, "--group", f"c-{safe}", *whole),
            "plain": ("console-consumer", "--topic", safe, *whole),
            "producer": ("console-producer", "--topic", safe),
        }
        said = {name: stack.enter_context(running(cluster, *argv)) for name, argv in options.items()}
        with killed(cluster, f"broker-{dead}"):
            ran = cluster.run("console-consumer", "--topic", lone, "--from-beginning", "--until-end")
            names = ", ".join(f"{lone}-{number}" for number in lost)
            assert (f"not read to the end, as it has no leader: {names}" in ran.stderr.decode()) is bool(lost)
            assert ran.returncode == (1 if lost else 0), ran.stderr
            began = time.monotonic()
            writer = said["producer"].process.stdin
            assert writer is not None
            writer.write(numbers(300))
            writer.close()
            for name in ("producer", "group", "plain"):
                assert said[name].process.wait(60) == 0, said[name].text
            assert time.monotonic() - began < 60
    for name in ("group", "plain"):
        assert f"Processed a total of {RECORDS + 300} messages" in said[name].whole()
    check_all_is_there(cluster, lone)


def check_all_is_there(cluster: Cluster, topic: str) -> None:
    """Read every record once the cluster is whole again."""

    def whole() -> bool:
        ran = cluster.run("console-consumer", "--topic", topic, "--from-beginning", "--until-end")
        return (ran.returncode, ran.stdout.count(b"\n")) == (0, RECORDS)

    wait_until(whole, "all records are read", 90)
