"""How ZooKeeper servers say what they are (the four letter word `srvr`)."""

import pytest

from kafka_tools.sandbox import health
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
        assert health.zookeeper_mode(port) == mode


def test_nobody_there() -> None:
    with refusing() as port, pytest.raises(OSError, match="refused"):
        health.zookeeper_mode(port)
