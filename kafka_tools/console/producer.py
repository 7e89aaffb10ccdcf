"""The console producer's loop: lines of stdin to one topic, in their order, each delivered or reported."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import CONNECT_SECONDS, client_settings
from kafka_tools.console.cluster import Cluster, words
from kafka_tools.console.memory import rare_collections
from kafka_tools.console.notes import note
from kafka_tools.console.parse import FullParser, LineFormat, compile_full_parser, compile_parser
from kafka_tools.console.reader import TICK_SECONDS, blocks, lines
from kafka_tools.console.stopping import Stop, stop_by_signal
from kafka_tools.errors import KafkaToolError

STDIN = 0
BATCH_BYTES = 1_000_000
"""librdkafka's default batch.size; less where the topic refuses batches of this size."""

ROOM_SECONDS = 0.01
"""How long to wait before a full queue is tried again."""

SETTINGS: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",  # as Java's for keys; records without a key stick to a partition for a batch
    "linger.ms": 5,
    "message.max.bytes": 100_000_000,  # the broker decides what is too large
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 131_072,  # must have room for the largest message
    "delivery.timeout.ms": 120_000,
    "delivery.report.only.error": True,
}


class ProduceRequest(NamedTuple):
    """Where the lines of stdin go. `bootstrap_servers` and `config` (librdkafka's settings) name the cluster.

    With `json_lines` each line is a whole record as console-consumer --output jsonl writes it, else `line_format` says
    how it is taken apart. `sync` waits for each record's delivery before the next is sent.
    """

    bootstrap_servers: str
    topic: str
    config: Mapping[str, str] = {}
    line_format: LineFormat = LineFormat()
    json_lines: bool = False
    sync: bool = False


class Deliveries:
    """What became of the records: `taken` counts those that were sent, `failures` those that failed, by reason."""

    def __init__(self) -> None:
        self.taken = 0
        self.failures: Counter[str] = Counter()

    def on_delivery(self, error: Any, _message: Any) -> None:
        """Count a record that librdkafka took and could not deliver."""
        self.failures[_reason(error)] += 1

    def refused(self, error: Any) -> None:
        """Count a record that librdkafka did not take."""
        self.taken += 1
        self.failures[_reason(error)] += 1

    @property
    def delivered(self) -> int:
        """How many records the brokers have, once nothing is in flight."""
        return self.taken - self.failures.total()


def _reason(error: Any) -> str:
    if error.name() == "_MSG_TIMED_OUT":
        return "no broker acknowledged them in time"
    return words(error)


def produce(request: ProduceRequest) -> int:
    """Send stdin's lines until its end or a signal, wait for their delivery, report failures; return the exit status.

    Raises KafkaToolError where the cluster or the topic cannot be reached (before anything is read), for a line that
    cannot be parsed and a producer that cannot go on (after all that was sent is delivered or reported).
    """
    if sys.stdin is None:
        raise KafkaToolError("stdin is closed")
    cluster = Cluster(request.bootstrap_servers)
    client, deliveries = _open(request, cluster)
    with stop_by_signal() as stop, rare_collections():
        return Loop(request, client, cluster, deliveries, stop).run()


def _open(request: ProduceRequest, cluster: Cluster) -> tuple[Any, Deliveries]:
    """Return a producer whose batches the topic takes. Raises KafkaToolError where the topic cannot be reached."""
    make = confluent_kafka().Producer
    deliveries = Deliveries()
    shared = client_settings(request.bootstrap_servers, request.config, cluster.causes) | {"error_cb": cluster.on_error}
    size = int(request.config.get("batch.size", BATCH_BYTES))
    settings = SETTINGS | shared | {"batch.size": size, "on_delivery": deliveries.on_delivery}
    client = cluster.open(make, settings)  # now, as it takes librdkafka half a second to get a producer id
    cluster.partitions(client, request.topic)
    limit = _max_message_bytes(shared, request.topic)
    return cluster.open(make, settings | {"batch.size": limit}) if limit < size else client, deliveries


def _max_message_bytes(settings: dict[str, Any], topic: str) -> int:
    """Return the topic's max.message.bytes, as a larger batch is refused whole; BATCH_BYTES if it may not be read."""
    from confluent_kafka.admin import AdminClient, ConfigResource

    admin, resource = AdminClient(settings), ConfigResource("topic", topic)
    try:
        configs = admin.describe_configs([resource], request_timeout=CONNECT_SECONDS)[resource].result()
        return int(configs["max.message.bytes"].value)
    except confluent_kafka().KafkaException:
        return BATCH_BYTES


