"""Records of __consumer_offsets and __transaction_state as Apache's formatters print them.

As JSON: OffsetsMessageFormatter, GroupMetadataMessageFormatter and TransactionLogMessageFormatter of
org.apache.kafka.tools.consumer (3.9): one object a record, nothing between two. As lines: the formatters of the same
names in kafka.coordinator (up to 3.9).
"""

import base64
import json
from collections.abc import Callable
from typing import Any, NamedTuple

from kafka_tools.console import coordinator_records as records
from kafka_tools.console.coordinator_records import Fields, Schema
from kafka_tools.console.format import Batch, Formatter, UnreadableError

STATES = (
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
)
"""The byte of a transaction's status (kafka.coordinator.transaction.TransactionState)."""


class Kind(NamedTuple):
    """One kind of record: the numbers its keys begin with, both schemas, and its key and value as a line of text."""

    key_versions: range
    key: Schema
    value: Schema
    key_text: Callable[[Fields], str]
    value_text: Callable[[Fields, Fields], str]


def compile_json(kind: Kind) -> Formatter:
    """Return the function that writes records of this kind as JSON and leaves out others; it raises UnreadableError."""

    def text(key: bytes, value: bytes | None) -> str:
        shown = {"version": records.version_of(key), "data": records.decode(key, kind.key)}
        content = None
        if value is not None:
            data = records.decode(value, kind.value)
            content = {"version": records.version_of(value), "data": "unknown" if data is None else data}
        return json.dumps({"key": shown, "value": content}, ensure_ascii=False, separators=(",", ":"), default=_base64)

    return _compiled(kind, text)


def _base64(value: bytes) -> str:
    """Return bytes as Jackson writes them."""
    return base64.b64encode(value).decode()


def compile_lines(kind: Kind) -> Formatter:
    """Return the function that writes records of this kind as lines and leaves out others; raises UnreadableError."""

    def text(key: bytes, value: bytes | None) -> str:
        name = records.decode(key, kind.key) or {}
        if value is None:
            return f"{kind.key_text(name)}::NULL\n"
        data = records.decode(value, kind.value)
        if data is None:
            raise UnreadableError(f"version {records.version_of(value)} of the record is not known")
        return f"{kind.key_text(name)}::{kind.value_text(name, data)}\n"

    return _compiled(kind, text)


def _compiled(kind: Kind, text: Callable[[bytes, bytes | None], str]) -> Formatter:
    def written(batch: Batch) -> bytes:
        pairs = ((message.key(), message.value()) for message in batch)
        return "".join(
            text(key, value) for key, value in pairs if key and records.version_of(key) in kind.key_versions
        ).encode()

    return written


def _offset_key(key: Fields) -> str:
    return f"[{key['group']},{key['topic']},{key['partition']}]"


def _offset_value(_key: Fields, value: Fields) -> str:
    epoch = value.get("leaderEpoch", -1)
    return (
        f"OffsetAndMetadata(offset={value['offset']}, "
        f"leaderEpoch={'Optional.empty' if epoch < 0 else f'Optional[{epoch}]'}, metadata={value['metadata']}, "
        f"commitTimestamp={value['commitTimestamp']}, expireTimestamp={_option(value.get('expireTimestamp'))})"
    )


def _option(value: Any) -> str:
    """Return a value as Scala's Option prints it; -1 is the schema's word for none."""
    return "None" if value is None or value == -1 else f"Some({value})"


def _group_value(key: Fields, value: Fields) -> str:
    members = ", ".join(f"{each['memberId']} -> {_member(each, value)}" for each in value["members"] or ())
    return (
        f"GroupMetadata(groupId={key['group']}, generation={value['generation']}, "
        f"protocolType={_option(value['protocolType'] or None)}, currentState={'Stable' if members else 'Empty'}, "
        f"members=HashMap({members}))"
    )


def _member(member: Fields, group: Fields) -> str:
    return (
        f"MemberMetadata(memberId={member['memberId']}, groupInstanceId={_option(member.get('groupInstanceId'))}, "
        f"clientId={member['clientId']}, clientHost={member['clientHost']}, "
        f"sessionTimeoutMs={member['sessionTimeout']}, "
        f"rebalanceTimeoutMs={member.get('rebalanceTimeout', member['sessionTimeout'])}, "
        f"supportedProtocols=List({group['protocol']}))"
    )


def _transaction_value(key: Fields, value: Fields) -> str:
    partitions = [
        f"{each['topic']}-{partition}"
        for each in value["transactionPartitions"] or ()
        for partition in each["partitionIds"] or ()
    ]
    return (
        f"TransactionMetadata(transactionalId={key['transactionalId']}, producerId={value['producerId']}, "
        f"producerEpoch={value['producerEpoch']}, txnTimeoutMs={value['transactionTimeoutMs']}, "
        f"state={_state(value['transactionStatus'])}, pendingState=None, "
        f"topicPartitions=HashSet({', '.join(partitions)}), "
        f"txnStartTimestamp={value['transactionStartTimestampMs']}, "
        f"txnLastUpdateTimestamp={value['transactionLastUpdateTimestampMs']})"
    )


def _state(status: int) -> str:
    if not 0 <= status < len(STATES):
        raise UnreadableError(f"Unknown transaction state id {status} from the transaction status message")
    return STATES[status]


OFFSETS = Kind(range(2), records.OFFSET_KEY, records.OFFSET_VALUE, _offset_key, _offset_value)
GROUPS = Kind(range(2, 3), records.GROUP_KEY, records.GROUP_VALUE, lambda key: str(key["group"]), _group_value)
TRANSACTIONS = Kind(
    range(1),
    records.TRANSACTION_KEY,
    records.TRANSACTION_VALUE,
    lambda key: str(key["transactionalId"]),
    _transaction_value,
)
