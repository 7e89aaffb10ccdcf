"""A cluster of one broker in a thread, with the topics that a test gives it, for AdminClient and for wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka_tools.brokers.session import Session, open_session
from kafka_tools.model.target import Brokers
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, LIST_PARTITION_REASSIGNMENTS, METADATA
from tests.support.servers import Answers, Broker, serving

TOPIC_ID = bytes([251, 255, 191]) * 5 + b"\1"
UNKNOWN_TOPIC = 3


def a_partition(index: int, leader: int = 1, **more: Any) -> dict[str, Any]:
    return {"partition_index": index, "leader_id": leader, "replica_nodes": (1, 2), "isr_nodes": (2, 1)} | more


def a_topic(name: str, *partitions: dict[str, Any], code: int = 0, topic_id: bytes = TOPIC_ID) -> dict[str, Any]:
    return {"name": name, "error_code": code, "topic_id": topic_id, "partitions": partitions}


class OneBroker(Broker):
    """Broker 1, the controller, which has these topics, with a few configs each; it names broker 2, which is down."""

    def __init__(self, *topics: dict[str, Any], more: Answers | None = None) -> None:
        self.topics = topics
        self.port = 0
        self.controller = 1
        answers = {
            METADATA: self._metadata,
            DESCRIBE_CONFIGS: self._configs,
            LIST_PARTITION_REASSIGNMENTS: lambda _: {"topics": ()},
        }
        super().__init__(answers | dict(more or {}))

    def requests(self) -> list[str]:
        """Return the names of the requests that were made."""
        return [name for name, _ in self.asked if name != "ApiVersions"]

    def _metadata(self, values: dict[str, Any]) -> dict[str, Any]:
        assert values["allow_auto_topic_creation"] is False
        known = {topic["name"]: topic for topic in self.topics}
        wanted = known if values["topics"] is None else [topic["name"] for topic in values["topics"]]
        return {
            "brokers": [
                {"node_id": 2, "host": "127.0.0.1", "port": 1, "rack": None},
                {"node_id": 1, "host": "127.0.0.1", "port": self.port, "rack": "r"},
            ],
            "cluster_id": "one",
            "controller_id": self.controller,
            "topics": [known.get(name, a_topic(name, code=UNKNOWN_TOPIC)) for name in wanted],
        }

    def _configs(self, values: dict[str, Any]) -> dict[str, Any]:
        def entry(name: str, value: str, source: int) -> dict[str, Any]:
            return {"name": name, "value": value, "config_source": source, "documentation": None}

        return {
            "results": [
                {
                    "resource_type": resource["resource_type"],
                    "resource_name": resource["resource_name"],
                    "error_message": None,
                    "configs": [
                        entry("retention.ms", "5", 1),
                        entry("min.insync.replicas", "2", 5),
                        entry("segment.bytes", "7", 4),
                    ],
                }
                for resource in values["resources"]
            ]
        }


@contextmanager
def session_with(broker: OneBroker) -> Iterator[Session]:
    """Serve the broker's answers, and open a session with it."""
    with serving(broker) as port:
        broker.port = port
        with open_session(Brokers(f"127.0.0.1:{port}")) as session:
            yield session
