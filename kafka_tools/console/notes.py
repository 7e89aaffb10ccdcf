"""What a streaming tool says on stderr while stdout carries records."""

import os
import sys

END_OF_LINE = "\x1b[K"
"""Erases what stands right of the cursor (ECMA-48's ERASE IN LINE)."""


def note(text: str) -> None:
    """Write one line on stderr, over a progress line that stands there; without effect where stderr is closed."""
    put(f"{text}{END_OF_LINE if can_draw() else ''}\n")


def can_draw() -> bool:
    """Tell whether stderr is a terminal that can write over a line."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def put(text: str) -> None:
    """Write text on stderr at once; without effect where stderr is closed."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        return
