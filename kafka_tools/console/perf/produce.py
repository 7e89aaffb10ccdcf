"""The loop of producer-perf-test: records as fast as they go, or at a steady rate, and how long each one took."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import Cluster
from kafka_tools.console.delivery import SETTINGS as RELIABLE
from kafka_tools.console.delivery import (
    STOP_SECONDS,
    Deliveries,
    Destination,
    InFlight,
    Throttle,
    cannot_go_on,
    open_producer,
)
from kafka_tools.console.perf import OnInterval, Produced, ProduceTest, figures_of
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    Unshown,
    rare_collections,
    show_nothing,
    stop_by_signal,
)
from kafka_tools.model.performance import SendStats

CHUNK = 1000
"""So many records are made and sent between two looks at what was acknowledged; fewer where they are large."""

CHUNK_BYTES = 1_000_000
ROOM_SECONDS = 0.005
TICK_SECONDS = 0.1
COMMIT_SECONDS = 30.0
METRICS_MS = 200

SETTINGS: dict[str, Any] = RELIABLE | {
    "linger.ms": 5,  # as Java's producer from 4.0 on; 0, as before, would have librdkafka send records one by one
    "queue.buffering.max.messages": 500_000,
    "queue.buffering.max.kbytes": 32_768,  # Java's buffer.memory: what waits in the queue counts as latency
    "delivery.report.only.error": False,
    "client.id": "perf-producer-client",
}

LETTERS = bytes(ord("A") + byte % 26 for byte in range(256))


def now_ms() -> int:
    """Return the time in ms, by a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


def run(test: ProduceTest, on_interval: OnInterval, show_progress: ShowProgress = show_nothing) -> Produced:
    """Send the records of a test; return what was measured until its end or a signal, and tell what failed on stderr.

    Raises KafkaToolError where the cluster or the topic cannot be reached, and where nothing more can be sent.
    """
    cluster = Cluster(test.brokers)
    acknowledged = Acknowledged()
    asked = {"statistics.interval.ms": METRICS_MS, "stats_cb": acknowledged.on_metrics} if test.metrics else {}
    first = acknowledged.callback(behind_warmup=False)
    client, destination = open_producer(test.brokers, test.topic, cluster, SETTINGS | asked, first)
    with stop_by_signal() as stop, rare_collections():
        loop = Loop(test, client, cluster, destination, acknowledged, stop, on_interval)
        with show_progress(f"producing to {test.topic}", test.records) as progress:
            return loop.run(progress)


class Acknowledged:
    """What brokers acknowledged since it was looked last: latencies (s) and sizes (bytes), and what failed."""

    def __init__(self) -> None:
        self.deliveries = Deliveries()
        self.metrics: dict[str, float] = {}
        self._latencies: tuple[list[float], list[float]] = ([], [])
        self._sizes: tuple[list[int], list[int]] = ([], [])

    def callback(self, behind_warmup: bool) -> Callable[[Any, Any], None]:
        """Return what librdkafka calls for each record, inside of `poll` and `flush`."""
        # The only Python code that runs for each record: 0.4 us of CPU. What it gathers is summed up in C for many
        # records at once, in `take`.
        latency, size = self._latencies[behind_warmup].append, self._sizes[behind_warmup].append
        failed = self.deliveries.on_delivery

        def on_delivery(error: Any, message: Any) -> None:
            if error is None:
                latency(message.latency())
                size(len(message))
            else:
                failed(error, message)

        return on_delivery

    def take(self, behind_warmup: bool) -> tuple[list[int], int]:
        """Return the latencies in ms, and how many bytes the records had."""
        # Java's latency is the difference of two times that are cut to ms: on the average that is the rounded one.
        latencies, sizes = self._latencies[behind_warmup], self._sizes[behind_warmup]
        found = [int(seconds * 1000 + 0.5) for seconds in latencies], sum(sizes)
        latencies.clear()
        sizes.clear()
        return found

    def on_metrics(self, text: str) -> None:
        """Take librdkafka's figures of the whole client."""
        self.metrics = figures_of(text)


