"""The events that Apache's verifiable clients print, a line of JSON each, and the writing of them.

Source: org.apache.kafka.tools.VerifiableProducer and VerifiableConsumer, Kafka 3.9: the names and the order of the
keys, as Jackson writes them.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from kafka_tools.console.consume.writing import LAST_RECORD_SECONDS, Output
from kafka_tools.console.process import time_ms
from kafka_tools.errors import JAVA_WORDS, BrokerError, java_class
from kafka_tools.model.java_json import quoted
from kafka_tools.model.java_numbers import double
from kafka_tools.model.shown import safe
from kafka_tools.model.topics import TopicPartition

KAFKA_EXCEPTION = "org.apache.kafka.common.KafkaException"


def text(content: bytes | None) -> str:
    """Return a key or a value as JSON; bytes that are no UTF-8 become U+FFFD, as in Java's StringDeserializer."""
    return "null" if content is None else quoted(content.decode("utf-8", "replace"))


class Events:
    """Makes events, each at the time that `clock` tells (ms since 1970)."""

    def __init__(self, clock: Callable[[], int] = time_ms) -> None:
        self._clock = clock

    # By hand and not by json, which escapes other characters than Jackson does.
    def _event(self, name: str, content: str = "") -> str:
        return f'{{"timestamp":{self._clock()},"name":"{name}"{content}}}\n'

    def startup_complete(self) -> str:
        """Return what comes first."""
        return self._event("startup_complete")

    def shutdown_complete(self) -> str:
        """Return what comes when the client is closed."""
        return self._event("shutdown_complete")

    def tool_data(self, sent: int, acked: int, target: int, average: float) -> str:
        """Return the sum of a producer: records that were sent and acknowledged, records a second wanted and done."""
        figures = f',"target_throughput":{target},"avg_throughput":{double(average)}'
        return self._event("tool_data", f',"sent":{sent},"acked":{acked}{figures}')

    def send_success(self, topic: str, partition: int, offset: int, key: bytes | None, value: bytes | None) -> str:
        """Return that a broker has a record; without an acknowledgement its offset is -1."""
        where = f',"offset":{offset},"topic":{quoted(topic)},"partition":{partition}'
        return self._event("producer_send_success", f',"key":{text(key)},"value":{text(value)}{where}')

    def send_error(self, topic: str, key: bytes | None, value: bytes | None, failure: "JavaError") -> str:
        """Return why a record was not delivered."""
        # As java.lang.Class.toString has it, with the word before the name.
        why = f',"exception":"class {failure.name}","message":{quoted(failure.message)}'
        record = f',"topic":{quoted(topic)},"key":{text(key)},"value":{text(value)}'
        return self._event("producer_send_error", record + why)

    def partitions_assigned(self, partitions: Iterable[TopicPartition]) -> str:
        """Return what the group gave to this member."""
        return self._event("partitions_assigned", _list("partitions", map(_place, partitions)))

    def partitions_revoked(self, partitions: Iterable[TopicPartition]) -> str:
        """Return what the group took away, or the member gave back when it left."""
        return self._event("partitions_revoked", _list("partitions", map(_place, partitions)))

    def record_data(self, at: TopicPartition, offset: int, key: bytes | None, value: bytes | None) -> str:
        """Return one record."""
        place = f',"topic":{quoted(at.topic)},"partition":{at.partition},"offset":{offset}'
        return self._event("record_data", f',"key":{text(key)},"value":{text(value)}{place}')

    def records_consumed(self, count: int, parts: Iterable["Part"]) -> str:
        """Return what one poll gave: `count` records, of which `parts` were wanted."""
        return self._event("records_consumed", f',"count":{count}' + _list("partitions", map(_part, parts)))

    def offsets_committed(self, offsets: Iterable[tuple[TopicPartition, int]], error: str = "") -> str:
        """Return which offsets were committed, or why they were not."""
        committed = _list("offsets", (_place(at, f',"offset":{offset}') for at, offset in offsets))
        why = f',"error":{quoted(error)}' if error else ""
        return self._event("offsets_committed", f'{committed}{why},"success":{"false" if error else "true"}')


