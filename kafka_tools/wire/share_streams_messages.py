"""Requests about share and streams groups and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.group_messages import ASSIGNMENT, DESCRIBED, ERROR, GROUP, OPERATIONS
from kafka_tools.wire.schema import Message, by_partition

GROUP_COORDINATOR = 0
"""The kind of coordinator that a FindCoordinator request looks for (FindCoordinatorRequest.CoordinatorType)."""

FIND_COORDINATOR = Message(
    10,
    "FindCoordinator",
    # Before version 4 a group is asked for by itself: the groups here are of brokers that know the list.
    first=4,
    last=6,
    flexible=3,
    request=(Field("key_type", "int8"), Field("coordinator_keys", "[]string")),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "coordinators",
            "[]struct",
            (
                Field("key", "string"),
                Field("node_id", "int32"),
                Field("host", "string"),
                Field("port", "int32"),
                Field("error_code", "int16"),
                Field("error_message", "string", nullable=0),
            ),
        ),
    ),
)
"""Asks any broker which brokers keep these groups; from version 4 on (Kafka 3.0) for several at once (KIP-699)."""

SHARE_GROUP_DESCRIBE = Message(
    77,
    "ShareGroupDescribe",
    # Version 0 was the early access of Kafka 4.0, with other fields; 4.1 dropped it.
    first=1,
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
                        Field("rack_id", "string", nullable=0, default=None),
                        Field("member_epoch", "int32"),
                        Field("client_id", "string"),
                        Field("client_host", "string"),
                        Field("subscribed_topic_names", "[]string"),
                        Field("assignment", "struct", ASSIGNMENT),
                    ),
                ),
                OPERATIONS,
            ),
        ),
    ),
)
"""Asks the coordinator of share groups for their members (KIP-932)."""

DESCRIBE_SHARE_GROUP_OFFSETS = Message(
    90,
    "DescribeShareGroupOffsets",
    first=0,
    last=1,
    flexible=0,
    request=(
        Field(
            "groups",
            "[]struct",
            (
                Field("group_id", "string"),
                Field(
                    "topics",
                    "[]struct",
                    (Field("topic_name", "string"), Field("partitions", "[]int32")),
                    nullable=0,
                    default=None,
                ),
            ),
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "groups",
            "[]struct",
            (
                Field("group_id", "string"),
                Field(
                    "topics",
                    "[]struct",
                    (
                        Field("topic_name", "string"),
                        Field("topic_id", "uuid"),
                        Field(
                            "partitions",
                            "[]struct",
                            (
                                Field("partition_index", "int32"),
                                # -1 where the group has read nothing of the partition yet.
                                Field("start_offset", "int64"),
                                Field("leader_epoch", "int32"),
                                Field("lag", "int64", since=1, default=-1),
                                *ERROR,
                            ),
                        ),
                    ),
                ),
                *ERROR,
            ),
        ),
    ),
)
"""Asks how far share groups are in each partition (KIP-932); version 1 has the lag (KIP-1226)."""

ALTER_SHARE_GROUP_OFFSETS = Message(
    91,
    "AlterShareGroupOffsets",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("group_id", "string"),
        by_partition(Field("start_offset", "int64"), topic="topic_name"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        *ERROR,
        Field(
            "responses",
            "[]struct",
            (
                Field("topic_name", "string"),
                Field("topic_id", "uuid"),
                Field("partitions", "[]struct", (Field("partition_index", "int32"), *ERROR)),
            ),
        ),
    ),
)
"""Has a share group without members go on from other offsets (KIP-932)."""

DELETE_SHARE_GROUP_OFFSETS = Message(
    92,
    "DeleteShareGroupOffsets",
    first=0,
    last=0,
    flexible=0,
    request=(Field("group_id", "string"), Field("topics", "[]struct", (Field("topic_name", "string"),))),
    response=(
        Field("throttle_time_ms", "int32"),
        *ERROR,
        Field("responses", "[]struct", (Field("topic_name", "string"), Field("topic_id", "uuid"), *ERROR)),
    ),
)
"""Deletes how far a share group without members is in topics (KIP-932)."""

KEY_VALUE = (Field("key", "string"), Field("value", "string"))
# A topic that Kafka Streams makes for itself. 0 partitions: no number is prescribed, as for all changelogs; replication
# factor 0: the broker's default.
MADE_TOPIC = (
    Field("name", "string"),
    Field("partitions", "int32"),
    Field("replication_factor", "int16"),
    Field("topic_configs", "[]struct", KEY_VALUE),
)
TASK_OFFSET = (Field("subtopology_id", "string"), Field("partition", "int32"), Field("offset", "int64"))
# A task is one partition of a subtopology. Active ones process records, standby ones follow their state, warmup ones
# catch up so that they may become active without a pause.
TASKS = (Field("subtopology_id", "string"), Field("partitions", "[]int32"))
TASK_ASSIGNMENT = (
    Field("active_tasks", "[]struct", TASKS),
    Field("standby_tasks", "[]struct", TASKS),
    Field("warmup_tasks", "[]struct", TASKS),
)
TOPOLOGY_NODE = (
    Field("name", "string"),
    Field("node_type", "int8"),
    Field("source_topics", "[]string"),
    Field("sink_topic", "string", nullable=0, default=None),
    Field("stores", "[]string"),
    Field("successors", "[]string"),
)
TOPOLOGY_DESCRIPTION = (
    Field(
        "subtopologies",
        "[]struct",
        (Field("subtopology_id", "string"), Field("nodes", "[]struct", TOPOLOGY_NODE)),
    ),
    Field(
        "global_stores",
        "[]struct",
        (Field("source", "struct", TOPOLOGY_NODE), Field("processor", "struct", TOPOLOGY_NODE)),
    ),
)

STREAMS_GROUP_DESCRIBE = Message(
    89,
    "StreamsGroupDescribe",
    first=0,
    last=1,
    flexible=0,
    request=(*DESCRIBED, Field("include_topology_description", "bool", since=1)),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "groups",
            "[]struct",
            (
                *GROUP,
                Field(
                    # Null until the first member has joined: the coordinator learns the topology from the application.
                    "topology",
                    "struct",
                    (
                        Field("epoch", "int32"),
                        Field(
                            "subtopologies",
                            "[]struct",
                            (
                                Field("subtopology_id", "string"),
                                Field("source_topics", "[]string"),
                                Field("repartition_sink_topics", "[]string"),
                                Field("state_changelog_topics", "[]struct", MADE_TOPIC),
                                Field("repartition_source_topics", "[]struct", MADE_TOPIC),
                            ),
                            nullable=0,
                            default=None,
                        ),
                    ),
                    nullable=0,
                ),
                Field(
                    "members",
                    "[]struct",
                    (
                        Field("member_id", "string"),
                        Field("member_epoch", "int32"),
                        Field("instance_id", "string", nullable=0, default=None),
                        Field("rack_id", "string", nullable=0, default=None),
                        Field("client_id", "string"),
                        Field("client_host", "string"),
                        Field("topology_epoch", "int32"),
                        Field("process_id", "string"),
                        Field(
                            "user_endpoint",
                            "struct",
                            (Field("host", "string"), Field("port", "uint16")),
                            nullable=0,
                        ),
                        Field("client_tags", "[]struct", KEY_VALUE),
                        Field("task_offsets", "[]struct", TASK_OFFSET),
                        Field("task_end_offsets", "[]struct", TASK_OFFSET),
                        Field("assignment", "struct", TASK_ASSIGNMENT),
                        Field("target_assignment", "struct", TASK_ASSIGNMENT),
                        # True where the member still uses the classic protocol, by which Kafka Streams assigns its
                        # tasks itself.
                        Field("is_classic", "bool"),
                    ),
                ),
                OPERATIONS,
                Field(
                    "topology_description",
                    "struct",
                    TOPOLOGY_DESCRIPTION,
                    since=1,
                    nullable=1,
                ),
                Field("topology_description_status", "int8", since=1),
                Field("assignor_name", "string", since=1, nullable=1, default=None),
            ),
        ),
    ),
)
"""Asks the coordinator of streams groups for their topology and their members (KIP-1071).

Version 1 (Kafka 4.4) has the assignor, and what the application told of its topology (KIP-1331), which only a plug-in
of the broker's stores."""

LEAVE_GROUP = Message(
    13,
    "LeaveGroup",
    # Older versions have the sender's own member id alone: one could only leave, not remove.
    first=3,
    last=5,
    flexible=4,
    request=(
        Field("group_id", "string"),
        Field(
            "members",
            "[]struct",
            (
                Field("member_id", "string"),
                Field("group_instance_id", "string", nullable=3, default=None),
                Field("reason", "string", since=5, nullable=5, default=None),
            ),
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field(
            "members",
            "[]struct",
            (
                Field("member_id", "string"),
                Field("group_instance_id", "string", nullable=3),
                Field("error_code", "int16"),
            ),
        ),
    ),
)
"""Removes members from a group; from version 3 on (Kafka 2.4) others than the one that sends it (KIP-345)."""
