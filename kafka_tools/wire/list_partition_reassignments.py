"""ListPartitionReassignments: which replicas are being added and removed (KIP-455); the controller answers."""

from kafka_tools.wire.schema import Field, Message

LIST_PARTITION_REASSIGNMENTS = Message(
    46,
    "ListPartitionReassignments",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("timeout_ms", "int32", default=60_000),
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("partition_indexes", "[]int32"),
            ),
            nullable=0,
            default=None,
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
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
                        Field("replicas", "[]int32"),
                        Field("adding_replicas", "[]int32"),
                        Field("removing_replicas", "[]int32"),
                    ),
                ),
            ),
        ),
    ),
)
