"""Tables for a person on a terminal, through rich."""

import codecs
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from kafka_tools.model.health import Replica, Role
from kafka_tools.report import Report
from kafka_tools.table import Level, Mark, Table

STYLES = {Level.QUIET: "", Level.RISK: "yellow", Level.BROKEN: "bold red"}
ROLE_STYLES = {Role.LEADER: "bold", Role.IN_SYNC: "", Role.OUT_OF_SYNC: "yellow", Role.BROKER_DOWN: "bold red"}
SYMBOLS = {Role.LEADER: "★", Role.IN_SYNC: "●", Role.OUT_OF_SYNC: "✗", Role.BROKER_DOWN: "◌"}
IN_ASCII = {"★": "*", "●": "o", "✗": "x", "◌": "-", "·": "-", "…": "~"}
"""What stands for a symbol where stdout's encoding lacks it."""

TITLE_GAP, FACT_SEPARATOR, FACTS_INDENT = "   ", " · ", "\n  "
UNLIMITED_WIDTH = 10_000
"""A table that is not for a terminal is as wide as its values: nothing is folded."""


def write_tables(report: Report) -> None:
    """Write the report's tables to stdout."""
    console = _console()
    tables = report.tables() if report.tables else [Table(report.rows, report.columns)]
    for number, table in enumerate(tables):
        console.print(Text(""), end="\n" if number else "")
        console.print(_with_headings(table, console))
    roles = {replica.role for table in tables for replica in _replicas(table)}
    if roles:
        console.print(_legend(roles))


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what the encoding lacks, as an error handler of `codecs`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(IN_ASCII.get(character, "?") for character in error.object[error.start : error.end]), error.end


def _console() -> Console:
    codecs.register_error("ktools.symbols", _in_ascii)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="ktools.symbols")
    terminal = sys.stdout.isatty()
    return Console(
        width=None if terminal else UNLIMITED_WIDTH, highlight=False, markup=False, emoji=False, soft_wrap=not terminal
    )


def _with_headings(table: Table, console: Console) -> RenderableType:
    parts: list[RenderableType] = []
    if table.title:
        parts.append(_title(table, console.width))
    if table.summary:
        parts.append(Text(table.summary.words, STYLES[table.summary.level] or "dim"))
    indent = 2 if parts else 0
    body = _fitting(table, console, console.width - indent)
    parts.append(Padding(body, (1, 0, 0, indent), expand=False) if parts else body)
    return Group(*parts)


def _title(table: Table, width: int) -> Text:
    """Return the title and its facts, folded between facts and not within one."""
    title = Text(table.title, "bold")
    column = title.cell_len
    for number, fact in enumerate(table.facts):
        separator = FACT_SEPARATOR if number else TITLE_GAP
        if column + cell_len(separator + fact) > width:
            separator, column = FACTS_INDENT, 0
        title.append(separator + fact, "not bold")
        column += cell_len(separator + fact)
    return title


def _fitting(table: Table, console: Console, width: int) -> RichTable:
    """Return the table with as many of its spare columns as fit."""
    columns = dict(table.columns)
    body = _body(table, columns)
    unlimited = console.options.update_width(UNLIMITED_WIDTH)
    for name in table.spare:
        if console.measure(body, options=unlimited).maximum <= width:
            break
        del columns[name]
        body = _body(table, columns)
    return body


def _body(table: Table, columns: Mapping[str, str]) -> RichTable:
    body = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, heading in columns.items():
        body.add_column(heading, justify="right" if _is_numeric(table.rows, name) else "left", overflow="fold")
    for row in table.rows:
        body.add_row(*(_cell(getattr(row, name)) for name in columns))
    return body


def _is_numeric(rows: Sequence[object], name: str) -> bool:
    values = [value for row in rows if (value := getattr(row, name)) is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _cell(value: Any) -> Text:
    match value:
        case None:
            return Text("-", "dim")
        case Mark(words, level):
            return Text(words, STYLES[level])
        case bool():
            return Text("yes" if value else "no")
        case tuple() if value and isinstance(value[0], Replica):
            return Text(" ").join(Text(f"{SYMBOLS[r.role]}{r.broker}", ROLE_STYLES[r.role]) for r in value)
        case tuple() | list():
            return Text(", ".join(map(str, value)))
        case Mapping():
            return Text(", ".join(f"{key}={value[key]}" for key in sorted(value)))
        case _:
            return Text(str(value))


def _replicas(table: Table) -> list[Replica]:
    values = (getattr(row, field.name) for row in table.rows for field in fields(row))  # type: ignore[arg-type]
    tuples = (value for value in values if isinstance(value, tuple))
    return [value for value in chain.from_iterable(tuples) if isinstance(value, Replica)]


def _legend(roles: set[Role]) -> Text:
    words = "  ".join(f"{SYMBOLS[role]} {role.value}" for role in Role if role in roles or role is Role.LEADER)
    return Text(f"\n{words}   first replica = preferred leader", "dim")
