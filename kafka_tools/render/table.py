"""Tables for a person on a terminal, through rich."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from kafka_tools.model.health import Replica, Role
from kafka_tools.report import Level, Mark, Report, Table

STYLES = {Level.QUIET: "", Level.RISK: "yellow", Level.BROKEN: "bold red"}
ROLE_STYLES = {Role.LEADER: "bold", Role.IN_SYNC: "", Role.OUT_OF_SYNC: "yellow", Role.BROKER_DOWN: "bold red"}
SYMBOLS = {Role.LEADER: "★", Role.IN_SYNC: "●", Role.OUT_OF_SYNC: "✗", Role.BROKER_DOWN: "◌"}
ASCII_SYMBOLS = {Role.LEADER: "*", Role.IN_SYNC: "o", Role.OUT_OF_SYNC: "x", Role.BROKER_DOWN: "-"}
UNLIMITED_WIDTH = 10_000
"""A table that is not for a terminal is as wide as its values: nothing is folded."""


def write_tables(report: Report) -> None:
    """Write the report's tables to stdout."""
    console = _console()
    symbols = _symbols(console.encoding)
    tables = report.tables() if report.tables else [Table(report.rows, report.columns)]
    for number, table in enumerate(tables):
        console.print(Text(""), end="\n" if number else "")
        console.print(_with_headings(table, symbols))
    roles = {replica.role for table in tables for replica in _replicas(table)}
    if roles:
        console.print(_legend(roles, symbols))


def _console() -> Console:
    terminal = sys.stdout.isatty()
    return Console(
        width=None if terminal else UNLIMITED_WIDTH, highlight=False, markup=False, emoji=False, soft_wrap=not terminal
    )


def _symbols(encoding: str) -> Mapping[Role, str]:
    try:
        "".join(SYMBOLS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ASCII_SYMBOLS
    return SYMBOLS


def _with_headings(table: Table, symbols: Mapping[Role, str]) -> RenderableType:
    parts: list[RenderableType] = []
    if table.title:
        parts.append(Text.assemble((table.title, "bold"), f"   {table.subtitle}" if table.subtitle else ""))
    if table.summary:
        parts.append(Text(table.summary.words, STYLES[table.summary.level] or "dim"))
    body = _body(table, symbols)
    parts.append(Padding(body, (1, 0, 0, 2)) if parts else body)
    return Group(*parts)


def _body(table: Table, symbols: Mapping[Role, str]) -> RichTable:
    body = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name, heading in table.columns.items():
        body.add_column(heading, justify="right" if _is_numeric(table.rows, name) else "left", overflow="fold")
    for row in table.rows:
        body.add_row(*(_cell(getattr(row, name), symbols) for name in table.columns))
    return body


def _is_numeric(rows: Sequence[object], name: str) -> bool:
    values = [value for row in rows if (value := getattr(row, name)) is not None]
    return bool(values) and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)


def _cell(value: Any, symbols: Mapping[Role, str]) -> Text:
    match value:
        case None:
            return Text("-", "dim")
        case Mark(words, level):
            return Text(words, STYLES[level])
        case bool():
            return Text("yes" if value else "no")
        case tuple() if value and isinstance(value[0], Replica):
            return Text(" ").join(Text(f"{symbols[r.role]}{r.broker}", ROLE_STYLES[r.role]) for r in value)
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


def _legend(roles: set[Role], symbols: Mapping[Role, str]) -> Text:
    words = "  ".join(f"{symbols[role]} {role.value}" for role in Role if role in roles or role is Role.LEADER)
    return Text(f"\n{words}   first replica = preferred leader", "dim")
