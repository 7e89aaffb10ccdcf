"""Writes files as a broker's, whole or damaged, for the tests of what reads them."""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from struct import pack, unpack

import cramjam
import crc32c

TIME = 1_700_000_000_000
PACKED = {
    0: bytes,
    1: gzip.compress,
    2: lambda body: bytes(cramjam.snappy.compress_raw(body)),
    3: lambda body: bytes(cramjam.lz4.compress(body)),
    4: lambda body: bytes(cramjam.zstd.compress(body)),
}
"""Compressions by their ids."""

Pair = tuple[bytes | None, bytes | None]


def varint(number: int) -> bytes:
    """Return a signed number as Kafka's records have it."""
    number, out = number << 1 ^ number >> 63, bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def sized(text: bytes | None) -> bytes:
    """Return a text behind its length."""
    return varint(-1) if text is None else varint(len(text)) + text


def batch(
    pairs: Sequence[Pair],
    base: int = 0,
    *,
    codec: int = 0,
    attributes: int = 0,
    offsets: Sequence[int] | None = None,
    producer: tuple[int, int, int] = (-1, -1, -1),
    headers: Sequence[tuple[bytes, bytes | None]] = (),
) -> bytes:
    """Return a record batch (version 2) with one record for each pair of key and value."""
    body = b""
    deltas = list(range(len(pairs))) if offsets is None else list(offsets)
    tail = varint(len(headers)) + b"".join(sized(key) + sized(value) for key, value in headers)
    for delta, (key, value) in zip(deltas, pairs, strict=True):
        record = b"\0" + varint(delta) + varint(delta) + sized(key) + sized(value) + tail
        body += varint(len(record)) + record
    last = deltas[-1] if deltas else 0
    times = pack(">qq", TIME, TIME + last)
    checked = pack(">hi", attributes | codec, last) + times + pack(">qhi", *producer) + pack(">i", len(pairs))
    checked += PACKED[codec](body)
    return pack(">qiibI", base, 9 + len(checked), 0, 2, crc32c.crc32c(checked)) + checked


def message(
    key: bytes | None, value: bytes | None, offset: int = 0, magic: int = 1, attributes: int = 0, time: int = TIME
) -> bytes:
    """Return a message of version 0 or 1."""
    checked = pack(">bb", magic, attributes) + (pack(">q", time) if magic else b"")
    checked += b"".join(pack(">i", -1) if part is None else pack(">i", len(part)) + part for part in (key, value))
    return pack(">qiI", offset, 4 + len(checked), zlib.crc32(checked)) + checked


def snappy_java(body: bytes) -> bytes:
    """Return the blocks that snappy-java writes, of 100 bytes each."""
    blocks = [bytes(cramjam.snappy.compress_raw(body[start : start + 100])) for start in range(0, len(body), 100)]
    return b"\x82SNAPPY\0" + pack(">ii", 1, 1) + b"".join(pack(">i", len(block)) + block for block in blocks)


def segment(folder: Path, *parts: bytes, base: int = 0, suffix: str = ".log") -> str:
    """Write a file of a partition, and return its path."""
    path = folder / f"{base:020d}{suffix}"
    path.write_bytes(b"".join(parts))
    return str(path)


def damage(home: Path, broker: str, topic: str, how: str, partition: int = 0) -> None:
    """Change the first batch of a partition in the log of one broker of the sandbox in `home`.

    `how`: another byte in its last record (`rotten`), the same with the checksum of that (`other`), or another offset
    of its last record (`longer`), with the checksum, too. The broker reads the file anew for each client.
    """
    with (home / f"broker-{broker}" / "data" / f"{topic}-{partition}" / f"{0:020d}.log").open("r+b") as file:
        (size,) = unpack(">8xi", file.read(12))
        body = bytearray(file.read(size))
        body[14 if how == "longer" else -2] ^= 1
        if how != "rotten":
            body[5:9] = pack(">I", crc32c.crc32c(bytes(body[9:])))
        file.seek(12)
        file.write(body)
