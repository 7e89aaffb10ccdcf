"""What is new in a frame of --watch is marked, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment

from kafka_tools.render.live import Line, marked_changes
from tests.support.drawing import console_of

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "★", "●", "12"]), max_size=4).map(" ".join), max_size=8)
CONSOLE = console_of(80)
BAR = Segment("▌ ", CONSOLE.get_style("risk"))
RISK = CONSOLE.get_style("risk")


def lines(*texts: str) -> list[Line]:
    return [[Segment(text, RISK)] for text in texts]


def marked(before: list[Line], now: list[Line]) -> tuple[list[Line], int]:
    return marked_changes(before, now, CONSOLE)


def reversed_words(line: Line) -> list[str]:
    return [segment.text for segment in line if segment.style and segment.style.reverse]


def test_new_words_are_reversed() -> None:
    shown, count = marked(lines("orders 0  ★ ●", "audit 0"), lines("orders 0  ● ★ at risk", "audit 0"))
    assert count == 1
    assert shown[0][0] == BAR
    assert reversed_words(shown[0]) in (["●", "at risk"], ["★ at risk"])
    assert Segment("orders 0  ", RISK) in shown[0]
    assert shown[1] == [Segment("  "), Segment("audit 0", RISK)]


def test_more_room_is_no_change() -> None:
    assert marked(lines("a  1"), lines("a     1"))[1] == 0


def test_a_new_line_has_a_bar_alone() -> None:
    shown, count = marked(lines("a", "c"), lines("a", "b", "c"))
    assert count == 1
    assert [line[0].text for line in shown] == ["  ", "▌ ", "  "]
    assert reversed_words(shown[1]) == []


@given(TEXTS, TEXTS)
def test_the_text_stays_what_it_is(before: list[str], now: list[str]) -> None:
    shown, count = marked(lines(*before), lines(*now))
    assert ["".join(segment.text for segment in line[1:]) for line in shown] == now
    assert count == sum(line[0] == BAR for line in shown)
    assert (count == 0) or before != now


@given(TEXTS)
def test_nothing_changed(texts: list[str]) -> None:
    assert marked(lines(*texts), lines(*texts))[1] == 0
