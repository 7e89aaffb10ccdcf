"""Requests about the directories in which brokers keep their logs: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

DESCRIBE_LOG_DIRS = Message(
    35,
    "DescribeLogDirs",
    first=1,
    last=4,
    flexible=2,
    request=(
        Field(
            "topics", "[]struct", (Field("topic", "string"), Field("partitions", "[]int32")), nullable=0, default=None
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16", since=3),
        Field(
            "results",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("log_dir", "string"),
                Field(
                    "topics",
                    "[]struct",
                    (
                        Field("name", "string"),
                        Field(
                            "partitions",
                            "[]struct",
                            (
                                Field("partition_index", "int32"),
                                Field("partition_size", "int64"),
                                Field("offset_lag", "int64"),
                                Field("is_future_key", "bool"),
                            ),
                        ),
                    ),
                ),
                Field("total_bytes", "int64", since=4, default=-1),
                Field("usable_bytes", "int64", since=4, default=-1),
            ),
        ),
    ),
)
"""Asks one broker for its directories and the replicas in them (KIP-113), for null topics for all of them.

Version 4 has the size and the free space of the volumes (KIP-827, Kafka 3.3); -1 where the broker does not know it."""
