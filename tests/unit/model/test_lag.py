"""Lag by group and topic, the limits that monitoring sets, and how fast groups are."""

import pytest

from kafka_tools.errors import UsageError
from kafka_tools.model.groups import Progress
from kafka_tools.model.lag import Limits, Pace, Pacer, TopicLag, parse_records, parse_seconds, totals
from kafka_tools.model.topics import TopicPartition


def row(partition: int, offset: int | None, end: int | None, group: str = "g", start: int | None = 0) -> Progress:
    return Progress(group, "t", partition, offset, end, None, start)


def test_partitions_are_summed_and_those_that_are_not_known_counted() -> None:
    rows = [row(0, 3, 10), row(1, None, 4), row(2, 9, 5), row(0, None, 1, "other")]
    assert totals(rows, {("g", TopicPartition("t", 0)): 2.5, ("g", TopicPartition("t", 2)): 0.0}) == [
        TopicLag("g", "t", 3, 7, 1, 2.5),
        TopicLag("other", "t", 1, None, 1, None),
    ]


@pytest.mark.parametrize(("text", "limit"), [("", None), (">1000", 1000), ("0", 0), (" > 7 ", 7)])
def test_limits_in_records(text: str, limit: int | None) -> None:
    assert parse_records(text) == limit


@pytest.mark.parametrize(
    ("text", "limit"), [("", None), (">5m", 300.0), ("90", 90.0), (">1h30m", 5400.0), ("> 500ms", 0.5), ("1d", 86400.0)]
)
def test_limits_in_time(text: str, limit: float | None) -> None:
    assert parse_seconds(text) == limit


@pytest.mark.parametrize("text", [">", "-1", "1k", ">=5", "<5", "1.5", "٣", "9" * 5000, "5 m", ">5x", "m"])
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(UsageError, match="--lag: "):
        parse_records(text)
    if text != "5 m":
        with pytest.raises(UsageError, match="--lag-seconds: "):
            parse_seconds(text)


def test_only_what_is_above_a_limit_exceeds_it() -> None:
    lag = TopicLag("g", "t", 1, 7, 0, 2.5)
    assert [Limits(*each).are_exceeded(lag) for each in ((7,), (6,), (None, 2.5), (None, 2.4), (9, 1), ())] == [
        False,
        True,
        False,
        True,
        True,
        False,
    ]
    assert not Limits(0, 0).are_exceeded(TopicLag("g", "t", 1, None, 1, None))


def test_records_that_were_deleted_before_they_were_read_are_gone() -> None:
    assert [row(0, 3, 10, start=start).gone for start in (0, 3, 8, None)] == [0, 0, 5, 0]
    assert row(0, None, 10, start=8).gone == 0


def test_the_pace_is_that_of_the_last_half_minute() -> None:
    pacer = Pacer()
    pacer.take([row(0, 0, 100)], 0)
    assert pacer.pace([row(0, 0, 100)]) is None
    pacer.take([row(0, 40, 120)], 10)
    assert pacer.pace([row(0, 40, 120)]) == Pace(4.0, 2.0)
    pacer.take([row(0, 40, 120), row(1, 5, 5)], 30)
    pacer.take([row(0, 100, 120), row(1, 5, 5)], 40)
    assert pacer.pace([row(0, 100, 120), row(1, 5, 5)]) == Pace(2.0, 0.0)
    assert pacer.pace([row(1, 5, 5)]) is None


def test_when_a_group_catches_up() -> None:
    assert Pace(30.0, 10.0).catches_up(100) == 5.0
    assert Pace(10.0, 10.0).catches_up(100) is None
    assert Pace(10.0, 20.0).catches_up(0) == 0.0
    assert Pace(10.0, 5.0).catches_up(None) is None
