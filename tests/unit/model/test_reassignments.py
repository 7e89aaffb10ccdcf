"""What a reassignment file may hold, what is throttled, and where replicas could be."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.reassignments import (
    Move,
    PartitionReassignment,
    Replica,
    as_json,
    check_wanted,
    moves,
    moving_brokers,
    parse_brokers,
    parse_topics,
    parse_wanted,
    proposed,
    throttled_replicas,
)
from kafka_tools.model.topics import TopicPartition

FIRST, SECOND, OTHER = TopicPartition("t", 0), TopicPartition("t", 1), TopicPartition("u", 0)


def entry(**more: object) -> str:
    return json.dumps({"partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2]} | more]})


def test_replicas_and_directories_are_read() -> None:
    wanted = parse_wanted(entry(log_dirs=["any", "/d"]))
    assert check_wanted(wanted) == {FIRST: (1, 2)}
    assert wanted.log_dirs == {Replica("t", 0, 2): "/d"}
    assert str(Replica("t", 0, 2)) == "t-0-2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "The input string is not a valid JSON"),
        ("[]", "Expected JSON object, received []"),
        ('{"version": 2}', "Not supported version field value 2"),
        ("{}", "Partition reassignment list cannot be empty"),
        (entry(replicas=[]), "Partition replica list cannot be empty"),
        (entry(replicas=[1, 1]), "Partition replica lists may not contain duplicate entries: t-0 contains multiple "
         "entries for 1"),
        (entry(replicas=["1"]), 'Expected `Integer` value, received "1"'),
        (entry(log_dirs=["any"]), "Size of replicas list [1, 2] is different from size of log dirs list [any] for "
         "partition t-0"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_carried_out(text: str, message: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        check_wanted(parse_wanted(text))
    assert refused.value.message == message


def test_a_partition_twice_is_refused() -> None:
    each = {"topic": "t", "partition": 0, "replicas": [1]}
    with pytest.raises(KafkaToolError, match="contains duplicate topic partitions: t-0"):
        check_wanted(parse_wanted(json.dumps({"partitions": [each, each]})))


WORDS = st.sampled_from(["partitions", "topic", "partition", "replicas", "log_dirs", "version", "topics"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()


@given(st.recursive(LEAVES, lambda each: st.lists(each) | st.dictionaries(WORDS, each)))
def test_any_document_is_read_or_refused(document: object) -> None:
    text = json.dumps(document)
    for read in (lambda: check_wanted(parse_wanted(text)), lambda: parse_topics(text)):
        with suppress(KafkaToolError):
            read()


def test_what_is_written_is_read() -> None:
    placement = {SECOND: (2, 1), FIRST: (1, 2)}
    text = as_json(placement)
    assert text.startswith(
        '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","any"]}'
    )
    assert check_wanted(parse_wanted(text)) == placement


def test_what_moves_already_keeps_its_sources() -> None:
    ongoing = {FIRST: PartitionReassignment((3, 1, 2), (3,), (2,))}
    found = moves(
        ongoing, {FIRST: (4, 1), SECOND: (2, 3), OTHER: (1,)}, {FIRST: (3, 1, 2), SECOND: (1, 2), OTHER: (1,)}
    )
    assert found == {
        FIRST: Move(frozenset({1, 2}), frozenset({4})),
        SECOND: Move(frozenset({1, 2}), frozenset({3})),
        OTHER: Move(frozenset({1}), frozenset()),
    }
    assert throttled_replicas(found) == {"t": ("0:1,0:2,1:1,1:2", "0:4,1:3"), "u": ("0:1", "")}
    assert moving_brokers(found) == [1, 2, 3, 4]


def test_partitions_are_proposed_on_the_brokers_that_are_named() -> None:
    brokers = [BrokerRack(4, None), BrokerRack(5, None), BrokerRack(6, None)]
    current = {FIRST: (1, 2), SECOND: (2, 3), OTHER: (3,)}
    found = proposed(current, brokers, True)
    assert {name: len(set(replicas)) for name, replicas in found.items()} == {FIRST: 2, SECOND: 2, OTHER: 1}
    assert {broker for replicas in found.values() for broker in replicas} <= {4, 5, 6}


@pytest.mark.parametrize("text", ["1,x", "", " 1", "1,,2", "-"])
def test_brokers_that_are_no_numbers(text: str) -> None:
    with pytest.raises(KafkaToolError, match="For input string: "):
        parse_brokers(text)


def test_each_broker_once() -> None:
    assert parse_brokers("3,1,") == (3, 1)
    with pytest.raises(KafkaToolError, match=r"Broker list contains duplicate entries: \[3\]"):
        parse_brokers("3,1,3")
