"""Records as JSON, and back."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.formats.json import compile_array, compile_lines, compile_reader
from kafka_tools.console.lines import FullRecord
from kafka_tools.errors import KafkaToolError
from tests.support.records import record

BYTES = st.one_of(st.none(), st.binary(max_size=20), st.text(max_size=20).map(str.encode))
TIMES = st.integers(0, 1 << 45)


def test_one_record() -> None:
    line = compile_lines()([record(b"\xff", b"k", 3, 7, [("h", b"1"), ("n", None)])])
    assert json.loads(line) == {
        "topic": "t",
        "partition": 3,
        "offset": 7,
        "timestamp": "2023-11-14T22:13:20.123Z",
        "timestamp_ms": 1_700_000_000_123,
        "timestamp_type": "CreateTime",
        "key": "k",
        "value": {"base64": "/w=="},
        "headers": [{"key": "h", "value": "1"}, {"key": "n", "value": None}],
    }


@given(st.lists(st.tuples(BYTES, BYTES, st.lists(st.tuples(st.text(max_size=5), BYTES)), TIMES), min_size=1))
def test_what_is_written_reads_back(
    contents: list[tuple[bytes | None, bytes | None, list[tuple[str, str | bytes | None]], int]],
) -> None:
    batch = [record(v, k, n % 5, n, list(h), (1, t)) for n, (k, v, h, t) in enumerate(contents)]
    written = compile_lines()(batch)
    assert written.count(b"\n") == len(batch)
    found = list(compile_reader("other")(written.splitlines(keepends=True)))
    assert found == [("other", v, k, n % 5, None, None, t, h) for n, (k, v, h, t) in enumerate(contents)]
    array = compile_array()
    assert len(json.loads(array(batch[:1]) + array(batch[1:]) + b"]")) == len(batch)


def test_little_is_needed() -> None:
    lines = [b"{}", b"", b'{"value": "v", "timestamp": "2023-11-14T22:13:20.123Z"}', b'{"key": "k", "timestamp": 5}']
    assert list(compile_reader("t")(lines)) == [
        FullRecord("t", None, None, headers=[]),
        FullRecord("t", b"v", None, timestamp=1_700_000_000_123, headers=[]),
        FullRecord("t", None, b"k", timestamp=5, headers=[]),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"[]",
        b"1",
        b'{"value": 1}',
        b'{"value": {"base64": "?"}}',
        b'{"headers": [1]}',
        b'{"partition": -1}',
        b'{"partition": true}',
        b'{"timestamp": "soon"}',
        b'{"timestamp_ms": "1"}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_is_told_with_its_line(line: bytes) -> None:
    read = compile_reader("t")
    list(read([b"{}"]))
    with pytest.raises(KafkaToolError, match=r"^line 2 is no record "):
        list(read([line]))


@given(st.binary(max_size=40))
def test_no_line_gives_a_traceback(line: bytes) -> None:
    with suppress(KafkaToolError):
        list(compile_reader("t")([line]))
