"""Why there is no session, told in time whatever servers and resolvers do."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kafka_tools.zookeeper import reachability
from kafka_tools.zookeeper.reachability import unreachable
from tests.support.servers import black_hole, refusing, saying, serving, silent

NO_QUORUM = b"This ZooKeeper instance is not currently serving requests\n"
HERE = "127.0.0.1"


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
def test_a_resolver_that_says_nothing() -> None:
    before, began = set(threading.enumerate()), time.monotonic()
    error = unreachable("zk.invalid:2181", [("zk.invalid", 2181)])
    assert time.monotonic() - began < 20
    assert error.message == "cannot reach ZooKeeper at zk.invalid:2181 (the name zk.invalid does not resolve)."
    assert all(thread.daemon for thread in set(threading.enumerate()) - before), "the process cannot end"


@pytest.mark.usefixtures("silent_resolver")
def test_what_the_others_say_is_told_all_the_same() -> None:
    with serving(saying(NO_QUORUM)) as port:
        error = unreachable("…", [("zk.invalid", 2181), (HERE, port), (HERE, port)])
    assert error.message == "no quorum at … (2 of 3 answers, 2 needed)."


def test_servers_that_say_nothing_and_no_server() -> None:
    with serving(silent) as quiet, black_hole() as lost, refusing() as closed:
        began = time.monotonic()
        error = unreachable("…", [(HERE, port) for port in (quiet, lost, closed)])
    assert time.monotonic() - began < 20
    assert error.message == "cannot reach ZooKeeper at … (connection refused, no answer within 2 s)."


def test_a_server_that_never_ends_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def dripping(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"Z")
            time.sleep(0.1)

    monkeypatch.setattr(reachability, "PROBE_SECONDS", 0.6)
    with serving(dripping) as port:
        began = time.monotonic()
        error = unreachable("…", [(HERE, port)])
    assert time.monotonic() - began < 20
    assert error.message == "cannot reach ZooKeeper at … (no answer within 1 s)."
