"""Lines out of blocks, and LineMessageReader on bytes."""

import os
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.lines import SHOWN_CHARACTERS, FullRecord, LineFormat, Parser, blocks, lines
from kafka_tools.console.lines import compile_parser as compile_for_topic
from kafka_tools.errors import KafkaToolError, UsageError

LINES = st.lists(st.binary(max_size=30))


def compile_parser(line_format: LineFormat) -> Parser:
    return compile_for_topic(line_format, "t")


@given(LINES)
def test_a_line_is_a_value(lines: list[bytes]) -> None:
    assert list(compile_parser(LineFormat())(lines)) == [("t", line) for line in lines]


@given(LINES, st.binary(min_size=1, max_size=3))
def test_key_separator_and_value_are_the_line(lines: list[bytes], separator: bytes) -> None:
    parse = compile_parser(LineFormat(parse_key=True, key_separator=separator, ignore_error=True))
    for line, (topic, value, *keys) in zip(lines, parse(lines), strict=True):
        assert topic == "t"
        assert line == separator.join([*keys, value])
        assert all(separator not in key for key in keys)


def test_an_empty_separator_gives_an_empty_key() -> None:
    assert list(compile_parser(LineFormat(parse_key=True, key_separator=b""))([b"word"])) == [("t", b"word", b"")]


def test_lines_are_counted_over_all_batches() -> None:
    parse = compile_parser(LineFormat(parse_key=True, key_separator=b":"))
    assert list(parse([b"a:1", b"b:2"])) == [("t", b"1", b"a"), ("t", b"2", b"b")]
    assert list(parse([])) == []
    records = parse([b"c:3", b"none", b"d:4"])
    assert next(records) == ("t", b"3", b"c")
    with pytest.raises(KafkaToolError, match="line number 4: 'none'"):
        next(records)


def test_a_huge_line_is_not_shown_whole() -> None:
    with pytest.raises(KafkaToolError) as caught:
        list(compile_parser(LineFormat(parse_key=True))([b"\xff" * 1_000_000]))
    assert len(caught.value.message) < SHOWN_CHARACTERS + 100


def test_the_null_marker_stands_for_keys_and_values() -> None:
    parse = compile_parser(LineFormat(parse_key=True, null_marker=b"NIL"))
    assert list(parse([b"NIL\tNIL", b"NILL\t", b"\tNIL"])) == [
        ("t", None, None),
        ("t", b"", b"NILL"),
        ("t", None, b""),
    ]
    assert list(compile_parser(LineFormat(null_marker=b"NIL"))([b"NIL", b"a"])) == [("t", None), ("t", b"a")]


FULL = LineFormat(parse_headers=True, parse_key=True)


def test_headers_key_and_value() -> None:
    lines = [b"a:1,b:\xff\tk\tv", b"a:1:2\t\t"]
    assert list(compile_parser(FULL)(lines)) == [
        FullRecord("t", b"v", b"k", headers=[("a", b"1"), ("b", b"\xff")]),
        FullRecord("t", b"", b"", headers=[("a", b"1:2")]),
    ]


def test_headers_are_split_as_java_splits() -> None:
    line_format = FULL._replace(headers_separator=b"[;|]", ignore_error=True)
    (found,) = compile_parser(line_format)([b"a:1;b|;|\tk\tv"])
    assert isinstance(found, FullRecord)
    assert found.headers == [("a", b"1"), ("b", None)]
    (found,) = compile_parser(line_format)([b";\tk\tv"])
    assert isinstance(found, FullRecord)
    assert found.headers == []


