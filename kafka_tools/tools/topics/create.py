"""`ktools topics --create`: one new topic."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kafka_tools.backends import Target, Topics, open_topics
from kafka_tools.model import assignment, topic_config
from kafka_tools.model.topics import NewTopic, TopicExistsError, has_collision_chars
from kafka_tools.report import Report
from kafka_tools.tools.topics.listing import COLUMNS, TopicRow

COLLISION_WARNING = (
    "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
    "To avoid issues it is best to use either, but not both."
)


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """One new topic."""

    target: Target
    topic: NewTopic
    if_not_exists: bool
    force: bool


def new_topic(options: Mapping[str, Any]) -> NewTopic:
    """Return the topic that the options describe. Raises KafkaToolError in Kafka's words for one that cannot be."""
    text = options["replica_assignment"]
    return NewTopic(
        topic=options["topic"],
        partitions=options["partitions"],
        replication_factor=options["replication_factor"],
        assignment=None if text is None else assignment.parse(text),
        configs=topic_config.parse(options["config"]),
        rack_aware=not options["disable_rack_aware"],
    )


def create(request: CreateTopic) -> Report:
    """Create the topic, wholly or not at all. Raises KafkaToolError in the cluster's words."""
    topic = request.topic
    warning = [COLLISION_WARNING] if has_collision_chars(topic.topic) else []
    try:
        with open_topics(request.target) as topics:
            _check_assignment(request, topics)
            topics.create(topic)
    except TopicExistsError:
        if not request.if_not_exists:
            raise
        return Report(rows=[], columns=COLUMNS, plain=warning)
    return Report(
        rows=[TopicRow(topic.topic)],
        columns=COLUMNS,
        plain=[*warning, f"Created topic {topic.topic}."],
        names_only=True,
    )


def _check_assignment(request: CreateTopic, topics: Topics) -> None:
    if request.topic.assignment is not None and not request.force:
        assignment.check_brokers(request.topic.assignment, topics.live_brokers())
