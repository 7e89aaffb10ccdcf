"""The things that dump-log finds in files, each with its line of Apache's text and its row for json."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kafka_tools.logs.batches import V2, Batch
from kafka_tools.logs.decoders import Shown
from kafka_tools.logs.indexes import AbortedTransaction, OffsetEntry, Producer, TimeEntry
from kafka_tools.logs.records import Record

CONTROL_TYPES = (
    "ABORT",
    "COMMIT",
    "LEADER_CHANGE",
    "SNAPSHOT_HEADER",
    "SNAPSHOT_FOOTER",
    "KRAFT_VERSION",
    "KRAFT_VOTERS",
)
"""The names of control records by their ids (org.apache.kafka.common.record.ControlRecordType)."""

INDENT = "| "


class Said(NamedTuple):
    """A line of its own: which file, where it begins, what is behind its last batch."""

    line: str


class RecordSeen(NamedTuple):
    """A record of a batch, with key and payload where these are printed, or with what a control record says."""

    batch: Batch
    record: Record
    key: Shown = None
    payload: Shown = None
    control: str = ""


Seen = Batch | RecordSeen | OffsetEntry | TimeEntry | AbortedTransaction | Producer | Said


class DumpRow(NamedTuple):
    """A batch, a record or an entry of an index: `kind` says which, `fields` are what only that kind has."""

    file: str
    kind: str
    offset: int
    timestamp: int | None
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Problems:
    """The mismatches found in files, by file, as pairs of what was expected and found; they are told at the end."""

    index: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    times: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    order: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    not_found: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    gaps: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    wrong_checksums: dict[str, list[int]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    advice: str = ""

    @property
    def status(self) -> int:
        """The exit status: 0 where only offsets are missing, which compaction and transactions leave."""
        return int(any((self.index, self.times, self.order, self.not_found, self.wrong_checksums, self.said)))

    def lines(self) -> Iterator[str]:
        """Yield Apache's sentences, and one for each file with damaged batches, whose lines say `isvalid: false`."""
        # In the order of DumpLogSegments.main: index, time index, gaps; `said` was printed at once there, on stderr.
        yield from self.said
        yield from _told(self.index, "Mismatches in :{}", "  Index offset: {}, log offset: {}", newest_first=True)
        yield from _told(self.times, "Found timestamp mismatch in :{}", "  Index timestamp: {}, log timestamp: {}")
        yield from _told(
            self.order,
            "Found out of order timestamp in :{}",
            "  Index timestamp: {}, Previously indexed timestamp: {}",
        )
        what = "The following indexed offsets are not found in the log."
        yield from _told(self.not_found, what, "Indexed offset: {}, found log offset: {}")
        yield from _told(self.gaps, "Non-consecutive offsets in {}", "  {} is followed by {}", newest_first=True)
        for file, positions in self.wrong_checksums.items():
            batches = "1 batch is" if len(positions) == 1 else f"{len(positions)} batches are"
            yield f"{batches} damaged (isvalid: false) in {file}, the first at position {positions[0]}"
        if self.advice:
            yield self.advice


def _told(
    found: Mapping[str, list[tuple[int, int]]], heading: str, sentence: str, newest_first: bool = False
) -> Iterator[str]:
    # DumpLogSegments (3.9) puts some of its findings before the earlier ones.
    for file, pairs in found.items():
        yield heading.format(file)
        yield from (sentence.format(*pair) for pair in (reversed(pairs) if newest_first else pairs))


def line(seen: Seen, with_metadata: bool) -> str:
    """Return Apache's line; without `with_metadata` of a record only key and payload."""
    match seen:
        case Batch():
            return _batch(seen)
        case RecordSeen():
            return _record(seen, with_metadata)
        case OffsetEntry():
            return f"offset: {seen.offset} position: {seen.position}"
        case TimeEntry():
            return f"timestamp: {seen.timestamp} offset: {seen.offset}"
        case AbortedTransaction():
            return (
                f"version: {seen.version} producerId: {seen.producer_id} firstOffset: {seen.first_offset} "
                f"lastOffset: {seen.last_offset} lastStableOffset: {seen.last_stable_offset}"
            )
        case Producer():
            return _producer(seen)
        case Said():
            return seen.line


def _batch(batch: Batch) -> str:
    head = f"offset: {batch.last_offset}"
    # Fields that only batches of Kafka 0.11 and later have (KIP-98). Older ones are message sets, told by one offset.
    if batch.magic >= V2:
        horizon = batch.delete_horizon
        head = (
            f"baseOffset: {batch.base_offset} lastOffset: {batch.last_offset} count: {batch.record_count} "
            f"baseSequence: {batch.base_sequence} lastSequence: {batch.last_sequence} "
            f"producerId: {batch.producer_id} producerEpoch: {batch.producer_epoch} "
            f"partitionLeaderEpoch: {batch.leader_epoch} isTransactional: {_java(batch.is_transactional)} "
            f"isControl: {_java(batch.is_control)} "
            f"deleteHorizonMs: {'OptionalLong.empty' if horizon is None else f'OptionalLong[{horizon}]'}"
        )
    return (
        f"{head} position: {batch.position} {batch.timestamp_type}: {batch.max_timestamp} size: {batch.size} "
        f"magic: {batch.magic} compresscodec: {batch.compression} crc: {batch.crc} isvalid: {_java(batch.is_valid)}"
    )


