"""The loop of verifiable-producer: numbers to a topic, and for each of them an event that says what became of it."""

import sys
import time
from typing import Any

from kafka_tools.brokers.errors import broker_error, is_local
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.cluster import Cluster, words
from kafka_tools.console.consume.writing import Output
from kafka_tools.console.delivery import SETTINGS as RELIABLE
from kafka_tools.console.delivery import Deliveries, Destination, InFlight, Throttle, cannot_go_on, open_producer
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    Unshown,
    rare_collections,
    show_nothing,
    stop_by_signal,
    time_ms,
)
from kafka_tools.console.verifiable import Produced, ProduceTask
from kafka_tools.console.verifiable.events import Events, EventWriter, JavaError, send_failure
from kafka_tools.errors import KafkaToolError

CHUNK = 500
"""So many records are sent between two looks at what was acknowledged, at most."""

ROOM_SECONDS = 0.005
PURGE_SECONDS = 1.0
NO_OFFSET = -1

SETTINGS: dict[str, Any] = RELIABLE | {
    "linger.ms": 5,  # as Java's producer from 4.0 on
    "delivery.report.only.error": False,
    "client.id": "verifiable-producer",
}


def run(task: ProduceTask, show_progress: ShowProgress = show_nothing) -> Produced:
    """Send the records of a task until its end, a signal or the end of stdout; return what became of them.

    Raises KafkaToolError where the cluster or the topic cannot be reached, and where nothing more can be sent.
    """
    if sys.stdout is None:
        raise KafkaToolError("stdout is closed")
    cluster = Cluster(task.brokers)
    results = Results(task.topic, task.prints)
    client, destination = open_producer(task.brokers, task.topic, cluster, SETTINGS, results.on_delivery)
    with Output() as output, stop_by_signal(output.release) as stop, rare_collections():
        loop = Loop(task, client, cluster, destination, results, output, stop)
        total = task.records if task.records >= 0 else None
        with show_progress(f"producing to {task.topic}", total) as progress:
            return loop.run(progress)


class Results:
    """What became of the records that were sent: how many were acknowledged, and the events that are not written yet.

    Without `prints` there are no events.
    """

    def __init__(self, topic: str, prints: bool) -> None:
        self.acked = 0
        self.deliveries = Deliveries()
        self.events: list[str] = []
        self._make = Events()
        self._topic = topic
        self._prints = prints

    def on_delivery(self, error: Any, message: Any) -> None:
        """Take what librdkafka says of a record, inside of `poll`, `flush` and `purge`."""
        if error is not None:
            self.deliveries.on_delivery(error, message)
            self._failed(error, message.key(), message.value())
            return
        self.acked += 1
        if self._prints:
            offset = message.offset()
            at = NO_OFFSET if offset is None or offset < 0 else offset  # acks=0: nobody says where it is
            key, value = message.key(), message.value()
            self.events.append(self._make.send_success(self._topic, message.partition(), at, key, value))

    def refused(self, error: Any, key: bytes | None, value: bytes) -> None:
        """Take note of a record that librdkafka did not take (confluent_kafka.KafkaError)."""
        self.deliveries.refused(error, (self._topic, value, key))
        self._failed(error, key, value)

    def _failed(self, error: Any, key: bytes | None, value: bytes | None) -> None:
        if self._prints:
            self.events.append(self._make.send_error(self._topic, key, value, _failure(error, self._topic)))


def _failure(error: Any, topic: str) -> JavaError:
    answer = broker_error(error)
    # What no broker answered has no number in Kafka's table, and no words of Java's.
    if is_local(error):
        answer.message = words(error)
    return send_failure(error.name(), answer, topic)


