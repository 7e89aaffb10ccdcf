"""Lists and describes topics: `ktools topics --list | --describe`."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import Topics, open_topics
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.model.topic_names import is_literal, matching, named
from kafka_tools.model.topics import Partition, TopicDescription, offline, under_replicated
from kafka_tools.report import Report
from kafka_tools.tools.topics.output import (
    CONFIGS_COLUMNS,
    NAME_COLUMNS,
    PARTITION_COLUMNS,
    PartitionRow,
    TopicConfigsRow,
    TopicRow,
    Wanted,
    broker_lines,
    zookeeper_lines,
)

if TYPE_CHECKING:
    from kafka_tools.render.views import View


ONLY_ID = (
    "Only topic id will be used when both --topic and --topic-id are specified and topicId is not Uuid.ZERO_UUID",
)


class ListTopics(NamedTuple):
    """Asks for the names of the topics that match."""

    target: Target
    topic: str | None
    exclude_internal: bool


class DescribeTopics(NamedTuple):
    """Asks for the partitions, leaders and in-sync replicas of the topics that match.

    `only` names filters (`under_replicated_partitions`, …): a partition is shown where one of them takes it.
    `with_overrides` asks for topics with configs of their own instead.
    """

    target: Target
    topic: str | None = None
    topic_id: str | None = None
    exclude_internal: bool = False
    if_exists: bool = False
    only: tuple[str, ...] = ()
    with_overrides: bool = False
    partition_size_limit: int | None = None


def list_topics(request: ListTopics) -> Report:
    """Return the names that match, sorted. Raises KafkaToolError where the cluster cannot be asked."""
    with open_topics(request.target) as topics:
        names = matching(topics.names(), request.topic, request.exclude_internal)
        # In ZooKeeper a topic stays in the list until all its brokers have deleted it; brokers tell of none.
        marked = topics.marked_for_deletion()
    on_brokers = not isinstance(request.target, ZooKeeper)
    return Report(
        rows=map(TopicRow, names),
        columns=NAME_COLUMNS,
        plain=_lines(names, marked) or ([""] if on_brokers else []),  # 3.9 prints an empty line for an empty list
        # A function: partitions and configs, which a table shows, are asked for only where one is drawn.
        tables=lambda: _details(request.target, names),
        names_only=True,
    )


def _lines(names: Sequence[str], marked: Collection[str]) -> list[str]:
    """Return a line a topic; Kafka 2.8 tells of those that wait for their deletion in ZooKeeper."""
    return [f"{name} - marked for deletion" if name in marked else name for name in names]


def _details(target: Target, names: Sequence[str]) -> "Sequence[View]":
    from dataclasses import replace

    from kafka_tools.render.views import Level, Mark
    from kafka_tools.tools.topics.views import details

    with open_topics(target) as topics:
        table = details(topics.describe(names))
        return (replace(table, notes=[Mark(sentence, Level.BROKEN) for sentence in topics.malformed()]),)


def describe(request: DescribeTopics) -> Report:
    """Return the partitions of the topics that match. Raises KafkaToolError where a named topic is not there."""
    with open_topics(request.target, request.partition_size_limit) as topics:
        described = _described(request, topics)
        live = frozenset(broker.broker for broker in topics.brokers())
        malformed = topics.malformed()
        notes = (*topics.notes(), *malformed)
    # Without a note configs were told, or nobody asked for them.
    failure = _unanswered(request, described) if notes else None
    if request.with_overrides:
        # Configs are overrides alone here: what a broker says for all topics is not among them.
        report = _overrides(request, [topic for topic in described if topic.configs])
        return report._replace(notes=notes, failure=failure, status=int(bool(malformed)))
    wanted = _wanted(request.only, live)
    lines = zookeeper_lines if isinstance(request.target, ZooKeeper) else broker_lines
    return Report(
        rows=_rows(described, wanted),
        columns=PARTITION_COLUMNS,
        plain=chain(_ignored_name(request), lines(described, headings=not request.only, wanted=wanted)),
        tables=lambda: _tables(described, live, wanted),
        notes=notes,
        failure=failure,
        status=int(bool(malformed)),
    )


def _tables(described: Sequence[TopicDescription], live: Collection[int], wanted: Wanted) -> "Iterator[View]":
    from kafka_tools.tools.topics.views import topic_tables

    return topic_tables(described, live, wanted)


def _unanswered(request: DescribeTopics, described: Sequence[TopicDescription]) -> KafkaToolError | None:
    """Return the failure of a question about configs where brokers did not tell them: an empty answer looks healthy."""
    asks = request.with_overrides or {"under_min_isr_partitions", "at_min_isr_partitions"}.intersection(request.only)
    unknown = sum(topic.min_isr is None for topic in described)
    if not asks or not unknown:
        return None
    return KafkaToolError(
        f"The configs of {unknown} of {len(described)} topics are not known: some may be missing here."
    )


def _wanted(only: Sequence[str], live: Collection[int]) -> Wanted:
    """Return the test of the partitions that these FILTERS show (TopicCommand.PartitionDescription, Kafka 3.9)."""
    if not only:
        return lambda *_: True

    def wanted(topic: TopicDescription, partition: Partition) -> bool:
        in_sync, least = len(partition.isr), topic.min_isr
        shown = {
            "under_replicated_partitions": under_replicated(partition),
            # Without a leader always, whatever the ISR; a min ISR that is not known takes no partition.
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
    # A name with a dot is a pattern, too: `a.b` also matches `a_b`, so that all names have to be looked at.
    if request.topic is not None and request.topic_id is None and is_literal(request.topic):
        found = topics.describe(matching((request.topic,), None, request.exclude_internal))
        if found:
            return found
    return topics.describe(_names(request, topics))


def _names(request: DescribeTopics, topics: Topics) -> Sequence[str]:
    if request.topic_id is not None:
        # The id goes before a --topic beside it, as in 3.9.
        name = topics.name_of(request.topic_id)
        if name is None and not request.if_exists:
            raise KafkaToolError(f"TopicId '{request.topic_id}' does not exist as expected")
        return [] if name is None else [name]
    return named(topics.names(), request.topic, request.exclude_internal, request.if_exists)


def _ignored_name(request: DescribeTopics) -> Sequence[str]:
    # TopicCommandOptions (3.9 and 4.x) says so on stdout, and only beside --if-exists.
    both = request.topic is not None and request.topic_id is not None
    return ONLY_ID if both and request.if_exists else ()


def _overrides(request: DescribeTopics, described: Sequence[TopicDescription]) -> Report:
    lines = zookeeper_lines if isinstance(request.target, ZooKeeper) else broker_lines
    return Report(
        rows=map(TopicConfigsRow.of, described),
        columns=CONFIGS_COLUMNS,
        plain=chain(_ignored_name(request), lines(described, headings=True, wanted=lambda *_: False)),
    )


def _rows(described: Sequence[TopicDescription], wanted: Wanted) -> Iterator[PartitionRow]:
    for topic in described:
        for partition in topic.partitions:
            if wanted(topic, partition):
                yield PartitionRow.of(topic, partition)
