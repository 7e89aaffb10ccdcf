"""Times as java.text.SimpleDateFormat writes them (expected texts from Java 17, time zone UTC)."""

import time
from collections.abc import Iterator

import pytest

from kafka_tools.model.java_dates import compile_format

MOMENT = 1_700_000_000_045  # 2023-11-14 22:13:20.045, a Tuesday


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("yyyy-MM-dd HH:mm:ss:SSS", "2023-11-14 22:13:20:045"),
        ("d.M.yy h:m a", "14.11.23 10:13 PM"),
        ("EEE EEEE MMM MMMM", "Tue Tuesday Nov November"),
        ("yyyyMMdd'T'HHmmss.SX", "20231114T221320.45Z"),
        ("hh 'o''clock' ''D Z", "10 o'clock '318 +0000"),
    ],
)
def test_a_time_is_written_as_java_does(pattern: str, expected: str) -> None:
    assert compile_format(pattern)(MOMENT) == expected


@pytest.mark.parametrize("pattern", ["b", "yyyy 'open"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"Illegal pattern character 'b'|Unterminated quote"):
        compile_format(pattern)