class Loop:
    """One run of a task."""

    def __init__(
        self,
        task: ProduceTask,
        client: Any,
        cluster: Cluster,
        destination: Destination,
        results: Results,
        output: Output,
        stop: Stop,
    ) -> None:
        self._task = task
        self._client = client
        self._results = results
        self._deliveries = results.deliveries
        self._output = output
        self._stop = stop
        self._events = Events()
        self._writer = EventWriter(output)
        self._progress: Progress = Unshown()
        self._in_flight = InFlight(client, cluster.outages, task.topic, destination, stop)
        self._began = time_ms()
        self._created = task.create_time

    def run(self, progress: Progress) -> Produced:
        """Send, wait for what is under way, and print how it ended."""
        self._progress = progress
        began = time.monotonic()

        self._print(self._events.startup_complete())
        try:
            self._send_all()
            self._in_flight.flush(lambda: self._deliveries.taken, self._look)
        except confluent_kafka().KafkaException as error:
            raise cannot_go_on(error.args[0], self._task.topic) from error
        finally:
            produced = self._end(began)
        return produced

    def _send_all(self) -> None:
        throttle, sent, task = Throttle(self._task.throughput), 0, self._task
        records = sys.maxsize if task.records < 0 else task.records
        while sent < records and not self._stop and self._output.is_open:
            due = throttle.due(sent)
            if due < 1:
                self._client.poll(throttle.pause(sent))
                self._output.look()  # at a slow rate the next event may be long in coming
            for number in range(sent, sent + min(due, records - sent, CHUNK)):
                if not self._send(number):
                    return
                sent += 1
            self._client.poll(0)
            self._look()
            self._in_flight.watch(self._deliveries.taken)

    def _send(self, number: int) -> bool:
        """Hand a record to librdkafka, waiting where its queue is full; return False where the user wants to end."""
        task, refusal = self._task, confluent_kafka().KafkaException
        value = b"%d" % number if task.value_prefix is None else b"%d.%d" % (task.value_prefix, number)
        key = None if task.repeating_keys is None else b"%d" % _key(number, task.repeating_keys)
        more = {} if self._created is None else {"timestamp": self._created}
        while True:
            try:
                self._client.produce(task.topic, value, key, **more)
            except BufferError:
                self._client.poll(ROOM_SECONDS)
                self._look()
                if not (self._in_flight.watch(self._deliveries.taken) and self._output.is_open):
                    return False
                continue
            except refusal as error:
                # It has its event, as in VerifiableProducer.send (3.9), before the run ends.
                self._results.refused(error.args[0], key, value)
                raise
            break
        self._deliveries.taken += 1
        if self._created is not None:
            # Not how long it was since the record before: VerifiableProducer.send (3.9) adds the time since its start.
            self._created += time_ms() - self._began
        return True

    def _look(self) -> None:
        """Write the events that came."""
        self._writer.write(self._results.events)
        self._results.events.clear()
        self._progress.advance(self._results.acked, self._results.acked)

    def _print(self, event: str) -> None:
        if self._task.prints:
            self._results.events.append(event)
            self._look()

    def _end(self, began: float) -> Produced:
        """Say what became of the rest, and sum up."""
        # After an error there may be records that nobody waited for: each of them has its event, too.
        if len(self._client):
            self._client.purge()
            self._client.flush(PURGE_SECONDS)
        results, failed = self._results, self._deliveries.failures.total()
        milliseconds = int((time.monotonic() - began) * 1000)
        status = self._stop.status or min(failed, 1)
        produced = Produced(self._deliveries.taken, results.acked, milliseconds, status)
        if self._task.prints:
            done, rate = self._events.shutdown_complete(), self._task.throughput
            summary = self._events.tool_data(produced.sent, produced.acked, rate, produced.throughput)
            results.events += [done, summary]
        self._writer.end(results.events)
        self._progress.advance(results.acked, results.acked)
        self._in_flight.tell_failures(self._deliveries)
        return produced


def _key(number: int, repeating: int) -> int:
    """Return the key of a record; one that never comes to its end (below 1) counts on, as VerifiableProducer.getKey."""
    return number % repeating if repeating > 0 else number
