"""Transactions as brokers tell of them: who is asked for what, and what is asked again."""

from typing import Any

import pytest

from kafka_tools.brokers import transactions
from kafka_tools.brokers.transactions import BrokerTransactions
from kafka_tools.errors import BrokerError, UnsupportedError
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.transactions import AbortMarker, ProducerState
from kafka_tools.wire.share_streams_messages import FIND_COORDINATOR
from kafka_tools.wire.transaction_messages import (
    DESCRIBE_PRODUCERS,
    DESCRIBE_TRANSACTIONS,
    INIT_PRODUCER_ID,
    LIST_TRANSACTIONS,
    WRITE_TXN_MARKERS,
)
from tests.support.one_broker import OneBroker, a_partition, a_topic, session_with

LOADING, CONCURRENT, NOT_LEADER, FENCED = 14, 51, 6, 47


class Coordinating(OneBroker):
    """Broker 1 leads partition 0 and coordinates; `codes` are what it answers to DescribeTransactions and
    InitProducerId, one after the other."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        super().__init__(
            a_topic("t", a_partition(0), a_partition(1, leader=-1)),
            more={
                FIND_COORDINATOR: self._coordinator,
                DESCRIBE_TRANSACTIONS: self._described,
                INIT_PRODUCER_ID: lambda _: {"error_code": self.codes.pop(0)},
                DESCRIBE_PRODUCERS: self._producers,
                WRITE_TXN_MARKERS: self._marked,
            },
        )

    def _coordinator(self, values: dict[str, Any]) -> dict[str, Any]:
        assert values["key_type"] == 1
        return {"coordinators": [{"key": "me", "node_id": 1, "error_code": 0, "error_message": None}]}

    def _described(self, values: dict[str, Any]) -> dict[str, Any]:
        state = {
            "error_code": self.codes.pop(0),
            "transactional_id": values["transactional_ids"][0],
            "transaction_state": "SomethingNew",
            "transaction_start_time": -1,
            "topics": [{"topic": "t", "partitions": [0, 1]}],
        }
        return {"transaction_states": [state]}

    def _producers(self, values: dict[str, Any]) -> dict[str, Any]:
        producer = {"producer_id": 7, "producer_epoch": 2, "coordinator_epoch": 3, "last_timestamp": 5}
        topics = [
            {
                "name": topic["name"],
                "partitions": [
                    {"partition_index": each, "error_code": 0, "error_message": None, "active_producers": [producer]}
                    for each in topic["partition_indexes"]
                ],
            }
            for topic in values["topics"]
        ]
        return {"topics": topics}

    def _marked(self, _: dict[str, Any]) -> dict[str, Any]:
        partitions = [{"partition_index": 0, "error_code": self.codes.pop(0)}]
        return {"markers": [{"producer_id": 7, "topics": [{"name": "t", "partitions": partitions}]}]}


def test_a_coordinator_that_is_loading_is_asked_again() -> None:
    with session_with(Coordinating(LOADING, 0)) as session:
        found = BrokerTransactions(session).describe("me")
    assert (found.state, found.start, found.coordinator) == ("Unknown", None, 1)
    assert found.partitions == (TopicPartition("t", 0), TopicPartition("t", 1))


def test_a_transaction_that_is_being_ended_is_waited_for() -> None:
    broker = Coordinating(CONCURRENT, CONCURRENT, 0)
    with session_with(broker) as session:
        BrokerTransactions(session).force_terminate("me")
    assert broker.requests().count("InitProducerId") == 3


def test_each_partition_has_its_own_answer() -> None:
    broker = Coordinating()
    zero, one, two = (TopicPartition("t", each) for each in range(3))
    with session_with(broker) as session:
        found = BrokerTransactions(session).producers([two, one, zero])
    assert list(found) == [two, one, zero]
    assert found[zero] == (ProducerState(7, 2, 3, -1, 5, None),)
    assert [each.message for each in (found[one], found[two]) if isinstance(each, BrokerError)] == [
        "There is no leader for this topic-partition as we are in the middle of a leadership election.",
        "This server does not host this topic-partition.",
    ]


def test_many_partitions_are_asked_for_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "MOST_PARTITIONS", 2)
    broker = Coordinating()
    with session_with(broker) as session:
        found = BrokerTransactions(session).producers([TopicPartition("t", each) for each in range(5)], 1)
    assert len(found) == 5
    assert broker.requests().count("DescribeProducers") == 3


def test_a_marker_goes_to_the_leader_once() -> None:
    broker = Coordinating(FENCED)
    with session_with(broker) as session, pytest.raises(BrokerError, match="old epoch"):
        BrokerTransactions(session).abort(AbortMarker(TopicPartition("t", 0), 7, 2, 3))
    [values] = [values for name, values in broker.asked if name == "WriteTxnMarkers"]
    assert list(values["markers"]) == [
        {
            "producer_id": 7,
            "producer_epoch": 2,
            "transaction_result": False,
            "topics": [{"name": "t", "partition_indexes": (0,)}],
            "coordinator_epoch": 3,
        }
    ]


def test_no_filter_is_dropped_where_a_broker_does_not_know_it() -> None:
    older = LIST_TRANSACTIONS.since(0)
    older.last = 0
    broker = Coordinating()
    broker.answers = {**broker.answers, older: lambda _: {"error_code": 0}}
    with session_with(broker) as session:
        [failure, _] = BrokerTransactions(session).listings(duration_ms=5).values()
        assert isinstance(failure, UnsupportedError)
        [found, _] = BrokerTransactions(session).listings().values()
        assert found == ()
