"""What a console consumer is asked for, and which partitions that means."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.console.cluster import INTERNAL, Cluster
from kafka_tools.console.discovery import INTERVAL_SECONDS
from kafka_tools.console.format import RecordFormat
from kafka_tools.console.formatters import DEFAULT
from kafka_tools.console.positions import LATEST, Place, Window
from kafka_tools.errors import KafkaToolError

if TYPE_CHECKING:
    from kafka_tools.model.security import Security


class ConsumeRequest(NamedTuple):
    """What to read and how to write it.

    `bootstrap_servers`, `config` (librdkafka's settings) and `security` (the same, for our own connection) name the
    cluster. The topic is `topic`, or those whose
    whole names fit the pattern `include`, without Kafka's internal ones unless `internal`; of a topic all `partitions`
    are read unless some are named. With a `group` its committed offsets decide where to start, and it commits unless
    `commits` is false; without one `start` does (EARLIEST, LATEST or an offset), `last` or `from_time`, which end as
    `to_time` and `until_end` say: see positions.Window. `reset` is EARLIEST, LATEST or None, for an error: where to go
    if a group has no offset yet or an offset does not exist. The reading ends after `max_messages` records, or when
    `timeout_ms` pass without one. `output` is json (an array), jsonl (an object a line) or plain: then the class
    `formatter` writes the records; one that it cannot read ends the reading, or is left out with `skip_unreadable`.
    With `says_end` the last line of stdout is `shutdown_complete`.
    """

    bootstrap_servers: str
    topic: str | None = None
    include: str | None = None
    internal: bool = False
    config: Mapping[str, str] = {}
    security: "Security | None" = None
    group: str | None = None
    commits: bool = True
    partitions: tuple[int, ...] = ()
    start: int = LATEST
    last: int | None = None
    from_time: int | None = None
    to_time: int | None = None
    until_end: bool = False
    reset: int | None = LATEST
    max_messages: int | None = None
    timeout_ms: int | None = None
    output: str = "plain"
    formatter: str = DEFAULT
    record_format: RecordFormat = RecordFormat()
    skip_unreadable: bool = False
    says_end: bool = False
    discovery_seconds: float = INTERVAL_SECONDS

    @property
    def window(self) -> Window:
        """The part of the partitions that is read."""
        return Window(self.start, self.last, self.from_time, self.to_time, self.until_end)

    @property
    def cooperative(self) -> bool:
        """Whether the group hands over some partitions and keeps the others (KIP-429, KIP-848)."""
        strategy, protocol = self.config.get("partition.assignment.strategy"), self.config.get("group.protocol", "")
        return strategy == "cooperative-sticky" or protocol.lower() == "consumer"

    @property
    def name(self) -> str:
        """The topic, or the pattern of topics."""
        return self.topic or ascii(self.include)

    @property
    def subject(self) -> str:
        """What is read, for messages."""
        return f"topic '{self.topic}'" if self.topic is not None else f"the topics '{self.include}'"


class Topics:
    """Which partitions a request means."""

    def __init__(self, request: ConsumeRequest) -> None:
        self._request = request
        self._pattern = None if request.include is None else _pattern(request.include)

    @property
    def may_grow(self) -> bool:
        """Whether partitions that come later are read, too."""
        request = self._request
        return not request.partitions and not request.window.has_end and (not request.group or bool(request.include))

    def places(self, consumer: Any, cluster: Cluster) -> list[Place]:
        """Return the partitions that are there. Raises KafkaToolError where one that was asked for is not."""
        request = self._request
        if request.topic is None:
            return sorted(self.wanted(cluster.topics(consumer)))
        existing = cluster.partitions(consumer, request.topic, request.partitions)
        for partition in request.partitions:
            if partition not in existing:
                there = f"partition {existing[0]}" if len(existing) == 1 else f"partitions 0 to {existing[-1]}"
                raise KafkaToolError(f"topic '{request.topic}' has no partition {partition}", f"It has {there}.")
        return [(request.topic, partition) for partition in request.partitions or existing]

    def wanted(self, topics: Mapping[str, Any]) -> set[Place]:
        """Return the partitions of those topics (confluent_kafka's, by name) that are meant."""
        return {
            (name, partition)
            for name, topic in topics.items()
            if topic.error is None and self._is_wanted(name)
            for partition in topic.partitions
        }

    def _is_wanted(self, name: str) -> bool:
        if self._pattern is None:
            return name == self._request.topic
        return self._pattern.fullmatch(name) is not None and (self._request.internal or name not in INTERNAL)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise KafkaToolError(f"--include '{text}' is not a regular expression: {error}") from error
