"""The batches of a segment: record batches (version 2) and the message sets of versions 0 and 1."""

import zlib
from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from kafka_tools.logs.checksums import Checksum, crc32c
from kafka_tools.logs.compression import NAMES
from kafka_tools.logs.files import CorruptFileError, LogFile

V2 = 2
LOG_OVERHEAD = 12
"""Offset and size, which stand before each batch and are not counted in its size."""

# What every format has alike: offset (8 bytes), size (4), then epoch or CRC (4) and the version, "magic" (1), by which
# the rest is told apart (Records.HEADER_SIZE_UP_TO_MAGIC).
UP_TO_MAGIC = 17
LEAST = 14
"""The size of the smallest message (LegacyRecord.RECORD_OVERHEAD_V0)."""

START = Struct(">qi")
# DefaultRecordBatch: baseOffset, batchLength, partitionLeaderEpoch, magic, crc, attributes, lastOffsetDelta,
# baseTimestamp, maxTimestamp, producerId, producerEpoch, baseSequence, number of records; 61 bytes in all.
HEADER = Struct(">qiibIhiqqqhii")
CHECKED_FROM = 21
"""The CRC of version 2 covers all from the attributes on: the leader's epoch changes on every broker."""

# LegacyRecord: offset, size, crc, magic, attributes; version 1 has the timestamp behind them, version 0 none.
MESSAGE = Struct(">qiIbb")
MESSAGE_TIME = Struct(">q")
LEGACY_CHECKED_FROM = 16

# The lowest three bits are the id of the compression, each of the others is a flag (DefaultRecordBatch).
CODEC, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL, DELETE_HORIZON = 0x07, 0x08, 0x10, 0x20, 0x40
LARGEST = 2**31 - 1
"""The largest size, offset in a batch, and sequence number; behind it sequence numbers begin at 0 again."""

NO_TIMESTAMP = -1


class Batch(NamedTuple):
    """A batch of records, or a message of the versions before 2, which has no producer and no count.

    `position` and `size` are in bytes of the file, `body` is the whole batch; times are in ms.
    """

    position: int
    size: int
    magic: int
    base_offset: int
    last_offset: int
    leader_epoch: int
    crc: int
    attributes: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int
    is_valid: bool
    body: memoryview

    @property
    def compression(self) -> str:
        """The name of its compression. Raises CorruptFileError, as Kafka, for an id that has none."""
        codec = self.attributes & CODEC
        if codec >= len(NAMES):
            raise CorruptFileError(
                f"Unknown compression type id: {codec}", f"In the batch of offset {self.base_offset}, {self.at}."
            )
        return NAMES[codec]

    @property
    def timestamp_type(self) -> str:
        """What its timestamps tell, in Kafka's words."""
        if self.magic == 0:
            return "NoTimestampType"
        return "LogAppendTime" if self.attributes & LOG_APPEND_TIME else "CreateTime"

    @property
    def is_transactional(self) -> bool:
        """Whether its records belong to a transaction."""
        # In messages before version 2 this bit and the next have no meaning yet.
        return bool(self.attributes & TRANSACTIONAL) and self.magic >= V2

    @property
    def is_control(self) -> bool:
        """Whether its records are Kafka's own: ends of transactions, changes of leaders, parts of snapshots."""
        return bool(self.attributes & CONTROL) and self.magic >= V2

    @property
    def delete_horizon(self) -> int | None:
        """The time from which on the cleaner may drop its tombstones, None where it has none."""
        # The cleaner writes the horizon over the first timestamp, and makes the deltas of the records good for that
        # (KIP-534).
        return self.base_timestamp if self.magic >= V2 and self.attributes & DELETE_HORIZON else None

    @property
    def last_sequence(self) -> int:
        """The sequence number of its last record, -1 where the producer counts none."""
        return sequence(self.base_sequence, self.last_offset - self.base_offset)

    @property
    def at(self) -> str:
        """Its position in the file, in words."""
        return f"at position {self.position}"


