"""Takes the records of a batch out of their compression."""

import zlib
from struct import Struct, error

from kafka_tools.errors import KafkaToolError
from kafka_tools.logs.files import CorruptFileError

NAMES = ("none", "gzip", "snappy", "lz4", "zstd")
"""The compressions by their ids in a batch's attributes (org.apache.kafka.common.record.CompressionType)."""

SNAPPY_JAVA = b"\x82SNAPPY\x00"
"""What stands before the blocks that snappy-java writes, with two versions of four bytes behind it."""

LENGTH = Struct(">i")


def decompress(codec: int, packed: bytes) -> bytes:
    """Return the bytes behind a compression's id. Raises CorruptFileError, KafkaToolError where a library is missing.

    gzip is the standard library's, the others need `cramjam` (the extra `logs`).
    """
    if codec == 0:
        return packed
    name = NAMES[codec]
    if name == "gzip":
        try:
            return zlib.decompress(packed, wbits=31)
        except zlib.error as failure:
            raise CorruptFileError(f"its gzip cannot be read: {failure}") from failure
    try:
        import cramjam
    except ImportError as missing:
        raise KafkaToolError(
            f"Records compressed by {name} need cramjam.", "pip install 'kafka-ktools[logs]'"
        ) from missing
    try:
        return _snappy(packed) if name == "snappy" else bytes(getattr(cramjam, name).decompress(packed))
    except (cramjam.DecompressionError, error) as failure:
        raise CorruptFileError(f"its {name} cannot be read: {failure}") from failure


def _snappy(packed: bytes) -> bytes:
    """Return what snappy-java's blocks hold, or one block without a length before it, which librdkafka writes."""
    import cramjam

    unpack = cramjam.snappy.decompress_raw
    if not packed.startswith(SNAPPY_JAVA):
        return bytes(unpack(packed))
    parts, position = [], len(SNAPPY_JAVA) + 8
    while position < len(packed):
        (size,) = LENGTH.unpack_from(packed, position)
        position += LENGTH.size
        if not 0 <= size <= len(packed) - position:
            raise error(f"a block of {size} bytes")
        parts.append(bytes(unpack(packed[position : position + size])))
        position += size
    return b"".join(parts)
