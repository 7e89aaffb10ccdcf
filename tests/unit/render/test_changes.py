"""What is new in a picture is marked, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.render.changes import BAR, NO_BAR, marked_changes
from kafka_tools.render.lines import Line
from kafka_tools.render.terminal import unpainted

TEXTS = st.lists(st.lists(st.sampled_from(["a", "b", "★", "●", "12"]), max_size=4).map(" ".join), max_size=8)


def lines(*texts: str) -> list[Line]:
    return [[(text, "risk")] for text in texts]


def reversed_words(line: Line) -> list[str]:
    return [text for text, style in line if "changed" in style]


def test_new_words_are_reversed() -> None:
    marked, count = marked_changes(lines("orders 0  ★ ●", "audit 0"), lines("orders 0  ● ★ at risk", "audit 0"))
    assert count == 1
    assert marked[0][0] == BAR
    assert reversed_words(marked[0]) == ["●", "at risk"] or reversed_words(marked[0]) == ["★ at risk"]
    assert ("orders 0  ", "risk") in marked[0]
    assert marked[1] == [NO_BAR, ("audit 0", "risk")]


def test_more_room_is_no_change() -> None:
    assert marked_changes(lines("a  1"), lines("a     1"))[1] == 0


def test_a_new_line_has_a_bar_alone() -> None:
    marked, count = marked_changes(lines("a", "c"), lines("a", "b", "c"))
    assert count == 1
    assert [line[0] for line in marked] == [NO_BAR, BAR, NO_BAR]
    assert reversed_words(marked[1]) == []


@given(TEXTS, TEXTS)
def test_the_text_stays_what_it_is(before: list[str], now: list[str]) -> None:
    marked, count = marked_changes(lines(*before), lines(*now))
    assert [unpainted(line[1:]) for line in marked] == [text.rstrip() for text in now]
    assert count == sum(line[0] == BAR for line in marked)
    assert (count == 0) or before != now


@given(TEXTS)
def test_nothing_changed(texts: list[str]) -> None:
    assert marked_changes(lines(*texts), lines(*texts))[1] == 0
