"""What a person sees of a report: its tables one below the other, and what their symbols mean."""

from collections.abc import Iterable, Iterator

from kafka_tools.render import terminal
from kafka_tools.render.lines import Line
from kafka_tools.render.matrix import matrix_lines
from kafka_tools.render.output_options import OutputOptions
from kafka_tools.render.select import as_table
from kafka_tools.render.symbols import Seen
from kafka_tools.render.table import table_lines
from kafka_tools.render.views import Matrix, View
from kafka_tools.report import Report


def views(report: Report, options: OutputOptions) -> Iterable[View]:
    """Return the report's own tables, or one of its rows where it has none or columns were chosen."""
    return report.tables() if report.tables and not options.chosen else [as_table(report, options)]


def page_lines(shown: Iterable[View], columns: int | None) -> Iterator[Line]:
    """Yield the lines for a terminal that is so many columns wide (None: as wide as need be)."""
    seen = Seen()
    for number, view in enumerate(shown):
        if number:
            yield []
        if isinstance(view, Matrix):
            yield from matrix_lines(view, columns, seen)
        else:
            yield from table_lines(view, columns, seen)
    yield from seen.legend(columns)


def table_text(report: Report, options: OutputOptions) -> str:
    """Return the page as stdout takes it: as wide as the terminal, or as need be where it is none."""
    terminal.stand_in_for_symbols()
    paint = terminal.painter()
    columns = terminal.columns() if terminal.is_terminal() else None
    return "".join([f"{paint(line)}\n" for line in page_lines(views(report, options), columns)])
