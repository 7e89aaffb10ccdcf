"""What is seen of a cluster through its brokers: who answers what, who may not know it, who is silent."""

import time
from typing import Any

import pytest

from kafka_tools.brokers import health
from kafka_tools.model.snapshot import Quorum, Snapshot
from kafka_tools.model.target import Brokers
from kafka_tools.wire.config_messages import DESCRIBE_CLUSTER
from kafka_tools.wire.log_dir_messages import DESCRIBE_LOG_DIRS
from kafka_tools.wire.messages import BROKER, DESCRIBE_CONFIGS, DESCRIBE_QUORUM
from tests.support.one_broker import OneBroker, a_partition, a_topic
from tests.support.servers import Answers, serving

RATE = "leader.replication.throttled.rate"
DENIED = 31


def seen(more: Answers) -> Snapshot:
    """Look at a cluster of broker 1, which answers, and broker 2, which is registered and down."""
    broker = OneBroker(a_topic("orders", a_partition(0)), more=more)
    with serving(broker) as port:
        broker.port = port
        return health.look(Brokers(f"127.0.0.1:{port}"))


def log_dirs(_: dict[str, Any], code: int = 0) -> dict[str, Any]:
    found = {"error_code": 0, "log_dir": "/d", "topics": (), "total_bytes": 100, "usable_bytes": 50}
    return {"error_code": code, "results": () if code else (found,)}


def configs(values: dict[str, Any]) -> dict[str, Any]:
    """Answer as OneBroker for topics; a broker has a throttle of its own, and Kafka's default of another."""
    [resource] = values["resources"]
    if resource["resource_type"] != BROKER:
        return OneBroker()._configs(values)
    assert RATE in resource["configuration_keys"]
    entries = [
        {"name": name, "value": "9", "config_source": source, "documentation": None}
        for name, source in ((RATE, 2), ("follower.replication.throttled.rate", 5))
    ]
    answer = {"resource_type": BROKER, "resource_name": resource["resource_name"], "error_message": None}
    return {"results": [answer | {"configs": entries}]}


def test_each_broker_is_asked_for_its_own() -> None:
    found = seen({DESCRIBE_LOG_DIRS: log_dirs, DESCRIBE_CONFIGS: configs})
    assert (found.live, found.controller, found.quorum, found.unknown) == ({1, 2}, 1, None, ())
    assert dict(found.unreached) == {2: "connection refused"}
    assert found.log_dirs is not None
    assert [(each.path, each.usable_bytes) for each in found.log_dirs[1]] == [("/d", 50)]
    assert found.rates == {1: {RATE: "9"}}
    assert found.versions is not None
    assert found.versions.keys() == {1}
    assert [(topic.topic, topic.min_isr) for topic in found.topics] == [("orders", 2)]


def test_the_controllers_quorum() -> None:
    voter = {"replica_id": 1, "log_end_offset": 7, "last_fetch_timestamp": -1, "last_caught_up_timestamp": 90}
    log = {"partition_index": 0, "leader_id": 1, "current_voters": [voter], "observers": []}
    topics = [{"topic_name": "__cluster_metadata", "partitions": [log]}]
    answer = {"topics": topics, "nodes": (), "error_message": None}
    assert seen({DESCRIBE_LOG_DIRS: log_dirs, DESCRIBE_QUORUM: lambda _: answer}).quorum == Quorum(1, (1,), (), {1: 0})


def test_brokers_that_are_registered_and_do_not_serve() -> None:
    asked: list[dict[str, Any]] = []

    def described(values: dict[str, Any]) -> dict[str, Any]:
        asked.append(values)
        about = {"host": "h", "port": 1, "rack": None}
        brokers = [{"broker_id": broker, "is_fenced": broker == 3, **about} for broker in (1, 2, 3)]
        return {"error_code": 0, "error_message": None, "cluster_id": "c", "brokers": brokers}

    found = seen({DESCRIBE_LOG_DIRS: log_dirs, DESCRIBE_CLUSTER: described})
    assert (found.live, found.fenced) == ({1, 2}, {3})
    assert [values["include_fenced_brokers"] for values in asked] == [True]


def test_who_may_not_see_it_is_told_what_is_not_known() -> None:
    def denied(values: dict[str, Any]) -> dict[str, Any]:
        answers = OneBroker()._configs(values)["results"]
        return {"results": [each | {"error_code": DENIED, "configs": ()} for each in answers]}

    quorum = {"error_code": DENIED, "topics": (), "nodes": (), "error_message": None}
    found = seen(
        {
            DESCRIBE_LOG_DIRS: lambda values: log_dirs(values, DENIED),
            DESCRIBE_CONFIGS: denied,
            DESCRIBE_QUORUM: lambda _: quorum,
        }
    )
    assert [each.subject for each in found.unknown] == [
        "topics",
        "controllers",
        "log dirs of broker 1",
        "throttles of broker 1",
    ]
    assert all(each.denied for each in found.unknown)
    assert (found.in_full, found.no_election) == (False, "")
    assert [topic.min_isr for topic in found.topics] == [None]


def test_a_broker_with_a_slow_disk_is_not_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SECONDS", 0.5)

    def slow(values: dict[str, Any]) -> dict[str, Any]:
        time.sleep(1)
        return log_dirs(values)

    found = seen({DESCRIBE_LOG_DIRS: slow})
    assert found.unreached.keys() == {2}
    assert [(each.subject, each.denied) for each in found.unknown] == [
        ("log dirs of broker 1", False),
        ("throttles of broker 1", False),
    ]
