"""Tables for a person."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka_tools.model.health import Replica
from kafka_tools.render.lines import (
    DIM,
    TITLE,
    Line,
    Span,
    folded,
    joined,
    line_width,
    marked,
    padded,
    safe,
    sentences,
    width,
)
from kafka_tools.render.symbols import STYLES, SYMBOLS, Seen
from kafka_tools.render.views import Mark, Matrix, Table

TITLE_GAP, FACTS_INDENT, GAP = "   ", "  ", "  "
LEAST_FOLDED = 12
"""No column is folded into less."""


def table_lines(table: Table, columns: int | None, seen: Seen) -> Iterator[Line]:
    """Yield the lines of a table for a terminal that is so many columns wide (None: as wide as need be)."""
    above = list(headings(table, columns))
    yield from above
    indent: Line = [(GAP, "")] if above else []
    if above and table.rows:
        yield []
    yield from (
        [*indent, *line] for line in _body(table, None if columns is None else columns - line_width(indent), seen)
    )
    yield from notes(table, columns)


def headings(view: Table | Matrix, columns: int | None) -> Iterator[Line]:
    """Yield what stands above: the title and its facts, folded between facts and not within one, and the summary."""
    if view.title:
        title = safe(view.title)
        facts = joined(map(safe, view.facts), FACTS_INDENT, width(title + TITLE_GAP), columns)
        first, *rest = facts.split("\n")
        yield [(title, TITLE), (TITLE_GAP + first if first else "", "")]
        yield from ([(line, "")] for line in rest)
    if view.summary:
        yield from sentences(*marked(view.summary, DIM), columns)


def notes(view: Table | Matrix, columns: int | None) -> Iterator[Line]:
    """Yield what stands below."""
    if view.notes:
        yield []
    for note in view.notes:
        yield from sentences(*marked(note), columns)


def _body(table: Table, columns: int | None, seen: Seen) -> Iterator[Line]:
    if not table.rows:
        return
    cells = {name: [_cell(getattr(row, name), seen) for row in table.rows] for name in table.columns}
    widths = {name: max(width(heading), *map(line_width, cells[name])) for name, heading in table.columns.items()}
    numeric = {name for name in table.columns if _is_numeric(table.rows, name)}
    if columns is not None:
        _fit(widths, table, cells, numeric, columns)
    yield _row({name: [(table.columns[name], DIM)] for name in widths}, widths, numeric)
    for number in range(len(table.rows)):
        row = {name: cells[name][number] for name in widths}
        if all(line_width(cell) <= widths[name] for name, cell in row.items()):
            yield _row(row, widths, numeric)
        else:
            yield from _folded_row(row, widths, numeric)


def _fit(
    widths: dict[str, int], table: Table, cells: Mapping[str, Sequence[Line]], numeric: set[str], columns: int
) -> None:
    """Leave out spare columns, then fold between words where there are most, then within words, until all fits."""
    for name in table.spare:
        if _too_wide(widths, columns) <= 0:
            return
        del widths[name]
    longest = {name: max(map(_longest_word, cells[name]), default=0) for name in widths if name not in numeric}
    for whole_words in (True, False):
        for name in sorted(longest, key=lambda name: widths[name] - longest[name], reverse=True):
            least = max(width(table.columns[name]), longest[name] if whole_words else LEAST_FOLDED)
            widths[name] -= max(0, min(widths[name] - least, _too_wide(widths, columns)))


def _longest_word(cell: Line) -> int:
    return max((width(word) for text, _ in cell for word in text.split()), default=0)


def _too_wide(widths: Mapping[str, int], columns: int) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1) - columns


def _row(cells: Mapping[str, Line], widths: Mapping[str, int], numeric: set[str]) -> Line:
    line: list[Span] = []
    for name, cell in cells.items():
        if line:
            line.append((GAP, ""))
        line += padded(cell, widths[name], right=name in numeric)
    while line and not line[-1][0].strip():
        line.pop()
    return line


def _folded_row(cells: Mapping[str, Line], widths: Mapping[str, int], numeric: set[str]) -> Iterator[Line]:
    parts = {name: folded(cell, widths[name]) for name, cell in cells.items()}
    for number in range(max(map(len, parts.values()))):
        yield _row({name: part[number] if number < len(part) else [] for name, part in parts.items()}, widths, numeric)


def _is_numeric(rows: Sequence[object], name: str) -> bool:
    values = [value for row in rows if (value := getattr(row, name)) is not None]
    return bool(values) and all(_is_number(value) for value in values)


def _is_number(value: object) -> bool:
    if isinstance(value, Mark):
        return re.fullmatch(r"-|[+-]?[\d,.]+", value.words) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: Any, seen: Seen) -> Line:
    match value:
        case None:
            return [("-", DIM)]
        case Mark():
            return [marked(value)]
        case bool():
            return [("yes" if value else "no", "")]
        case tuple() if value and isinstance(value[0], Replica):
            return _replicas(value, seen)
        case tuple() | list():
            return [(safe(", ".join(map(str, value))), "")]
        case Mapping():
            return [(safe(", ".join(f"{key}={value[key]}" for key in sorted(value))), "")]
        case _:
            return [(safe(str(value)), "")]


def _replicas(replicas: Sequence[Replica], seen: Seen) -> Line:
    seen.in_order = True
    line: list[Span] = []
    for replica in replicas:
        seen.signs.add(replica.role)
        line += [(" ", "")] if line else []
        line.append((f"{SYMBOLS[replica.role]}{replica.broker}", STYLES[replica.role]))
    return line
