"""How a result is to be shown: the format, and which of its columns in which order."""

from typing import NamedTuple

from kafka_tools.errors import UsageError

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
    names = tuple(name.strip().replace("-", "_").lower() for name in text.split(","))
    if not all(names):
        raise UsageError(f"{option}: '{text}' is no list of columns")
    return names


def _order(text: str) -> tuple[str, bool]:
    name, _, direction = text.partition(":")
    if not name or direction not in ("", "asc", "desc"):
        raise UsageError(f"--sort-by: '{text}' is not COLUMN, COLUMN:asc or COLUMN:desc")
    return name, direction == "desc"
