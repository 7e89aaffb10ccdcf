"""What RE2 takes, as com.google.re2j 1.8 told it of each of these patterns."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.re2 import mistake

CASES = dict(line.rpartition("\t")[::2] for line in Path(__file__).with_name("re2j_1_8.txt").read_text().splitlines())


def test_as_re2j_says() -> None:
    assert {pattern: mistake(pattern) or "OK" for pattern in CASES} == CASES


@given(st.text() | st.text("()[]{}*+?|\\\\^$-:<>=!PpQEdx019,aé"))
def test_no_text_is_a_bug(pattern: str) -> None:
    assert mistake(pattern) != ""
