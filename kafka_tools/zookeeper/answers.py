"""Checks that a ZooKeeper server's answers are what ZooKeeper sends, to the last byte, and within limits.

kazoo 2.11 believes its server. It takes a negative count for an empty list, cuts a text at the end of the answer, skips
results that it does not know, and allocates whatever a length says. Each of these can turn a damaged answer into a
wrong one that looks right: no topics, a shorter name, a transaction that was rolled back and is told as done.
"""

import struct
from collections.abc import Sequence
from typing import Any

from kafka_tools.errors import KafkaToolError, UnreachableError

MOST_ANSWER_BYTES = 16 << 20
"""The longest answer. 1,000 topics of 1,000 partitions, read by one multiRead, are 14 MB."""

MOST_SESSION_BYTES = 128 << 20
"""The most that a session takes in all: a server that answers a thousand requests with a long answer each fills memory,
too. 200,000 partitions, as many as a cluster with ZooKeeper stands, are 40 MB."""

MOST_ZNODE_BYTES = 4 << 20
"""The longest document: four times what a server takes by default (jute.maxbuffer). Parsed, it takes up to 100 MB."""

MOST_CHILDREN = 500_000
"""The most children of one znode. A cluster with ZooKeeper stands up to 200,000 partitions."""

CREATE, DELETE, EXISTS, GET_DATA, SET_DATA, GET_CHILDREN, CHECK, MULTI, SASL = 1, 2, 3, 4, 5, 8, 13, 14, 102
"""Types of requests (org.apache.zookeeper.ZooDefs.OpCode); answers to others are taken as kazoo reads them."""

INT = struct.Struct("!i")
STAT_BYTES = 68
RESULT_HEADER_BYTES = 9
"""Each result of a transaction begins with a MultiHeader: an operation (int), a flag (byte), an error (int)."""


class NonsenseError(ValueError):
    """An answer, or a part of one, that no server sends."""


class UnreadableAnswerError(KafkaToolError):
    """The server sent what no ZooKeeper sends."""

    def __init__(self, connect: str, cause: BaseException) -> None:
        # What Python says of the rest ("unpack_from requires a buffer of at least 16 bytes") helps nobody.
        found = cause if isinstance(cause, NonsenseError) else "its bytes are no answer to what was asked"
        super().__init__(
            f"ZooKeeper at {connect} sent an answer that cannot be read ({found}).",
            "Is it a ZooKeeper, and does nothing on the way change what it sends?",
        )


class NoAnswerError(UnreachableError):
    """The server keeps the session open and does not answer a request."""

    def __init__(self, connect: str, seconds: float) -> None:
        super().__init__(
            f"ZooKeeper at {connect} gave no answer within {seconds:.0f} s, though its session is open.",
            f"Is its disk full or slow? `ktools doctor --zookeeper {connect}` asks each server.",
        )


def check_length(length: int, before: int) -> None:
    """Raise NonsenseError for a length of a whole answer that no server sends, after `before` bytes in this session."""
    if not 0 <= length <= MOST_ANSWER_BYTES:
        raise NonsenseError(f"a length of {length:,} bytes")
    if before + length > MOST_SESSION_BYTES:
        raise NonsenseError(f"more than {MOST_SESSION_BYTES:,} bytes in all")


def check_count(request: Any, buffer: bytes, offset: int) -> None:
    """Raise NonsenseError where a list of children is longer than it can be, before kazoo makes it; -1 is no list."""
    # Java's vectors have -1 for null (jute's BinaryInputArchive), which getChildren never answers. kazoo takes it, and
    # with it any damaged count below 0, for "no children": a cluster without topics.
    if request.type == GET_CHILDREN:
        (count,) = INT.unpack_from(buffer, offset)
        if not 0 <= count <= MOST_CHILDREN:
            raise NonsenseError(f"a list of {count:,} children")


def check_answer(request: Any, answer: Any, buffer: bytes, offset: int) -> None:
    """Check what kazoo read from `buffer`, behind `offset`, as the answer to `request`.

    Raises NonsenseError where they are not the bytes of such an answer. What kazoo read is counted again: bytes that
    were left over and results that were skipped show in the sum.
    """
    if request.type == MULTI:
        _check_results(request.operations, answer)
    expected, size = _bytes_of(request.type, answer), len(buffer) - offset
    if expected is not None and expected != size:
        raise NonsenseError(f"{size:,} bytes instead of {expected:,}")
    # A text that is cut off at the end has the right sum. Where something follows, kazoo itself finds nothing there.
    last = _last(request.type, answer)
    if last and not buffer.endswith(INT.pack(len(last)) + last):
        raise NonsenseError("a text that is cut off")


def _last(kind: int, answer: Any) -> bytes:
    """Return the text at the end of an answer, b"" where it ends with something else."""
    if kind == SASL:
        return answer[0] or b""
    text = answer if kind == CREATE else answer[-1] if kind == GET_CHILDREN and answer else ""
    return str(text).encode()


def check_data(data: bytes) -> None:
    """Raise NonsenseError for a znode that is longer than any that Kafka writes."""
    if len(data) > MOST_ZNODE_BYTES:
        raise NonsenseError(f"a znode of {len(data):,} bytes")


def _bytes_of(kind: int, answer: Any) -> int | None:
    """Return how many bytes an answer takes, None where the kind of the request is not known here."""
    if kind == GET_CHILDREN:
        return INT.size + sum(_text(child) for child in answer)
    if kind == GET_DATA:
        data = answer[0] or b""
        check_data(data)
        return INT.size + len(data) + STAT_BYTES
    if kind in (EXISTS, SET_DATA):
        return STAT_BYTES
    if kind == CREATE:
        return _text(answer)
    if kind == SASL:
        return INT.size + len(answer[0] or b"")
    if kind == MULTI:
        return sum(map(_result, answer)) + RESULT_HEADER_BYTES
    return None


def _text(text: str | None) -> int:
    # No znode's name is null or empty (org.apache.zookeeper.common.PathUtils 3.8).
    if not text:
        raise NonsenseError("a name that is empty")
    return INT.size + len(text.encode())


def _result(result: Any) -> int:
    if isinstance(result, Exception):
        return RESULT_HEADER_BYTES + INT.size
    if isinstance(result, str):
        return RESULT_HEADER_BYTES + _text(result)
    return RESULT_HEADER_BYTES + (0 if result is True else STAT_BYTES)


def _check_results(operations: Sequence[Any], results: Sequence[Any]) -> None:
    """Check that each operation of a transaction has its own result, or an error.

    kazoo drops an empty result, and repeats the one before for an operation that it does not know.
    """
    if len(results) != len(operations):
        raise NonsenseError(f"{len(results)} results of {len(operations)} operations")
    for operation, result in zip(operations, results, strict=True):
        kind = CREATE if isinstance(result, str) else SET_DATA if isinstance(result, tuple) else CHECK
        expected = CHECK if operation.type == DELETE else operation.type
        if not isinstance(result, Exception) and kind != expected:
            raise NonsenseError("a result of another operation")
