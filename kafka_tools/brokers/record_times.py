"""Reads the times of single records: when the next record that a group is to read was written."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import check_proofs, client_settings
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

SETTINGS = {
    "group.id": "ktools-lag",  # librdkafka wants one; nobody joins it, and nothing is committed
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "enable.partition.eof": True,
    # The lag counts what is there, whether its transaction is over or not.
    "isolation.level": "read_uncommitted",
    # One record of each partition is all that is wanted. 16 KiB are a batch of Java's producer; librdkafka asks for
    # more where a batch has more, and each partition's queue is full with what came first.
    "fetch.message.max.bytes": 16_384,
    "queued.min.messages": 1,
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 10,
}

AT_ONCE = 10_000
"""How many messages are taken from librdkafka's queue at once."""

SLICE_SECONDS = 0.1
"""How long a wait is that Ctrl-C does not end."""

Position = tuple[TopicPartition, int]


def times_of_next(target: Brokers, positions: Collection[Position], seconds: float) -> dict[Position, int | None]:
    """Return the time (ms since 1970) of the first record at or behind an offset of a partition, for each of these.

    None where there is no such record (only markers of transactions may follow), or it has no time (Kafka before 0.10).
    What does not come within `seconds` is left out. All partitions of a broker are in one request; a partition that is
    asked for at several offsets takes one more for each. Raises KafkaToolError.
    """
    if not positions:
        return {}
    found: dict[Position, int | None] = {}
    left: dict[TopicPartition, list[int]] = {}
    for partition, offset in sorted(set(positions), reverse=True):
        left.setdefault(partition, []).append(offset)  # the lowest one last, where it is taken from
    with _consumer(target) as consumer:
        kafka = confluent_kafka()
        consumer.assign([kafka.TopicPartition(*each, offsets[-1]) for each, offsets in left.items()])
        deadline = monotonic() + seconds
        while left and (wait := deadline - monotonic()) > 0:
            message = consumer.poll(min(wait, SLICE_SECONDS))
            if message is None:
                continue
            reached = dict(_reached([message, *consumer.consume(AT_ONCE, 0)], left, found))
            for partition, offsets in reached.items():
                if offsets:
                    consumer.seek(kafka.TopicPartition(*partition, offsets[-1]))
                else:
                    del left[partition]
            done = [kafka.TopicPartition(*each) for each in reached if each not in left]
            if done:
                consumer.pause(done)  # else its queue would be filled again and again
    return found


def _reached(
    messages: Collection[Any], left: Mapping[TopicPartition, list[int]], found: dict[Position, int | None]
) -> Iterator[tuple[TopicPartition, list[int]]]:
    """Put the times of what was read into `found`; yield the partitions that got some, with the offsets still asked."""
    for message in messages:
        partition = TopicPartition(message.topic(), message.partition())
        offsets, error = left.get(partition, []), message.error()
        before = len(offsets)
        if error is None:
            while offsets and offsets[-1] <= message.offset():
                kind, time = message.timestamp()
                found[partition, offsets.pop()] = time if kind else None
        elif error.name() == "_PARTITION_EOF":
            while offsets:
                found[partition, offsets.pop()] = None
        if len(offsets) < before:
            yield partition, offsets


@contextmanager
def _consumer(target: Brokers) -> Iterator[Any]:
    check_proofs(target)
    kafka = confluent_kafka()
    try:
        consumer = kafka.Consumer(client_settings(target.bootstrap_servers, target.config) | SETTINGS)
    except kafka.KafkaException as error:
        raise KafkaToolError(error.args[0].str()) from error
    try:
        yield consumer
    finally:
        consumer.close()
