"""`ktools topics --alter`: more partitions; with ZooKeeper also configs, as Kafka 2.8 does."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kafka_tools.backends import (
    TopicChanges,
    TopicConfigChanges,
    open_topic_changes,
    open_topic_config_changes,
    open_topics,
)
from kafka_tools.model import assignment, topic_config
from kafka_tools.model.assignment import Assignment
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.model.topic_names import matching, no_such_topic
from kafka_tools.model.topics import NewPartitions, TopicDescription
from kafka_tools.report import Report
from kafka_tools.tools.topics.changes import Step, changed, check_count, controller_notes, planned

CONFIG_WARNING = (
    "WARNING: Altering topic configuration from this script has been deprecated and may be removed in future releases.",
    "         Going forward, please use kafka-configs.sh for this functionality",
)
KEY_WARNING = (
    "WARNING: If partitions are increased for a topic that has a key, the partition logic or ordering of the messages "
    "will be affected"
)


class AlterTopics(NamedTuple):
    """More partitions for the topics that match, `assignment` naming the replicas of all of them, old and new, and
    other configs (ZooKeeper only). With `dry_run` all is checked and nothing changed."""

    target: Target
    topic: str
    partitions: int | None = None
    assignment: Assignment | None = None
    configs: Mapping[str, str] = {}
    delete_configs: tuple[str, ...] = ()
    rack_aware: bool = True
    if_exists: bool = False
    force: bool = False
    dry_run: bool = False


def alter_topics(target: Target, options: Mapping[str, Any]) -> AlterTopics:
    """Return the change that the options describe. Raises KafkaToolError in Kafka's words for one that cannot be."""
    text = options["replica_assignment"]
    configs = topic_config.parse(options["config"])
    delete_configs = tuple(name.strip() for name in options["delete_config"])
    topic_config.check(configs)
    topic_config.check_names(delete_configs)
    return AlterTopics(
        target=target,
        topic=options["topic"],
        partitions=options["partitions"],
        assignment=None if text is None else assignment.parse(text),
        configs=configs,
        delete_configs=delete_configs,
        rack_aware=not options["disable_rack_aware"],
        if_exists=options["if_exists"],
        force=options["force"],
        dry_run=options["dry_run"],
    )


def alter(request: AlterTopics) -> Report:
    """Alter the topics that match. Raises KafkaToolError where there is none."""
    check_count(request.partitions, request.force)
    with open_topics(request.target) as topics:
        everything = topics.names()
        names = matching(everything, request.topic, exclude_internal=False)
        if not names and not request.if_exists:
            raise no_such_topic(request.topic, everything)
        described = {topic.topic: topic for topic in topics.describe(names, False)}
    if not described:
        return changed((), lambda _: iter(()), "altered", None)
    if isinstance(request.target, ZooKeeper):
        return _on_zookeeper(request, request.target, described)
    with open_topic_changes(request.target) as changes:
        return changed(
            tuple(described),
            lambda name: _grown(request, changes, described[name]),
            "altered",
            request.target if request.dry_run else None,
        )


def _on_zookeeper(request: AlterTopics, target: ZooKeeper, described: Mapping[str, TopicDescription]) -> Report:
    """Alter configs first, then partitions (ZookeeperTopicService.alterTopic, Kafka 2.8)."""
    with open_topic_config_changes(target) as changes:

        def change(name: str) -> Iterator[Step]:
            if request.configs or request.delete_configs:
                yield from _configured(request, changes, name)
            if request.partitions is not None:
                yield Step(() if request.dry_run else (KEY_WARNING,))
                yield from _grown(request, changes, described[name])
                yield Step(() if request.dry_run else ("Adding partitions succeeded!",))

        report = changed(tuple(described), change, "altered", target if request.dry_run else None)
        return report._replace(notes=(*report.notes, *controller_notes(changes)))


def _configured(request: AlterTopics, changes: TopicConfigChanges, topic: str) -> Iterator[Step]:
    yield Step(() if request.dry_run else CONFIG_WARNING)
    changes.alter_configs(topic, request.configs, request.delete_configs, request.dry_run)
    if not request.dry_run:
        yield Step((f"Updated config for topic {topic}.",))
        return
    wishes = [f"set {name}={value}" for name, value in request.configs.items()]
    wishes += [f"delete {name}" for name in request.delete_configs]
    yield Step((f"Would {' and '.join(wishes)} of topic {topic}.",))


def _grown(request: AlterTopics, changes: TopicChanges, topic: TopicDescription) -> Iterator[Step]:
    have, count = len(topic.partitions), request.partitions or 0
    by_hand = None if request.assignment is None else request.assignment[have:]
    new = NewPartitions(topic.topic, count, by_hand, request.rack_aware)
    replicas = changes.add_partitions(new, validate_only=request.dry_run)
    if request.dry_run:
        words = f"Would add {count - have} to the {have} partitions of topic {topic.topic}."
        yield Step((words,), planned(topic.topic, have, count, replicas))
