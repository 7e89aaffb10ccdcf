"""DescribeQuorum: the controllers of a cluster without ZooKeeper, and how far each has come (KIP-595, KIP-836)."""

from kafka_tools.wire.schema import Field, Message

METADATA_LOG = "__cluster_metadata"
"""The topic whose only partition the controllers share."""

REPLICAS = (
    Field("replica_id", "int32"),
    Field("log_end_offset", "int64"),
    Field("last_fetch_timestamp", "int64", since=1, default=-1),
    Field("last_caught_up_timestamp", "int64", since=1, default=-1),
)

DESCRIBE_QUORUM = Message(
    55,
    "DescribeQuorum",
    first=0,
    last=1,
    flexible=0,
    request=(
        Field(
            "topics",
            "[]struct",
            (
                Field("topic_name", "string"),
                Field("partitions", "[]struct", (Field("partition_index", "int32"),)),
            ),
        ),
    ),
    response=(
        Field("error_code", "int16"),
        Field(
            "topics",
            "[]struct",
            (
                Field("topic_name", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("partition_index", "int32"),
                        Field("error_code", "int16"),
                        Field("leader_id", "int32"),
                        Field("leader_epoch", "int32"),
                        Field("high_watermark", "int64"),
                        Field("current_voters", "[]struct", REPLICAS),
                        Field("observers", "[]struct", REPLICAS),
                    ),
                ),
            ),
        ),
    ),
)
