"""How records are to be printed: Apache's formatters by the names of their classes (`--formatter`), and their choices.

Nothing here imports confluent_kafka, so that a tool can read its options without it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from kafka_tools.errors import UsageError, nearest

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
    """Which parts of a record are printed, what reads them, and what stands between and after them.

    Without options it prints what DefaultMessageFormatter (3.9) does without properties.
    """

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


PACKAGE = "org.apache.kafka.tools.consumer."
DEFAULT = f"{PACKAGE}DefaultMessageFormatter"
OLD_PACKAGES = (
    "kafka.tools.",
    "kafka.coordinator.group.GroupMetadataManager$",
    "kafka.coordinator.transaction.TransactionLog$",
)
PLAIN = ("DefaultMessageFormatter", "LoggingMessageFormatter", "NoOpMessageFormatter")
DECODING = {
    "OffsetsMessageFormatter": OLD_PACKAGES[1],
    "GroupMetadataMessageFormatter": OLD_PACKAGES[1],
    "TransactionLogMessageFormatter": OLD_PACKAGES[2],
}
"""Formatters of internal topics and the older packages in which their namesakes write lines instead of JSON."""


def deprecation(class_name: str) -> str:
    """Return what Kafka 3.9 says of an older class name; nothing where it is the newer one.

    Raises UsageError for a class that is not one of Apache's.
    """
    # 3.9 is the last Kafka that has the older classes.
    package, name = checked_class(class_name)
    if package == PACKAGE:
        return ""
    return (
        f"WARNING: {class_name} is deprecated and will be removed in the next major release. "
        f"Please use {PACKAGE}{name} instead"
    )


def checked_class(class_name: str) -> tuple[str, str]:
    """Return the class's package and its own name. Raises UsageError for a class that is not one of Apache's."""
    # Not every class is in every package: the plain ones were in kafka.tools, the others within their managers.
    names = {(package, name) for name in PLAIN for package in (PACKAGE, OLD_PACKAGES[0])}
    names |= {(package, name) for name, old in DECODING.items() for package in (PACKAGE, old)}
    for package, name in names:
        if class_name == package + name:
            return package, name
    near = nearest(class_name, (package + name for package, name in names))
    raise UsageError(
        f"there is no formatter {class_name}",
        f"Did you mean {near[0]}?" if near else "Classes of Java's that are not Kafka's own cannot be loaded.",
    )
