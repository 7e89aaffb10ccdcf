"""Matrices for a person: as wide as is readable, as narrow as must be, in blocks where even that is too wide.

rich has nothing of the kind: the matrix is a renderable of our own, which yields Segments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil
from string import ascii_uppercase
from types import SimpleNamespace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from kafka_tools.model.shown import safe
from kafka_tools.render.tables import TableView
from kafka_tools.render.terminal import DIM, RISK, STYLE_OF_ROLE, SYMBOLS, TITLE
from kafka_tools.render.views import NOTHING, Cell, Mark, Matrix, MatrixRow, Table, Tally
from kafka_tools.render.words import (
    FACT_SEPARATOR,
    STYLE_OF_LEVEL,
    Legend,
    Span,
    Styles,
    Words,
    folded,
    headings,
    longest_word,
    marked,
    notes,
    sentences,
)

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
    """How a matrix is laid out: the blanks between its columns, and the `longest` label that stands before its
    rows: a longer one stands above them.

    `stacked` headings have one character a line, and tallies lie on their side below; `letters` stand for the names of
    groups, if any do; `remarks` stand behind the rows, else below them.
    """

    gap: int
    longest: int
    letters: Mapping[str, str]
    remarks: bool = False
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a matrix's parts stand, in columns of the terminal.

    Rows begin behind the `margin` of their labels, its columns at `starts`, each `column` wide with a blank or a flag
    behind it. `groups` are the names above them with where they begin. `end` is where remarks may stand.
    """

    margin: int
    column: int
    starts: tuple[int, ...]
    groups: tuple[tuple[int, str], ...]
    end: int


Spot = tuple[int, Span]
"""A column of the terminal, and what begins there."""


class MatrixView:
    """One matrix with its title, facts and summary above, and its notes below."""

    def __init__(self, matrix: Matrix, legend: Legend) -> None:
        self._matrix = matrix
        self._legend = legend
        cells = [cell for row in matrix.rows for cell in row.cells if cell]
        legend.signs.update(cell.sign for cell in cells)
        if any(cell.flagged for cell in cells):
            legend.flags[matrix.flag] = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        matrix, columns, styles = self._matrix, options.max_width, Styles(console)
        above = list(headings(matrix, columns))
        yield from above
        if above:
            yield Segment.line()
        shapes = list(_shapes(matrix, columns))
        # Where not even the last shape fits, it is the one to cut into blocks.
        shape = next((shape for shape in shapes if _fits(matrix, shape, columns)), shapes[-1])
        for number, block in enumerate(_blocks(matrix, shape, columns)):
            if number:
                yield Segment.line()
            for line in _block(block, shape, columns):
                yield from styles.line(line)
        if shape.letters:
            yield Segment.line()
            names = [f"{letter}: {name}" for name, letter in shape.letters.items() if name]
            yield from sentences(Mark(FACT_SEPARATOR.join(names)), columns, DIM)
        if shape.stacked and matrix.tallies:
            yield Segment.line()
            yield TableView(_on_their_side(matrix), self._legend)
        yield from notes(matrix, columns)


