"""A group's member while partitions are shared out anew, and while a slow reader blocks stdout."""

import os
import signal
from collections.abc import Iterator

import pytest
from confluent_kafka import TopicPartition

from kafka_tools.console.consume import EARLIEST, Membership, Window
from kafka_tools.console.consume.group import GroupMember
from kafka_tools.console.consume.writing import Output
from kafka_tools.console.outages import Leaders, Outages
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition as Ours
from tests.support.queue import Queue
from tests.support.records import record


@pytest.fixture
def output() -> Iterator[Output]:
    reading, writing = os.pipe()
    with Output(writing) as output:
        yield output
    os.close(writing)
    os.close(reading)


def partitions(*numbers: int) -> list[TopicPartition]:
    return [TopicPartition("t", number) for number in numbers]


def joined(queue: Queue, output: Output, cooperative: bool = False) -> GroupMember:
    leaders = Leaders(queue, Outages(Brokers("b:1")), "t")
    member = GroupMember(queue, Membership("g", cooperative=cooperative), Window(reset=EARLIEST), output, leaders)
    member.begin([Ours("t", number) for number in range(3)])
    return member


def test_a_member_without_partitions_waits_for_others_until_it_hears_that_it_gets_none(output: Output) -> None:
    queue = Queue([])
    member = joined(queue, output)
    assert (member.partitions, member.waiting_since is None) == (None, False)
    queue.on["on_assign"](queue, partitions(0, 1))
    assert (member.partitions, member.waiting_since) == ({("t", 0), ("t", 1)}, None)
    queue.on["on_revoke"](queue, partitions(0))
    assert (member.partitions, member.waiting_since) == ({("t", 1)}, None)
    queue.on["on_lost"](queue, partitions(1))
    assert (member.partitions, member.waiting_since is None) == (set(), False)
    queue.on["on_assign"](queue, [])
    assert (member.partitions, member.waiting_since) == (set(), None)


def test_a_blocked_write_serves_the_group_without_losing_what_it_took(output: Output) -> None:
    queue = Queue([record(b"x", offset=0)])
    member = joined(queue, output)
    with member.served():
        signal.raise_signal(signal.SIGALRM)
        assert (queue.paused, member.taken) == ([], [])
        output.is_writing = True
        signal.raise_signal(signal.SIGALRM)
    assert queue.paused == ["all"]
    assert [message.offset() for message in member.taken] == [0]
    member.store([record(b"x")])
    assert queue.paused == []


def test_what_was_taken_of_lost_partitions_is_left_to_others(output: Output) -> None:
    queue = Queue([])
    member = joined(queue, output)
    taken = member.taken
    taken += [record(b"x", partition=number % 2, offset=number) for number in range(4)]
    queue.on["on_revoke"](queue, partitions(1))
    assert [message.partition() for message in taken] == [0, 0]


def test_a_group_moves_one_partition_and_keeps_the_others(output: Output) -> None:
    queue = Queue([])
    member = joined(queue, output)
    queue.on["on_assign"](queue, partitions(0, 1))
    member.go_to(Ours("t", 0), 7)
    assert queue.assigned == {("t", 0): 7, ("t", 1): 10}


@pytest.mark.parametrize("cooperative", [False, True])
def test_what_is_being_written_is_not_read_again_after_a_rebalance(output: Output, cooperative: bool) -> None:
    queue = Queue([])
    member = joined(queue, output, cooperative)
    queue.on["on_assign"](queue, partitions(0, 1, 2))
    member.store([record(b"x", partition=1, offset=11)])
    member.in_flight = [record(b"x", partition=number, offset=offset) for number in (0, 1) for offset in (12, 14)]
    queue.on["on_revoke"](queue, partitions(0, 1, 2))
    assert member.partitions == set()
    queue.on["on_assign"](queue, partitions(0, 1, 2))
    started = queue.added if cooperative else queue.assigned
    assert started == {("t", 0): 15, ("t", 1): 10, ("t", 2): 10}  # of 1, another offset is committed than was stored
    assert member.partitions == {("t", number) for number in range(3)}


def test_what_was_written_after_a_partition_was_given_away_counts_when_it_comes_back(output: Output) -> None:
    queue = Queue([])
    member = joined(queue, output)
    queue.on["on_assign"](queue, partitions(0, 1))
    queue.on["on_revoke"](queue, partitions(0, 1))
    member.store([record(b"x", partition=0, offset=12)])
    assert queue.stored == []
    queue.on["on_assign"](queue, partitions(0, 1))
    assert queue.assigned == {("t", 0): 13, ("t", 1): 10}
    assert queue.stored_offsets == {("t", 0): 13}


def test_a_cooperative_group_adds_to_what_it_has(output: Output) -> None:
    queue = Queue([])
    member = joined(queue, output, cooperative=True)
    queue.on["on_assign"](queue, partitions(0))
    queue.on["on_assign"](queue, partitions(1))
    assert (member.partitions, queue.added) == ({("t", 0), ("t", 1)}, {("t", 1): 10})
    member.go_to(Ours("t", 0), 7)
    assert (queue.removed, queue.added) == ([("t", 0)], {("t", 0): 7})
