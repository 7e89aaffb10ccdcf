"""The rows of a report as they were asked for: which fields, in which order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any

from kafka_tools.errors import UsageError, nearest
from kafka_tools.render.output_options import OutputOptions
from kafka_tools.render.views import Table
from kafka_tools.report import Report


def field_names(row: Any) -> tuple[str, ...]:
    """Return the names of a row's fields."""
    return tuple(field.name for field in fields(row))


def selected(report: Report, options: OutputOptions) -> tuple[Sequence[Any], Sequence[str]]:
    """Return the rows in the order, and the names of the fields, that were asked for; all fields where none were.

    Raises UsageError with the nearest name for a column that the rows lack.
    """
    rows = list(report.rows)
    known = field_names(rows[0]) if rows else options.columns or tuple(report.columns)
    if rows:
        _check((*options.columns, *(name for name, _ in options.sort_by)), known)
    return sorted_rows(rows, options.sort_by), options.columns or known


def as_table(report: Report, options: OutputOptions) -> Table:
    """Return the rows as one table."""
    rows, names = selected(report, options)
    headings = {name: report.columns.get(name, name.replace("_", " ").capitalize()) for name in names}
    return Table(rows, headings if options.columns else report.columns)


def sorted_rows(rows: Sequence[Any], order: Iterable[tuple[str, bool]]) -> Sequence[Any]:
    """Return the rows by the first field, those that are equal by the next; what has no value comes last."""
    for name, descending in reversed(tuple(order)):
        with_value = [row for row in rows if getattr(row, name) is not None]
        without = [row for row in rows if getattr(row, name) is None]
        rows = sorted(with_value, key=lambda row: _key(getattr(row, name)), reverse=descending) + without
    return rows


def _key(value: Any) -> Any:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        return sorted(value.items())
    return value


def _check(names: Iterable[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"There is no column '{name}' here",
                f"{f'Did you mean {near[0]}? ' if near else ''}Columns: {', '.join(known)}",
            )
