"""The loop of e2e-latency: one record after the other, from its sending until a consumer has it."""

import random
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import ABANDONED, client_settings
from kafka_tools.console.cluster import Cluster, words
from kafka_tools.console.consume import LATEST
from kafka_tools.console.consume.loop import NO_GROUP
from kafka_tools.console.consume.loop import SETTINGS as READING
from kafka_tools.console.consume.readers import offsets
from kafka_tools.console.delivery import SETTINGS as RELIABLE
from kafka_tools.console.delivery import Deliveries, Destination, InFlight, open_producer
from kafka_tools.console.perf import RoundTrips, RoundTripTest
from kafka_tools.console.process import ShowProgress, Stop, show_nothing, stop_by_signal
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

PATIENCE_SECONDS = 60.0
ENDS_SECONDS = 5.0
"""How long the leaders are waited for before the first record is sent."""

POLL_SECONDS = 0.1
REQUEST_SECONDS = 15.0


def run(
    test: RoundTripTest, on_record: Callable[[int, int], None], show_progress: ShowProgress = show_nothing
) -> RoundTrips:
    """Send and read the records of a test; `on_record` gets the number of each and how long (ns) it took.

    Return what was measured until its end or a signal. Raises KafkaToolError where the cluster cannot be reached, a
    record is not delivered, or what comes back is not what was sent.
    """
    cluster, deliveries = Cluster(test.brokers), Deliveries()
    settings = client_settings(test.brokers.bootstrap_servers, test.brokers.config)
    own = {"error_cb": cluster.outages.on_error, "group.id": NO_GROUP, "enable.auto.commit": False}
    consumer = cluster.open(confluent_kafka().Consumer, READING | settings | own)
    partitions = [TopicPartition(test.topic, number) for number in cluster.partitions(consumer, test.topic)]
    try:
        ends = offsets(consumer, partitions, LATEST, ENDS_SECONDS)
    except confluent_kafka().KafkaException as error:
        consumer.poll(0)  # librdkafka tells of broken connections in no other call
        cluster.check_read(consumer, test.topic)
        why = words(error.args[0])
        raise KafkaToolError(f"the brokers do not say where topic '{test.topic}' ends: {why}") from error
    # At offsets that are known and not at LATEST, which librdkafka looks up when it first fetches: the first record
    # could be there by then, and would never be read.
    consumer.assign([confluent_kafka().TopicPartition(*each, end) for each, end in ends.items()])
    client, destination = open_producer(
        test.brokers, test.topic, cluster, RELIABLE | {"linger.ms": 0}, deliveries.on_delivery
    )
    with stop_by_signal() as stop, show_progress(f"sending to {test.topic} and back", test.records) as progress:
        loop = Loop(test, client, consumer, cluster, destination, deliveries, stop)
        try:
            while len(loop.latencies) < test.records and not stop and loop.send():
                on_record(len(loop.latencies) - 1, loop.latencies[-1])
                progress.advance(len(loop.latencies), len(loop.latencies))
        finally:
            consumer.close()
        return RoundTrips(tuple(loop.latencies), stop.status)


def make_topic(test: RoundTripTest) -> bool:
    """Make the topic with one partition and one replica where it is not there; return whether it was made.

    Raises KafkaToolError where the brokers refuse.
    """
    admin_module = import_module("confluent_kafka.admin")
    cluster = Cluster(test.brokers)
    settings = client_settings(test.brokers.bootstrap_servers, test.brokers.config)
    admin = cluster.open(admin_module.AdminClient, settings | {"error_cb": cluster.outages.on_error})
    try:
        if test.topic in cluster.topics(admin):
            return False
    except KeyboardInterrupt:
        # The end of a client waits for the set-up of its connections (librdkafka 2.16), 4 s where a server is silent.
        ABANDONED.append(admin)
        raise
    # One partition and one replica, as EndToEndLatency (3.9) makes it.
    [made] = admin.create_topics([admin_module.NewTopic(test.topic, 1, 1)], request_timeout=REQUEST_SECONDS).values()
    try:
        made.result()
    except confluent_kafka().KafkaException as error:
        raise KafkaToolError(f"Creation of topic {test.topic} failed: {words(error.args[0])}") from error
    return True


class Loop:
    """One run of a test; `latencies` (ns) are those of the records that came back."""

    def __init__(
        self,
        test: RoundTripTest,
        client: Any,
        consumer: Any,
        cluster: Cluster,
        destination: Destination,
        deliveries: Deliveries,
        stop: Stop,
    ) -> None:
        self.latencies: list[int] = []
        self._test = test
        self._client = client
        self._consumer = consumer
        self._cluster = cluster
        self._deliveries = deliveries
        self._stop = stop
        self._in_flight = InFlight(client, cluster.outages, test.topic, destination, stop)

    def send(self) -> bool:
        """Send a record and wait until it is read; return False where the user wants to end before that."""
        test = self._test
        value, key = _letters(test.size), _letters(test.key_size) if test.key_size else None
        headers = [(_letters(test.header_key_size).decode(), self._header_value()) for _ in range(test.headers)]
        began = time.perf_counter_ns()
        try:
            # Acknowledged first and read then, as EndToEndLatency (3.9) does: `acks` is a part of what is measured.
            self._client.produce(test.topic, value, key, headers=headers)
            self._deliveries.taken += 1
            self._in_flight.flush(lambda: self._deliveries.taken, lambda: None)
        except confluent_kafka().KafkaException as error:
            raise KafkaToolError(f"cannot go on: {words(error.args[0])}") from error
        if self._deliveries.failures:
            self._in_flight.tell_failures(self._deliveries)
            if self._stop:
                return False
            raise KafkaToolError(f"stopped after {len(self.latencies)} records: one was not delivered")
        message = self._read()
        elapsed = time.perf_counter_ns() - began
        if message is None:
            return False
        self._check(message, value, key, headers)
        self.latencies.append(elapsed)
        return True

    def _header_value(self) -> bytes | None:
        size = self._test.header_value_size
        return _letters(size) if size >= 0 else None

    def _read(self) -> Any:
        """Return the next record, None where the user wants to end."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            message = self._consumer.poll(POLL_SECONDS)
            if message is not None and message.error() is None:
                return message
            if self._stop:
                return None
            self._cluster.outages.watch()
        raise KafkaToolError(f"poll() timed out before finding a result (timeout:[{PATIENCE_SECONDS * 1000:.0f}])")

    def _check(self, message: Any, value: bytes, key: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
        for name, sent, read in (
            ("message", value, message.value()),
            ("message key", key, message.key()),
            ("message headers", headers, message.headers() or []),
        ):
            if sent != read:
                shown, was = ascii(read)[:200], ascii(sent)[:200]
                raise KafkaToolError(
                    f"The {name} read [{shown}] did not match the {name} sent [{was}]",
                    "Nobody else may send to the topic meanwhile.",
                )


def _letters(length: int) -> bytes:
    """Return one letter by chance, so many times, as EndToEndLatency.randomBytesOfLen (3.9) does."""
    return bytes([65 + random.randrange(26)]) * length
