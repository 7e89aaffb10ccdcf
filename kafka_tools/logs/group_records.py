"""The records of groups of all types (__consumer_offsets).

Field tables as in `model/codec`, derived from the definitions in common/message of Kafka 4.4.
"""

from collections.abc import Mapping

from kafka_tools.logs.record_types import RecordType, record_key
from kafka_tools.model.codec import NEVER, Field

GROUP = (Field("groupId", "string"),)
GROUP_MEMBER = (*GROUP, Field("memberId", "string"))
GROUP_PARTITION = (Field("group", "string"), Field("topic", "string"), Field("partition", "int32"))
CLIENT = (Field("rackId", "string", nullable=0), Field("clientId", "string"), Field("clientHost", "string"))
TOPIC = (Field("topicId", "uuid"), Field("topicName", "string"))
PARTITIONS = (Field("topicId", "uuid"), Field("partitions", "[]int32"))
TASKS = (Field("subtopologyId", "string"), Field("partitions", "[]int32"))
# The time at which the assignment was computed came with Kafka 4.3 (KIP-1263), as a tagged field.
TARGET = (Field("assignmentEpoch", "int32"), Field("assignmentTimestamp", "int64", tag=0))
# One number beside each partition: the member's epoch at which it got it. Null in records of brokers before.
EPOCHS = Field("assignmentEpochs", "[]int32", nullable=0, tag=0)
PAIR = (Field("key", "string"), Field("value", "string"))
# A topic that Kafka Streams makes for itself. 0 partitions: no number is prescribed, as for all changelogs; replication
# factor 0: the broker's default.
OWN_TOPIC = (
    Field("name", "string"),
    Field("partitions", "int32"),
    Field("replicationFactor", "int16"),
    Field("topicConfigs", "[]struct", PAIR),
)

