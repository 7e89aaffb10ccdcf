"""DeleteTopics: topics by name; from version 6 on also by id, which nothing here uses (KIP-516)."""

from kafka_tools.wire.schema import Field, Message

DELETE_TOPICS = Message(
    20,
    "DeleteTopics",
    first=1,
    last=6,
    flexible=4,
    request=(
        Field(
            "topics",
            "[]struct",
            (Field("name", "string", nullable=6, default=None), Field("topic_id", "uuid")),
            since=6,
        ),
        Field("topic_names", "[]string", until=5),
        Field("timeout_ms", "int32"),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=1),
        Field(
            "responses",
            "[]struct",
            (
                Field("name", "string", nullable=6),
                Field("topic_id", "uuid", since=6),
                Field("error_code", "int16"),
                Field("error_message", "string", since=5, nullable=5, default=None),
            ),
        ),
    ),
)
