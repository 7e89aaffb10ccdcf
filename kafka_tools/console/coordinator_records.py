"""What Kafka writes into __consumer_offsets and __transaction_state, decoded.

Source: the record schemas OffsetCommitKey/Value and GroupMetadataKey/Value (group-coordinator, 3.9.1 and 4.3.1),
TransactionLogKey/Value (transaction-coordinator). A key begins with the number of its kind, a value with its version.
"""

import base64
import struct
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from kafka_tools.console.format import UnreadableError

Fields: TypeAlias = dict[str, Any]


class Field(NamedTuple):
    """One field of a schema: which versions have it, and where it is a tagged field, its tag and what is left out."""

    name: str
    read: "Callable[[Bytes], Any]"
    since: int = 0
    until: int = 99
    tag: int | None = None
    default: Any = None


class Bytes:
    """The bytes of one message, read from left to right. `is_compact` says whether its version has Kafka's newer,
    compact encoding with tagged fields. Methods raise UnreadableError where the bytes end too early."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0
        self.version = 0
        self.is_compact = False

    def number(self, code: str) -> int:
        """Return a number; `code` is struct's."""
        try:
            (value,) = struct.unpack_from(f">{code}", self.content, self.place)
        except struct.error:
            raise UnreadableError("the record ends too early") from None
        self.place += struct.calcsize(f">{code}")
        return int(value)

    def varint(self) -> int:
        """Return an unsigned number of variable length."""
        value = shift = 0
        while True:
            byte = self.number("B")
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift > 35:
                return value

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        if size > len(self.content) - self.place:
            raise UnreadableError("the record ends too early")
        self.place += size
        return self.content[self.place - size : self.place]

    def string(self) -> str | None:
        """Return text, or null."""
        size = self.varint() - 1 if self.is_compact else self.number("h")
        return None if size < 0 else self.take(size).decode(errors="replace")

    def octets(self) -> bytes | None:
        """Return bytes, or null."""
        size = self.varint() - 1 if self.is_compact else self.number("i")
        return None if size < 0 else self.take(size)

    def array(self, read: "Callable[[Bytes], Any]") -> list[Any] | None:
        """Return a list, or null."""
        size = self.varint() - 1 if self.is_compact else self.number("i")
        if size > len(self.content) - self.place:
            raise UnreadableError("the record ends too early")
        return None if size < 0 else [read(self) for _ in range(size)]

    def struct(self, fields: tuple[Field, ...]) -> Fields:
        """Return the fields that this version has, in the schema's order."""
        values = {
            field.name: field.read(self)
            for field in fields
            if field.tag is None and field.since <= self.version <= field.until
        }
        tagged = self._tagged({field.tag: field for field in fields}) if self.is_compact else {}
        names = [field.name for field in fields if field.name in values or field.name in tagged]
        return {name: values[name] if name in values else tagged[name] for name in names}

    def _tagged(self, fields: dict[int | None, Field]) -> Fields:
        values: Fields = {}
        for _ in range(self.varint()):
            field, content = fields.get(self.varint()), Bytes(self.take(self.varint()))
            if field is not None:
                value = field.read(content)
                if value != field.default:
                    values[field.name] = value
        return values


def _string(content: Bytes) -> Any:
    return content.string()


def _int16(content: Bytes) -> Any:
    return content.number("h")


def _int32(content: Bytes) -> Any:
    return content.number("i")


def _int64(content: Bytes) -> Any:
    return content.number("q")


def _octets(content: Bytes) -> Any:
    return content.octets()


def _uuid(content: bytes) -> str:
    """Return an id as Kafka's Uuid prints it."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


NO_UUID = _uuid(bytes(16))


class Schema(NamedTuple):
    """The fields of a message, its newest version, and the first one that is compact."""

    fields: tuple[Field, ...]
    newest: int
    compact_since: int = 99


OFFSET_KEY = Schema((Field("group", _string), Field("topic", _string), Field("partition", _int32)), 1)
OFFSET_VALUE = Schema(
    (
        Field("offset", _int64),
        Field("leaderEpoch", _int32, since=3),
        Field("metadata", _string),
        Field("commitTimestamp", _int64),
        Field("expireTimestamp", _int64, since=1, until=1),
        Field("topicId", lambda content: _uuid(content.take(16)), tag=0, default=NO_UUID),
    ),
    newest=4,
    compact_since=4,
)
MEMBER = (
    Field("memberId", _string),
    Field("groupInstanceId", _string, since=3),
    Field("clientId", _string),
    Field("clientHost", _string),
    Field("rebalanceTimeout", _int32, since=1),
    Field("sessionTimeout", _int32),
    Field("subscription", _octets),
    Field("assignment", _octets),
)
GROUP_KEY = Schema((Field("group", _string),), 2)
GROUP_VALUE = Schema(
    (
        Field("protocolType", _string),
        Field("generation", _int32),
        Field("protocol", _string),
        Field("leader", _string),
        Field("currentStateTimestamp", _int64, since=2),
        Field("members", lambda content: content.array(lambda each: each.struct(MEMBER))),
    ),
    newest=4,
    compact_since=4,
)
TRANSACTION_KEY = Schema((Field("transactionalId", _string),), 0)
TRANSACTION_PARTITIONS = (
    Field("topic", _string),
    Field("partitionIds", lambda content: content.array(_int32)),
)
TRANSACTION_VALUE = Schema(
    (
        Field("producerId", _int64),
        Field("previousProducerId", _int64, tag=0, default=-1),
        Field("nextProducerId", _int64, tag=1, default=-1),
        Field("producerEpoch", _int16),
        Field("nextProducerEpoch", _int16, tag=3, default=-1),
        Field("transactionTimeoutMs", _int32),
        Field("transactionStatus", lambda content: content.number("b")),
        Field(
            "transactionPartitions",
            lambda content: content.array(lambda each: each.struct(TRANSACTION_PARTITIONS)),
        ),
        Field("transactionLastUpdateTimestampMs", _int64),
        Field("transactionStartTimestampMs", _int64),
        Field("clientTransactionVersion", _int16, tag=2, default=0),
    ),
    newest=1,
    compact_since=1,
)


def version_of(content: bytes) -> int:
    """Return the number that a key or value begins with."""
    return Bytes(content).number("h")


def decode(content: bytes, schema: Schema) -> Fields | None:
    """Return a message's fields, or None where its version is newer than the schema. Raises UnreadableError."""
    message = Bytes(content)
    message.version = message.number("h")
    if not 0 <= message.version <= schema.newest:
        return None
    message.is_compact = message.version >= schema.compact_since
    return message.struct(schema.fields)
