"""The brokers of a cluster as they register themselves in /brokers/ids (kafka.zk.BrokerIdZNode, Kafka 2.8)."""

from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.topics import BROKER_IDS
from kafka_tools.zookeeper.znodes import Znodes


def broker_addresses(client: Any) -> tuple[str, ...]:
    """Return `host:port` of each broker that is registered now, by id: of its plaintext listener, else of its first.

    Raises KafkaToolError for a znode that is not as Kafka writes it.
    """
    znodes = Znodes(client)
    ids = sorted(znodes.ask_for_children(BROKER_IDS)(), key=lambda name: (len(name), name))
    documents = znodes.documents([f"{BROKER_IDS}/{broker}" for broker in ids])
    found = zip(ids, documents, strict=True)
    return tuple(_address(broker, document) for broker, document in found if document is not None)


def _address(broker: str, document: Any) -> str:
    try:
        host, port = document["host"], document["port"]
        if host and port > 0:
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return str(document["endpoints"][0].partition("://")[2])  # it has no plaintext listener
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise KafkaToolError(f"The znode {BROKER_IDS}/{broker} is not as Kafka writes it.") from error
