"""`ktools topics --list`: names a line; as a table also what is behind them."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import open_topics
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.model.topic_names import matching
from kafka_tools.report import Report

if TYPE_CHECKING:
    from kafka_tools.render.views import Table
    from kafka_tools.tools.topics.rows import TopicRow


class ListTopics(NamedTuple):
    """Names of the topics that match."""

    target: Target
    topic: str | None
    exclude_internal: bool


COLUMNS = {"topic": "Topic"}


def list_topics(request: ListTopics) -> Report:
    """Return the names that match, sorted. Raises KafkaToolError where the cluster cannot be asked."""
    with open_topics(request.target) as topics:
        names = matching(topics.names(), request.topic, request.exclude_internal)
        marked = topics.marked_for_deletion()
    on_brokers = not isinstance(request.target, ZooKeeper)
    return Report(
        rows=_rows(names),
        columns=COLUMNS,
        plain=_lines(names, marked) or ([""] if on_brokers else []),  # 3.9 prints an empty line for an empty list
        tables=lambda: [_details(request.target, names)],
        names_only=True,
    )


def _lines(names: Sequence[str], marked: Collection[str]) -> list[str]:
    """Return a line a topic; Kafka 2.8 tells of those that wait for their deletion in ZooKeeper."""
    return [f"{name} - marked for deletion" if name in marked else name for name in names]


def _rows(names: Sequence[str]) -> "Iterator[TopicRow]":
    from kafka_tools.tools.topics.rows import TopicRow

    yield from map(TopicRow, names)


def _details(target: Target, names: Sequence[str]) -> "Table":
    from kafka_tools.render.views import Table
    from kafka_tools.tools.topics.views import DETAIL_COLUMNS, details

    with open_topics(target) as topics:
        return Table(list(details(topics.describe(names))), DETAIL_COLUMNS, spare=("configs",))