class Loop:
    """One run of a test."""

    def __init__(
        self,
        test: ProduceTest,
        client: Any,
        cluster: Cluster,
        destination: Destination,
        acknowledged: Acknowledged,
        stop: Stop,
        on_interval: OnInterval,
    ) -> None:
        self._test = test
        self._client = client
        self._acknowledged = acknowledged
        self._deliveries = acknowledged.deliveries
        self._stop = stop
        self._on_interval = on_interval
        self._progress: Progress = Unshown()
        self._in_flight = InFlight(client, cluster.outages, test.topic, destination, stop)
        self._stats = SendStats(test.records, test.interval, now_ms)
        self._steady: SendStats | None = None
        self._transactions = Transactions(client, test.transaction)

    def run(self, progress: Progress) -> Produced:
        """Send, wait for what is under way, tell what failed, and return what was measured."""
        self._progress = progress
        try:
            self._transactions.prepare()
            self._send_all()
            self._transactions.commit(at_end=True)
            self._in_flight.flush(lambda: self._deliveries.taken, self._look)
        except confluent_kafka().KafkaException as error:
            self._transactions.abort()
            raise cannot_go_on(error.args[0], self._test.topic) from error
        finally:
            self._look()
            self._in_flight.tell_failures(self._deliveries)
        total, steady = self._stats.total(), self._steady.total() if self._steady else None
        failed = self._deliveries.failures.total()
        return Produced(total, steady, failed, self._metrics(), self._stop.status or min(failed, 1))

    def _send_all(self) -> None:
        """Send chunk by chunk, no faster than the test says."""
        test = self._test
        make = compile_payloads(test)
        largest = max(1, min(CHUNK, CHUNK_BYTES // max(1, test.size or max(map(len, test.payloads), default=1))))
        throttle, sent = Throttle(test.throughput), 0
        # Anew: its time begins with the first record, not with the client, the producer id and the payloads.
        self._stats = SendStats(test.records, test.interval, now_ms)
        while sent < test.records and not self._stop:
            due = throttle.due(sent)
            if due < 1:
                self._client.poll(throttle.pause(sent))
                self._look()
                continue
            if test.warmup and sent == test.warmup:
                self._steady = SendStats(test.records - test.warmup, test.interval, now_ms)
            # No chunk goes over the end of the warm-up: records behind it have another callback.
            ahead = test.warmup - sent if sent < test.warmup else test.records - sent
            count = min(due, ahead, largest)
            self._transactions.begin()
            self._send(make(sent, count))
            self._transactions.commit()
            sent += count
            self._client.poll(0)
            self._look()

    def _send(self, values: list[bytes]) -> None:
        """Hand records to librdkafka, waiting where its queue is full."""
        # A record that finds the queue full is tried again before the next one, as in console/produce.py.
        produce, refusal = partial(self._client.produce, self._test.topic), confluent_kafka().KafkaException
        if self._steady:
            produce = partial(produce, on_delivery=self._acknowledged.callback(behind_warmup=True))
        taken = 0
        try:
            for value in values:
                while True:
                    try:
                        produce(value)
                    except BufferError:
                        if not self._wait_for_room(taken):
                            return
                        continue
                    except refusal as error:
                        if error.args[0].code() != confluent_kafka().KafkaError.MSG_SIZE_TOO_LARGE:
                            raise
                        self._deliveries.refused(error.args[0], (self._test.topic, value))
                    else:
                        taken += 1
                    break
        finally:
            self._deliveries.taken += taken

    def _wait_for_room(self, taken: int) -> bool:
        self._client.poll(ROOM_SECONDS)
        self._look()
        return self._in_flight.watch(self._deliveries.taken + taken)

    def _look(self) -> None:
        """Sum up what was acknowledged, and report each interval that is over."""
        first, size = self._acknowledged.take(behind_warmup=False)
        if self._steady is None:
            over = self._stats.add(first, size)
        else:
            later, later_size = self._acknowledged.take(behind_warmup=True)
            self._stats.add(first + later, size + later_size)
            over = self._steady.add(later, later_size)
        if over is not None:
            self._on_interval(over, self._steady is not None)
        self._progress.advance(self._stats.records, self._stats.records)

    def _metrics(self) -> dict[str, float]:
        """Return librdkafka's figures as of the end: it tells them every METRICS_MS."""
        if self._test.metrics:
            # Cleared, so that the next ones are awaited: those at hand may be from before the last record.
            self._acknowledged.metrics.clear()
            deadline = time.monotonic() + 10 * METRICS_MS / 1000
            while not self._acknowledged.metrics and time.monotonic() < deadline:
                self._client.poll(METRICS_MS / 1000)
        return dict(self._acknowledged.metrics)


class Transactions:
    """The transactions of so many ms in which records are sent, one after the other; with None there are none.

    All raise KafkaException where the coordinator refuses, or does not answer within COMMIT_SECONDS.
    """

    def __init__(self, client: Any, length: int | None) -> None:
        self._client = client
        self._length = length
        self._began: float | None = None

    def prepare(self) -> None:
        """Ask for the producer id; what another producer of this transactional.id left open is aborted."""
        if self._length is not None:
            _until_answered(self._client.init_transactions)

    def begin(self) -> None:
        """Begin a transaction unless one has begun."""
        if self._length is not None and self._began is None:
            self._client.begin_transaction()
            self._began = time.monotonic()

    def commit(self, at_end: bool = False) -> None:
        """Commit the transaction if its time is over, or this is the end."""
        if self._length is None or self._began is None:
            return
        if at_end or (time.monotonic() - self._began) * 1000 >= self._length:
            _until_answered(self._client.commit_transaction)
            self._began = None

    def abort(self) -> None:
        """Abort the transaction that is open, so that nobody waits for it to time out."""
        if self._began is not None:
            with suppress(confluent_kafka().KafkaException):  # the error that led here is told
                self._client.abort_transaction(STOP_SECONDS)


def _until_answered(call: Callable[[float], None]) -> None:
    """Call something of librdkafka's in short slices, between which a signal is heard: it goes on where it was."""
    deadline = time.monotonic() + COMMIT_SECONDS
    while True:
        try:
            return call(TICK_SECONDS)
        except confluent_kafka().KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise


def compile_payloads(test: ProduceTest) -> Callable[[int, int], list[bytes]]:
    """Return what makes the values of so many records, the first of which has this number."""
    if test.payloads:
        return lambda _, count: random.choices(test.payloads, k=count)
    if test.size is None:
        return lambda first, count: [b"%d" % number for number in range(first, first + count)]
    size = test.size
    if not size:
        return lambda _, count: [b""] * count

    def letters(_: int, count: int) -> list[bytes]:
        # Letters from A to Z by chance, as Apache's tool has them, for a whole chunk at once: 0.25 us for 100 bytes.
        text = random.randbytes(count * size).translate(LETTERS)
        return [text[start : start + size] for start in range(0, count * size, size)]

    return letters
