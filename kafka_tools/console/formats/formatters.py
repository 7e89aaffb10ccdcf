"""Apache's formatters by the names of their classes (`--formatter`)."""

from kafka_tools.console.formats.record_format import Batch, Formatter, RecordFormat
from kafka_tools.errors import UsageError, nearest

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
    package, name = _checked(class_name)
    if package == PACKAGE:
        return ""
    return (
        f"WARNING: {class_name} is deprecated and will be removed in the next major release. "
        f"Please use {PACKAGE}{name} instead"
    )


def compile_formatter(class_name: str, record_format: RecordFormat) -> Formatter:
    """Return the function that turns a batch into the bytes to write; it raises UnreadableError.

    Raises UsageError for a class that is not one of Apache's, and for a deserializer that is not there.
    """
    package, name = _checked(class_name)
    if name == "NoOpMessageFormatter":
        return _nothing
    if name in PLAIN:  # what LoggingMessageFormatter logs, Apache's log configuration does not show
        from kafka_tools.console.formats.default import compile_format

        return compile_format(record_format)
    from kafka_tools.console.formats import coordinator as formats

    kinds = {"Offsets": formats.OFFSETS, "GroupMetadata": formats.GROUPS, "TransactionLog": formats.TRANSACTIONS}
    kind = kinds[name.removesuffix("MessageFormatter")]
    return formats.compile_json(kind) if package == PACKAGE else formats.compile_lines(kind)


def _nothing(_batch: Batch) -> bytes:
    return b""


def _checked(class_name: str) -> tuple[str, str]:
    """Return the class's package and its own name. Raises UsageError for a class that is not one of Apache's."""
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
