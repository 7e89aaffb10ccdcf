"""The records of the metadata log (__cluster_metadata), and those that Kafka's Raft writes itself.

Field tables as in `model/codec`, derived from the definitions in common/metadata and common/message of Kafka 4.4.
"""

from collections.abc import Mapping

from kafka_tools.logs.record_types import RecordType
from kafka_tools.model.codec import Field

SERVED = (
    Field(
        "endPoints",
        "[]struct",
        (
            Field("name", "string"),
            Field("host", "string"),
            Field("port", "uint16"),
            Field("securityProtocol", "int16"),
        ),
    ),
    Field(
        "features",
        "[]struct",
        (Field("name", "string"), Field("minSupportedVersion", "int16"), Field("maxSupportedVersion", "int16")),
    ),
)
"""Where a broker or a controller listens, and which features it supports."""

METADATA: Mapping[int, RecordType] = {
    # Nothing is left out: MetadataRecordType of Kafka 4.4 has no 6, 13 and 16. Such a gap is told as an unknown id.
    0: RecordType(
        "REGISTER_BROKER_RECORD",
        (
            Field("brokerId", "int32"),
            # Only while a cluster moves from ZooKeeper to KRaft (KIP-866), which Kafka 4 cannot do any more.
            Field("isMigratingZkBroker", "bool", since=2),
            Field("incarnationId", "uuid"),
            Field("brokerEpoch", "int64"),
            *SERVED,
            Field("rack", "string", nullable=0),
            Field("fenced", "bool"),
            Field("inControlledShutdown", "bool", since=1),
            # KIP-858: directories have ids, so that a broker can tell which replicas a broken disk had.
            Field("logDirs", "[]uuid", since=3, tag=0),
            Field("cordonedLogDirs", "[]uuid", since=4, nullable=4, tag=1, default=None),
        ),
        last=4,
    ),
    1: RecordType("UNREGISTER_BROKER_RECORD", (Field("brokerId", "int32"), Field("brokerEpoch", "int64"))),
    2: RecordType("TOPIC_RECORD", (Field("name", "string"), Field("topicId", "uuid"))),
    3: RecordType(
        "PARTITION_RECORD",
        (
            Field("partitionId", "int32"),
            Field("topicId", "uuid"),
            Field("replicas", "[]int32"),
            Field("isr", "[]int32"),
            Field("removingReplicas", "[]int32"),
            Field("addingReplicas", "[]int32"),
            Field("leader", "int32"),
            Field("leaderRecoveryState", "int8", tag=0),
            Field("leaderEpoch", "int32"),
            Field("partitionEpoch", "int32"),
            Field("directories", "[]uuid", since=1),
            # KIP-966: replicas that left the ISR, but have all that is committed.
            Field("eligibleLeaderReplicas", "[]int32", since=2, nullable=2, tag=1, default=None),
            Field("lastKnownElr", "[]int32", since=2, nullable=2, tag=2, default=None),
        ),
        last=2,
    ),
    4: RecordType(
        "CONFIG_RECORD",
        (
            Field("resourceType", "int8"),
            Field("resourceName", "string"),
            Field("name", "string"),
            Field("value", "string", nullable=0),
        ),
    ),
    5: RecordType(
        "PARTITION_CHANGE_RECORD",
        (
            Field("partitionId", "int32"),
            Field("topicId", "uuid"),
            # Null (for the leader -2, for a state -1) says that this did not change; the ISR of a partition changes
            # most often, so that a change of it is a few bytes.
            Field("isr", "[]int32", nullable=0, tag=0, default=None),
            Field("leader", "int32", tag=1, default=-2),
            Field("replicas", "[]int32", nullable=0, tag=2, default=None),
            Field("removingReplicas", "[]int32", nullable=0, tag=3, default=None),
            Field("addingReplicas", "[]int32", nullable=0, tag=4, default=None),
            Field("leaderRecoveryState", "int8", tag=5, default=-1),
            Field("directories", "[]uuid", since=1, nullable=1, tag=8, default=None),
            Field("eligibleLeaderReplicas", "[]int32", since=2, nullable=2, tag=6, default=None),
            Field("lastKnownElr", "[]int32", since=2, nullable=2, tag=7, default=None),
        ),
        last=2,
    ),
    7: RecordType("FENCE_BROKER_RECORD", (Field("id", "int32"), Field("epoch", "int64"))),
    8: RecordType("UNFENCE_BROKER_RECORD", (Field("id", "int32"), Field("epoch", "int64"))),
    9: RecordType("REMOVE_TOPIC_RECORD", (Field("topicId", "uuid"),)),
    10: RecordType(
        "DELEGATION_TOKEN_RECORD",
        (
            Field("owner", "string"),
            Field("requester", "string"),
            Field("renewers", "[]string"),
            Field("issueTimestamp", "int64"),
            Field("maxTimestamp", "int64"),
            Field("expirationTimestamp", "int64"),
            Field("tokenId", "string"),
        ),
    ),
    11: RecordType(
        "USER_SCRAM_CREDENTIAL_RECORD",
        (
            Field("name", "string"),
            Field("mechanism", "int8"),
            Field("salt", "bytes"),
            Field("storedKey", "bytes"),
            Field("serverKey", "bytes"),
            Field("iterations", "int32"),
        ),
    ),
    12: RecordType("FEATURE_LEVEL_RECORD", (Field("name", "string"), Field("featureLevel", "int16"))),
    14: RecordType(
        "CLIENT_QUOTA_RECORD",
        (
            Field("entity", "[]struct", (Field("entityType", "string"), Field("entityName", "string", nullable=0))),
            Field("key", "string"),
            Field("value", "float64"),
            Field("remove", "bool"),
        ),
    ),
    15: RecordType(
        "PRODUCER_IDS_RECORD",
        (Field("brokerId", "int32"), Field("brokerEpoch", "int64"), Field("nextProducerId", "int64")),
    ),
    17: RecordType(
        "BROKER_REGISTRATION_CHANGE_RECORD",
        (
            Field("brokerId", "int32"),
            Field("brokerEpoch", "int64"),
            Field("fenced", "int8", tag=0),
            Field("inControlledShutdown", "int8", since=1, tag=1),
            Field("logDirs", "[]uuid", since=2, tag=2),
            Field("cordonedLogDirs", "[]uuid", since=3, nullable=3, tag=3, default=None),
        ),
        last=3,
    ),
    18: RecordType(
        "ACCESS_CONTROL_ENTRY_RECORD",
        (
            Field("id", "uuid"),
            Field("resourceType", "int8"),
            Field("resourceName", "string"),
            Field("patternType", "int8"),
            Field("principal", "string"),
            Field("host", "string"),
            Field("operation", "int8"),
            Field("permissionType", "int8"),
        ),
    ),
    19: RecordType("REMOVE_ACCESS_CONTROL_ENTRY_RECORD", (Field("id", "uuid"),)),
    # Written where nothing else was for 500 ms (metadata.max.idle.interval.ms), so that lag can be seen (KIP-835).
    20: RecordType("NO_OP_RECORD", ()),
    21: RecordType("ZK_MIGRATION_STATE_RECORD", (Field("zkMigrationState", "int8"),)),
    22: RecordType("REMOVE_USER_SCRAM_CREDENTIAL_RECORD", (Field("name", "string"), Field("mechanism", "int8"))),
    # KIP-868: what does not fit in one batch, as a large migration, counts only when the end of its transaction is
    # read.
    23: RecordType("BEGIN_TRANSACTION_RECORD", (Field("name", "string", nullable=0, tag=0, default=None),)),
    24: RecordType("END_TRANSACTION_RECORD", ()),
    25: RecordType("ABORT_TRANSACTION_RECORD", (Field("reason", "string", nullable=0, tag=0, default=None),)),
    26: RecordType("REMOVE_DELEGATION_TOKEN_RECORD", (Field("tokenId", "string"),)),
    27: RecordType(
        "REGISTER_CONTROLLER_RECORD",
        (
            Field("controllerId", "int32"),
            Field("incarnationId", "uuid"),
            Field("zkMigrationReady", "bool"),
            *SERVED,
        ),
    ),
    28: RecordType("CLEAR_ELR_RECORD", (Field("topicName", "string"),)),
    29: RecordType("UNREGISTER_CONTROLLER_RECORD", (Field("controllerId", "int32"),)),
}
"""The records by their ids, with the names of org.apache.kafka.common.metadata.MetadataRecordType."""

