"""How a session begins and ends: a refusal is told at once, and nothing is left open."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest

from kafka_tools.errors import UnreachableError
from kafka_tools.zookeeper import diagnosis, session
from kafka_tools.zookeeper.session import connected
from tests.support.servers import refusing, serving

CLOSE = struct.pack("!i", -11)
"""ZooDefs.OpCode.closeSession."""


class Server:
    """A server that opens one session, and at the first request closes it, hangs up, or says nothing more."""

    def __init__(self, then: Literal["closes", "hangs up", "is silent"]) -> None:
        self.then = then
        self.asked: list[bytes] = []
        self.go_on = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        """Serve the first connection; leave the others open and without an answer."""
        if self.asked:
            self.go_on.wait(30)
            return
        self.asked.append(_frame(connection))
        _send(connection, struct.pack("!iiqi16s?", 0, 10_000, 1, 16, bytes(16), False))
        self.asked.append(_frame(connection))
        if self.then == "closes":
            _send(connection, self.asked[-1][:4] + struct.pack("!qi", 1, 0))
        elif self.then == "is silent":
            self.go_on.wait(30)


def _frame(connection: socket.socket) -> bytes:
    size = connection.recv(4, socket.MSG_WAITALL)
    return connection.recv(struct.unpack("!i", size)[0], socket.MSG_WAITALL)


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(struct.pack("!i", len(message)) + message)


@pytest.fixture(autouse=True)
def no_socket_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does, the sockets with which kazoo wakes itself are closed soon after it."""
    made: list[socket.socket] = []
    create = socket.socketpair

    def socketpair() -> tuple[socket.socket, socket.socket]:
        one, two = create()
        made.extend((one, two))
        return one, two

    monkeypatch.setattr(socket, "socketpair", socketpair)
    monkeypatch.setattr(session, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(diagnosis, "PROBE_SECONDS", 0.2)
    yield
    assert made
    wait_until_closed(made)


def wait_until_closed(sockets: list[socket.socket]) -> None:
    deadline = time.monotonic() + 30
    while any(each.fileno() != -1 for each in sockets):
        assert time.monotonic() < deadline, "sockets are left open"
        time.sleep(0.01)


def test_a_session_that_lives_is_closed_on_the_server() -> None:
    server = Server("closes")
    with serving(server) as port, connected(f"127.0.0.1:{port}"):
        assert len(server.asked) == 1
    assert [request[-4:] for request in server.asked[1:]] == [CLOSE]


def test_a_refused_connection_is_told_at_once_and_leaves_no_socket() -> None:
    began = time.monotonic()
    with (
        refusing() as port,
        pytest.raises(UnreachableError, match="connection refused"),
        connected(f"127.0.0.1:{port}"),
    ):
        pass
    assert time.monotonic() - began < session.CONNECT_SECONDS


def test_a_refused_connection_is_tried_again_while_it_is_waited_for() -> None:
    server = Server("closes")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        timer = threading.Timer(1.5, _listen, (holder, server))
        timer.start()
        with connected(f"127.0.0.1:{port}", wait_seconds=20):
            assert len(server.asked) == 1
        timer.join()


def test_a_refused_connection_is_given_up_after_wait_seconds() -> None:
    began = time.monotonic()
    with refusing() as port, pytest.raises(UnreachableError), connected(f"127.0.0.1:{port}", wait_seconds=1.5):
        pass
    assert 1.5 <= time.monotonic() - began < 10


def _listen(holder: socket.socket, server: Server) -> None:
    holder.listen()
    connection, _ = holder.accept()
    with connection:
        server(connection)


def test_a_lost_connection_is_not_waited_for() -> None:
    server = Server("hangs up")
    with serving(server) as port:
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="no answer within"), connected(f"127.0.0.1:{port}") as client:
            client.get("/")
        assert time.monotonic() - began < 8
        server.go_on.set()


def test_a_server_that_does_not_close_a_session_is_not_waited_for_long() -> None:
    server = Server("is silent")
    with serving(server) as port:
        with connected(f"127.0.0.1:{port}"):
            began = time.monotonic()
        assert time.monotonic() - began < 8
        server.go_on.set()
