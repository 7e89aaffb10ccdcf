"""The checksums of batches: CRC-32C from version 2 on, CRC-32 before."""

from collections.abc import Callable
from functools import cache

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, bits reversed (RFC 3720)."""

Checksum = Callable[[bytes | memoryview], int]


# Cached: replica-verification asks for it once a batch, and an import that fails looks through sys.path each time.
@cache
def crc32c() -> Checksum:
    """Return the function that computes a CRC-32C: the library's where it is installed, else one in Python.

    The library (the extra `logs`) does 6 GB/s by the processor's own instruction, Python 10 MB/s.
    """
    try:
        import crc32c as library
    except ImportError:
        return _crc32c
    found: Checksum = library.crc32c
    return found


def is_fast() -> bool:
    """Say whether the library is there."""
    return crc32c() is not _crc32c


@cache
def _table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (POLYNOMIAL if number & 1 else 0)
        table.append(number)
    return tuple(table)


def _crc32c(text: bytes | memoryview) -> int:
    table, crc = _table(), 0xFFFFFFFF
    for byte in text:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