RAFT: Mapping[int, RecordType] = {
    # 0 and 1 (abort, commit) end transactions, and are read where these are; of 2, a new leader, Apache's tool shows
    # the name alone. The fields' own `version` stands beside that of the definition, which is 0 in all of them.
    3: RecordType("SnapshotHeader", (Field("version", "int16"), Field("lastContainedLogTimestamp", "int64"))),
    4: RecordType("SnapshotFooter", (Field("version", "int16"),)),
    5: RecordType("KRaftVersion", (Field("version", "int16"), Field("kRaftVersion", "int16"))),
    6: RecordType(
        "KRaftVoters",
        (
            Field("version", "int16"),
            Field(
                "voters",
                "[]struct",
                (
                    Field("voterId", "int32"),
                    Field("voterDirectoryId", "uuid"),
                    Field(
                        "endpoints",
                        "[]struct",
                        (Field("name", "string"), Field("host", "string"), Field("port", "uint16")),
                    ),
                    Field(
                        "kRaftVersionFeature",
                        "struct",
                        (Field("minSupportedVersion", "int16"), Field("maxSupportedVersion", "int16")),
                    ),
                ),
            ),
        ),
    ),
}
"""Control records with a body of their own, by their ids (org.apache.kafka.common.record.ControlRecordType)."""
