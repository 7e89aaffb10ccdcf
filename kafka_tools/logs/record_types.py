"""Types of records in Kafka's internal topics: how they are read, and how Kafka writes them as JSON."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from struct import error
from typing import Any, NamedTuple

from kafka_tools.logs.files import CorruptFileError
from kafka_tools.model.codec import NEVER, Field, struct_decoder
from kafka_tools.model.java_json import quoted
from kafka_tools.model.java_numbers import double

INT16 = 2


class RecordType(NamedTuple):
    """A type of record: its fields in Kafka's spelling, its newest version, and the first with tagged fields."""

    name: str
    fields: tuple[Field, ...]
    last: int = 0
    flexible: int = 0


def record_key(name: str, fields: tuple[Field, ...]) -> RecordType:
    """Return the type of a key, which has no tagged fields in any version."""
    return RecordType(name, fields, flexible=NEVER)


def versioned(body: bytes) -> tuple[int, BytesIO]:
    """Return the version before a key, a value, or what consumers send to one another, and what is behind it."""
    if len(body) < INT16:
        raise CorruptFileError("it is too short for a version")
    return int.from_bytes(body[:INT16], "big", signed=True), BytesIO(body[INT16:])


def document(kind: RecordType, version: int, stream: BytesIO) -> dict[str, Any]:
    """Read one record as the JSON that Kafka's converters make of it: only fields of the version, unset tags left out.

    Raises CorruptFileError for a version that is not known here, and for bytes that are none.
    """
    # A newer broker's version is refused, not guessed: fields that are not known would shift all behind them.
    if not 0 <= version <= kind.last:
        raise CorruptFileError(f"Can't read version {version} of {kind.name}")
    flexible = version >= kind.flexible
    try:
        # From here on what a damaged record raises is struct.error, IndexError or UnicodeDecodeError, never more memory
        # than the bytes at hand: the lengths are compared with what is left.
        values = _decoder(kind.fields, version, flexible)(stream)
    except (error, IndexError, UnicodeDecodeError) as failure:
        raise CorruptFileError(f"its bytes are no {kind.name} ({failure})") from failure
    return of_version(kind.fields, version, values)


# The tables are constants, so few decoders are made, and each for thousands of records.
@cache
def _decoder(fields: tuple[Field, ...], version: int, flexible: bool) -> Any:
    return struct_decoder(fields, version, flexible)


def of_version(fields: Sequence[Field], version: int, values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a version has, in their order, those with a tag only where they say something."""
    present = (field for field in fields if field.since <= version <= field.until)
    return {
        field.name: _value(field, version, values[field.name])
        for field in present
        # Kafka's converters leave a tagged field out where it has its default: scripts that compare the JSON of two
        # brokers would see fields that only the newer one has.
        if field.tag is None or not _is_unset(field, values[field.name])
    }


def _is_unset(field: Field, value: Any) -> bool:
    return bool(value == field.default) or (field.default == () and value is not None and len(value) == 0)


def _value(field: Field, version: int, value: Any) -> Any:
    if value is None:
        return None
    if field.kind.startswith("[]"):
        return [_one(field, version, each) for each in value]
    return _one(field, version, value)


def _one(field: Field, version: int, value: Any) -> Any:
    kind = field.kind.removeprefix("[]")
    if kind == "struct":
        return of_version(field.fields, version, value)
    if kind == "uuid":
        # Uuid.toString() of Kafka: base64 of the 16 bytes with - and _, without the two = at its end.
        return urlsafe_b64encode(value).rstrip(b"=").decode()
    return value


def written(value: Any) -> str:
    """Return JSON as Jackson writes it: no blanks, bytes in base64, numbers with a fraction in Java's spelling."""
    match value:
        case dict():
            # Keys are in the order of the definitions, as Jackson's ObjectNode has them, not sorted.
            return "{" + ",".join([f"{quoted(name)}:{written(each)}" for name, each in value.items()]) + "}"
        case list() | tuple():
            return "[" + ",".join([written(each) for each in value]) + "]"
        case str():
            return quoted(value)
        case bytes():
            return f'"{b64encode(value).decode()}"'
        case float():
            return double(value)
        case _:
            return json.dumps(value)
