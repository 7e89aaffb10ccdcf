"""Requests about groups and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

ERROR = (Field("error_code", "int16"), Field("error_message", "string", nullable=0, default=None))
DESCRIBED = (Field("group_ids", "[]string"), Field("include_authorized_operations", "bool"))
GROUP = (
    *ERROR,
    Field("group_id", "string"),
    Field("group_state", "string"),
    Field("group_epoch", "int32"),
    Field("assignment_epoch", "int32"),
)
"""How groups of the newer types are asked for, and what all of them have."""

# Java's smallest int stands for "not asked for".
OPERATIONS = Field("authorized_operations", "int32", default=-(2**31))
ASSIGNMENT = (
    Field(
        "topic_partitions",
        "[]struct",
        (Field("topic_id", "uuid"), Field("topic_name", "string"), Field("partitions", "[]int32")),
    ),
)

# Version 1 (KIP-1099, Kafka 4.0) has the type of a member: 0 classic, 1 consumer; -1 where the broker does not say.
CONSUMER_GROUP_DESCRIBE = Message(
    69,
    "ConsumerGroupDescribe",
    first=0,
    last=1,
    flexible=0,
    request=DESCRIBED,
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "groups",
            "[]struct",
            (
                *GROUP,
                Field("assignor_name", "string"),
                Field(
                    "members",
                    "[]struct",
                    (
                        Field("member_id", "string"),
                        Field("instance_id", "string", nullable=0, default=None),
                        Field("rack_id", "string", nullable=0, default=None),
                        Field("member_epoch", "int32"),
                        Field("client_id", "string"),
                        Field("client_host", "string"),
                        Field("subscribed_topic_names", "[]string"),
                        Field("subscribed_topic_regex", "string", nullable=0, default=None),
                        # What the member owns now, and what it is to own: they differ while the group is Reconciling.
                        Field("assignment", "struct", ASSIGNMENT),
                        Field("target_assignment", "struct", ASSIGNMENT),
                        Field("member_type", "int8", since=1, default=-1),
                    ),
                ),
                OPERATIONS,
            ),
        ),
    ),
)
"""Asks a coordinator for groups of the protocol of KIP-848: their epochs, and states that AdminClient does not know."""
