"""Requests about the directories in which brokers keep their logs: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message, by_partition

DESCRIBE_LOG_DIRS = Message(
    35,
    "DescribeLogDirs",
    first=1,
    # Version 5 tells which directories are cordoned (KIP-1066).
    last=4,
    flexible=2,
    request=(
        Field(
            "topics", "[]struct", (Field("topic", "string"), Field("partitions", "[]int32")), nullable=0, default=None
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        # Before version 3 a client that may not ask gets no directories and no error.
        Field("error_code", "int16", since=3),
        Field(
            "results",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("log_dir", "string"),
                by_partition(
                    Field("partition_size", "int64"),
                    # How far the replica is behind the high watermark, or a future one behind the current one.
                    Field("offset_lag", "int64"),
                    # True where this copy is the one that a move within the broker fills, and that takes the other's
                    # place.
                    Field("is_future_key", "bool"),
                ),
                Field("total_bytes", "int64", since=4, default=-1),
                Field("usable_bytes", "int64", since=4, default=-1),
            ),
        ),
    ),
)
"""Asks one broker for its directories and the replicas in them (KIP-113), for null topics for all of them.

Version 4 has the size and the free space of the volumes (KIP-827, Kafka 3.3); -1 where the broker does not know it."""
