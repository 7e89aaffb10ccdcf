"""What a terminal of some width shows of views, as lines of text."""

import io
from collections.abc import Sequence

from rich.console import Console

from kafka_tools.render.page import Page
from kafka_tools.render.terminal import console
from kafka_tools.render.views import View


def console_of(width: int, **options: object) -> Console:
    """Return a console that keeps what is printed."""
    return console(file=io.StringIO(), width=width, **options)


def drawn(shown: Sequence[View] | View, width: int, **options: object) -> list[str]:
    """Return the lines of the views' page on a terminal that is so many columns wide."""
    canvas = console_of(width, **options)
    canvas.print(Page(shown if isinstance(shown, Sequence) else [shown]), crop=False, end="")
    assert isinstance(canvas.file, io.StringIO)
    text = canvas.file.getvalue()
    return text.removesuffix("\n").split("\n") if text else []
