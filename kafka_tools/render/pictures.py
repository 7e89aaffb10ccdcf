"""Pictures for documents and tickets: what a terminal would show, as SVG or HTML, through rich's recording console.

They are self-contained, and dark on white: they are read in documents, on paper, and in mail.
"""

import io
import os
import re
from collections.abc import Callable, Mapping

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.terminal_theme import TerminalTheme
from rich.theme import Theme

from kafka_tools.render.output_options import OutputOptions
from kafka_tools.render.page import Page, views
from kafka_tools.render.terminal import BROKEN, DIM, RISK, TITLE, console
from kafka_tools.report import Report

WIDEST = 120
"""How many columns a picture has at most where no terminal says it."""

MARGIN = 2
"""Columns that stay empty on the right."""

STYLES = Theme({TITLE: "#1f2328 bold", DIM: "#59636e", RISK: "#7d4e00", BROKEN: "#b3001b bold"})
"""Each colour has at least 4.5 times the contrast to the background (WCAG 2, AA)."""

WHITE, INK = (255, 255, 255), (31, 35, 40)
# rich wants a terminal's eight colours, too; our styles name none of them.
THEME = TerminalTheme(WHITE, INK, [INK] * 8)

FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"

SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: FONT; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
{lines}
</defs>
<rect width="100%" height="100%" rx="8" fill="#ffffff"/>
<g transform="translate(20, 30)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
""".replace("FONT", FONT)

HTML = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width">
<title>ktools</title>
<style>
body {{ color: {foreground}; background: {background}; margin: 1.5em; }}
pre {{ font: 14px/1.4 FONT; }}
{stylesheet}
</style>
</head>
<body><pre>{code}</pre></body>
</html>
""".replace("FONT", FONT)


def as_svg(report: Report, options: OutputOptions) -> str:
    """Return an SVG document."""
    return _recorded(report, options).export_svg(theme=THEME, code_format=SVG)


def as_html(report: Report, options: OutputOptions) -> str:
    """Return an HTML document."""
    return _recorded(report, options).export_html(theme=THEME, code_format=HTML)


FORMATS: Mapping[str, Callable[[Report, OutputOptions], str]] = {"svg": as_svg, "html": as_html}


def _recorded(report: Report, options: OutputOptions) -> Console:
    page = Page(views(report, options))
    drawing = {"file": io.StringIO(), "force_terminal": True, "color_system": "truecolor", "legacy_windows": False}
    # Drawn twice, first in the terminal's width: only then it is known how wide the picture needs to be.
    lines = SpacedPage(console(theme=STYLES, width=_columns(), **drawing), page)
    recording = console(theme=STYLES, width=lines.width + MARGIN, record=True, **drawing)
    recording.print(lines, crop=False, end="")
    return recording


def _columns() -> int:
    """Return how wide the user's terminal is, also where stdout goes elsewhere; the variable COLUMNS wins."""
    text = os.environ.get("COLUMNS", "")
    if text.isdecimal() and text.isascii() and int(text):
        return int(text)
    for descriptor in (1, 2, 0):
        try:
            return os.get_terminal_size(descriptor).columns or WIDEST
        except OSError:
            continue
    return WIDEST


class SpacedPage:
    """A page with words and blanks apart: each word gets its own position in SVG, whose readers differ about blanks."""

    def __init__(self, drawing: Console, page: Page) -> None:
        lines = Segment.split_lines(drawing.render(page))
        self._lines = [
            [Segment(piece, style) for text, style, _ in line for piece in re.split("( +)", text) if piece]
            for line in lines
        ]
        self.width = max((sum(cell_len(piece.text) for piece in line) for line in self._lines), default=0)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines:
            yield from line
            yield Segment.line()
