"""How a session begins and ends: a refusal is told at once, and nothing is left open."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.security import ZooKeeperSecurity
from kafka_tools.model.target import DEFAULT_SOURCE, ZooKeeper
from kafka_tools.zookeeper import diagnosis, session
from kafka_tools.zookeeper.answers import NoAnswerError, UnreadableAnswerError
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.znodes import Znodes
from tests.support.servers import Handler, refusing, serving
from tests.support.waiting import until

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
    with serving(server) as port:
        with connected(ZooKeeper(f"127.0.0.1:{port}")):
            assert len(server.asked) == 1
        assert until(lambda: len(server.asked) > 1)
    assert [request[-4:] for request in server.asked[1:]] == [CLOSE]


def test_a_refused_connection_is_told_at_once_and_leaves_no_socket() -> None:
    began = time.monotonic()
    with (
        refusing() as port,
        pytest.raises(UnreachableError, match="connection refused"),
        connected(ZooKeeper(f"127.0.0.1:{port}")),
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
        with connected(ZooKeeper(f"127.0.0.1:{port}", wait_seconds=20)):
            assert len(server.asked) == 1
        timer.join()


def test_a_refused_connection_is_given_up_after_wait_seconds() -> None:
    began = time.monotonic()
    with (
        refusing() as port,
        pytest.raises(UnreachableError),
        connected(ZooKeeper(f"127.0.0.1:{port}", wait_seconds=1.5)),
    ):
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
        with (
            pytest.raises(UnreachableError, match="no answer within"),
            connected(ZooKeeper(f"127.0.0.1:{port}")) as client,
        ):
            client.get("/")
        assert time.monotonic() - began < 8
        server.go_on.set()


def test_a_server_that_does_not_close_a_session_is_not_waited_for_long() -> None:
    server = Server("is silent")
    with serving(server) as port:
        with connected(ZooKeeper(f"127.0.0.1:{port}")):
            began = time.monotonic()
        assert time.monotonic() - began < 8
        server.go_on.set()


def test_a_server_that_answers_nothing_is_given_up_and_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka_tools.zookeeper.client.ANSWER_SECONDS", 1.0)
    server = Server("is silent")
    with serving(server) as port, connected(ZooKeeper(f"127.0.0.1:{port}")) as client:
        with pytest.raises(NoAnswerError, match="within 1 s, though its session is open"):
            client.get("/")
        began = time.monotonic()
        # It would get the answer that is still due.
        with pytest.raises(NoAnswerError):
            client.get("/b")
        assert time.monotonic() - began < 1
        server.go_on.set()


def answering(body: bytes, xid: int = 1, error: int = 0) -> Handler:
    """Open a session, and answer its first request with a header and these bytes."""

    def handler(connection: socket.socket) -> None:
        _frame(connection)
        _send(connection, struct.pack("!iiqi16s?", 0, 10_000, 1, 16, bytes(16), False))
        _frame(connection)
        _send(connection, struct.pack("!iqi", xid, 1, error) + body)
        connection.recv(4096)

    return handler


INT = struct.Struct("!i")
CHILD = INT.pack(1) + b"a"


@pytest.mark.parametrize(
    ("server", "why"),
    [
        (answering(INT.pack(-1)), "a list of -1 children"),
        (answering(INT.pack(2**31 - 1)), "a list of 2,147,483,647 children"),
        (answering(INT.pack(2) + CHILD), ""),
        (answering(INT.pack(1) + CHILD + b"more"), "13 bytes instead of 9"),
        (answering(INT.pack(1) + INT.pack(9) + b"cut off"), "a text that is cut off"),
        (answering(INT.pack(1) + INT.pack(-1)), "a name that is empty"),
        (answering(INT.pack(1) + INT.pack(1) + b"\xff"), ""),
        (answering(INT.pack(1) + CHILD, xid=2), ""),
        (answering(INT.pack(1) + CHILD, xid=-4), "an answer to a request that nobody sent"),
        (answering(b"", error=-999), ""),
        (answering(b"", xid=-1), ""),
    ],
)
def test_an_answer_that_is_none_is_told_in_a_line(
    server: Handler, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(server) as port:
        with pytest.raises(UnreadableAnswerError) as told, connected(ZooKeeper(f"127.0.0.1:{port}")) as client:
            client.get_children("/")
        assert (why or "its bytes are no answer to what was asked") in told.value.message
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("length", [-1, 2**31 - 1])
def test_a_length_that_no_server_sends_is_not_waited_for(length: int) -> None:
    def server(connection: socket.socket) -> None:
        asked = connection.recv(4096)
        connection.sendall(b"Zookeeper version: 3.8.4\n" if asked.startswith(b"srvr") else INT.pack(length))

    began = time.monotonic()
    with (
        serving(server) as port,
        pytest.raises(UnreachableError, match="its answer to a new session cannot be read"),
        connected(ZooKeeper(f"127.0.0.1:{port}")),
    ):
        pass
    assert time.monotonic() - began < session.CONNECT_SECONDS


TOKENS = {
    INT.pack(-1): "takes no login: it has no SASL",
    INT.pack(4) + b"NTLM": "asks for a login that is not DIGEST-MD5",
    INT.pack(2) + b"\xff\xfe": "asks for a login that is not DIGEST-MD5",
    INT.pack(90_000) + b'"' * 90_000: "asks for a login that is not DIGEST-MD5",
    INT.pack(9) + b'nonce="n"': "cannot prove that it knows kafka",
    INT.pack(99) + b"nonce": "cannot be read",
    b"": "cannot be read",
}


@pytest.mark.parametrize("token", TOKENS)
def test_a_login_to_a_server_that_lies(token: bytes) -> None:
    def server(connection: socket.socket) -> None:
        _frame(connection)
        _send(connection, struct.pack("!iiqi16s?", 0, 10_000, 1, 16, bytes(16), False))
        while asked := _frame(connection):
            _send(connection, asked[:4] + struct.pack("!qi", 1, 0) + token)

    security = ZooKeeperSecurity(None, "kafka", "hunter2")
    with (
        serving(server) as port,
        pytest.raises(KafkaToolError, match=TOKENS[token]) as told,
        connected(ZooKeeper(f"127.0.0.1:{port}", security=security)),
    ):
        pass
    assert "hunter2" not in f"{told.value.message} {told.value.hint}"


def test_a_server_that_never_stops_answering_at_length_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka_tools.zookeeper.answers.MOST_SESSION_BYTES", 10_000)

    def server(connection: socket.socket) -> None:
        _frame(connection)
        _send(connection, struct.pack("!iiqi16s?", 0, 10_000, 1, 16, bytes(16), False))
        while asked := _frame(connection):
            _send(connection, asked[:4] + struct.pack("!qi", 1, 0) + INT.pack(4000) + bytes(4000) + bytes(68))

    with (
        serving(server) as port,
        pytest.raises(UnreadableAnswerError, match="more than 10,000 bytes in all"),
        connected(ZooKeeper(f"127.0.0.1:{port}")) as client,
    ):
        list(Znodes(client).data(["/"] * 9))


def test_the_default_address_has_a_hint_how_to_name_a_cluster() -> None:
    with (
        refusing() as port,
        pytest.raises(UnreachableError) as refused,
        connected(ZooKeeper(f"127.0.0.1:{port}", source=DEFAULT_SOURCE)),
    ):
        pass
    for way in ("--zookeeper", "`ktools context add`", "`ktools sandbox up`"):
        assert way in refused.value.hint
