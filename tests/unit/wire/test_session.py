"""Reaching a cluster, its brokers, its controller: servers on loopback behave as real ones do at their worst."""

import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools import __version__
from kafka_tools.errors import NOT_CONTROLLER, KafkaToolError, UnreachableError, UnsupportedError, UsageError
from kafka_tools.model.codec import encode
from kafka_tools.model.security import Sasl, Security
from kafka_tools.wire import connection as connections
from kafka_tools.wire import session as sessions
from kafka_tools.wire import sockets
from kafka_tools.wire.connection import LostResponseError
from kafka_tools.wire.messages import (
    API_VERSIONS,
    CREATE_TOPICS,
    DESCRIBE_CONFIGS,
    LIST_PARTITION_REASSIGNMENTS,
    METADATA,
    SASL_HANDSHAKE,
)
from kafka_tools.wire.session import WireSession, parse
from tests.support.servers import Broker, black_hole, brokers, closing, refusing, saying, serving, silent, starting

CLOSED = "connection closed by the other side: is this a Kafka listener, and a plaintext one?"
NOT_KAFKA = "the answer is not Kafka's: is this a Kafka listener, and a plaintext one?"
USUAL_HINT = "Is the broker up? Another address: --bootstrap-server HOST:PORT."
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x50"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pause of 0.1 s count as 20 s of a minute: the end comes soon, but not because the machine stands still."""
    pauses: list[float] = []
    clock = sessions.monotonic
    monkeypatch.setattr(sessions, "sleep", pauses.append)
    monkeypatch.setattr(sessions, "monotonic", lambda: clock() + 200 * sum(pauses))
    monkeypatch.setattr(sessions, "CONNECT_SECONDS", 60.0)


def _failure(bootstrap_servers: str, hint: str = USUAL_HINT, seconds: float | None = None) -> str:
    with pytest.raises(UnreachableError) as caught:
        sessions.WireSession(bootstrap_servers, seconds=seconds)
    assert caught.value.hint == hint
    return caught.value.message


def test_a_refused_port_is_told_at_once() -> None:
    with refusing() as port, refusing() as other:
        servers = f"127.0.0.1:{port},127.0.0.1:{other}"
        began = time.monotonic()
        assert _failure(servers) == f"cannot reach {servers} (connection refused)."
        assert time.monotonic() - began < 1


def test_a_refused_port_is_tried_as_long_as_it_was_said() -> None:
    with refusing() as port:
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="connection refused"):
            sessions.WireSession(f"127.0.0.1:{port}", seconds=0.2, wait_seconds=0.5)
        assert time.monotonic() - began > 0.4


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("handler", "cause"),
    [
        (closing, CLOSED),
        (lambda connection: connection.close(), CLOSED),
        (saying(struct.pack(">ii", 100, 1) + b"half"), CLOSED),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NOT_KAFKA),
        (saying(TLS_ALERT + TLS_ALERT), NOT_KAFKA),
        (saying(struct.pack(">i", -1) * 10), NOT_KAFKA),
        (saying(struct.pack(">ii", 4, 1)), NOT_KAFKA),
        (saying(struct.pack(">ii", 12, 1) + b"\xff" * 8), NOT_KAFKA),
        (saying(struct.pack(">ii", 12, 77) + b"\0" * 8), NOT_KAFKA),
    ],
)
def test_who_listens_is_no_broker(handler: Callable[[socket.socket], None], cause: str) -> None:
    with serving(handler) as port:
        assert _failure(f"127.0.0.1:{port}") == f"cannot reach 127.0.0.1:{port} ({cause})."


def test_who_listens_says_nothing() -> None:
    with serving(silent) as port:
        said = _failure(f"127.0.0.1:{port}", seconds=0.4)
        assert said == f"cannot reach 127.0.0.1:{port} (no answer within 0 s)."


