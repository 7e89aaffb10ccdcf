"""Reads and writes the JSON documents in the znodes of a cluster, byte for byte as Kafka 2.8.2 does (kafka.zk.ZkData).

What is read is checked here, once: behind this file a number is a number. What every reader understands is taken, such
as a number where Kafka writes a text, or the other way round: people write znodes by hand, too.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.addresses import KAFKA_PORT, Address
from kafka_tools.model.java_hash_order import properties_order
from kafka_tools.model.topics import TopicPartition

TOPIC_VERSION, CONFIG_VERSION, CHANGE_VERSION, ELECTION_VERSION, REASSIGNMENT_VERSION = 3, 1, 2, 1, 1

NO_LEADER = (-1, -2)
"""What stands for the leader where there is none: kafka.api.LeaderAndIsr.NoLeader, and LeaderDuringDelete."""

MOST = 2**31 - 1
"""The largest number of a partition or a broker, an int in Java."""

MOST_DIGITS = 11
SHOWN = 80
"""How many characters of a value that is wrong are shown."""

Read = TypeVar("Read")


class MalformedZnodeError(KafkaToolError):
    """A znode holds what Kafka does not write."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"The znode {path} is not as Kafka writes it: {why}.")
        self.path = path


def or_error(read: Callable[[str, bytes | None], Read], path: str, data: bytes | None) -> Read | KafkaToolError:
    """Read a znode by one of the functions below; return the error where Kafka did not write it."""
    try:
        return read(path, data)
    except MalformedZnodeError as error:
        return error


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
    """The znode /brokers/topics/NAME/partitions/N/state: the leader (None: there is none) and the in-sync replicas.

    `leader_epoch` counts the partition's elections; None where it is not there.
    """

    leader: int | None
    isr: tuple[int, ...]
    leader_epoch: int | None = None


class BrokerDocument(NamedTuple):
    """The znode /brokers/ids/BROKER: its rack, the address that it names first, and that of its plaintext listener.

    `plaintext` is the first address where the broker has no such listener. `endpoints` are all of its listeners as they
    stand there, `LISTENER://host:port`.
    """

    rack: str | None
    first: Address
    plaintext: Address
    endpoints: tuple[str, ...] = ()


class ControllerDocument(NamedTuple):
    """The znode /controller: which broker is the controller; `since_3_4`: Kafka 3.4 or later wrote it (KIP-866).

    `kraft_epoch` is that of a KRaft controller, which has taken the cluster over from ZooKeeper; None: a broker is it.
    """

    broker: int
    since_3_4: bool
    kraft_epoch: int | None = None


class FeatureDocument(NamedTuple):
    """The znode /feature (KIP-584): whether features are on, and the level of each that is finalized."""

    is_enabled: bool
    levels: Mapping[str, int]


class MigrationDocument(NamedTuple):
    """The znode /migration (KIP-866): which KRaft controller has written what ZooKeeper holds, and up to which offset
    of its metadata log. All are -1 before it has begun. Source: kafka.zk.MigrationZNode, Kafka 3.9."""

    controller: int
    controller_epoch: int
    offset: int
    epoch: int


NO_STATE = StateDocument(None, ())
"""The state of a partition whose znode is not there: the controller has not created the partition yet."""


def read_topic(path: str, data: bytes | None) -> TopicDocument | None:
    """Read a topic's znode; None (there is no such znode) gives None. Raises MalformedZnodeError."""
    if data is None:
        return None
    # {"partitions":{"0":[1,2,3]},"topic_id":"cT3e…","adding_replicas":{},"removing_replicas":{},"version":3}; version 1
    # (up to Kafka 2.3) has partitions only.
    document = parsed(path, data)
    replicas = _partitions(path, "partitions", document.get("partitions"))
    without = next((number for number, brokers in replicas.items() if not brokers), None)
    if without is not None:
        raise MalformedZnodeError(path, f"partition {without} has no replicas")
    return TopicDocument(
        replicas,
        _partitions(path, "adding_replicas", document.get("adding_replicas") or {}),
        _partitions(path, "removing_replicas", document.get("removing_replicas") or {}),
        _optional_text(path, "topic_id", document),
    )


def read_configs(path: str, data: bytes | None) -> dict[str, str]:
    """Read a znode of configs; None (there is no such znode) gives none. Raises MalformedZnodeError."""
    if data is None:
        return {}
    # {"version":1,"config":{"retention.ms":"1000"}}
    configs = parsed(path, data).get("config")
    if not isinstance(configs, dict):
        refuse(path, "config", configs)
    return {name: text_of(path, name, value) for name, value in configs.items()}


def read_state(path: str, data: bytes | None) -> StateDocument:
    """Read the state of a partition; None (there is no such znode) gives NO_STATE. Raises MalformedZnodeError."""
    if data is None:
        return NO_STATE
    # {"controller_epoch":1,"leader":1,"version":1,"leader_epoch":0,"isr":[1,2,3]}
    document = parsed(path, data)
    leader = _number(path, "leader", document.get("leader"), least=min(NO_LEADER))
    isr, epoch = _brokers(path, "isr", document.get("isr")), document.get("leader_epoch")
    return StateDocument(None if leader in NO_LEADER else leader, isr, epoch if type(epoch) is int else None)


