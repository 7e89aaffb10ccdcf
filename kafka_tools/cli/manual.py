"""Writes manual pages in man(7)'s macros, which groff and mandoc both read; the same commands give the same bytes.

What a command takes is asked of click (`Command.get_params`); click-man does not fit: it escapes only `-`, prints the
day's date, and misses tools that are imported only when they are asked for.
"""

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from kafka_tools import __version__

ESCAPES = {
    "\\": r"\(rs",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    "-": r"\-",
    '"': r"\(dq",
}
"""What roff would read, or typeset, as something else."""

CODE = re.compile(r"`([^`]+)`")
SECTION = 1
WIDTH = 78

ENVIRONMENT = {
    "KTOOLS_BOOTSTRAP_SERVERS": "The brokers, where no option names a cluster.",
    "KTOOLS_ZOOKEEPER": "The ZooKeeper ensemble, likewise.",
    "KTOOLS_COMMAND_CONFIG": "A properties file with the client's settings, where --command-config names none.",
    "KTOOLS_CONTEXT": "The context that is the current one.",
    "KTOOLS_SANDBOX_DIR": "The folder of the sandbox.",
    "KTOOLS_PAGER, PAGER": "What shows more than fits the terminal; empty or cat: nothing.",
    "NO_COLOR, FORCE_COLOR": "No colours, or colours also in a pipe.",
}
EXIT_STATUS = {
    "0": "Done; also when the reader of the pipe went away.",
    "1": "A wrong command line, or the cluster refused or cannot be reached, or a part of what was asked failed.",
    "130, 143": "Ended by Ctrl-C or SIGTERM.",
    "70": "A bug in ktools; ktools --debug TOOL shows more.",
}


def of_tool(tool: click.Command, summary: str, others: Sequence[str]) -> str:
    """Return the page of one tool; `summary` says in a line what it does, `others` are the pages to see also."""
    program = f"ktools {tool.name}"
    ctx = click.Context(tool, info_name=program)
    lines = [*_head(f"ktools-{tool.name}", summary), *_section("SYNOPSIS", _synopsis(ctx))]
    lines += _section("DESCRIPTION", _paragraphs(tool.help or ""))
    options = list(_params(ctx))
    lines += _section("OPTIONS", options) if options else []
    if isinstance(tool, click.Group):
        lines += [line for each in tool.commands.values() for line in _sub_command(each, ctx)]
    return _joined([*lines, *_section("SEE ALSO", _see_also(others))])


def of_group(group: click.Group, tools: Mapping[str, str]) -> str:
    """Return the page of `ktools` itself; `tools` are the tools, each with what it does in a line."""
    ctx = click.Context(group, info_name="ktools")
    summary, _, description = inspect.cleandoc(group.help or "").partition("\n\n")
    synopsis = [r".B ktools", r"[\fIOPTIONS\fR] \fITOOL\fR [\fIARGS\fR]"]
    lines = [*_head("ktools", summary), *_section("SYNOPSIS", synopsis)]
    lines += _section("DESCRIPTION", _paragraphs(description))
    lines += _section("OPTIONS", _params(ctx))
    lines += _section("TOOLS", _list(tools))
    lines += _section("ENVIRONMENT", _list(ENVIRONMENT))
    lines += _section("EXIT STATUS", _list(EXIT_STATUS))
    return _joined([*lines, *_section("SEE ALSO", _see_also([f"ktools-{name}" for name in tools]))])


def _head(name: str, summary: str) -> list[str]:
    # No date: it would make each build's pages differ, and is not needed by man.
    title = f'.TH {_quoted(name.upper())} {SECTION} "" {_quoted(f"ktools {__version__}")} "ktools"'
    return [title, *_section("NAME", [f"{escaped(name)} \\- {escaped(summary.removesuffix('.'))}"])]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f".SH {_quoted(title)}", *lines]


def _sub_command(command: click.Command, parent: click.Context) -> Iterator[str]:
    ctx = click.Context(command, info_name=command.name, parent=parent)
    yield f".SH {_quoted(ctx.command_path.upper())}"
    yield from _synopsis(ctx)
    yield ".PP"
    yield from _paragraphs(command.help or "")
    yield from _params(ctx)


def _synopsis(ctx: click.Context) -> list[str]:
    arguments = [param for param in ctx.command.get_params(ctx) if isinstance(param, click.Argument)]
    words = "".join(rf" \fI{escaped(argument.make_metavar(ctx))}\fR" for argument in arguments)
    if isinstance(ctx.command, click.Group):
        words = r" \fICOMMAND\fR [\fIARGS\fR]"
    return [f".B {escaped(ctx.command_path)}", rf"[\fIOPTIONS\fR]{words}"]


def _params(ctx: click.Context) -> Iterator[str]:
    """Yield what the command takes, in the order of its help; a word without an explanation is in the synopsis."""
    for param in ctx.command.get_params(ctx):
        if isinstance(param, click.Argument) and param.help:
            yield from (".TP", rf"\fI{escaped(param.make_metavar(ctx))}\fR", *_text(param.help))
        elif isinstance(param, click.Option) and not param.hidden:
            names = ", ".join(rf"\fB{escaped(name)}\fR" for name in (*param.opts, *param.secondary_opts))
            value = "" if param.is_flag or param.count else rf" \fI{escaped(param.make_metavar(ctx))}\fR"
            yield from (".TP", names + value, *_text(param.help or ""))


def _list(entries: Mapping[str, str]) -> list[str]:
    return [line for tag, text in entries.items() for line in (".TP", f".B {escaped(tag)}", *_text(text))]


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs; one with lines that are indented stays as it is laid out."""
    lines: list[str] = []
    for paragraph in filter(None, inspect.cleandoc(text).split("\n\n")):
        if re.search(r"^ ", paragraph, re.MULTILINE):
            # Commands and tables of a help text are laid out by hand, and must not be filled.
            lines += [".PP", ".nf", *(_guarded(escaped(line)) for line in paragraph.splitlines()), ".fi"]
        else:
            lines += [".PP", *_text(paragraph)]
    return lines[1:]


def _see_also(names: Sequence[str]) -> list[str]:
    return [rf"\fB{escaped(name)}\fR({SECTION}){',' if name != names[-1] else ''}" for name in names]


def _text(text: str) -> list[str]:
    """Return running text in short lines, what stands in back quotes in bold."""
    # What a group of the pattern matched stands at the odd places of what re.split returns.
    parts = CODE.split(" ".join(text.split()))
    marked = (rf"\fB{escaped(part)}\fR" if number % 2 else escaped(part) for number, part in enumerate(parts))
    # Lines end at blanks alone: within a word there are escapes (`\-`, `\[u2026]`), which may not be cut.
    lines = textwrap.wrap("".join(marked), WIDTH, break_long_words=False, break_on_hyphens=False)
    return [_guarded(line) for line in lines]


def _guarded(line: str) -> str:
    # A line that begins with a dot is a request to roff; `\&` is a letter of no width. `'` is escaped everywhere.
    return rf"\&{line}" if line.startswith(".") else line


def _quoted(text: str) -> str:
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """Return text of which roff prints every character as it is."""
    return "".join(ESCAPES.get(char) or (char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text)


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
