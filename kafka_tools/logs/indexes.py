"""The indexes of a segment: by offset, by time, of aborted transactions; and the state of its producers."""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from kafka_tools.logs.checksums import crc32c
from kafka_tools.logs.files import CorruptFileError, LogFile

# .index: offset less the segment's base (4 bytes), position in the .log (4). .timeindex: time (8), offset less the base
# (4). .txnindex: version (2), producer id, first offset, last offset, last stable offset (8 each).
OFFSET_ENTRY, TIME_ENTRY, ABORTED_ENTRY = Struct(">ii"), Struct(">qi"), Struct(">hqqqq")
# ProducerStateManager: version (2), CRC-32C (4), number of producers (4); each has the fields of `Producer` in their
# order.
SNAPSHOT_START, PRODUCER = Struct(">hIi"), Struct(">qhiqiqiq")
CHECKED_FROM = 6
"""The CRC of a snapshot covers all behind it."""


class OffsetEntry(NamedTuple):
    """Says at which position of the segment the batch begins whose last record has this offset."""

    offset: int
    position: int


class TimeEntry(NamedTuple):
    """Says that no record up to this offset is newer than `timestamp` (ms)."""

    timestamp: int
    offset: int


class AbortedTransaction(NamedTuple):
    """A transaction that was aborted (org.apache.kafka.storage.internals.log.AbortedTxn)."""

    version: int
    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int


class Producer(NamedTuple):
    """What a broker remembers of a producer: its last batch, and where its open transaction began."""

    producer_id: int
    producer_epoch: int
    last_sequence: int
    last_offset: int
    offset_delta: int
    timestamp: int
    coordinator_epoch: int
    first_offset: int

    @property
    def first_sequence(self) -> int:
        """The sequence number of the first record of its last batch."""
        first = self.last_sequence - self.offset_delta
        # Sequence numbers begin at 0 again behind 2^31 - 1 (DefaultRecordBatch.decrementSequence), also in one batch.
        return first if first >= 0 else first + 2**31


def base_offset(path: str) -> int:
    """Return the offset that names a file. Raises CorruptFileError where it is none, in Java's words."""
    # Java's Long.parseLong reads the name; Python's int() would also take blanks, underscores and digits of other
    # scripts.
    name = Path(path).name.split(".")[0]
    if not (name.isdecimal() and name.isascii() and len(name) <= 20 and int(name) < 2**63):
        raise CorruptFileError(
            f'For input string: "{name}"',
            "A broker names its files by the offset they begin with: 00000000000000000000.log.",
        )
    return int(name)


def beside(path: str, suffix: str) -> str:
    """Return the file of the same segment with another suffix."""
    return str(Path(path).absolute().with_name(Path(path).name.split(".")[0] + suffix))


def offset_entries(file: LogFile) -> Iterator[OffsetEntry]:
    """Yield the entries of a .index up to the room that a running broker has reserved behind them."""
    base = base_offset(file.path)
    for number, (relative, position) in enumerate(_entries(file, OFFSET_ENTRY)):
        # A running broker maps an index at its full size (segment.index.bytes, 10 MiB) and cuts it when the segment is
        # closed: what is not written yet is zeros. Only the first entry may say 0 and be one.
        if number and not relative:
            return
        yield OffsetEntry(base + relative, position)


def time_entries(file: LogFile) -> Iterator[TimeEntry]:
    """Yield the entries of a .timeindex up to the room that a running broker has reserved behind them."""
    base = base_offset(file.path)
    for number, (timestamp, relative) in enumerate(_entries(file, TIME_ENTRY)):
        if number and not relative:
            return
        yield TimeEntry(timestamp, base + relative)


def _entries(file: LogFile, layout: Struct) -> Iterator[tuple[int, ...]]:
    """Yield the entries of a file, a thousand read at once; what is left at its end is no entry."""
    # From the last whole entry on nothing is read: a crash may have left a part of one.
    for position in range(0, file.size - layout.size + 1, 1000 * layout.size):
        part = file.view(position, min(1000 * layout.size, file.size - position))
        yield from layout.iter_unpack(part[: len(part) - len(part) % layout.size])


