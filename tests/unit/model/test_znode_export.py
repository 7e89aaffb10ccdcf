"""An export has everything but secrets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.znode_export import LEFT_OUT, SENSITIVE, exported
from kafka_tools.model.znodes import Znode, ZnodeStat

STAT = ZnodeStat(1, 2, 3, 4, 5, 0, 0, 99, 0, 0, 6)


def data_of(path: str, data: bytes) -> object:
    return exported(path, Znode(data, STAT))["data"]


@pytest.mark.parametrize(
    ("path", "data", "shown"),
    [
        ("/controller_epoch", b"7", 7),
        ("/admin/delete_topics/a", b"", None),
        ("/brokers/topics/a", b'{"partitions":{"0":[1]}}', {"partitions": {"0": [1]}}),
        ("/consumers/g/owners/t/0", b"consumer-1", "consumer-1"),
        ("/brokers/topics/a", b"NaN", "NaN"),
        ("/brokers/topics/a", b"\xff", {"base64": "/w=="}),
        ("/config/topics/a", b'{"config":{"retention.ms":"1"}}', {"config": {"retention.ms": "1"}}),
    ],
)
def test_what_stands_in_a_znode(path: str, data: bytes, shown: object) -> None:
    assert data_of(path, data) == shown


@pytest.mark.parametrize(
    ("path", "config", "kept"),
    [
        ("/config/users/alice", {"SCRAM-SHA-256": "hush", "consumer_byte_rate": "1"}, "consumer_byte_rate"),
        ("/config/users/alice/clients/c", {"other": "hush", "producer_byte_rate": "1"}, "producer_byte_rate"),
        ("/config/brokers/1", {"listener.name.x.ssl.key.password": "hush", "num.io.threads": "1"}, "num.io.threads"),
        ("/config/brokers/<default>", {"my.plugin.Secret": "hush", "num.io.threads": "1"}, "num.io.threads"),
        ("/config/brokers/1", {"listener.name.x.scram.sasl.jaas.config": "hush", "a": "1"}, "a"),
    ],
)
def test_secrets_are_left_out_by_name(path: str, config: dict[str, str], kept: str) -> None:
    shown = data_of(path, json.dumps({"version": 1, "config": config}).encode())
    assert isinstance(shown, dict)
    assert shown["config"] == {name: "1" if name == kept else LEFT_OUT for name in config}


@given(st.sampled_from(SENSITIVE), st.text(alphabet="abc", min_size=1), st.binary())
def test_what_cannot_be_read_where_secrets_stand_is_left_out(parent: str, name: str, data: bytes) -> None:
    assert data_of(parent + name, b"[" + data) in (LEFT_OUT, None)


def test_tokens_and_what_may_not_be_read() -> None:
    assert data_of("/delegation_token/tokens/id", b'{"hmac":"hush"}') == LEFT_OUT
    assert exported("/config/users/a", None) == {
        "path": "/config/users/a",
        "data": LEFT_OUT,
        "why": "it may not be read",
    }
    assert exported("/brokers/ids/1", Znode(b"{}", STAT))["ephemeral"] is True


@given(st.binary())
def test_any_bytes_make_a_document(data: bytes) -> None:
    json.loads(json.dumps(exported("/brokers/topics/a", Znode(data, STAT))))
