"""What `--help` and `--version` print."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from click.formatting import HelpFormatter

from kafka_tools import __version__
from kafka_tools.cli.joptsimple import Option

if TYPE_CHECKING:
    from kafka_tools.cli.command import Tool, ToolCommand

MAX_WIDTH = 120

DESCRIPTION = """Kafka's command line without a JVM.

Each tool takes the options of Apache's kafka-TOOL.sh and prints its text into a pipe, tables on a terminal. Which
cluster: --bootstrap-server or --zookeeper, else KTOOLS_BOOTSTRAP_SERVERS or KTOOLS_ZOOKEEPER, else a running sandbox,
else localhost:9092."""


def version() -> str:
    """Return the line of `--version`."""
    return f"ktools {__version__}\n"


def of_tool(tool: "ToolCommand") -> str:
    """Return a tool's help: how it is called, what it does, its options."""
    words = [option for option in tool.options if option.is_word]
    usage = " ".join(("[OPTIONS]", *(word.metavar for word in words)))
    return _page(f"ktools {tool.name}", usage, tool.description, tool.all_options).getvalue()


def of_group(options: Sequence[Option], tools: "Iterable[Tool]") -> str:
    """Return the help of `ktools` itself: its options, and the tools in sections, one line each."""
    page = _page("ktools", "[OPTIONS] TOOL [ARGS]…", DESCRIPTION, options)
    sections: dict[str, list[tuple[str, str]]] = {}
    for tool in tools:
        sections.setdefault(tool.section, []).append((tool.name, tool.summary))
    for section in sorted(sections):
        with page.section(section):
            page.write_dl(sections[section])
    return page.getvalue()


def _page(program: str, usage: str, description: str, options: Sequence[Option]) -> HelpFormatter:
    page = HelpFormatter(max_width=MAX_WIDTH)
    page.write_usage(program, usage)
    page.write_paragraph()
    with page.indentation():
        page.write_text(description)
    with page.section("Options"):
        page.write_dl([(_spelled(option), option.help) for option in options])
    return page


def _spelled(option: Option) -> str:
    return option.metavar if option.is_word else f"{', '.join(option.names)} {option.metavar}".rstrip()
