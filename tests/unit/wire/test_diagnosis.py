"""Connecting step by step: how far one gets with servers of every kind."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing as closed
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Sasl, Security, Tls
from kafka_tools.wire import sockets
from kafka_tools.wire.connection import Connection
from kafka_tools.wire.diagnosis import CONNECT, RESOLVE, SASL, TLS, VERSIONS, Step, connect
from kafka_tools.wire.messages import METADATA, SASL_AUTHENTICATE, SASL_HANDSHAKE
from kafka_tools.wire.sockets import BrokenConnectionError
from tests.support.authority import Authority, serving_tls
from tests.support.servers import Broker, brokers, closing, refusing, serving

LOGIN = Security(sasl=Sasl("PLAIN", "me", "hunter2"))


class Probed(NamedTuple):
    steps: list[Step]
    connection: Connection | None


def probed(port: int, security: Security | None = None, host: str = "127.0.0.1") -> Probed:
    steps: list[Step] = []
    connection = None
    with suppress(KafkaToolError):
        connection = connect((host, port), time.monotonic() + 5, security, steps)
        connection.close()
    return Probed(steps, connection)


def names(found: Probed) -> list[str]:
    return [step.name for step in found.steps]


def failure(found: Probed) -> str:
    *good, last = found.steps
    assert all(step.failure is None for step in good)
    assert last.failure is not None
    return last.failure.message


def test_a_broker_that_answers() -> None:
    with serving(Broker({METADATA: lambda _: brokers({})})) as port:
        steps: list[Step] = []
        connection = connect(("127.0.0.1", port), time.monotonic() + 5, None, steps)
        with closed(connection):
            assert connection.ask(METADATA, {"topics": ()})["brokers"] == []
    found = Probed(steps, connection)
    assert names(found) == [RESOLVE, CONNECT, VERSIONS]
    assert [step.found for step in found.steps[:2]] == ["127.0.0.1", "127.0.0.1"]
    assert all(step.failure is None and step.seconds >= 0 for step in found.steps)


def test_nobody_listens() -> None:
    with refusing() as port:
        found = probed(port)
    assert (names(found), found.connection) == ([RESOLVE, CONNECT], None)
    assert failure(found) == "connection refused"


def test_a_name_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(sockets, "getaddrinfo", getaddrinfo)
    found = probed(1, host="kafka.example")
    assert names(found) == [RESOLVE]
    assert failure(found) == "the name kafka.example does not resolve"


def test_a_broker_of_long_ago() -> None:
    with serving(Broker({SASL_HANDSHAKE: lambda _: None})) as port:
        found = probed(port)
    assert names(found) == [RESOLVE, CONNECT, VERSIONS]
    assert "older than Kafka 1.0" in failure(found)


@pytest.mark.parametrize(
    ("handshake", "words"),
    [
        ({"error_code": 33, "mechanisms": ["OAUTHBEARER"]}, "does not take PLAIN"),
        ({"error_code": 34, "mechanisms": []}, "takes no login"),
        ({"error_code": 0, "mechanisms": ["PLAIN"]}, "does not let me in with PLAIN: wrong"),
    ],
)
def test_a_login_that_fails(handshake: dict[str, Any], words: str) -> None:
    refusal = {"error_code": 58, "error_message": "wrong", "auth_bytes": b""}
    broker = Broker({METADATA: brokers, SASL_HANDSHAKE: lambda _: handshake, SASL_AUTHENTICATE: lambda _: refusal})
    with serving(broker) as port:
        found = probed(port, LOGIN)
    assert names(found) == [RESOLVE, CONNECT, VERSIONS, SASL]
    assert words in failure(found)
    assert "hunter2" not in str(found)


def test_a_login() -> None:
    taken = {"error_code": 0, "error_message": None, "auth_bytes": b""}
    shake = {"error_code": 0, "mechanisms": ["PLAIN"]}
    broker = Broker({METADATA: brokers, SASL_HANDSHAKE: lambda _: shake, SASL_AUTHENTICATE: lambda _: taken})
    with serving(broker) as port:
        found = probed(port, LOGIN)
    assert found.connection is not None
    assert found.steps[-1].found == "PLAIN me"


def test_tls_and_when_the_certificate_expires(tmp_path: Path) -> None:
    authority = Authority()
    with serving_tls(tmp_path, authority.pair(days=9)) as (_, port):
        found = probed(port, Security(Tls(authority.pem)))
    assert names(found) == [RESOLVE, CONNECT, TLS, VERSIONS]  # who listens is no broker
    expires = found.steps[2].expires
    assert expires is not None
    assert 8 < (expires - time.time()) / 86_400 < 10


@pytest.mark.parametrize(("days", "hint"), [(-1, "a new one"), (9, "names the authorities")])
def test_tls_that_fails_and_what_to_try(tmp_path: Path, days: int, hint: str) -> None:
    authority = Authority()
    trusted = authority if days < 0 else Authority()
    with serving_tls(tmp_path, authority.pair(days=days)) as (_, port):
        found = probed(port, Security(Tls(trusted.pem)))
    assert names(found) == [RESOLVE, CONNECT, TLS]
    last = found.steps[-1].failure
    assert last is not None
    assert hint in last.hint


WITH_TLS = Security(Tls())
HANDSHAKE = b"\x16"
"""TLS's content type."""


@contextmanager
def speaking_tls(folder: Path, client_ca: str = "") -> Iterator[int]:
    """Serve TLS and nothing else; with an authority, to its clients only."""
    authority = Authority()
    file = folder / "server.pem"
    file.write_text("".join(authority.pair()))
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(file)
    if client_ca:
        settings.maximum_version = ssl.TLSVersion.TLSv1_2
        settings.load_verify_locations(cadata=client_ca)
        settings.verify_mode = ssl.CERT_REQUIRED

    def handler(connection: socket.socket) -> None:
        with suppress(OSError), settings.wrap_socket(connection, server_side=True) as secured:
            secured.recv(100)

    with serving(handler) as port:
        yield port


def connect_failure(port: int, security: Security | None) -> BrokenConnectionError:
    with pytest.raises(BrokenConnectionError) as caught:
        connect(("127.0.0.1", port), time.monotonic() + 5, security)
    return caught.value


@pytest.mark.parametrize("wants_certificate", [False, True])
def test_plaintext_to_tls(tmp_path: Path, wants_certificate: bool) -> None:
    with speaking_tls(tmp_path, Authority().pem if wants_certificate else "") as port:
        error = connect_failure(port, None)
    assert (error.cause, error.hopeless) == ("this listener speaks TLS, not plaintext", True)
    assert "SASL_SSL" in error.hint


def test_tls_to_plaintext() -> None:
    broker = Broker({METADATA: lambda _: brokers({})})

    def handler(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) != HANDSHAKE:  # a broker takes it for a request that is far too long
            broker(connection)

    with serving(handler) as port:
        error = connect_failure(port, WITH_TLS)
    assert (error.cause, error.hopeless) == ("this listener speaks plaintext, not TLS", True)
    assert "SASL_PLAINTEXT" in error.hint


@pytest.mark.parametrize("security", [None, WITH_TLS])
def test_who_always_hangs_up_speaks_neither(security: Security | None) -> None:
    with serving(closing) as port:
        assert not connect_failure(port, security).hopeless