def _java(value: bool) -> str:
    return "true" if value else "false"


def _record(seen: RecordSeen, with_metadata: bool) -> str:
    parts = [_metadata(seen)] if with_metadata else []
    if seen.key is not None:
        # `| ` begins a record's line, whatever it begins with.
        parts.append(f"{' ' if with_metadata else INDENT}key: {shown(seen.key)}")
    if seen.payload is not None:
        # DumpLogSegments (3.9) leaves out the indent where a record without its metadata has no key.
        parts.append(f" payload: {shown(seen.payload)}")
    return "".join(parts)


def _metadata(seen: RecordSeen) -> str:
    batch, record = seen.batch, seen.record
    sizes = f"keySize: {_size(record.key)} valueSize: {_size(record.value)}"
    start = f"{INDENT}offset: {record.offset} {batch.timestamp_type}: {record.timestamp} {sizes}"
    if batch.magic >= V2:
        return f"{start} sequence: {record.sequence} headerKeys: [{','.join(record.headers)}]{seen.control}"
    # The brace without its other half is DumpLogSegments' (3.9).
    return f"{start} isValid: {_java(record.is_valid)} crc: {record.crc}}}"


def _size(text: bytes | None) -> int:
    return -1 if text is None else len(text)


def shown(value: Shown) -> str:
    """Return a key or a payload as it is printed."""
    # Records of internal topics, which are shown as JSON in the order of their schema.
    if isinstance(value, dict):
        from kafka_tools.logs.record_types import written

        return written(value)
    return value or ""


def _producer(producer: Producer) -> str:
    first = producer.first_offset
    start = (
        f"producerId: {producer.producer_id} producerEpoch: {producer.producer_epoch} "
        f"coordinatorEpoch: {producer.coordinator_epoch} "
        f"currentTxnFirstOffset: {'OptionalLong.empty' if first < 0 else f'OptionalLong[{first}]'} "
        f"lastTimestamp: {producer.timestamp} "
    )
    if producer.last_offset < 0:  # its batches are gone, or it has only ended transactions
        return start
    return (
        f"{start}firstSequence: {producer.first_sequence} lastSequence: {producer.last_sequence} "
        f"lastOffset: {producer.last_offset} offsetDelta: {producer.offset_delta} timestamp: {producer.timestamp}"
    )


def row(file: str, seen: Seen) -> DumpRow | None:
    """Return the row for json; None for a mere line of text."""
    match seen:
        case Batch():
            return DumpRow(file, "batch", seen.base_offset, seen.max_timestamp, _batch_fields(seen))
        case RecordSeen():
            return DumpRow(file, "record", seen.record.offset, seen.record.timestamp, _record_fields(seen))
        case OffsetEntry():
            return DumpRow(file, "index entry", seen.offset, None, {"position": seen.position})
        case TimeEntry():
            return DumpRow(file, "time index entry", seen.offset, seen.timestamp, {})
        case AbortedTransaction():
            return DumpRow(file, "aborted transaction", seen.first_offset, None, seen._asdict())
        case Producer():
            return DumpRow(file, "producer", seen.last_offset, seen.timestamp, seen._asdict())
        case Said():
            return None


def _batch_fields(batch: Batch) -> dict[str, Any]:
    names = ["last_offset", "position", "size", "magic", "record_count"]
    names += ["crc", "is_valid", "compression", "timestamp_type"]
    newer = ("leader_epoch", "producer_id", "producer_epoch", "base_sequence", "last_sequence")
    marks = ("is_transactional", "is_control", "delete_horizon")
    # json has nothing that the batch's own version does not have, where Apache's line would have to invent it.
    return {name: getattr(batch, name) for name in (*names, *((*newer, *marks) if batch.magic >= V2 else ()))}


def _record_fields(seen: RecordSeen) -> dict[str, Any]:
    record = seen.record
    found: dict[str, Any] = {"key_size": _size(record.key), "value_size": _size(record.value)}
    found |= {"sequence": record.sequence, "header_keys": list(record.headers)}
    if seen.batch.is_control:
        return found | {"control": seen.control.strip()}
    return found | {"key": _typed(seen.key), "payload": _typed(seen.payload)}


def _typed(value: Shown) -> Any:
    """Return a decoded record as json has it, with its bytes in base64."""
    # Through its text: bytes within are base64 there, as Jackson writes them.
    return json.loads(shown(value)) if isinstance(value, dict) else value
