"""The console producer's loop: lines of stdin to one topic, in their order, each delivered or reported."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import Cluster
from kafka_tools.console.delivery import (
    SETTINGS,
    Deliveries,
    Destination,
    InFlight,
    cannot_go_on,
    open_producer,
    records,
)
from kafka_tools.console.formats import json
from kafka_tools.console.lines import (
    FullRecord,
    Parser,
    ProduceRequest,
    Record,
    blocks,
    compile_parser,
    lines,
)
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
from kafka_tools.errors import KafkaToolError

STDIN = 0
ROOM_SECONDS = 0.01
"""How long to wait before a full queue is tried again."""


def produce(request: ProduceRequest, show_progress: ShowProgress = show_nothing) -> int:
    """Send stdin's lines until its end or a signal, wait for their delivery, report failures; return the exit status.

    Raises KafkaToolError where the cluster or the topic cannot be reached (before anything is read), for a line that
    cannot be parsed and a producer that cannot go on (after all that was sent is delivered or reported).
    """
    if sys.stdin is None:
        raise KafkaToolError("stdin is closed")
    cluster = Cluster(request.brokers)
    deliveries = Deliveries()
    client, destination = open_producer(request.brokers, request.topic, cluster, SETTINGS, deliveries.on_delivery)
    with stop_by_signal() as stop, rare_collections():
        return Loop(request, client, cluster, deliveries, stop, show_progress, destination).run()


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
        self._in_flight = InFlight(client, cluster.outages, request.topic, destination or Destination(), stop)

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
            raise cannot_go_on(error.args[0], self.request.topic) from error
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
        # That it is too large is true of this record alone: the others go on.
        if error.code() != confluent_kafka().KafkaError.MSG_SIZE_TOO_LARGE:
            raise cannot_go_on(error, self.request.topic)

    def _wait_for_room(self, taken: int) -> bool:
        """Wait where the queue is full, after `taken` records of a batch; return whether to try again."""
        self.client.poll(ROOM_SECONDS)
        return self._in_flight.watch(self.deliveries.taken + taken)

    def _tick(self) -> bool:
        """Look at what else happened; return whether to read on."""
        self.client.poll(0)
        self._in_flight.watch(self.deliveries.taken)
        self._show_progress()
        return not self.stop

    def _send_now(self) -> None:
        """Let nothing wait for a batch to fill, as no more comes for now, unless it was said how long to wait."""
        # While `flush` waits, librdkafka sends batches that are not full, whatever linger.ms is.
        if "linger.ms" not in self.request.brokers.config:
            self.client.flush(ROOM_SECONDS)

    def _flush(self) -> None:
        """Wait until each record is delivered or has failed; where no broker was ever reached, all fail now."""
        try:
            self._in_flight.flush(lambda: self.deliveries.taken, self._show_progress)
        except confluent_kafka().KafkaException as error:
            raise cannot_go_on(error.args[0], self.request.topic) from error
        self._show_progress()

    def _show_progress(self) -> None:
        # len(client) counts the records that wait in the queue or are in flight.
        self._progress.advance(self.deliveries.taken - len(self.client), self._read)

    def _report(self) -> None:
        deliveries, topic = self.deliveries, self.request.topic
        self._in_flight.tell_failures(deliveries)
        if self.stop:
            note(f"ktools: stopped after {records(deliveries.delivered)} delivered to topic '{topic}'")


def prompted(incoming: Iterable[bytes], stdin: int) -> Iterator[bytes]:
    """Yield the blocks; on a terminal a `>` on stderr asks for each."""
    prompt = ">" if os.isatty(stdin) else ""
    put(prompt)
    for block in incoming:
        yield block
        put(prompt if block else "")
