"""A table whose rows come while it is looked at: it grows downwards, and what was shown stays as it is."""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_tools.render import terminal
from kafka_tools.render.lines import DIM, Line, Span, padded, safe, width

GAP = "  "
LEAST_FOLDED = 12
"""No column is folded into less."""

ROOMY = 40
"""The last column has a claim to so much before others are shown in one line."""


class Column(NamedTuple):
    """One column: numbers stand right, long texts fold, and an `is_optional` one appears with its first text.

    One that does not fold may still be narrowed to `least` columns where the room is needed.
    """

    heading: str
    is_number: bool = False
    folds: bool = False
    is_optional: bool = False
    least: int = 0


class GrowingTable:
    """As wide as the terminal, in a pipe as wide as need be.

    The first rows say how wide columns are; where a later row does not fit, the headings come again, above it.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._needed = dict.fromkeys(range(len(columns)), 0)
        self._widths: dict[int, int] = {}
        self._fits_all: set[int] = set()
        self._on_terminal = terminal.is_terminal()

    def text(self, rows: Sequence[Sequence[str]]) -> str:
        """Return the lines of more rows, a text a column each."""
        cells = [[safe(text) for text in row] for row in rows]
        lines = self._headings(cells) if cells and not self._fits(cells) else []
        for row in cells:
            lines += self._row(row)
        return "".join([f"{line}\n" for line in lines])

    def _fits(self, cells: Sequence[Sequence[str]]) -> bool:
        return bool(self._widths) and all(
            width(row[number]) <= self._widths.get(number, 0)
            for number in self._needed
            if number not in self._fits_all
            for row in cells
        )

    def _headings(self, cells: Sequence[Sequence[str]]) -> list[str]:
        """Choose how wide columns are from now on, and return the line of their headings."""
        between = [""] if self._widths else []
        for number, column in enumerate(self._columns):
            needed = max(self._needed[number], *(width(row[number]) for row in cells))
            if needed or not column.is_optional:
                self._needed[number] = max(needed, width(column.heading))
        self._widths = {number: needed for number, needed in self._needed.items() if needed}
        self._fits_all = set()
        folding = [number for number in self._widths if self._columns[number].folds]
        if folding:
            self._fits_all.add(folding[-1])
            if self._on_terminal:
                self._fold(folding, terminal.columns() or terminal.USUAL_COLUMNS)
        line = self._line({number: self._columns[number].heading for number in self._widths}, DIM)
        return [*between, terminal.painter()(line)]

    def _fold(self, folding: Sequence[int], columns: int) -> None:
        """Share what numbers and times leave: the last column that folds gets the most of it."""
        *others, last = folding
        if self._room(folding, columns) < ROOMY + sum(self._needed[number] for number in others):
            self._narrow(columns)
        room = self._room(folding, columns)
        most = max(LEAST_FOLDED, room // (len(folding) + 1))
        for number in others:
            if self._widths[number] >= most:
                self._widths[number] = most
                self._fits_all.add(number)
            room -= self._widths[number]
        self._widths[last] = max(LEAST_FOLDED, room)

    def _narrow(self, columns: int) -> None:
        if self._room((), columns) >= 0:
            return
        for number, column in enumerate(self._columns):
            if column.least and number in self._widths:
                self._widths[number] = column.least
                self._fits_all.add(number)

    def _room(self, folding: Sequence[int], columns: int) -> int:
        """Return what all but these columns leave."""
        taken = sum(taken for number, taken in self._widths.items() if number not in folding)
        return columns - taken - len(GAP) * (len(self._widths) - 1)

    def _row(self, row: Sequence[str]) -> list[str]:
        parts = {
            number: wrapped(row[number], taken) if self._on_terminal and width(row[number]) > taken else [row[number]]
            for number, taken in self._widths.items()
        }
        return [
            terminal.unpainted(self._line({n: part[line] if line < len(part) else "" for n, part in parts.items()}))
            for line in range(max(map(len, parts.values())))
        ]

    def _line(self, texts: dict[int, str], style: str = "") -> Line:
        line: list[Span] = []
        for number, text in texts.items():
            if line:
                line.append((GAP, ""))
            line += padded([(text, style)], self._widths[number], right=self._columns[number].is_number)
        return line


def wrapped(text: str, columns: int) -> list[str]:
    """Return the text in pieces of at most so many columns, broken behind a blank where that is not far from their end.

    Nothing is left out: all pieces together are the text.
    """
    pieces = []
    start = 0
    while start < len(text):
        end = _end(text, start, columns)
        blank = text.rfind(" ", start + (end - start) // 2, end)
        if blank >= 0 and end < len(text):
            end = blank + 1
        pieces.append(text[start:end])
        start = end
    return pieces


def _end(text: str, start: int, columns: int) -> int:
    """Return where a piece that begins at `start` has to end: after one character at least."""
    piece = text[start : start + columns]
    if piece.isascii():
        return start + len(piece)
    taken = 0
    for number, character in enumerate(piece):
        taken += width(character)
        if taken > columns and number:
            return start + number
    return start + len(piece)
