"""Metadata: brokers, controller, topics and where their partitions are.

Up to version 3 the request would create the topics it names.
"""

from kafka_tools.wire.schema import Field, Message

METADATA = Message(
    3,
    "Metadata",
    first=4,
    last=13,
    flexible=9,
    request=(
        Field(
            "topics",
            "[]struct",
            (
                Field("topic_id", "uuid", since=10),
                Field("name", "string", nullable=10),
            ),
            nullable=1,
        ),
        Field("allow_auto_topic_creation", "bool", since=4),
        Field("include_cluster_authorized_operations", "bool", since=8, until=10),
        Field("include_topic_authorized_operations", "bool", since=8),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=3),
        Field(
            "brokers",
            "[]struct",
            (
                Field("node_id", "int32"),
                Field("host", "string"),
                Field("port", "int32"),
                Field("rack", "string", since=1, nullable=1, default=None),
            ),
        ),
        Field("cluster_id", "string", since=2, nullable=2, default=None),
        Field("controller_id", "int32", since=1, default=-1),
        Field(
            "topics",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("name", "string", nullable=12),
                Field("topic_id", "uuid", since=10),
                Field("is_internal", "bool", since=1),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("error_code", "int16"),
                        Field("partition_index", "int32"),
                        Field("leader_id", "int32"),
                        Field("leader_epoch", "int32", since=7, default=-1),
                        Field("replica_nodes", "[]int32"),
                        Field("isr_nodes", "[]int32"),
                        Field("offline_replicas", "[]int32", since=5),
                    ),
                ),
                Field("topic_authorized_operations", "int32", since=8, default=-(2**31)),
            ),
        ),
        Field("cluster_authorized_operations", "int32", since=8, until=10, default=-(2**31)),
        Field("error_code", "int16", since=13),
    ),
)
