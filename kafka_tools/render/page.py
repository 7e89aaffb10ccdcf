"""What a person sees of a report: its tables and matrices one below the other, and what their symbols mean."""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment

from kafka_tools.render.matrix import MatrixView
from kafka_tools.render.output_options import OutputOptions, as_table
from kafka_tools.render.tables import TableView
from kafka_tools.render.terminal import output_console
from kafka_tools.render.views import Matrix, View
from kafka_tools.render.words import Legend
from kafka_tools.report import Report


def page_text(report: Report, options: OutputOptions) -> str:
    """Return the page as stdout takes it."""
    console = output_console()
    with console.capture() as captured:
        # Not cropped, as rich does at the terminal's edge: a name that is longer is wrapped there, and stays whole.
        console.print(Page(views(report, options)), crop=False, end="")
    return captured.get()


def views(report: Report, options: OutputOptions) -> Sequence[View]:
    """Return the report's own tables, or one of its rows where it has none or columns were chosen."""
    return list(report.tables()) if report.tables and not options.chosen else [as_table(report, options)]


class Page:
    """Views one below the other, and the legend of their symbols."""

    def __init__(self, shown: Iterable[View]) -> None:
        self._legend = Legend()
        # Made here, not while they are drawn: each view adds its symbols to the legend, which stands once, below all.
        self._views = [
            MatrixView(view, self._legend) if isinstance(view, Matrix) else TableView(view, self._legend)
            for view in shown
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, view in enumerate(self._views):
            if number:
                yield Segment.line()
            yield view
        yield self._legend
