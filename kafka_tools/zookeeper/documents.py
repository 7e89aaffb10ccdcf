"""Reads and writes the JSON documents in the znodes of topics, byte for byte as Kafka 2.8.2 does (kafka.zk.ZkData)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java_hash_order import hash_order

TOPIC_VERSION, CONFIG_VERSION, CHANGE_VERSION = 3, 1, 2
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
"""What Python raises where a document has not the expected shape."""

FIRST_BUCKETS = 16


class TopicDocument(NamedTuple):
    """The znode /brokers/topics/NAME.

    `replicas` maps partitions, ascending, to broker ids. `adding` and `removing` do so for partitions that are being
    reassigned (KIP-455). `topic_id` is None before Kafka 2.8.
    """

    replicas: Mapping[int, tuple[int, ...]]
    adding: Mapping[int, tuple[int, ...]] = {}
    removing: Mapping[int, tuple[int, ...]] = {}
    topic_id: str | None = None


class StateDocument(NamedTuple):
    """The znode /brokers/topics/NAME/partitions/N/state: the leader (None: there is none) and the in-sync replicas."""

    leader: int | None
    isr: tuple[int, ...]


NO_STATE = StateDocument(None, ())
"""The state of a partition whose znode is not there: the controller has not created the partition yet."""


def read_topic(name: str, document: Any) -> TopicDocument | None:
    """Read a topic's znode from its JSON; None (there is no such znode) gives None.

    Raises KafkaToolError where Kafka did not write it so.
    """
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
    """Read a znode of configs from its JSON; None (there is no such znode) gives none.

    Raises KafkaToolError where Kafka did not write it so.
    """
    try:
        return {} if document is None else dict(document["config"])
    except MALFORMED as error:
        raise _malformed("configs of", name) from error


def read_state(name: str, partition: int, document: Any) -> StateDocument:
    """Read the state of a partition from its JSON; None (there is no such znode) gives NO_STATE.

    Raises KafkaToolError where Kafka did not write it so.
    """
    if document is None:
        return NO_STATE
    try:
        # Kafka writes -1 (LeaderAndIsr.NoLeader) for a partition that is offline.
        leader = document["leader"]
        return StateDocument(leader if leader >= 0 else None, tuple(document["isr"]))
    except MALFORMED as error:
        raise _malformed("state of", f"{name}-{partition}") from error


def encode_topic(topic: TopicDocument) -> bytes:
    """Write the JSON of a topic's znode (TopicZNode.encode)."""
    document: dict[str, Any] = {"partitions": _by_name(topic.replicas)}
    # A topic of a cluster before 2.8 has no id, and gets none by a change of its partitions.
    if topic.topic_id is not None:
        document["topic_id"] = topic.topic_id
    # The fields in Kafka's order: live tests compare znodes with those of Kafka's own tool, byte by byte.
    document |= {"adding_replicas": _by_name(topic.adding), "removing_replicas": _by_name(topic.removing)}
    return _encode({**document, "version": TOPIC_VERSION})


def encode_configs(configs: Mapping[str, str]) -> bytes:
    """Write the JSON of a znode of configs (ConfigEntityZNode.encode)."""
    return _encode({"version": CONFIG_VERSION, "config": {name: configs[name] for name in _java_order(configs)}})


def encode_config_change(topic: str) -> bytes:
    """Write the notification that tells brokers of a topic's changed configs (ConfigEntityChangeNotificationZNode)."""
    return _encode({"version": CHANGE_VERSION, "entity_path": f"topics/{topic}"})


def _brokers(partitions: Mapping[str, Iterable[int]]) -> dict[int, tuple[int, ...]]:
    # By number: the keys are text, in which "10" comes before "2".
    numbered = {int(number): tuple(brokers) for number, brokers in partitions.items()}
    return dict(sorted(numbered.items()))


def _by_name(partitions: Mapping[int, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: partitions[int(name)] for name in _java_order(list(map(str, sorted(partitions))))}


def _java_order(names: "Mapping[str, object] | list[str]") -> list[str]:
    """Return names in the order in which Scala 2.13's mutable.HashMap iterates them.

    java.util.Properties, which holds configs, has the same order for up to 11 names.
    """
    buckets = FIRST_BUCKETS
    # Scala's table grows when it becomes three quarters full, java.util.HashMap only when it becomes fuller than that.
    while len(names) >= buckets * 3 // 4:
        buckets *= 2
    return hash_order(names, buckets)


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _malformed(what: str, name: str) -> KafkaToolError:
    return KafkaToolError(f"The znode of {what} {name} is not as Kafka writes it.")
