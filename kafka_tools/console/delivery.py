"""What every producer here shares: its settings, what became of its records, and what keeps them from going on."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, NamedTuple

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster, missing_right, words
from kafka_tools.console.lines import TICK_SECONDS, Record
from kafka_tools.console.outages import LOOK_SECONDS, Leaders, Outages
from kafka_tools.console.process import Stop, note
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

BATCH_BYTES = 1_000_000
"""librdkafka's default batch.size; less where the topic refuses batches of this size."""

TOO_LARGE = "MSG_SIZE_TOO_LARGE"

STOP_SECONDS = 1.0
"""Where the user wants to end and no record was delivered for so long, the records that are left are given up."""

SETTINGS: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # as Java's for keys; records without a key stick to a partition for a batch
    "linger.ms": 50,  # batches fill while stdin flows; Loop._send_now sends what is there when it rests
    "batch.size": BATCH_BYTES,
    "message.max.bytes": 100_000_000,  # the broker decides what is too large
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 131_072,
    "delivery.timeout.ms": 120_000,
    "delivery.report.only.error": True,  # else Python code would run for each record that is delivered
}


class Destination(NamedTuple):
    """What the topic says of itself: its partitions, and which records it takes.

    `min_isr` is how many in-sync replicas a partition needs to take a record (0: not known), `size_limits` are settings
    that limit a record's size (bytes), as NAME=VALUE.
    """

    partitions: tuple[int, ...] = ()
    min_isr: int = 0
    size_limits: str = ""
    is_compacted: bool = False


class Failure(NamedTuple):
    """Why a record was not delivered: librdkafka's name of the error, and its words."""

    name: str
    words: str


class Deliveries:
    """What became of the records: `taken` counts those that were sent, `failures` those that failed, by reason.

    `largest` is the size (bytes) of the largest record that was too large.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.failures: Counter[Failure] = Counter()
        self.largest = 0

    def on_delivery(self, error: Any, message: Any) -> None:
        """Count a record that librdkafka took and could not deliver (confluent_kafka.KafkaError, Message)."""
        self._failed(error, message.value(), message.key())

    def refused(self, error: Any, record: Record) -> None:
        """Count a record that librdkafka did not take."""
        self.taken += 1
        self._failed(error, *record[1:3])

    def _failed(self, error: Any, value: bytes | None, key: bytes | None = None) -> None:
        self.failures[Failure(error.name(), words(error))] += 1
        if error.name() == TOO_LARGE:
            self.largest = max(self.largest, len(value or b"") + len(key or b""))

    @property
    def delivered(self) -> int:
        """How many records the brokers have, once nothing is in flight."""
        return self.taken - self.failures.total()


class Throttle:
    """Says how many records may be sent by now at a steady rate of so many a second; below 0 there is no limit.

    As org.apache.kafka.server.util.ThroughputThrottler (3.9), which sends a record as soon as the records before it are
    not more than its rate allows, and sleeps 2 ms at least. At a rate of 0 there is the first record and no other.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._began = monotonic()

    def due(self, sent: int) -> int:
        """Return how many records may go when so many were sent."""
        if self._rate < 0:
            return sys.maxsize
        return int((monotonic() - self._began) * self._rate) + 1 - sent

    def pause(self, sent: int) -> float:
        """Return for how many seconds none may go, TICK_SECONDS at most."""
        if not self._rate:
            return TICK_SECONDS
        return min(TICK_SECONDS, max(0.002, sent / self._rate - (monotonic() - self._began)))


def cannot_go_on(error: Any, topic: str) -> KafkaToolError:
    """Return the failure of a producer for an error (confluent_kafka.KafkaError) after which nothing can be sent."""
    return KafkaToolError(f"cannot go on: {words(error)}", missing_right(error, topic, "WRITE"))


