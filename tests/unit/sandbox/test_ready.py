"""How ZooKeeper servers say what they are (`srvr`), and what of a log is shown where a server does not start."""

import pytest

from kafka_tools.sandbox import ready
from tests.support.servers import refusing, saying, serving


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        (b"Zookeeper version: 3.8.4\nLatency min/avg/max: 0/0.0/0\nMode: follower\nNode count: 5\n", "follower"),
        (b"This ZooKeeper instance is not currently serving requests\n", None),
        (b"\xff\xfe\n", None),
        (b"", None),
    ],
)
def test_zookeeper_mode(answer: bytes, mode: str | None) -> None:
    with serving(saying(answer)) as port:
        assert ready.zookeeper_mode(port) == mode


def test_nobody_there() -> None:
    with refusing() as port, pytest.raises(OSError, match="refused"):
        ready.zookeeper_mode(port)


def test_the_cause_in_a_log_is_found() -> None:
    log = "\n".join(
        [
            "[2026-01-01] INFO starting (kafka.Kafka)",
            "[2026-01-01] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)",
            "org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:1",
            "\tat kafka.network.Acceptor.openServerSocket(SocketServer.scala:1)",
            "Caused by: java.net.BindException: Address already in use",
            "\tat java.base/sun.nio.ch.Net.bind0(Native Method)",
            "[2026-01-01] INFO shut down completed (kafka.server.KafkaServer)",
        ]
    )
    assert ready.telling_lines(log)[-1] == "Caused by: java.net.BindException: Address already in use"
    assert not [line for line in ready.telling_lines(log) if line.startswith("\tat")]


def test_a_log_without_a_cause_shows_its_end() -> None:
    assert ready.telling_lines("one\n\ntwo\n") == ("one", "two")
    assert ready.telling_lines("") == ()
