"""Points in time as a person types them."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import UsageError
from kafka_tools.model.times import milliseconds

NOW = datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)
NOW_MS = 1_700_000_000_123


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW_MS),
        ("-1h", NOW_MS - 3_600_000),
        ("now-1h30m", NOW_MS - 5_400_000),
        ("+2d", NOW_MS + 172_800_000),
        ("-500ms", NOW_MS - 500),
        ("1700000000", 1_700_000_000_000),
        ("1700000000123", NOW_MS),
        ("2023-11-14T22:13:20.123Z", NOW_MS),
        ("2023-11-14T23:13:20.123+01:00", NOW_MS),
    ],
)
def test_times(text: str, expected: int) -> None:
    assert milliseconds("from-time", text, NOW) == expected


def test_a_time_without_a_zone_is_local() -> None:
    local = datetime.fromtimestamp(NOW_MS / 1000).isoformat(timespec="milliseconds")
    assert milliseconds("from-time", local, NOW) == NOW_MS


@pytest.mark.parametrize("text", ["", "soon", "-1", "1h", "-1y", "2023-13-01", "9" * 30, "0001-01-01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="--to-time: "):
        milliseconds("to-time", text, NOW)


@given(st.text(max_size=20))
def test_no_text_gives_a_traceback(text: str) -> None:
    with suppress(UsageError):
        milliseconds("from-time", text, NOW)
