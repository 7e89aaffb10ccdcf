"""The loop of consumer-perf-test: records as fast as they come, counted and not looked at."""

from collections.abc import Collection, Sequence
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster
from kafka_tools.console.consume import EARLIEST, LATEST
from kafka_tools.console.consume.discovery import Topics
from kafka_tools.console.consume.failures import without_errors
from kafka_tools.console.consume.loop import LEAVE_SECONDS, NO_GROUP
from kafka_tools.console.consume.loop import SETTINGS as READING
from kafka_tools.console.formats import Batch
from kafka_tools.console.outages import Leaders
from kafka_tools.console.perf import Consumed, ConsumeTest, OnRead, figures_of
from kafka_tools.console.process import (
    Progress,
    ShowProgress,
    Stop,
    end_aside,
    rare_collections,
    show_nothing,
    stop_by_signal,
    time_ms,
)
from kafka_tools.console.records import KEY, has_errors
from kafka_tools.model.performance import Read
from kafka_tools.model.topics import TopicPartition

BATCH = 5000
"""So many records are counted between two looks at the clock, at most."""

POLL_SECONDS = 0.1
METRICS_MS = 200
SETTINGS: dict[str, Any] = READING | {
    "check.crcs": False,  # as ConsumerPerformance (3.9)
    "client.id": "perf-consumer-client",
    "queued.min.messages": 300_000,
    "queued.max.messages.kbytes": 65_536,
}


def run(test: ConsumeTest, on_read: OnRead, show_progress: ShowProgress = show_nothing) -> Consumed:
    """Read the records of a test; return what was measured until its end or a signal.

    Raises KafkaToolError where the cluster or the topic cannot be reached, and for an error that waiting does not cure.
    """
    cluster, metrics = Cluster(test.source.brokers), {}
    brokers = test.source.brokers
    settings = SETTINGS | client_settings(brokers.bootstrap_servers, brokers.config)
    settings |= {
        "error_cb": cluster.outages.on_error,
        "group.id": test.group or NO_GROUP,
        "auto.offset.reset": "latest" if test.latest else "earliest",
    }
    if test.group is None:
        settings["enable.auto.commit"] = False
    if test.metrics:
        settings |= {"statistics.interval.ms": METRICS_MS, "stats_cb": lambda text: metrics.update(figures_of(text))}
    consumer = cluster.open(confluent_kafka().Consumer, settings)
    loop = Loop(test, consumer, cluster, on_read)
    try:
        # Before signals are only noted: a cluster that is not reached is waited for, and Ctrl-C ends that at once.
        partitions = Topics(test.source).partitions(consumer, cluster)
        with (
            stop_by_signal() as stop,
            rare_collections(),
            show_progress(f"consuming {test.source.name}", test.records) as progress,
        ):
            return loop.run(partitions, stop, progress)._replace(metrics=metrics)
    finally:
        end_aside(consumer.close, LEAVE_SECONDS)  # commits what was read, if that is wanted, and leaves the group


class Joins:
    """How long (ms) the reading waited for its partitions, in all and in the interval that is under way."""

    def __init__(self) -> None:
        self.total = self.of_interval = 0
        self._since = time_ms()
        self._assigned: set[TopicPartition] = set()

    def assigned(self, _: Any, partitions: Sequence[Any]) -> None:
        """Note partitions (confluent_kafka.TopicPartition) that the group gave to this member."""
        # As of 4.x, where a cooperative group that gives a part more does not count as waiting.
        if not self._assigned:
            self.total += time_ms() - self._since
            self.of_interval += time_ms() - self._since
        self._assigned |= {TopicPartition(each.topic, each.partition) for each in partitions}

    def revoked(self, _: Any, partitions: Sequence[Any]) -> None:
        """Note partitions that the group takes away."""
        self._assigned -= {TopicPartition(each.topic, each.partition) for each in partitions}
        if not self._assigned:
            self._since = time_ms()


class Loop:
    """One run of a test; its time begins here."""

    def __init__(self, test: ConsumeTest, consumer: Any, cluster: Cluster, on_read: OnRead) -> None:
        self._test = test
        self._consumer = consumer
        self._cluster = cluster
        self._on_read = on_read
        self._began = time_ms()
        self._joins = Joins()
        self._leaders = Leaders(consumer, cluster.outages, test.source.topic)

    def run(self, partitions: Collection[TopicPartition], stop: Stop, progress: Progress) -> Consumed:
        """Read these partitions, or a share of them, until the end of the test, and return what was measured."""
        test = self._test
        self._begin(partitions)
        records = size = last_records = last_size = 0
        reported = last = time_ms()
        while records < test.records and not stop:
            batch = self._take(test.records - records)
            now = time_ms()
            if batch:
                last = now
                records += len(batch)
                # The length of a message (confluent_kafka.Message) is that of its value.
                size += sum(map(len, batch)) + sum(map(len, filter(None, map(KEY, batch))))
                progress.advance(records, records)
            elif now - last > test.patience:
                self._cluster.check_read(self._consumer, test.source.topic)
                break
            else:
                self._cluster.outages.watch()
                self._leaders.watch(partitions)
            # Only with a record, as ConsumerPerformance.consume (3.9) looks at its clock for each of them.
            if batch and now - reported >= test.interval:
                new = Read(size - last_size, records - last_records, reported, now, self._joins.of_interval)
                self._on_read(new, size, records)
                self._joins.of_interval = 0
                reported, last_records, last_size = now, records, size
        read = Read(size, records, self._began, time_ms(), self._joins.total)
        return Consumed(read, records < test.records and not stop, {}, stop.status)

    def _begin(self, partitions: Collection[TopicPartition]) -> None:
        """Ask for the partitions, or for a share of them."""
        test = self._test
        if test.group is None:
            # Without a group, so that none is left behind; Apache's tool makes one called perf-consumer-NNNNN.
            make, start = confluent_kafka().TopicPartition, LATEST if test.latest else EARLIEST
            asked = [make(*each, start) for each in partitions]
            self._consumer.assign(asked)
            self._joins.assigned(None, asked)
        else:
            names = sorted({each.topic for each in partitions})
            joins = self._joins
            self._consumer.subscribe(names, on_assign=joins.assigned, on_revoke=joins.revoked, on_lost=joins.revoked)

    def _take(self, left: int) -> Batch:
        """Return what is here already, at most `left` records; where nothing is, wait for a record."""
        message = self._consumer.poll(POLL_SECONDS)
        if message is None:
            return ()
        batch: Batch = [message, *self._consumer.consume(min(BATCH, left) - 1, 0)]
        return without_errors(batch, self._test.source, self._test.group) if has_errors(batch) else batch
