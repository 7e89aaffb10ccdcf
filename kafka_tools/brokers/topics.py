"""Topics through the brokers' requests: Metadata, DescribeTopics, DescribeConfigs, CreateTopics."""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka_tools.brokers.errors import as_tool_error
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import AdminSession
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import NewTopic, Partition, TopicDescription, TopicExistsError

NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"
"""Kafka's zero Uuid: what a broker before 2.8 gives."""

SHORT_MAX = 32767


class BrokerTopics:
    """The topics of a cluster whose admin client is open."""

    def __init__(self, session: AdminSession) -> None:
        self._session = session
        self._metadata: Any = None

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted. Raises UnreachableError."""
        return tuple(sorted(self._cluster().topics))

    def live_brokers(self) -> frozenset[int]:
        """Return the ids of the brokers that are alive. Raises UnreachableError."""
        return frozenset(self._cluster().brokers)

    def describe(self, names: Sequence[str]) -> tuple[TopicDescription, ...]:
        """Return these topics, in this order, without those deleted meanwhile. Raises KafkaToolError."""
        if not names:
            return ()
        kafka = confluent_kafka()
        topics = self._answers(self._session.client.describe_topics(kafka.TopicCollection(list(names))))
        configs = self._configs(list(topics))
        return tuple(_description(topics[name], configs[name]) for name in names if name in topics and name in configs)

    def create(self, topic: NewTopic) -> None:
        """Create one topic. Raises TopicExistsError, or KafkaToolError in the broker's words."""
        _check_counts(topic)
        kafka = confluent_kafka()
        future = self._session.client.create_topics([_new_topic(topic)])[topic.topic]
        try:
            self._session.result(future)
        except kafka.KafkaException as error:
            if error.args[0].code() == kafka.KafkaError.TOPIC_ALREADY_EXISTS:
                raise TopicExistsError(topic.topic) from error
            raise as_tool_error(error.args[0], self._session) from error

    def _cluster(self) -> Any:
        """Return the cluster's metadata, asked for once: one answer holds the topics and the brokers."""
        if self._metadata is None:
            self._metadata = self._session.cluster()
        return self._metadata

    def _configs(self, names: list[str]) -> dict[str, Mapping[str, str]]:
        from confluent_kafka.admin import ConfigResource

        if not names:
            return {}
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        answers = self._answers(self._session.client.describe_configs(resources))
        return {
            resource.name: {entry.name: entry.value for entry in entries.values() if not entry.is_default}
            for resource, entries in answers.items()
        }

    def _answers(self, futures: Mapping[Any, Any]) -> dict[Any, Any]:
        """Wait for all; leave out what does not exist any more."""
        kafka = confluent_kafka()
        answers = {}
        for key, future in futures.items():
            try:
                answers[key] = self._session.result(future)
            except kafka.KafkaException as error:
                if error.args[0].code() != kafka.KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise as_tool_error(error.args[0], self._session) from error
        return answers


def _description(topic: Any, configs: Mapping[str, str]) -> TopicDescription:
    topic_id = str(topic.topic_id).rstrip("=").replace("/", "_").replace("+", "-")
    return TopicDescription(
        topic=topic.name,
        topic_id=None if topic_id == NO_TOPIC_ID else topic_id,
        partitions=tuple(sorted((_partition(partition) for partition in topic.partitions), key=lambda p: p.partition)),
        configs=configs,
    )


def _partition(partition: Any) -> Partition:
    leader = partition.leader
    return Partition(
        partition=partition.id,
        leader=None if leader is None or leader.id < 0 else leader.id,
        replicas=tuple(broker.id for broker in partition.replicas),
        isr=tuple(broker.id for broker in partition.isr),
    )


def _check_counts(topic: NewTopic) -> None:
    """Check what Java's client checks before it sends anything (TopicCommand.createTopic, 3.9)."""
    if topic.replication_factor is not None and not 1 <= topic.replication_factor <= SHORT_MAX:
        raise KafkaToolError(f"The replication factor must be between 1 and {SHORT_MAX} inclusive")
    if topic.partitions is not None and topic.partitions < 1:
        raise KafkaToolError("The partitions must be greater than 0")
    if not topic.topic:
        raise KafkaToolError("The given topic name '' cannot be represented in a request.")


def _new_topic(topic: NewTopic) -> Any:
    from confluent_kafka.admin import NewTopic as Request

    if topic.assignment is not None:
        replicas = [list(brokers) for brokers in topic.assignment]
        return Request(topic.topic, len(replicas), replica_assignment=replicas, config=dict(topic.configs))
    count = -1 if topic.partitions is None else topic.partitions
    factor = -1 if topic.replication_factor is None else topic.replication_factor
    return Request(topic.topic, count, factor, config=dict(topic.configs))
