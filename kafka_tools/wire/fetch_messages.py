"""Asks a replica for a part of its log: a table of fields, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

FETCH = Message(
    1,
    "Fetch",
    first=4,
    # Since 2.4 a broker takes who says -2 for a consumer, which may read from a follower from version 11 on (KIP-392);
    # version 13 has the topic by its id, which not every broker knows.
    last=11,
    flexible=12,
    most_bytes=104_857_600,  # socket.request.max.bytes: a producer gets no larger batch into a broker
    request=(
        # -1 is a consumer; -2 a debugging one, which any replica answers (FetchRequest.DEBUGGING_CONSUMER_ID).
        Field("replica_id", "int32"),
        Field("max_wait_ms", "int32"),
        # With 1 or more the broker waits for max_wait_ms (ms) until there is so much, or a new record.
        Field("min_bytes", "int32"),
        Field("max_bytes", "int32", default=2**31 - 1),
        Field("isolation_level", "int8"),
        # Session 0 with epoch -1 asks for one full answer: no fetch session (KIP-227) stays behind on the broker.
        Field("session_id", "int32", since=7),
        Field("session_epoch", "int32", since=7, default=-1),
        Field(
            "topics",
            "[]struct",
            (
                Field("topic", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("partition", "int32"),
                        Field("current_leader_epoch", "int32", since=9, default=-1),
                        Field("fetch_offset", "int64"),
                        Field("log_start_offset", "int64", since=5, default=-1),
                        Field("partition_max_bytes", "int32"),
                    ),
                ),
            ),
        ),
        Field(
            "forgotten_topics_data",
            "[]struct",
            (Field("topic", "string"), Field("partitions", "[]int32")),
            since=7,
        ),
        Field("rack_id", "string", since=11),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16", since=7),
        Field("session_id", "int32", since=7),
        Field(
            "responses",
            "[]struct",
            (
                Field("topic", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("partition_index", "int32"),
                        Field("error_code", "int16"),
                        Field("high_watermark", "int64"),
                        Field("last_stable_offset", "int64", default=-1),
                        Field("log_start_offset", "int64", since=5, default=-1),
                        Field(
                            "aborted_transactions",
                            "[]struct",
                            (Field("producer_id", "int64"), Field("first_offset", "int64")),
                            nullable=0,
                        ),
                        Field("preferred_read_replica", "int32", since=11, default=-1),
                        Field("records", "bytes", nullable=0),
                    ),
                ),
            ),
        ),
    ),
)
"""Asks for batches from an offset on, of several partitions (KIP-74: the first batch comes whole, however large)."""
