"""Requests about transactions and their responses (KIP-98, KIP-664): a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message, by_partition

TRANSACTION_COORDINATOR = 1
"""The kind of coordinator that a FindCoordinator request looks for (FindCoordinatorRequest.CoordinatorType)."""

# The fields of versions 1 and 2 are left out for older brokers: who filters asks for `since` these versions, or would
# be sent all transactions as if they matched.
LIST_TRANSACTIONS = Message(
    66,
    "ListTransactions",
    first=0,
    last=2,
    flexible=0,
    request=(
        Field("state_filters", "[]string"),
        Field("producer_id_filters", "[]int64"),
        # In ms. The broker compares, by its own clock.
        Field("duration_filter", "int64", since=1, default=-1),
        Field("transactional_id_pattern", "string", since=2, nullable=2, default=None),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("unknown_state_filters", "[]string"),
        Field(
            "transaction_states",
            "[]struct",
            (
                Field("transactional_id", "string"),
                Field("producer_id", "int64"),
                Field("transaction_state", "string"),
            ),
        ),
    ),
)
"""Asks one broker for the transactional ids that it keeps."""

DESCRIBE_TRANSACTIONS = Message(
    65,
    "DescribeTransactions",
    first=0,
    last=0,
    flexible=0,
    request=(Field("transactional_ids", "[]string"),),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "transaction_states",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("transactional_id", "string"),
                Field("transaction_state", "string"),
                Field("transaction_timeout_ms", "int32"),
                Field("transaction_start_time", "int64"),
                Field("producer_id", "int64"),
                Field("producer_epoch", "int16"),
                Field("topics", "[]struct", (Field("topic", "string"), Field("partitions", "[]int32"))),
            ),
        ),
    ),
)
"""Asks a coordinator for the transactions of ids that it keeps."""

DESCRIBE_PRODUCERS = Message(
    61,
    "DescribeProducers",
    first=0,
    last=0,
    flexible=0,
    request=(Field("topics", "[]struct", (Field("name", "string"), Field("partition_indexes", "[]int32"))),),
    response=(
        Field("throttle_time_ms", "int32"),
        by_partition(
            Field("error_code", "int16"),
            Field("error_message", "string", nullable=0, default=None),
            Field(
                "active_producers",
                "[]struct",
                (
                    Field("producer_id", "int64"),
                    # An int32 in this request alone: an epoch has 16 bits wherever else it is told.
                    Field("producer_epoch", "int32"),
                    Field("last_sequence", "int32", default=-1),
                    Field("last_timestamp", "int64", default=-1),
                    Field("coordinator_epoch", "int32"),
                    # -1 where the producer has no open transaction in this partition.
                    Field("current_txn_start_offset", "int64", default=-1),
                ),
            ),
        ),
    ),
)
"""Asks a broker which producers its replicas of these partitions remember."""

WRITE_TXN_MARKERS = Message(
    27,
    "WriteTxnMarkers",
    first=1,
    last=1,
    flexible=1,
    request=(
        Field(
            "markers",
            "[]struct",
            (
                Field("producer_id", "int64"),
                Field("producer_epoch", "int16"),
                # False aborts, True commits.
                Field("transaction_result", "bool"),
                Field("topics", "[]struct", (Field("name", "string"), Field("partition_indexes", "[]int32"))),
                Field("coordinator_epoch", "int32"),
            ),
        ),
    ),
    response=(
        Field("markers", "[]struct", (Field("producer_id", "int64"), by_partition(Field("error_code", "int16")))),
    ),
)
"""Ends a transaction in partitions that the one who is asked leads; coordinators send it.

Version 2 (Kafka 4.2, KIP-1228) has the version of the transaction, too, which only its coordinator knows. Apache's tool
leaves it at 0 (AbortTransactionHandler 4.4), which is what brokers take version 1 for: both send the same."""

INIT_PRODUCER_ID = Message(
    22,
    "InitProducerId",
    # Nobody here sends an id and an epoch: with -1 for both, whoever produces under the transactional id is fenced.
    first=3,
    # Version 6 is for transactions in two phases (KIP-939), which would leave one prepared.
    last=5,
    flexible=2,
    request=(
        Field("transactional_id", "string", nullable=0),
        Field("transaction_timeout_ms", "int32"),
        Field("producer_id", "int64", default=-1),
        Field("producer_epoch", "int16", default=-1),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("producer_id", "int64", default=-1),
        Field("producer_epoch", "int16"),
    ),
)
"""Makes somebody the only producer of a transactional id: a transaction that is open there is aborted."""
