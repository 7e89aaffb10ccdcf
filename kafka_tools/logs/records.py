"""The records in a batch, out of its compression."""

import zlib
from collections.abc import Iterator
from struct import Struct, error
from typing import NamedTuple

from kafka_tools.logs.batches import (
    CODEC,
    HEADER,
    LARGEST,
    LEGACY_CHECKED_FROM,
    LOG_APPEND_TIME,
    LOG_OVERHEAD,
    MESSAGE,
    MESSAGE_TIME,
    START,
    V2,
    Batch,
    sequence,
)
from kafka_tools.logs.compression import decompress
from kafka_tools.logs.files import CorruptFileError

INT = Struct(">i")
NULL = 1
"""What is written of the size -1, which stands for null."""


class Record(NamedTuple):
    """A record; `timestamp` in ms. `crc` and `is_valid` are those of a message of the versions before 2."""

    offset: int
    timestamp: int
    sequence: int
    key: bytes | None
    value: bytes | None
    headers: tuple[str, ...]
    crc: int | None = None
    is_valid: bool = True


def records(batch: Batch) -> Iterator[Record]:
    """Yield the records of a batch. Raises CorruptFileError, KafkaToolError where a library is missing."""
    try:
        yield from _records(batch) if batch.magic >= V2 else _messages(batch)
    except CorruptFileError as failure:
        raise CorruptFileError(f"The batch of offset {batch.base_offset}, {batch.at}: {failure.message}") from failure
    except (error, IndexError, UnicodeDecodeError) as failure:
        raise CorruptFileError(
            f"The batch of offset {batch.base_offset}, {batch.at}, has no valid records ({failure})"
        ) from failure


def _records(batch: Batch) -> Iterator[Record]:
    if batch.record_count < 0:
        raise CorruptFileError(f"Found invalid record count {batch.record_count} in magic v{batch.magic} batch")
    # The cleaner leaves batches without records: they keep the last sequence number of their producer.
    if not batch.record_count:
        return
    body = decompress(batch.attributes & CODEC, batch.body[HEADER.size :].tobytes())
    # With LogAppendTime the broker writes its time into the header; the deltas may still be the producer's.
    append_time = batch.max_timestamp if batch.attributes & LOG_APPEND_TIME else None
    position = 0
    for _ in range(batch.record_count):
        # A record: size, attributes (1 byte), timestamp delta, offset delta, key, value, headers; every number a zigzag
        # varint, and before bytes their length with -1 for null (DefaultRecord).
        size, position = _varint(body, position)
        end = position + size
        if size < 0 or end > len(body):
            raise CorruptFileError(f"a record of {size} bytes where {len(body) - position} are left")
        time_delta, position = _varint(body, position + 1)  # the byte before are attributes, which nothing uses yet
        offset_delta, position = _varint(body, position)
        # Most records have no key and no headers: to see that here saves a quarter of the time.
        key, position = (None, position + 1) if body[position] == NULL else _bytes(body, position, end)
        value, position = _bytes(body, position, end)
        headers, position = _headers(body, position, end) if body[position] else ((), position + 1)
        if position != end:
            raise CorruptFileError(f"a record of {size} bytes that ends {position - end} bytes off")
        yield Record(
            batch.base_offset + offset_delta,
            batch.base_timestamp + time_delta if append_time is None else append_time,
            sequence(batch.base_sequence, offset_delta),
            key,
            value,
            headers,
        )
    # Seen only when all records were read: Kafka's iterator complains at its end, too.
    if position != len(body):
        raise CorruptFileError("Incorrect declared batch size, records still remaining in file")


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """Return a signed number of up to 64 bits (zigzag, as in Protocol Buffers) and the position behind it."""
    # An IndexError at the end of the bytes is told by `records` as a batch that has no valid records.
    byte = body[position]
    position += 1
    number, shift = byte & 127, 7
    while byte > 127:
        if shift > 63:
            raise CorruptFileError("a number of more than 64 bits")
        byte = body[position]
        position += 1
        number |= (byte & 127) << shift
        shift += 7
    return number >> 1 ^ -(number & 1), position


