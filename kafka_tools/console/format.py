"""A record as text: Apache's DefaultMessageFormatter (org.apache.kafka.tools.consumer, 3.9), compiled once.

A record's parts stand in this order: timestamp, partition, offset, headers, key, value; all are bytes, never decoded.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

Batch = Sequence[Any]
"""Records as confluent_kafka.Message, in the order they are written."""

Formatter = Callable[[Batch], bytes]
Column = Callable[[Batch], Iterable[bytes]]

TIMESTAMP_TYPES = {1: b"CreateTime", 2: b"LogAppendTime"}
"""confluent_kafka.TIMESTAMP_CREATE_TIME and TIMESTAMP_LOG_APPEND_TIME as Java's TimestampType prints them."""

KEY = methodcaller("key")
VALUE = methodcaller("value")
PARTITION = methodcaller("partition")
OFFSET = methodcaller("offset")
TIMESTAMP = methodcaller("timestamp")
HEADERS = methodcaller("headers")


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """Which parts of a record are printed, and what stands between and after them."""

    print_timestamp: bool = False
    print_partition: bool = False
    print_offset: bool = False
    print_headers: bool = False
    print_key: bool = False
    print_value: bool = True
    key_separator: bytes = b"\t"
    line_separator: bytes = b"\n"
    headers_separator: bytes = b","
    null_literal: bytes = b"null"


def compile_format(record_format: RecordFormat) -> Formatter:
    """Return the function that turns a batch into the bytes to write."""
    columns = _columns(record_format)
    line = record_format.line_separator
    if not columns:
        return lambda _batch: b""  # DefaultMessageFormatter writes no line separator for print.value=false alone
    if len(columns) == 1:
        return _joined_values(columns[0], line)
    between = record_format.key_separator.join

    def written(batch: Batch) -> bytes:
        rows = zip(*(column(batch) for column in columns), strict=True)
        return line.join(map(between, rows)) + line

    return written


def _joined_values(column: Column, line: bytes) -> Formatter:
    def written(batch: Batch) -> bytes:
        return line.join(column(batch)) + line

    return written


def _columns(record_format: RecordFormat) -> list[Column]:
    null = record_format.null_literal
    wanted: list[tuple[bool, Column]] = [
        (record_format.print_timestamp, _timestamps),
        (record_format.print_partition, _partitions),
        (record_format.print_offset, _offsets),
        (record_format.print_headers, _headers(record_format.headers_separator, null)),
        (record_format.print_key, _or_null(KEY, null)),
        (record_format.print_value, _or_null(VALUE, null)),
    ]
    return [column for is_wanted, column in wanted if is_wanted]


def _or_null(part: Callable[[Any], bytes | None], null: bytes) -> Column:
    def column(batch: Batch) -> Iterable[bytes]:
        parts = list(map(part, batch))
        return [null if each is None else each for each in parts] if None in parts else parts  # type: ignore[return-value]

    return column


def _timestamps(batch: Batch) -> Iterable[bytes]:
    return [
        b"%b:%d" % (TIMESTAMP_TYPES[kind], time) if kind in TIMESTAMP_TYPES else b"NO_TIMESTAMP"
        for kind, time in map(TIMESTAMP, batch)
    ]


def _partitions(batch: Batch) -> Iterable[bytes]:
    return [b"Partition:%d" % partition for partition in map(PARTITION, batch)]


def _offsets(batch: Batch) -> Iterable[bytes]:
    return [b"Offset:%d" % offset for offset in map(OFFSET, batch)]


def _headers(separator: bytes, null: bytes) -> Column:
    def text(headers: list[tuple[str, bytes | None]] | None) -> bytes:
        if not headers:
            return b"NO_HEADERS"
        return separator.join(b"%b:%b" % (key.encode(), null if value is None else value) for key, value in headers)

    return lambda batch: map(text, map(HEADERS, batch))
