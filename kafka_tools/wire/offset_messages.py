"""Requests about offsets and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message, by_partition

LIST_OFFSETS = Message(
    2,
    "ListOffsets",
    first=1,
    last=11,
    flexible=6,
    request=(
        # -1 is a consumer, which the leader alone answers; -2 a debugging one, which any replica does.
        Field("replica_id", "int32"),
        Field("isolation_level", "int8", since=2),
        by_partition(
            Field("current_leader_epoch", "int32", since=4, default=-1),
            # In ms. -1 is the end, -2 the beginning; further numbers are in FIRST_VERSIONS.
            Field("timestamp", "int64"),
        ),
        # How long the broker may look into its remote storage, in ms (KIP-1075); local answers do not wait.
        Field("timeout_ms", "int32", since=10),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=2),
        by_partition(
            Field("error_code", "int16"),
            # Both are -1 where no record is as new as that: no error, and not the end of the partition either.
            Field("timestamp", "int64", default=-1),
            Field("offset", "int64", default=-1),
            Field("leader_epoch", "int32", since=4, default=-1),
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
    request=(Field("group_id", "string"), by_partition()),
    response=(
        Field("error_code", "int16"),
        Field("throttle_time_ms", "int32"),
        by_partition(Field("error_code", "int16")),
    ),
)
"""Deletes what a group has committed for partitions that no member reads (KIP-496)."""
