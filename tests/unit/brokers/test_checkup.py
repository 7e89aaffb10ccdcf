"""What one broker tells of its cluster: brokers that are away, the quorum, the groups' offsets."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from kafka_tools.brokers.checkup import offsets_factor, overview, quorum
from kafka_tools.brokers.diagnosis import Contact, contacts
from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.model.snapshot import Quorum
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Offsets
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, DESCRIBE_QUORUM, METADATA
from kafka_tools.wire.schema import Message
from tests.support.servers import Broker, brokers, serving


@contextmanager
def connected(answers: Mapping[Message, Any]) -> Iterator[tuple[Contact, Broker]]:
    known = {METADATA: brokers({})} | dict(answers)
    broker = Broker({message: lambda _, answer=answer: answer for message, answer in known.items()})
    with serving(broker) as port:
        [contact] = contacts(Brokers(f"127.0.0.1:{port}"), seconds=5)
        yield contact, broker
        contact.close()


def partition(*replicas: int, leader: int = 1) -> dict[str, Any]:
    return {"leader_id": leader, "replica_nodes": replicas, "isr_nodes": replicas}


def test_an_overview_asks_for_no_topic_by_name() -> None:
    told = brokers({1: 9, 2: 8}, controller=2) | {"cluster_id": "c"}
    offsets = {"name": "__consumer_offsets", "partitions": [partition(1, 2), partition(1, 3, 2, leader=-1)]}
    told["topics"] = [offsets, {"name": "t", "partitions": [partition(3), partition(1)]}]
    with connected({METADATA: told}) as (contact, broker):
        seen = overview(contact)
    assert [values["topics"] for name, values in broker.asked if name == "Metadata"] == [None]
    assert (seen.cluster_id, seen.controller, dict(seen.absent)) == ("c", 2, {3: 2})
    assert seen.brokers == {1: ("127.0.0.1", 9), 2: ("127.0.0.1", 8)}
    assert seen.offsets == Offsets(2, 2, 1)


def test_an_overview_of_an_empty_cluster() -> None:
    with connected({METADATA: brokers({})}) as (contact, _):
        seen = overview(contact)
    assert (seen.cluster_id, seen.controller, seen.absent, seen.offsets) == (None, None, {}, None)


def voter(broker: int, fetched: int, caught_up: int, end: int = 7) -> dict[str, int]:
    times = {"last_fetch_timestamp": fetched, "last_caught_up_timestamp": caught_up}
    return {"replica_id": broker, "log_end_offset": end, **times}


@pytest.mark.parametrize(
    ("leader", "voters", "expected"),
    [
        (
            1,
            [voter(1, -1, 90_000, 9), voter(2, 89_900, 89_900), voter(3, 70_000, 1)],
            Quorum(1, (1, 2, 3), (3,), {1: 0, 2: 2, 3: 2, 7: 5}, (7,)),
        ),
        (2, [voter(3, 1, 1), voter(2, -1, 90_000)], Quorum(2, (2, 3), (3,), {2: 0, 3: 0, 7: 3}, (7,))),
        (-1, [voter(1, -1, -1), voter(2, -1, -1)], Quorum(None, (1, 2), ())),
    ],
)
def test_a_quorum(leader: int, voters: list[dict[str, int]], expected: Quorum) -> None:
    log = {"partition_index": 0, "leader_id": leader, "current_voters": voters, "observers": [voter(7, 1, 1, 4)]}
    answer = {"topics": [{"topic_name": "__cluster_metadata", "partitions": [log]}]}
    with connected({DESCRIBE_QUORUM: answer}) as (contact, _):
        assert quorum(contact) == expected


def test_a_quorum_that_must_not_be_seen_and_none() -> None:
    with connected({DESCRIBE_QUORUM: {"error_code": 31, "topics": []}}) as (contact, _):
        with pytest.raises(BrokerError) as refused:
            quorum(contact)
        assert refused.value.code == 31
    with connected({METADATA: brokers({})}) as (contact, _):
        assert quorum(contact) is None


@pytest.mark.parametrize(("topic", "settings", "factor"), [(3, 0, 2), (0, 0, 2), (3, 31, None)])
def test_the_replication_factor_that_offsets_will_have(topic: int, settings: int, factor: int | None) -> None:
    entries = [] if settings else [{"name": "offsets.topic.replication.factor", "value": "2"}]
    of_topic = {"error_code": topic, "resource_type": 2, "configs": []}
    of_broker = {"error_code": settings, "resource_type": 4, "configs": entries}
    with connected({DESCRIBE_CONFIGS: {"results": [of_broker, of_topic]}}) as (contact, _):
        assert offsets_factor(contact, 1) == factor


def test_offsets_that_must_not_be_seen() -> None:
    hidden = {"error_code": 29, "resource_type": 2, "configs": []}
    results = [hidden, {"error_code": 0, "resource_type": 4, "configs": []}]
    with connected({DESCRIBE_CONFIGS: {"results": results}}) as (contact, _), pytest.raises(BrokerError):
        offsets_factor(contact, 1)


OF_NO_TOPIC = {"error_code": 3, "resource_type": 2, "configs": []}
OF_A_BROKER = {"resource_type": 4, "configs": [{"name": "offsets.topic.replication.factor", "value": "x"}]}


@pytest.mark.parametrize(
    ("answers", "ask", "words"),
    [
        ({METADATA: brokers({}) | {"topics": [{"name": None}]}}, overview, "a topic has no name"),
        ({DESCRIBE_QUORUM: {"topics": []}}, quorum, "the controllers' log is not in it"),
        ({DESCRIBE_CONFIGS: {"results": []}}, lambda contact: offsets_factor(contact, 1), "is not in it"),
        (
            {DESCRIBE_CONFIGS: {"results": [OF_NO_TOPIC, OF_A_BROKER]}},
            lambda contact: offsets_factor(contact, 1),
            "offsets.topic.replication.factor is 'x', which is no number",
        ),
    ],
)
def test_an_answer_that_is_none(answers: Mapping[Message, Any], ask: Callable[[Contact], object], words: str) -> None:
    with connected(answers) as (contact, _), pytest.raises(KafkaToolError, match=words):
        ask(contact)
