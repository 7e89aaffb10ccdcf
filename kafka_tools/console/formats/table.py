"""A record as the texts of a table's row."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from kafka_tools.console.formats.default import NO_HEADERS, headers_column, key_column, value_column
from kafka_tools.console.formats.record_format import TIMESTAMP_TYPES, Batch, RecordFormat
from kafka_tools.console.records import LEADER_EPOCH, OFFSET, PARTITION, TIMESTAMP, TOPIC

Cells = Callable[[Batch], Iterable[str]]

NONE = "-"


def compile_cells(
    record_format: RecordFormat, with_topic: bool
) -> tuple[list[str], Callable[[Batch], list[tuple[str, ...]]]]:
    """Return the names of the columns, as `record_format` wants them, and the function that makes a batch's rows.

    It raises UnreadableError. Raises UsageError for a deserializer that is not there.
    """
    wanted: list[tuple[bool, str, Cells]] = [
        (with_topic, "topic", lambda batch: map(TOPIC, batch)),
        (record_format.print_partition, "partition", lambda batch: map(str, map(PARTITION, batch))),
        (record_format.print_offset, "offset", lambda batch: map(str, map(OFFSET, batch))),
        (record_format.print_timestamp, "timestamp", lambda batch: map(_time, map(TIMESTAMP, batch))),
        (record_format.print_delivery, "delivery", lambda batch: [NONE] * len(batch)),
        (record_format.print_epoch, "epoch", lambda batch: map(_number, map(LEADER_EPOCH, batch))),
        (record_format.print_key, "key", _decoded(key_column(record_format))),
        (record_format.print_headers, "headers", _headers(headers_column(record_format))),
        (record_format.print_value, "value", _decoded(value_column(record_format))),
    ]
    names = [name for is_wanted, name, _ in wanted if is_wanted]
    columns = [column for is_wanted, _, column in wanted if is_wanted]
    return names, lambda batch: list(zip(*(column(batch) for column in columns), strict=True))


def _decoded(column: Callable[[Batch], Iterable[bytes]]) -> Cells:
    """Return texts in place of bytes; those that are not UTF-8 stand as `\\xff`."""
    return lambda batch: [content.decode(errors="backslashreplace") for content in column(batch)]


def _headers(column: Callable[[Batch], Iterable[bytes]]) -> Cells:
    return _decoded(lambda batch: [b"" if text == NO_HEADERS else text for text in column(batch)])


def _number(number: Any) -> str:
    return NONE if number is None else str(number)


def _time(kind_and_time: tuple[int, int]) -> str:
    """Return a record's time in the user's zone, as `--from-time` takes it."""
    kind, milliseconds = kind_and_time
    if kind not in TIMESTAMP_TYPES:
        return NONE
    try:
        time = datetime.fromtimestamp(milliseconds // 1000)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)
    return f"{time.isoformat(' ', 'seconds')}.{milliseconds % 1000:03}"
