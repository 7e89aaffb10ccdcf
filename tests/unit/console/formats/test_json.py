"""Records as JSON, and back."""

import codecs
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.formats.json import compile_array, compile_lines, compile_reader, in_utf_8
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
    lines = [
        b"",
        b'{"value": "v", "timestamp": "2023-11-14T22:13:20.123Z"}',
        b'{"key": "k", "timestamp": 5, "value": null}',
    ]
    assert list(compile_reader("t")(lines)) == [
        FullRecord("t", b"v", None, timestamp=1_700_000_000_123, headers=[]),
        FullRecord("t", None, b"k", timestamp=5, headers=[]),
    ]


KCAT = (
    b'{"topic":"a","partition":2,"offset":7,"tstype":"create","ts":1700000000123,"broker":1,'
    b'"headers":["h","1","h",null],"key":"u1","payload":"restored"}'
)
KAFKACTL = (
    b'{"Partition":2,"Offset":7,"Headers":{"h":"1"},"Key":"u1","Value":"restored",'
    b'"Timestamp":"2023-11-14T22:13:20.123Z"}'
)


def test_what_kcat_and_kafkactl_write_is_read_rightly() -> None:
    restored = FullRecord("t", b"restored", b"u1", 2, timestamp=1_700_000_000_123, headers=[("h", b"1")])
    of_kcat = restored._replace(headers=[("h", b"1"), ("h", None)])
    assert list(compile_reader("t")([KCAT, KAFKACTL])) == [of_kcat, restored]
    assert list(compile_reader("t", "kcat")([KCAT])) == [of_kcat]
    assert list(compile_reader("t", "kafkactl")([KAFKACTL])) == [restored]
    bare = [b'{"key":"u1","payload":null}', b'{"Value":null}', b'{"payload":"v","tstype":"unknown","ts":0}']
    assert list(compile_reader("t")(bare)) == [
        FullRecord("t", None, b"u1", headers=[]),
        FullRecord("t", None, None, headers=[]),
        FullRecord("t", b"v", None, headers=[]),
    ]


@pytest.mark.parametrize(("form", "line"), [("kcat", KAFKACTL), ("kafkactl", KCAT), ("kcat", b'{"value": "v"}')])
def test_only_the_form_that_was_named_is_taken(form: str, line: bytes) -> None:
    with pytest.raises(KafkaToolError, match=r"^line 1 is no record \(the field \w+ is missing"):
        list(compile_reader("t", form)([line]))


@pytest.mark.parametrize("line", [b"{}", b'{"key": "u1", "data": "lost"}', b'{"key": "u1"}', b'{"headers": []}'])
def test_null_stands_where_null_is_meant(line: bytes) -> None:
    """An object without a value would delete its key on a compacted topic."""
    with pytest.raises(KafkaToolError, match=r"^line 1 is no record \(the field value or payload or Value is missing"):
        list(compile_reader("t")([line]))


TEXT = '{"value": "ä"}\n{"value": "ö"}\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1000, 3])
def test_files_with_a_byte_order_mark_are_read_as_meant(encoding: str, size: int) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    content = mark + TEXT.encode(encoding)
    blocks = [content[at : at + size] for at in range(0, len(content), size)]
    assert b"".join(in_utf_8([*blocks, b""])).decode() == TEXT


def test_half_a_character_at_the_end_is_told() -> None:
    with pytest.raises(KafkaToolError, match="stdin is not text in the encoding of its byte order mark"):
        list(in_utf_8([codecs.BOM_UTF16_LE + b"a", b""]))


@pytest.mark.parametrize(
    "line",
    [
        b"x",
        b"[]",
        b"1",
        b'{"value": 1}',
        b'{"value": {"base64": "?"}}',
        b'{"value": "\\ud800"}',
        b'{"value": "v", "values": "v"}',
        b'{"value": "v", "payload": "v"}',
        b'{"value": "v", "headers": [1]}',
        b'{"value": "v", "headers": [{"key": "\\ud800"}]}',
        b'{"value": "v", "partition": -1}',
        b'{"value": "v", "partition": true}',
        b'{"value": "v", "timestamp": "soon"}',
        b'{"value": "v", "timestamp_ms": "1"}',
        b'{"payload": "v", "headers": ["h"]}',
        b'{"payload": "v", "headers": [1, "v"]}',
        b'{"payload": "v", "key_schema_id": 1}',
        b'{"payload": {"decoded": "Avro"}}',
        b'{"Value": "v", "Headers": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_record_is_told_with_its_line(line: bytes) -> None:
    read = compile_reader("t")
    list(read([b'{"value": "v"}']))
    with pytest.raises(KafkaToolError, match=r"^line 2 is no record "):
        list(read([line]))


@given(st.binary(max_size=40))
def test_no_line_gives_a_traceback(line: bytes) -> None:
    with suppress(KafkaToolError):
        list(compile_reader("t")([line]))
