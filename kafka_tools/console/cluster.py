"""What the streaming tools ask a cluster before they start, and how they live through its outages."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import CONNECT_SECONDS, Causes
from kafka_tools.console.notes import note
from kafka_tools.errors import KafkaToolError

TOPIC_APPEARS_SECONDS = 1.0
"""How long a broker may not yet know a topic that was just created."""

OUTAGE_SECONDS = 3.0
"""How long all brokers are away before the user is told."""

INTERNAL = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""Topics that a pattern leaves out, as Java's consumer does (exclude.internal.topics)."""

HINT = "`ktools topics --list` shows what is there; `ktools topics --create` makes a topic."


class Cluster:
    """One client's view of its cluster: pass `on_error` as its `error_cb`."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers
        self.causes = Causes()
        self._down_since: float | None = None
        self._told = False

    def on_error(self, error: Any) -> None:
        """Keep what librdkafka (confluent_kafka.KafkaError) says of connections, and since when no broker answers."""
        self.causes(error)
        if error.code() == confluent_kafka().KafkaError._ALL_BROKERS_DOWN and self._down_since is None:
            self._down_since = time.monotonic()

    def open(self, make: Callable[[dict[str, Any]], Any], settings: dict[str, Any]) -> Any:
        """Return a client (confluent_kafka.Consumer or Producer). Raises KafkaToolError for settings it refuses."""
        try:
            return make(settings)
        except confluent_kafka().KafkaException as error:
            raise KafkaToolError(words(error.args[0])) from error

    def topics(self, client: Any) -> Mapping[str, Any]:
        """Return all topics (confluent_kafka's, by name).

        Raises UnreachableError where no broker answers in CONNECT_SECONDS.
        """
        topics: Mapping[str, Any] = self._metadata(client, None)
        return topics

    def partitions(self, client: Any, topic: str) -> tuple[int, ...]:
        """Return the topic's partitions without creating it.

        Raises UnreachableError where no broker answers in CONNECT_SECONDS, KafkaToolError where there is no such topic.
        """
        deadline = time.monotonic() + TOPIC_APPEARS_SECONDS
        while True:
            found = self._metadata(client, topic)[topic]
            if found.partitions:
                return tuple(sorted(found.partitions))
            if time.monotonic() > deadline or (found.error and not _may_appear(found.error)):
                raise _unusable(topic, found.error)
            time.sleep(0.1)

    def _metadata(self, client: Any, topic: str | None) -> Any:
        kafka = confluent_kafka()
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            try:
                return client.list_topics(topic, timeout=1.0).topics
            except kafka.KafkaException as error:
                client.poll(0)
                if time.monotonic() > deadline - 0.5:
                    raise self.causes.unreachable(self.bootstrap_servers) from error

    def watch(self, client: Any, topic: str | None) -> None:
        """Tell once that no broker answers, and once that one answers again; called while nothing else happens."""
        if self._down_since is None or time.monotonic() - self._down_since < OUTAGE_SECONDS:
            return
        try:
            client.list_topics(topic, timeout=1.0)
        except confluent_kafka().KafkaException:
            if not self._told:
                cause = self.causes.unreachable(self.bootstrap_servers).message
                note(f"ktools: {cause} Waiting for the cluster to come back.")
                self._told = True
            return
        if self._told:
            note("ktools: the cluster answers again.")
        self._down_since, self._told = None, False


def _may_appear(error: Any) -> bool:
    kafka = confluent_kafka().KafkaError
    return error.code() in (kafka.UNKNOWN_TOPIC_OR_PART, kafka.LEADER_NOT_AVAILABLE)


def _unusable(topic: str, error: Any) -> KafkaToolError:
    match error.name() if error else "":
        case "UNKNOWN_TOPIC_OR_PART":
            return KafkaToolError(f"topic '{topic}' does not exist", HINT)
        case "TOPIC_EXCEPTION":
            return KafkaToolError(f"'{topic}' is not a valid topic name", HINT)
        case "TOPIC_AUTHORIZATION_FAILED":
            return KafkaToolError(f"not authorized to access topic '{topic}'")
        case _:
            return KafkaToolError(
                f"topic '{topic}' cannot be used: {words(error) if error else 'it has no partitions'}"
            )


def words(error: Any) -> str:
    """Return the reason of a confluent_kafka.KafkaError without its origin: `Message size too large`."""
    text: str = error.str()
    return text.replace("Broker: ", "").replace("Local: ", "")
