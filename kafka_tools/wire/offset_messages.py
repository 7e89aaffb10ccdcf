"""Requests about offsets and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

LIST_OFFSETS = Message(
    2,
    "ListOffsets",
    first=8,
    last=11,
    flexible=6,
    request=(
        Field("replica_id", "int32"),
        Field("isolation_level", "int8"),
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
                        Field("current_leader_epoch", "int32", default=-1),
                        Field("timestamp", "int64"),
                    ),
                ),
            ),
        ),
        Field("timeout_ms", "int32", since=10),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
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
                        Field("error_code", "int16"),
                        Field("timestamp", "int64", default=-1),
                        Field("offset", "int64", default=-1),
                        Field("leader_epoch", "int32", default=-1),
                    ),
                ),
            ),
        ),
    ),
)
"""Asks the leaders of partitions for the offset at a time (KIP-79).

From the version on that knows the start of what a broker keeps itself (KIP-405); later ones know more such words, and a
broker that is too old for a word says so."""

OFFSET_DELETE = Message(
    47,
    "OffsetDelete",
    first=0,
    last=0,
    flexible=1,
    request=(
        Field("group_id", "string"),
        Field(
            "topics",
            "[]struct",
            (Field("name", "string"), Field("partitions", "[]struct", (Field("partition_index", "int32"),))),
        ),
    ),
    response=(
        Field("error_code", "int16"),
        Field("throttle_time_ms", "int32"),
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (Field("partition_index", "int32"), Field("error_code", "int16")),
                ),
            ),
        ),
    ),
)
"""Deletes what a group has committed for partitions that no member reads (KIP-496)."""
