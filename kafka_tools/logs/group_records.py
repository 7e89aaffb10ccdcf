"""The records of groups of all types (__consumer_offsets).

Field tables as in `model/codec`, derived from the definitions in common/message of Kafka 4.4.
"""

from collections.abc import Mapping

from kafka_tools.logs.record_types import RecordType, record_key
from kafka_tools.model.codec import NEVER, Field

GROUPS: Mapping[int, tuple[RecordType, RecordType]] = {
    0: (
        record_key(
            "LegacyOffsetCommit", (Field("group", "string"), Field("topic", "string"), Field("partition", "int32"))
        ),
        RecordType(
            "LegacyOffsetCommitValue",
            (Field("offset", "int64"), Field("metadata", "string"), Field("commitTimestamp", "int64")),
            flexible=NEVER,
        ),
    ),
    1: (
        record_key("OffsetCommit", (Field("group", "string"), Field("topic", "string"), Field("partition", "int32"))),
        RecordType(
            "OffsetCommitValue",
            (
                Field("offset", "int64"),
                Field("leaderEpoch", "int32", since=3),
                Field("metadata", "string"),
                Field("commitTimestamp", "int64"),
                Field("expireTimestamp", "int64", since=1, until=1),
                Field("topicId", "uuid", since=4, tag=0),
            ),
            last=4,
            flexible=4,
        ),
    ),
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
    3: (
        record_key("ConsumerGroupMetadata", (Field("groupId", "string"),)),
        RecordType("ConsumerGroupMetadataValue", (Field("epoch", "int32"), Field("metadataHash", "int64", tag=0))),
    ),
    4: (
        record_key("ConsumerGroupPartitionMetadata", (Field("groupId", "string"),)),
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
        record_key("ConsumerGroupMemberMetadata", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "ConsumerGroupMemberMetadataValue",
            (
                Field("instanceId", "string", nullable=0),
                Field("rackId", "string", nullable=0),
                Field("clientId", "string"),
                Field("clientHost", "string"),
                Field("subscribedTopicNames", "[]string"),
                Field("subscribedTopicRegex", "string", nullable=0),
                Field("rebalanceTimeoutMs", "int32"),
                Field("serverAssignor", "string", nullable=0),
                Field(
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
        record_key("ConsumerGroupTargetAssignmentMetadata", (Field("groupId", "string"),)),
        RecordType(
            "ConsumerGroupTargetAssignmentMetadataValue",
            (Field("assignmentEpoch", "int32"), Field("assignmentTimestamp", "int64", tag=0)),
        ),
    ),
    7: (
        record_key("ConsumerGroupTargetAssignmentMember", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "ConsumerGroupTargetAssignmentMemberValue",
            (Field("topicPartitions", "[]struct", (Field("topicId", "uuid"), Field("partitions", "[]int32"))),),
        ),
    ),
    8: (
        record_key("ConsumerGroupCurrentMemberAssignment", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "ConsumerGroupCurrentMemberAssignmentValue",
            (
                Field("memberEpoch", "int32"),
                Field("previousMemberEpoch", "int32"),
                Field("state", "int8"),
                Field(
                    "assignedPartitions",
                    "[]struct",
                    (
                        Field("topicId", "uuid"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
                Field(
                    "partitionsPendingRevocation",
                    "[]struct",
                    (
                        Field("topicId", "uuid"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
            ),
        ),
    ),
    10: (
        record_key("ShareGroupMemberMetadata", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "ShareGroupMemberMetadataValue",
            (
                Field("rackId", "string", nullable=0),
                Field("clientId", "string"),
                Field("clientHost", "string"),
                Field("subscribedTopicNames", "[]string"),
            ),
        ),
    ),
    11: (
        record_key("ShareGroupMetadata", (Field("groupId", "string"),)),
        RecordType("ShareGroupMetadataValue", (Field("epoch", "int32"), Field("metadataHash", "int64"))),
    ),
    12: (
        record_key("ShareGroupTargetAssignmentMetadata", (Field("groupId", "string"),)),
        RecordType(
            "ShareGroupTargetAssignmentMetadataValue",
            (Field("assignmentEpoch", "int32"), Field("assignmentTimestamp", "int64", tag=0)),
        ),
    ),
    13: (
        record_key("ShareGroupTargetAssignmentMember", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "ShareGroupTargetAssignmentMemberValue",
            (Field("topicPartitions", "[]struct", (Field("topicId", "uuid"), Field("partitions", "[]int32"))),),
        ),
    ),
    14: (
        record_key("ShareGroupCurrentMemberAssignment", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "ShareGroupCurrentMemberAssignmentValue",
            (
                Field("memberEpoch", "int32"),
                Field("previousMemberEpoch", "int32"),
                Field("state", "int8"),
                Field("assignedPartitions", "[]struct", (Field("topicId", "uuid"), Field("partitions", "[]int32"))),
            ),
        ),
    ),
    15: (
        record_key("ShareGroupStatePartitionMetadata", (Field("groupId", "string"),)),
        RecordType(
            "ShareGroupStatePartitionMetadataValue",
            (
                Field(
                    "initializingTopics",
                    "[]struct",
                    (Field("topicId", "uuid"), Field("topicName", "string"), Field("partitions", "[]int32")),
                ),
                Field(
                    "initializedTopics",
                    "[]struct",
                    (Field("topicId", "uuid"), Field("topicName", "string"), Field("partitions", "[]int32")),
                ),
                Field("deletingTopics", "[]struct", (Field("topicId", "uuid"), Field("topicName", "string"))),
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
    17: (
        record_key("StreamsGroupMetadata", (Field("groupId", "string"),)),
        RecordType(
            "StreamsGroupMetadataValue",
            (
                Field("epoch", "int32"),
                Field("metadataHash", "int64"),
                Field("validatedTopologyEpoch", "int32", tag=0, default=-1),
                Field(
                    "lastAssignmentConfigs",
                    "[]struct",
                    (Field("key", "string"), Field("value", "string")),
                    nullable=0,
                    tag=1,
                ),
                Field("storedDescriptionTopologyEpoch", "int32", tag=2, default=-1),
                Field("failedDescriptionTopologyEpoch", "int32", tag=3, default=-1),
            ),
        ),
    ),
    19: (
        record_key("StreamsGroupMemberMetadata", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "StreamsGroupMemberMetadataValue",
            (
                Field("instanceId", "string", nullable=0),
                Field("rackId", "string", nullable=0),
                Field("clientId", "string"),
                Field("clientHost", "string"),
                Field("rebalanceTimeoutMs", "int32"),
                Field("topologyEpoch", "int32"),
                Field("processId", "string"),
                Field("userEndpoint", "struct", (Field("host", "string"), Field("port", "uint16")), nullable=0),
                Field("clientTags", "[]struct", (Field("key", "string"), Field("value", "string"))),
            ),
        ),
    ),
    20: (
        record_key("StreamsGroupTargetAssignmentMetadata", (Field("groupId", "string"),)),
        RecordType(
            "StreamsGroupTargetAssignmentMetadataValue",
            (Field("assignmentEpoch", "int32"), Field("assignmentTimestamp", "int64", tag=0)),
        ),
    ),
    21: (
        record_key("StreamsGroupTargetAssignmentMember", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "StreamsGroupTargetAssignmentMemberValue",
            (
                Field("activeTasks", "[]struct", (Field("subtopologyId", "string"), Field("partitions", "[]int32"))),
                Field("standbyTasks", "[]struct", (Field("subtopologyId", "string"), Field("partitions", "[]int32"))),
                Field("warmupTasks", "[]struct", (Field("subtopologyId", "string"), Field("partitions", "[]int32"))),
            ),
        ),
    ),
    22: (
        record_key("StreamsGroupCurrentMemberAssignment", (Field("groupId", "string"), Field("memberId", "string"))),
        RecordType(
            "StreamsGroupCurrentMemberAssignmentValue",
            (
                Field("memberEpoch", "int32"),
                Field("previousMemberEpoch", "int32"),
                Field("state", "int8"),
                Field(
                    "activeTasks",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
                Field(
                    "standbyTasks",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
                Field(
                    "warmupTasks",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
                Field(
                    "activeTasksPendingRevocation",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
                Field(
                    "standbyTasksPendingRevocation",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
                Field(
                    "warmupTasksPendingRevocation",
                    "[]struct",
                    (
                        Field("subtopologyId", "string"),
                        Field("partitions", "[]int32"),
                        Field("assignmentEpochs", "[]int32", nullable=0, tag=0),
                    ),
                ),
            ),
        ),
    ),
    23: (
        record_key("StreamsGroupTopology", (Field("groupId", "string"),)),
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
                        Field(
                            "stateChangelogTopics",
                            "[]struct",
                            (
                                Field("name", "string"),
                                Field("partitions", "int32"),
                                Field("replicationFactor", "int16"),
                                Field("topicConfigs", "[]struct", (Field("key", "string"), Field("value", "string"))),
                            ),
                        ),
                        Field("repartitionSinkTopics", "[]string"),
                        Field(
                            "repartitionSourceTopics",
                            "[]struct",
                            (
                                Field("name", "string"),
                                Field("partitions", "int32"),
                                Field("replicationFactor", "int16"),
                                Field("topicConfigs", "[]struct", (Field("key", "string"), Field("value", "string"))),
                            ),
                        ),
                        Field(
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
