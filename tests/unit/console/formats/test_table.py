"""A record's parts as texts of a row."""

import time
from collections.abc import Iterator

import pytest

from kafka_tools.console.formats import RecordFormat, UnreadableError
from kafka_tools.console.formats.deserializers import Deserializer
from kafka_tools.console.formats.plain import compile_cells
from tests.support.records import record

ALL = RecordFormat(
    print_timestamp=True,
    print_partition=True,
    print_offset=True,
    print_delivery=True,
    print_epoch=True,
    print_headers=True,
    print_key=True,
)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_all_columns() -> None:
    names, rows = compile_cells(ALL, with_topic=True)
    made = record(b"v", key=b"k", partition=3, offset=7, timestamp=(1, 1795392000123), headers=[("h", b"1")])
    assert dict(zip(names, rows([made])[0], strict=True)) == {
        "topic": "t",
        "partition": "3",
        "offset": "7",
        "timestamp": "2026-11-23 00:00:00.123",
        "delivery": "-",
        "epoch": "-",
        "key": "k",
        "headers": "h:1",
        "value": "v",
    }


def test_only_what_is_wanted() -> None:
    names, rows = compile_cells(RecordFormat(print_key=True), with_topic=False)
    assert names == ["key", "value"]
    assert rows([record(None, key=b"\xffk"), record("ü".encode())]) == [("\\xffk", "null"), ("null", "ü")]


@pytest.mark.parametrize(("timestamp", "text"), [((0, -1), "-"), ((1, 1 << 60), str(1 << 60))])
def test_no_time(timestamp: tuple[int, int], text: str) -> None:
    _, rows = compile_cells(RecordFormat(print_timestamp=True, print_value=False), with_topic=False)
    assert rows([record(b"v", timestamp=timestamp)]) == [(text,)]


def test_no_headers_no_text() -> None:
    _, rows = compile_cells(RecordFormat(print_headers=True, print_value=False), with_topic=False)
    assert rows([record(b"v")]) == [("",)]


def test_a_value_that_cannot_be_read() -> None:
    integer = Deserializer("org.apache.kafka.common.serialization.IntegerDeserializer", {}, is_key=False)
    _, rows = compile_cells(RecordFormat(value_deserializer=integer), with_topic=False)
    assert rows([record(b"\0\0\0\7")]) == [("7",)]
    with pytest.raises(UnreadableError):
        rows([record(b"seven")])
