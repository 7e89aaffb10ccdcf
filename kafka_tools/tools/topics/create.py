"""`ktools topics --create`: one new topic."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kafka_tools.backends import open_topic_changes, open_topics
from kafka_tools.model import assignment, topic_config
from kafka_tools.model.target import Target
from kafka_tools.model.topic_names import has_collision_chars
from kafka_tools.model.topics import NewTopic, TopicExistsError
from kafka_tools.report import Report
from kafka_tools.tools.topics.changes import Step, changed, check_count, controller_notes, planned

COLLISION_WARNING = (
    "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
    "To avoid issues it is best to use either, but not both."
)


class CreateTopic(NamedTuple):
    """One new topic; with `dry_run` all is checked and nothing created."""

    target: Target
    topic: NewTopic
    if_not_exists: bool = False
    force: bool = False
    dry_run: bool = False


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
    warning = (COLLISION_WARNING,) if has_collision_chars(topic.topic) else ()
    check_count(topic.partitions, request.force)
    _check_brokers(request)
    with open_topic_changes(request.target) as changes:

        def make(name: str) -> Iterator[Step]:
            yield Step(warning)
            replicas = changes.create(topic, validate_only=request.dry_run)
            if not request.dry_run:
                yield Step((f"Created topic {name}.",))
                return
            count = topic.partitions if topic.assignment is None else len(topic.assignment)
            yield Step((f"Would create topic {name}.",), planned(name, 0, count or 0, replicas))

        report = changed([topic.topic], make, "created", request.target if request.dry_run else None)
        if isinstance(report.failure, TopicExistsError) and request.if_not_exists:
            return report._replace(failure=None)
        return report._replace(notes=(*report.notes, *controller_notes(changes)))


def _check_brokers(request: CreateTopic) -> None:
    """Refuse a replica on a broker that is not there: ZooKeeper mode takes it, and the topic never works."""
    if request.topic.assignment is None or request.force:
        return
    with open_topics(request.target) as topics:
        assignment.check_brokers(request.topic.assignment, frozenset(broker.broker for broker in topics.brokers()))