def test_a_null_marker_stands_for_headers_and_their_values() -> None:
    parse = compile_parser(FULL._replace(null_marker=b"NIL"))
    assert list(parse([b"NIL\tNIL\tNIL", b"a:NIL\tk\tv"])) == [
        FullRecord("t", None, None, headers=[]),
        FullRecord("t", b"v", b"k", headers=[("a", None)]),
    ]
    with pytest.raises(KafkaToolError, match="Header keys should not be equal to the null marker 'NIL'"):
        list(parse([b"NIL:1\tk\tv"]))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"none", "No headers delimiter found on line number 2: 'none'"),
        (b"h:1\tnone", "No key separator found on line number 2: 'h:1\tnone'"),
        (b"h\tk\tv", "No header key separator found in pair 'h' on line number 2"),
    ],
)
def test_what_is_missing_is_told_with_its_line(line: bytes, words: str) -> None:
    parse = compile_parser(FULL)
    list(parse([b"h:1\tk\tv"]))
    with pytest.raises(KafkaToolError) as caught:
        list(parse([line]))
    assert caught.value.message == words


@given(st.lists(st.binary(max_size=30)))
def test_no_line_with_headers_is_lost(lines: list[bytes]) -> None:
    assert len(list(compile_parser(FULL._replace(ignore_error=True))(lines))) == len(lines)


@pytest.mark.parametrize("names", [("headers_delimiter", "headers_separator"), ("null_marker", "key_separator")])
def test_two_separators_may_not_be_equal(names: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="may not be equal"):
        LineFormat(**dict.fromkeys(names, b"|")).check()  # type: ignore[arg-type]


def cut(content: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(edges) if end > start]


@given(
    st.binary(max_size=200).map(lambda content: content.replace(b"a", b"\n").replace(b"b", b"\r")),
    st.lists(st.integers(0, 500)),
)
def test_wherever_the_blocks_are_cut(content: bytes, places: list[int]) -> None:
    expected = content.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [line for batch in lines([*cut(content, places), b""], keeps_cr=True) for line in batch] == expected
    without_cr = [line.removesuffix(b"\r") for line in expected]
    assert [line for batch in lines([*cut(content, places), b""]) for line in batch] == without_cr


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\rb\r\n", [b"a\rb"]),
        (b"a\r\nb\r", [b"a", b"b"]),
        (b"\r\n\r\n", [b"", b""]),
        (b"a\nb\n", [b"a", b"b"]),
    ],
)
def test_a_cr_before_the_lf_is_no_part_of_the_line(content: bytes, expected: list[bytes]) -> None:
    for size in (1, 2, 3, 100):
        blocks = [content[at : at + size] for at in range(0, len(content), size)]
        assert [line for batch in lines([*blocks, b""]) for line in batch] == expected


def test_a_line_that_was_not_ended_is_dropped_if_the_input_was_not() -> None:
    assert list(lines([b"a\nb", b"c\nd"])) == [[b"a"], [b"bc"]]
    assert list(lines([b"a\nb", b"c\nd", b""])) == [[b"a"], [b"bc"], [b"d"]]


def test_a_line_over_many_blocks() -> None:
    assert list(lines([b"x" * 1000] * 1000 + [b"\n", b""])) == [[b"x" * 1_000_000]]


def test_blocks_end_with_the_input() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo")
    os.close(writing)
    assert list(blocks(reading, lambda: True)) == [b"one\ntwo", b""]
    os.close(reading)


def test_blocks_end_when_the_tick_says_so() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one")
    ticks = iter([True, True, False])
    assert list(blocks(reading, lambda: next(ticks))) == [b"one"]
    os.close(reading)
    os.close(writing)


def test_blocks_wait_on_a_descriptor_that_does_not_block() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write_late() -> None:
        time.sleep(0.3)
        os.write(writing, b"late")
        time.sleep(0.2)
        os.close(writing)

    threading.Thread(target=write_late).start()
    assert list(blocks(reading, lambda: True)) == [b"late", b""]
    os.close(reading)


def test_what_came_is_dealt_with_while_nothing_comes() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\n")
    idle: list[int] = []

    def on_idle() -> None:
        idle.append(writing)
        os.close(writing)

    assert list(blocks(reading, lambda: True, on_idle)) == [b"one\n", b""]
    assert idle == [writing]
    os.close(reading)
