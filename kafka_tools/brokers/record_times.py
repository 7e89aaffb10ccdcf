"""Reads the times of single records: when the next record that a group is to read was written."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

from kafka_tools.brokers.library import confluent_kafka, new_client
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
    # One record of each partition is wanted, at once: the defaults would wait 500 ms, 1 s and 500 ms (2.16).
    "fetch.wait.max.ms": 100,
    "fetch.queue.backoff.ms": 10,
    "fetch.error.backoff.ms": 10,
}

SIZES = (65_536, 1_048_588)
"""How much of each partition is asked for, in bytes, and then of those of which nothing came: the largest batch that
brokers take by default (message.max.bytes). One record of each is all that is wanted, but librdkafka 2.16 takes 0.1 s
for each partition whose first batch is cut off, where 1,000 others took 0.3 s in all."""

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
    found: dict[Position, int | None] = {}
    deadline = monotonic() + seconds
    for number, size in enumerate(SIZES, 1):
        left = {each for each in positions if each not in found}
        if left:
            # Each size gets an equal part of the time.
            until = deadline - (len(SIZES) - number) * seconds / len(SIZES)
            with _consumer(target, size) as consumer:
                _read(consumer, left, until, found)
    return found


def _read(consumer: Any, positions: Collection[Position], deadline: float, found: dict[Position, int | None]) -> None:
    """Read each partition from its lowest offset on, until all are found or the time is over."""
    left: dict[TopicPartition, list[int]] = {}
    for partition, offset in sorted(positions, reverse=True):
        left.setdefault(partition, []).append(offset)  # the lowest one last, where it is taken from
    kafka = confluent_kafka()
    consumer.assign([kafka.TopicPartition(*each, offsets[-1]) for each, offsets in left.items()])
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


def _reached(
    messages: Collection[Any], left: Mapping[TopicPartition, list[int]], found: dict[Position, int | None]
) -> Iterator[tuple[TopicPartition, list[int]]]:
    """Put the times of what was read into `found`; yield the partitions that got some, with the offsets still asked."""
    for message in messages:
        partition = TopicPartition(message.topic(), message.partition())
        # What was taken together, or was on its way, may be of a partition that is done already.
        offsets, error = left.get(partition, []), message.error()
        before = len(offsets)
        if error is None:
            while offsets and offsets[-1] <= message.offset():
                kind, time = message.timestamp()
                # kind 0: TIMESTAMP_NOT_AVAILABLE. One record answers for all offsets up to its own: a compacted log has
                # gaps.
                found[partition, offsets.pop()] = time if kind else None
        elif error.name() == "_PARTITION_EOF":
            found |= {(partition, offset): None for offset in offsets}
            offsets.clear()
        else:
            # librdkafka tries again by itself what may pass; what it tells stays: the user may not read the topic.
            offsets.clear()
        if len(offsets) < before:
            yield partition, offsets


@contextmanager
def _consumer(target: Brokers, size: int) -> Iterator[Any]:
    check_proofs(target)
    kafka = confluent_kafka()
    try:
        settings = client_settings(target.bootstrap_servers, target.config) | SETTINGS
        consumer = new_client(kafka.Consumer, settings | {"fetch.message.max.bytes": size})
    except kafka.KafkaException as error:
        raise KafkaToolError(error.args[0].str()) from error
    try:
        yield consumer
    finally:
        consumer.close()
