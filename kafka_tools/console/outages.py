"""How a streaming tool lives through outages, and how it knows one from a cluster that it never reached."""

import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.notes import note
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers

if TYPE_CHECKING:
    from kafka_tools.brokers.diagnosis import Unreached

OUTAGE_SECONDS = 3.0
"""How long brokers are away before anybody looks, and is told."""

AGAIN_SECONDS = 1.0
"""How long an answer holds, and is waited for."""

START_SECONDS = 10.0
"""So long after its start a tool ends where no broker is reached at the address that it advertises; later it waits."""

PART_SECONDS = 6.0
"""How long one of several brokers is not reached before the user is told: by then another leads what it led, if one
can be elected, and the dead one is no longer advertised."""


class Outages:
    """What is wrong with the connections of one client: pass `on_error` as its `error_cb`.

    librdkafka does not tell an expired certificate from one that is not trusted, nor TLS from plaintext: why it reaches
    nobody, our own connection finds out, with the same `security`.
    """

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._began = time.monotonic()
        self._trouble_since: float | None = None
        self._all_down = self._given_up = self._told = self._told_of_part = False
        self._looked = 0.0

    def on_error(self, error: Any) -> None:
        """Note since when librdkafka reports failures (confluent_kafka.KafkaError), and whether no broker answers."""
        if self._trouble_since is None:
            self._trouble_since = time.monotonic()
        self._all_down = self._all_down or error.code() == confluent_kafka().KafkaError._ALL_BROKERS_DOWN

    def check_contact(self, seconds: float) -> None:
        """Raise KafkaToolError with the cause where nobody answers in so many seconds, lets the client in, or is where
        it is advertised."""
        from kafka_tools.brokers.diagnosis import unreached

        found = unreached(self._brokers.bootstrap_servers, self._brokers.security, seconds, self._brokers.wait_seconds)
        if found is not None and found.every:
            raise found.failure

    def watch(self) -> None:
        """Tell once that no broker answers, and once that one answers again; called while nothing else happens.

        Raises UnreachableError where just after the start no broker is reached at the address that it advertises.
        """
        now = time.monotonic()
        if self._trouble_since is None or now - self._trouble_since < OUTAGE_SECONDS:
            return
        if now - self._looked < AGAIN_SECONDS:
            return
        try:
            found = self._unreached()
        except KafkaToolError as error:
            self._tell(error)
        else:
            self._judge(found, now - self._trouble_since)
        self._looked = time.monotonic()

    @property
    def seen(self) -> bool:
        """Whether anything failed that has not been cleared up."""
        return self._trouble_since is not None

    def check_leaders(self, leaders: Collection[int]) -> None:
        """Raise KafkaToolError where one of these brokers is not reached, or nobody is."""
        found = self._unreached()
        if found is not None and (found.every or not found.brokers.isdisjoint(leaders)):
            raise found.failure

    def unreached_brokers(self) -> frozenset[int]:
        """Look which brokers are not reached at the moment. Raises KafkaToolError where nobody is."""
        found = self._unreached()
        return frozenset() if found is None else found.brokers

    def _unreached(self) -> "Unreached | None":
        """Return the brokers that are not reached. Raises KafkaToolError where nobody is.

        The servers that were named first may be away where librdkafka knows others: that is no outage.
        """
        from kafka_tools.brokers.diagnosis import unreached

        try:
            return unreached(self._brokers.bootstrap_servers, self._brokers.security, AGAIN_SECONDS)
        except KafkaToolError:
            if self._all_down:
                raise
            return None

    def _judge(self, found: "Unreached | None", seconds: float) -> None:
        if found is not None and found.every:
            self._given_up = self._given_up or time.monotonic() - self._began < START_SECONDS
            if self._given_up:
                raise found.failure
            self._tell(found.failure)
            return
        if self._told:
            note("ktools: the cluster answers again.")
        self._all_down = self._told = False
        if found is None:
            self._trouble_since = None
        elif seconds > PART_SECONDS:
            self._trouble_since = None
            if not self._told_of_part:
                note(f"ktools: {found.failure.message} What it leads has to wait.")
            self._told_of_part = True

    def _tell(self, cause: KafkaToolError) -> None:
        if not self._told:
            note(f"ktools: {cause.message} Waiting for the cluster to come back.")
        self._told = True
