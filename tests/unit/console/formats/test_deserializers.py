"""Kafka's own deserializers."""

import struct
import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.formats import Deserializer, UnreadableError
from kafka_tools.console.formats.deserializers import PACKAGE, SIMPLE, compile_deserializer
from kafka_tools.errors import UsageError

INNER = "default.list.value.serde.inner"


def read(name: str, content: bytes, **config: str) -> bytes:
    return compile_deserializer(Deserializer(f"{PACKAGE}{name}Deserializer", config))(content)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_numbers(number: int) -> None:
    assert read("Long", number.to_bytes(8, "big", signed=True)) == b"%d" % number
    small = number % (1 << 15)
    assert read("Short", small.to_bytes(2, "big")) == read("Integer", small.to_bytes(4, "big")) == b"%d" % small


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("Long", b"abc", "Size of data received by LongDeserializer is not 8"),
        ("Integer", b"", "Size of data received by IntegerDeserializer is not 4"),
        ("Boolean", b"", "Size of data received by BooleanDeserializer is not 1"),
        ("Boolean", b"\2", "Unexpected byte received by BooleanDeserializer: 2"),
        ("UUID", b"x", "Error parsing data into UUID"),
        ("UUID", b"1-2-3-4-", "Error parsing data into UUID"),
        ("Void", b"", "Data should be null for a VoidDeserializer."),
    ],
)
def test_what_cannot_be_read(name: str, content: bytes, words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(name, content)
    assert str(caught.value) == words


def test_texts() -> None:
    assert read("String", b"\xff") == read("ByteArray", b"\xff") == b"\xff"
    config = {"value.deserializer.encoding": "latin1", "deserializer.encoding": "nosuch"}
    assert compile_deserializer(Deserializer("StringDeserializer", config))(b"\xfc") == "ü".encode()
    utf_16 = Deserializer("StringDeserializer", {"deserializer.encoding": "UTF-16"}, is_key=True)
    assert (
        compile_deserializer(utf_16)("ü".encode("utf-16-be"))
        == compile_deserializer(utf_16)("ü".encode("utf-16"))
        == "ü".encode()
    )


@pytest.mark.parametrize("name", ["x.AvroDeserializer", "Long", "Deserializer", "", "NoSuchDeserializer"])
def test_what_is_not_there(name: str) -> None:
    with pytest.raises(UsageError, match="there is no deserializer"):
        compile_deserializer(Deserializer(name, {}))


def test_what_is_missing_or_unknown() -> None:
    with pytest.raises(UsageError, match=r"the property default\.list\.key\.serde\.inner is missing"):
        compile_deserializer(Deserializer("ListDeserializer", {}, is_key=True))
    with pytest.raises(UsageError, match="a list of lists cannot be read"):
        compile_deserializer(Deserializer("ListDeserializer", {INNER: f"{PACKAGE}Serdes$ListSerde"}))


@pytest.mark.parametrize(
    "encoding", ["nosuch", "base64", "rot13", "hex", "zip", "undefined", "idna", "\0", "\udce9", ""]
)
def test_what_is_no_encoding_of_text_is_refused(encoding: str) -> None:
    with pytest.raises(UsageError, match="there is no encoding"):
        compile_deserializer(Deserializer("StringDeserializer", {"deserializer.encoding": encoding}))


@given(st.sampled_from(["utf-7", "utf-16", "utf-32", "unicode_escape", "cp037"]), st.binary(max_size=40))
def test_no_bytes_in_an_encoding_give_a_traceback(encoding: str, content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of unicode_escape, for a backslash that escapes nothing
        compile_deserializer(Deserializer("StringDeserializer", {"deserializer.encoding": encoding}))(content).decode()


@given(st.lists(st.one_of(st.none(), st.integers(-(1 << 31), (1 << 31) - 1))))
def test_lists_of_one_size(numbers: list[int | None]) -> None:
    nulls = [place for place, number in enumerate(numbers) if number is None]
    there = [number for number in numbers if number is not None]
    content = struct.pack(f">bi{len(nulls)}ii{len(there)}i", 0, len(nulls), *nulls, len(numbers), *there)
    config = {INNER: f"{PACKAGE}Serdes$IntegerSerde"}
    expected = ", ".join("null" if number is None else str(number) for number in numbers)
    assert compile_deserializer(Deserializer("ListDeserializer", config))(content) == f"[{expected}]".encode()


@given(st.lists(st.one_of(st.none(), st.binary())))
def test_lists_of_many_sizes(texts: list[bytes | None]) -> None:
    parts = [struct.pack(">i", -1) if text is None else struct.pack(">i", len(text)) + text for text in texts]
    content = struct.pack(">bi", 1, len(texts)) + b"".join(parts)
    config = {INNER: f"{PACKAGE}Serdes$StringSerde"}
    expected = b"[" + b", ".join(b"null" if text is None else text for text in texts) + b"]"
    assert compile_deserializer(Deserializer("ListDeserializer", config))(content) == expected


@given(st.sampled_from([*SIMPLE, "String", "List"]), st.binary(max_size=40))
def test_no_bytes_give_a_traceback(name: str, content: bytes) -> None:
    inner = {INNER: f"{PACKAGE}Serdes$LongSerde"}
    with suppress(UnreadableError):
        compile_deserializer(Deserializer(f"{name}Deserializer", inner))(content)
