"""Gives partitions other replicas, or the same in another order, after which another than the first one leads."""

from collections.abc import Sequence

from kafka_tools.errors import NOT_CONTROLLER, check_code
from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.session import WireSession
from tests.support.clusters import Cluster
from tests.support.waiting import wait_until

ALTER_PARTITION_REASSIGNMENTS = Message(
    45,
    "AlterPartitionReassignments",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("timeout_ms", "int32", default=60_000),
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (Field("partition_index", "int32"), Field("replicas", "[]int32", nullable=0)),
                ),
            ),
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        Field(
            "responses",
            "[]struct",
            (
                Field("name", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("partition_index", "int32"),
                        Field("error_code", "int16"),
                        Field("error_message", "string", nullable=0),
                    ),
                ),
            ),
        ),
    ),
)
"""KIP-455."""


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
