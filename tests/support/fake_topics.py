"""A cluster's topics in five lines: what the actions of `ktools topics` need of a back end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.assignment import Assignment, BrokerRack
from kafka_tools.model.topics import NewPartitions, NewTopic, Partition, TopicDescription, TopicExistsError
from kafka_tools.tools.topics import changing, reading

HEALTHY = TopicDescription(
    "orders",
    "7W7R5IOeRrOyHTNXKgvQAA",
    (Partition(0, 1, (1, 2, 3), (1, 2, 3)), Partition(1, 2, (2, 3, 1), (2, 3, 1))),
    {"segment.ms": "100000", "retention.ms": "5", "cleanup.policy": "compact,delete"},
    min_isr=3,
)
BROKEN = TopicDescription(
    "[red]", None, (Partition(0, None, (3,), ()), Partition(1, 1, (2, 1), (1,)), Partition(2, 2, (1, 2), (2, 1))), {}
)


class FakeTopics:
    """Serves every protocol of topics and writes down what it is told to change."""

    def __init__(self, *described: TopicDescription) -> None:
        self.described = {topic.topic: topic for topic in described}
        self.changes: list[object] = []
        self.controller = True
        self.refused: dict[str, str] = {}
        self.told: tuple[str, ...] = ()
        self.trouble = ""
        self.unreached: dict[int, str] = {}

    @property
    def topics(self) -> "FakeTopics":
        return self

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.described))

    def name_of(self, topic_id: str) -> str | None:
        return next((name for name, topic in self.described.items() if topic.topic_id == topic_id), None)

    def marked_for_deletion(self) -> frozenset[str]:
        return frozenset(name for name, topic in self.described.items() if topic.marked_for_deletion)

    def brokers(self) -> tuple[BrokerRack, ...]:
        return BrokerRack(1, None), BrokerRack(2, None)

    def describe(self, names: Sequence[str], _: bool = True, /) -> tuple[TopicDescription, ...]:
        return tuple(self.described[name] for name in names if name in self.described)

    def notes(self) -> tuple[str, ...]:
        return self.told

    def malformed(self) -> tuple[str, ...]:
        return ()

    def no_election(self) -> str:
        return self.trouble

    def unreached_brokers(self) -> Mapping[int, str]:
        return self.unreached

    def create(self, topic: NewTopic, validate_only: bool = False) -> Assignment | None:
        if topic.topic in self.described:
            raise TopicExistsError(topic.topic)
        self._change(topic.topic, topic, validate_only)
        return topic.assignment or ((1, 2),) * (topic.partitions or 1)

    def create_partitions(
        self, partitions: Sequence[NewPartitions], validate_only: bool = False
    ) -> dict[str, Assignment | KafkaToolError | None]:
        return {each.topic: self._outcome(each.topic, each, validate_only) or each.assignment for each in partitions}

    def delete_topics(self, topics: Sequence[str]) -> dict[str, KafkaToolError | None]:
        return {topic: self._outcome(topic, topic, validate_only=False) for topic in topics}

    def alter_configs(
        self, topic: str, configs: Mapping[str, str], delete: Sequence[str], validate_only: bool = False
    ) -> None:
        self._change(topic, (topic, configs, tuple(delete)), validate_only)

    def has_controller(self) -> bool:
        return self.controller

    def _outcome(self, topic: str, change: object, validate_only: bool) -> KafkaToolError | None:
        try:
            self._change(topic, change, validate_only)
        except KafkaToolError as error:
            return error
        return None

    def _change(self, topic: str, change: object, validate_only: bool) -> None:
        if topic in self.refused:
            raise KafkaToolError(self.refused[topic])
        if not validate_only:
            self.changes.append(change)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    """A cluster with a healthy and a broken topic, whichever way it is opened."""
    cluster = FakeTopics(HEALTHY, BROKEN)

    @contextmanager
    def opened(*_: object) -> Iterator[FakeTopics]:
        yield cluster

    for action in (reading, changing):
        for name in ("open_topics", "open_topic_changes", "open_topic_config_changes"):
            if hasattr(action, name):
                monkeypatch.setattr(action, name, opened)
    return cluster


def ktools(argv: str, target: str = "--bootstrap-server b:9092") -> int:
    """Run one command line of `ktools topics`."""
    return run(["topics", *target.split(), *argv.split()])
