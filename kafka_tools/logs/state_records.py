"""The records of transactions (__transaction_state), of share groups (__share_group_state), and consumers' own structs.

Field tables as in `model/codec`, derived from the definitions in common/message of Kafka 4.4.
"""

from collections.abc import Mapping

from kafka_tools.logs.record_types import RecordType, record_key
from kafka_tools.model.codec import NEVER, Field

SHARES: Mapping[int, tuple[RecordType, RecordType]] = {
    0: (
        record_key(
            "ShareSnapshot", (Field("groupId", "string"), Field("topicId", "uuid"), Field("partition", "int32"))
        ),
        RecordType(
            "ShareSnapshotValue",
            (
                Field("snapshotEpoch", "int32"),
                Field("stateEpoch", "int32"),
                Field("leaderEpoch", "int32"),
                Field("startOffset", "int64"),
                Field("deliveryCompleteCount", "int32", tag=0, default=-1),
                Field("createTimestamp", "int64"),
                Field("writeTimestamp", "int64"),
                Field(
                    "stateBatches",
                    "[]struct",
                    (
                        Field("firstOffset", "int64"),
                        Field("lastOffset", "int64"),
                        Field("deliveryState", "int8"),
                        Field("deliveryCount", "int16"),
                    ),
                ),
            ),
        ),
    ),
    1: (
        record_key("ShareUpdate", (Field("groupId", "string"), Field("topicId", "uuid"), Field("partition", "int32"))),
        RecordType(
            "ShareUpdateValue",
            (
                Field("snapshotEpoch", "int32"),
                Field("leaderEpoch", "int32"),
                Field("startOffset", "int64"),
                Field("deliveryCompleteCount", "int32", tag=0, default=-1),
                Field(
                    "stateBatches",
                    "[]struct",
                    (
                        Field("firstOffset", "int64"),
                        Field("lastOffset", "int64"),
                        Field("deliveryState", "int8"),
                        Field("deliveryCount", "int16"),
                    ),
                ),
            ),
        ),
    ),
}
"""What a share group has acknowledged: whole, and what changed since."""

TRANSACTIONS: Mapping[int, tuple[RecordType, RecordType]] = {
    0: (
        record_key("TransactionLog", (Field("transactionalId", "string"),)),
        RecordType(
            "TransactionLogValue",
            (
                Field("producerId", "int64"),
                Field("previousProducerId", "int64", since=1, tag=0, default=-1),
                Field("nextProducerId", "int64", since=1, tag=1, default=-1),
                Field("producerEpoch", "int16"),
                Field("nextProducerEpoch", "int16", since=1, tag=3, default=-1),
                Field("transactionTimeoutMs", "int32"),
                Field("transactionStatus", "int8"),
                Field(
                    "transactionPartitions",
                    "[]struct",
                    (Field("topic", "string"), Field("partitionIds", "[]int32")),
                    nullable=0,
                ),
                Field("transactionLastUpdateTimestampMs", "int64"),
                Field("transactionStartTimestampMs", "int64"),
                Field("clientTransactionVersion", "int16", since=1, tag=2),
            ),
            last=1,
            flexible=1,
        ),
    )
}
"""The state of each transactional id."""

SUBSCRIPTION = RecordType(
    "ConsumerProtocolSubscription",
    (
        Field("topics", "[]string"),
        Field("userData", "bytes", nullable=0),
        Field("ownedPartitions", "[]struct", (Field("topic", "string"), Field("partitions", "[]int32")), since=1),
        Field("generationId", "int32", since=2),
        Field("rackId", "string", since=3, nullable=3),
    ),
    last=3,
    flexible=NEVER,
)
ASSIGNMENT = RecordType(
    "ConsumerProtocolAssignment",
    (
        Field("assignedPartitions", "[]struct", (Field("topic", "string"), Field("partitions", "[]int32"))),
        Field("userData", "bytes", nullable=0),
    ),
    last=3,
    flexible=NEVER,
)
