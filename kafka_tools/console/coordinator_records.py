"""What Kafka writes into __consumer_offsets and __transaction_state, decoded.

Source: the record schemas OffsetCommitKey/Value and GroupMetadataKey/Value (group-coordinator, 3.9.1 and 4.3.1),
TransactionLogKey/Value (transaction-coordinator). A key begins with the number of its kind, a value with its version.
"""

import base64
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from kafka_tools.console.format import UnreadableError
from kafka_tools.model import codec
from kafka_tools.model.codec import Field

Fields: TypeAlias = dict[str, Any]

VERSION_BYTES = 2


class Schema(NamedTuple):
    """The fields of a message, its newest version, and the first one that is compact and has tagged fields."""

    fields: tuple[Field, ...]
    newest: int
    compact_since: int = 99


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
TRANSACTION_KEY = Schema((Field("transactionalId", "string"),), 0)
TRANSACTION_VALUE = Schema(
    (
        Field("producerId", "int64"),
        Field("previousProducerId", "int64", tag=0, default=-1),
        Field("nextProducerId", "int64", tag=1, default=-1),
        Field("producerEpoch", "int16"),
        Field("nextProducerEpoch", "int16", tag=3, default=-1),
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
        Field("clientTransactionVersion", "int16", tag=2),
    ),
    newest=1,
    compact_since=1,
)


def version_of(content: bytes) -> int:
    """Return the number that a key or value begins with. Raises UnreadableError where there is none."""
    if len(content) < VERSION_BYTES:
        raise UnreadableError("the record ends too early")
    return int.from_bytes(content[:VERSION_BYTES], signed=True)


def decode(content: bytes, schema: Schema) -> Fields | None:
    """Return a message's fields, or None where its version is newer than the schema. Raises UnreadableError."""
    version = version_of(content)
    if not 0 <= version <= schema.newest:
        return None
    try:
        (values,) = codec.decode(content[VERSION_BYTES:], _reader(schema, version))
    except codec.MalformedError as error:
        raise UnreadableError(error.message) from error
    return _of_version(values, schema.fields, version)


@cache
def _reader(schema: Schema, version: int) -> codec.Decoder:
    return codec.struct_decoder(schema.fields, version, version >= schema.compact_since)


def _of_version(values: Fields, fields: tuple[Field, ...], version: int) -> Fields:
    """Return the fields that this version has, in the schema's order, tagged ones only where they say something."""
    return {
        field.name: _shown(values[field.name], field, version)
        for field in fields
        if field.since <= version <= field.until and (field.tag is None or values[field.name] != field.default)
    }


def _shown(value: Any, field: Field, version: int) -> Any:
    if field.kind == "uuid":
        return base64.urlsafe_b64encode(value).decode().rstrip("=")  # as Kafka's Uuid prints it
    if field.kind == "[]struct" and value is not None:
        return [_of_version(each, field.fields, version) for each in value]
    return value
