"""The address a broker's registration names: plaintext before all else."""

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.registrations import _address


@pytest.mark.parametrize(
    ("document", "address"),
    [
        ({"host": "b1", "port": 9092, "endpoints": ["SSL://b1:9093", "PLAINTEXT://b1:9092"]}, "b1:9092"),
        ({"host": "::1", "port": 9092, "endpoints": ["PLAINTEXT://[::1]:9092"]}, "[::1]:9092"),
        ({"host": None, "port": -1, "endpoints": ["INTERNAL://b1:9094", "SSL://b1:9093"]}, "b1:9094"),
    ],
)
def test_addresses(document: object, address: str) -> None:
    assert _address("1", document) == address


@pytest.mark.parametrize("document", [[], {}, {"host": None, "port": -1}, {"host": None, "port": -1, "endpoints": []}])
def test_a_znode_of_another_shape(document: object) -> None:
    with pytest.raises(KafkaToolError, match="/brokers/ids/1 is not as Kafka writes it"):
        _address("1", document)
