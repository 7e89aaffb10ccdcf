"""Sums and percentiles of a run, held against ProducerPerformance.Stats done by hand."""

import pytest

from kafka_tools.model.java_numbers import fixed
from kafka_tools.model.performance import SendStats, Sent, percentiles, ratio


class Clock:
    """A clock that stands until it is set."""

    now = 0

    def __call__(self) -> int:
        return self.now


def test_a_percentile_is_the_latency_at_the_rounded_down_place() -> None:
    latencies = [5, 1, 4, 2, 3, 10, 9, 8, 7, 6]
    assert percentiles(latencies) == (6, 10, 10, 10)
    assert percentiles([7]) == (7, 7, 7, 7)
    assert percentiles([]) == (0, 0, 0, 0)


def test_known_latencies_are_summed_up() -> None:
    clock = Clock()
    stats = SendStats(1000, 5000, clock)
    latencies = list(range(1000))
    clock.now = 2000
    assert stats.add(latencies[:600], 60_000) is None
    clock.now = 4000
    assert stats.add(latencies[600:], 40_000) is None
    total = stats.total()
    assert total == Sent(1000, 100_000, 4000, sum(latencies), 999, (500, 950, 990, 999))
    assert (total.records_per_second, total.average) == (250.0, 499.5)
    assert total.megabytes_per_second == pytest.approx(25_000 / 1024 / 1024)


def test_an_interval_ends_with_the_first_acknowledgement_after_it_and_the_next_begins_anew() -> None:
    clock = Clock()
    stats = SendStats(10, 5000, clock)
    stats.add([3, 9], 20)
    clock.now = 5000
    assert stats.add([], 0) is None  # Apache looks only when a record is acknowledged
    assert stats.add([6], 10) == Sent(3, 30, 5000, 18, 9)
    clock.now = 9999
    assert stats.add([1], 10) is None
    clock.now = 10_000
    assert stats.add([1], 10) == Sent(2, 20, 5000, 2, 1)


def test_of_many_records_each_nth_latency_counts_for_the_percentiles() -> None:
    stats = SendStats(1_000_000, 5000, Clock())
    for start in range(0, 999, 3):  # pieces of three: the second, fourth, ... record is left out in any case
        stats.add([start % 2, (start + 1) % 2, start % 2], 3)
    assert stats.total().percentiles == (0, 0, 0, 0)
    assert stats.total().worst == 1


def test_nothing_divided_is_what_java_says() -> None:
    assert fixed(Sent().average, 2) == "NaN"
    assert fixed(ratio(1000.0, 0), 1) == "Infinity"


@pytest.mark.parametrize(
    ("number", "digits", "expected"),
    [(0.125, 2, "0.13"), (2.5, 0, "3"), (1.005, 2, "1.01"), (0.0, 6, "0.000000"), (123456.789, 1, "123456.8")],
)
def test_java_rounds_the_shortest_decimal_half_up(number: float, digits: int, expected: str) -> None:
    assert fixed(number, digits) == expected
