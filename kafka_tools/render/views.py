"""What tools hand to the renderer for a person: tables, matrices, and words that are louder than others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How loud a value is on a terminal: healthy is quiet, trouble is not."""

    QUIET = "quiet"
    RISK = "risk"
    BROKEN = "broken"


def level(broken: bool, at_risk: bool) -> Level:
    """Return how loud to show what is broken, at risk, or neither."""
    if broken:
        return Level.BROKEN
    return Level.RISK if at_risk else Level.QUIET


@dataclass(frozen=True, slots=True)
class Mark:
    """Words with a level: the renderer colours them, the words alone say it too."""

    words: str
    level: Level = Level.QUIET


NOTHING = Mark("")


@dataclass(frozen=True, slots=True)
class Table:
    """One table for a person: frozen dataclasses or NamedTuples in `rows`, field -> heading in `columns`.

    `facts` stand by the title, `notes` below, and above them `commands`: lines to be typed, which are never broken.
    Where the terminal is too narrow the columns `spare` go first, in this order; those of `least` where not even single
    words of all the others fit. The first column names the row and stays. In the columns `breakable` a long word (a
    list, the name of a class) may be broken, so that one does not spoil the whole table.
    """

    rows: Sequence[object]
    columns: Mapping[str, str]
    title: str = ""
    facts: Sequence[str] = ()
    spare: Sequence[str] = ()
    least: Sequence[str] = ()
    breakable: Sequence[str] = ()
    summary: Mark | None = None
    commands: Sequence[str] = ()
    notes: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class MatrixColumn:
    """One column of a matrix; neighbours of the same `group` stand under its name."""

    heading: str
    group: str = ""
    level: Level = Level.QUIET


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a matrix: a sign that the renderer has a symbol for, or several of it; `flagged` draws the eye."""

    sign: Enum
    count: int | None = None
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row of a matrix: a label (not repeated below itself), a number under it, a cell or nothing a column."""

    label: str
    number: str
    cells: Sequence[Cell | None]
    remark: Mark = NOTHING


@dataclass(frozen=True, slots=True)
class Tally:
    """One line of figures below a matrix, one a column."""

    label: str
    values: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix for a person: rows of cells, and tallies below; `flag` says what a flagged cell means."""

    columns: Sequence[MatrixColumn]
    rows: Sequence[MatrixRow]
    tallies: Sequence[Tally] = ()
    title: str = ""
    facts: Sequence[str] = ()
    summary: Mark | None = None
    notes: Sequence[Mark] = ()
    flag: str = ""


View = Table | Matrix