def _shapes(matrix: Matrix, columns: int) -> Iterator[Shape]:
    """Yield the shapes to try, the most readable first; the last one is the narrowest."""
    longest = min(LONGEST_LABEL, columns // 3)
    names = dict.fromkeys(each.group for each in matrix.columns)
    # A to Z, then AA to ZZ: more racks than letters are still told apart.
    letters = {name: ascii_uppercase[number % 26] * (number // 26 + 1) for number, name in enumerate(names)}
    # Full names of racks go before remarks beside the rows, and both before blanks between columns.
    for chosen in ({}, letters) if any(names) else ({},):
        for remarks in (True, False):
            yield from (Shape(gap, longest, chosen, remarks) for gap in (3, 2, 1))
    # Upright ids need one column of the terminal each; at last every label stands above its rows.
    for most in (longest, 0):
        yield Shape(1, most, letters if any(names) else {}, stacked=True)


def _fits(matrix: Matrix, shape: Shape, columns: int) -> bool:
    remark = max((cell_len(row.remark.words) for row in matrix.rows), default=0) if shape.remarks else 0
    return _grid(matrix, shape).end + (REMARK_GAP + remark if remark else 0) <= columns


def _blocks(matrix: Matrix, shape: Shape, columns: int) -> Iterator[Matrix]:
    """Yield the matrix in as few parts as fit, with about as many of its columns each, and the rows they need."""
    total = len(matrix.columns)
    for parts in range(1, total + 1):
        size = ceil(total / parts)
        blocks = [_part(matrix, start, start + size) for start in range(0, total, size)]
        # One column in a block may be too wide still; then the terminal folds it: there is nothing narrower.
        if size == 1 or all(_fits(block, shape, columns) for block in blocks):
            yield from blocks
            return


def _part(matrix: Matrix, start: int, end: int) -> Matrix:
    return replace(
        matrix,
        columns=matrix.columns[start:end],
        rows=[
            # A remark is said once, in the first block that shows its row.
            replace(row, cells=row.cells[start:end], remark=NOTHING if any(row.cells[:start]) else row.remark)
            for row in matrix.rows
            if any(row.cells[start:end])
        ],
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
        # A group with a long name pushes the next one away, so that two names never touch.
        least = position + cell_len(name) + shape.gap
        for _ in members:
            starts.append(position)
            position += column + shape.gap
        position = max(position, least)
    return Grid(margin, column, tuple(starts), tuple(groups), position - shape.gap + FLAG)


def _margin(matrix: Matrix, shape: Shape) -> int:
    widths = ((cell_len(safe(row.label)), row) for row in matrix.rows)
    # A blank between label and number; rows below a label that stands alone are set in.
    labels = [width + bool(row.number) if width <= shape.longest else MARGIN_GAP for width, row in widths]
    numbers = max((cell_len(row.number) for row in matrix.rows), default=0)
    tallies = [] if shape.stacked else [cell_len(tally.label) for tally in matrix.tallies]
    return max([max(labels, default=0) + numbers, *tallies]) + MARGIN_GAP


def _column(matrix: Matrix, shape: Shape) -> int:

    texts = [_text(cell) for row in matrix.rows for cell in row.cells if cell]
    if not shape.stacked:
        texts += [each.heading for each in matrix.columns]
        texts += [value.words for tally in matrix.tallies for value in tally.values]
    return max(map(cell_len, texts), default=1)


def _text(cell: Cell) -> str:
    return f"{SYMBOLS[cell.sign]}{'' if cell.count is None else cell.count}"


def _block(matrix: Matrix, shape: Shape, columns: int) -> Iterator[Words]:
    grid = _grid(matrix, shape)
    if any(name for _, name in grid.groups):
        yield _placed((start, (name, DIM)) for start, name in grid.groups)
    yield from _headings(matrix, shape, grid)
    for label, of_label in groupby(matrix.rows, lambda row: row.label):
        named = cell_len(safe(label)) > shape.longest
        if named:
            yield [(safe(label), TITLE)]
        # Neighbours with the same remark share it where it stands below them.
        for remark, alike in groupby(of_label, lambda row: row.remark):
            rows = list(alike)
            for row in rows:
                yield _row(row, shape, grid, "" if named else label)
                named = True
            if remark.words and not shape.remarks:
                yield from _remark_below(remark, rows, grid.margin, columns)
    if not shape.stacked:
        yield from [[]] if matrix.rows and matrix.tallies else ()
        yield from (_tally(tally, grid) for tally in matrix.tallies)


def _headings(matrix: Matrix, shape: Shape, grid: Grid) -> Iterator[Words]:
    height = max(len(each.heading) for each in matrix.columns) if shape.stacked else 1
    for line in range(height):
        yield _placed(
            _right(start, grid.column, (_of_line(each.heading, line, height), STYLE_OF_LEVEL[each.level] or TITLE))
            for start, each in zip(grid.starts, matrix.columns, strict=True)
        )


def _of_line(heading: str, line: int, height: int) -> str:
    """Return what a line shows of a heading: all of it, or one character where it stands upright."""
    return heading if height == 1 else heading.rjust(height)[line]


def _row(row: MatrixRow, shape: Shape, grid: Grid, label: str) -> Words:
    spots: list[Spot] = [(0, (safe(label), TITLE)), _right(0, grid.margin - MARGIN_GAP, (row.number, ""))]
    for start, cell in zip(grid.starts, row.cells, strict=True):
        if cell is None:
            spots.append(_right(start, grid.column, (NOTHING_HERE, DIM)))
        else:
            spots.append(_right(start, grid.column, (_text(cell), STYLE_OF_ROLE[cell.sign])))
            spots += [(start + grid.column, ("!", RISK))] if cell.flagged else []
    spots += [(grid.end + REMARK_GAP, marked(row.remark, DIM))] if shape.remarks else []
    return _placed(spots)


def _remark_below(remark: Mark, rows: Sequence[MatrixRow], margin: int, columns: int) -> Iterator[Words]:
    """Yield the lines of a remark below the rows that it is about, where there is no room for it beside them."""
    words, style = marked(remark, DIM)
    if len(rows) > 1:
        words = f"{', '.join(row.number for row in rows)}: {words}"
    start = max(1, min(margin, columns // 2, columns - longest_word([(words, style)])))
    yield from ([(" " * start, ""), *line] for line in folded([(words, style)], columns - start))


def _tally(tally: Tally, grid: Grid) -> Words:
    spots: list[Spot] = [(0, (tally.label, DIM))]
    spots += [_right(start, grid.column, marked(value)) for start, value in zip(grid.starts, tally.values, strict=True)]
    return _placed(spots)


def _right(start: int, columns: int, span: Span) -> Spot:
    return start + columns - cell_len(span[0]), span


def _placed(spots: Iterable[Spot]) -> Words:
    line: list[Span] = []
    position = 0
    for start, (text, style) in spots:
        if text:
            line += [(" " * (start - position), ""), (text, style)]
            position = start + cell_len(text)
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
