"""Changes of topics through three requests: CreateTopics, CreatePartitions, DeleteTopics."""

from time import monotonic, sleep

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import Assignment
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicExistsError
from kafka_tools.wire.errors import TOPIC_ALREADY_EXISTS, UNKNOWN_TOPIC_OR_PARTITION, check
from kafka_tools.wire.messages import CREATE_PARTITIONS, CREATE_TOPICS, DELETE_TOPICS
from kafka_tools.wire.session import WireSession

TIMEOUT_MS = 30_000
"""How long the controller may take; Java's request.timeout.ms."""

KNOWN_SECONDS, PAUSE_SECONDS = 2.0, 0.02
"""How long the broker that was reached first may take to hear of a change, and how often it is asked."""

SHORT_MAX = 32767


class WireTopicChanges:
    """Changes of topics of the cluster behind a session; each is sent to the controller once."""

    def __init__(self, session: WireSession) -> None:
        self._session = session

    def create(self, topic: NewTopic, validate_only: bool = False) -> Assignment | None:
        """Create one topic. Raises TopicExistsError, or KafkaToolError in the broker's words."""
        _check_counts(topic)
        by_hand = topic.assignment is not None
        request = {
            "name": topic.topic,
            "num_partitions": -1 if by_hand or topic.partitions is None else topic.partitions,
            "replication_factor": -1 if by_hand or topic.replication_factor is None else topic.replication_factor,
            "assignments": [
                {"partition_index": partition, "broker_ids": brokers}
                for partition, brokers in enumerate(topic.assignment or ())
            ],
            "configs": [{"name": name, "value": value} for name, value in topic.configs.items()],
        }
        values = {"topics": [request], "timeout_ms": TIMEOUT_MS, "validate_only": validate_only}
        result = self._session.change(CREATE_TOPICS, values, lambda answer: answer["topics"][0])
        if result["error_code"] == TOPIC_ALREADY_EXISTS:
            raise TopicExistsError(topic.topic)
        needs = f"CREATE on topic '{topic.topic}' or on the cluster"
        check(result["error_code"], result["error_message"], needs)
        if not validate_only:
            self._wait_until_known(topic.topic, at_least=1)
        return topic.assignment

    def add_partitions(self, partitions: NewPartitions, validate_only: bool = False) -> Assignment | None:
        """Let a topic have more partitions. Raises KafkaToolError in the broker's words."""
        by_hand = partitions.assignment
        request = {
            "name": partitions.topic,
            "count": partitions.total_count,
            "assignments": None if by_hand is None else [{"broker_ids": brokers} for brokers in by_hand],
        }
        values = {"topics": [request], "timeout_ms": TIMEOUT_MS, "validate_only": validate_only}
        result = self._session.change(CREATE_PARTITIONS, values, lambda answer: answer["results"][0])
        check(result["error_code"], result["error_message"], f"ALTER on topic '{partitions.topic}'")
        if not validate_only:
            self._wait_until_known(partitions.topic, partitions.total_count)
        return by_hand

    def delete(self, topic: str) -> None:
        """Delete one topic. Raises KafkaToolError in the broker's words."""
        values = {"topics": [{"name": topic}], "topic_names": [topic], "timeout_ms": TIMEOUT_MS}
        result = self._session.change(DELETE_TOPICS, values, lambda answer: answer["responses"][0])
        check(result["error_code"], result["error_message"], f"DELETE on topic '{topic}'")
        self._wait_until_known(topic, at_least=0)

    def has_controller(self) -> bool:
        """Tell that a cluster which carried out such a request has a controller."""
        return True

    def _wait_until_known(self, topic: str, at_least: int) -> None:
        """Wait until the broker that the next command will ask, too, has heard of what the controller did.

        `at_least`: so many partitions; 0: no topic. A script's next line looks for it there.
        """
        deadline = monotonic() + KNOWN_SECONDS
        while monotonic() < deadline:
            try:
                found = self._session.metadata([topic])["topics"][0]
            except KafkaToolError:
                return  # the change itself is done
            missing = found["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
            if missing if at_least == 0 else not missing and len(found["partitions"]) >= at_least:
                return
            if found["error_code"] not in (0, UNKNOWN_TOPIC_OR_PARTITION):
                return  # not for this user's eyes
            sleep(PAUSE_SECONDS)


def _check_counts(topic: NewTopic) -> None:
    """Check what Java's client checks before it sends anything (TopicCommand.createTopic, 3.9)."""
    if topic.replication_factor is not None and not 1 <= topic.replication_factor <= SHORT_MAX:
        raise KafkaToolError(f"The replication factor must be between 1 and {SHORT_MAX} inclusive")
    if topic.partitions is not None and topic.partitions < 1:
        raise KafkaToolError("The partitions must be greater than 0")
    if not topic.topic:
        raise KafkaToolError("The given topic name '' cannot be represented in a request.")
