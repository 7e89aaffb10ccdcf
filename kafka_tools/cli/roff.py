"""Manual pages in man(7)'s macros, which groff and mandoc both read; the same text gives the same bytes."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kafka_tools import __version__
from kafka_tools.cli.shape import Option, Shape

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


def of_tool(shape: Shape, others: Sequence[str]) -> str:
    """Return the page of one tool; `others` are the names of the pages to see also."""
    name = f"ktools-{shape.name}"
    lines = [*_head(name, shape.summary), *_section("SYNOPSIS", _synopsis(f"ktools {shape.name}", shape))]
    lines += _section("DESCRIPTION", _paragraphs(shape.description))
    lines += _options(shape)
    for command in shape.commands:
        lines += [".SH " + _quoted(f"ktools {shape.name} {command.name}".upper())]
        lines += [*_synopsis(f"ktools {shape.name} {command.name}", command), ".PP", *_paragraphs(command.description)]
        lines += [line for option in command.options if not option.is_word for line in _option(option)]
    lines += _section("SEE ALSO", _see_also(others))
    return _joined(lines)


def of_group(group: Shape, tools: Iterable[Shape]) -> str:
    """Return the page of `ktools` itself."""
    shapes = list(tools)
    synopsis = [r".B ktools", r"[\fIOPTIONS\fR] \fITOOL\fR [\fIARGS\fR]"]
    lines = [*_head("ktools", group.description.partition("\n")[0]), *_section("SYNOPSIS", synopsis)]
    lines += _section("DESCRIPTION", _paragraphs(group.description.partition("\n\n")[2]))
    lines += _section("OPTIONS", [line for option in group.options for line in _option(option)])
    lines += _section("TOOLS", [line for each in shapes for line in _tagged(each.name, each.summary)])
    lines += _section("ENVIRONMENT", _list(ENVIRONMENT))
    lines += _section("EXIT STATUS", _list(EXIT_STATUS))
    lines += _section("SEE ALSO", _see_also([f"ktools-{each.name}" for each in shapes]))
    return _joined(lines)


def _head(name: str, summary: str) -> list[str]:
    title = f'.TH {_quoted(name.upper())} {SECTION} "" {_quoted(f"ktools {__version__}")} "ktools"'
    return [title, *_section("NAME", [f"{escaped(name)} \\- {escaped(summary.removesuffix('.'))}"])]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    return [f".SH {_quoted(title)}", *lines]


def _synopsis(program: str, shape: Shape) -> list[str]:
    words = "".join(rf" \fI{escaped(word.metavar)}\fR" for word in shape.words)
    if shape.commands:
        words = r" \fICOMMAND\fR [\fIARGS\fR]"
    return [f".B {escaped(program)}", rf"[\fIOPTIONS\fR]{words}"]


def _options(shape: Shape) -> list[str]:
    if not shape.options:
        return []
    return _section("OPTIONS", [line for option in shape.options for line in _option(option)])


def _option(option: Option) -> list[str]:
    if option.is_word:
        return [".TP", rf"\fI{escaped(option.metavar)}\fR", *_text(option.help)]
    names = ", ".join(rf"\fB{escaped(name)}\fR" for name in option.names)
    value = rf" \fI{escaped(option.metavar)}\fR" if option.metavar else ""
    return [".TP", names + value, *_text(option.help)]


def _list(entries: Mapping[str, str]) -> list[str]:
    return [line for tag, text in entries.items() for line in _tagged(tag, text)]


def _tagged(tag: str, text: str) -> list[str]:
    return [".TP", f".B {escaped(tag)}", *_text(text)]


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs; one with lines that are indented stays as it is laid out."""
    lines: list[str] = []
    for paragraph in filter(None, text.strip("\n").split("\n\n")):
        if re.search(r"^ ", paragraph, re.MULTILINE):
            lines += [".PP", ".nf", *(_guarded(escaped(line)) for line in paragraph.splitlines()), ".fi"]
        else:
            lines += [".PP", *_text(paragraph)]
    return lines[1:]


def _see_also(names: Sequence[str]) -> list[str]:
    return [rf"\fB{escaped(name)}\fR({SECTION}){',' if name != names[-1] else ''}" for name in names]


def _text(text: str) -> list[str]:
    """Return running text in short lines, what stands in back quotes in bold."""
    parts = CODE.split(" ".join(text.split()))
    marked = (rf"\fB{escaped(part)}\fR" if number % 2 else escaped(part) for number, part in enumerate(parts))
    lines = textwrap.wrap("".join(marked), WIDTH, break_long_words=False, break_on_hyphens=False)
    return [_guarded(line) for line in lines]


def _guarded(line: str) -> str:
    return rf"\&{line}" if line.startswith(".") else line


def _quoted(text: str) -> str:
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    """Return text of which roff prints every character as it is."""
    return "".join(_letters(text))


def _letters(text: str) -> Iterator[str]:
    for char in text:
        yield ESCAPES.get(char) or (char if char.isascii() else f"\\[u{ord(char):04X}]")


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
