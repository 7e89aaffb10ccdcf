"""`ktools topics --describe`: leaders, replicas and in-sync replicas of each partition."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.backends import Topics, open_topics
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.model.topic_names import checked_topic_id, is_literal, matching, no_such_topic
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.report import Report
from kafka_tools.tools.topics.checks import FILTERS
from kafka_tools.tools.topics.lines import Wanted, broker_lines, zookeeper_lines

if TYPE_CHECKING:
    from kafka_tools.render.views import Table


class DescribeTopics(NamedTuple):
    """Partitions, leaders and in-sync replicas of the topics that match.

    `only` holds options of FILTERS: partitions that one of them shows; `with_overrides` asks for topics with configs
    of their own instead.
    """

    target: Target
    topic: str | None = None
    topic_id: str | None = None
    exclude_internal: bool = False
    if_exists: bool = False
    only: tuple[str, ...] = ()
    with_overrides: bool = False
    partition_size_limit: int | None = None


PARTITION_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas",
    "isr": "Isr",
}
CONFIGS_COLUMNS = {
    "topic": "Topic",
    "partitions": "Partitions",
    "replication_factor": "RF",
    "configs": "Configs",
}


def describe_topics(target: Target, options: Mapping[str, Any]) -> DescribeTopics:
    """Return what the options ask for. Raises KafkaToolError in Kafka's words for a topic id that is none."""
    topic_id = options["topic_id"]
    return DescribeTopics(
        target=target,
        topic=options["topic"],
        topic_id=None if topic_id is None else checked_topic_id(topic_id),
        exclude_internal=options["exclude_internal"],
        if_exists=options["if_exists"],
        only=tuple(name for name in FILTERS if options[name]),
        with_overrides=options["topics_with_overrides"],
        partition_size_limit=options["partition_size_limit_per_response"],
    )


def describe(request: DescribeTopics) -> Report:
    """Return the partitions of the topics that match. Raises KafkaToolError where a named topic is not there."""
    with open_topics(request.target, request.partition_size_limit) as topics:
        described = _described(request, topics)
        notes = topics.notes()
        live = frozenset(broker.broker for broker in topics.brokers())
    if request.with_overrides:
        return _overrides(request.target, [topic for topic in described if topic.configs])
    wanted = _wanted(request.only, live)
    lines = zookeeper_lines if isinstance(request.target, ZooKeeper) else broker_lines
    return Report(
        rows=_rows(described, wanted),
        columns=PARTITION_COLUMNS,
        plain=lines(described, headings=not request.only, wanted=wanted),
        tables=lambda: _tables(described, live, wanted),
        notes=notes,
    )


def _wanted(only: Sequence[str], live: Collection[int]) -> Wanted:
    """Return the test of the partitions that these FILTERS show (TopicCommand.PartitionDescription, Kafka 3.9)."""
    if not only:
        return lambda *_: True
    from kafka_tools.model.health import offline, under_replicated

    def wanted(topic: TopicDescription, partition: Partition) -> bool:
        in_sync, least = len(partition.isr), topic.min_isr
        shown = {
            "under_replicated_partitions": under_replicated(partition),
            "under_min_isr_partitions": partition.leader is None or (least is not None and in_sync < least),
            "at_min_isr_partitions": in_sync == least,
            "unavailable_partitions": offline(partition, live),
        }
        return any(shown[name] for name in only)

    return wanted


def _described(request: DescribeTopics, topics: Topics) -> Sequence[TopicDescription]:
    """Describe the topics that the request means; a cluster of thousands is not asked for all of them to find one.

    Raises KafkaToolError where it means none and that matters.
    """
    if request.topic is not None and request.topic_id is None and is_literal(request.topic):
        found = topics.describe(matching((request.topic,), None, request.exclude_internal))
        if found:
            return found
    return topics.describe(_names(request, topics))


def _names(request: DescribeTopics, topics: Topics) -> Sequence[str]:
    if request.topic_id is not None:
        name = topics.name_of(request.topic_id)
        if name is None and not request.if_exists:
            raise KafkaToolError(f"TopicId '{request.topic_id}' does not exist as expected")
        return [] if name is None else [name]
    everything = matching(topics.names(), None, request.exclude_internal)
    names = matching(everything, request.topic, request.exclude_internal)
    if request.topic is not None and not names and not request.if_exists:
        raise no_such_topic(request.topic, everything)
    return names


def _overrides(target: Target, described: Sequence[TopicDescription]) -> Report:
    lines = zookeeper_lines if isinstance(target, ZooKeeper) else broker_lines
    return Report(
        rows=_configs_rows(described),
        columns=CONFIGS_COLUMNS,
        plain=lines(described, headings=True, wanted=lambda *_: False),
    )


def _rows(described: Sequence[TopicDescription], wanted: Wanted) -> Iterator[Any]:
    from kafka_tools.tools.topics.rows import PartitionRow

    for topic in described:
        for partition in topic.partitions:
            if wanted(topic, partition):
                yield PartitionRow.of(topic, partition)


def _configs_rows(described: Sequence[TopicDescription]) -> Iterator[Any]:
    from kafka_tools.tools.topics.rows import TopicConfigsRow

    return map(TopicConfigsRow.of, described)


def _tables(described: Sequence[TopicDescription], live: Collection[int], wanted: Wanted) -> "Iterator[Table]":
    from kafka_tools.tools.topics.views import topic_tables

    return topic_tables(described, live, wanted)