def test_a_listener_that_answers_as_tls_does() -> None:
    with serving(saying(TLS_ALERT)) as port:
        said = _failure(f"127.0.0.1:{port}", "security.protocol=SSL or SASL_SSL in a --command-config file says so.")
        assert said == f"cannot reach 127.0.0.1:{port} (this listener speaks TLS, not plaintext)."


def test_a_connection_is_never_made() -> None:
    with black_hole() as port:
        said = _failure(f"127.0.0.1:{port}", seconds=0.4)
        assert said == f"cannot reach 127.0.0.1:{port} (connection timed out)."


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("code", [sockets.EAI_AGAIN, socket.EAI_NONAME])
def test_a_name_does_not_resolve(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def getaddrinfo(*_: object) -> None:
        raise socket.gaierror(code, "no such name")

    monkeypatch.setattr(sockets, "getaddrinfo", getaddrinfo)
    said = _failure("kafka.example:9092", sockets.NAME_HINT)
    assert said == "cannot reach kafka.example:9092 (the name kafka.example does not resolve)."


def test_a_name_that_is_looked_up_for_ever_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, real = threading.Event(), sockets.getaddrinfo

    def getaddrinfo(*args: Any) -> Any:
        if len(args) == 4:
            ended.wait()
        return real(*args)

    monkeypatch.setattr(sockets, "getaddrinfo", getaddrinfo)
    said = _failure("localhost:1", sockets.NAME_HINT, seconds=0.4)
    assert said == "cannot reach localhost:1 (the name localhost does not resolve)."
    ended.set()


@given(st.text(st.characters(exclude_characters=",", exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_no_name_gives_a_traceback(name: str) -> None:
    try:
        [(host, _)] = parse(name)
    except UsageError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sockets, "getaddrinfo", _no_look_up)
        with pytest.raises(sockets.BrokenConnectionError) as caught:
            sockets.open_socket((host, 1), 0.0)
    assert caught.value.cause in (f"the name {host} does not resolve", "connection timed out")


def _no_look_up(name: str | bytes, *_: object) -> None:
    """Refuse as getaddrinfo does, without asking anybody."""
    if isinstance(name, str):
        name.encode("idna")
    if "\0" in str(name):
        raise ValueError("embedded null character")
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


@pytest.mark.usefixtures("hurried")
def test_all_causes_are_named() -> None:
    with refusing() as port, serving(closing) as closed:
        servers = f"127.0.0.1:{port},127.0.0.1:{closed}"
        assert _failure(servers) == f"cannot reach {servers} ({CLOSED}, connection refused)."


def test_one_server_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "TURN_SECONDS", 0.2)
    broker = Broker({METADATA: lambda _: brokers({7: 9092})})
    worst = (refusing(), serving(silent), serving(closing), black_hole())
    with serving(broker) as port, worst[0] as refused, worst[1] as mute, worst[2] as closed, worst[3] as hole:
        others = f"127.0.0.1:{refused},127.0.0.1:{mute},127.0.0.1:{closed},127.0.0.1:{hole}"
        with WireSession(f"{others}, 127.0.0.1:{port}", seconds=60) as session:
            assert [each["node_id"] for each in session.metadata(())["brokers"]] == [7]


def test_a_name_with_an_address_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker({METADATA: lambda _: brokers({7: 9092})})
    with serving(broker) as port, black_hole() as hole:

        def getaddrinfo(*_: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", place)) for place in (hole, port)]

        monkeypatch.setattr(sockets, "getaddrinfo", getaddrinfo)
        monkeypatch.setattr(sessions, "TURN_SECONDS", 0.4)
        with WireSession("kafka.example:1,kafka.example:2", seconds=60) as session:
            assert session.supports(METADATA)


def test_a_server_that_starts_is_waited_for() -> None:
    broker = Broker({METADATA: lambda _: brokers({})})
    with (
        starting(broker, after_seconds=0.3) as port,
        WireSession(f"127.0.0.1:{port}", wait_seconds=60) as session,
    ):
        assert session.metadata(())["brokers"] == []


def test_an_ipv6_address() -> None:
    broker = Broker({METADATA: lambda _: brokers({})})
    with serving(broker, "::1") as port, WireSession(f"[::1]:{port}") as session:
        assert session.supports(METADATA)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("a", (("a", 9092),)),
        ("a:1, b:2", (("a", 1), ("b", 2))),
        ("[::1]:5,[fe80::1]", (("::1", 5), ("fe80::1", 9092))),
    ],
)
def test_addresses(text: str, servers: tuple[tuple[str, int], ...]) -> None:
    assert parse(text) == servers


@pytest.mark.parametrize("text", ["", ",", "a:b", ":1", "a:0", "a:65536", "a:-1", "a:١"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="--bootstrap-server"):
        parse(text)


def test_ctrl_c_ends_a_wait_at_once() -> None:
    asked = threading.Event()

    def hear(connection: socket.socket) -> None:
        connection.recv(1)
        asked.set()
        silent(connection)

    code = "import sys; from kafka_tools.wire.session import WireSession; WireSession(sys.argv[1], seconds=60)"
    with (
        serving(hear) as port,
        subprocess.Popen([sys.executable, "-c", code, f"127.0.0.1:{port}"], stderr=subprocess.PIPE) as process,
    ):
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == -signal.SIGINT
    assert said.rstrip().endswith(b"KeyboardInterrupt")


def test_the_client_says_who_it_is() -> None:
    broker = Broker({METADATA: lambda _: brokers({})})
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}"):
        pass
    assert broker.asked == [("ApiVersions", {"client_software_name": "ktools", "client_software_version": __version__})]


def test_a_broker_that_knows_only_old_versions() -> None:
    versions = {"api_keys": [{"api_key": 3, "min_version": 0, "max_version": 5}]}
    answers = [{"error_code": 35, "api_keys": []}, versions]
    asked = []

    def handler(connection: socket.socket) -> None:
        for answer in answers:
            raw = connection.recv(4096)
            asked.append(struct.unpack_from(">ihhi", raw)[1:])
            body = struct.pack(">i", asked[-1][2]) + encode(API_VERSIONS.response, 0, False, answer)
            connection.sendall(struct.pack(">i", len(body)) + body)
        raw = connection.recv(4096)
        asked.append(struct.unpack_from(">ihhi", raw)[1:])
        body = struct.pack(">i", 3) + encode(METADATA.response, 5, False, brokers({4: 1}))
        connection.sendall(struct.pack(">i", len(body)) + body)

    with serving(handler) as port, WireSession(f"127.0.0.1:{port}") as session:
        assert session.metadata(None)["brokers"][0]["node_id"] == 4
        assert not session.supports(DESCRIBE_CONFIGS)
        with pytest.raises(UnsupportedError, match=rf"127\.0\.0\.1:{port} does not support DescribeConfigs requests"):
            session.ask(DESCRIBE_CONFIGS, {})
    assert asked == [(18, 3, 1), (18, 0, 2), (3, 5, 3)]


def _dying(answer: dict[str, Any], times: int) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """Return what hangs up so many times, then answers."""
    left = [None] * times
    return lambda _: left.pop() if left else answer


def test_a_connection_that_broke_is_opened_again() -> None:
    broker = Broker({METADATA: _dying(brokers({1: 1}), 1)})
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
        assert session.metadata(())["brokers"]
    assert [name for name, _ in broker.asked] == ["ApiVersions", "Metadata"] * 2


def test_the_first_contact_is_one_of_the_brokers() -> None:
    told: list[dict[str, Any] | None] = []
    broker = Broker({METADATA: lambda _: told.pop(0)})
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
        known = brokers({1: port})
        told += [known, known, None, known]
        for _ in range(2):
            assert session.ask(METADATA, {"topics": ()}, broker=1)["brokers"]
    assert [name for name, _ in broker.asked] == ["ApiVersions"] + ["Metadata"] * 3 + ["ApiVersions", "Metadata"]


def test_a_broker_that_hangs_up_on_a_request() -> None:
    broker = Broker({METADATA: _dying({}, 9)})
    with (
        serving(broker) as port,
        WireSession(f"127.0.0.1:{port}") as session,
        pytest.raises(UnreachableError, match=rf"^127.0.0.1:{port} hung up on a Metadata request\.$"),
    ):
        session.metadata(())
    assert [name for name, _ in broker.asked] == ["ApiVersions", "Metadata"] * 2


def test_a_broker_that_does_not_answer_and_then_does() -> None:
    go_on = threading.Event()
    late = iter([True, False])

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        if next(late):
            go_on.wait(60)
        return brokers({1: 1})

    broker = Broker({METADATA: answer})
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
        with pytest.raises(
            UnreachableError, match=rf"^127.0.0.1:{port} gave no answer to a Metadata request within 0 s"
        ):
            session.ask(METADATA, {"topics": ()}, seconds=0.4)
        go_on.set()
        assert session.metadata(())["brokers"]


def test_a_broker_that_is_silent_in_the_middle_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.4)
    over = threading.Event()
    broker = Broker({SASL_HANDSHAKE: lambda _: {"error_code": 0, "mechanisms": []} if over.wait(60) else None})
    security = Security(sasl=Sasl("PLAIN", "me", "mine"))
    with serving(broker) as port:
        with pytest.raises(UnreachableError, match="gave no answer to a SaslHandshake request within 0 s"):
            sessions.WireSession(f"127.0.0.1:{port}", security)
        over.set()


