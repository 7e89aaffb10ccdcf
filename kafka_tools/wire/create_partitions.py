"""CreatePartitions: more partitions for topics that are there (KIP-195)."""

from kafka_tools.wire.schema import Field, Message

CREATE_PARTITIONS = Message(
    37,
    "CreatePartitions",
    first=0,
    last=3,
    flexible=2,
    request=(
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("count", "int32"),
                Field("assignments", "[]struct", (Field("broker_ids", "[]int32"),), nullable=0, default=None),
            ),
        ),
        Field("timeout_ms", "int32"),
        Field("validate_only", "bool"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "results",
            "[]struct",
            (
                Field("name", "string"),
                Field("error_code", "int16"),
                Field("error_message", "string", nullable=0, default=None),
            ),
        ),
    ),
)
