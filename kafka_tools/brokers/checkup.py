"""What one broker tells of its whole cluster, read without a change: nothing here makes a topic."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.brokers.diagnosis import Contact
from kafka_tools.brokers.errors import unreadable, whole_number
from kafka_tools.brokers.quorum import ControllersLog, read_quorum
from kafka_tools.errors import UNKNOWN_TOPIC_OR_PARTITION, check_code
from kafka_tools.model.addresses import Address
from kafka_tools.model.snapshot import Quorum
from kafka_tools.model.topics import OFFSETS, Offsets
from kafka_tools.wire.messages import BROKER, DESCRIBE_CONFIGS, DESCRIBE_QUORUM, METADATA, QUORUM, TOPIC
from kafka_tools.wire.session import addresses_of, check_metadata

OFFSETS_FACTOR = "offsets.topic.replication.factor"

SILENT_MS = 5000
"""A server that asked the active controller for nothing for so long is away: they ask every half second."""

ZOOKEEPER_SECONDS = 2.0
"""How long a broker may take to look something up in ZooKeeper."""


class Overview(NamedTuple):
    """A cluster as Metadata shows it.

    `controller` is None where there is none; without ZooKeeper brokers name any of them. `absent` counts the replicas
    of brokers that are not there; `offsets` is None where that topic is not there, or must not be seen. `topic` is any
    topic, None where none is seen.
    """

    cluster_id: str | None
    brokers: Mapping[int, Address]
    controller: int | None
    absent: Mapping[int, int]
    offsets: Offsets | None
    topic: str | None = None


def overview(contact: Contact) -> Overview:
    """Ask for the whole cluster, all topics included: up to Kafka 2.7, asking for __consumer_offsets by name makes it.

    Raises KafkaToolError.
    """
    response = contact.ask(METADATA, {"topics": None})
    check_metadata(response)
    brokers = addresses_of(response)
    partitions = {topic["name"]: topic["partitions"] for topic in response["topics"]}
    # Metadata names no broker that is down: it is known only by the replicas that it has.
    held = Counter(broker for each in partitions.values() for one in each for broker in one["replica_nodes"])
    of_offsets = partitions.get(OFFSETS)
    return Overview(
        cluster_id=response["cluster_id"],
        brokers=brokers,
        controller=response["controller_id"] if response["controller_id"] >= 0 else None,
        absent={broker: held[broker] for broker in sorted(held) if broker not in brokers},
        offsets=None
        if not of_offsets
        else Offsets(
            len(of_offsets),
            min(len(one["replica_nodes"]) for one in of_offsets),
            sum(one["leader_id"] < 0 for one in of_offsets),
        ),
        topic=min(partitions, default=None),
    )


def read_zookeeper(contact: Contact, topic: str) -> None:
    """Ask a broker for the configs of a topic, which it reads from ZooKeeper each time.

    Metadata is answered from memory and goes on naming the last controller when ZooKeeper is gone (Kafka 3.9.1).
    Raises UnreachableError where there is no answer within ZOOKEEPER_SECONDS.
    """
    resource = {"resource_type": TOPIC, "resource_name": topic, "configuration_keys": []}
    # A broker that does not know the request cannot be asked: then nothing is known, which is no failure.
    if contact.supports(DESCRIBE_CONFIGS):
        contact.ask(DESCRIBE_CONFIGS, {"resources": [resource]}, ZOOKEEPER_SECONDS)


def quorum(contact: Contact) -> Quorum | None:
    """Return the controllers, None for a cluster with ZooKeeper. Raises KafkaToolError."""
    if not contact.supports(DESCRIBE_QUORUM):
        return None
    return judged(read_quorum(contact.ask(DESCRIBE_QUORUM, QUORUM), contact.server))


def judged(log: ControllersLog) -> Quorum:
    """Return who of the controllers is away, who of those that follow them, and how far each is behind."""
    leader, ends = log.leader, {each.id: each.log_end_offset for each in (*log.observers, *log.voters)}
    # The active controller's clock is not ours: the newest time that a voter is known to have caught up stands for it.
    clock = max((each.last_caught_up or -1 for each in log.voters), default=-1)
    silent = {
        each.id
        for each in (*log.voters, *log.observers)
        # The leader itself fetches from nobody.
        if each.id != log.leader_id and (each.last_fetch or -1) < clock - SILENT_MS
    }
    voters = sorted(each.id for each in log.voters)
    return Quorum(
        log.leader_id if log.leader_id >= 0 else None,
        tuple(voters),
        tuple(voter for voter in voters if voter in silent),
        {server: max(leader.log_end_offset - end, 0) for server, end in ends.items()} if leader else {},
        tuple(sorted(silent.difference(voters))),
    )


def offsets_factor(contact: Contact, broker: int) -> int | None:
    """Return how many replicas the broker will give __consumer_offsets; None where that must not be read.

    Raises KafkaToolError, BrokerError where the topic may be there, and must not be seen.
    """
    resources = [
        {"resource_type": TOPIC, "resource_name": OFFSETS, "configuration_keys": []},
        {"resource_type": BROKER, "resource_name": str(broker), "configuration_keys": [OFFSETS_FACTOR]},
    ]
    # One request for both: the topic's answer says whether __consumer_offsets is there already, without making it.
    results = {
        each["resource_type"]: each for each in contact.ask(DESCRIBE_CONFIGS, {"resources": resources})["results"]
    }
    if results.keys() != {TOPIC, BROKER}:
        raise unreadable(contact.server, "DescribeConfigs", f"{OFFSETS} or broker {broker} is not in it")
    topic = results[TOPIC]
    # That it is not there is the case in which the number counts: the broker will make it so.
    if topic["error_code"] != UNKNOWN_TOPIC_OR_PARTITION:
        check_code(topic["error_code"], topic["error_message"])
    entries = results[BROKER]["configs"]
    return next(
        (whole_number(entry["value"], OFFSETS_FACTOR) for entry in entries if entry["name"] == OFFSETS_FACTOR), None
    )
