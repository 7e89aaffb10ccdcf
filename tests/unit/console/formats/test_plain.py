"""DefaultMessageFormatter's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.formats import RecordFormat
from kafka_tools.console.formats.plain import compile_format
from tests.support.records import record

ALL = RecordFormat(print_timestamp=True, print_partition=True, print_offset=True, print_headers=True, print_key=True)
VALUES = st.lists(st.one_of(st.none(), st.binary(max_size=20)), max_size=20)


def test_values_alone() -> None:
    assert compile_format(RecordFormat())([record(b"a"), record(b""), record(b"\0\xff\r")]) == b"a\n\n\0\xff\r\n"


def test_null_is_written_as_the_null_literal() -> None:
    batch = [record(b"a"), record(None)]
    assert compile_format(RecordFormat())(batch) == b"a\nnull\n"
    assert compile_format(RecordFormat(null_literal=b"", print_key=True))(batch) == b"\ta\n\t\n"


def test_all_parts_in_apaches_order() -> None:
    batch = [
        record(b"v1", b"k1", 0, 7, [("h1", b"v1"), ("h2", None)]),
        record(b"v2", None, 1, 8, timestamp=(2, 5)),
        record(b"v3", b"", 1, 9, timestamp=(0, -1)),
    ]
    assert compile_format(ALL)(batch).splitlines() == [
        b"CreateTime:1700000000123\tPartition:0\tOffset:7\th1:v1,h2:null\tk1\tv1",
        b"LogAppendTime:5\tPartition:1\tOffset:8\tNO_HEADERS\tnull\tv2",
        b"NO_TIMESTAMP\tPartition:1\tOffset:9\tNO_HEADERS\t\tv3",
    ]


def test_the_last_part_is_followed_by_the_line_separator() -> None:
    record_format = ALL._replace(print_value=False, key_separator=b"; ", line_separator=b"|", headers_separator=b"+")
    line = compile_format(record_format)([record(b"v", b"k", headers=[("a", b"1"), ("b", b"2")])])
    assert line == b"CreateTime:1700000000123; Partition:0; Offset:0; a:1+b:2; k|"


def test_without_any_part_nothing_is_written() -> None:
    assert compile_format(RecordFormat(print_value=False))([record(b"a")]) == b""


@given(VALUES, st.sampled_from([RecordFormat(), RecordFormat(print_key=True), ALL]))
def test_a_batch_is_its_records(values: list[bytes | None], record_format: RecordFormat) -> None:
    written = compile_format(record_format)
    batch = [record(value, value, offset=offset) for offset, value in enumerate(values)]
    if batch:
        assert written(batch) == b"".join(written([message]) for message in batch)


@pytest.mark.parametrize("separator", [b"", b"::", b"\xff"])
def test_separators_are_bytes(separator: bytes) -> None:
    written = compile_format(RecordFormat(print_key=True, key_separator=separator))
    assert written([record(b"v", b"k")]) == b"k" + separator + b"v\n"
