"""CreateTopics: new topics, by counts or by the replicas of each partition."""

from kafka_tools.wire.schema import Field, Message

CREATE_TOPICS = Message(
    19,
    "CreateTopics",
    first=2,
    last=7,
    flexible=5,
    request=(
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("num_partitions", "int32"),
                Field("replication_factor", "int16"),
                Field(
                    "assignments",
                    "[]struct",
                    (Field("partition_index", "int32"), Field("broker_ids", "[]int32")),
                ),
                Field("configs", "[]struct", (Field("name", "string"), Field("value", "string", nullable=0))),
            ),
        ),
        Field("timeout_ms", "int32", default=60000),
        Field("validate_only", "bool", since=1),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=2),
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("topic_id", "uuid", since=7),
                Field("error_code", "int16"),
                Field("error_message", "string", since=1, nullable=0),
                Field("topic_config_error_code", "int16", since=5, tag=0),
                Field("num_partitions", "int32", since=5, default=-1),
                Field("replication_factor", "int16", since=5, default=-1),
                Field(
                    "configs",
                    "[]struct",
                    (
                        Field("name", "string"),
                        Field("value", "string", nullable=5),
                        Field("read_only", "bool"),
                        Field("config_source", "int8", default=-1),
                        Field("is_sensitive", "bool"),
                    ),
                    since=5,
                    nullable=5,
                ),
            ),
        ),
    ),
)