GROUPS: Mapping[int, tuple[RecordType, RecordType]] = {
    # The number before a key is both the id of its type and, for readers of old, the version of the key's schema.
    0: (
        record_key("LegacyOffsetCommit", GROUP_PARTITION),
        RecordType(
            "LegacyOffsetCommitValue",
            (Field("offset", "int64"), Field("metadata", "string"), Field("commitTimestamp", "int64")),
            flexible=NEVER,
        ),
    ),
    1: (
        record_key("OffsetCommit", GROUP_PARTITION),
        RecordType(
            "OffsetCommitValue",
            (
                Field("offset", "int64"),
                # KIP-320: lets a consumer notice that the log was truncated behind what it had read.
                Field("leaderEpoch", "int32", since=3),
                Field("metadata", "string"),
                Field("commitTimestamp", "int64"),
                # Since Kafka 2.1 (KIP-211) offsets expire with their group, by the broker's offsets.retention.minutes.
                Field("expireTimestamp", "int64", since=1, until=1),
                Field("topicId", "uuid", since=4, tag=0),
            ),
            last=4,
            flexible=4,
        ),
    ),
    # A group of the classic protocol. Without members it is one that only keeps offsets.
    2: (
        record_key("GroupMetadata", (Field("group", "string"),)),
        RecordType(
            "GroupMetadataValue",
            (
                Field("protocolType", "string"),
                Field("generation", "int32"),
                Field("protocol", "string", nullable=0),
                Field("leader", "string", nullable=0),
                Field("currentStateTimestamp", "int64", since=2),
                Field(
                    "members",
                    "[]struct",
                    (
                        Field("memberId", "string"),
                        # Static members (KIP-345); a member without one has null.
                        Field("groupInstanceId", "string", since=3, nullable=3),
                        Field("clientId", "string"),
                        Field("clientHost", "string"),
                        Field("rebalanceTimeout", "int32", since=1),
                        Field("sessionTimeout", "int32"),
                        Field("subscription", "bytes"),
                        Field("assignment", "bytes"),
                    ),
                ),
            ),
            last=4,
            flexible=4,
        ),
    ),
    # 3 to 8 and 16 are groups of the consumer protocol (KIP-848), whose assignments the broker makes: the group's
    # epoch, its members, the assignment that is aimed at, and how far each member has come towards it.
    3: (
        # The hash stands for all subscribed topics since Kafka 4.1 (KIP-1101), which writes no type 4 any more but its
        # deletion.
        record_key("ConsumerGroupMetadata", GROUP),
        RecordType("ConsumerGroupMetadataValue", (Field("epoch", "int32"), Field("metadataHash", "int64", tag=0))),
    ),
    4: (
        record_key("ConsumerGroupPartitionMetadata", GROUP),
        RecordType(
            "ConsumerGroupPartitionMetadataValue",
            (
                Field(
                    "topics",
                    "[]struct",
                    (
                        Field("topicId", "uuid"),
                        Field("topicName", "string"),
                        Field("numPartitions", "int32"),
                        Field(
                            "partitionMetadata", "[]struct", (Field("partition", "int32"), Field("racks", "[]string"))
                        ),
                    ),
                ),
            ),
        ),
    ),
    5: (
        record_key("ConsumerGroupMemberMetadata", GROUP_MEMBER),
        RecordType(
            "ConsumerGroupMemberMetadataValue",
            (
                Field("instanceId", "string", nullable=0),
                *CLIENT,
                Field("subscribedTopicNames", "[]string"),
                Field("subscribedTopicRegex", "string", nullable=0),
                Field("rebalanceTimeoutMs", "int32"),
                Field("serverAssignor", "string", nullable=0),
                Field(
                    # A member that still speaks the classic protocol while its group moves to the new one; else null.
                    "classicMemberMetadata",
                    "struct",
                    (
                        Field("sessionTimeoutMs", "int32"),
                        Field("supportedProtocols", "[]struct", (Field("name", "string"), Field("metadata", "bytes"))),
                    ),
                    nullable=0,
                    tag=0,
                ),
            ),
        ),
    ),
    6: (
        record_key("ConsumerGroupTargetAssignmentMetadata", GROUP),
        RecordType("ConsumerGroupTargetAssignmentMetadataValue", TARGET),
    ),
    7: (
        record_key("ConsumerGroupTargetAssignmentMember", GROUP_MEMBER),
        RecordType(
            "ConsumerGroupTargetAssignmentMemberValue",
            (Field("topicPartitions", "[]struct", PARTITIONS),),
        ),
    ),
    8: (
        record_key("ConsumerGroupCurrentMemberAssignment", GROUP_MEMBER),
        RecordType(
            "ConsumerGroupCurrentMemberAssignmentValue",
            (
                Field("memberEpoch", "int32"),
                Field("previousMemberEpoch", "int32"),
                Field("state", "int8"),
                Field("assignedPartitions", "[]struct", (*PARTITIONS, EPOCHS)),
                Field("partitionsPendingRevocation", "[]struct", (*PARTITIONS, EPOCHS)),
            ),
        ),
    ),
    # 10 to 15 are share groups (KIP-932). The 9 was the metadata of their partitions in Kafka 4.0's early access.
    10: (
        record_key("ShareGroupMemberMetadata", GROUP_MEMBER),
        RecordType(
            "ShareGroupMemberMetadataValue",
            (
                *CLIENT,
                Field("subscribedTopicNames", "[]string"),
            ),
        ),
    ),
    11: (
        record_key("ShareGroupMetadata", GROUP),
        RecordType("ShareGroupMetadataValue", (Field("epoch", "int32"), Field("metadataHash", "int64"))),
    ),
    12: (
        record_key("ShareGroupTargetAssignmentMetadata", GROUP),
        RecordType("ShareGroupTargetAssignmentMetadataValue", TARGET),
    ),
    13: (
        record_key("ShareGroupTargetAssignmentMember", GROUP_MEMBER),
        RecordType(
            "ShareGroupTargetAssignmentMemberValue",
            (Field("topicPartitions", "[]struct", PARTITIONS),),
        ),
    ),
    14: (
        record_key("ShareGroupCurrentMemberAssignment", GROUP_MEMBER),
        RecordType(
            "ShareGroupCurrentMemberAssignmentValue",
            (
                Field("memberEpoch", "int32"),
                Field("previousMemberEpoch", "int32"),
                Field("state", "int8"),
                Field("assignedPartitions", "[]struct", PARTITIONS),
            ),
        ),
    ),
    15: (
        record_key("ShareGroupStatePartitionMetadata", GROUP),
        RecordType(
            "ShareGroupStatePartitionMetadataValue",
            (
                Field("initializingTopics", "[]struct", (*TOPIC, Field("partitions", "[]int32"))),
                Field("initializedTopics", "[]struct", (*TOPIC, Field("partitions", "[]int32"))),
                Field("deletingTopics", "[]struct", TOPIC),
            ),
        ),
    ),
    16: (
        record_key(
            "ConsumerGroupRegularExpression", (Field("groupId", "string"), Field("regularExpression", "string"))
        ),
        RecordType(
            "ConsumerGroupRegularExpressionValue",
            (Field("topics", "[]string"), Field("version", "int64"), Field("timestamp", "int64")),
        ),
    ),
    # 17 to 23 are groups of Kafka Streams (KIP-1071): the broker assigns tasks, which are partitions of a subtopology.
    17: (
        record_key("StreamsGroupMetadata", GROUP),
        RecordType(
            "StreamsGroupMetadataValue",
            (
                Field("epoch", "int32"),
                Field("metadataHash", "int64"),
                Field("validatedTopologyEpoch", "int32", tag=0, default=-1),
                Field("lastAssignmentConfigs", "[]struct", PAIR, nullable=0, tag=1),
                Field("storedDescriptionTopologyEpoch", "int32", tag=2, default=-1),
                Field("failedDescriptionTopologyEpoch", "int32", tag=3, default=-1),
            ),
        ),
    ),
    19: (
        record_key("StreamsGroupMemberMetadata", GROUP_MEMBER),
        RecordType(
            "StreamsGroupMemberMetadataValue",
            (
                Field("instanceId", "string", nullable=0),
                *CLIENT,
                Field("rebalanceTimeoutMs", "int32"),
                Field("topologyEpoch", "int32"),
                Field("processId", "string"),
                Field("userEndpoint", "struct", (Field("host", "string"), Field("port", "uint16")), nullable=0),
                Field("clientTags", "[]struct", PAIR),
            ),
        ),
    ),
    20: (
        record_key("StreamsGroupTargetAssignmentMetadata", GROUP),
        RecordType("StreamsGroupTargetAssignmentMetadataValue", TARGET),
    ),
    21: (
        record_key("StreamsGroupTargetAssignmentMember", GROUP_MEMBER),
        RecordType(
            "StreamsGroupTargetAssignmentMemberValue",
            (
                Field("activeTasks", "[]struct", TASKS),
                Field("standbyTasks", "[]struct", TASKS),
                Field("warmupTasks", "[]struct", TASKS),
            ),
        ),
    ),
    22: (
        record_key("StreamsGroupCurrentMemberAssignment", GROUP_MEMBER),
        RecordType(
            "StreamsGroupCurrentMemberAssignmentValue",
            (
                Field("memberEpoch", "int32"),
                Field("previousMemberEpoch", "int32"),
                Field("state", "int8"),
                Field("activeTasks", "[]struct", (*TASKS, EPOCHS)),
                Field("standbyTasks", "[]struct", (*TASKS, EPOCHS)),
                Field("warmupTasks", "[]struct", (*TASKS, EPOCHS)),
                Field("activeTasksPendingRevocation", "[]struct", (*TASKS, EPOCHS)),
                Field("standbyTasksPendingRevocation", "[]struct", (*TASKS, EPOCHS)),
                Field("warmupTasksPendingRevocation", "[]struct", (*TASKS, EPOCHS)),
            ),
        ),
    ),
    23: (
        record_key("StreamsGroupTopology", GROUP),
        RecordType(
            "StreamsGroupTopologyValue",
            (
                Field("epoch", "int32"),
                Field(
                    "subtopologies",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("sourceTopics", "[]string"),
                        Field("sourceTopicRegex", "[]string"),
                        Field("stateChangelogTopics", "[]struct", OWN_TOPIC),
                        Field("repartitionSinkTopics", "[]string"),
                        Field("repartitionSourceTopics", "[]struct", OWN_TOPIC),
                        Field(
                            # The numbers are places in the three lists above, not partitions: topics that must have as
                            # many partitions each.
                            "copartitionGroups",
                            "[]struct",
                            (
                                Field("sourceTopics", "[]int16"),
                                Field("sourceTopicRegex", "[]int16"),
                                Field("repartitionSourceTopics", "[]int16"),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
}
"""Keys and values by their ids (CoordinatorRecordType)."""