def check_offset_index(file: LogFile) -> None:
    """Raise CorruptFileError where a broker would build the index anew (OffsetIndex.sanityCheck, Kafka 3.9)."""
    path, base = str(Path(file.path).absolute()), base_offset(file.path)
    last = base + _last(file, OFFSET_ENTRY)[0]
    if last < base:
        raise CorruptFileError(
            f"Corrupt index found, index file {path} has non-zero size but the last offset is {last} which is less "
            f"than the base offset {base}"
        )
    _check_size(file, path, OFFSET_ENTRY, "Index")


def check_time_index(file: LogFile) -> None:
    """Raise CorruptFileError where a broker would build the index anew (TimeIndex.sanityCheck, Kafka 3.9)."""
    path, base = str(Path(file.path).absolute()), base_offset(file.path)
    if file.size >= TIME_ENTRY.size:
        first, (last, relative) = TIME_ENTRY.unpack_from(file.view(0, TIME_ENTRY.size))[0], _last(file, TIME_ENTRY)
        what = f"Corrupt time index found, time index file ({path}) has non-zero size but the last"
        if last < first:
            raise CorruptFileError(f"{what} timestamp is {last} which is less than the first timestamp {first}")
        if relative < 0:
            raise CorruptFileError(f"{what} offset is {base + relative} which is less than the first offset {base}")
    _check_size(file, path, TIME_ENTRY, "Time index")


def _last(file: LogFile, layout: Struct) -> tuple[int, ...]:
    count = file.size // layout.size
    # Kafka takes an empty index for one whose last entry is 0, 0: it passes.
    return layout.unpack_from(file.view((count - 1) * layout.size, layout.size)) if count else (0, 0)


def _check_size(file: LogFile, path: str, layout: Struct, what: str) -> None:
    if file.size % layout.size:
        raise CorruptFileError(
            f"{what} file {path} is corrupt, found {file.size} bytes which is neither positive nor a multiple of "
            f"{layout.size}"
        )


class Lookup:
    """Finds where to begin to read for an offset, as a broker does by the .index."""

    def __init__(self, file: LogFile) -> None:
        entries = list(offset_entries(file))
        self._offsets, self._positions = [each.offset for each in entries], [each.position for each in entries]

    def position(self, offset: int) -> int:
        """Return the position of the last batch known to begin at or before an offset; 0 where none is."""
        # The entry before the first that is too large. An index is sparse (one entry in index.interval.bytes, 4 KiB, of
        # records), so that the reader goes on from there, batch by batch.
        index = bisect_right(self._offsets, offset)
        return self._positions[index - 1] if index else 0


def aborted_transactions(file: LogFile) -> Iterator[AbortedTransaction]:
    """Yield the entries of a .txnindex. Raises CorruptFileError for a version of another Kafka."""
    for each in map(AbortedTransaction._make, _entries(file, ABORTED_ENTRY)):
        if each.version > 0:
            raise CorruptFileError(
                f"Unexpected aborted transaction version {each.version} in transaction index "
                f"{Path(file.path).absolute()}, current version is 0"
            )
        yield each


def producers(file: LogFile) -> Iterator[Producer]:
    """Yield the producers in a .snapshot. Raises CorruptFileError in Kafka's words."""
    # Whole: the checksum covers it, and a producer has 46 bytes; brokers forget them after a day
    # (producer.id.expiration.ms).
    body = file.view(0, file.size)
    if len(body) < SNAPSHOT_START.size:
        raise CorruptFileError(f"Snapshot failed schema validation: {file.path} has only {len(body)} bytes")
    version, crc, count = SNAPSHOT_START.unpack_from(body)
    if version != 1:
        raise CorruptFileError(f"Snapshot contained an unknown file version {version}")
    computed = crc32c()(body[CHECKED_FROM:])
    if computed != crc:
        raise CorruptFileError(
            f"Snapshot is corrupt (CRC is no longer valid). Stored crc: {crc}. Computed crc: {computed}"
        )
    # Bytes behind the last producer are ignored, as Kafka's Schema does; too few for the count are refused.
    if not 0 <= count * PRODUCER.size <= len(body) - SNAPSHOT_START.size:
        raise CorruptFileError(f"Snapshot failed schema validation: it has no room for {count} producers")
    end = SNAPSHOT_START.size + count * PRODUCER.size
    yield from map(Producer._make, PRODUCER.iter_unpack(body[SNAPSHOT_START.size : end]))
