"""What the brokers really have, as another client reads it: confluent-kafka alone, without a line of ktools."""

from confluent_kafka import Consumer, Message, TopicPartition

from tests.support.clusters import Cluster

RESPONSE_SECONDS = 30


def stored(cluster: Cluster, topic: str) -> list[list[Message]]:
    """Return the records of each partition, in their order."""
    reader = _reader(cluster, "oracle")
    try:
        partitions = reader.list_topics(topic, timeout=RESPONSE_SECONDS).topics[topic].partitions
        return [_records(reader, TopicPartition(topic, partition, 0)) for partition in sorted(partitions)]
    finally:
        reader.close()


def _records(reader: Consumer, start: TopicPartition) -> list[Message]:
    end = reader.get_watermark_offsets(start, timeout=RESPONSE_SECONDS)[1]
    reader.assign([start])
    found: list[Message] = []
    while len(found) < end:
        batch = reader.consume(min(5000, end - len(found)), RESPONSE_SECONDS)
        assert batch, f"{len(found)} of {end} records of {start} come"
        assert not any(message.error() for message in batch)
        found += batch
    return found


def count(cluster: Cluster, topic: str) -> int:
    """Return how many records the topic has by its partitions' ends."""
    reader = _reader(cluster, "oracle")
    try:
        partitions = reader.list_topics(topic, timeout=RESPONSE_SECONDS).topics[topic].partitions
        places = [TopicPartition(topic, partition) for partition in partitions]
        return sum(reader.get_watermark_offsets(place, timeout=RESPONSE_SECONDS)[1] for place in places)
    finally:
        reader.close()


def committed(cluster: Cluster, group: str, topic: str, partitions: int) -> list[int]:
    """Return the offsets a group has committed, -1001 where there is none."""
    reader = _reader(cluster, group)
    try:
        places = [TopicPartition(topic, partition) for partition in range(partitions)]
        return [place.offset for place in reader.committed(places, timeout=RESPONSE_SECONDS)]
    finally:
        reader.close()


def _reader(cluster: Cluster, group: str) -> Consumer:
    settings = {"bootstrap.servers": cluster.bootstrap, "group.id": group, "enable.auto.commit": False}
    return Consumer(settings | {"fetch.queue.backoff.ms": 5, "check.crcs": True, "log_level": 0})
