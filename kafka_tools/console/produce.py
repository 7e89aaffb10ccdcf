"""The console producer's loop: lines of stdin to one topic, in their order, each delivered or reported."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any, NamedTuple

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster, missing_right, words
from kafka_tools.console.formats import json
from kafka_tools.console.lines import (
    TICK_SECONDS,
    FullRecord,
    Parser,
    ProduceRequest,
    Record,
    blocks,
    compile_parser,
    lines,
)
from kafka_tools.console.outages import LOOK_SECONDS, Leaders
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    Unshown,
    bytes_ahead,
    note,
    put,
    rare_collections,
    show_nothing,
    stop_by_signal,
)
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.topics import TopicPartition

STDIN = 0
BATCH_BYTES = 1_000_000
"""librdkafka's default batch.size; less where the topic refuses batches of this size."""

TOO_LARGE = "MSG_SIZE_TOO_LARGE"

ROOM_SECONDS = 0.01
"""How long to wait before a full queue is tried again."""

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


def produce(request: ProduceRequest, show_progress: ShowProgress = show_nothing) -> int:
    """Send stdin's lines until its end or a signal, wait for their delivery, report failures; return the exit status.

    Raises KafkaToolError where the cluster or the topic cannot be reached (before anything is read), for a line that
    cannot be parsed and a producer that cannot go on (after all that was sent is delivered or reported).
    """
    if sys.stdin is None:
        raise KafkaToolError("stdin is closed")
    cluster = Cluster(request.brokers)
    deliveries = Deliveries()
    client, destination = _open(request, cluster, deliveries)
    with stop_by_signal() as stop, rare_collections():
        return Loop(request, client, cluster, deliveries, stop, show_progress, destination).run()


def _open(request: ProduceRequest, cluster: Cluster, deliveries: Deliveries) -> tuple[Any, Destination]:
    """Return a producer whose batches the topic takes. Raises KafkaToolError where the topic cannot be reached."""
    make = confluent_kafka().Producer
    settings = SETTINGS | client_settings(request.brokers.bootstrap_servers, request.brokers.config)
    settings |= {"error_cb": cluster.outages.on_error, "on_delivery": deliveries.on_delivery}
    room = int(settings["queue.buffering.max.kbytes"]) * 1024  # as Java has it: without, a large record waits for ever
    settings["message.max.bytes"] = min(int(settings["message.max.bytes"]), room)
    # The order matters: the topic first, as a broker may have to make it, and its configs say how large a batch may be.
    client = cluster.open(make, settings)
    cluster.partitions(client, request.topic, makes=True)
    configs = cluster.topic_configs(request.topic)
    limit = int(configs.get("max.message.bytes", BATCH_BYTES))  # a larger batch would be refused whole
    if limit < int(settings["batch.size"]):
        client = cluster.open(make, settings | {"batch.size": limit})
        cluster.partitions(client, request.topic)
    partitions = cluster.partitions(client, request.topic)  # asks for a producer id: too early the first time
    needs_isr = str(settings["acks"]) in ("all", "-1")
    limits = {"max.request.size": request.brokers.config.get("message.max.bytes"), "max.message.bytes": limit}
    return client, Destination(
        partitions,
        int(configs.get("min.insync.replicas", 0)) if needs_isr else 0,
        " and ".join(f"{name}={value}" for name, value in limits.items() if value is not None),
        "compact" in configs.get("cleanup.policy", ""),
    )


def _parser(request: ProduceRequest) -> Parser:
    if request.form == "lines":
        return compile_parser(request.line_format, request.topic)
    return json.compile_reader(request.topic, request.form)


