"""How far groups are, in the order of Apache's tool, and the partitions that an option names."""

import pytest

from kafka_tools.errors import UsageError
from kafka_tools.model.groups import (
    EMPTY,
    STABLE,
    Committed,
    ConsumerGroup,
    Coordinator,
    Log,
    Member,
    needed,
    parse_partitions,
    progress,
)
from kafka_tools.model.topics import TopicPartition

HERE = Coordinator(1, "b1", 9092)


def group(*members: Member) -> ConsumerGroup:
    return ConsumerGroup("g", STABLE if members else EMPTY, "range", HERE, members)


def member(name: str, *partitions: TopicPartition) -> Member:
    return Member(name, None, "client", "/127.0.0.1", partitions)


def test_the_member_with_the_most_partitions_comes_first_and_what_nobody_reads_last() -> None:
    one, two, three, other = (
        TopicPartition("t", 0),
        TopicPartition("t", 1),
        TopicPartition("t", 2),
        TopicPartition("u", 0),
    )
    read = group(member("a", one), member("b", two, three))
    committed = {one: Committed(4), other: Committed(1, 7)}
    logs = {one: Log(0, 9), two: Log(0, 3), other: Log(0, 1)}
    found = list(progress(read, committed, logs))
    assert [(row.topic, row.partition, row.member.member_id if row.member else None, row.lag) for row in found] == [
        ("t", 2, "b", None),
        ("t", 1, "b", None),
        ("t", 0, "a", 5),
        ("u", 0, None, 0),
    ]
    assert [row.leader_epoch for row in found] == [None, None, None, 7]
    in_order = [(row.topic, row.partition) for row in progress(read, committed, logs, in_order=True)]
    assert in_order == [("t", 1), ("t", 2), ("t", 0), ("u", 0)]
    assert needed([read], {"g": [one, other]}) == [one, two, three, other]


def test_an_offset_behind_the_end_is_a_negative_lag() -> None:
    one = TopicPartition("t", 0)
    [row] = progress(group(), {one: Committed(9)}, {one: Log(0, 4)})
    assert row.lag == -5


@pytest.mark.parametrize(
    ("text", "found"), [("t", ("t", None)), ("t:0", ("t", (0,))), ("t:2,0,2147483647", ("t", (2, 0, 2147483647)))]
)
def test_topics_and_partitions(text: str, found: object) -> None:
    assert parse_partitions(text) == found


@pytest.mark.parametrize("text", ["t:", ":0", "t:0:1", "t:x", "t:0,", "t:-1", "t:٣", "t:2147483648", "t:" + "9" * 5000])
def test_what_names_no_partition(text: str) -> None:
    with pytest.raises(UsageError, match=r"^Invalid (topic arg|partition) '"):
        parse_partitions(text)
