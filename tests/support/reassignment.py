"""Gives partitions other replicas, or the same in another order, after which another than the first one leads."""

from collections.abc import Iterator, Sequence

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

from kafka_tools.errors import NOT_CONTROLLER, check_code
from kafka_tools.tools.reassign_partitions.moving import DIRS_RATE, REPLICAS
from kafka_tools.tools.reassign_partitions.moving import RATES as BROKER_RATES
from kafka_tools.wire.reassignment_messages import ALTER_PARTITION_REASSIGNMENTS
from kafka_tools.wire.schema import Response
from kafka_tools.wire.session import WireSession
from tests.support.clusters import Cluster
from tests.support.waiting import wait_until

SECONDS = 15.0
RATES = (*BROKER_RATES, DIRS_RATE)


def reassign(cluster: Cluster, topic: str, assignment: Sequence[Sequence[int]]) -> None:
    """Give the partitions of a topic these replicas, in their order; wait until every server tells of them.

    Replicas in another order keep their leader: a topic so gets one that is not the preferred replica.
    """
    partitions = [{"partition_index": number, "replicas": replicas} for number, replicas in enumerate(assignment)]
    with WireSession(cluster.bootstrap, cluster.brokers().security) as session:
        session.change(ALTER_PARTITION_REASSIGNMENTS, {"topics": [{"name": topic, "partitions": partitions}]}, _checked)
    for server in cluster.bootstrap.split(","):
        with WireSession(server, cluster.brokers().security) as session:
            wait_until(
                lambda at=session: replicas_of(at, topic) == [tuple(each) for each in assignment],
                f"{topic} has the replicas {assignment} at {server}",
            )


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
    delete = AlterConfigOpType.DELETE
    for broker in admin.list_topics(timeout=SECONDS).brokers:
        entries = [ConfigEntry(name, None, incremental_operation=delete) for name in RATES]
        resource = ConfigResource(ResourceType.BROKER, str(broker), incremental_configs=entries)
        admin.incremental_alter_configs([resource])[resource].result(SECONDS)


def _own(admin: AdminClient, kind: ResourceType, name: str) -> list[str]:
    resource = ConfigResource(kind, name)
    entries = admin.describe_configs([resource])[resource].result(SECONDS).values()
    throttles = (*RATES, *REPLICAS)
    return sorted(f"{each.name}={each.value}" for each in entries if each.name in throttles and _is_set(each))


def _is_set(entry: ConfigEntry) -> bool:
    return entry.source in (ConfigSource.DYNAMIC_TOPIC_CONFIG.value, ConfigSource.DYNAMIC_BROKER_CONFIG.value)