def open_producer(
    brokers: Brokers, topic: str, cluster: Cluster, defaults: Mapping[str, Any], on_delivery: Callable[[Any, Any], None]
) -> tuple[Any, Destination]:
    """Return a producer whose batches the topic takes. Raises KafkaToolError where the topic cannot be reached.

    The settings of `brokers` override `defaults`, `on_delivery` gets a KafkaError and a Message.
    """
    make = confluent_kafka().Producer
    settings = {**defaults, **client_settings(brokers.bootstrap_servers, brokers.config)}
    settings |= {"error_cb": cluster.outages.on_error, "on_delivery": on_delivery}
    room = int(settings["queue.buffering.max.kbytes"]) * 1024  # as Java has it: without, a large record waits for ever
    settings["message.max.bytes"] = min(int(settings["message.max.bytes"]), room)
    # The order matters: the topic first, as a broker may have to make it, and its configs say how large a batch may be.
    client = cluster.open(make, settings)
    cluster.partitions(client, topic, makes=True)
    configs = cluster.topic_configs(topic)
    limit = int(configs.get("max.message.bytes", BATCH_BYTES))  # a larger batch would be refused whole
    if limit < int(settings["batch.size"]):
        client = cluster.open(make, settings | {"batch.size": limit})
        cluster.partitions(client, topic)
    partitions = cluster.partitions(client, topic)  # asks for a producer id: too early the first time
    needs_isr = str(settings["acks"]) in ("all", "-1")
    limits = {"max.request.size": brokers.config.get("message.max.bytes"), "max.message.bytes": limit}
    return client, Destination(
        partitions,
        int(configs.get("min.insync.replicas", 0)) if needs_isr else 0,
        " and ".join(f"{name}={value}" for name, value in limits.items() if value is not None),
        "compact" in configs.get("cleanup.policy", ""),
    )


class InFlight:
    """Watches the records of one producer that are sent and not yet delivered.

    `client` is a confluent_kafka.Producer, `outages` has its errors, `stop` says whether the user wants to end.
    """

    def __init__(self, client: Any, outages: Outages, topic: str, destination: Destination, stop: Stop) -> None:
        self._client = client
        self._outages = outages
        self._topic = topic
        self._destination = destination
        self._stop = stop
        self._leaders = Leaders(client, outages, topic)
        self._partitions = [TopicPartition(topic, number) for number in destination.partitions]
        self._through = -1
        self._moved = monotonic()

    def watch(self, taken: int) -> bool:
        """Tell what keeps records, of which librdkafka has taken so many, from being delivered.

        Return False where the user wants to end and none is delivered.
        """
        # Only what does not move is looked into: asking who leads what costs a Metadata request.
        now, waiting = monotonic(), len(self._client)
        through = taken - waiting
        if through != self._through or not waiting:
            self._through, self._moved = through, now
        elif now - self._moved > LOOK_SECONDS / 2:
            self._leaders.watch(self._partitions, self._destination.min_isr)
        self._outages.watch()
        return not (self._stop and now - self._moved > STOP_SECONDS)

    def flush(self, taken: Callable[[], int], look: Callable[[], None]) -> None:
        """Wait until each record is delivered or has failed, and look meanwhile.

        Where no broker was ever reached all fail now. Raises KafkaException where the producer cannot go on.
        """
        try:
            while self._client.flush(TICK_SECONDS) > 0:
                look()
                if not self.watch(taken()):
                    self._client.purge()
        except UnreachableError:  # no broker was ever reached: nothing can be in flight, and nobody will take the rest
            self._client.purge()
            self._client.flush(TICK_SECONDS)
            raise
        except confluent_kafka().KafkaException:  # nothing more will be sent; what was, is waited for
            self._client.purge(in_flight=False)
            while self._client.flush(TICK_SECONDS) > 0:
                if not self.watch(taken()):
                    self._client.purge()
            raise

    def tell_failures(self, deliveries: Deliveries) -> None:
        """Tell how many records were not delivered, and why."""
        for failure, number in sorted(deliveries.failures.items()):
            lost = f"{number} of {records(deliveries.taken)} not delivered to topic '{self._topic}'"
            note(f"ktools: {lost}: {self._reason(failure, deliveries)}")

    def _reason(self, failure: Failure, deliveries: Deliveries) -> str:
        """Return why records were not delivered, with what librdkafka does not say of it."""
        match failure.name:
            case "_MSG_TIMED_OUT":
                # librdkafka repeats what a broker refused for now until delivery.timeout.ms, and keeps the reason.
                why = self._leaders.last_causes(self._partitions, self._destination.min_isr)
                return f"no broker acknowledged them in time{why and f': {why}'}"
            case "_PURGE_QUEUE":
                return "no broker took them"
            case "_PURGE_INFLIGHT":
                return "no broker acknowledged them, they may be there or not"
            case _ if failure.name == TOO_LARGE:
                size = f"key and value of the largest have {deliveries.largest} bytes"
                return f"{failure.words}: {size}, {self._destination.size_limits or 'more than the broker takes'}"
            case "INVALID_RECORD" if self._destination.is_compacted:
                return f"{failure.words}: the topic is compacted (cleanup.policy), and takes only records with a key"
        return failure.words


def records(number: int) -> str:
    """Return the number with its noun."""
    return f"{number} record{'' if number == 1 else 's'}"
