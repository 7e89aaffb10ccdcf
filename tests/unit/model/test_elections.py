"""Who would lead after an election, and what a file of partitions may hold."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.elections import ElectionType, Ends, forecast, parse_election_file
from kafka_tools.model.topics import Partition, TopicPartition

NAME = TopicPartition("t", 0)
ALL = {1, 2, 3}


@pytest.mark.parametrize(
    ("kind", "leader", "isr", "live", "expected", "unclean", "reason"),
    [
        ("PREFERRED", 1, (1, 2), ALL, 1, False, "its preferred replica leads it"),
        ("PREFERRED", 2, (1, 2), ALL, 1, False, ""),
        ("PREFERRED", 2, (2, 3), ALL, None, False, "its preferred replica 1 is not in sync"),
        ("PREFERRED", 2, (1, 2), {2, 3}, None, False, "its preferred replica 1 is down"),
        ("PREFERRED", None, (1,), {2, 3}, None, False, "its preferred replica 1 is down"),
        ("UNCLEAN", 3, (3,), ALL, 3, False, "it has a leader"),
        ("UNCLEAN", None, (1,), {2, 3}, 2, True, ""),
        ("UNCLEAN", None, (3, 1), ALL, 1, False, ""),
        ("UNCLEAN", None, (3,), ALL, 3, False, ""),
        ("UNCLEAN", None, (1,), {4}, None, False, "none of its replicas is alive"),
    ],
)
def test_who_would_lead(
    kind: ElectionType,
    leader: int | None,
    isr: tuple[int, ...],
    live: set[int],
    expected: int | None,
    unclean: bool,
    reason: str,
) -> None:
    found = forecast(kind, NAME, Partition(0, leader, (1, 2, 3), isr), live)
    assert (found.leader, found.expected, found.is_unclean, found.reason) == (leader, expected, unclean, reason)
    assert found.is_needed == (expected is None or expected != leader)


def test_what_others_have_more_is_lost() -> None:
    ends = Ends({2: 100, 3: 130})
    assert (ends.lost(2), ends.lost(3), ends.lost(1)) == (30, 0, None)


def test_partitions_stand_in_the_order_of_the_file() -> None:
    text = '{"partitions": [{"topic": "b", "partition": 1}, {"topic": "a", "partition": 0, "x": 1}]}'
    assert parse_election_file(text) == (TopicPartition("b", 1), TopicPartition("a", 0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Replica election data is empty"),
        ("", "Expected JSON object, received "),
        ("[1]", "Expected JSON object, received [1]"),
        ("{}", 'Replica election data is missing "partitions" field'),
        ('{"partitions": {}}', "Expected JSON array, received {}"),
        ('{"partitions": [{"topic": 1}]}', "Expected `String` value, received 1"),
        ('{"partitions": [{"topic": "t"}]}', "No such field exists: `partition`"),
        ('{"partitions": [{"topic": "t", "partition": 2147483648}]}', "Expected `Integer` value, received 2147483648"),
    ],
)
def test_a_file_that_is_none(text: str, message: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        parse_election_file(text)
    assert refused.value.message == message


WORDS = st.sampled_from(["partitions", "topic", "partition", "x"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda each: st.lists(each) | st.dictionaries(WORDS, each)))
def test_any_document_is_read_or_refused(document: object) -> None:
    with suppress(KafkaToolError):
        found = parse_election_file(json.dumps(document))
        assert len(set(found)) == len(found)
