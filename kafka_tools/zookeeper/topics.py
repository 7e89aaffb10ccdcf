"""Topics through their znodes, as Kafka 2.8 reads and writes them (kafka.zk.KafkaZkClient, AdminZkClient)."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java import PROPERTIES_CAPACITY, hash_order
from kafka_tools.model.topics import (
    NewTopic,
    Partition,
    TopicDescription,
    TopicExistsError,
    check_name,
    collisions,
    has_collision_chars,
)

if TYPE_CHECKING:
    from kafka_tools.model.assignment import BrokerRack

TOPICS, CONFIGS, BROKER_IDS = "/brokers/topics", "/config/topics", "/brokers/ids"
TOPIC_VERSION, CONFIG_VERSION = 3, 1
CREATE_TRIES = 5


class ZooKeeperTopics:
    """The topics of a cluster whose ZooKeeper session (kazoo) is open."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted; none where this chroot holds no cluster."""
        return tuple(sorted(self._children(TOPICS)))

    def live_brokers(self) -> frozenset[int]:
        """Return the ids of the brokers that are registered now."""
        return frozenset(int(broker) for broker in self._children(BROKER_IDS))

    def describe(self, names: Sequence[str]) -> tuple[TopicDescription, ...]:
        """Return these topics, in this order, without those deleted meanwhile."""
        topics = {
            name: document
            for name, document in zip(names, self._read([f"{TOPICS}/{n}" for n in names]), strict=True)
            if document
        }
        configs = dict(zip(topics, self._read([f"{CONFIGS}/{name}" for name in topics]), strict=True))
        partitions = [(name, int(partition)) for name, topic in topics.items() for partition in topic["partitions"]]
        states = dict(
            zip(
                partitions,
                self._read([f"{TOPICS}/{name}/partitions/{number}/state" for name, number in partitions]),
                strict=True,
            )
        )
        return tuple(_description(name, topic, configs[name], states) for name, topic in topics.items())

    def create(self, topic: NewTopic) -> None:
        """Write the topic's config and assignment in one transaction (AdminZkClient.createTopicWithAssignment).

        Raises TopicExistsError, or KafkaToolError in Kafka 2.8's words.
        """
        from kafka_tools.model import assignment, topic_config

        replicas = topic.assignment or assignment.assign(
            self._broker_racks(), topic.partitions or 0, topic.replication_factor or 0, topic.rack_aware
        )
        check_name(topic.topic)
        self._check_new(topic.topic)
        topic_config.check(topic.configs)
        config = {
            "version": CONFIG_VERSION,
            "config": {n: topic.configs[n] for n in hash_order(topic.configs, PROPERTIES_CAPACITY)},
        }
        document = {
            "partitions": {str(partition): list(brokers) for partition, brokers in enumerate(replicas)},
            "adding_replicas": {},
            "removing_replicas": {},
            "version": TOPIC_VERSION,
        }
        self._write_new(topic.topic, _encode(config), _encode(document))

    def _write_new(self, topic: str, config: bytes, document: bytes) -> None:
        from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

        if self._client.exists(TOPICS) is None:
            raise KafkaToolError(
                f"No Kafka cluster keeps its topics here: {TOPICS} does not exist.", "Is the chroot right?"
            )
        for _ in range(CREATE_TRIES):
            failure = self._try_to_write(topic, config, document)
            if failure is None:
                return
            if isinstance(failure, NodeExistsError) and self._client.exists(f"{TOPICS}/{topic}"):
                raise TopicExistsError(topic)
            if not isinstance(failure, (NodeExistsError, NoNodeError, BadVersionError)):
                raise failure
            self._client.ensure_path(CONFIGS)
        raise KafkaToolError(
            f"Topic '{topic}' was not created: others changed {CONFIGS}/{topic} each time it was tried."
        )

    def _try_to_write(self, topic: str, config: bytes, document: bytes) -> Exception | None:
        """Write all or nothing; return what one of the writes failed of."""
        from kazoo.exceptions import RolledBackError, RuntimeInconsistency

        left_over = self._client.exists(f"{CONFIGS}/{topic}")
        transaction = self._client.transaction()
        transaction.create(f"{TOPICS}/{topic}", document)
        if left_over is None:
            transaction.create(f"{CONFIGS}/{topic}", config)
        else:
            transaction.set_data(f"{CONFIGS}/{topic}", config, version=left_over.version)
        failures = [result for result in _commit(transaction, topic) if isinstance(result, Exception)]
        return next((each for each in failures if not isinstance(each, (RolledBackError, RuntimeInconsistency))), None)

    def _check_new(self, topic: str) -> None:
        if self._client.exists(f"{TOPICS}/{topic}"):
            raise TopicExistsError(topic)
        if has_collision_chars(topic):
            colliding = collisions(topic, self.names())
            if colliding:
                raise KafkaToolError(f"Topic '{topic}' collides with existing topics: {', '.join(colliding)}")

    def _broker_racks(self) -> "list[BrokerRack]":
        from kafka_tools.model.assignment import BrokerRack

        brokers = sorted(self.live_brokers())
        registrations = self._read([f"{BROKER_IDS}/{broker}" for broker in brokers])
        return [
            BrokerRack(broker, registration.get("rack"))
            for broker, registration in zip(brokers, registrations, strict=True)
            if registration
        ]

    def _children(self, path: str) -> list[str]:
        from kazoo.exceptions import NoNodeError

        try:
            children: list[str] = self._client.get_children(path)
        except NoNodeError:
            return []
        return children

    def _read(self, paths: Sequence[str]) -> list[Any]:
        """Return the JSON document of each znode, None where there is none. Raises KafkaToolError for other text."""
        from kazoo.exceptions import NoNodeError

        documents: list[Any] = []
        for path, request in [(path, self._client.get_async(path)) for path in paths]:
            try:
                data, _ = request.get()
                documents.append(json.loads(data))
            except NoNodeError:
                documents.append(None)
            except ValueError as error:
                raise KafkaToolError(f"The znode {path} holds no JSON: {data[:80]!r}") from error
        return documents


def _commit(transaction: Any, topic: str) -> list[Any]:
    """Return a result for each write. Raises KafkaToolError where nobody can tell whether it was carried out."""
    from kazoo.exceptions import ConnectionClosedError, ConnectionLoss, SessionExpiredError

    try:
        results: list[Any] = transaction.commit()
    except (ConnectionClosedError, ConnectionLoss, SessionExpiredError) as error:
        raise KafkaToolError(
            f"The connection to ZooKeeper broke while topic '{topic}' was created: it is there wholly or not at all.",
            f"`ktools topics --describe --topic {topic}` tells.",
        ) from error
    return results


def _description(
    name: str, topic: Mapping[str, Any], config: Mapping[str, Any] | None, states: Mapping[tuple[str, int], Any]
) -> TopicDescription:
    numbers = sorted(int(partition) for partition in topic["partitions"])
    return TopicDescription(
        topic=name,
        topic_id=topic.get("topic_id"),
        partitions=tuple(
            _partition(number, topic["partitions"][str(number)], states[name, number]) for number in numbers
        ),
        configs=(config or {}).get("config", {}),
    )


def _partition(number: int, replicas: Sequence[int], state: Mapping[str, Any] | None) -> Partition:
    leader = state["leader"] if state else -1
    return Partition(
        partition=number,
        leader=leader if leader >= 0 else None,
        replicas=tuple(replicas),
        isr=tuple(state["isr"]) if state else (),
    )


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
