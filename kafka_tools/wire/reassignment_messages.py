"""Requests that move replicas between brokers and between directories: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message, by_partition

ALTER_PARTITION_REASSIGNMENTS = Message(
    45,
    "AlterPartitionReassignments",
    first=0,
    # Version 1 (KIP-860) can refuse a plan that changes the number of replicas: changing it is a use of this tool.
    last=0,
    flexible=0,
    request=(
        Field("timeout_ms", "int32", default=60_000),
        by_partition(Field("replicas", "[]int32", nullable=0, default=None)),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        by_partition(Field("error_code", "int16"), Field("error_message", "string", nullable=0), of="responses"),
    ),
)
"""Gives partitions other replicas, null ends their reassignment (KIP-455)."""

ALTER_REPLICA_LOG_DIRS = Message(
    34,
    "AlterReplicaLogDirs",
    first=1,
    last=2,
    flexible=2,
    request=(
        Field(
            "dirs",
            "[]struct",
            (
                # An absolute path on the broker's machine. A broker that has not made the replica yet keeps the wish
                # for later.
                Field("path", "string"),
                Field("topics", "[]struct", (Field("name", "string"), Field("partitions", "[]int32"))),
            ),
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        by_partition(Field("error_code", "int16"), of="results", topic="topic_name"),
    ),
)
"""Moves replicas of one broker to another of its directories (KIP-113)."""
