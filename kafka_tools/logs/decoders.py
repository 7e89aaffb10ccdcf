"""Decoders of keys and values: Apache's classes for text and numbers, and those of Kafka's internal topics.

Each takes a record and returns what Kafka 3.9's tool prints as its key and its payload; None is not printed. JSON is
returned as such, so that it can be shown in another format, too.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from kafka_tools.logs.files import CorruptFileError
from kafka_tools.logs.records import Record

if TYPE_CHECKING:
    from kafka_tools.logs.record_types import RecordType

Shown = str | dict[str, Any] | None
Decoder = Callable[[Record], tuple[Shown, Shown]]
ValueDecoder = Callable[[bytes], str]

DELETED = "<DELETE>"


def _string(body: bytes) -> str:
    return body.decode(errors="replace")


def _number(size: int) -> ValueDecoder:
    def read(body: bytes) -> str:
        if not body:
            return "null"
        # Apache's ByteBuffer.getLong() raises BufferUnderflowException for too few bytes and ignores those that are too
        # many.
        if len(body) < size:
            raise CorruptFileError(f"{len(body)} bytes are too few for a number of {size}")
        return str(int.from_bytes(body[:size], "big", signed=True))

    return read


# Kafka 3.8 deprecated the second package for the first; scripts name either.
API, OLD = "org.apache.kafka.tools.api.", "kafka.serializer."
CLASSES: Mapping[str, ValueDecoder] = {
    "StringDecoder": _string,
    "LongDecoder": _number(8),
    "IntegerDecoder": _number(4),
    "DefaultDecoder": bytes.hex,
}
"""Apache's decoders. Of bytes that DefaultDecoder leaves as they are Java prints the address in memory."""


def by_classes(key: ValueDecoder, value: ValueDecoder) -> Decoder:
    """Return the decoder of ordinary records."""

    def decode(record: Record) -> tuple[Shown, Shown]:
        try:
            return (
                None if record.key is None else key(record.key),
                None if record.value is None else value(record.value),
            )
        except CorruptFileError as failure:
            raise CorruptFileError(
                f"The record of offset {record.offset} cannot be decoded: {failure.message}."
            ) from failure

    return decode


def offsets(record: Record) -> tuple[Shown, Shown]:
    """Decode a record of __consumer_offsets (OffsetsMessageParser, Kafka 3.9; newer types as in 4.4)."""
    # Loaded only here: tables that no other kind of topic needs.
    from kafka_tools.logs.group_records import GROUPS

    return _of_coordinator(record, GROUPS)


def share_group_state(record: Record) -> tuple[Shown, Shown]:
    """Decode a record of __share_group_state (ShareGroupStateMessageParser, Kafka 4.4)."""
    from kafka_tools.logs.state_records import SHARES

    return _of_coordinator(record, SHARES)


def _of_coordinator(record: Record, types: Mapping[int, Any]) -> tuple[Shown, Shown]:
    from kafka_tools.logs.record_types import document, versioned

    try:
        number, stream = versioned(_key(record))
        # A newer Kafka may write types that are not known here, and has readers skip them: an answer, not an error.
        if number not in types:
            return f"Unknown record type {number} at offset {record.offset}, skipping.", None
        key_type, value_type = types[number]
        # The id of a type is the version of its key, which Kafka has only one of.
        key = {"type": str(number), "data": document(key_type, 0, stream)}
        if record.value is None:
            return key, DELETED
        version, stream = versioned(record.value)
        value = document(value_type, version, stream)
        if value_type.name == "GroupMetadataValue" and value.get("protocolType") == "consumer":
            _open_members(value)
        return key, {"version": str(version), "data": value}
    except CorruptFileError as failure:
        # As Apache's parser: one record that cannot be read does not end the dump of the others.
        return f"Error at offset {record.offset}, skipping. {failure.message}", None


def _key(record: Record) -> bytes:
    if record.key is None:
        raise CorruptFileError(
            f"Failed to decode message at offset {record.offset} using offset topic decoder (message had a missing key)"
        )
    return record.key


def _open_members(group: dict[str, Any]) -> None:
    """Replace the bytes of members' subscriptions and assignments by what they say in the consumers' protocol."""
    from kafka_tools.logs.record_types import document, versioned
    from kafka_tools.logs.state_records import ASSIGNMENT, SUBSCRIPTION

    for member in group["members"]:
        for name, kind in (("subscription", SUBSCRIPTION), ("assignment", ASSIGNMENT)):
            try:
                version, stream = versioned(member[name])
                member[name] = document(kind, version, stream)
            except CorruptFileError:
                continue  # shown as the bytes that it is


