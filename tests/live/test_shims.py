"""Shims in real shells on a real cluster: stdin, pipes, signals, settings around the call, options of old versions."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kafka_tools.shims import apache, folder
from kafka_tools.tools import names
from tests.support.clusters import Cluster, ended

Run = Callable[..., tuple[str, str, int]]


@pytest.fixture(scope="module")
def shims(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("it's a bin")
    folder.install(path, apache.scripts(names()), force=False)
    return path


@pytest.fixture(scope="module")
def topic(kafka39: Cluster) -> str:
    name = kafka39.topic()
    sent = kafka39.run("console-producer", "--topic", name, stdin=b"one\ntwo\nthree\n")
    assert sent.returncode == 0, sent.stderr
    return name


def environment(cluster: Cluster, shims: Path, topic: str) -> dict[str, str]:
    own = {
        "B": cluster.bootstrap,
        "AT": f"--bootstrap-server {cluster.bootstrap}",
        "Z": cluster.zookeeper,
        "T": topic,
        "SHIMS": str(shims),
    }
    return {**cluster.env, **own, "PATH": f"{shims}:{cluster.env['PATH']}"}


@pytest.fixture
def run(kafka39: Cluster, shims: Path, topic: str) -> Run:
    """Run a script in a shell; return stdout, stderr and status."""

    def in_shell(script: str, shell: str = "bash") -> tuple[str, str, int]:
        env = environment(kafka39, shims, topic)
        done = subprocess.run([shell, "-c", script], env=env, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout, done.stderr, done.returncode

    return in_shell


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_lines_of_a_loop_stay(shell: str, run: Run, topic: str) -> None:
    """Neither topics nor the consumer reads stdin, a person's question least of all."""
    out, err, status = run(
        """printf '1\n2\n3\n' | while read -r line; do
             kafka-topics.sh $AT --list --topic "$T"
             kafka-topics --zookeeper "$Z" --describe --topic "$T" > /dev/null
             kafka-topics.sh $AT --delete --if-exists --topic "no-$T-.*"
             kafka-console-consumer.sh $AT --topic "$T" --from-beginning --max-messages 1 2> /dev/null
             echo "line $line"
           done""",
        shell,
    )
    assert (out, err, status) == ("".join(f"{topic}\none\nline {line}\n" for line in (1, 2, 3)), "", 0)


def test_readers_that_have_enough(run: Run) -> None:
    out, err, status = run(
        """set -e -o pipefail
           kafka-topics.sh $AT --list | grep -q "^$T$"
           kafka-topics.sh $AT --describe | head -n 1 > /dev/null
           kafka-topics.sh --zookeeper "$Z" --list | true
           kafka-console-consumer.sh $AT --topic "$T" --from-beginning --max-messages 3 2>/dev/null | head -n 1
           echo "went through" """
    )
    assert (out, err, status) == ("one\nwent through\n", "", 0)


def test_stdin_that_is_closed_and_a_last_line_without_newline(run: Run) -> None:
    out, err, status = run(
        """set -e
           kafka-topics.sh $AT --create --topic "$T-closed" --partitions 1 --replication-factor 1 <&-
           printf 'a\nb' | kafka-console-producer.sh --broker-list "$B" --topic "$T-closed"
           kafka-console-producer.sh --broker-list "$B" --topic "$T-closed" <&- || echo "producer: $?"
           kafka-console-consumer.sh $AT --topic "$T-closed" --from-beginning --max-messages 2 <&- 2>/dev/null
           kafka-topics.sh $AT --delete --topic "$T-closed" <&-"""
    )
    assert "a\nb\n" in out
    assert "Traceback" not in err
    assert "bug" not in err
    assert status == 0


def test_errors_stand_where_apache_prints_them(run: Run) -> None:
    words = "Error while executing topic command : Topic 'no-such' does not exist as expected"
    out, _, status = run("kafka-topics.sh $AT --describe --topic no-such")
    assert (out, status) == (f"{words}\n", 1)
    out, err, status = run("kafka-topics.sh $AT --lists")
    assert (out, err.splitlines()[0], status) == ("", "lists is not a recognized option", 1)
    out, err, status = run("kafka-console-consumer.sh $AT --topic no-such")
    assert (out, err.startswith("ktools: "), status) == ("", True, 1)


def test_settings_from_a_pipe_are_read_once(run: Run, topic: str) -> None:
    out, err, status = run(
        """kafka-topics.sh --command-config <(echo "bootstrap.servers=$B"; echo client.id=x) --list --topic "$T"
           printf x |
             kafka-console-producer.sh --topic "$T-no" --producer.config <(echo "bootstrap.servers=$B") || echo refused
           kafka-console-consumer.sh $AT --topic "$T" --from-beginning --max-messages 1 \
             --consumer.config <(echo client.id=y) --property print.key=true --property key.separator=: 2>/dev/null"""
    )
    assert (out, status) == (f"{topic}\nrefused\nnull:one\n", 0)
    assert "No such" not in err


def test_the_consumer_of_before_2_0(run: Run, kafka39: Cluster) -> None:
    out, err, status = run(
        """kafka-run-class.sh kafka.consumer.ConsoleConsumer --zookeeper "$Z,$Z" --topic "$T" --from-beginning \
             --max-messages 3 --new-consumer --csv-reporter-enabled --metrics-dir /tmp/none"""
    )
    note = (
        f"ktools: ZooKeeper names the brokers {kafka39.bootstrap}, which keep the offsets; "
        "--zookeeper is of Kafka before 2.0.\n"
    )
    assert (out, err, status) == ("one\ntwo\nthree\n", f"{note}Processed a total of 3 messages\n", 0)
    out, err, status = run('kafka-console-consumer.sh --zookeeper "$Z/no-cluster" --topic "$T"')
    assert (out, status) == ("", 1)
    assert err.startswith(f"ktools: ZooKeeper at {kafka39.zookeeper}/no-cluster knows no broker.\n")


def test_the_producer_of_before_2_0(run: Run) -> None:
    out, err, status = run(
        """kafka-topics.sh $AT --create --topic "$T-old" --partitions 1 --replication-factor 1 > /dev/null
           echo x | kafka-console-producer --broker-list "$B" --topic "$T-old" --new-producer --queue-size 9 \
             --queue-enqueuetimeout-ms 100 --key-serializer kafka.serializer.DefaultEncoder
           kafka-console-consumer $AT --topic "$T-old" --from-beginning --max-messages 1 2>/dev/null
           kafka-topics.sh $AT --delete --topic "$T-old" """
    )
    assert (out, err, status) == ("x\n", "", 0)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_reaches_the_tool(
    number: int, status: int, kafka39: Cluster, shims: Path, topic: str, tmp_path: Path
) -> None:
    """The shim has become the tool: one process, whose number the caller knows."""
    output = tmp_path / "out"
    argv = ["sh", "kafka-console-consumer.sh", "--bootstrap-server", kafka39.bootstrap, "--topic", topic]
    with (
        output.open("wb") as file,
        ended(
            subprocess.Popen([*argv, "--from-beginning"], cwd=shims, stdout=file, stderr=subprocess.PIPE)
        ) as consumer,
    ):
        deadline = time.monotonic() + 30
        while output.read_bytes() != b"one\ntwo\nthree\n":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(consumer.pid, number)
        assert consumer.wait(30) == status
        assert consumer.stderr is not None
        assert consumer.stderr.read() == b"Processed a total of 3 messages\n"
