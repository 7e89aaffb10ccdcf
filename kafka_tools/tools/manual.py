"""`ktools manual`: the manual pages of ktools and every tool; Apache has no such tool."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.folders import replace_file
from kafka_tools.report import Report

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 4096
"""Of a page's first line."""


class Page(NamedTuple):
    """A manual page that was written, and what it is about."""

    path: str
    summary: str


DESCRIPTION = """\
Write the manual pages, generated from the same tables as every --help, into a folder, which is made
where it is missing: `ktools manual ~/.local/share/man/man1` lets `man ktools-topics` find them."""


@click.command(
    "manual",
    cls=ToolCommand,
    section="Scripts",
    short_help="Write the manual pages of ktools and its tools.",
    help=DESCRIPTION,
)
@click.argument("directory", required=False, type=types.DIRECTORY, metavar="DIR", help="The folder to write to.")
@click.pass_context
def command(ctx: click.Context, *, directory: str | None) -> Report:
    """Write the pages and name them."""
    from pathlib import Path

    if not directory:
        raise UsageError("no folder is named: ktools manual DIR")
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    pages = [(folder / f"{name}.1", summary, text) for name, summary, text in _pages(ctx.find_root().command)]
    others = [path.name for path, _, _ in pages if path.is_symlink() or (path.exists() and not _is_ours(path))]
    if others:
        raise KafkaToolError(f"{folder} has files of these names that are not ktools' pages: {', '.join(others)}")
    for path, _, text in pages:
        replace_file(str(path), text.encode("ascii"), 0o644)
    written = [Page(str(path), summary) for path, summary, _ in pages]
    return Report(written, {"path": "Page", "summary": "About"}, (page.path for page in written), names_only=True)


def _is_ours(path: "Path") -> bool:
    """Tell whether a file is a page that an earlier `ktools manual` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return re.match(rb'\.TH .*"ktools"\n', file.readline(MOST_BYTES)) is not None


def _pages(root: click.Command) -> Iterator[tuple[str, str, str]]:
    """Yield each page's name, what it is about, and its text."""
    from kafka_tools.cli import roff
    from kafka_tools.cli import shape as shapes
    from kafka_tools.tools import find, names

    tools = [shapes.of(tool) for tool in map(find, names()) if tool is not None]
    yield "ktools", "Kafka's command line without a JVM.", roff.of_group(shapes.of_group(root), tools)
    for tool in tools:
        others = ["ktools", *(f"ktools-{each.name}" for each in tools if each.section == tool.section)]
        others.remove(f"ktools-{tool.name}")
        yield f"ktools-{tool.name}", tool.summary, roff.of_tool(tool, others)
