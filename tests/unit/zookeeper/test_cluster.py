"""What a cluster registers in ZooKeeper: who votes, and which address of a broker is plaintext."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.cluster import advertised, voters


def test_only_participants_vote() -> None:
    lines = [
        "server.1=zk1:2888:3888:participant;0.0.0.0:2181",
        "server.2=zk2:2888:3888:participant",
        "server.3=zk3:2888:3888:observer;2181",
        "version=100000000",
    ]
    assert voters("\n".join(lines)) == 2
    assert voters("") is None


@given(st.text())
def test_any_configuration_is_counted_or_none(text: str) -> None:
    found = voters(text)
    assert found is None or found > 0


@pytest.mark.parametrize(
    ("document", "address"),
    [
        ({"host": "b1", "port": 9092, "endpoints": ["SSL://b1:9093", "PLAINTEXT://b1:9092"]}, "b1:9092"),
        ({"host": "::1", "port": 9092, "endpoints": ["PLAINTEXT://[::1]:9092"]}, "[::1]:9092"),
        ({"host": None, "port": -1, "endpoints": ["INTERNAL://b1:9094", "SSL://b1:9093"]}, "b1:9094"),
    ],
)
def test_the_plaintext_listener_is_preferred(document: object, address: str) -> None:
    assert advertised("1", document) == address


@pytest.mark.parametrize("document", [[], {}, {"host": None, "port": -1}, {"host": None, "port": -1, "endpoints": []}])
def test_a_broker_s_znode_of_another_shape(document: object) -> None:
    with pytest.raises(KafkaToolError, match="/brokers/ids/1 is not as Kafka writes it"):
        advertised("1", document)
