"""Tables for a person.

Ordinary tables are rich's. Tables of many rows, which are those of partitions, are a renderable of our own that yields
Segments. The choice is made once, in `TableView._body`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table as RichTable
from rich.text import Text

from kafka_tools.model.health import Replica
from kafka_tools.model.shown import safe
from kafka_tools.render.terminal import DIM, STYLE_OF_ROLE, SYMBOLS
from kafka_tools.render.views import Mark, Table
from kafka_tools.render.words import (
    GAP,
    NEW_LINE,
    Legend,
    Span,
    Styles,
    Trimmed,
    Words,
    folded,
    headings,
    longest_word,
    marked,
    notes,
    text_width,
    whole,
    words_width,
)

MOST_ROWS_OF_RICH = 40
"""A row of rich.table takes 0.8 ms, one of Segments 0.03 ms: 3,000 partitions 2.4 s and 0.1 s (rich 15, CPU)."""


class Cell(NamedTuple):
    """What a cell shows, and how many columns of the terminal that takes."""

    words: Words
    width: int


NUMBER = re.compile(r"-|[+-]?[\d,.]+( ([KMGT]i)?B)?")
"""What stands on the right of its column: a number, or a size in a unit."""

NOTHING, NONE = Cell((), 0), Cell((("-", DIM),), 1)


class TableView:
    """One table with its title, facts and summary above, and its notes below."""

    def __init__(self, table: Table, legend: Legend) -> None:
        self._table = table
        cell = CellMaker(legend).cell
        self._cells = {name: [cell(getattr(row, name)) for row in table.rows] for name in table.columns}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        above = list(headings(self._table, options.max_width))
        yield from above
        if above and self._table.rows:
            yield NEW_LINE
        if self._table.rows:
            indent = len(GAP) if above else 0
            yield from self._body(options.max_width - indent, indent)
        if self._table.commands:
            yield NEW_LINE
        yield from (whole(Text(safe(command))) for command in self._table.commands)
        alone = not (above or self._table.rows or self._table.commands)
        yield from notes(self._table, options.max_width, alone)

    def _body(self, room: int, indent: int) -> Iterator[RenderableType]:
        layout = laid_out(self._table, self._cells, room)
        columns = {name: self._cells[name] for name in layout.widths}
        if layout.stacked:
            yield from stacked(columns, self._table.columns, indent)
        elif len(self._table.rows) > MOST_ROWS_OF_RICH:
            yield Rows(columns, self._table.columns, layout, indent)
        else:
            yield from ordinary(columns, self._table.columns, layout, indent)


@dataclass(frozen=True, slots=True)
class Layout:
    """How wide the columns of a table are, those left out that there was no room for.

    `label` is the first column where it may be too narrow for some of its names: such a name stands on a line of its
    own, above the rest of its row. `stacked` where not even single words fit: a line for each cell.
    """

    widths: Mapping[str, int]
    numeric: frozenset[str]
    label: str = ""
    stacked: bool = False


ROOMY = 24
"""Columns in which sentences are folded between words before names get less room."""

BREAKABLE = 32
"""What stays whole of a word in a breakable column: an address, and not the name of a class with all its packages."""

LEAST_LABEL = 8


def laid_out(table: Table, cells: Mapping[str, Sequence[Cell]], room: int) -> Layout:
    """Return the widths for a table in so many columns of the terminal. No word is broken, so no address and no id.

    Spare columns go first. Then sentences are folded between words and long names get lines of their own; where that
    does not do, the columns go that matter least, and in the end a row becomes a block of lines.
    """
    # A number is never folded: half of an offset would be another offset.
    numeric = frozenset(name for name in cells if _is_numeric(table.rows, name))
    natural = {name: max(cell_len(table.columns[name]), *(cell.width for cell in cells[name])) for name in cells}
    for name in table.spare:
        if _excess(natural, room) > 0:
            natural.pop(name, None)  # a table may be without it: from ZooKeeper nobody knows where a value comes from
    if _excess(natural, room) <= 0:
        return Layout(natural, numeric)
    words = {
        name: max(cell_len(table.columns[name]), *(longest_word(cell.words) for cell in cells[name]))
        for name in natural
        if name not in numeric
    }
    for name in words.keys() & {*table.breakable}:
        words[name] = min(words[name], max(BREAKABLE, cell_len(table.columns[name])))
    # Each time one column fewer, until what is left fits with its sentences folded.
    for left_out in range(len(table.least) + 1):
        widths = {name: width for name, width in natural.items() if name not in table.least[:left_out]}
        if layout := _with_folds(widths, words, cells, table.columns, numeric, room):
            return layout
    return Layout(natural, numeric, stacked=True)


def _with_folds(
    natural: Mapping[str, int],
    words: Mapping[str, int],
    cells: Mapping[str, Sequence[Cell]],
    headings: Mapping[str, str],
    numeric: frozenset[str],
    room: int,
) -> Layout | None:
    """Return the widths where everything fits, with sentences folded as little as need be; None where it does not."""
    first = next(iter(natural))
    label = "" if first in numeric else first
    labels = [cell.width for cell in cells[first]]
    least_label = max(LEAST_LABEL, cell_len(headings[first]))
    # First as wide as it comes, then with sentences in some 24 columns, last with lines of single words.
    for least in (natural, _roomy(natural, words), words):
        narrow = {
            name: width if name in numeric or name == label else min(width, least[name])
            for name, width in natural.items()
        }
        if (excess := _excess(narrow, room)) <= 0:
            return Layout(_widened(narrow, natural, -excess), numeric)
        if label:
            beside = _label_width(labels, least_label, narrow[label] - excess, last=least is words)
            if beside:
                narrow[label] = beside
                return Layout(_widened(narrow, {**natural, label: beside}, -_excess(narrow, room)), numeric, label)
    return None


def _roomy(natural: Mapping[str, int], words: Mapping[str, int]) -> Mapping[str, int]:
    return {name: max(width, min(natural.get(name, 0), ROOMY)) for name, width in words.items()}


def _label_width(lengths: Sequence[int], least: int, room: int, last: bool) -> int:
    """Return how wide labels get so that half of them fit, on the `last` try as wide as may be; 0 for neither."""
    if room < least:
        return 0
    # Where most names would stand on lines of their own, a narrower column would only make the table longer.
    fitting = [length for length in lengths if length <= room]
    if len(fitting) * 2 >= len(lengths):
        return max(least, *fitting)
    return room if last else 0


def _widened(narrow: dict[str, int], natural: Mapping[str, int], room: int) -> Mapping[str, int]:
    """Return the widths with what is left: columns that miss little become whole, the longest gets the rest."""
    # Those that miss least first: so as many columns as possible need no fold at all.
    for name in sorted(narrow, key=lambda name: natural[name] - narrow[name]):
        more = min(room, natural[name] - narrow[name])
        narrow[name] += more
        room -= more
    return narrow


def _excess(widths: Mapping[str, int], room: int) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1) - room


def ordinary(
    columns: Mapping[str, Sequence[Cell]], names: Mapping[str, str], layout: Layout, indent: int
) -> Iterator[RenderableType]:
    """Yield the rows as rich.table draws them: in one table, or several between labels that stand above their rows."""
    rows = list(zip(*columns.values(), strict=True))
    label_width = layout.widths.get(layout.label, 0)
    outside = [bool(layout.label) and longest_word(row[0].words) > label_width for row in rows]
    yield Trimmed(_rich_table(columns, names, layout, rows[: _until(outside, 0)], with_heading=True), indent)
    at = _until(outside, 0)
    while at < len(rows):
        yield whole(Text.assemble(" " * indent, *rows[at][0].words))
        end = _until(outside, at + 1)
        # The name is on the line above; its row goes on below it with an empty first cell.
        first = (NOTHING, *rows[at][1:])
        yield Trimmed(_rich_table(columns, names, layout, [first, *rows[at + 1 : end]]), indent)
        at = end


def _until(flags: Sequence[bool], start: int) -> int:
    """Return where the next flag is set, from `start` on."""
    return next((number for number in range(start, len(flags)) if flags[number]), len(flags))


def _rich_table(
    columns: Mapping[str, Sequence[Cell]],
    names: Mapping[str, str],
    layout: Layout,
    rows: Iterable[Sequence[Cell]],
    with_heading: bool = False,
) -> RichTable:
    drawn = RichTable(box=None, padding=(0, len(GAP), 0, 0), pad_edge=False, show_header=with_heading, header_style=DIM)
    for name in columns:
        drawn.add_column(
            Text(names[name]),
            justify="right" if name in layout.numeric else "left",
            width=layout.widths[name],
            overflow="fold",  # rich's default cuts what does not fit, and puts an ellipsis there
        )
    for row in rows:
        drawn.add_row(*(Text.assemble(*cell.words) for cell in row))
    return drawn


class Rows:
    """Many rows as Segments, with the looks of `ordinary`."""

    def __init__(
        self, columns: Mapping[str, Sequence[Cell]], names: Mapping[str, str], layout: Layout, indent: int
    ) -> None:
        self._columns = columns
        self._names = names
        self._layout = layout
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        styles = Styles(console)
        headings = [Cell([(self._names[name], DIM)], cell_len(self._names[name])) for name in self._columns]
        yield from self._line(headings, styles)
        widths, label_width = list(self._layout.widths.values()), self._layout.widths.get(self._layout.label, 0)
        for row in zip(*self._columns.values(), strict=True):
            cells: Sequence[Cell] = row
            if self._layout.label and longest_word(row[0].words) > label_width:
                yield from styles.line([(" " * self._indent, ""), *row[0].words])
                cells = (NOTHING, *row[1:])
            # Nearly every row of partitions fits: one line, and no search for words to fold at.
            if all(cell.width <= width for cell, width in zip(cells, widths, strict=True)):
                yield from self._line(cells, styles)
                continue
            parts = [folded(cell.words, width) for cell, width in zip(cells, widths, strict=True)]
            for number in range(max(map(len, parts))):
                lines = [part[number] if number < len(part) else () for part in parts]
                yield from self._line([Cell(line, words_width(line)) for line in lines], styles)

    def _line(self, cells: Sequence[Cell], styles: Styles) -> Iterator[Segment]:
        """Yield one line of the table; a Segment ends only where the style changes, as each costs its time."""
        plain = " " * self._indent
        for (name, width), cell in zip(self._layout.widths.items(), cells, strict=True):
            blanks = " " * (width - cell.width)
            if name in self._layout.numeric:
                plain += blanks
            for text, style in cell.words:
                if style:
                    if plain:
                        yield Segment(plain)
                    yield Segment(text, styles[style])
                    plain = ""
                else:
                    plain += text
            plain += GAP if name in self._layout.numeric else blanks + GAP
        if plain := plain.rstrip():
            yield Segment(plain)
        yield NEW_LINE


def stacked(columns: Mapping[str, Sequence[Cell]], names: Mapping[str, str], indent: int) -> Iterator[RenderableType]:
    """Yield a block of lines for each row, where the terminal is too narrow for columns."""
    # The first column names the row: it is the line above the block, in full.
    margin = max(map(cell_len, names.values()), default=0)
    for row in zip(*columns.values(), strict=True):
        first, *rest = zip(columns, row, strict=True)
        yield whole(Text.assemble(" " * indent, *first[1].words))
        for name, cell in rest:
            if cell.width:
                yield Field(names[name], margin, cell.words, indent + len(GAP))


class Field:
    """A heading and the words of one cell, on lines of their own."""

    def __init__(self, heading: str, margin: int, words: Words, indent: int) -> None:
        self._heading = heading
        self._margin = margin
        self._words = words
        self._indent = indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        styles = Styles(console)
        before = self._indent + self._margin + len(GAP)
        heading = self._heading.ljust(self._margin)
        lines = folded(self._words, max(1, options.max_width - before), longest_word(self._words))
        for number, line in enumerate(lines):
            margin = [(" " * self._indent, ""), (heading + GAP, DIM)] if number == 0 else [(" " * before, "")]
            yield from styles.line([*margin, *line])


def _is_numeric(rows: Sequence[object], name: str) -> bool:
    values = [value for row in rows if (value := getattr(row, name)) is not None]
    # A column of which nothing is known is no column of numbers: its dashes stand on the left.
    return bool(values) and all(_is_number(value) for value in values)


def _is_number(value: object) -> bool:
    if isinstance(value, Mark):
        return NUMBER.fullmatch(value.words) is not None
    # A bool is an int in Python, and is shown as yes or no.
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class CellMaker:
    """Makes the cells of one table; what repeats, as sets of replicas and words do, is made once."""

    def __init__(self, legend: Legend) -> None:
        self._legend = legend
        self._of_replicas: dict[tuple[Replica, ...], Cell] = {}
        self._of_marks: dict[Mark, Cell] = {}

    def cell(self, value: Any) -> Cell:
        """Return the cell for a value of a row."""
        match value:
            case None:
                return NONE
            case Mark():
                return self._of_mark(value) if value.words else NOTHING
            case tuple() if value and isinstance(value[0], Replica):
                return self._replicas(value)
            case _:
                text = safe(_text(value))
                return Cell(((text, ""),), text_width(text))

    def _of_mark(self, mark: Mark) -> Cell:
        cell = self._of_marks.get(mark)
        if cell is None:
            words = (marked(mark),)
            cell = self._of_marks[mark] = Cell(words, words_width(words))
        return cell

    def _replicas(self, replicas: tuple[Replica, ...]) -> Cell:
        cell = self._of_replicas.get(replicas)
        if cell is None:
            self._legend.in_order = True
            self._legend.signs.update(replica.role for replica in replicas)
            words: list[Span] = []
            for replica in replicas:
                words += [(" ", "")] if words else []
                words.append((f"{SYMBOLS[replica.role]}{replica.broker}", STYLE_OF_ROLE[replica.role]))
            cell = self._of_replicas[replicas] = Cell(words, words_width(words))
        return cell


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple() | list():
            return ", ".join(map(str, value))
        case Mapping():
            return ", ".join(f"{key}={value[key]}" for key in sorted(value))
        case _:
            return str(value)
