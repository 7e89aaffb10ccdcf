"""Gives partitions other replicas, at once or so slowly that they keep moving, and tells of throttles."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

from kafka_tools.errors import NOT_CONTROLLER, check_code
from kafka_tools.sandbox.state_file import locked
from kafka_tools.tools.reassign_partitions.throttles import DIRS_RATE, REPLICAS
from kafka_tools.tools.reassign_partitions.throttles import RATES as BROKER_RATES
from kafka_tools.wire.reassignment_messages import ALTER_PARTITION_REASSIGNMENTS
from kafka_tools.wire.schema import Response
from kafka_tools.wire.session import WireSession
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topic_changes import REASSIGNMENT
from tests.support.clusters import Cluster
from tests.support.waiting import wait_until

SECONDS, ALONE_SECONDS = 15.0, 300.0
RATES = (*BROKER_RATES, DIRS_RATE)


@contextmanager
def alone(cluster: Cluster) -> Iterator[None]:
    """Let nobody else move partitions meanwhile: what moves, and throttles, belong to everybody on a cluster."""
    with locked(Path(f"{cluster.home}.moves"), ALONE_SECONDS):
        yield


def reassign(cluster: Cluster, topic: str, assignment: Sequence[Sequence[int]]) -> None:
    """Give the partitions of a topic these replicas, in their order; wait until every server tells of them.

    Replicas in another order keep their leader: a topic so gets one that is not the preferred replica.
    """
    begin(cluster, topic, assignment)
    for server in cluster.bootstrap.split(","):
        with WireSession(server, cluster.brokers().security) as session:
            wait_until(
                lambda at=session: replicas_of(at, topic) == [tuple(each) for each in assignment],
                f"{topic} has the replicas {assignment} at {server}",
            )


def begin(cluster: Cluster, topic: str, assignment: Sequence[Sequence[int] | None]) -> None:
    """Give the partitions of a topic these replicas, in their order, and wait for nothing; None: those of before."""
    partitions = [{"partition_index": number, "replicas": replicas} for number, replicas in enumerate(assignment)]
    with WireSession(cluster.bootstrap, cluster.brokers().security) as session:
        session.change(ALTER_PARTITION_REASSIGNMENTS, {"topics": [{"name": topic, "partitions": partitions}]}, _checked)


def begin_slowly(
    cluster: Cluster, admin: AdminClient, topic: str, assignment: Sequence[Sequence[int]], by_znode: bool = False
) -> None:
    """Begin as `begin`, or by the znode of Kafka 2.8, at 1 B/s: brokers let one fetch through, the next after 10 s.

    A broker hears of changed configs in their order: where it tells of the rate it knows the replicas, too.
    """
    _set(admin, ResourceType.TOPIC, topic, dict.fromkeys(REPLICAS, "*"))
    brokers = sorted(admin.list_topics(timeout=SECONDS).brokers)
    for broker in brokers:
        _set(admin, ResourceType.BROKER, str(broker), dict.fromkeys(BROKER_RATES, "1"))
    for broker in brokers:
        wait_until(lambda at=broker: len(_own(admin, ResourceType.BROKER, str(at))) == 2, f"{broker} knows the rate")
    if not by_znode:
        begin(cluster, topic, assignment)
        return
    partitions = [
        {"topic": topic, "partition": number, "replicas": replicas} for number, replicas in enumerate(assignment)
    ]
    with connected(cluster.ensemble()) as client:
        client.create(REASSIGNMENT, json.dumps({"version": 1, "partitions": partitions}).encode())


def is_in_znode(cluster: Cluster) -> bool:
    """Whether the controller has not yet done what the znode of Kafka 2.8 asks for."""
    with connected(cluster.ensemble()) as client:
        return client.exists(REASSIGNMENT) is not None


def replicas_of(session: WireSession, topic: str) -> list[tuple[int, ...]]:
    """Return the replicas of each partition of a topic as one broker knows them."""
    [found] = session.metadata([topic])["topics"]
    return [each["replica_nodes"] for each in sorted(found["partitions"], key=lambda each: each["partition_index"])]


def _checked(response: Response) -> Response:
    if response["error_code"] != NOT_CONTROLLER:
        for each in (response, *(each for topic in response["responses"] for each in topic["partitions"])):
            check_code(each["error_code"], each["error_message"])
    return response


def throttles(admin: AdminClient, prefix: str) -> Iterator[str]:
    """Yield a line for each topic with this prefix, its replicas and throttles, and for each throttled broker."""
    found = admin.list_topics(timeout=SECONDS)
    for name in sorted(name for name in found.topics if name.startswith(prefix)):
        placed = (":".join(map(str, each.replicas)) for _, each in sorted(found.topics[name].partitions.items()))
        own = " ".join(_own(admin, ResourceType.TOPIC, name))
        yield f"topic {name} {','.join(placed)} {own}".rstrip() + "\n"
    for broker in sorted(found.brokers):
        own = " ".join(_own(admin, ResourceType.BROKER, str(broker)))
        if own:
            yield f"broker {broker} {own}\n"


def unthrottle(admin: AdminClient) -> None:
    """Take the throttles of all brokers away."""
    for broker in admin.list_topics(timeout=SECONDS).brokers:
        _set(admin, ResourceType.BROKER, str(broker), dict.fromkeys(RATES))


def _set(admin: AdminClient, kind: ResourceType, name: str, values: Mapping[str, str | None]) -> None:
    """Set configs; None takes one away."""
    operations = {True: AlterConfigOpType.DELETE, False: AlterConfigOpType.SET}
    entries = [
        ConfigEntry(key, value, incremental_operation=operations[value is None]) for key, value in values.items()
    ]
    resource = ConfigResource(kind, name, incremental_configs=entries)
    admin.incremental_alter_configs([resource])[resource].result(SECONDS)


def _own(admin: AdminClient, kind: ResourceType, name: str) -> list[str]:
    resource = ConfigResource(kind, name)
    entries = admin.describe_configs([resource])[resource].result(SECONDS).values()
    throttles = (*RATES, *REPLICAS)
    return sorted(f"{each.name}={each.value}" for each in entries if each.name in throttles and _is_set(each))


def _is_set(entry: ConfigEntry) -> bool:
    return entry.source in (ConfigSource.DYNAMIC_TOPIC_CONFIG.value, ConfigSource.DYNAMIC_BROKER_CONFIG.value)