def test_an_answer_that_cannot_be_read() -> None:
    def handler(connection: socket.socket) -> None:
        connection.recv(4096)
        versions = {"api_keys": [{"api_key": 3, "min_version": 0, "max_version": 12}]}
        body = struct.pack(">i", 1) + encode(API_VERSIONS.response, 3, True, versions)
        connection.sendall(struct.pack(">i", len(body)) + body)
        connection.recv(4096)
        connection.sendall(struct.pack(">ii", 8, 2) + b"\xff" * 4)

    unreadable = r"an answer to a Metadata request \(version 12\) that cannot be read"
    with (
        serving(handler) as port,
        WireSession(f"127.0.0.1:{port}") as session,
        pytest.raises(KafkaToolError, match=unreadable),
    ):
        session.metadata(())


def test_a_broker_that_is_advertised_where_nobody_is() -> None:
    with refusing() as port:
        broker = Broker({METADATA: lambda _: brokers({1: 1, 2: port})})
        with serving(broker) as bootstrap, WireSession(f"127.0.0.1:{bootstrap}") as session:
            with pytest.raises(UnreachableError) as caught:
                session.ask(METADATA, {"topics": ()}, broker=2)
            assert caught.value.message == (
                f"127.0.0.1:{bootstrap} answers, but broker 2, which it advertises at 127.0.0.1:{port}, "
                "cannot be reached (connection refused)."
            )
            assert caught.value.hint == "Check the broker's advertised.listeners."
            with pytest.raises(UnreachableError, match="broker 3 is not there"):
                session.ask(METADATA, {"topics": ()}, broker=3)


