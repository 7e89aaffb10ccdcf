"""`ktools topics --delete`: the topics that match."""

from collections.abc import Iterator
from typing import NamedTuple

from kafka_tools.backends import open_topic_changes, open_topics
from kafka_tools.cli.confirm import confirmed
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.model.topic_names import matching, no_such_topic
from kafka_tools.model.topics import TopicMarkedForDeletionError
from kafka_tools.report import Report
from kafka_tools.tools.topics.changes import Step, changed, controller_notes


class DeleteTopics(NamedTuple):
    """The topics that match; several at once only when `yes` is set, or after a question on a terminal."""

    target: Target
    topic: str
    if_exists: bool = False
    yes: bool = False
    dry_run: bool = False


def delete(request: DeleteTopics) -> Report:
    """Delete the topics that match. Raises KafkaToolError where there is none, or where the user says no."""
    with open_topics(request.target) as topics:
        everything = topics.names()
    names = matching(everything, request.topic, exclude_internal=False)
    if not names and not request.if_exists:
        raise no_such_topic(request.topic, everything)
    if request.dry_run:
        return changed(names, _rehearsed, "checked", request.target)
    if len(names) > 1 and not request.yes and not confirmed(f"Delete {len(names)} topics: {', '.join(names)}?"):
        raise KafkaToolError("Nothing was deleted.", "--yes deletes several topics without a question.")
    if not names:
        return changed((), _rehearsed, "deleted", None)
    on_zookeeper = isinstance(request.target, ZooKeeper)
    with open_topic_changes(request.target) as changes:

        def remove(name: str) -> Iterator[Step]:
            try:
                changes.delete(name)
                yield Step(_zookeeper_lines(name) if on_zookeeper else ())
            except TopicMarkedForDeletionError as error:  # 2.8 says so and goes on
                yield Step((error.message,))

        report = changed(names, remove, "deleted", None)
        return report._replace(notes=controller_notes(changes))


def _rehearsed(topic: str) -> Iterator[Step]:
    yield Step((f"Would delete topic {topic}.",))


def _zookeeper_lines(topic: str) -> tuple[str, ...]:
    """Return Kafka 2.8's lines (kafka.admin.TopicCommand.ZookeeperTopicService.deleteTopic)."""
    return (
        f"Topic {topic} is marked for deletion.",
        "Note: This will have no impact if delete.topic.enable is not set to true.",
    )
