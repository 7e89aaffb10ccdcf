"""Options of a tool as a table, of which click's options are made; for the console tools."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import click

from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.options import OTHER, ToolOption
from kafka_tools.cli.types import INTEGER, LONG, Parsed, Text, Word
from kafka_tools.report import Report


class Option(NamedTuple):
    """One option of a tool: its spellings, the first of which names it, and what `--help` says of it.

    Without a `metavar` it is a flag. `multiple` gathers the values of a repeated option; `bare` is the value of one
    that is given without any; `read` turns the option's name and text into its value. `completes` is what its value may
    be: words, or a kind of names.
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    multiple: bool = False
    bare: str | None = None
    read: Callable[[str, str], Any] | None = None
    completes: str | tuple[str, ...] = ""

    @property
    def key(self) -> str:
        """The option's name in what a tool is given: `replication_factor` for `--replication-factor`."""
        return self.names[0].lstrip("-").replace("-", "_")


def click_option(option: Option) -> ToolOption:
    """Return the option as click has it."""
    names = [*option.names, option.key]
    if not option.metavar:
        return ToolOption(names, section=OTHER, help=option.help, is_flag=True)
    completes = option.completes or METAVARS.get(option.metavar, "")
    read = option.read
    kind: click.ParamType[Any] = (
        Text(option.metavar, completes) if read is None else Parsed(option.metavar, read, completes)
    )
    if isinstance(read, OneOf):
        kind = Word(option.metavar, read.words)
    optional = {} if option.bare is None else {"is_flag": False, "flag_value": option.bare}
    return ToolOption(
        names, section=OTHER, help=option.help, type=kind, metavar=option.metavar, multiple=option.multiple, **optional
    )


METAVARS = {"FILE": "files", "GROUP": "group", "TOPIC": "topic", "HOST:PORT[,…]": "bootstrap-servers"}


def tool(
    name: str,
    section: str,
    summary: str,
    description: str,
    options: Sequence[Option],
    run: Callable[[Mapping[str, Any]], Report | int | None],
) -> ToolCommand:
    """Return a tool that streams, of these options; `run` gets their values by their keys."""
    return ToolCommand(
        name,
        section=section,
        short_help=summary,
        help=description,
        params=[click_option(option) for option in options],
        callback=lambda **values: run(values),
        reports=False,
    )


def integer(option: str, text: str) -> int:
    """Read a whole number of Java's `int`."""
    return INTEGER.convert(text, _named(option), None)


def long(option: str, text: str) -> int:
    """Read a whole number of Java's `long`."""
    return LONG.convert(text, _named(option), None)


def _named(option: str) -> ToolOption:
    return ToolOption([f"--{option}"])


class OneOf:
    """Stands for a value that is one of a few words."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def __call__(self, option: str, text: str) -> str:
        """Return the word."""
        return Word("", self.words).convert(text, _named(option), None)


def one_of(*words: str) -> OneOf:
    """Return the reader of an option that takes one of these words."""
    return OneOf(words)


BOOTSTRAP_SERVER = Option(
    ("--bootstrap-server",),
    "The Kafka brokers to connect to. Default: KTOOLS_BOOTSTRAP_SERVERS, a running sandbox, localhost:9092.",
    "HOST:PORT[,…]",
)
