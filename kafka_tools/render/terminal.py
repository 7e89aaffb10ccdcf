"""The terminal: rich's consoles for stdout and stderr, and the styles of everything drawn.

Width, colours, NO_COLOR, FORCE_COLOR, TERM=dumb and the encoding are what rich's Console makes of them. rich is
imported where a console is opened: plain text in a pipe needs none.
"""

import codecs
import io
import sys
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING

from kafka_tools.model.health import Role
from kafka_tools.model.plan_effects import Change

if TYPE_CHECKING:
    from rich.console import Console

TITLE, DIM, RISK, BROKEN, CHANGED = "title", "dim", "risk", "broken", "changed"
"""Names of styles: healthy is quiet, trouble is loud."""

STYLES = {
    TITLE: "bold",
    DIM: "dim",
    RISK: "yellow",
    BROKEN: "bold red",
    CHANGED: "reverse",
    "bar.complete": "none",
    "bar.finished": "none",
    "bar.pulse": "none",
    "bar.back": "dim",
}

SYMBOLS: dict[Enum, str] = {
    Role.LEADER: "★",
    Role.IN_SYNC: "●",
    Role.OUT_OF_SYNC: "✗",
    Role.BROKER_DOWN: "◌",
    Change.LEADS: "★",
    Change.STAYS: "●",
    Change.COMES: "+",
    Change.GOES: "-",
}
STYLE_OF_ROLE: dict[Enum, str] = {
    Role.LEADER: TITLE,
    Role.IN_SYNC: "",
    Role.OUT_OF_SYNC: RISK,
    Role.BROKER_DOWN: BROKEN,
    Change.LEADS: TITLE,
    Change.STAYS: "",
    Change.COMES: TITLE,
    Change.GOES: DIM,
}
IN_ASCII = {"★": "*", "●": "o", "✗": "x", "◌": "-", "·": ".", "→": ">", "…": "...", "▌": "|"}
"""What stands for a symbol where stdout's encoding lacks it."""

AS_WIDE_AS_NEED_BE = 1 << 16
"""Columns of a pipe: what is read by `less -S`, `grep` or a file is not folded."""


def console(**options: object) -> "Console":
    """Return a rich console with our styles, which takes no text for markup. `options` are rich.console.Console's."""
    from rich.console import Console
    from rich.theme import Theme

    # No highlight: rich would colour every number, and colours are for what is loud.
    make: Callable[..., Console] = Console
    return make(**({"theme": Theme(STYLES), "markup": False, "emoji": False, "highlight": False} | options))


def output_console() -> "Console":
    """Return the console for stdout: as wide as the terminal, in a pipe as wide as need be."""
    stand_in_for_symbols()
    return console() if sys.stdout.isatty() else console(width=AS_WIDE_AS_NEED_BE)


def error_console() -> "Console":
    """Return the console for stderr where that is a terminal: for progress and questions."""
    return console(stderr=True, force_terminal=True, force_interactive=True)


def live_console() -> "Console":
    """Return the console for stdout where that is a terminal, for what is drawn over and over.

    Whatever the environment says of colours (`FORCE_COLOR=` makes rich take a terminal for none), it is one.
    """
    stand_in_for_symbols()
    return console(force_terminal=True, force_interactive=True)


def stand_in_for_symbols() -> None:
    """Let stdout write ASCII in place of symbols that its encoding lacks."""
    # In place of UnicodeEncodeError: a table in LC_ALL=C is a table in ASCII, not a failure after half of it.
    codecs.register_error("ktools.symbols", _in_ascii)
    # What stands in for stdout, such as io.StringIO, has no encoding that could lack a symbol.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="ktools.symbols")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(IN_ASCII.get(character, "?") for character in error.object[error.start : error.end]), error.end
