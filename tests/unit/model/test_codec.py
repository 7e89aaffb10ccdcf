"""The codec on its own: lengths, nulls, tags, what repeats, and bytes that mean nothing."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.codec import FORMATS, Field, MalformedError, decode, encode, struct_decoder
from kafka_tools.wire.messages import METADATA
from kafka_tools.wire.schema import Message
from tests.support.examples import a_share
from tests.support.kio_entities import entities, entity_class, last_version, messages, written


def _decoded(fields: tuple[Field, ...], raw: bytes, flexible: bool = True) -> Any:
    return decode(raw, struct_decoder(fields, 0, flexible))[0]


def test_nullable_arrays_and_nullable_structs_are_written_differently() -> None:
    inner = (Field("number", "int8"),)
    array, struct = Field("it", "[]struct", inner, nullable=0), Field("it", "struct", inner, nullable=0)
    for value, as_array, as_struct in ((None, b"\0\0", b"\xff\0"), ({"number": 5}, b"\2\5\0\0", b"\1\5\0\0")):
        for field, raw in ((array, as_array), (struct, as_struct)):
            given_value = [value] if field is array and value else value
            assert encode((field,), 0, True, {"it": given_value}) == raw
            assert _decoded((field,), raw) == {"it": given_value}


def test_null_is_refused_where_it_is_not_allowed() -> None:
    for kind in ("string", "bytes", "[]int32", "[]string"):
        with pytest.raises(MalformedError):
            _decoded((Field("it", kind),), b"\0\0")
        with pytest.raises(MalformedError):
            _decoded((Field("it", kind),), b"\xff\xff\xff\xff", flexible=False)
        assert _decoded((Field("it", kind, nullable=0),), b"\xff\xff\xff\xff", flexible=False) == {"it": None}


@pytest.mark.parametrize("kind", ["string", "bytes", "[]int8", "[]string", "[]int64"])
@pytest.mark.parametrize("flexible", [True, False])
@given(size=st.sampled_from([0, 1, 125, 126, 127, 128, 129, 16382, 16383, 16384, 30000]))
@settings(max_examples=11)
def test_lengths_around_the_steps_of_a_varint(kind: str, flexible: bool, size: int) -> None:
    item = {"string": "é", "bytes": b"x", "[]int8": (1,), "[]string": ["a"], "[]int64": (2**40,)}[kind]
    value = item * (size // 2 if kind == "string" else size)
    field = Field("it", kind)
    assert _decoded((field,), encode((field,), 0, flexible, {"it": value}), flexible) == {"it": value}


@given(st.integers(0, 2**32 - 2))
def test_a_declared_length_is_believed_only_as_far_as_there_are_bytes(length: int) -> None:
    count, varint = length + 1, bytearray()
    while count > 127:
        varint.append(count & 127 | 128)
        count >>= 7
    varint.append(count)
    for kind in ("string", "bytes", "[]int64", "[]string", "[]struct"):
        tracemalloc.start()
        try:
            value = _decoded((Field("it", kind, (Field("number", "int8"),)),), bytes(varint) + b"\1" * 50)["it"]
            assert len(value) == length <= 50
        except MalformedError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 1_000_000


@pytest.mark.parametrize("raw", [b"\x80\x80\x80\x80\x80\x01", b"\xff" * 20])
def test_a_varint_of_more_than_five_bytes_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        _decoded((Field("it", "string"),), raw + b"\0")


@given(st.dictionaries(st.integers(0, 2**31 - 1), st.binary(max_size=20), max_size=4), st.integers(-(2**63), 2**63 - 1))
def test_tagged_fields_in_any_order_and_unknown_ones(unknown: dict[int, bytes], epoch: int) -> None:
    fields = (Field("plain", "int8"), Field("epoch", "int64", tag=1, default=-1), Field("names", "[]string", tag=300))
    raw = encode(fields, 0, True, {"plain": 1, "epoch": epoch, "names": ["a", "b"]})
    assert _decoded(fields, raw) == {"plain": 1, "epoch": epoch, "names": ["a", "b"]}
    strangers = tuple(Field(f"f{tag}", "bytes", tag=tag, default=None, nullable=0) for tag in unknown)
    values = {"plain": 1, "epoch": epoch} | {f"f{tag}": value for tag, value in unknown.items()}
    known = tuple(field for field in fields if field.tag not in unknown)
    read = _decoded(known, encode((*known, *strangers), 0, True, values))
    assert read == {field.name: values.get(field.name, field.default) for field in known}


@pytest.mark.parametrize(
    ("kind", "value"), [("int8", 128), ("int32", 2**31), ("string", "\udcff"), ("string", "x" * 40_000), ("uuid", 5)]
)
def test_what_cannot_be_sent_is_said(kind: str, value: Any) -> None:
    with pytest.raises(KafkaToolError, match="cannot be represented in a request"):
        encode((Field("it", kind),), 0, False, {"it": value})


def test_what_a_version_lacks_holds_its_default() -> None:
    fields = (
        Field("old", "int8", until=1),
        Field("new", "int32", since=2, default=-1),
        Field("more", "[]string", since=2),
    )
    assert decode(b"\5", struct_decoder(fields, 1, False)) == [{"old": 5, "new": -1, "more": ()}]
    assert decode(b"\0\0\0\5\0\0\0\0", struct_decoder(fields, 2, False)) == [{"old": 0, "new": 5, "more": []}]


VALUES = st.lists(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 3)), max_size=3), max_size=8)


@a_share(4)
@given(VALUES)
@example([[("a", 1)], [("a", 1)], [("a", 1), ("b", 2)], [("a", 1)], [], []])
def test_what_repeats_is_read_as_if_it_did_not(groups: list[list[tuple[str, int]]]) -> None:
    def table(repeats: bool) -> tuple[Field, ...]:
        entry = (Field("name", "string"), Field("number", "int8"))
        return (Field("groups", "[]struct", (Field("entries", "[]struct", entry, repeats=repeats),)),)

    value = {"groups": [{"entries": [{"name": name, "number": number} for name, number in group]} for group in groups]}
    for flexible in (True, False):
        raw = encode(table(False), 0, flexible, value)
        assert _decoded(table(True), raw, flexible) == _decoded(table(False), raw, flexible) == value
        for cut in range(len(raw)):
            with pytest.raises(MalformedError):
                _decoded(table(True), raw[:cut], flexible)


def test_equal_neighbours_are_one_object() -> None:
    fields = (Field("groups", "[]struct", (Field("entries", "[]string", repeats=True),)),)
    value = {"groups": [{"entries": ["a", "b"]}] * 3}
    groups = _decoded(fields, encode(fields, 0, True, value))["groups"]
    assert groups[0]["entries"] is groups[2]["entries"]


@given(st.floats(allow_nan=False))
def test_float64(number: float) -> None:
    assert "float64" in FORMATS
    field = (Field("it", "float64"),)
    assert _decoded(field, encode(field, 0, True, {"it": number})) == {"it": number}


def _ends() -> Iterator[Any]:
    for message in messages():
        for version in {message.first, message.flexible, last_version(message)}:
            if message.first <= version <= last_version(message):
                yield pytest.param(message, version, id=f"{message.name}-{version}")


@pytest.mark.parametrize(("message", "version"), list(_ends()))
@a_share(4)
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_an_error(message: Message, version: int, raw: bytes) -> None:
    with suppress(KafkaToolError):
        assert set(message.decode(version, raw)) == {field.name for field in message.response}


@pytest.mark.parametrize(("message", "version"), list(_ends()))
@a_share(4)
@given(data=st.data())
def test_a_damaged_answer_is_an_answer_or_an_error(message: Message, version: int, data: st.DataObject) -> None:
    raw = bytearray(b"\0" + written(data.draw(entities(entity_class(message, version, request=False)))))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    with suppress(KafkaToolError):
        message.decode(version, bytes(raw))


@a_share(4)
@given(data=st.data())
def test_an_answer_that_ends_too_early_is_an_error(data: st.DataObject) -> None:
    raw = b"\0" + written(data.draw(entities(entity_class(METADATA, 12, request=False))))
    for cut in range(len(raw)):
        with pytest.raises(MalformedError):
            METADATA.decode(12, raw[:cut])
