"""Tables that grow: nothing is cut, and what does not fit brings new headings."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kafka_tools.model.shown import safe
from kafka_tools.render.live import GrowingColumn, GrowingTable, wrapped
from tests.support.emulator import Emulator

COLUMNS = (
    GrowingColumn("Offset", is_number=True),
    GrowingColumn("Timestamp", least=12),
    GrowingColumn("Key", folds=True),
    GrowingColumn("Headers", folds=True, is_optional=True),
    GrowingColumn("Value", folds=True),
)
TIME = "2026-11-23 08:00"


class Stdout(io.StringIO):
    """A stdout that may be a terminal."""

    encoding = "utf-8"

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def table(monkeypatch: pytest.MonkeyPatch, columns: int | None) -> GrowingTable:
    monkeypatch.setattr("sys.stdout", Stdout(columns is not None))
    monkeypatch.setenv("COLUMNS", str(columns or 80))
    monkeypatch.setenv("LINES", "40")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return GrowingTable(COLUMNS)


def lines(text: str) -> list[str]:
    """Return the lines without their colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()


def test_headings_come_once(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = table(monkeypatch, 80)
    assert lines(grown.text([("7", TIME, "k", "", "v")])) == [
        "Offset  Timestamp         Key  Value",
        "     7  2026-11-23 08:00  k    v",
    ]
    assert grown.text([("8", TIME, "k2", "", "a longer value")]) == "     8  2026-11-23 08:00  k2   a longer value\n"


def test_a_mark_of_no_width_brings_the_column_of_an_optional_text(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = table(monkeypatch, 80)
    assert "Headers" not in grown.text([("7", TIME, "k", "", "v")])
    assert lines(grown.text([("8", TIME, "k", "\U0001f3fb", "v")]))[1:] == [
        "Offset  Timestamp         Key  Headers  Value",
        "     8  2026-11-23 08:00  k    \U0001f3fb         v",
    ]


def test_no_rows_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert table(monkeypatch, 80).text([]) == ""


@pytest.mark.parametrize(
    ("row", "heading"),
    [
        (("1234567", TIME, "k", "", "v"), " Offset  Timestamp         Key  Value"),
        (("8", TIME, "k-1234", "", "v"), "Offset  Timestamp         Key     Value"),
        (("8", TIME, "k", "a:b", "v"), "Offset  Timestamp         Key  Headers  Value"),
    ],
)
def test_what_does_not_fit_brings_new_headings(
    monkeypatch: pytest.MonkeyPatch, row: tuple[str, ...], heading: str
) -> None:
    grown = table(monkeypatch, 80)
    grown.text([("7", TIME, "k", "", "v")])
    assert lines(grown.text([row]))[:2] == ["", heading]
    assert lines(grown.text([row]))[0].split() == " ".join(row).split()


def test_a_long_value_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = table(monkeypatch, 60)
    shown = lines(grown.text([("7", TIME, "key", "", "one two three four five six seven eight nine ten")]))
    assert shown == [
        "Offset  Timestamp     Key  Value",
        "     7  2026-11-23    key  one two three four five six",
        "        08:00              seven eight nine ten",
    ]
    assert lines(grown.text([("8", TIME, "key", "", "v")])) == [
        "     8  2026-11-23    key  v",
        "        08:00",
    ]


def test_a_long_key_leaves_room_for_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = table(monkeypatch, 60)
    first = lines(grown.text([("7", TIME, "k" * 30, "", "v" * 40)]))
    assert first[0] == "Offset  Timestamp     Key           Value"
    assert first[1:] == [
        f"     7  2026-11-23    {'k' * 12}  {'v' * 24}",
        f"        08:00         {'k' * 12}  {'v' * 16}",
        f"                      {'k' * 6}",
    ]
    assert grown.text([("8", TIME, "k" * 31, "", "v")]).startswith("     8")


def test_in_a_pipe_a_record_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = table(monkeypatch, None)
    assert grown.text([("7", TIME, "k" * 30, "", "v " * 500 + "v")]).count("\n") == 2
    assert grown.text([("8", TIME, "k" * 30, "", "v" * 5000)]).count("\n") == 1


def test_nothing_acts_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = table(monkeypatch, 80).text([("7", TIME, "[red]k", "", "\x1b[31mred\r\n\ttab")])
    assert r"[red]k  \x1b[31mred\r\n\ttab" in text


ROWS = st.lists(
    st.tuples(st.integers(0, 10**12).map(str), st.just(TIME), st.text(), st.text(max_size=9), st.text()), max_size=9
)


@given(st.lists(ROWS, max_size=4), st.integers(50, 200))
def test_every_character_is_shown_within_the_terminal(batches: list[list[tuple[str, ...]]], columns: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        grown = table(monkeypatch, columns)
        for rows in batches:
            text = grown.text(rows)
            assert all(cell_len(line) <= max(columns, 75) for line in lines(text))
            for row in rows:
                for cell in row:
                    assert set(safe(cell).replace(" ", "")) <= set(text)


@given(st.text() | st.text("ab 你e\u0301", min_size=20), st.integers(1, 40))
def test_pieces_are_the_text(text: str, columns: int) -> None:
    pieces = wrapped(text, columns)
    assert "".join(pieces) == text
    assert all(cell_len(piece) <= max(columns, 2) for piece in pieces)


RESIZED = """
import sys
from kafka_tools.render.live import GrowingColumn, GrowingTable
table = GrowingTable((GrowingColumn("Offset", is_number=True), GrowingColumn("Value", folds=True)))
for line in sys.stdin:
    print(table.text([("7", line.strip())]), end="", flush=True)
"""


def test_another_size_of_the_terminal_brings_new_headings() -> None:
    emulator = Emulator(RESIZED, 80)
    emulator.child.setecho(False)
    emulator.child.sendline("one two three four five six")
    emulator.wait(lambda: "     7  one two three four five six" in emulator.lines)
    emulator.child.setwinsize(40, 25)
    emulator.child.sendline("one two three four five six")
    emulator.wait(lambda: emulator.text.count("Offset") == 2)
    emulator.child.sendeof()
    assert emulator.end() == 0
    assert emulator.lines[-3:] == ["Offset  Value", "     7  one two three", "        four five six"]
