"""The terminal that stdout is: its size, its colours, its encoding."""

import codecs
import io
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kafka_tools.render.lines import Line
from kafka_tools.render.symbols import IN_ASCII

if TYPE_CHECKING:
    from rich.console import Console

SGR = {"title": "1", "dim": "2", "risk": "33", "broken": "1;31", "changed": "7"}
"""Style -> parameters of ECMA-48's SELECT GRAPHIC RENDITION."""

IN_MONOCHROME = {"risk": "", "broken": "1"}

USUAL_COLUMNS, USUAL_LINES = 80, 24


def is_terminal() -> bool:
    """Tell whether somebody looks at stdout."""
    return sys.stdout.isatty()


def columns() -> int | None:
    """Return how wide the user's terminal is, also where stdout goes elsewhere; None where there is no terminal.

    The variable COLUMNS wins, as everywhere.
    """
    return _variable("COLUMNS") or _size()[0] or (USUAL_COLUMNS if is_terminal() else None)


def lines() -> int:
    """Return how high the user's terminal is; the variable LINES wins."""
    return _variable("LINES") or _size()[1] or USUAL_LINES


def _variable(name: str) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() else 0


def _size() -> tuple[int, int]:
    for descriptor in (1, 2, 0):
        try:
            return os.get_terminal_size(descriptor)
        except OSError:
            continue
    return 0, 0


def painter() -> Callable[[Line], str]:
    """Return what turns a line into text for stdout: with colours where it is a terminal that has them.

    NO_COLOR leaves bold and dim, TERM=dumb nothing; FORCE_COLOR paints into a pipe, too.
    """
    environ = os.environ
    if environ.get("TERM") == "dumb" or not (is_terminal() or environ.get("FORCE_COLOR")):
        return unpainted
    sgr = SGR | IN_MONOCHROME if environ.get("NO_COLOR") else SGR
    return lambda line: painted(line, sgr)


def unpainted(line: Line) -> str:
    """Return a line's text alone."""
    return "".join([text for text, _ in line]).rstrip()


def painted(line: Line, sgr: Mapping[str, str]) -> str:
    """Return a line's text with its styles."""
    pieces = []
    for text, style in line:
        codes = ";".join(filter(None, (sgr[name] for name in style.split("+")))) if style else ""
        pieces.append(f"\x1b[{codes}m{text}\x1b[0m" if codes else text)
    return "".join(pieces).rstrip(" ")


def stand_in_for_symbols() -> None:
    """Let stdout write ASCII in place of symbols that its encoding lacks."""
    codecs.register_error("ktools.symbols", _in_ascii)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="ktools.symbols")


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(IN_ASCII.get(character, "?") for character in error.object[error.start : error.end]), error.end


BARS = {
    "bar.complete": "none",
    "bar.finished": "none",
    "bar.pulse": "none",
    "bar.back": "dim",
    "progress.spinner": "none",
}
"""The styles of rich's progress bars: as quiet as the rest."""


def error_console() -> "Console":
    """Return rich's console for stderr: for progress and questions."""
    from rich.console import Console
    from rich.theme import Theme

    return Console(stderr=True, theme=Theme(BARS), markup=False, emoji=False, highlight=False)
