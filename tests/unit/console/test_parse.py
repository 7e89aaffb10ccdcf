"""LineMessageReader on bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.parse import SHOWN_CHARACTERS, LineFormat, compile_parser
from kafka_tools.errors import KafkaToolError

LINES = st.lists(st.binary(max_size=30))


@given(LINES)
def test_a_line_is_a_value(lines: list[bytes]) -> None:
    assert list(compile_parser(LineFormat())(lines)) == [(None, line) for line in lines]


@given(LINES, st.binary(min_size=1, max_size=3))
def test_key_separator_and_value_are_the_line(lines: list[bytes], separator: bytes) -> None:
    parse = compile_parser(LineFormat(parse_key=True, key_separator=separator, ignore_error=True))
    for line, (key, value) in zip(lines, parse(lines), strict=True):
        assert value is not None
        assert line == (value if key is None else key + separator + value)
        assert separator not in (key or b"")


def test_an_empty_separator_gives_an_empty_key() -> None:
    assert list(compile_parser(LineFormat(parse_key=True, key_separator=b""))([b"word"])) == [(b"", b"word")]


def test_lines_are_counted_over_all_batches() -> None:
    parse = compile_parser(LineFormat(parse_key=True, key_separator=b":"))
    assert list(parse([b"a:1", b"b:2"])) == [(b"a", b"1"), (b"b", b"2")]
    assert list(parse([])) == []
    records = parse([b"c:3", b"none", b"d:4"])
    assert next(records) == (b"c", b"3")
    with pytest.raises(KafkaToolError, match="line number 4: 'none'"):
        next(records)


def test_a_huge_line_is_not_shown_whole() -> None:
    with pytest.raises(KafkaToolError) as caught:
        list(compile_parser(LineFormat(parse_key=True))([b"\xff" * 1_000_000]))
    assert len(caught.value.message) < SHOWN_CHARACTERS + 100


def test_the_null_marker_stands_for_keys_and_values() -> None:
    parse = compile_parser(LineFormat(parse_key=True, null_marker=b"NIL"))
    assert list(parse([b"NIL\tNIL", b"NILL\t", b"\tNIL"])) == [(None, None), (b"NILL", b""), (b"", None)]
