"""Times and partitions as kafka-get-offsets.sh reads them, and the file of kafka-delete-records.sh."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.offsets import (
    ALL_PARTITIONS,
    PartitionRule,
    chosen,
    parse_offset_file,
    parse_partitions,
    parse_rules,
    parse_time,
)
from kafka_tools.model.topics import TopicPartition

FOUND = {"orders": range(4), "orders-old": range(2), "__consumer_offsets": range(1)}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("latest", -1),
        ("earliest-pending-upload", -6),
        ("-3", -3),
        ("0", 0),
        ("+7", 7),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_times(text: str, time: int) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize("text", ["", "now", "1.5", " 5", "9223372036854775808", "٣", "1_0", "9" * 6000])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(KafkaToolError, match="Malformed time argument "):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a", [("a", ALL_PARTITIONS)]),
        ("a:", [("a", ALL_PARTITIONS)]),
        ("a:-", [("a", ALL_PARTITIONS)]),
        ("", [(None, ALL_PARTITIONS)]),
        (":3", [(None, (3,))]),
        ("a.*:0-3,b:5-,c:-2", [("a.*", range(3)), ("b", range(5, 2**31)), ("c", range(2))]),
    ],
)
def test_rules(text: str, rules: list[tuple[str | None, object]]) -> None:
    assert list(parse_rules(text)) == rules


@pytest.mark.parametrize("text", ["a:x", "a:1:2", "a:1-2-3", "a:--1", "a: 1"])
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(KafkaToolError, match=f"^Invalid rule specification: {text}$"):
        parse_rules(text)


def test_a_partition_is_chosen_once_and_in_order() -> None:
    rules = parse_rules("orders.*:1-3,orders:0,:0")
    assert chosen(FOUND, rules, exclude_internal=True) == [
        TopicPartition("orders", 0),
        TopicPartition("orders", 1),
        TopicPartition("orders", 2),
        TopicPartition("orders-old", 0),
        TopicPartition("orders-old", 1),
    ]


def test_partitions_are_taken_by_their_numbers() -> None:
    rule = PartitionRule("orders", parse_partitions("3,-1,+0,9"))
    assert [each.partition for each in chosen(FOUND, (rule,), exclude_internal=False)] == [0, 3]


@pytest.mark.parametrize("text", ["", "0,", "0, 1", "x", "0-2", "9" * 30])
def test_what_is_no_list_of_partitions(text: str) -> None:
    with pytest.raises(KafkaToolError, match="expects a comma separated list of numeric partition ids, but received: "):
        parse_partitions(text)


@given(
    st.dictionaries(
        st.tuples(st.text(min_size=1), st.integers(0, 2**31 - 1)), st.integers(-(2**63), 2**63 - 1), max_size=5
    )
)
def test_a_file_is_read_as_it_was_written(offsets: dict[tuple[str, int], int]) -> None:
    entries = [{"topic": topic, "partition": number, "offset": each} for (topic, number), each in offsets.items()]
    assert parse_offset_file(json.dumps({"partitions": entries})) == offsets


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["version", "partitions", "topic", "partition", "offset"]), inner, max_size=5)
    ),
)


@given(st.text() | JSON.map(json.dumps))
def test_any_other_file_is_refused_in_a_line(text: str) -> None:
    with contextlib.suppress(KafkaToolError):
        assert isinstance(parse_offset_file(text), dict)


def test_a_file_of_brackets_is_refused() -> None:
    with pytest.raises(KafkaToolError, match="not a valid JSON"):
        parse_offset_file("[" * 200_000)
