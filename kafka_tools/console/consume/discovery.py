"""Which partitions a request means: those that are there at the start, and new ones that come while it runs."""

import re
import threading
from collections.abc import Mapping
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import INTERNAL, Cluster
from kafka_tools.console.consume import ConsumeRequest, Source
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

RESPONSE_SECONDS = 5.0


class Topics:
    """The partitions that a source means."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pattern = None if source.include is None else _pattern(source.include)

    def partitions(self, consumer: Any, cluster: Cluster) -> list[TopicPartition]:
        """Return the partitions that are there. Raises KafkaToolError where one that was asked for is not."""
        source = self._source
        if source.topic is None:
            return sorted(self.wanted(cluster.topics(consumer)))
        existing = cluster.partitions(consumer, source.topic, source.partitions)
        for partition in source.partitions:
            if partition not in existing:
                there = f"partition {existing[0]}" if len(existing) == 1 else f"partitions 0 to {existing[-1]}"
                raise KafkaToolError(f"topic '{source.topic}' has no partition {partition}", f"It has {there}.")
        return [TopicPartition(source.topic, partition) for partition in source.partitions or existing]

    def wanted(self, topics: Mapping[str, Any]) -> set[TopicPartition]:
        """Return the partitions of those topics (confluent_kafka's, by name) that are meant."""
        return {
            TopicPartition(name, partition)
            for name, topic in topics.items()
            if topic.error is None and self._is_wanted(name)
            for partition in topic.partitions
        }

    def _is_wanted(self, name: str) -> bool:
        if self._pattern is None:
            return name == self._source.topic
        return self._pattern.fullmatch(name) is not None and (self._source.internal or name not in INTERNAL)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise KafkaToolError(f"--include '{text}' is not a regular expression: {error}") from error


def may_grow(request: ConsumeRequest) -> bool:
    """Return whether partitions that come later are read, too.

    A group's topics get their new partitions by the group itself: only new topics have to be looked for there.
    """
    is_open = not request.source.partitions and not request.window.has_end
    return is_open and (request.membership is None or request.source.include is not None)


class Discovery:
    """Looks for new partitions from a thread and a connection of its own, so that no record waits for the answer.

    `found` holds the partitions that are new since `known`, until the loop takes them with `take`.
    """

    def __init__(self, source: Source, topics: Topics, known: set[TopicPartition]) -> None:
        self.found: set[TopicPartition] = set()
        self._source = source
        self._topics = topics
        self._known = known
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to ask, for the first time after one interval: a short run never does."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()

    def take(self) -> set[TopicPartition]:
        """Return what is new; it is known from now on."""
        new = self.found
        self._known |= new
        self.found = set()
        return new

    def _run(self) -> None:
        brokers, admin = self._source.brokers, None
        while not self._ended.wait(self._source.discovery_seconds):
            if admin is None:
                confluent_kafka()
                from confluent_kafka.admin import AdminClient

                admin = AdminClient(client_settings(brokers.bootstrap_servers, brokers.config))
            self._look(admin)

    def _look(self, admin: Any) -> None:
        try:
            topics = admin.list_topics(self._source.topic, timeout=RESPONSE_SECONDS).topics
        except confluent_kafka().KafkaException:
            return  # an outage; `Outages.watch` tells of it
        new = self._topics.wanted(topics) - self._known
        if new:
            self.found = new
