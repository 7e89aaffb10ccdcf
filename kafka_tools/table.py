"""What a person sees of a result: tables, and values that are louder than others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


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