def read_broker(path: str, data: bytes | None) -> BrokerDocument | None:
    """Read a broker's registration, of any version since 0.8; None gives None. Raises MalformedZnodeError."""
    if data is None:
        return None
    # {"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"},"endpoints":["PLAINTEXT://h:9092"],"rack":"a",
    # "jmx_port":-1,"port":9092,"host":"h","version":5,"timestamp":"…","features":{}}
    document = parsed(path, data)
    host, endpoints = document.get("host"), document.get("endpoints")
    # Version 1 (up to Kafka 0.8) has host and port only. Since 0.9 they are of the plaintext listener, or null and -1.
    plaintext = None
    if host:
        port = _number(path, "port", document.get("port"))
        plaintext = _address(path, "host", addresses.text((text_of(path, "host", host), port)))
    first = plaintext
    if endpoints or first is None:
        if not isinstance(endpoints, list) or not endpoints:
            refuse(path, "endpoints", endpoints)
        first = _address(path, "endpoints", text_of(path, "endpoints", endpoints[0]).partition("://")[2])
    listeners = tuple(
        text_of(path, "endpoints", each) for each in endpoints or (f"PLAINTEXT://{addresses.text(first)}",)
    )
    return BrokerDocument(_optional_text(path, "rack", document), first, plaintext or first, listeners)


def read_controller(path: str, data: bytes | None) -> ControllerDocument | None:
    """Read which broker is the controller; None (there is no such znode) gives None. Raises MalformedZnodeError."""
    if data is None:
        return None
    # {"version":2,"brokerid":1,"timestamp":"…","kraftControllerEpoch":-1}; before 3.4 version 1, without that epoch.
    document = parsed(path, data)
    epoch = document.get("kraftControllerEpoch")
    since_3_4, is_kraft = "kraftControllerEpoch" in document, type(epoch) is int and epoch >= 0
    broker = _number(path, "brokerid", document.get("brokerid"))
    return ControllerDocument(broker, since_3_4, epoch if is_kraft else None)


def read_epoch(path: str, data: bytes | None) -> int | None:
    """Read the controller's epoch, a bare number; None (there is no such znode) gives None.

    Raises MalformedZnodeError. Source: kafka.zk.ControllerEpochZNode.
    """
    return None if data is None else _number(path, "epoch", data[:SHOWN].decode(errors="replace"))


def read_features(path: str, data: bytes | None) -> FeatureDocument | None:
    """Read the finalized features; None (there is no such znode) gives None. Raises MalformedZnodeError."""
    if data is None:
        return None
    document = parsed(path, data)
    features = document.get("features")
    if not isinstance(features, dict):
        refuse(path, "features", features)
    # Version 1 had a range for each, version 2 (Kafka 3.3) has one level.
    levels = {
        name: each.get("max_version_level") if isinstance(each, dict) else each for name, each in features.items()
    }
    enabled = _number(path, "status", document.get("status")) == 1
    return FeatureDocument(enabled, {name: _number(path, name, each) for name, each in levels.items()})


def read_migration(path: str, data: bytes | None) -> MigrationDocument | None:
    """Read how far the migration to KRaft is; None (there is no such znode) gives None. Raises MalformedZnodeError."""
    if data is None:
        return None
    document = parsed(path, data)
    names = ("kraft_controller_id", "kraft_controller_epoch", "kraft_metadata_offset", "kraft_metadata_epoch")
    return MigrationDocument(*(_number(path, name, document.get(name), least=-1) for name in names))


def read_cluster_id(path: str, data: bytes | None) -> str | None:
    """Read the id of a cluster; None (there is no such znode) gives None. Raises MalformedZnodeError."""
    return None if data is None else text_of(path, "id", parsed(path, data).get("id"))


def read_reassigned(path: str, data: bytes | None) -> frozenset[TopicPartition]:
    """Read which partitions are to get other replicas; None (there is no such znode) gives none.

    Raises MalformedZnodeError. Source: kafka.zk.ReassignPartitionsZNode.
    """
    return frozenset() if data is None else frozenset(_named_partitions(path, data))


def encode_reassigned(replicas: Iterable[tuple[TopicPartition, Sequence[int]]]) -> bytes:
    """Write which partitions are to get which replicas (ReassignPartitionsZNode.encode)."""
    asked = [{"topic": each.topic, "partition": each.partition, "replicas": brokers} for each, brokers in replicas]
    return encoded({"version": REASSIGNMENT_VERSION, "partitions": asked})


def read_election(path: str, data: bytes) -> tuple[TopicPartition, ...]:
    """Read for which partitions the preferred replicas are being elected. Raises MalformedZnodeError.

    Source: kafka.zk.PreferredReplicaElectionZNode.
    """
    return tuple(_named_partitions(path, data))


