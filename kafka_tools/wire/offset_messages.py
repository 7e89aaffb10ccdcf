"""Requests about offsets and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

LIST_OFFSETS = Message(
    2,
    "ListOffsets",
    first=1,
    last=11,
    flexible=6,
    request=(
        Field("replica_id", "int32"),
        Field("isolation_level", "int8", since=2),
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
                        Field("current_leader_epoch", "int32", since=4, default=-1),
                        Field("timestamp", "int64"),
                    ),
                ),
            ),
        ),
        Field("timeout_ms", "int32", since=10),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=2),
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
                        Field("leader_epoch", "int32", since=4, default=-1),
                    ),
                ),
            ),
        ),
    ),
)
"""Asks the leader of partitions for the offset at a time (KIP-79)."""

FIRST_VERSIONS = {-3: 7, -4: 8, -5: 9, -6: 11}
"""Numbers that stand for no time -> the first version of ListOffsets that knows them (ListOffsetsRequest.json 4.3).

A broker that is older takes them for a time before all records (2.8.2), and answers with the first offset."""

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
