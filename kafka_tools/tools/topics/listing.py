"""`ktools topics --list`: names a line; as a table also what is behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_tools.backends import Target, ZooKeeper, open_topics
from kafka_tools.model.topics import matching
from kafka_tools.report import Report

if TYPE_CHECKING:
    from kafka_tools.table import Table


@dataclass(frozen=True, slots=True)
class ListTopics:
    """Names of the topics that match."""

    target: Target
    topic: str | None
    exclude_internal: bool


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic by name."""

    topic: str


COLUMNS = {"topic": "Topic"}


def list_topics(request: ListTopics) -> Report:
    """Return the names that match, sorted. Raises KafkaToolError where the cluster cannot be asked."""
    with open_topics(request.target) as topics:
        names = matching(topics.names(), request.topic, request.exclude_internal)
    on_brokers = not isinstance(request.target, ZooKeeper)
    return Report(
        rows=[TopicRow(name) for name in names],
        columns=COLUMNS,
        plain=names or ([""] if on_brokers else []),  # 3.9 prints an empty line for an empty list
        tables=lambda: [_details(request.target, names)],
        names_only=True,
    )


def _details(target: Target, names: Sequence[str]) -> "Table":
    from kafka_tools.tools.topics.describe import details

    with open_topics(target) as topics:
        return details(topics.describe(names))
