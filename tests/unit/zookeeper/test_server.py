"""One server asked how it is."""

import socket
import struct
import time
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.server import NoQuorumError, ask
from tests.support.servers import black_hole, refusing, saying, serving, silent

SERVES = b"Zookeeper version: 3.8.4-9316c2a7, built on 2024-02-12 22:16 UTC\nZxid: 0x1\nMode: follower\nNode count: 5\n"
OLD = SERVES.replace(b"3.8.4", b"3.5.9").replace(b"Mode: follower\n", b"")
WHITELIST = b"srvr is not executed because it is not in the whitelist.\n"


@pytest.mark.parametrize(
    ("answer", "mode", "version"), [(SERVES, "follower", "3.8.4"), (OLD, "", "3.5.9"), (WHITELIST, "", "")]
)
def test_a_server_that_serves(answer: bytes, mode: str, version: str) -> None:
    with serving(saying(answer)) as port:
        server = ask(("127.0.0.1", port), None, 5)
    assert (server.mode, server.version) == (mode, version)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"This ZooKeeper instance is not currently serving requests\n", "does not serve: there is no quorum"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "this is not a ZooKeeper server"),
        (b"", "or it speaks TLS only"),
        (b"\x15\x03\x03\x00\x02\x02\x50", "it speaks TLS only"),
        (b"\xff\x00\n", "this is not a ZooKeeper server"),
    ],
)
def test_one_that_does_not(answer: bytes, words: str) -> None:
    with serving(saying(answer)) as port, pytest.raises(KafkaToolError, match=words):
        ask(("127.0.0.1", port), None, 5)


@pytest.mark.parametrize("linger", [b"", struct.pack("ii", 1, 0)], ids=["closed", "reset"])
def test_one_that_hangs_up_while_it_loses_its_quorum(linger: bytes) -> None:
    answers = iter([b"", b"This ZooKeeper instance is not currently serving requests\n"])

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        if said := next(answers):
            connection.sendall(said)
        elif linger:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with serving(answer) as port, pytest.raises(NoQuorumError):
        ask(("127.0.0.1", port), None, 5)


def test_one_that_is_not_there_or_silent() -> None:
    with refusing() as port, pytest.raises(KafkaToolError, match=r"^connection refused$"):
        ask(("127.0.0.1", port), None, 5)
    with serving(silent) as port, pytest.raises(KafkaToolError, match=r"^no answer within"):
        ask(("127.0.0.1", port), None, 0.2)


def test_a_name_with_two_addresses_of_which_one_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        return places if host == "zk" else resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with black_hole() as dead, refusing() as closed, serving(saying(SERVES)) as port:
        for first in (dead, closed):
            places = [resolve("127.0.0.1", each, type=socket.SOCK_STREAM)[0] for each in (first, port)]
            assert ask(("zk", 2181), None, 2).mode == "follower"
        places.reverse()
        began = time.monotonic()
        assert ask(("zk", 2181), None, 60).mode == "follower"
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("name", ["a..b", "a" * 70])
def test_what_no_name_can_be(name: str) -> None:
    with pytest.raises(KafkaToolError, match=f"^the name {name} does not resolve$"):
        ask((name, 2181), None, 20)
