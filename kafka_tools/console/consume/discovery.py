"""Which partitions a request means: those that are there at the start, and new ones that come while it runs."""

import re
import threading
from collections.abc import Collection, Mapping
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster
from kafka_tools.console.consume import ConsumeRequest, Source
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.text import limited
from kafka_tools.model.topic_names import INTERNAL_TOPICS
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
            return sorted(self.wanted(_all_partitions(cluster.topics(consumer))))
        existing = cluster.partitions(consumer, source.topic, source.partitions)
        for partition in source.partitions:
            if partition not in existing:
                there = f"partition {existing[0]}" if len(existing) == 1 else f"partitions 0 to {existing[-1]}"
                raise KafkaToolError(f"topic '{source.topic}' has no partition {partition}", f"It has {there}.")
        return [TopicPartition(source.topic, partition) for partition in source.partitions or existing]

    def wanted(self, partitions: Collection[TopicPartition]) -> set[TopicPartition]:
        """Return those of the partitions that are meant. Raises KafkaToolError for a pattern that takes too long."""
        source, pattern = self._source, self._pattern
        if pattern is None:
            return {each for each in partitions if each.topic == source.topic}
        names = {each.topic for each in partitions} - (set() if source.internal else INTERNAL_TOPICS)
        with limited(pattern.pattern):
            fitting = {name for name in names if pattern.fullmatch(name)}
        return {each for each in partitions if each.topic in fitting}


def _all_partitions(topics: Mapping[str, Any]) -> set[TopicPartition]:
    """Return the partitions of those topics (confluent_kafka's, by name) that can be read."""
    return {
        TopicPartition(name, partition)
        for name, topic in topics.items()
        if topic.error is None
        for partition in topic.partitions
    }


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
        # A thread, as list_topics blocks for up to RESPONSE_SECONDS in an outage; a daemon, as nobody waits for it.
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()

    def take(self) -> set[TopicPartition]:
        """Return what is new and meant; it is known from now on."""
        # `found` and `_known` are shared with the thread without a lock: both are replaced, never changed in place, and
        # a name is bound in one bytecode. The thread may find once more what is taken here meanwhile.
        new = self.found - self._known
        self._known, self.found = self._known | new, set()
        # Here and not in the thread: a pattern that takes too long is ended by a signal, which the main thread gets.
        return self._topics.wanted(new)

    def _run(self) -> None:
        brokers, admin = self._source.brokers, None
        while not self._ended.wait(self._source.discovery_seconds):
            if admin is None:
                confluent_kafka()
                from confluent_kafka.admin import AdminClient

                admin = AdminClient(client_settings(brokers.bootstrap_servers, brokers.config))
            try:
                topics = admin.list_topics(self._source.topic, timeout=RESPONSE_SECONDS).topics
            except confluent_kafka().KafkaException:
                continue  # an outage; `Outages.watch` tells of it
            new = _all_partitions(topics) - self._known
            if new:
                self.found = new
