"""What is in the cluster, read through confluent-kafka, as lines that a case's file can hold."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, OffsetSpec, ResourceType, TopicMetadata
from kazoo.exceptions import NoNodeError

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Security
from kafka_tools.wire.session import WireSession
from kafka_tools.zookeeper.session import connected
from tests.support.clusters import Cluster

SECONDS = 60.0
OPEN = "world:anyone:31"
"""The rules of a znode that has none: everybody may do everything."""


def names(admin: AdminClient, prefix: str) -> list[str]:
    """Return the topics whose names begin with `prefix`."""
    return sorted(name for name in admin.list_topics(timeout=SECONDS).topics if name.startswith(prefix))


def leaders(server: str, topic: str, security: Security | None) -> list[int]:
    """Return the leader of each partition as the broker at `server` knows it; empty if it does not know the topic.

    Not through confluent-kafka, which asks whichever broker it likes.
    """
    try:
        with WireSession(server, security) as session:
            [found] = session.metadata([topic])["topics"]
    except KafkaToolError:  # it stands still: that it knows the topic cannot be seen yet
        return []
    return [partition["leader_id"] for partition in sorted(found["partitions"], key=itemgetter("partition_index"))]


def served(admin: AdminClient, topic: str, partitions: int) -> bool:
    """Say whether each partition's leader knows that it is one: metadata of other brokers says so a moment sooner."""
    newest = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(partitions)}
    return all(answer.exception() is None for answer in admin.list_offsets(newest, request_timeout=SECONDS).values())


def counts_on(admin: AdminClient, prefix: str, broker: int) -> bool:
    """Say whether a partition of these topics still has `broker` as its leader, or in its ISR beside others."""
    topics = admin.list_topics(timeout=SECONDS).topics
    partitions = [p for name in topics if name.startswith(prefix) for p in topics[name].partitions.values()]
    return any(p.leader == broker or (broker in p.isrs and len(p.isrs) > 1) for p in partitions)


def topics(admin: AdminClient, prefix: str, argv: Sequence[str]) -> list[str]:
    """Return a line for each topic: partitions, replication factor (or the assignment if it was given), own configs.

    Empty while one of the brokers does not know a new topic yet.
    """
    found = admin.list_topics(timeout=SECONDS).topics
    assigned = any(re.fullmatch(r"[\d:, ]+", word) and ":" in word for word in argv)
    try:
        return [
            " ".join((f"topic {name} {_shape(found[name], assigned)}", *_configs(admin, name))) + "\n"
            for name in sorted(found)
            if name.startswith(prefix)
        ]
    except KafkaException:
        return []


def leading(admin: AdminClient, prefix: str) -> list[str]:
    """Return a line for each topic: who leads its partitions."""
    found = admin.list_topics(timeout=SECONDS).topics
    names = sorted(name for name in found if name.startswith(prefix))
    return [
        f"leaders {name} {','.join(str(p.leader) for _, p in sorted(found[name].partitions.items()))}\n"
        for name in names
    ]


def records(config: Mapping[str, Any], admin: AdminClient, prefix: str) -> Iterator[str]:
    """Yield a line for each record, in the order of topics, partitions and offsets."""
    consumer = Consumer({**config, "group.id": "unused", "enable.auto.commit": False, "enable.partition.eof": False})
    try:
        for topic in names(admin, prefix):
            for partition in range(len(admin.list_topics(topic, timeout=SECONDS).topics[topic].partitions)):
                yield from (f"record {topic} {line}\n" for line in _records(consumer, topic, partition))
    finally:
        consumer.close()


def znodes(cluster: Cluster, prefix: str) -> Iterator[str]:
    """Yield a line for each znode whose path begins with `prefix`, with its data, and its rules where it has any."""
    with connected(cluster.ensemble()) as client:
        for path in _paths(client, prefix):
            acl = ",".join(f"{each.id.scheme}:{each.id.id}:{each.perms}" for each in client.get_acls(path)[0])
            yield f"znode {path} {json.dumps(_text(client.get(path)[0]))}{'' if acl == OPEN else f' {acl}'}\n"


def remove_znodes(cluster: Cluster, prefix: str) -> None:
    """Delete the znodes whose paths begin with `prefix`."""
    with connected(cluster.ensemble()) as client:
        for path in reversed(list(_paths(client, prefix))):
            with suppress(NoNodeError):  # an ephemeral one goes with its session
                client.delete(path)


def _paths(client: Any, prefix: str) -> Iterator[str]:
    waiting = [f"/{name}" for name in client.get_children("/") if name.startswith(prefix)]
    for path in waiting:
        yield path
        waiting += [f"{path}/{name}" for name in sorted(client.get_children(path))]


def committed(config: Mapping[str, Any], group: str, prefix: str) -> list[str]:
    """Return a line for each partition that the group has an offset for."""
    asked = ConsumerGroupTopicPartitions(group)
    admin = AdminClient(dict(config))
    found = admin.list_consumer_group_offsets([asked])[group].result().topic_partitions or []
    kept = sorted((p.topic, p.partition, p.offset) for p in found if p.topic.startswith(prefix) and not p.error)
    return [f"committed {group} {topic} {partition} {offset}\n" for topic, partition, offset in kept]


def _shape(topic: TopicMetadata, assigned: bool) -> str:
    replicas = [partition.replicas for _, partition in sorted(topic.partitions.items())]
    if assigned:
        return "assignment=" + ",".join(":".join(map(str, brokers)) for brokers in replicas)
    return f"partitions={len(replicas)} replication-factor={len(replicas[0]) if replicas else 0}"


def _configs(admin: AdminClient, topic: str) -> list[str]:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    entries = admin.describe_configs([resource])[resource].result().values()
    own = [entry for entry in entries if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value]
    return sorted(f"{entry.name}={entry.value}" for entry in own)


def _records(consumer: Consumer, topic: str, partition: int) -> Iterator[str]:
    end: Any = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=SECONDS)[1]
    consumer.assign([TopicPartition(topic, partition, 0)])
    for offset in range(end):
        message = consumer.poll(SECONDS)
        if message is None or message.error():
            raise TimeoutError(f"{topic}-{partition}: record {offset} of {end} cannot be read")
        headers: Any = message.headers() or []
        values = {"partition": partition, "key": _text(message.key()), "value": _text(message.value())}
        shown = {"headers": [[key, _text(value)] for key, value in headers]} if headers else {}
        yield json.dumps(values | shown, ensure_ascii=False)


def _text(value: Any) -> str | None:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else None
