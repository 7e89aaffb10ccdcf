"""Connecting step by step: how far one gets with servers of every kind."""

import socket
import time
from contextlib import closing as closed
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Sasl, Security, Tls
from kafka_tools.wire import sockets
from kafka_tools.wire.connection import Connection
from kafka_tools.wire.diagnosis import CONNECT, RESOLVE, SASL, TLS, VERSIONS, Step, connect
from kafka_tools.wire.messages import METADATA, SASL_AUTHENTICATE, SASL_HANDSHAKE
from tests.support.authority import Authority, serving_tls
from tests.support.servers import Broker, brokers, refusing, serving

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