class Loop:
    """One producer from its first to its last line."""

    def __init__(
        self, request: ProduceRequest, client: Any, cluster: Cluster, deliveries: Deliveries, stop: Stop
    ) -> None:
        self.request = request
        self.client = client
        self.cluster = cluster
        self.deliveries = deliveries
        self.stop = stop
        self._send_lines = self._sender(request)

    def _sender(self, request: ProduceRequest) -> "Callable[[Iterable[bytes]], None]":
        """Return the function that sends a batch of lines."""
        if request.json_lines:
            from kafka_tools.console.jsonl import compile_reader

            return self._full_sender(compile_reader())
        if request.line_format.parse_headers:
            return self._full_sender(compile_full_parser(request.line_format))
        self.parse = compile_parser(request.line_format)
        return self._send

    def run(self) -> int:
        """Send all, wait, report; return the exit status."""
        send = self._send_one_by_one if self.request.sync else self._send_lines
        try:
            for batch in lines(prompted(blocks(STDIN, self._tick))):
                send(batch)
        except confluent_kafka().KafkaException as error:  # a fatal one comes out of whatever is called next
            raise KafkaToolError(f"cannot go on: {words(error.args[0])}") from error
        finally:
            self._flush()
            self._report()
        return self.stop.status or (1 if self.deliveries.failures else 0)

    def _send(self, batch: Iterable[bytes]) -> None:
        """Hand the lines to librdkafka, in their order, waiting where its queue is full."""
        produce, topic, deliveries = self.client.produce, self.request.topic, self.deliveries
        refusal = confluent_kafka().KafkaException
        for key, value in self.parse(batch):
            while True:
                try:
                    produce(topic, value, key)
                    deliveries.taken += 1
                except BufferError:
                    self._wait_for_room()
                    continue
                except refusal as error:
                    self._refused(error.args[0])
                break

    def _full_sender(self, parse: FullParser) -> "Callable[[Iterable[bytes]], None]":
        """Return the function that sends records with headers, partition and time; else as `_send`."""
        produce, topic, deliveries = self.client.produce, self.request.topic, self.deliveries
        refusal = confluent_kafka().KafkaException

        def send(batch: Iterable[bytes]) -> None:
            for key, value, headers, partition, timestamp in parse(batch):
                while True:
                    try:
                        produce(topic, value, key, partition, timestamp=timestamp, headers=headers)
                        deliveries.taken += 1
                    except BufferError:
                        self._wait_for_room()
                        continue
                    except refusal as error:
                        self._refused(error.args[0])
                    break

        return send

    def _send_one_by_one(self, batch: Iterable[bytes]) -> None:
        for line in batch:
            self._send_lines([line])
            self._flush()
            if self.deliveries.failures:
                raise KafkaToolError("stopped at the first record that was not delivered (--sync)")

    def _refused(self, error: Any) -> None:
        self.deliveries.refused(error)
        if error.code() != confluent_kafka().KafkaError.MSG_SIZE_TOO_LARGE:
            raise KafkaToolError(f"cannot go on: {words(error)}")

    def _wait_for_room(self) -> None:
        self.client.poll(ROOM_SECONDS)
        self.cluster.watch(self.client, self.request.topic)

    def _tick(self) -> bool:
        """Look at what else happened; return whether to read on."""
        self.client.poll(0)
        self.cluster.watch(self.client, self.request.topic)
        return not self.stop

    def _flush(self) -> None:
        while self.client.flush(TICK_SECONDS) > 0:
            self.cluster.watch(self.client, self.request.topic)

    def _report(self) -> None:
        deliveries, topic = self.deliveries, self.request.topic
        for reason, number in sorted(deliveries.failures.items()):
            note(f"ktools: {number} of {records(deliveries.taken)} not delivered to topic '{topic}': {reason}")
        if self.stop:
            note(f"ktools: stopped after {records(deliveries.delivered)} delivered to topic '{topic}'")


def records(number: int) -> str:
    """Return the number with its noun."""
    return f"{number} record{'' if number == 1 else 's'}"


def prompted(incoming: Iterable[bytes]) -> Iterable[bytes]:
    """Return the blocks; on a terminal a `>` asks for each."""
    return _prompting(incoming) if os.isatty(STDIN) else incoming


def _prompting(incoming: Iterable[bytes]) -> Iterator[bytes]:
    show_prompt()
    for block in incoming:
        yield block
        if block:
            show_prompt()


def show_prompt() -> None:
    sys.stderr.write(">")
    sys.stderr.flush()
