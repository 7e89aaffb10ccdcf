"""How records are to be printed: what formatters share, and the choices of Apache's DefaultMessageFormatter."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Batch = Sequence[Any]
"""Records as confluent_kafka.Message, in the order they are written."""

Formatter = Callable[[Batch], bytes]

TIMESTAMP_TYPES = {1: b"CreateTime", 2: b"LogAppendTime"}
"""confluent_kafka.TIMESTAMP_CREATE_TIME and TIMESTAMP_LOG_APPEND_TIME as Java's TimestampType prints them."""


class UnreadableError(Exception):
    """A record's bytes are not what the deserializer or the formatter expects."""


class Deserializer(NamedTuple):
    """A deserializer's class, the properties behind its prefix, and whether it is for keys."""

    class_name: str
    config: Mapping[str, str]
    is_key: bool = False


class RecordFormat(NamedTuple):
    """Which parts of a record are printed, what reads them, and what stands between and after them."""

    print_timestamp: bool = False
    print_partition: bool = False
    print_offset: bool = False
    print_delivery: bool = False
    print_epoch: bool = False
    print_headers: bool = False
    print_key: bool = False
    print_value: bool = True
    key_separator: bytes = b"\t"
    line_separator: bytes = b"\n"
    headers_separator: bytes = b","
    null_literal: bytes = b"null"
    key_deserializer: Deserializer | None = None
    value_deserializer: Deserializer | None = None
    headers_deserializer: Deserializer | None = None