def test_connections_are_kept() -> None:
    second = Broker({METADATA: lambda _: brokers({})})
    with serving(second) as port:
        first = Broker({METADATA: lambda _: brokers({2: port})})
        with serving(first) as bootstrap, WireSession(f"127.0.0.1:{bootstrap}") as session:
            for _ in range(3):
                session.ask(METADATA, {"topics": ()}, broker=2)
    assert [name for name, _ in first.asked] == ["ApiVersions", "Metadata"]
    assert [name for name, _ in second.asked] == ["ApiVersions"] + ["Metadata"] * 3


REASSIGNED = {"error_code": 0, "topics": []}
REFUSED = {"error_code": NOT_CONTROLLER, "topics": []}


def test_the_controller_is_found_and_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "CONNECT_SECONDS", 60.0)
    new = Broker({LIST_PARTITION_REASSIGNMENTS: lambda _: REASSIGNED, METADATA: lambda _: brokers({})})
    old = Broker({LIST_PARTITION_REASSIGNMENTS: lambda _: REFUSED, METADATA: lambda _: brokers({})})
    with serving(new) as new_port, serving(old) as old_port, refusing() as closed:
        told = iter([2, -1, 2, 5, 3])
        first = Broker(
            {
                LIST_PARTITION_REASSIGNMENTS: lambda _: REFUSED,
                METADATA: lambda _: brokers({2: old_port, 3: new_port, 5: closed}, controller=next(told)),
            }
        )
        with serving(first) as port, WireSession(f"127.0.0.1:{port}") as session:
            assert session.ask_controller(LIST_PARTITION_REASSIGNMENTS, {})["error_code"] == 0
    assert [name for name, _ in old.asked].count("ListPartitionReassignments") == 2
    assert [name for name, _ in new.asked].count("ListPartitionReassignments") == 1


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("controller", "message"),
    [(-1, "answers, but the cluster has no controller now"), (5, "broker 5, which it advertises at 127.0.0.1")],
)
def test_a_controller_that_is_missing_is_said(controller: int, message: str) -> None:
    with refusing() as port:
        told = brokers({5: port}, controller=controller)
        broker = Broker({LIST_PARTITION_REASSIGNMENTS: lambda _: REFUSED, METADATA: lambda _: told})
        with (
            serving(broker) as bootstrap,
            WireSession(f"127.0.0.1:{bootstrap}") as session,
            pytest.raises(UnreachableError, match=message),
        ):
            session.ask_controller(LIST_PARTITION_REASSIGNMENTS, {})


