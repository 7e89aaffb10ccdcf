"""The JSON documents in topics' znodes, read and written as Kafka does (kafka.zk.ZkData; written as Kafka 2.8.2)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java_hash_order import hash_order

TOPIC_VERSION, CONFIG_VERSION, CHANGE_VERSION = 3, 1, 2
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
"""What a document of another shape gives."""

FIRST_BUCKETS = 16


class TopicDocument(NamedTuple):
    """/brokers/topics/NAME: replicas by partition, ascending; a running reassignment's by partition, where there is
    one; the topic's id (None before Kafka 2.8)."""

    replicas: Mapping[int, tuple[int, ...]]
    adding: Mapping[int, tuple[int, ...]] = {}
    removing: Mapping[int, tuple[int, ...]] = {}
    topic_id: str | None = None


class StateDocument(NamedTuple):
    """/brokers/topics/NAME/partitions/N/state: leader (None: there is none) and in-sync replicas."""

    leader: int | None
    isr: tuple[int, ...]


NO_STATE = StateDocument(None, ())
"""A partition that the controller has not seen yet."""


def read_topic(name: str, document: Any) -> TopicDocument | None:
    """Return what a topic's znode says, None where there is none (None). Raises KafkaToolError for one that is not as
    Kafka writes it."""
    if document is None:
        return None
    try:
        return TopicDocument(
            _brokers(document["partitions"]),
            _brokers(document.get("adding_replicas") or {}),
            _brokers(document.get("removing_replicas") or {}),
            document.get("topic_id"),
        )
    except MALFORMED as error:
        raise _malformed("topic", name) from error


def read_configs(name: str, document: Any) -> dict[str, str]:
    """Return what a config znode says, nothing where there is none (None). Raises KafkaToolError as `read_topic`."""
    try:
        return {} if document is None else dict(document["config"])
    except MALFORMED as error:
        raise _malformed("configs of", name) from error


def read_state(name: str, partition: int, document: Any) -> StateDocument:
    """Return what a partition's znode says, nothing where there is none (None). Raises KafkaToolError as
    `read_topic`."""
    if document is None:
        return NO_STATE
    try:
        leader = document["leader"]
        return StateDocument(leader if leader >= 0 else None, tuple(document["isr"]))
    except MALFORMED as error:
        raise _malformed("state of", f"{name}-{partition}") from error


def encode_topic(topic: TopicDocument) -> bytes:
    """Return the text of a topic's znode (TopicZNode.encode)."""
    document: dict[str, Any] = {"partitions": _by_name(topic.replicas)}
    if topic.topic_id is not None:
        document["topic_id"] = topic.topic_id
    document |= {"adding_replicas": _by_name(topic.adding), "removing_replicas": _by_name(topic.removing)}
    return _encode({**document, "version": TOPIC_VERSION})


def encode_configs(configs: Mapping[str, str]) -> bytes:
    """Return the text of a config znode (ConfigEntityZNode.encode)."""
    return _encode({"version": CONFIG_VERSION, "config": {name: configs[name] for name in _java_order(configs)}})


def encode_config_change(topic: str) -> bytes:
    """Return the text of the notification that a topic's configs changed (ConfigEntityChangeNotificationZNode)."""
    return _encode({"version": CHANGE_VERSION, "entity_path": f"topics/{topic}"})


def _brokers(partitions: Mapping[str, Iterable[int]]) -> dict[int, tuple[int, ...]]:
    numbered = {int(number): tuple(brokers) for number, brokers in partitions.items()}
    return dict(sorted(numbered.items()))


def _by_name(partitions: Mapping[int, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: partitions[int(name)] for name in _java_order(list(map(str, sorted(partitions))))}


def _java_order(names: "Mapping[str, object] | list[str]") -> list[str]:
    """Return names as Scala 2.13's mutable.HashMap iterates them, and java.util.Properties up to 11 of them: both grow
    as soon as they are three quarters full."""
    buckets = FIRST_BUCKETS
    while len(names) >= buckets * 3 // 4:
        buckets *= 2
    return hash_order(names, buckets)


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _malformed(what: str, name: str) -> KafkaToolError:
    return KafkaToolError(f"The znode of {what} {name} is not as Kafka writes it.")
