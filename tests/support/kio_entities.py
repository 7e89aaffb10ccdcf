"""kio's entities, another library's reading of Kafka's message definitions: made at random, and as our dicts."""

import dataclasses
import datetime
import io
import types
import typing
import uuid
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from hypothesis import strategies as st
from kio.index import load_payload_module
from kio.schema.errors import ErrorCode
from kio.serial import entity_reader, entity_writer
from kio.static.constants import EntityType

from kafka_tools import wire
from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

INTEGERS = {
    "int8": st.integers(-(2**7), 2**7 - 1),
    "int16": st.integers(-(2**15), 2**15 - 1),
    "uint16": st.integers(0, 2**16 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
PRIMITIVES = {
    **INTEGERS,
    "bool": st.booleans(),
    "string": st.text(max_size=200),
    "bytes": st.binary(max_size=200),
    "records": st.binary(max_size=200),
    "float64": st.floats(allow_nan=False),
    "uuid": st.uuids(),
    "error_code": st.sampled_from(ErrorCode),
    "datetime_i64": st.integers(0, 2**46).map(lambda ms: EPOCH + datetime.timedelta(milliseconds=ms)),
    "timedelta_i32": INTEGERS["int32"].map(lambda ms: datetime.timedelta(milliseconds=ms)),
    "timedelta_i64": st.integers(-(2**46), 2**46).map(lambda ms: datetime.timedelta(milliseconds=ms)),
}


LAST_KNOWN = {"StreamsGroupDescribe": 0, "UnregisterController": -1}
"""Messages of which kio lacks the newest versions -> the last that it has."""


def last_version(message: Message) -> int:
    """Return the newest version of a message that kio has, too."""
    return LAST_KNOWN.get(message.name, message.last)


def messages() -> list[Message]:
    """Return every message that is known here."""
    names = [each.name for each in iter_modules(wire.__path__) if each.name.endswith("messages")]
    tables = [vars(import_module(f"{wire.__name__}.{name}")) for name in names]
    return [value for table in tables for value in table.values() if isinstance(value, Message)]


def entity_class(message: Message, version: int, request: bool) -> Any:
    """Return kio's class for one version of a request or an answer."""
    kind = EntityType.request if request else EntityType.response
    name = f"{message.name}{'Request' if request else 'Response'}"
    return getattr(load_payload_module(message.key, version, kind), name)


def entities(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for entities of a class of kio's; tagged fields, none of which is known here, hold defaults."""
    hints = typing.get_type_hints(kind)
    untagged = [field for field in dataclasses.fields(kind) if "tag" not in field.metadata]
    fields = {field.name: _values(hints[field.name], field.metadata) for field in untagged}
    return st.builds(kind, **fields)


def _values(hint: Any, metadata: Any) -> st.SearchStrategy[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return st.none() | _values(typing.get_args(hint)[0], metadata)
    if typing.get_origin(hint) is tuple:
        return st.lists(_values(typing.get_args(hint)[0], metadata), max_size=3).map(tuple)
    if dataclasses.is_dataclass(hint):
        return entities(hint)
    return PRIMITIVES[metadata["kafka_type"]]


def written(entity: Any) -> bytes:
    """Return kio's bytes for an entity."""
    buffer = io.BytesIO()
    entity_writer(type(entity))(buffer, entity)
    return buffer.getvalue()


def read(kind: Any, raw: bytes) -> tuple[Any, bytes]:
    """Return what kio makes of the bytes, and those that are left."""
    entity, size = entity_reader(kind)(raw, 0)
    return entity, raw[size:]


def as_ours(value: Any) -> Any:
    """Return an entity as the codec has it: a dict by Kafka's names, times in ms, uuids as bytes."""
    if not dataclasses.is_dataclass(value):
        return _plain(value)
    struct = {}
    for field in dataclasses.fields(value):
        if "tag" in field.metadata:
            continue
        kind = field.metadata.get("kafka_type", "")
        inner = getattr(value, field.name)
        if kind == "uuid" and inner is None:
            inner = uuid.UUID(int=0)
        struct[f"{field.name}_ms" if kind.startswith("timedelta") else field.name] = as_ours(inner)
    return struct


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(as_ours(item) for item in value)
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, datetime.timedelta):
        return value // datetime.timedelta(milliseconds=1)
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(milliseconds=1)
    return value.value if isinstance(value, ErrorCode) else value


def same(fields: Sequence[Field], ours: Any, theirs: Any) -> bool:
    """Tell whether a struct of ours holds what kio's has, and defaults where this version has nothing."""
    assert set(theirs) <= {field.name for field in fields} == set(ours)
    return all(
        _same(field, ours[field.name], theirs[field.name])
        if field.name in theirs
        else ours[field.name] == field.default
        for field in fields
    )


def _same(field: Field, ours: Any, theirs: Any) -> bool:
    if theirs is None or not field.fields:
        return bool((tuple(ours) if isinstance(ours, list) else ours) == theirs)
    if field.kind == "struct":
        return same(field.fields, ours, theirs)
    return len(ours) == len(theirs) and all(same(field.fields, *pair) for pair in zip(ours, theirs, strict=True))
