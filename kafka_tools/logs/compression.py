"""Takes the records of a batch out of their compression."""

import zlib
from collections.abc import Callable
from struct import Struct, error

from kafka_tools.errors import KafkaToolError
from kafka_tools.logs.files import CorruptFileError

NAMES = ("none", "gzip", "snappy", "lz4", "zstd")
"""The compressions by their ids in a batch's attributes (org.apache.kafka.common.record.CompressionType)."""

SNAPPY_JAVA = b"\x82SNAPPY\x00"
"""What stands before the blocks that snappy-java writes, with two versions of four bytes behind it."""

LENGTH = Struct(">i")


MOST_BYTES = 256 << 20
"""The most that one batch may hold: a file made to do harm has 300 MB of zeros in 10 KB. Producers send some MB."""

ROOM_BYTES = 1 << 18
GZIP_BYTES = 1 << 20
"""How much is unpacked at once."""

FULL = "failed to write whole buffer"
"""What cramjam says where there is too little room."""

LZ4_DESCRIPTOR, LZ4_CONTENT_SIZE = 4, 0x08
"""Where the descriptor of an lz4 frame begins, and the flag that the size of the content is in it."""

PRIMES = (2654435761, 2246822519, 3266489917, 668265263, 374761393)
"""The constants of XXH32."""

MASK = (1 << 32) - 1


class _Room:
    """A buffer that records are unpacked into, used again for each batch: a new one costs as much as unpacking."""

    def __init__(self) -> None:
        self._bytes = bytearray(ROOM_BYTES)

    def unpacked(self, unpack: Callable[[bytes, bytearray], int], packed: bytes) -> bytes:
        """Return what `unpack` writes. Raises CorruptFileError where that is more than MOST_BYTES."""
        import cramjam

        while True:
            try:
                size = unpack(packed, self._bytes)
            except cramjam.DecompressionError as failure:
                # cramjam has one kind of error for all: only its words tell too little room from damaged bytes. Of lz4
                # and zstd the frame need not say how much it holds, so that room is tried, eight times as much each
                # time.
                if str(failure) != FULL:
                    raise
                if len(self._bytes) >= MOST_BYTES:
                    raise _too_much() from failure
                size, self._bytes = min(8 * len(self._bytes), MOST_BYTES), bytearray()  # the old one goes first
                self._bytes = bytearray(size)
            else:
                return memoryview(self._bytes)[:size].tobytes()


_room = _Room()


def decompress(codec: int, packed: bytes, old_lz4: bool = False) -> bytes:
    """Return the bytes behind a compression's id, at most MOST_BYTES.

    gzip is the standard library's, the others need `cramjam` (the extra `logs`). `old_lz4`: the checksum of an lz4
    frame's head does not count, which Kafka's clients for messages of version 0 computed wrongly (KAFKA-3160). Raises
    CorruptFileError, KafkaToolError where a library is missing.
    """
    if codec == 0:
        return packed
    name = NAMES[codec]
    if name == "gzip":
        return _gzip(packed)
    try:
        import cramjam
    except ImportError as missing:
        raise KafkaToolError(
            f"Records compressed by {name} need cramjam.", "pip install 'kafka-ktools[logs]'"
        ) from missing
    try:
        if name == "snappy":
            return _snappy(packed)
        packed = _with_checksum(packed) if old_lz4 else packed
        return _room.unpacked(getattr(cramjam, name).decompress_into, packed)
    except (cramjam.DecompressionError, error) as failure:
        raise CorruptFileError(f"its {name} cannot be read: {failure}") from failure


def _too_much() -> CorruptFileError:
    return CorruptFileError(f"it holds more than {MOST_BYTES >> 20} MiB when it is unpacked, and is not read")


def _gzip(packed: bytes) -> bytes:
    # wbits: 15 for the largest window, and 16 for a gzip header instead of zlib's.
    stream, parts, room = zlib.decompressobj(wbits=31), list[bytes](), MOST_BYTES
    try:
        while not stream.eof:
            # In steps: to unpack all at once would take the memory before its size could be looked at.
            part = stream.decompress(packed, GZIP_BYTES)
            parts.append(part)
            room -= len(part)
            packed = stream.unconsumed_tail
            if room < 0:
                raise _too_much()
            # All is read, nothing came of it, and the end mark was not there: without this the loop would not end.
            if not part and not packed:
                raise CorruptFileError("its gzip cannot be read: it ends too soon")
    except zlib.error as failure:
        raise CorruptFileError(f"its gzip cannot be read: {failure}") from failure
    return b"".join(parts)


def _with_checksum(frame: bytes) -> bytes:
    """Return an lz4 frame with the right checksum of its head (LZ4 frame format 1.5; KafkaLZ4BlockInputStream)."""
    flags = frame[LZ4_DESCRIPTOR] if len(frame) > LZ4_DESCRIPTOR else 0
    # A frame: 4 bytes magic, the flags, the size of blocks, 8 bytes of the content's size where the flag says so, and a
    # checksum: the second byte of XXH32 over all from the flags on.
    end = LZ4_DESCRIPTOR + 2 + 8 * bool(flags & LZ4_CONTENT_SIZE)
    right = _xxh32(frame[LZ4_DESCRIPTOR:end]) >> 8 & 0xFF
    return frame[:end] + bytes([right]) + frame[end + 1 :]


def _xxh32(short: bytes) -> int:
    """Return XXH32 with the seed 0 of less than 16 bytes."""
    # The longest descriptor has 10 bytes. From 16 on XXH32 has four lanes more, which a frame's head never needs.
    number, position = PRIMES[4] + len(short) & MASK, 0
    while position + 4 <= len(short):
        word = int.from_bytes(short[position : position + 4], "little")
        number = _rotated(number + word * PRIMES[2] & MASK, 17) * PRIMES[3] & MASK
        position += 4
    for byte in short[position:]:
        number = _rotated(number + byte * PRIMES[4] & MASK, 11) * PRIMES[0] & MASK
    number = (number ^ number >> 15) * PRIMES[1] & MASK
    number = (number ^ number >> 13) * PRIMES[2] & MASK
    return number ^ number >> 16


def _rotated(number: int, bits: int) -> int:
    return (number << bits | number >> 32 - bits) & MASK


def _snappy(packed: bytes) -> bytes:
    """Return what snappy-java's blocks hold, or one block without a length before it, which librdkafka writes."""
    # No producer says which of the two it writes: both have the id 2 in the batch's attributes.
    if not packed.startswith(SNAPPY_JAVA):
        return _block(packed, MOST_BYTES)
    parts, position, room = [], len(SNAPPY_JAVA) + 8, MOST_BYTES
    while position < len(packed):
        (size,) = LENGTH.unpack_from(packed, position)
        position += LENGTH.size
        # A negative size would move the position backwards, and the loop would not end.
        if not 0 <= size <= len(packed) - position:
            raise error(f"a block of {size} bytes")
        parts.append(_block(packed[position : position + size], room))
        room -= len(parts[-1])
        position += size
    return b"".join(parts)


def _block(packed: bytes, room: int) -> bytes:
    """Return what one block of snappy holds, which says first how much that is."""
    import cramjam

    # The block begins with its unpacked size, so that memory is refused before it is taken.
    if cramjam.snappy.decompress_raw_len(packed) > room:
        raise _too_much()
    return bytes(cramjam.snappy.decompress_raw(packed))