class Loop:
    """One producer from its first to its last line."""

    def __init__(
        self,
        request: ProduceRequest,
        client: Any,
        cluster: Cluster,
        deliveries: Deliveries,
        stop: Stop,
        show_progress: ShowProgress = show_nothing,
        destination: Destination | None = None,
        stdin: int = STDIN,
    ) -> None:
        self.request = request
        self.client = client
        self.cluster = cluster
        self.deliveries = deliveries
        self.stop = stop
        self._stdin = stdin
        self._parse = _parser(request)
        self._shown_by = show_progress
        self._progress: Progress = Unshown()
        self._read = 0
        self._leaders = Leaders(client, cluster.outages, request.topic)
        self._destination = destination or Destination()
        self._partitions = [TopicPartition(request.topic, number) for number in self._destination.partitions]
        self._through = -1
        self._moved = monotonic()

    def run(self) -> int:
        """Send all, wait, report; return the exit status."""
        try:
            with self._shown_by(f"producing to {self.request.topic}", bytes_ahead(self._stdin)) as self._progress:
                self._send_all()
        finally:
            self._report()
        return self.stop.status or (1 if self.deliveries.failures else 0)

    def _send_all(self) -> None:
        send = self._send_one_by_one if self.request.sync else self._send
        try:
            for batch in lines(self._blocks(), self.request.keeps_cr):
                send(batch)
        except confluent_kafka().KafkaException as error:  # a fatal one comes out of whatever is called next
            raise self._cannot_go_on(error.args[0]) from error
        finally:
            self._flush()

    def _blocks(self) -> Iterator[bytes]:
        """Yield what stdin has until its end or a signal."""
        incoming = prompted(blocks(self._stdin, self._tick, self._send_now), self._stdin)
        for block in incoming if self.request.form == "lines" else json.in_utf_8(incoming):
            self._read += len(block)
            yield block

    def _send(self, batch: Iterable[bytes]) -> None:
        """Hand the lines to librdkafka, in their order, waiting where its queue is full."""
        # The hot loop: 1,000,000 records of 100 bytes take 0.7 to 0.8 s, 1.0 to 1.9 s with idempotence. `produce_batch`
        # is no faster. A record that finds the queue full is tried again before the next one, or the order would be
        # lost; the callbacks run inside `poll`, in this thread, so that what they count needs no lock.
        produce, refusal = self.client.produce, confluent_kafka().KafkaException
        taken = 0
        try:
            for record in self._parse(batch):
                while True:
                    try:
                        produce(*record)
                    except BufferError:
                        if not self._wait_for_room(taken):
                            return
                        continue
                    except refusal as error:
                        if self._appears(record, error.args[0]):
                            continue
                        self._refused(error.args[0], record)
                    else:
                        taken += 1
                    break
        finally:  # also for a line that cannot be parsed: what was sent before it counts
            self.deliveries.taken += taken

    def _send_one_by_one(self, batch: Iterable[bytes]) -> None:
        for line in batch:
            if self.stop:
                return
            self._send([line])
            self._flush()
            if self.deliveries.failures and not self.stop:
                raise KafkaToolError("stopped at the first record that was not delivered (--sync)")

    def _appears(self, record: Record, error: Any) -> bool:
        """Return whether the partition that the record names, if that was not known, is there now."""
        if not isinstance(record, FullRecord) or error.code() != confluent_kafka().KafkaError._UNKNOWN_PARTITION:
            return False
        named = record.partition
        return named in self.cluster.partitions(self.client, self.request.topic, {named})

    def _refused(self, error: Any, record: Record) -> None:
        self.deliveries.refused(error, record)
        if error.code() != confluent_kafka().KafkaError.MSG_SIZE_TOO_LARGE:
            raise self._cannot_go_on(error)

    def _cannot_go_on(self, error: Any) -> KafkaToolError:
        return KafkaToolError(f"cannot go on: {words(error)}", missing_right(error, self.request.topic, "WRITE"))

    def _wait_for_room(self, taken: int) -> bool:
        """Wait where the queue is full, after `taken` records of a batch; return whether to try again."""
        self.client.poll(ROOM_SECONDS)
        return self._watch(taken)

    def _watch(self, taken: int = 0) -> bool:
        """Tell what keeps records from being delivered; return False where the user wants to end and none is."""
        # Only what does not move is looked into: asking who leads what costs a Metadata request.
        now, waiting = monotonic(), len(self.client)
        through = self.deliveries.taken + taken - waiting
        if through != self._through or not waiting:
            self._through, self._moved = through, now
        elif now - self._moved > LOOK_SECONDS / 2:
            self._leaders.watch(self._partitions, self._destination.min_isr)
        self.cluster.outages.watch()
        return not (self.stop and now - self._moved > STOP_SECONDS)

    def _tick(self) -> bool:
        """Look at what else happened; return whether to read on."""
        self.client.poll(0)
        self._watch()
        self._show_progress()
        return not self.stop

    def _send_now(self) -> None:
        """Let nothing wait for a batch to fill, as no more comes for now, unless it was said how long to wait."""
        if "linger.ms" not in self.request.brokers.config:
            self.client.flush(ROOM_SECONDS)

    def _flush(self) -> None:
        """Wait until each record is delivered or has failed; where no broker was ever reached, all fail now."""
        try:
            while self.client.flush(TICK_SECONDS) > 0:
                self._show_progress()
                if not self._watch():
                    self.client.purge()
        except UnreachableError:  # no broker was ever reached: nothing can be in flight, and nobody will take the rest
            self.client.purge()
            self.client.flush(TICK_SECONDS)
            raise
        except confluent_kafka().KafkaException as error:  # nothing more will be sent; what was, is waited for
            self.client.purge(in_flight=False)
            while self.client.flush(TICK_SECONDS) > 0:
                if not self._watch():
                    self.client.purge()
            raise self._cannot_go_on(error.args[0]) from error
        self._show_progress()

    def _show_progress(self) -> None:
        self._progress.advance(self.deliveries.taken - len(self.client), self._read)

    def _report(self) -> None:
        deliveries, topic = self.deliveries, self.request.topic
        for failure, number in sorted(deliveries.failures.items()):
            lost = f"{number} of {records(deliveries.taken)} not delivered to topic '{topic}'"
            note(f"ktools: {lost}: {self._reason(failure)}")
        if self.stop:
            note(f"ktools: stopped after {records(deliveries.delivered)} delivered to topic '{topic}'")

    def _reason(self, failure: Failure) -> str:
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
                size = f"key and value of the largest have {self.deliveries.largest} bytes"
                return f"{failure.words}: {size}, {self._destination.size_limits or 'more than the broker takes'}"
            case "INVALID_RECORD" if self._destination.is_compacted:
                return f"{failure.words}: the topic is compacted (cleanup.policy), and takes only records with a key"
        return failure.words


def records(number: int) -> str:
    """Return the number with its noun."""
    return f"{number} record{'' if number == 1 else 's'}"


def prompted(incoming: Iterable[bytes], stdin: int) -> Iterator[bytes]:
    """Yield the blocks; on a terminal a `>` on stderr asks for each."""
    prompt = ">" if os.isatty(stdin) else ""
    put(prompt)
    for block in incoming:
        yield block
        put(prompt if block else "")
