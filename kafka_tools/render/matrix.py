"""Matrices for a person: as wide as is readable, as narrow as must be, in blocks where even that is too wide."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil
from string import ascii_uppercase
from types import SimpleNamespace

from kafka_tools.render.lines import (
    DIM,
    FACT_SEPARATOR,
    OF_LEVEL,
    RISK,
    TITLE,
    Line,
    Span,
    marked,
    safe,
    sentences,
    width,
)
from kafka_tools.render.symbols import STYLES, SYMBOLS, Seen
from kafka_tools.render.table import headings, notes, table_lines
from kafka_tools.render.views import Cell, Mark, Matrix, MatrixRow, Table, Tally

MARGIN_GAP, REMARK_GAP, GROUP_GAP = 2, 2, 2
"""Blanks behind labels, before remarks, and how many more than others neighbours of different groups have."""

FLAG = 1
"""How many columns a flag takes."""

NOTHING_HERE = "·"
"""Leads the eye through rows and columns."""

LONGEST_LABEL = 32
"""A longer label stands above its rows, not before them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a matrix is laid out: the blanks between its columns, labels `above` their rows or before them.

    `stacked` headings have one character a line, and tallies lie on their side below; `letters` stand for the names of
    groups, if any do; `remarks` stand behind the rows.
    """

    gap: int
    above: bool
    letters: Mapping[str, str]
    remarks: bool = False
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Where things stand: columns begin at `starts`, each `column` wide with a blank or a flag behind it."""

    margin: int
    column: int
    starts: tuple[int, ...]
    groups: tuple[tuple[int, str], ...]
    end: int


Place = tuple[int, Span]
"""A column of the terminal, and what begins there."""


def matrix_lines(matrix: Matrix, columns: int | None, seen: Seen) -> Iterator[Line]:
    """Yield the lines of a matrix for a terminal that is so many columns wide (None: as wide as need be)."""
    above = list(headings(matrix, columns))
    yield from [*above, []] if above else ()
    shapes = list(_shapes(matrix, columns))
    shape = next((shape for shape in shapes if _fits(matrix, shape, columns)), shapes[-1])
    for number, block in enumerate(_blocks(matrix, shape, columns)):
        yield from [[]] if number else ()
        yield from _block(block, shape, seen)
    if shape.letters:
        yield []
        names = [f"{letter}: {safe(name)}" for name, letter in shape.letters.items() if name]
        yield from sentences(FACT_SEPARATOR.join(names), DIM, columns)
    if shape.stacked and matrix.tallies:
        yield []
        yield from table_lines(_on_their_side(matrix), columns, seen)
    yield from notes(matrix, columns)
    if any(cell and cell.flagged for row in matrix.rows for cell in row.cells):
        seen.flags[matrix.flag] = None


