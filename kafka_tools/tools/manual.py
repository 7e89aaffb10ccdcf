"""`ktools manual`: the manual pages of ktools and every tool; Apache has no such tool."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.joptsimple import Option
from kafka_tools.errors import UsageError
from kafka_tools.report import Report


class Page(NamedTuple):
    """A manual page that was written, and what it is about."""

    path: str
    summary: str


def _run(options: Mapping[str, Any]) -> Report:
    from pathlib import Path

    if not options["directory"]:
        raise UsageError("no folder is named: ktools manual DIR")
    folder = Path(options["directory"])
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, summary, text in _pages():
        path = folder / f"{name}.1"
        path.write_text(text, encoding="ascii")
        written.append(Page(str(path), summary))
    return Report(written, {"path": "Page", "summary": "About"}, (page.path for page in written), names_only=True)


def _pages() -> Iterator[tuple[str, str, str]]:
    """Yield each page's name, what it is about, and its text."""
    from kafka_tools.cli import roff
    from kafka_tools.cli import shape as shapes
    from kafka_tools.cli.options import GROUP_OPTIONS
    from kafka_tools.tools import find, names

    tools = [shapes.of(tool) for tool in map(find, names()) if tool is not None]
    yield "ktools", "Kafka's command line without a JVM.", roff.of_group(GROUP_OPTIONS, tools)
    for tool in tools:
        others = ["ktools", *(f"ktools-{each.name}" for each in tools if each.section == tool.section)]
        others.remove(f"ktools-{tool.name}")
        yield f"ktools-{tool.name}", tool.summary, roff.of_tool(tool, others)


command = ToolCommand(
    name="manual",
    section="Scripts",
    summary="Write the manual pages of ktools and its tools.",
    description="""Write the manual pages, generated from the same tables as every --help, into a folder, which is made
where it is missing: `ktools manual ~/.local/share/man/man1` lets `man ktools-topics` find them.""",
    options=(Option(("directory",), "The folder to write to.", "DIR"),),
    run=_run,
)