def _named_partitions(path: str, data: bytes) -> Iterator[TopicPartition]:
    # {"version":1,"partitions":[{"topic":"orders","partition":0}]}; those of a reassignment have "replicas", too.
    partitions = parsed(path, data).get("partitions")
    if not isinstance(partitions, list) or not all(isinstance(each, dict) for each in partitions):
        refuse(path, "partitions", partitions)
    for each in partitions:
        topic = text_of(path, "topic", each.get("topic"))
        yield TopicPartition(topic, _number(path, "partition", each.get("partition")))


def encode_election(partitions: Iterable[TopicPartition]) -> bytes:
    """Write for which partitions the preferred replicas are to be elected (PreferredReplicaElectionZNode.encode)."""
    asked = [{"topic": each.topic, "partition": each.partition} for each in partitions]
    return encoded({"version": ELECTION_VERSION, "partitions": asked})


def encode_topic(topic: TopicDocument) -> bytes:
    """Write the JSON of a topic's znode (TopicZNode.encode)."""
    document: dict[str, Any] = {"partitions": _by_name(topic.replicas)}
    # A topic of a cluster before 2.8 has no id, and gets none by a change of its partitions.
    if topic.topic_id is not None:
        document["topic_id"] = topic.topic_id
    # The fields in Kafka's order: live tests compare znodes with those of Kafka's own tool, byte by byte.
    document |= {"adding_replicas": _by_name(topic.adding), "removing_replicas": _by_name(topic.removing)}
    return encoded({**document, "version": TOPIC_VERSION})


def encode_configs(configs: Mapping[str, str]) -> bytes:
    """Write the JSON of a znode of configs (ConfigEntityZNode.encode)."""
    return encoded({"version": CONFIG_VERSION, "config": {name: configs[name] for name in properties_order(configs)}})


def encode_config_change(entity_path: str) -> bytes:
    """Write the notification that tells brokers whose configs changed, by the path below /config (`topics/orders`).

    Source: kafka.zk.ConfigEntityChangeNotificationSequenceZNode. Brokers of 3.9 read version 1 (up to Kafka 0.10), too.
    """
    return encoded({"version": CHANGE_VERSION, "entity_path": entity_path})


def parsed(path: str, data: bytes) -> dict[str, Any]:
    """Parse the JSON object that a znode holds. Raises MalformedZnodeError for any other text."""
    try:
        document = _DECODER.decode(str(data, "utf-8"))
        # Half of a surrogate pair, which only an escape can write, is no text: nothing could print or encode it.
        if b"\\u" in data:
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise MalformedZnodeError(path, f"it holds no JSON ({data[:SHOWN]!r})") from None
    if not isinstance(document, dict):
        raise MalformedZnodeError(path, f"it holds no JSON object ({data[:SHOWN]!r})")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# Fractions stay as they are written: no field is one but configs, which are texts. NaN and Infinity are no JSON.
_DECODER = json.JSONDecoder(parse_float=str, parse_constant=_no_constant)


def refuse(path: str, field: str, value: object) -> NoReturn:
    """Raise MalformedZnodeError for a field that has a wrong value, or is not there (None)."""
    shown = json.dumps(value, ensure_ascii=False)
    cut = f"{shown[:SHOWN]}…" if len(shown) > SHOWN else shown
    raise MalformedZnodeError(path, f"it has no {field}" if value is None else f"{field} is {cut}")


def _number(path: str, field: str, value: Any, least: int = 0) -> int:
    # The rule first: a cluster has some 200,000 of these numbers. bool is an int in Python, and `true` is no broker.
    if type(value) is int and least <= value <= MOST:
        return value
    digits = value.removeprefix("-") if isinstance(value, str) and len(value) <= MOST_DIGITS else ""
    if digits.isascii() and digits.isdigit() and least <= int(value) <= MOST:
        return int(value)
    refuse(path, field, value)


def text_of(path: str, field: str, value: Any) -> str:
    """Return a field that is a text; a whole number is taken, too. Raises MalformedZnodeError."""
    if isinstance(value, str):
        return value
    if not isinstance(value, int):
        refuse(path, field, value)
    return json.dumps(value)


def _optional_text(path: str, field: str, document: Mapping[str, Any]) -> str | None:
    value = document.get(field)
    return None if value is None else text_of(path, field, value)


def _brokers(path: str, field: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        refuse(path, field, value)
    return tuple([_number(path, field, broker) for broker in value])


def _partitions(path: str, field: str, value: Any) -> dict[int, tuple[int, ...]]:
    if not isinstance(value, dict):
        refuse(path, field, value)
    numbered = {_number(path, field, number): _brokers(path, field, brokers) for number, brokers in value.items()}
    # By number: the keys are text, in which "10" comes before "2".
    return dict(sorted(numbered.items()))


def _address(path: str, field: str, text: str) -> Address:
    address = addresses.parse(text, KAFKA_PORT)
    if address is None:
        refuse(path, field, text)
    return address


def _by_name(partitions: Mapping[int, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    # Kafka writes them from a hash table (TopicZNode.encode 2.8): of 13 partitions "11" is the first.
    return {name: partitions[int(name)] for name in properties_order(list(map(str, sorted(partitions))))}


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return JSON as Kafka writes it: without blanks, in UTF-8."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