def transaction_log(record: Record) -> tuple[Shown, Shown]:
    """Decode a record of __transaction_state (TransactionLog.formatRecordKeyAndValue, Kafka 3.9)."""
    from kafka_tools.logs.record_types import document, versioned
    from kafka_tools.logs.state_records import TRANSACTIONS

    key_type, value_type = TRANSACTIONS[0]
    try:
        version, stream = versioned(_key(record))
        if version:
            return f"unknown::version={version}", None
        key = f"transaction_metadata::transactionalId={document(key_type, 0, stream)['transactionalId']}"
        if record.value is None:
            return key, DELETED
        version, stream = versioned(record.value)
        return key, _transaction(document(value_type, version, stream))
    except CorruptFileError as failure:
        raise CorruptFileError(
            f"The record of offset {record.offset} is none of the transaction log: {failure.message}"
        ) from failure


def _transaction(value: Mapping[str, Any]) -> str:
    from kafka_tools.logs.state_records import STATES

    status = value["transactionStatus"]
    if not 0 <= status < len(STATES):
        raise CorruptFileError(f"Unknown transaction status id {status}")
    named = (
        f"{each['topic']}-{number}" for each in value["transactionPartitions"] or () for number in each["partitionIds"]
    )
    # A set in the order of arrival. Kafka reads them only where the state is not Empty (0), whatever stands there.
    partitions = dict.fromkeys(named if status else ())
    return (
        f"producerId:{value['producerId']},producerEpoch:{value['producerEpoch']},state={STATES[status]},"
        f"partitions=[{','.join(partitions)}],"
        f"txnLastUpdateTimestamp={value['transactionLastUpdateTimestampMs']},"
        f"txnTimeoutMs={value['transactionTimeoutMs']}"
    )


FRAME = "Could not deserialize metadata record"


def cluster_metadata(record: Record) -> tuple[Shown, Shown]:
    """Decode a record of __cluster_metadata (MetadataRecordSerde, Kafka 3.9; newer types as in 4.4)."""
    from kafka_tools.logs.metadata_records import METADATA

    try:
        kind, version, value = _framed(METADATA, record.value or b"")
        return None, {"type": kind.name, "version": version, "data": value}
    except CorruptFileError as failure:
        return None, f"Error at {record.offset}, skipping. {failure.message}"


def remote_log_metadata(record: Record) -> tuple[Shown, Shown]:
    """Decode a record of __remote_log_metadata (RemoteLogMetadataSerde, Kafka 3.9)."""
    from kafka_tools.logs.remote_records import REMOTE, shown

    try:
        if record.value is None:
            raise CorruptFileError("The record has no value")
        kind, _, value = _framed(REMOTE, record.value)
        return None, shown(kind, value)
    except CorruptFileError as failure:
        return None, f"Error at offset {record.offset}, skipping. {failure.message}"


def _framed(types: "Mapping[int, RecordType]", body: bytes) -> "tuple[RecordType, int, dict[str, Any]]":
    """Read a record that has its type and version before its fields (AbstractApiMessageSerde, Kafka 3.9)."""
    from kafka_tools.logs.record_types import document

    stream = BytesIO(body)
    # Three unsigned varints stand before the fields: the version of this frame, the id of the type, the version of the
    # type. A missing value decodes as one that ends before the first.
    frame = _unsigned(stream, "frame version")
    if frame == 0:
        raise CorruptFileError(
            f"{FRAME} with frame version 0. Note that upgrades from the preview release of KRaft in 2.8 to newer "
            "versions are not supported."
        )
    if frame != 1:
        raise CorruptFileError(f"{FRAME} due to unknown frame version {frame}(only frame version 1 is supported)")
    number, version = _unsigned(stream, "type"), _unsigned(stream, "version")
    if number not in types:
        raise CorruptFileError(
            f"org.apache.kafka.common.errors.UnsupportedVersionException: Unknown metadata id {number}"
        )
    kind = types[number]
    try:
        value = document(kind, version, stream)
    except CorruptFileError as failure:
        raise CorruptFileError(f"Failed to deserialize record with type {number}") from failure
    # Bytes that are left over mean a version whose fields are not those of the table: better refused than half shown.
    rest = len(stream.read())
    if rest:
        raise CorruptFileError(f"Found {rest} byte(s) of garbage after {number}")
    return kind, version, value


def _unsigned(stream: BytesIO, what: str) -> int:
    number = shift = 0
    # Five bytes of seven bits hold all 32.
    while shift < 35:
        byte = stream.read(1)
        if not byte:
            raise CorruptFileError(f"Error while reading {what}")
        number |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return number
        shift += 7
    raise CorruptFileError(f"Error while reading {what}")


def raft_control(number: int, body: bytes) -> str:
    """Return what a control record of Kafka's Raft says, with its name; "" for a type that has no body of interest."""
    from kafka_tools.logs.metadata_records import RAFT
    from kafka_tools.logs.record_types import document, written

    kind = RAFT.get(number)
    return "" if kind is None else f"{kind.name} {written(document(kind, 0, BytesIO(body)))}"
