"""Which cluster: the flag, the environment, a sandbox, the default."""

import pytest

from kafka_tools.backends import Brokers, ZooKeeper
from kafka_tools.errors import UsageError
from kafka_tools.sandbox import state
from kafka_tools.sandbox.state import Endpoints
from kafka_tools.settings import target


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KTOOLS_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.delenv("KTOOLS_ZOOKEEPER", raising=False)
    monkeypatch.setattr(state, "running", lambda: None)


def test_nothing_named() -> None:
    assert target.choose(None, None) == Brokers("localhost:9092")


def test_a_running_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "running", lambda: Endpoints("127.0.0.1:5001", "127.0.0.1:5000"))
    assert target.choose(None, None) == Brokers("127.0.0.1:5001")


def test_the_environment_goes_before_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "running", lambda: Endpoints("127.0.0.1:5001", "127.0.0.1:5000"))
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "zk:2181/kafka")
    assert target.choose(None, None) == ZooKeeper("zk:2181/kafka")
    assert target.choose_brokers(None) == Brokers("127.0.0.1:5001")
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "b:9092")
    with pytest.raises(UsageError, match="are both set"):
        target.choose(None, None)


def test_flags_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "env:9092")
    assert target.choose("flag:9092", None) == Brokers("flag:9092")
    assert target.choose(None, "zk:2181") == ZooKeeper("zk:2181")


def test_two_flags() -> None:
    with pytest.raises(UsageError, match="Only one of --bootstrap-server or --zookeeper must be specified"):
        target.choose("a:1", "b:2")


@pytest.mark.parametrize("servers", ["", ",", "a:b", ":9092", "a:0", "a:70000", "a b:1"])
def test_what_is_no_address(servers: str) -> None:
    with pytest.raises(UsageError, match="--bootstrap-server"):
        target.choose(servers, None)
