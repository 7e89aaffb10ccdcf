"""DescribeTopicPartitions: partitions page by page, with their eligible leader replicas (KIP-966, Kafka without
ZooKeeper)."""

from kafka_tools.wire.schema import Field, Message

CURSOR = (
    Field("topic_name", "string"),
    Field("partition_index", "int32"),
)

DESCRIBE_TOPIC_PARTITIONS = Message(
    75,
    "DescribeTopicPartitions",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("topics", "[]struct", (Field("name", "string"),)),
        Field("response_partition_limit", "int32", default=2000),
        Field("cursor", "struct", CURSOR, nullable=0),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "topics",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("name", "string", nullable=0),
                Field("topic_id", "uuid"),
                Field("is_internal", "bool"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("error_code", "int16"),
                        Field("partition_index", "int32"),
                        Field("leader_id", "int32"),
                        Field("leader_epoch", "int32", default=-1),
                        Field("replica_nodes", "[]int32"),
                        Field("isr_nodes", "[]int32"),
                        Field("eligible_leader_replicas", "[]int32", nullable=0, default=None),
                        Field("last_known_elr", "[]int32", nullable=0, default=None),
                        Field("offline_replicas", "[]int32"),
                    ),
                ),
                Field("topic_authorized_operations", "int32", default=-(2**31)),
            ),
        ),
        Field("next_cursor", "struct", CURSOR, nullable=0),
    ),
)
