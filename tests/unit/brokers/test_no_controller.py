"""Brokers that answer, but not what they have to ask the controller or ZooKeeper for."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from kafka_tools.brokers.cluster import BrokerCluster
from kafka_tools.brokers.configs import BrokerConfigs
from kafka_tools.brokers.quorum import BrokerQuorum
from kafka_tools.brokers.reassignments import BrokerReassignments
from kafka_tools.brokers.session import Session
from kafka_tools.errors import UnreachableError
from kafka_tools.model.cluster import Endpoint
from kafka_tools.model.configs import TOPICS
from kafka_tools.wire.config_messages import DESCRIBE_CLUSTER
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, DESCRIBE_QUORUM, LIST_PARTITION_REASSIGNMENTS
from tests.support.one_broker import OneBroker, a_partition, a_topic, session_with


def _late(_: dict[str, Any]) -> None:
    time.sleep(2)


@pytest.mark.parametrize(
    ("ask", "kraft"),
    [
        (lambda session: BrokerReassignments(session).ongoing(), False),
        (lambda session: BrokerReassignments(session).ongoing(), True),
        (lambda session: list(BrokerConfigs(session).describe({TOPICS: "a"})), False),
        (lambda session: BrokerQuorum(session).describe(), True),
    ],
)
def test_what_may_be_gone_is_said(ask: Callable[[Session], Any], kraft: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka_tools.brokers.reassignments.CONTROLLER_SECONDS", 0.2)
    monkeypatch.setattr("kafka_tools.brokers.quorum.CONTROLLER_SECONDS", 0.2)
    monkeypatch.setattr("kafka_tools.brokers.configs.CONFIGS_SECONDS", 0.2)
    late = {DESCRIBE_CONFIGS: _late, LIST_PARTITION_REASSIGNMENTS: _late}
    broker = OneBroker(a_topic("a", a_partition(0)), more=late | ({DESCRIBE_QUORUM: _late} if kraft else {}))
    with session_with(broker) as session, pytest.raises(UnreachableError, match="gave no answer to a ") as caught:
        ask(session)
    expected = "Have the controllers lost their majority?" if kraft else "Is ZooKeeper gone, or the controller?"
    assert caught.value.hint == expected


def test_a_cluster_is_described_by_a_broker_that_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """AdminClient waits for the controller, here broker 2, which is down."""
    monkeypatch.setattr("kafka_tools.brokers.cluster.CONTROLLER_SECONDS", 0.3)
    known = {
        "cluster_id": "one",
        "controller_id": 2,
        "brokers": [{"broker_id": 1, "host": "h", "port": 9, "rack": "r"}],
    }
    broker = OneBroker(more={DESCRIBE_CLUSTER: lambda _: known})
    broker.controller = 2
    with session_with(broker) as session:
        found = BrokerCluster(session).describe()
    assert (found.cluster_id, found.endpoints) == ("one", (Endpoint(1, "h", 9, "r", False),))
