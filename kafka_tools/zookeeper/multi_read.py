"""ZooKeeper's multiRead (3.6 and later): the data of many znodes in one request. kazoo has no such request."""

import struct
from collections.abc import Iterator, Sequence

NOTHING_MORE, GET_DATA = -1, 4
RESULT = struct.Struct("!iBii")
"""MultiHeader (operation, whether it is the last, error), and what follows each: the data's length, or the error."""

HEADER = struct.Struct("!iBi")
LENGTH = struct.Struct("!i")
STAT_BYTES = 68
NO_NODE = -101


class MultiRead:
    """The request, as kazoo's session takes requests (org.apache.zookeeper.ZooDefs.OpCode.multiRead); its answer is
    the buffer where `results` finds the data."""

    type = 22

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def serialize(self) -> bytes:
        """Return the request's body: an operation for each path."""
        start, end = HEADER.pack(GET_DATA, False, -1), HEADER.pack(NOTHING_MORE, True, -1)
        encoded = [path.encode() for path in self._paths]
        return b"".join([*(start + LENGTH.pack(len(path)) + path + b"\0" for path in encoded), end])

    @staticmethod
    def deserialize(buffer: bytes, offset: int) -> tuple[bytes, int]:
        """Return the answer as it is: the thread that reads the socket has no time to lose."""
        return buffer, offset


def results(answer: tuple[bytes, int], count: int) -> Iterator[bytes | int]:
    """Yield for each of `count` paths the data of its znode, or ZooKeeper's error code."""
    buffer, offset = answer
    for _ in range(count):
        operation, _, _, length = RESULT.unpack_from(buffer, offset)
        offset += RESULT.size
        if operation != GET_DATA:
            yield length
            continue
        end = offset + max(length, 0)
        yield buffer[offset:end]
        offset = end + STAT_BYTES
