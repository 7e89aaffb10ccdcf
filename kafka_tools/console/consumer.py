"""The console consumer's loop: records of one topic to stdout; a group's offsets follow what was written."""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import client_settings
from kafka_tools.console.cluster import Cluster, words
from kafka_tools.console.format import Batch, RecordFormat, compile_format
from kafka_tools.console.group import GroupMember, leave
from kafka_tools.console.memory import rare_collections
from kafka_tools.console.notes import note
from kafka_tools.console.output import Output, whole
from kafka_tools.console.stopping import Stop, stop_by_signal
from kafka_tools.errors import KafkaToolError

EARLIEST, LATEST = -2, -1
"""Offsets that mean the beginning and the end of a partition (librdkafka's OFFSET_BEGINNING and OFFSET_END)."""

BATCH = 2000
"""At most so many records are formatted and written at once."""

POLL_SECONDS = 0.1

LAST_RECORD_SECONDS = 5.0
"""How long a record that was half written when the user stopped waits for its reader."""

ERROR = methodcaller("error")

SETTINGS: dict[str, Any] = {
    "isolation.level": "read_uncommitted",  # Apache's default; librdkafka's is read_committed
    "check.crcs": True,  # as Java does
    "fetch.queue.backoff.ms": 5,
    "queued.max.messages.kbytes": 65536,
    "receive.message.max.bytes": 1_000_000_000,
    "enable.auto.offset.store": False,
    "auto.commit.interval.ms": 5000,
}
CURABLE = frozenset(
    {
        "UNKNOWN_TOPIC_OR_PART",
        "UNKNOWN_TOPIC_ID",
        "_UNKNOWN_TOPIC",
        "_UNKNOWN_PARTITION",
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "FENCED_LEADER_EPOCH",
        "UNKNOWN_LEADER_EPOCH",
        "REPLICA_NOT_AVAILABLE",
        "KAFKA_STORAGE_ERROR",
        "OFFSET_NOT_AVAILABLE",
        "BROKER_NOT_AVAILABLE",
        "COORDINATOR_NOT_AVAILABLE",
        "COORDINATOR_LOAD_IN_PROGRESS",
        "NOT_COORDINATOR",
        "REBALANCE_IN_PROGRESS",
        "REQUEST_TIMED_OUT",
        "NETWORK_EXCEPTION",
        "_WAIT_COORD",
        "_TIMED_OUT",
        "_TRANSPORT",
        "_RESOLVE",
        "_ALL_BROKERS_DOWN",
        "_MAX_POLL_EXCEEDED",
    }
)
"""Names of errors that may end by themselves while the consumer waits."""

SILENT = frozenset({"_TRANSPORT", "_RESOLVE", "_TIMED_OUT", "_ALL_BROKERS_DOWN", "_MAX_POLL_EXCEEDED"})
"""Those that say nothing of the topic; `Cluster.watch` tells of an outage."""

NO_GROUP = "ktools-console-consumer"
"""librdkafka wants a name even where partitions are assigned directly; no group of this name comes to be."""


@dataclass(frozen=True, slots=True)
class ConsumeRequest:
    """What to read and how to write it.

    `bootstrap_servers` and `config` (librdkafka's settings) name the cluster; without `partition` all of the topic's
    are read. With a `group` its committed offsets decide where to start, without one `start` does: EARLIEST, LATEST or
    an offset. `reset` is EARLIEST or LATEST: where to go if a group has no offset yet or an offset does not exist. The
    reading ends after `max_messages` records, or when `timeout_ms` pass without one.
    """

    bootstrap_servers: str
    topic: str
    config: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    partition: int | None = None
    start: int = LATEST
    reset: int = LATEST
    max_messages: int | None = None
    timeout_ms: int | None = None
    record_format: RecordFormat = field(default_factory=RecordFormat)


def consume(request: ConsumeRequest) -> int:
    """Write records to stdout until the request's end, a signal or the end of stdout; return the exit status.

    Raises KafkaToolError where the cluster or the topic cannot be reached, and where an error ends the reading.
    """
    if sys.stdout is None:
        raise KafkaToolError("stdout is closed")
    cluster = Cluster(request.bootstrap_servers)
    consumer = confluent_kafka().Consumer(_settings(request, cluster))
    partitions = _partitions(request, cluster.partitions(consumer, request.topic))
    with Output() as output, stop_by_signal(output.release) as stop, rare_collections():
        return _run(Loop(request, consumer, cluster, output, stop), partitions)