def _created(code: int) -> dict[str, Any]:
    return {"topics": [{"name": "t", "error_code": code, "error_message": None, "configs": []}]}


def _change(session: sessions.WireSession, seconds: float = 60) -> dict[str, Any]:
    return session.change(CREATE_TOPICS, {"topics": []}, lambda answer: answer["topics"][0], seconds)


def test_a_change_is_made_by_the_controller_once() -> None:
    controller = Broker({CREATE_TOPICS: lambda _: _created(0), METADATA: lambda _: brokers({})})
    with serving(controller) as port:
        first = Broker(
            {CREATE_TOPICS: lambda _: _created(NOT_CONTROLLER), METADATA: lambda _: brokers({2: port}, controller=2)}
        )
        with serving(first) as bootstrap, WireSession(f"127.0.0.1:{bootstrap}") as session:
            assert _change(session)["error_code"] == 0
    assert [name for name, _ in controller.asked] == ["ApiVersions", "CreateTopics"]


@pytest.mark.parametrize("answer", [lambda _: None, lambda _: threading.Event().wait()])
def test_a_change_without_an_answer_is_not_made_again(answer: Callable[[Any], Any]) -> None:
    broker = Broker({CREATE_TOPICS: answer, METADATA: lambda _: brokers({})})
    with (
        serving(broker) as port,
        WireSession(f"127.0.0.1:{port}") as session,
        pytest.raises(LostResponseError, match="CreateTopics request") as caught,
    ):
        _change(session, seconds=0.4)
    assert caught.value.hint == "Whether it was carried out is not known: look before you try again."
    assert [name for name, _ in broker.asked] == ["ApiVersions", "Metadata", "CreateTopics"]


def test_no_change_is_sent_to_a_port_that_wants_a_login() -> None:
    broker = Broker({CREATE_TOPICS: lambda _: _created(0), METADATA: lambda _: None})
    with (
        serving(broker) as port,
        WireSession(f"127.0.0.1:{port}") as session,
        pytest.raises(LostResponseError, match="Metadata request") as caught,
    ):
        _change(session)
    assert "Does it want a login?" in caught.value.hint
    assert "CreateTopics" not in [name for name, _ in broker.asked]


@pytest.mark.usefixtures("hurried")
def test_no_address_of_a_name_answers() -> None:
    with refusing() as port:
        assert _failure(f"localhost:{port}") == f"cannot reach localhost:{port} (connection refused)."
