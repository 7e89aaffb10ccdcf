"""How a result is to be shown: the format, which of its columns in which order, and the rows as that says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import UsageError, nearest

if TYPE_CHECKING:
    from kafka_tools.render.views import Table
    from kafka_tools.report import Report

FORMATS = ("plain", "table", "json", "jsonl", "yaml", "csv", "svg", "html")


class OutputOptions(NamedTuple):
    """How to show a report; `output` is one of FORMATS, None for what suits: a table on a terminal, else plain text.

    `columns` are fields of its rows, none for those it shows by itself; `sort_by` are fields and whether the largest
    value comes first.
    """

    output: str | None = None
    columns: tuple[str, ...] = ()
    sort_by: tuple[tuple[str, bool], ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether columns or an order were asked for."""
        return bool(self.columns or self.sort_by)


def parse(output: str | None, columns: str | None, sort_by: str | None) -> OutputOptions:
    """Read the values of --output, --columns (`topic,leader`) and --sort-by (`leaders:desc,broker`).

    Columns without a format are shown as a table. Raises UsageError for plain text, which is Apache's, with columns.
    """
    options = OutputOptions(output, _names(columns, "--columns"), tuple(map(_order, _names(sort_by, "--sort-by"))))
    if not options.chosen:
        return options
    if output == "plain":
        raise UsageError(
            "--columns and --sort-by do not go with --output plain, whose text is Apache's",
            f"Choose from: {', '.join(name for name in FORMATS if name != 'plain')}",
        )
    return options._replace(output=output or "table")


def _names(text: str | None, option: str) -> tuple[str, ...]:
    if text is None:
        return ()
    # json's keys are known from the output, headings from the table: `Min-ISR` is taken for `min_isr`.
    names = tuple(name.strip().replace("-", "_").lower() for name in text.split(","))
    if not all(names):
        raise UsageError(f"{option}: '{text}' is no list of columns")
    return names


def _order(text: str) -> tuple[str, bool]:
    name, _, direction = text.partition(":")
    if not name or direction not in ("", "asc", "desc"):
        raise UsageError(f"--sort-by: '{text}' is not COLUMN, COLUMN:asc or COLUMN:desc")
    return name, direction == "desc"


def field_names(row: Any) -> tuple[str, ...]:
    """Return the names of a row's fields: of a NamedTuple or a dataclass."""
    return tuple(field.name for field in fields(row)) if is_dataclass(row) else row._fields


def selected(report: "Report", options: OutputOptions) -> tuple[Sequence[Any], Sequence[str]]:
    """Return the rows in the order, and the names of the fields, that were asked for; all fields where none were.

    Raises UsageError with the nearest name for a column that the rows lack.
    """
    rows = list(report.rows)
    # Without rows nobody knows their fields: the names are taken as they are, and csv has them as its header.
    known = field_names(rows[0]) if rows else options.columns or tuple(report.columns)
    if rows:
        _check((*options.columns, *(name for name, _ in options.sort_by)), known)
    return sorted_rows(rows, options.sort_by), options.columns or known


def taken(report: "Report", options: OutputOptions) -> tuple[Iterable[Any], Sequence[str]]:
    """Return what `selected` returns, but rows that nobody asked to sort one after the other, as they come."""
    if options.sort_by:
        return selected(report, options)
    rows = iter(report.rows)
    # Names are checked by the first row alone: there may be more rows than memory holds (`Report.streams`).
    first = list(islice(rows, 1))
    _rows, names = selected(report._replace(rows=first), options)
    return chain(first, rows), names


def as_table(report: "Report", options: OutputOptions) -> "Table":
    """Return the rows as one table."""
    from kafka_tools.render.views import Table

    rows, names = selected(report, options)
    headings = {name: report.columns.get(name, name.replace("_", " ").capitalize()) for name in names}
    return Table(rows, headings if options.columns else report.columns)


def sorted_rows(rows: Sequence[Any], order: Iterable[tuple[str, bool]]) -> Sequence[Any]:
    """Return the rows by the first field, those that are equal by the next; what has no value comes last."""
    # sorted() keeps the order of equals, also in reverse: the field to sort by first has to come last.
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
