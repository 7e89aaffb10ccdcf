"""`ktools cluster` and `ktools broker-api-versions`: the servers of a cluster, and changes of who is registered."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kafka_tools.main import run
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.wire.cluster_messages import UNREGISTER_BROKER
from kafka_tools.wire.config_messages import DESCRIBE_CLUSTER
from kafka_tools.wire.messages import API_VERSIONS
from tests.support.one_broker import OneBroker
from tests.support.servers import serving

NOT_REGISTERED = 102


class Registering(OneBroker):
    """Broker 1, up, and broker 12 of another rack, fenced; who is to be forgotten is not there where it has id 7."""

    def __init__(self) -> None:
        more = {DESCRIBE_CLUSTER: self._described, UNREGISTER_BROKER: self._forgotten}
        super().__init__(more=more | {API_VERSIONS: lambda _: {}})  # known: how it is answered is Broker's

    def _described(self, values: dict[str, object]) -> dict[str, object]:
        brokers = [
            {"broker_id": 12, "host": "fenced.example", "port": 9, "rack": "rack-b", "is_fenced": True},
            {"broker_id": 1, "host": "127.0.0.1", "port": self.port, "rack": None, "is_fenced": False},
        ]
        return {"brokers": brokers if values["include_fenced_brokers"] else brokers[1:], "cluster_id": "one"}

    def _forgotten(self, values: dict[str, object]) -> dict[str, object]:
        is_there = values["broker_id"] != 7
        return {"error_code": 0 if is_there else NOT_REGISTERED, "error_message": None}


@pytest.fixture
def broker() -> Iterator[Registering]:
    serves = Registering()
    with serving(serves) as port:
        serves.port = port
        yield serves


def cluster(broker: OneBroker, command: str, *argv: str) -> int:
    return run(["cluster", command, "--bootstrap-server", f"127.0.0.1:{broker.port}", *argv])


def test_endpoints_stand_in_columns_as_wide_as_the_longest(
    broker: Registering, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cluster(broker, "list-endpoints", "--include-fenced-brokers") == 0
    assert capsys.readouterr().out == (
        "ID         HOST           PORT       RACK   STATE      ENDPOINT_TYPE  \n"
        f"1          127.0.0.1      {broker.port:<10} null   unfenced   broker         \n"
        "12         fenced.example 9          rack-b fenced     broker         \n"
    )


def test_json_has_what_is_not_there_as_null(broker: Registering, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster(broker, "list-endpoints", "--include-fenced-brokers", "--output", "json") == 0
    assert [(row["rack"], row["state"]) for row in json.loads(capsys.readouterr().out)] == [
        (None, "unfenced"),
        ("rack-b", "fenced"),
    ]


def test_a_broker_is_forgotten(broker: Registering, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster(broker, "unregister", "--id", "2") == 0
    assert capsys.readouterr().out == "Broker 2 is no longer registered.\n"
    assert ("UnregisterBroker", {"broker_id": 2}) in broker.asked


def test_a_refusal_has_the_name_of_java_s_exception(broker: Registering, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster(broker, "unregister", "--id", "7") == 1
    name = "org.apache.kafka.common.errors.BrokerIdNotRegisteredException"
    assert capsys.readouterr() == ("", f"{name}: The given broker ID was not registered.\n")


def test_a_read_only_context_guards_who_is_registered(
    broker: Registering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", f"127.0.0.1:{broker.port}", read_only=True))
    for command in ("unregister", "unregister-controller"):
        assert cluster(broker, command, "--id", "2", "--yes") == 1
        assert "context prod is read-only" in capsys.readouterr().err
    assert "UnregisterBroker" not in broker.requests()


def test_a_controller_is_forgotten_from_kafka_4_4_on(broker: Registering, capsys: pytest.CaptureFixture[str]) -> None:
    assert cluster(broker, "unregister-controller", "--id", "2") == 1
    assert capsys.readouterr().err.splitlines() == [
        "The target cluster does not support the controller unregistration API.",
        "It came with Kafka 4.4.",
    ]


def test_a_broker_that_does_not_tell_its_versions_is_named(
    broker: Registering, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["broker-api-versions", "--bootstrap-server", f"127.0.0.1:{broker.port}"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"127.0.0.1:{broker.port} (id: 1 rack: r) -> (\n\tProduce(0): UNSUPPORTED,\n")
    assert "\tUnregisterBroker(64): 0 [usable: 0],\n" in out
    assert out.splitlines()[-1].startswith("127.0.0.1:1 (id: 2 rack: null) -> ERROR: ")
    assert "(id 2)" in err


def test_servers_that_know_the_same_share_a_table(broker: Registering, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["broker-api-versions", "--bootstrap-server", f"127.0.0.1:{broker.port}", "--output", "table"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Server 1 ")
    assert "Not all servers" not in out
