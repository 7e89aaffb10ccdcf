"""Where a consumer starts and ends."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from kafka_tools.console.positions import EARLIEST, LATEST, Ends, Window
from kafka_tools.errors import KafkaToolError
from tests.support.records import record

A, B = ("t", 0), ("t", 1)


class Brokers:
    """Partition 0 has the offsets 10 to 19, each a second after the one before, from 0 s; partition 1 is empty."""

    def offsets_for_times(self, asked: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        return [TopicPartition("t", each.partition, self._offset(each.partition, each.offset)) for each in asked]

    def _offset(self, partition: int, time: int) -> int:
        first, end = (10, 20) if partition == 0 else (5, 5)
        if time in (EARLIEST, LATEST):
            return first if time == EARLIEST else end
        found = first + -(-time // 1000)
        return found if found < end else -1


def window(start: int = LATEST, **others: Any) -> Window:
    return Window(start, **({"last": None, "from_time": None, "to_time": None, "until_end": False} | others))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (window(), {A: LATEST, B: LATEST}),
        (window(EARLIEST), {A: EARLIEST, B: EARLIEST}),
        (window(EARLIEST, until_end=True), {A: 10, B: 5}),
        (window(7), {A: 7, B: 7}),
        (window(last=3), {A: 17, B: 5}),
        (window(last=300), {A: 10, B: 5}),
        (window(from_time=2500), {A: 13, B: 5}),
        (window(from_time=99_000), {A: 20, B: 5}),
    ],
)
def test_starts(asked: Window, expected: dict[tuple[str, int], int]) -> None:
    assert asked.starts(Brokers(), [A, B]) == expected


def test_ends() -> None:
    assert window(until_end=True).ends(Brokers(), [A, B]) == {A: 20, B: 5}
    assert window(to_time=2000).ends(Brokers(), [A, B]) == {A: 12, B: 5}
    assert not window().has_end


def test_no_answer_is_an_error() -> None:
    class Silent:
        def offsets_for_times(self, asked: list[TopicPartition], timeout: float) -> list[Any]:
            assert asked
            assert timeout

            class Answer:
                error = KafkaError(KafkaError._TIMED_OUT, "Local: Timed out")

            return [Answer()]

    with pytest.raises(KafkaToolError, match="do not say where to end: Timed out"):
        window(until_end=True).ends(Silent(), [A])


def test_what_lies_behind_an_end_is_left_out() -> None:
    ends = Ends({A: 3, B: 5}, {A: 0, B: 5})
    assert ends.left == {A}
    batch = [record(b"", partition=0, offset=offset) for offset in (1, 2)]
    assert ends.within(batch[:1]) == batch[:1]
    assert ends.left
    assert ends.within(batch[1:]) == batch[1:]
    assert not ends.left
    assert ends.within([record(b"", partition=1, offset=5), record(b"", partition=0, offset=3)]) == []


def test_an_end_without_a_record() -> None:
    ends = Ends({A: 3}, {})
    ends.at(A, 2)
    assert ends.left
    ends.at(A, 3)
    assert not ends.left


def test_what_is_covered_counts_offsets_and_not_records() -> None:
    ends = Ends({A: 10, B: 8}, {A: 4, B: 9})
    assert (ends.covered, ends.total) == (0, 6)
    ends.within([record(b"", partition=0, offset=offset) for offset in (5, 7)])
    assert ends.covered == 4
    ends.within([record(b"", partition=0, offset=12), record(b"", partition=1, offset=10)])
    assert (ends.covered, ends.total) == (6, 6)


def test_a_partition_that_comes_back_is_counted_once() -> None:
    ends = Ends({A: 10}, {})
    ends.begin(A, 0)
    ends.at(A, 7)
    ends.begin(A, 5)
    assert (ends.covered, ends.total) == (5, 10)
    ends.at(A, 10)
    assert (ends.covered, ends.total) == (10, 10)
