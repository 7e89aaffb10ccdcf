"""Pictures for documents and tickets: what a terminal would show, as SVG or HTML, through rich's recording console.

They are self-contained, and dark on white: they are read in documents, on paper, and in mail.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from kafka_tools.render import terminal
from kafka_tools.render.lines import Line, line_width
from kafka_tools.render.output_options import OutputOptions
from kafka_tools.render.page import page_lines, views
from kafka_tools.report import Report

WIDEST = 120
"""How many columns a picture has at most where no terminal says it."""

MARGIN = 2
"""Columns that stay empty on the right."""

STYLES = {
    "": Style(color="#1f2328"),
    "title": Style(color="#1f2328", bold=True),
    "dim": Style(color="#59636e"),
    "risk": Style(color="#7d4e00"),
    "broken": Style(color="#b3001b", bold=True),
}
"""Each colour has at least 4.5 times the contrast to the background (WCAG 2, AA)."""

WHITE, INK = (255, 255, 255), (31, 35, 40)
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
    lines = list(page_lines(views(report, options), terminal.columns() or WIDEST))
    console = Console(
        record=True,
        file=io.StringIO(),
        width=max(map(line_width, lines), default=0) + MARGIN,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    for line in lines:
        console.print(Text.assemble(*_words(line)), soft_wrap=True)
    return console


def _words(line: Line) -> Iterator[tuple[str, Style]]:
    """Yield words and blanks apart: each word gets a place of its own in SVG, whose readers differ about blanks."""
    for text, style in line:
        yield from ((piece, STYLES[style]) for piece in re.split("( +)", text))