def sequence(base: int, delta: int) -> int:
    """Return the sequence number `delta` behind `base`; -1 where the producer counts none."""
    if base == -1:
        return -1
    return base + delta if base <= LARGEST - delta else delta - (LARGEST - base) - 1


def batches(file: LogFile, start: int = 0, most: int | None = None) -> Iterator[Batch]:
    """Yield the batches of a segment from position `start` on, `most` bytes of it at most.

    Ends before a batch that is not whole. Raises CorruptFileError for bytes that begin no batch.
    """
    end = file.size if most is None else min(file.size, start + most)
    position, checksum = start, crc32c()
    # These checks and their order are those of FileLogInputStream.nextBatch (3.9): a script sees the same last batch,
    # and the same complaint, as of Apache's tool. A batch that is cut off is no error: the broker is writing it.
    while position < end - UP_TO_MAGIC:
        head = file.view(position, HEADER.size)
        if len(head) <= UP_TO_MAGIC:
            return
        _, size = START.unpack_from(head)
        # Also what keeps the loop going forward: a size of 0 or less would have it read the same bytes for ever.
        if size < LEAST:
            raise _no_batch(file, position, size)
        size += LOG_OVERHEAD
        if position > end - size:
            return
        body = file.view(position, size)
        # The file is shorter than when it was opened: the broker has truncated it meanwhile.
        if len(body) < size:
            return
        yield batch_of(position, body, checksum)
        position += size


def batch_of(position: int, body: memoryview, checksum: Checksum) -> Batch:
    """Return the batch whose bytes these are, all of them. Raises CorruptFileError where they are too few."""
    # Byte 16 is the version in every format: the offset, the size and four bytes more stand before it.
    read = _batch if body[16] >= V2 else _message
    return read(position, len(body), body, checksum)


def _no_batch(file: LogFile, position: int, size: int) -> CorruptFileError:
    rest = file.size - position
    if file.zeros_from(position):
        what = "only zeros: room that a broker reserved (preallocate), or what a crash left"
    else:
        what = "no batch: the file is damaged there, or is no segment"
    return CorruptFileError(
        f"Found record size {size} smaller than minimum record overhead ({LEAST}) in file {file.path}.",
        f"From position {position} on, {rest} bytes before the end, there is {what}.",
    )


def _batch(position: int, size: int, body: memoryview, checksum: Checksum) -> Batch:
    if size < HEADER.size:
        raise CorruptFileError(
            f"The batch at position {position} has {size} bytes, less than the {HEADER.size} of its header."
        )
    (
        offset,
        _,
        leader_epoch,
        magic,
        crc,
        attributes,
        last_delta,
        base_timestamp,
        max_timestamp,
        producer_id,
        producer_epoch,
        base_sequence,
        count,
    ) = HEADER.unpack_from(body)
    return Batch(
        position,
        size,
        magic,
        offset,
        offset + last_delta,
        leader_epoch,
        crc,
        attributes,
        base_timestamp,
        max_timestamp,
        producer_id,
        producer_epoch,
        base_sequence,
        count,
        checksum(body[CHECKED_FROM:]) == crc,
        body,
    )


def _message(position: int, size: int, body: memoryview, _: Checksum) -> Batch:
    offset, _, crc, magic, attributes = MESSAGE.unpack_from(body)
    if magic and size < MESSAGE.size + MESSAGE_TIME.size:
        raise CorruptFileError(f"The message at position {position} is too short for its version {magic}.")
    # A compressed message stands for the set within it: its offset is that of the last one, its time the latest.
    timestamp = MESSAGE_TIME.unpack_from(body, MESSAGE.size)[0] if magic else NO_TIMESTAMP
    is_valid = zlib.crc32(body[LEGACY_CHECKED_FROM:]) == crc
    return Batch(
        position, size, magic, offset, offset, -1, crc, attributes, timestamp, timestamp, -1, -1, -1, 1, is_valid, body
    )