def _settings(request: ConsumeRequest, cluster: Cluster) -> dict[str, Any]:
    shared = client_settings(request.bootstrap_servers, request.config, cluster.causes)
    return (
        SETTINGS
        | shared
        | {
            "error_cb": cluster.on_error,
            "group.id": request.group or NO_GROUP,
            "enable.auto.commit": request.group is not None,
            "auto.offset.reset": "earliest" if request.reset == EARLIEST else "latest",
        }
    )


def _partitions(request: ConsumeRequest, existing: tuple[int, ...]) -> tuple[int, ...]:
    if request.partition is None:
        return existing
    if request.partition not in existing:
        there = f"partition {existing[0]}" if len(existing) == 1 else f"partitions {existing[0]} to {existing[-1]}"
        raise KafkaToolError(f"topic '{request.topic}' has no partition {request.partition}", f"It has {there}.")
    return (request.partition,)


def _run(loop: "Loop", partitions: tuple[int, ...]) -> int:
    request, group = loop.request, loop.group
    try:
        if group is None:
            position = confluent_kafka().TopicPartition
            loop.consumer.assign([position(request.topic, partition, request.start) for partition in partitions])
            loop.run()
        else:
            group.join(request.topic)
            with group.served():
                loop.run()
    finally:
        uncommitted = leave(loop.consumer, group)
        note(f"Processed a total of {loop.written} messages")
        if uncommitted:
            note(f"ktools: the last offsets were not committed ({uncommitted}): the group may read some records again")
    return loop.stop.status or (1 if uncommitted else 0)


class Loop:
    """One consumer from its first to its last record; `written` is how many records stdout took."""

    def __init__(self, request: ConsumeRequest, consumer: Any, cluster: Cluster, output: Output, stop: Stop) -> None:
        self.request = request
        self.consumer = consumer
        self.cluster = cluster
        self.output = output
        self.stop = stop
        self.group = None if request.group is None else GroupMember(consumer, request.reset, output)
        self.written = 0
        self._format = compile_format(request.record_format)
        self._taken = self.group.taken if self.group else []
        self._told: set[int] = set()

    def run(self) -> None:
        """Take, write and store batch by batch."""
        left = self.request.max_messages if self.request.max_messages is not None else sys.maxsize
        patience = self._patience()
        idle_since = time.monotonic()
        while left > 0 and self.output.is_open and not self.stop:
            batch = self._take(left, min(POLL_SECONDS, patience))
            if batch:
                left -= self._write(batch)
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= patience:
                return
            else:
                self.cluster.watch(self.consumer, self.request.topic)

    def _take(self, left: int, wait: float) -> Batch:
        """Return what is here already, at most `left` records; where nothing is, wait `wait` seconds for a record."""
        taken = self._taken
        if not taken:
            message = self.consumer.poll(wait)
            if message is None:
                return ()
            taken.append(message)
        more = self.consumer.consume(max(0, min(BATCH, left) - len(taken)), 0)
        batch = (taken + more)[:left]
        taken.clear()
        return self._records(batch) if any(map(ERROR, batch)) else batch

    def _patience(self) -> float:
        """Return for how many seconds no record may come."""
        timeout = self.request.timeout_ms
        return float("inf") if timeout is None or timeout < 0 else timeout / 1000

    def _write(self, batch: Batch) -> int:
        """Write the batch, store its offsets, return how many records were written: fewer only when this is the end."""
        content = self._format(batch)
        done = self.output.write(content)
        if done < len(content):
            batch = self._whole_records(batch, content, done)
        self.written += len(batch)
        if self.group is not None:
            self.group.store(batch)
        return len(batch)

    def _whole_records(self, batch: Batch, content: bytes, done: int) -> Batch:
        """Return the records that were written wholly; one that was cut is completed if its reader lets it."""
        lengths = [len(self._format([message])) for message in batch]
        count, end = whole(lengths, done)
        if end < done and self.output.is_open:
            rest = content[done : end + lengths[count]]
            if self.output.write(rest, LAST_RECORD_SECONDS) == len(rest):
                count += 1
            else:
                note("ktools: the output ends within a record, as nobody reads it; that record is not counted")
        return batch[:count]

    def _records(self, batch: Batch) -> Batch:
        """Return the batch without its errors. Raises KafkaToolError for one that waiting does not cure."""
        for error in filter(None, map(ERROR, batch)):
            self._judge(error)
        return [message for message in batch if message.error() is None]

    def _judge(self, error: Any) -> None:
        if not (error.retriable() or error.name() in CURABLE):
            raise KafkaToolError(f"cannot go on reading topic '{self.request.topic}': {words(error)}")
        if error.name() not in SILENT and error.code() not in self._told:
            self._told.add(error.code())
            note(f"ktools: {words(error)}. Waiting.")
