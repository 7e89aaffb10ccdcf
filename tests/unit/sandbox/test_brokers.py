"""What is asked of the sandbox's brokers: each must say it, and whom a principal logs in as."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from kafka_tools.sandbox import brokers, credentials, security, state_file
from kafka_tools.sandbox.brokers import Clients
from kafka_tools.sandbox.state_file import Sandbox, Server
from kafka_tools.wire.messages import DESCRIBE_QUORUM
from tests.support.sandboxes import SANDBOX
from tests.support.servers import Broker, refusing, serving


@dataclass
class Metadata:
    """What one broker says: `orig_broker_id` is its own id."""

    orig_broker_id: int
    controller_id: int


class Script:
    """Clients whose brokers answer in this order; None is no answer."""

    def __init__(self, answers: Sequence[Metadata | None]) -> None:
        self._answers = iter(answers)

    def metadata(self, seconds: float, topic: str | None = None) -> Metadata | None:  # noqa: ARG002  the interface
        return next(self._answers)


def test_every_broker_must_say_it_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "PAUSE_SECONDS", 0)
    answers = [None, Metadata(1, 3), Metadata(1, 3), Metadata(-1, 3), Metadata(2, -1), Metadata(3, 3), Metadata(2, 3)]
    looks = brokers.each_says(cast(Clients, Script(answers)), {1, 2}, lambda metadata: metadata.controller_id == 3)
    assert [sorted(left) for left in looks] == [[1, 2], [2], [2], [2], [2], [2], []]


def test_who_says_nothing_for_long_is_asked_over_new_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(brokers, "RENEWAL_SECONDS", -1)
    asked: list[set[int]] = []

    class Renewed(Script):
        def only(self, ids: set[int]) -> "Renewed":
            asked.append(set(ids))
            return Renewed([Metadata(2, 3)])

    first = Renewed([Metadata(1, 3)])
    looks = brokers.each_says(cast(Clients, first), {1, 2}, lambda metadata: metadata.controller_id == 3)
    assert [sorted(left) for left in looks] == [[2], []]
    assert asked == [{2}]


def test_nobody_is_waited_for_where_no_broker_is_named() -> None:
    assert list(brokers.each_says(cast(Clients, Script([])), (), lambda _: True)) == []


def quorum(leader: int, error: int = 0) -> Broker:
    partition = {
        "partition_index": 0, "error_code": error, "leader_id": leader, "leader_epoch": 1, "high_watermark": 1,
        "current_voters": [], "observers": [],
    }  # fmt: skip
    answer = {"error_code": 0, "topics": [{"topic_name": "__cluster_metadata", "partitions": [partition]}]}
    return Broker({DESCRIBE_QUORUM: lambda _: answer})


def at(port: int) -> tuple[Sandbox, Server]:
    return SANDBOX, Server("broker", 1, port)


@pytest.mark.parametrize(("leader", "found"), [(3, 3), (-1, None)])
def test_the_node_that_leads_the_controllers(home: Path, leader: int, found: int | None) -> None:
    with serving(quorum(leader)) as port:
        assert brokers.controller(*at(port), home) == found


def test_who_is_not_there_names_no_controller(home: Path) -> None:
    with refusing() as port:
        started = time.monotonic()
        assert brokers.controller(*at(port), home) is None
    assert time.monotonic() - started < 2 * brokers.ANSWER_SECONDS


def test_who_is_silent_is_given_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brokers, "ANSWER_SECONDS", 0.1)
    with refusing() as port:
        sandbox, server = at(port)
        assert brokers.answers(server, sandbox, home) is None


def principal(home: Path, kind: str, name: str) -> dict[str, str]:
    return brokers.login(replace(SANDBOX, security=kind), home, name)


def test_how_principals_log_in(home: Path) -> None:
    credentials.make(home, tls=True)
    password = credentials.password(home, "user")
    assert principal(home, "plaintext", "admin") == {"security.protocol": "PLAINTEXT"}
    assert principal(home, "sasl", "admin")["sasl.mechanism"] == "PLAIN"
    scram = {"sasl.mechanism": security.MECHANISM, "sasl.username": "user", "sasl.password": password}
    assert principal(home, "sasl", "user") == {"security.protocol": "SASL_PLAINTEXT"} | scram
    authority = {"security.protocol": "SASL_SSL", "ssl.ca.location": str(credentials.ca_path(home))}
    assert principal(home, "sasl-tls", "user") == authority | scram
    own = principal(home, "tls", "user")
    assert own["ssl.certificate.location"] == own["ssl.key.location"] == str(credentials.certificate_path(home, "user"))


def librdkafka_takes(settings: dict[str, Any]) -> bool:
    from confluent_kafka.admin import AdminClient

    AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0} | settings)
    return True


@pytest.mark.parametrize("kind", state_file.PROTOCOLS)
@pytest.mark.parametrize("name", ["admin", "user"])
def test_librdkafka_takes_the_settings(home: Path, kind: str, name: str) -> None:
    credentials.make(home, tls=True)
    assert librdkafka_takes(principal(home, kind, name))