def _shapes(matrix: Matrix, columns: int | None) -> Iterator[Shape]:
    """Yield the shapes to try, the most readable first; the last one is the narrowest."""
    longest = max((width(row.label) for row in matrix.rows), default=0)
    above = longest > LONGEST_LABEL or (columns is not None and longest > columns // 3)
    names = dict.fromkeys(each.group for each in matrix.columns)
    letters = {name: ascii_uppercase[number % 26] * (number // 26 + 1) for number, name in enumerate(names)}
    for chosen in ({}, letters) if any(names) else ({},):
        for remarks in (True, False):
            yield from (Shape(gap, above, chosen, remarks) for gap in (3, 2, 1))
    for out_of_the_way in (above, True):
        yield Shape(1, out_of_the_way, letters if any(names) else {}, stacked=True)


def _fits(matrix: Matrix, shape: Shape, columns: int | None) -> bool:
    remark = max((width(row.remark.words) for row in matrix.rows), default=0) if shape.remarks else 0
    return columns is None or _grid(matrix, shape).end + (REMARK_GAP + remark if remark else 0) <= columns


def _blocks(matrix: Matrix, shape: Shape, columns: int | None) -> Iterator[Matrix]:
    """Yield the matrix in as few parts as fit, with about as many of its columns each, and the rows they need."""
    total = len(matrix.columns)
    for parts in range(1, total + 1):
        size = ceil(total / parts)
        blocks = [_part(matrix, start, start + size) for start in range(0, total, size)]
        if size == 1 or all(_fits(block, shape, columns) for block in blocks):
            yield from blocks
            return


def _part(matrix: Matrix, start: int, end: int) -> Matrix:
    return replace(
        matrix,
        columns=matrix.columns[start:end],
        rows=[replace(row, cells=row.cells[start:end]) for row in matrix.rows if any(row.cells[start:end])],
        tallies=[replace(tally, values=tally.values[start:end]) for tally in matrix.tallies],
    )


def _grid(matrix: Matrix, shape: Shape) -> Grid:
    margin, column = _margin(matrix, shape), _column(matrix, shape)
    starts: list[int] = []
    groups: list[tuple[int, str]] = []
    position = margin
    for group, members in groupby(matrix.columns, lambda each: each.group):
        position += GROUP_GAP if starts else 0
        name = shape.letters.get(group, safe(group))
        groups.append((position, name))
        least = position + width(name) + shape.gap
        for _ in members:
            starts.append(position)
            position += column + shape.gap
        position = max(position, least)
    return Grid(margin, column, tuple(starts), tuple(groups), position - shape.gap + FLAG)


def _margin(matrix: Matrix, shape: Shape) -> int:
    labels = [MARGIN_GAP if shape.above else width(safe(row.label)) + bool(row.number) for row in matrix.rows]
    numbers = max((width(row.number) for row in matrix.rows), default=0)
    tallies = [] if shape.stacked else [width(tally.label) for tally in matrix.tallies]
    return max([max(labels, default=0) + numbers, *tallies]) + MARGIN_GAP


def _column(matrix: Matrix, shape: Shape) -> int:
    texts = [_text(cell) for row in matrix.rows for cell in row.cells if cell]
    if not shape.stacked:
        texts += [each.heading for each in matrix.columns]
        texts += [value.words for tally in matrix.tallies for value in tally.values]
    return max(map(width, texts), default=1)


def _text(cell: Cell) -> str:
    return f"{SYMBOLS[cell.sign]}{'' if cell.count is None else cell.count}"


def _block(matrix: Matrix, shape: Shape, seen: Seen) -> Iterator[Line]:
    grid = _grid(matrix, shape)
    if any(name for _, name in grid.groups):
        yield _placed((start, (name, DIM)) for start, name in grid.groups)
    yield from _headings(matrix, shape, grid)
    label = None
    for row in matrix.rows:
        if shape.above and row.label != label:
            yield [(safe(row.label), TITLE)]
        yield _row(row, shape, grid, "" if shape.above or row.label == label else row.label, seen)
        label = row.label
    if not shape.stacked:
        yield from [[]] if matrix.rows and matrix.tallies else ()
        yield from (_tally(tally, grid) for tally in matrix.tallies)


def _headings(matrix: Matrix, shape: Shape, grid: Grid) -> Iterator[Line]:
    height = max(len(each.heading) for each in matrix.columns) if shape.stacked else 1
    for line in range(height):
        yield _placed(
            _right(
                start,
                grid.column,
                (each.heading.rjust(height)[line] if shape.stacked else each.heading, OF_LEVEL[each.level] or TITLE),
            )
            for start, each in zip(grid.starts, matrix.columns, strict=True)
        )


def _row(row: MatrixRow, shape: Shape, grid: Grid, label: str, seen: Seen) -> Line:
    places: list[Place] = [(0, (safe(label), TITLE)), _right(0, grid.margin - MARGIN_GAP, (row.number, ""))]
    for start, cell in zip(grid.starts, row.cells, strict=True):
        if cell is None:
            places.append(_right(start, grid.column, (NOTHING_HERE, DIM)))
        else:
            seen.signs.add(cell.sign)
            places.append(_right(start, grid.column, (_text(cell), STYLES[cell.sign])))
            places += [(start + grid.column, ("!", RISK))] if cell.flagged else []
    places += [(grid.end + REMARK_GAP, marked(row.remark, DIM))] if shape.remarks else []
    return _placed(places)


def _tally(tally: Tally, grid: Grid) -> Line:
    places: list[Place] = [(0, (tally.label, DIM))]
    places += [
        _right(start, grid.column, marked(value)) for start, value in zip(grid.starts, tally.values, strict=True)
    ]
    return _placed(places)


def _right(start: int, columns: int, span: Span) -> Place:
    return start + columns - width(span[0]), span


def _placed(places: Iterable[Place]) -> Line:
    line: list[Span] = []
    position = 0
    for start, (text, style) in places:
        if text:
            line += [(" " * (start - position), ""), (text, style)]
            position = start + width(text)
    return line


def _on_their_side(matrix: Matrix) -> Table:
    """Return the tallies as a table with a row for each column of the matrix."""
    keys = {f"tally{number}": tally for number, tally in enumerate(matrix.tallies)}
    grouped = any(each.group for each in matrix.columns)
    headings_ = {
        "column": "",
        **({"group": ""} if grouped else {}),
        **{key: tally.label for key, tally in keys.items()},
    }
    rows = [
        SimpleNamespace(
            column=Mark(each.heading, each.level),
            group=each.group,
            **{key: tally.values[number] for key, tally in keys.items()},
        )
        for number, each in enumerate(matrix.columns)
    ]
    return Table(rows, headings_)
