"""Records of __consumer_offsets and __transaction_state, decoded and printed as Apache's formatters do.

As JSON: OffsetsMessageFormatter, GroupMetadataMessageFormatter and TransactionLogMessageFormatter of
org.apache.kafka.tools.consumer (3.9): one object a record, nothing between two. As lines: the formatters of the same
names in kafka.coordinator (up to 3.9).

Source of the fields: the record schemas OffsetCommitKey/Value and GroupMetadataKey/Value (group-coordinator, 3.9.1 and
4.3.1), TransactionLogKey/Value (transaction-coordinator). A key begins with the number of its kind, a value with its
version.
"""

import base64
import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from kafka_tools.console.formats import Batch, Formatter, UnreadableError
from kafka_tools.logs.record_types import of_version
from kafka_tools.logs.state_records import STATES, TRANSACTIONS
from kafka_tools.model import codec
from kafka_tools.model.codec import Field

Fields: TypeAlias = dict[str, Any]

VERSION_BYTES = 2


class Schema(NamedTuple):
    """The fields of a message, its newest version, and the first one that is compact and has tagged fields."""

    fields: tuple[Field, ...]
    newest: int
    compact_since: int = 99  # none is, so far


OFFSET_KEY = Schema((Field("group", "string"), Field("topic", "string"), Field("partition", "int32")), 1)
OFFSET_VALUE = Schema(
    (
        Field("offset", "int64"),
        Field("leaderEpoch", "int32", since=3),
        Field("metadata", "string", nullable=0),
        Field("commitTimestamp", "int64"),
        Field("expireTimestamp", "int64", since=1, until=1),
        Field("topicId", "uuid", tag=0),
    ),
    newest=4,
    compact_since=4,
)
MEMBER = (
    Field("memberId", "string"),
    Field("groupInstanceId", "string", since=3, nullable=3),
    Field("clientId", "string"),
    Field("clientHost", "string"),
    Field("rebalanceTimeout", "int32", since=1),
    Field("sessionTimeout", "int32"),
    Field("subscription", "bytes", nullable=0),
    Field("assignment", "bytes", nullable=0),
)
GROUP_KEY = Schema((Field("group", "string"),), 2)
GROUP_VALUE = Schema(
    (
        Field("protocolType", "string"),
        Field("generation", "int32"),
        Field("protocol", "string", nullable=0),
        Field("leader", "string", nullable=0),
        Field("currentStateTimestamp", "int64", since=2),
        Field("members", "[]struct", MEMBER),
    ),
    newest=4,
    compact_since=4,
)
_KEY, _VALUE = TRANSACTIONS[0]
TRANSACTION_KEY = Schema(_KEY.fields, _KEY.last)
TRANSACTION_VALUE = Schema(_VALUE.fields, _VALUE.last, _VALUE.flexible)


def version_of(content: bytes) -> int:
    """Return the number that a key or value begins with. Raises UnreadableError where there is none."""
    if len(content) < VERSION_BYTES:
        raise UnreadableError("the record ends too early")
    return int.from_bytes(content[:VERSION_BYTES], signed=True)


def decode(content: bytes, schema: Schema) -> Fields | None:
    """Return a message's fields, or None where its version is newer than the schema. Raises UnreadableError."""
    # A version that is not known is no error: a newer broker wrote it, and Apache's formatters print "unknown" (3.9).
    version = version_of(content)
    if not 0 <= version <= schema.newest:
        return None
    try:
        (values,) = codec.decode(content[VERSION_BYTES:], _decoder(schema, version))
    except codec.MalformedError as error:
        raise UnreadableError(error.message) from error
    return of_version(schema.fields, version, values)


@cache
def _decoder(schema: Schema, version: int) -> codec.Decoder:
    return codec.struct_decoder(schema.fields, version, version >= schema.compact_since)


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
        # As Jackson writes it: no blanks, letters as they are, bytes in base64; null for a tombstone's value.
        shown = {"version": version_of(key), "data": decode(key, kind.key)}
        content = None
        if value is not None:
            data = decode(value, kind.value)
            content = {"version": version_of(value), "data": "unknown" if data is None else data}
        return json.dumps({"key": shown, "value": content}, ensure_ascii=False, separators=(",", ":"), default=_base64)

    return _compiled(kind, text)


def _base64(value: bytes) -> str:
    """Return bytes as Jackson writes them."""
    return base64.b64encode(value).decode()


def compile_lines(kind: Kind) -> Formatter:
    """Return the function that writes records of this kind as lines and leaves out others; raises UnreadableError."""

    def text(key: bytes, value: bytes | None) -> str:
        name = decode(key, kind.key) or {}
        if value is None:
            return f"{kind.key_text(name)}::NULL\n"
        data = decode(value, kind.value)
        if data is None:
            raise UnreadableError(f"version {version_of(value)} of the record is not known")
        return f"{kind.key_text(name)}::{kind.value_text(name, data)}\n"

    return _compiled(kind, text)


def _compiled(kind: Kind, text: Callable[[bytes, bytes | None], str]) -> Formatter:
    def written(batch: Batch) -> bytes:
        pairs = ((message.key(), message.value()) for message in batch)
        # A key of another kind is left out without a word, as Apache's formatters do: all kinds share one topic.
        return "".join(
            text(key, value) for key, value in pairs if key and version_of(key) in kind.key_versions
        ).encode()

    return written


# A line: [group,topic,0]::OffsetAndMetadata(offset=7, leaderEpoch=Optional[0], metadata=, commitTimestamp=179…, …)
def _offset_key(key: Fields) -> str:
    return f"[{key['group']},{key['topic']},{key['partition']}]"


def _offset_value(_key: Fields, value: Fields) -> str:
    epoch = value.get("leaderEpoch", -1)  # older versions lack it; Java prints an Optional
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


# In __consumer_offsets keys of the numbers 0 and 1 are of an offset, 2 of a classic group, later ones of other groups
# (KIP-848, KIP-932).
KINDS = {
    "OffsetsMessageFormatter": Kind(range(2), OFFSET_KEY, OFFSET_VALUE, _offset_key, _offset_value),
    "GroupMetadataMessageFormatter": Kind(
        range(2, 3), GROUP_KEY, GROUP_VALUE, lambda key: str(key["group"]), _group_value
    ),
    "TransactionLogMessageFormatter": Kind(
        range(1), TRANSACTION_KEY, TRANSACTION_VALUE, lambda key: str(key["transactionalId"]), _transaction_value
    ),
}
"""What each of Apache's formatters reads."""
