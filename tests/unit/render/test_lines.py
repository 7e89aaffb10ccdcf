"""Text in columns: nothing is lost, nothing escapes, nothing is wider than it may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.render.lines import folded, joined, line_width, padded, safe, sentences, width
from kafka_tools.render.terminal import unpainted

WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z", "M")), min_size=1), max_size=9)


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("abc", 3), ("★●✗◌·…", 6), ("日本", 4), ("e\u0301", 1)])
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text())
def test_what_is_safe_does_nothing_to_a_terminal(text: str) -> None:
    assert safe(text).isprintable()
    assert text.isprintable() == (safe(text) == text)


def test_safe_text_can_be_read() -> None:
    assert safe("a\x1b[31m\n\u202e\x9b") == "a\\x1b[31m\\n\\u202e\\x9b"


@given(WORDS, st.integers(2, 30))
def test_folding_keeps_every_character_in_order(words: list[str], columns: int) -> None:
    lines = folded([(" ".join(words), "risk")], columns)
    assert all(line_width(line) <= columns for line in lines)
    assert "".join(unpainted(line).replace(" ", "") for line in lines) == "".join(words)
    assert all(style == "risk" for line in lines for _, style in line)


@given(WORDS, st.integers(2, 40))
def test_a_word_is_folded_only_where_it_is_too_long(words: list[str], columns: int) -> None:
    lines = [unpainted(line) for line in folded([(" ".join(words), "")], columns)]
    whole = [word for word in words if width(word) <= columns]
    assert all(any(word in line.split(" ") or word in line for line in lines) for word in whole)


def test_facts_are_folded_between_them() -> None:
    assert joined(["one", "two", "three"], "  ", 4, 14) == "one · two\n  three"
    assert joined(["one", "two"], "  ", 0, None) == "one · two"
    assert [unpainted(line) for line in sentences("one two · three", "", 9)] == ["one two", "three"]
    assert [unpainted(line) for line in sentences("one two three", "", 9)] == ["one two", "three"]


def test_padding() -> None:
    assert unpainted([*padded([("★", "")], 3, right=True), ("|", "")]) == "  ★|"
    assert unpainted([*padded([("日", "")], 3), ("|", "")]) == "日 |"
    assert padded([("abcd", "")], 3) == [("abcd", "")]
