"""Why there is no session: told in time, whatever servers and resolvers do."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper import diagnosis
from kafka_tools.zookeeper.diagnosis import NoQuorumError, ask, nobody_is_there, unreachable
from tests.support.servers import black_hole, refusing, saying, serving, silent

SERVES = b"Zookeeper version: 3.8.4-9316c2a7, built on 2024-02-12 22:16 UTC\nZxid: 0x1\nMode: follower\nNode count: 5\n"
OLD = SERVES.replace(b"3.8.4", b"3.5.9").replace(b"Mode: follower\n", b"")
WHITELIST = b"srvr is not executed because it is not in the whitelist.\n"

NO_QUORUM = b"This ZooKeeper instance is not currently serving requests\n"
HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("answer", "mode", "version"), [(SERVES, "follower", "3.8.4"), (OLD, "", "3.5.9"), (WHITELIST, "", "")]
)
def test_a_server_tells_its_mode_and_version(answer: bytes, mode: str, version: str) -> None:
    with serving(saying(answer)) as port:
        server = ask(("127.0.0.1", port), None, 5)
    assert (server.mode, server.version) == (mode, version)


def test_what_a_server_counts() -> None:
    """The answer of ZooKeeper 3.8; 3.5 has whole milliseconds."""
    counted = SERVES.replace(
        b"Zxid: 0x1\n", b"Latency min/avg/max: 0/2.6514/20\nConnections: 4\nOutstanding: 1\nZxid: 0x1\n"
    )
    with serving(saying(counted)) as port:
        server = ask(("127.0.0.1", port), None, 5)
    assert server.latency == (0, 2.6514, 20)
    assert (server.connections, server.outstanding, server.zxid, server.znodes) == (4, 1, "0x1", 5)


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
def test_a_server_that_does_not_serve_tells_why(answer: bytes, words: str) -> None:
    with serving(saying(answer)) as port, pytest.raises(KafkaToolError, match=words):
        ask(("127.0.0.1", port), None, 5)


@pytest.mark.parametrize("linger", [b"", struct.pack("ii", 1, 0)], ids=["closed", "reset"])
def test_a_server_that_hangs_up_is_asked_once_more(linger: bytes) -> None:
    answers = iter([b"", b"This ZooKeeper instance is not currently serving requests\n"])

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        if said := next(answers):
            connection.sendall(said)
        elif linger:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    with serving(answer) as port, pytest.raises(NoQuorumError):
        ask(("127.0.0.1", port), None, 5)


def test_a_refusing_and_a_silent_server() -> None:
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
def test_invalid_names_do_not_resolve(name: str) -> None:
    with pytest.raises(KafkaToolError, match=f"^the name {name} does not resolve$"):
        ask((name, 2181), None, 20)


@pytest.fixture
def silent_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the resolver say nothing about names as long as the test runs."""
    told, resolve = threading.Event(), socket.getaddrinfo

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != HERE:
            told.wait(30)
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield
    told.set()


@pytest.mark.usefixtures("silent_resolver")
def test_a_silent_resolver_is_not_waited_for() -> None:
    before, began = set(threading.enumerate()), time.monotonic()
    error = unreachable("zk.invalid:2181", [("zk.invalid", 2181)])
    assert time.monotonic() - began < 20
    assert error.message == "cannot reach ZooKeeper at zk.invalid:2181 (the name zk.invalid does not resolve)."
    assert all(thread.daemon for thread in set(threading.enumerate()) - before), "the process cannot end"


@pytest.mark.usefixtures("silent_resolver")
def test_a_silent_resolver_does_not_hide_a_lost_quorum() -> None:
    with serving(saying(NO_QUORUM)) as port:
        error = unreachable("…", [("zk.invalid", 2181), (HERE, port), (HERE, port)])
    assert error.message == "no quorum at … (2 of 3 answers, 2 needed)."


def test_silent_and_refusing_servers_are_told_apart() -> None:
    with serving(silent) as quiet, black_hole() as lost, refusing() as closed:
        began = time.monotonic()
        error = unreachable("…", [(HERE, port) for port in (quiet, lost, closed)])
    assert time.monotonic() - began < 20
    assert error.message == "cannot reach ZooKeeper at … (connection refused, no answer within 2 s)."


def test_a_server_that_never_ends_its_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def dripping(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"Z")
            time.sleep(0.1)

    monkeypatch.setattr(diagnosis, "PROBE_SECONDS", 0.6)
    with serving(dripping) as port:
        began = time.monotonic()
        error = unreachable("…", [(HERE, port)])
    assert time.monotonic() - began < 20
    assert error.message == "cannot reach ZooKeeper at … (no answer within 1 s)."


def test_nobody_is_there_where_every_server_refuses() -> None:
    with refusing() as one, refusing() as two:
        assert nobody_is_there([(HERE, one), (HERE, two)])
        assert nobody_is_there([(HERE, one), ("nosuch.invalid", 2181)])


def test_somebody_may_be_there_where_one_server_listens_or_is_silent() -> None:
    with refusing() as closed, serving(silent) as quiet, black_hole() as lost:
        assert not nobody_is_there([(HERE, closed), (HERE, quiet)])
        assert not nobody_is_there([(HERE, closed), (HERE, lost)])


@pytest.mark.usefixtures("silent_resolver")
def test_a_slow_resolver_does_not_mean_that_nobody_is_there() -> None:
    assert not nobody_is_there([("zk.invalid", 2181)])
