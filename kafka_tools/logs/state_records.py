"""The records of transactions (__transaction_state), of share groups (__share_group_state), and consumers' own structs.

Field tables as in `model/codec`, derived from the definitions in common/message of Kafka 4.4.
"""

from collections.abc import Mapping

from kafka_tools.logs.record_types import RecordType, record_key
from kafka_tools.model.codec import NEVER, Field

SHARE_PARTITION = (Field("groupId", "string"), Field("topicId", "uuid"), Field("partition", "int32"))
BATCHES = Field(
    "stateBatches",
    "[]struct",
    (
        Field("firstOffset", "int64"),
        Field("lastOffset", "int64"),
        Field("deliveryState", "int8"),
        Field("deliveryCount", "int16"),
    ),
)

# KIP-932: a share group's acknowledgements change with every record, so most records say only what is new since the
# last snapshot (type 1, with the snapshot's epoch), and now and then one says all (type 0). deliveryState: 0 available,
# 2 acknowledged, 4 archived.
SHARES: Mapping[int, tuple[RecordType, RecordType]] = {
    0: (
        record_key("ShareSnapshot", SHARE_PARTITION),
        RecordType(
            "ShareSnapshotValue",
            (
                Field("snapshotEpoch", "int32"),
                Field("stateEpoch", "int32"),
                Field("leaderEpoch", "int32"),
                Field("startOffset", "int64"),
                # KIP-1226: how many records behind the start are done with, so that the lag is known; -1 where nobody
                # counted.
                Field("deliveryCompleteCount", "int32", tag=0, default=-1),
                Field("createTimestamp", "int64"),
                Field("writeTimestamp", "int64"),
                BATCHES,
            ),
        ),
    ),
    1: (
        record_key("ShareUpdate", SHARE_PARTITION),
        RecordType(
            "ShareUpdateValue",
            (
                Field("snapshotEpoch", "int32"),
                Field("leaderEpoch", "int32"),
                Field("startOffset", "int64"),
                Field("deliveryCompleteCount", "int32", tag=0, default=-1),
                BATCHES,
            ),
        ),
    ),
}
"""What a share group has acknowledged: whole, and what changed since."""

TRANSACTIONS: Mapping[int, tuple[RecordType, RecordType]] = {
    0: (
        record_key("TransactionLog", (Field("transactionalId", "string"),)),
        RecordType(
            # Version 1 is the last (KIP-915): what is new comes as a tagged field, which an older broker skips. The ids
            # before and after the current one, and the next epoch, are of KIP-890: each transaction raises the epoch,
            # and takes a new id where the epochs are used up.
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

STATES = (
    *("Empty", "Ongoing", "PrepareCommit", "PrepareAbort"),
    *("CompleteCommit", "CompleteAbort", "Dead", "PrepareEpochFence"),
)
"""The states of transactions by their numbers (kafka.coordinator.transaction.TransactionState, 3.9)."""

# What the consumers of a classic group say to one another: the broker hands it on unread, and each client library may
# put its own bytes there. `ownedPartitions` came for cooperative rebalances (KIP-429), `rackId` with KIP-881.
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
