"""`ktools manual`: the manual pages of ktools and every tool; Apache has no such tool."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.folders import replace_file
from kafka_tools.report import Report
from kafka_tools.tools import TOOLS, find

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 4096
"""How many bytes of a page's first line are looked at."""


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
    texts = _pages(cast(click.Group, ctx.find_root().command))
    pages = [(folder / f"{name}.1", summary, text) for name, summary, text in texts]
    # All names are looked at before the first is written: a refusal leaves the folder as it was.
    # A link is somebody's own arrangement, wherever it leads: it would be replaced by a file.
    others = [path.name for path, _, _ in pages if path.is_symlink() or (path.exists() and not _is_ours(path))]
    if others:
        raise KafkaToolError(f"{folder} has files of these names that are not ktools' pages: {', '.join(others)}")
    for path, _, text in pages:
        # ASCII: the pages spell other letters as roff does, whatever encoding the reader's man expects.
        replace_file(str(path), text.encode("ascii"), 0o644)
    written = [Page(str(path), summary) for path, summary, _ in pages]
    return Report(written, {"path": "Page", "summary": "About"}, (page.path for page in written), names_only=True)


def _is_ours(path: "Path") -> bool:
    """Tell whether a file is a page that an earlier `ktools manual` wrote."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        # Its first line: `.TH "KTOOLS\-TOPICS" 1 "" "ktools 0.2.0" "ktools"`.
        return re.match(rb'\.TH .*"ktools"\n', file.readline(MOST_BYTES)) is not None


def _pages(root: click.Group) -> Iterator[tuple[str, str, str]]:
    """Yield each page's name, what it is about, and its text."""
    from kafka_tools.cli.manual import of_group, of_tool

    summaries = {name: about.summary for name, about in TOOLS.items()}
    yield "ktools", "Kafka's command line without a JVM.", of_group(root, summaries)
    for name, about in TOOLS.items():
        tool = find(name)
        if tool is not None:
            others = [other for other in TOOLS if other != name and TOOLS[other].section == about.section]
            see_also = ["ktools", *(f"ktools-{other}" for other in others)]
            yield f"ktools-{name}", about.summary, of_tool(tool, about.summary, see_also)
