"""What one broker tells of its cluster: brokers that are away, the quorum, the groups' offsets."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest

from kafka_tools.brokers.diagnosis import unreached
from kafka_tools.errors import UnreachableError
from kafka_tools.wire.checkup import Offsets, Quorum, offsets_factor, overview, quorum
from kafka_tools.wire.connection import Connection
from kafka_tools.wire.diagnosis import connect, reach
from kafka_tools.wire.errors import BrokerError
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, DESCRIBE_QUORUM, METADATA
from kafka_tools.wire.schema import Message
from tests.support.servers import Broker, brokers, refusing, serving, silent


@contextmanager
def connected(answers: Mapping[Message, Any]) -> Iterator[tuple[Connection, Broker]]:
    broker = Broker({message: lambda _, answer=answer: answer for message, answer in answers.items()})
    with serving(broker) as port, closing(connect(("127.0.0.1", port), time.monotonic() + 5)) as connection:
        yield connection, broker


def partition(*replicas: int, leader: int = 1) -> dict[str, Any]:
    return {"leader_id": leader, "replica_nodes": replicas, "isr_nodes": replicas}


def test_an_overview_asks_for_no_topic_by_name() -> None:
    told = brokers({1: 9, 2: 8}, controller=2) | {"cluster_id": "c"}
    offsets = {"name": "__consumer_offsets", "partitions": [partition(1, 2), partition(1, 3, 2, leader=-1)]}
    told["topics"] = [offsets, {"name": "t", "partitions": [partition(3), partition(1)]}]
    with connected({METADATA: told}) as (connection, broker):
        seen = overview(connection)
    assert [values["topics"] for name, values in broker.asked if name == "Metadata"] == [None]
    assert (seen.cluster_id, seen.controller, dict(seen.absent)) == ("c", 2, {3: 2})
    assert seen.brokers == {1: ("127.0.0.1", 9), 2: ("127.0.0.1", 8)}
    assert seen.offsets == Offsets(2, 2, 1)


def test_an_overview_of_an_empty_cluster() -> None:
    with connected({METADATA: brokers({})}) as (connection, _):
        seen = overview(connection)
    assert (seen.cluster_id, seen.controller, seen.absent, seen.offsets) == (None, None, {}, None)


def voter(broker: int, fetched: int, caught_up: int) -> dict[str, int]:
    times = {"last_fetch_timestamp": fetched, "last_caught_up_timestamp": caught_up}
    return {"replica_id": broker, "log_end_offset": 7, **times}


@pytest.mark.parametrize(
    ("leader", "voters", "expected"),
    [
        (1, [voter(1, -1, 90_000), voter(2, 89_900, 89_900), voter(3, 70_000, 1)], Quorum(1, (1, 2, 3), (3,))),
        (2, [voter(3, 1, 1), voter(2, -1, 90_000)], Quorum(2, (2, 3), (3,))),
        (-1, [voter(1, -1, -1), voter(2, -1, -1)], Quorum(None, (1, 2), ())),
    ],
)
def test_a_quorum(leader: int, voters: list[dict[str, int]], expected: Quorum) -> None:
    log = {"partition_index": 0, "leader_id": leader, "current_voters": voters, "observers": []}
    answer = {"topics": [{"topic_name": "__cluster_metadata", "partitions": [log]}]}
    with connected({DESCRIBE_QUORUM: answer}) as (connection, _):
        assert quorum(connection) == expected


def test_a_quorum_that_must_not_be_seen_and_none() -> None:
    with connected({DESCRIBE_QUORUM: {"error_code": 31, "topics": []}}) as (connection, _):
        with pytest.raises(BrokerError) as refused:
            quorum(connection)
        assert refused.value.code == 31
    with connected({METADATA: brokers({})}) as (connection, _):
        assert quorum(connection) is None


@pytest.mark.parametrize(("topic", "settings", "factor"), [(3, 0, 2), (0, 0, 2), (3, 31, None)])
def test_the_replication_factor_that_offsets_will_have(topic: int, settings: int, factor: int | None) -> None:
    entries = [] if settings else [{"name": "offsets.topic.replication.factor", "value": "2"}]
    of_topic = {"error_code": topic, "resource_type": 2, "configs": []}
    of_broker = {"error_code": settings, "resource_type": 4, "configs": entries}
    with connected({DESCRIBE_CONFIGS: {"results": [of_broker, of_topic]}}) as (connection, _):
        assert offsets_factor(connection, 1) == factor


def test_offsets_that_must_not_be_seen() -> None:
    hidden = {"error_code": 29, "resource_type": 2, "configs": []}
    results = [hidden, {"error_code": 0, "resource_type": 4, "configs": []}]
    with connected({DESCRIBE_CONFIGS: {"results": results}}) as (connection, _), pytest.raises(BrokerError):
        offsets_factor(connection, 1)


def test_each_broker_at_its_address() -> None:
    with serving(Broker({METADATA: brokers})) as port, refusing() as closed, serving(silent) as mute:
        places = {3: ("127.0.0.1", port), 1: ("127.0.0.1", closed), 2: ("127.0.0.1", mute)}
        found = reach(places, None, time.monotonic() + 1)
    assert list(found) == [1, 2, 3]
    assert isinstance(found[3], float)
    assert str(found[1]) == "connection refused"
    assert "no answer" in str(found[2])


def test_brokers_that_are_advertised_in_vain() -> None:
    with refusing() as closed:
        broker = Broker({})
        with serving(broker) as port:
            server = f"127.0.0.1:{port}"
            broker.answers = {METADATA: lambda _: brokers({1: port})}
            assert unreached(server, None, 5) is None
            broker.answers = {METADATA: lambda _: brokers({1: port, 2: closed})}
            some = unreached(server, None, 5)
            broker.answers = {METADATA: lambda _: brokers({2: closed})}
            every = unreached(server, None, 5)
    assert some is not None
    assert every is not None
    assert (some.brokers, some.every, every.every) == ({2}, False, True)
    assert every.failure.message == (
        f"{server} answers, but broker 2, which it advertises at 127.0.0.1:{closed}, cannot be reached "
        "(connection refused)."
    )


def test_nobody_who_could_advertise_one() -> None:
    with refusing() as closed, pytest.raises(UnreachableError, match=r"cannot reach .* \(connection refused\)"):
        unreached(f"127.0.0.1:{closed}", None, 0.5)
