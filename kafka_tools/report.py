"""What an action hands to a renderer: a result, in words that know no format."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Level(Enum):
    """How loud a value is on a terminal: healthy is quiet, trouble is not."""

    QUIET = "quiet"
    RISK = "risk"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Mark:
    """Words with a level: the renderer colours them, the words alone say it too."""

    words: str
    level: Level = Level.QUIET


@dataclass(frozen=True, slots=True)
class Table:
    """One table for a person: frozen dataclasses in `rows`, field -> heading in `columns`.

    `facts` stand by the title; `spare` names columns that go first, in this order, where the terminal is too narrow.
    """

    rows: Sequence[object]
    columns: Mapping[str, str]
    title: str = ""
    facts: Sequence[str] = ()
    spare: Sequence[str] = ()
    summary: Mark | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one action.

    `rows` are frozen dataclasses whose field names are the keys of json, yaml and csv; `columns` maps fields to
    headings in Apache's order; `plain` yields Apache's lines without their newlines. `tables` makes what a person
    sees on a terminal where one table of `rows` would not do, `names_only` says that plain lines serve a person best.
    `notes` go to stderr; `status` is the exit status: a partial failure is a result too.
    """

    rows: Sequence[Any]
    columns: Mapping[str, str]
    plain: Iterable[str]
    tables: Callable[[], Sequence[Table]] | None = None
    names_only: bool = False
    notes: Sequence[str] = ()
    status: int = 0
