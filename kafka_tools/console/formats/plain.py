"""A record as text: Apache's DefaultMessageFormatter (org.apache.kafka.tools.consumer, 3.9 and 4.3), compiled once.

A record's parts stand in this order: timestamp, partition, offset, delivery, epoch, headers, key, value. Without a
deserializer all are bytes, never decoded.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from kafka_tools.console.formats import (
    PACKAGE,
    PLAIN,
    TIMESTAMP_TYPES,
    Batch,
    Deserializer,
    Formatter,
    RecordFormat,
    checked_class,
)
from kafka_tools.console.formats.deserializers import Deserialize, compile_deserializer
from kafka_tools.console.records import (
    DELIVERY_COUNT,
    HEADERS,
    KEY,
    LEADER_EPOCH,
    OFFSET,
    PARTITION,
    TIMESTAMP,
    TOPIC,
    VALUE,
)

Column = Callable[[Batch], Iterable[bytes]]

NO_HEADERS = b"NO_HEADERS"


def compile_formatter(class_name: str, record_format: RecordFormat) -> Formatter:
    """Return the function that turns a batch into the bytes to write, as this class of Apache's does.

    The function raises UnreadableError. Raises UsageError for a class that is not one of Apache's, and for a
    deserializer that is not there.
    """
    package, name = checked_class(class_name)
    if name == "NoOpMessageFormatter":
        return lambda _batch: b""
    if name in PLAIN:  # what LoggingMessageFormatter logs, Apache's log configuration does not show
        return compile_format(record_format)
    from kafka_tools.console.formats import coordinator  # two schemas that few runs need

    kind = coordinator.KINDS[name]
    return coordinator.compile_json(kind) if package == PACKAGE else coordinator.compile_lines(kind)


def compile_format(record_format: RecordFormat) -> Formatter:
    """Return the function that turns a batch into the bytes to write; it raises UnreadableError.

    Raises UsageError for a deserializer that is not there.
    """
    columns = _columns(record_format)
    line = record_format.line_separator
    if not columns:
        return lambda _batch: b""  # DefaultMessageFormatter writes no line separator for print.value=false alone
    if len(columns) == 1:  # values alone, the rule: no tuple and no second join for each record
        return _joined_values(columns[0], line)
    between = record_format.key_separator.join

    def written(batch: Batch) -> bytes:
        rows = zip(*(column(batch) for column in columns), strict=True)
        return line.join(map(between, rows)) + line

    return written


def _joined_values(column: Column, line: bytes) -> Formatter:
    return lambda batch: line.join(column(batch)) + line


def _columns(record_format: RecordFormat) -> list[Column]:
    wanted: list[tuple[bool, Column]] = [
        (record_format.print_timestamp, _timestamps),
        (record_format.print_partition, _partitions),
        (record_format.print_offset, _offsets),
        (record_format.print_delivery, _deliveries),
        (record_format.print_epoch, _epochs),
        (record_format.print_headers, headers_column(record_format)),
        (record_format.print_key, key_column(record_format)),
        (record_format.print_value, value_column(record_format)),
    ]
    return [column for is_wanted, column in wanted if is_wanted]


def key_column(record_format: RecordFormat) -> Column:
    """Return what writes the keys of a batch. Raises UsageError for a deserializer that is not there."""
    return _or_null(KEY, record_format.null_literal, _reader(record_format.key_deserializer))


def value_column(record_format: RecordFormat) -> Column:
    """Return what writes the values of a batch. Raises UsageError for a deserializer that is not there."""
    return _or_null(VALUE, record_format.null_literal, _reader(record_format.value_deserializer))


def _reader(deserializer: Deserializer | None) -> Deserialize | None:
    """Return what reads a part of a record, None where its bytes are written as they are."""
    if deserializer is None:
        return None
    read = compile_deserializer(deserializer)
    return None if read is bytes else read


def _or_null(part: Callable[[Any], bytes | None], null: bytes, read: Deserialize | None) -> Column:
    def column(batch: Batch) -> Iterable[bytes]:
        parts = list(map(part, batch))  # `in` looks for null in C; most batches have none
        return [null if each is None else each for each in parts] if None in parts else parts  # type: ignore[return-value]

    def read_column(batch: Batch) -> Iterable[bytes]:
        return [null if each is None else read(each) for each in map(part, batch)]  # type: ignore[misc]

    return column if read is None else read_column


class Written(dict[Any, bytes]):
    """What was written for a value before: partitions and times repeat in neighbouring records."""

    def __init__(self, write: Callable[[Any], bytes]) -> None:
        self._write = write

    def __missing__(self, value: Any) -> bytes:
        text = self[value] = self._write(value)
        return text


def _timestamp(kind_and_time: tuple[int, int]) -> bytes:
    kind, time = kind_and_time
    return b"%b:%d" % (TIMESTAMP_TYPES[kind], time) if kind in TIMESTAMP_TYPES else b"NO_TIMESTAMP"


def _timestamps(batch: Batch) -> Iterable[bytes]:
    return map(Written(_timestamp).__getitem__, map(TIMESTAMP, batch))


def _partitions(batch: Batch) -> Iterable[bytes]:
    return map(Written(lambda partition: b"Partition:%d" % partition).__getitem__, map(PARTITION, batch))


def _offsets(batch: Batch) -> Iterable[bytes]:
    return [b"Offset:%d" % offset for offset in map(OFFSET, batch)]


def _deliveries(batch: Batch) -> Iterable[bytes]:
    """Only a share group counts deliveries."""
    return [b"Delivery:NOT_PRESENT" if count is None else b"Delivery:%d" % count for count in _delivery_counts(batch)]


def _delivery_counts(batch: Batch) -> Iterable[int | None]:
    return map(DELIVERY_COUNT, batch) if DELIVERY_COUNT is not None else [None] * len(batch)


def _epochs(batch: Batch) -> Iterable[bytes]:
    return [b"Epoch:NOT_PRESENT" if epoch is None else b"Epoch:%d" % epoch for epoch in map(LEADER_EPOCH, batch)]


def headers_column(record_format: RecordFormat) -> Column:
    """Return what writes the headers of a batch. Raises UsageError for a deserializer that is not there."""
    separator, null = record_format.headers_separator, record_format.null_literal
    decoded = _reader(record_format.headers_deserializer) or bytes

    def text(headers: list[tuple[str, bytes | None]] | None) -> bytes:
        if not headers:
            return NO_HEADERS
        return separator.join(
            b"%b:%b" % (key.encode(), null if value is None else decoded(value)) for key, value in headers
        )

    return lambda batch: map(text, map(HEADERS, batch))


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
        (record_format.print_delivery, "delivery", lambda batch: map(_number, _delivery_counts(batch))),
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