def _bytes(body: bytes, position: int, end: int) -> tuple[bytes | None, int]:
    size, position = _varint(body, position)
    if size < 0:
        return None, position
    if position + size > end:
        raise CorruptFileError(f"a key, a value or a header of {size} bytes that is longer than its record")
    return body[position : position + size], position + size


def _headers(body: bytes, position: int, end: int) -> tuple[tuple[str, ...], int]:
    """Return the keys of the headers."""
    count, position = _varint(body, position)
    if not count:
        return (), position
    # Each header has at least a byte. Without this limit a damaged count would have the loop try 2^31 times.
    if not 0 <= count <= end - position:
        raise CorruptFileError(f"Found invalid number of record headers {count}")
    keys = []
    for _ in range(count):
        key, position = _bytes(body, position, end)
        if key is None:
            raise CorruptFileError("Found invalid record header key size -1")
        # Only the keys are shown (`headerKeys: [a,b]`): values are skipped, which may be of any size.
        keys.append(key.decode(errors="replace"))
        _, position = _bytes(body, position, end)
    return tuple(keys), position


def _messages(batch: Batch) -> Iterator[Record]:
    """Yield a message, or those within it where it is compressed: its value is a message set then."""
    message = _message(batch.body, batch.base_offset)
    codec = batch.attributes & CODEC
    if not codec:
        yield message
        return
    if message.value is None:
        raise CorruptFileError("Found invalid compressed record set with null value")
    # The old formats compress a whole message set into the value of one message, their "wrapper".
    body = decompress(codec, message.value, old_lz4=not batch.magic)
    if not body:
        raise CorruptFileError("Found invalid record set with no inner records")
    # From version 1 on the offsets within are relative, and the outer one is that of the last (KIP-31).
    base = batch.base_offset - _last_offset(body) if batch.magic else 0
    for each in _message_set(body):
        # The time of the wrapper counts for all within, as the broker wrote only that one.
        append_time = batch.magic and batch.attributes & LOG_APPEND_TIME
        timestamp = batch.max_timestamp if append_time else each.timestamp
        yield each._replace(offset=base + each.offset, timestamp=timestamp)


def _message_set(body: bytes) -> Iterator[Record]:
    whole = memoryview(body)
    for offset, position, end in _messages_at(body):
        yield _message(whole[position:end], offset)


def _last_offset(body: bytes) -> int:
    last = 0
    for last, _, _ in _messages_at(body):  # noqa: B007  the last one is wanted
        pass
    return last


def _messages_at(body: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the offset of each message of a set, where it begins and where it ends."""
    position = 0
    while position < len(body):
        offset, size = START.unpack_from(body, position)
        end = position + LOG_OVERHEAD + size
        if not 0 < size <= LARGEST or end > len(body):
            raise CorruptFileError(f"a message of {size} bytes where {len(body) - position - LOG_OVERHEAD} are left")
        yield offset, position, end
        position = end


def _message(body: memoryview, offset: int) -> Record:
    _, _, crc, magic, _ = MESSAGE.unpack_from(body)
    position, timestamp = MESSAGE.size, -1
    if magic:
        (timestamp,) = MESSAGE_TIME.unpack_from(body, position)
        position += MESSAGE_TIME.size
    key, position = _sized(body, position)
    value, position = _sized(body, position)
    is_valid = zlib.crc32(body[LEGACY_CHECKED_FROM:]) == crc
    return Record(offset, timestamp, -1, key, value, (), crc, is_valid)


def _sized(body: memoryview, position: int) -> tuple[bytes | None, int]:
    (size,) = INT.unpack_from(body, position)
    position += INT.size
    if size < 0:
        return None, position
    if size > len(body) - position:
        raise CorruptFileError(f"a key or a value of {size} bytes that is longer than its message")
    return body[position : position + size].tobytes(), position + size
