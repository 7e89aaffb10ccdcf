"""New topics and partitions that come while a consumer runs."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.positions import Place

INTERVAL_SECONDS = 10.0
"""How often the cluster is asked; Apache's consumer asks every five minutes (metadata.max.age.ms)."""

RESPONSE_SECONDS = 5.0


class Discovery:
    """Asks the cluster from a thread and a connection of its own, so that no record waits for the answer.

    `settings` are librdkafka's; `wanted` picks partitions from confluent_kafka's topics by name. `found` holds those
    that are new since `known`, until somebody takes them with `take`.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        topic: str | None,
        wanted: Callable[[Mapping[str, Any]], set[Place]],
        known: set[Place],
        seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self.found: set[Place] = set()
        self._known = known
        self._settings = dict(settings)
        self._topic = topic
        self._wanted = wanted
        self._seconds = seconds
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to ask, for the first time after one interval: a short run never does."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()

    def take(self) -> set[Place]:
        """Return what is new; it is known from now on."""
        new = self.found
        self._known |= new
        self.found = set()
        return new

    def _run(self) -> None:
        admin: Any = None
        while not self._ended.wait(self._seconds):
            if admin is None:
                confluent_kafka()
                from confluent_kafka.admin import AdminClient

                admin = AdminClient(self._settings)
            self._look(admin)

    def _look(self, admin: Any) -> None:
        try:
            topics = admin.list_topics(self._topic, timeout=RESPONSE_SECONDS).topics
        except confluent_kafka().KafkaException:
            return  # an outage; `Outages.watch` tells of it
        new = self._wanted(topics) - self._known
        if new:
            self.found = new
