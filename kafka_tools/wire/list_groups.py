"""ListGroups: the groups that the asked broker coordinates, with their kind from Kafka 4 on (KIP-518, KIP-848)."""

from kafka_tools.wire.schema import Field, Message

LIST_GROUPS = Message(
    16,
    "ListGroups",
    first=0,
    last=5,
    flexible=3,
    request=(
        Field("states_filter", "[]string", since=4),
        Field("types_filter", "[]string", since=5),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=1),
        Field("error_code", "int16"),
        Field(
            "groups",
            "[]struct",
            (
                Field("group_id", "string"),
                Field("protocol_type", "string"),
                Field("group_state", "string", since=4),
                Field("group_type", "string", since=5),
            ),
        ),
    ),
)