class Part(NamedTuple):
    """The records of one partition in a poll: how many, and the offsets of the first and the last."""

    partition: TopicPartition
    records: int
    first: int
    last: int


def _list(name: str, items: Iterable[str]) -> str:
    return f',"{name}":[{",".join(items)}]'


def _place(at: TopicPartition, more: str = "") -> str:
    return f'{{"topic":{quoted(at.topic)},"partition":{at.partition}{more}}}'


def _part(part: Part) -> str:
    return _place(part.partition, f',"count":{part.records},"minOffset":{part.first},"maxOffset":{part.last}')


class JavaError(NamedTuple):
    """A failure as Java's clients tell it: the class of the exception, with its package, and its message."""

    name: str
    message: str


ERRORS = "org.apache.kafka.common.errors"
CLOSED = JavaError(KAFKA_EXCEPTION, "Producer is closed forcefully.")
OF_PRODUCER = {
    "_MSG_TIMED_OUT": JavaError(f"{ERRORS}.TimeoutException", "No broker acknowledged the record in time"),
    "_TRANSPORT": JavaError(f"{ERRORS}.NetworkException", "The server disconnected before a response was received."),
    "_PURGE_QUEUE": CLOSED,
    "_PURGE_INFLIGHT": CLOSED,
    "INVALID_RECORD": JavaError("org.apache.kafka.common.InvalidRecordException", JAVA_WORDS[87]),
}
"""What Java's producer says where librdkafka has a name of its own, or where the class is in another package.

Source: ProducerBatch, Sender and RecordAccumulator of org.apache.kafka.clients.producer.internals, 3.9.
"""

KICKED_OUT = (
    "Offset commit cannot be completed since the consumer is not part of an active group for auto partition "
    "assignment; it is likely that the consumer was kicked out of the group."
)
OF_COMMITS = {
    "ILLEGAL_GENERATION": KICKED_OUT,
    "UNKNOWN_MEMBER_ID": KICKED_OUT,
    "STALE_MEMBER_EPOCH": KICKED_OUT,
    "REBALANCE_IN_PROGRESS": "Offset commit cannot be completed since the consumer is undergoing a rebalance for auto "
    "partition assignment. You can try completing the rebalance by calling poll() and then retry the operation.",
}
"""What Java's consumer says of commits that come too late (ConsumerCoordinator, 3.9), by librdkafka's names."""


def send_failure(name: str, error: BrokerError, topic: str) -> JavaError:
    """Return why a record was not delivered; `name` is librdkafka's name of the error."""
    if name in OF_PRODUCER:
        return OF_PRODUCER[name]
    if name == "TOPIC_AUTHORIZATION_FAILED":  # Sender.completeBatch makes another message than Errors has
        return JavaError(java_class(error), f"Not authorized to access topics: [{topic}]")
    return JavaError(java_class(error) or KAFKA_EXCEPTION, error.message)


class EventWriter:
    """Writes events to `output`, all of them in their order, and keeps what its reader has not taken yet."""

    def __init__(self, output: Output) -> None:
        self._output = output
        # What a write did not take, from within an event on: it goes first in the next one, so that none is cut.
        self._rest = b""
        self._is_terminal = os.isatty(output.descriptor)

    def write(self, events: Sequence[str], patience: float = 0.0) -> bool:
        """Write; return whether the reader has all by now: not where it is gone, or a signal came while it slept.

        `patience` says for how many seconds it is waited for after a signal.
        """
        if not events and not self._rest:
            return self._output.is_open
        joined = "".join(events)
        shown = safe(joined, "\n") if self._is_terminal else joined
        content = self._rest + shown.encode("utf-8")
        self._rest = content[self._output.write(content, patience) :]
        return not self._rest

    def end(self, events: Sequence[str]) -> bool:
        """Write the last events, and wait some seconds for a reader that sleeps."""
        return self.write(events, LAST_RECORD_SECONDS)
