"""Where a consumer starts and ends."""

from collections.abc import Collection
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Asked

from kafka_tools.console.consume import EARLIEST, LATEST, Window
from kafka_tools.console.consume.readers import Ends, ends, offsets, starts
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition
from tests.support.records import record

A, B = TopicPartition("t", 0), TopicPartition("t", 1)


class Brokers:
    """Partition 0 has the offsets 10 to 19, each a second after the one before, from 0 s; partition 1 is empty.

    `without` are offsets that hold no record, such as the markers of transactions.
    """

    def __init__(self, without: Collection[int] = ()) -> None:
        self.without = without
        self.queue: list[Message] = []

    def assign(self, partitions: list[Asked]) -> None:
        assert {each.partition for each in partitions} <= {0}
        self.queue = [
            record(b"", partition=0, offset=offset)
            for each in partitions
            for offset in range(each.offset, 25)  # five came meanwhile
            if offset not in self.without
        ]

    def poll(self, _timeout: float) -> Message | None:
        return self.queue.pop(0) if self.queue else None

    def consume(self, count: int, _timeout: float) -> list[Message]:
        return [self.queue.pop(0) for _ in range(min(count, len(self.queue)))]

    def offsets_for_times(self, asked: list[Asked], timeout: float) -> list[Asked]:
        assert timeout > 0
        return [Asked("t", each.partition, self._offset(each.partition, each.offset)) for each in asked]

    def _offset(self, partition: int, time: int) -> int:
        first, end = (10, 20) if partition == 0 else (5, 5)
        if time in (EARLIEST, LATEST):
            return first if time == EARLIEST else end
        found = first + -(-time // 1000)
        return found if found < end else -1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Window(), {A: LATEST, B: LATEST}),
        (Window(EARLIEST), {A: EARLIEST, B: EARLIEST}),
        (Window(EARLIEST, until_end=True), {A: 10, B: 5}),
        (Window(7), {A: 7, B: 7}),
        (Window(last=3), {A: 17, B: 5}),
        (Window(last=300), {A: 10, B: 5}),
        (Window(from_time=2500), {A: 13, B: 5}),
        (Window(from_time=99_000), {A: 20, B: 5}),
    ],
)
def test_starts(asked: Window, expected: dict[TopicPartition, int]) -> None:
    assert starts(asked, Brokers(), [A, B]) == expected


@pytest.mark.parametrize(
    ("without", "last", "expected"),
    [
        ((), 3, 17),
        ((19,), 3, 16),
        ((19, 18, 16), 3, 14),
        ((19, 18, 17, 16, 15, 14, 13, 12), 1, 11),
        ((19, 18, 17, 16, 15, 14, 13, 12), 3, 10),
        (range(10, 20), 1, 10),
        ((19,), 0, 20),
    ],
)
def test_the_last_records_are_counted_and_not_their_offsets(without: Collection[int], last: int, expected: int) -> None:
    assert starts(Window(last=last), Brokers(without), [A, B]) == {A: expected, B: 5}


def test_records_that_do_not_come_are_an_error() -> None:
    with pytest.raises(KafkaToolError, match="do not say where to start: no records within"):
        starts(Window(last=3), Brokers(range(10, 25)), [A])


def test_ends() -> None:
    assert ends(Window(until_end=True), Brokers(), [A, B]) == {A: 20, B: 5}
    assert ends(Window(to_time=2000), Brokers(), [A, B]) == {A: 12, B: 5}
    assert not Window().has_end


def test_no_answer_is_an_error() -> None:
    class Silent:
        def offsets_for_times(self, asked: list[Asked], timeout: float) -> list[Any]:
            assert asked
            assert timeout

            class Answer:
                error = KafkaError(KafkaError._TIMED_OUT, "Local: Timed out")

            return [Answer()]

    with pytest.raises(KafkaToolError, match="do not say where to end: Timed out"):
        ends(Window(until_end=True), Silent(), [A])


def test_what_lies_behind_an_end_is_left_out() -> None:
    reached = Ends({A: 3, B: 5}, {A: 0, B: 5})
    assert reached.left == {A}
    batch = [record(b"", partition=0, offset=offset) for offset in (1, 2)]
    assert reached.within(batch[:1]) == batch[:1]
    assert reached.left
    assert reached.within(batch[1:]) == batch[1:]
    assert not reached.left
    assert reached.within([record(b"", partition=1, offset=5), record(b"", partition=0, offset=3)]) == []


def test_an_end_without_a_record() -> None:
    reached = Ends({A: 3}, {})
    reached.at(A, 2)
    assert reached.left
    reached.at(A, 3)
    assert not reached.left


def test_what_is_covered_counts_offsets_and_not_records() -> None:
    reached = Ends({A: 10, B: 8}, {A: 4, B: 9})
    assert (reached.covered, reached.total) == (0, 6)
    reached.within([record(b"", partition=0, offset=offset) for offset in (5, 7)])
    assert reached.covered == 4
    reached.within([record(b"", partition=0, offset=12), record(b"", partition=1, offset=10)])
    assert (reached.covered, reached.total) == (6, 6)


def test_a_partition_that_comes_back_is_counted_once() -> None:
    reached = Ends({A: 10}, {})
    reached.begin(A, 0)
    reached.at(A, 7)
    reached.begin(A, 5)
    assert (reached.covered, reached.total) == (5, 10)
    reached.at(A, 10)
    assert (reached.covered, reached.total) == (10, 10)


@pytest.mark.parametrize("time", [EARLIEST, LATEST])
def test_a_response_that_leaves_a_partition_out_is_no_answer(time: int) -> None:
    class Forgetful(Brokers):
        def offsets_for_times(self, asked: list[Asked], timeout: float) -> list[Asked]:
            assert timeout
            return [Asked(each.topic, each.partition, -1 if each.offset == time else 20) for each in asked]

    with pytest.raises(KafkaException):
        offsets(Forgetful(), [A], time)
