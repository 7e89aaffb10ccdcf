"""Compares what replicas of a partition hold, batch by batch, or record by record where a cleaner was at work."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from kafka_tools.logs.batches import LEAST, LOG_OVERHEAD, START, UP_TO_MAGIC, V2, batch_of
from kafka_tools.logs.checksums import crc32c
from kafka_tools.logs.files import CorruptFileError
from kafka_tools.logs.records import Record, records
from kafka_tools.model.replicas import Comparison, Damage, Difference, Fetched, Finding

# Where lastOffsetDelta stands in a batch of version 2. Taken out alone: to unpack the whole header is slower.
LAST_DELTA, LAST_DELTA_END = 23, 27


class Held(NamedTuple):
    """A batch that a replica holds: the offset of its last record, and its bytes."""

    last_offset: int
    body: bytes


def compare(replicas: Mapping[int, Fetched], start: int) -> Comparison:
    """Compare the batches of replicas, by the ids of their brokers, from the offset `start` on.

    As far as all replicas have a batch, and each knows it to be committed. Where batches at the same offset differ, the
    comparison goes on behind them; where they end at different offsets, it is over (ReplicaVerificationTool 3.9).
    """
    # First the common case by one comparison of bytes, in C; batches are looked at only where that fails.
    same = _shortest(replicas)
    if same is not None:
        return _all_equal(same, min(each.high_watermark for each in replicas.values()), start, replicas)
    walks = {broker: committed(each) for broker, each in replicas.items()}
    verified, findings = start, list[Finding]()
    while True:
        held = dict[int, Held]()
        for broker, walk in walks.items():
            try:
                batch = next(walk, None)
            except CorruptFileError:
                return Comparison(verified, (*findings, Damage(broker, verified)), True)
            # A replica that has no more batch here is no finding: its answer may simply end earlier than the others'.
            if batch is not None:
                held[broker] = batch
        # Taken in step: the next batch of every replica, which is the same one as long as all end at the same offsets.
        found = list(_differences(held))
        findings += found
        # From here on the replicas are not in step any more: each further comparison would be of batches that do not
        # belong together, and name damage where there is none.
        if any(isinstance(each, Difference) and each.offset != each.other_offset for each in found):
            return Comparison(verified, tuple(findings), True)
        if len(held) < len(walks):
            return Comparison(verified, tuple(findings))
        verified = next(iter(held.values())).last_offset + 1


def _shortest(replicas: Mapping[int, Fetched]) -> bytes | None:
    """Return the bytes that all replicas hold, None where they hold different ones; nearly always they do not.

    Then only one of them has to be walked through: with three replicas that takes a third of the time.
    """
    shortest = min((each.records for each in replicas.values()), key=len)
    return shortest if all(each.records.startswith(shortest) for each in replicas.values()) else None


def _all_equal(records: bytes, high_watermark: int, start: int, replicas: Collection[int]) -> Comparison:
    verified = start
    try:
        for batch in committed(Fetched(high_watermark, records)):
            verified = batch.last_offset + 1
    except CorruptFileError:
        return Comparison(verified, tuple(Damage(broker, verified) for broker in replicas), True)
    return Comparison(verified)


def compare_records(replicas: Mapping[int, Fetched], start: int) -> Comparison:
    """Compare the records of replicas of a compacted topic from the offset `start` on.

    Each broker cleans its own log when it likes: batches then lie differently, and records are gone from one replica
    that another still has. So those records are compared that several have. Raises KafkaToolError where a library for
    the compression is missing.
    """
    held, findings = dict[int, tuple[Held, ...]](), list[Finding]()
    for broker, fetched in replicas.items():
        try:
            held[broker] = tuple(committed(fetched))
        except CorruptFileError:
            findings.append(Damage(broker, start))
    if findings or not all(held.values()):
        return Comparison(start, tuple(findings), bool(findings))
    # Only as far as all have answered: a record behind that is not missing in a replica, but not asked for yet.
    end = min(batches[-1].last_offset for batches in held.values()) + 1
    seen = dict[int, tuple[int, Record]]()
    for broker, batches in held.items():
        try:
            for record in _records(batches, start, end):
                # A record that one replica lacks is no difference: its cleaner has been there already.
                first, same = seen.setdefault(record.offset, (broker, record))
                if _content(same) != _content(record):
                    findings.append(Difference(first, broker, record.offset, record.offset))
        except CorruptFileError:
            findings.append(Damage(broker, start))
    return Comparison(end, tuple(findings))


def _records(batches: tuple[Held, ...], start: int, end: int) -> Iterator[Record]:
    for each in batches:
        batch = batch_of(0, memoryview(each.body), crc32c())
        # The checksum is computed here, but not when whole batches are compared: those are equal byte for byte on
        # brokers that do not share a disk, which is proof enough.
        if not batch.is_valid:
            raise CorruptFileError("its checksum is another")
        yield from (record for record in records(batch) if start <= record.offset < end)


def _content(record: Record) -> tuple[object, ...]:
    return record.timestamp, record.key, record.value, record.headers


def committed(fetched: Fetched) -> Iterator[Held]:
    """Yield the whole batches of a part of a log that are committed. Raises CorruptFileError for what is no batch."""
    body, position = fetched.records, 0
    while position + UP_TO_MAGIC <= len(body):
        base, size = START.unpack_from(body, position)
        end = position + LOG_OVERHEAD + size
        if size < LEAST:
            raise CorruptFileError(f"a batch of {size} bytes")
        if end > len(body):  # the last one is cut off where the bytes that were asked for end
            return
        batch = body[position:end]
        last = base
        if batch[16] >= V2:
            last += int.from_bytes(batch[LAST_DELTA:LAST_DELTA_END])
        # What is not committed may still be truncated: two leaders may each have written a batch there.
        if last >= fetched.high_watermark:
            return
        yield Held(last, batch)
        position = end


def _differences(held: Mapping[int, Held]) -> Iterator[Finding]:
    """Yield what is not the same in the next batches of some replicas: the first is compared with each of the others.

    Kafka's tool compares the checksums that stand in the batches. A disk that lost bits leaves those as they were, so
    the bytes are compared, too: without the leader's epoch (12 to 16), which no checksum covers.
    """
    # Without any batch (all logs are at their end) there is nobody to compare with.
    (first, batch), *others = list(held.items()) or [(0, Held(0, b""))]
    suspects = set()
    for broker, other in others:
        if batch.last_offset != other.last_offset:
            yield Difference(first, broker, batch.last_offset, other.last_offset)
            return
        if batch.body[16:] != other.body[16:] or checksum(batch) != checksum(other):
            suspects |= {first, broker}
            if checksum(batch) != checksum(other):
                checksums = (checksum(batch), checksum(other))
                yield Difference(first, broker, batch.last_offset, other.last_offset, checksums)
    # Which of two replicas is wrong: the one whose bytes do not fit the checksum that stands in its own batch.
    for broker in sorted(suspects):
        if not _is_intact(held[broker]):
            yield Damage(broker, held[broker].last_offset)


def checksum(batch: Held) -> int:
    """Return the checksum that stands in a batch."""
    # The CRC stands behind the magic in version 2, and before it in the versions 0 and 1.
    start = 17 if batch.body[16] >= V2 else LOG_OVERHEAD
    return int.from_bytes(batch.body[start : start + 4])


def _is_intact(batch: Held) -> bool:
    try:
        return batch_of(0, memoryview(batch.body), crc32c()).is_valid
    except CorruptFileError:
        return False
