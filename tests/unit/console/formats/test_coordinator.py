"""Records of internal topics, decoded. The texts of whole records are recorded in tests/conformance."""

import json
from contextlib import suppress

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.formats import PACKAGE, RecordFormat, UnreadableError, deprecation
from kafka_tools.console.formats import coordinator as formats
from kafka_tools.console.formats.plain import compile_formatter
from kafka_tools.errors import UsageError
from tests.support.records import record

KEY = b"\0\1\0\1g\0\1t\0\0\0\2"
VALUE = b"\0\3" + bytes(7) + b"\5\0\0\0\1\0\2\xc3\xa9" + bytes(8)
OFFSETS = formats.KINDS["OffsetsMessageFormatter"]


def test_an_offset() -> None:
    batch = [record(VALUE, KEY), record(None, KEY), record(b"", None)]
    first, second = formats.compile_json(OFFSETS)(batch).decode().split("}{")
    assert json.loads(first + "}") == {
        "key": {"version": 1, "data": {"group": "g", "topic": "t", "partition": 2}},
        "value": {"version": 3, "data": {"offset": 5, "leaderEpoch": 1, "metadata": "é", "commitTimestamp": 0}},
    }
    assert json.loads("{" + second)["value"] is None
    lines = formats.compile_lines(OFFSETS)(batch).decode().splitlines()
    assert lines == [
        "[g,t,2]::OffsetAndMetadata(offset=5, leaderEpoch=Optional[1], metadata=é, commitTimestamp=0, "
        "expireTimestamp=None)",
        "[g,t,2]::NULL",
    ]


def test_a_value_of_the_future() -> None:
    batch = [record(b"\0\x63", KEY)]
    assert json.loads(formats.compile_json(OFFSETS)(batch))["value"] == {
        "version": 99,
        "data": "unknown",
    }
    with pytest.raises(UnreadableError, match="version 99"):
        formats.compile_lines(OFFSETS)(batch)


def test_records_of_other_kinds_are_left_out() -> None:
    assert [formats.compile_json(kind)([record(b"", b"\0\x09")]) for kind in formats.KINDS.values()] == [b"", b"", b""]


def test_tagged_fields_that_say_nothing_are_left_out() -> None:
    value = b"\0\1" + bytes(15) + b"\1" + bytes(16) + b"\2\0\x08" + b"\xff" * 8 + b"\x63\1x"
    assert formats.decode(value, formats.TRANSACTION_VALUE) == {
        "producerId": 0,
        "producerEpoch": 0,
        "transactionTimeoutMs": 0,
        "transactionStatus": 0,
        "transactionPartitions": [],
        "transactionLastUpdateTimestampMs": 0,
        "transactionStartTimestampMs": 0,
    }


@given(
    st.sampled_from(list(formats.KINDS.values())),
    st.integers(0, 5),
    st.binary(max_size=60),
    st.one_of(st.none(), st.binary(max_size=80)),
)
def test_no_bytes_give_a_traceback(kind: formats.Kind, version: int, key: bytes, value: bytes | None) -> None:
    message: Message = record(value, version.to_bytes(2, "big") + key)
    for compiled in (formats.compile_json(kind), formats.compile_lines(kind)):
        with suppress(UnreadableError):
            compiled([message])


def test_names_of_formatters() -> None:
    default = RecordFormat(print_key=True)
    batch = [record(b"v", b"k")]
    assert compile_formatter(f"{PACKAGE}LoggingMessageFormatter", default)(batch) == b"k\tv\n"
    assert compile_formatter("kafka.tools.NoOpMessageFormatter", default)(batch) == b""
    assert deprecation(f"{PACKAGE}DefaultMessageFormatter") == ""
    assert "OffsetsMessageFormatter instead" in deprecation(
        "kafka.coordinator.group.GroupMetadataManager$OffsetsMessageFormatter"
    )
    for name in ("", "DefaultMessageFormatter", f"{PACKAGE}NoSuch", "kafka.tools.OffsetsMessageFormatter"):
        with pytest.raises(UsageError, match="there is no formatter"):
            deprecation(name)
