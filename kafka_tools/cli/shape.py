"""What a command is made of: for completion and manual pages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from kafka_tools.cli.command import ReportCommand, ToolCommand, ToolGroup
from kafka_tools.cli.types import Text


class Option(NamedTuple):
    """One option, or a word, of a command; `completes` are the words, or the kind of names, that its value may be."""

    names: tuple[str, ...]
    key: str
    help: str
    metavar: str = ""
    multiple: bool = False
    bare: str | None = None
    completes: str | tuple[str, ...] = ""
    is_word: bool = False


class Shape(NamedTuple):
    """A tool or a sub-command: its name, its section in `ktools --help`, what it does in a line and in paragraphs (an
    empty line between two), its options, among them its words, in the order of the help.

    `exclusive` are the keys of the options of which one is given, `only_with` says which of them the other options go
    with, `commands` are its own sub-commands.
    """

    name: str
    section: str
    summary: str
    description: str
    options: tuple[Option, ...]
    exclusive: tuple[str, ...] = ()
    commands: tuple["Shape", ...] = ()
    only_with: Mapping[str, Sequence[str]] = {}

    @property
    def words(self) -> tuple[Option, ...]:
        """The words that stand beside its options."""
        return tuple(option for option in self.options if option.is_word)

    @property
    def flags(self) -> tuple[Option, ...]:
        """Its options without the words."""
        return tuple(option for option in self.options if not option.is_word)


def of(tool: ReportCommand | ToolGroup) -> Shape:
    """Return the shape of a tool."""
    shape = _of_click(tool, tool.name or "", tool.section, tool.short_help or "")
    if not isinstance(tool, ToolCommand):
        return shape
    actions = tuple(param.opts[0].lstrip("-") for param in tool.params if param.name == "action")
    return shape._replace(exclusive=actions, only_with=tool.only_with)


def of_group(group: click.Command) -> Shape:
    """Return the shape of `ktools` itself, without its tools."""
    import inspect

    options = tuple(_options(group, click.Context(group, info_name="ktools")))
    return Shape("ktools", "", "", inspect.cleandoc(group.help or ""), options)


def _of_click(command: click.Command, name: str, section: str, summary: str) -> Shape:
    import inspect

    context = click.Context(command, info_name=name)
    commands: tuple[Shape, ...] = ()
    if isinstance(command, click.Group):
        own = ((each, command.get_command(context, each)) for each in command.list_commands(context))
        commands = tuple(_of_click(each, word, section, each.get_short_help_str(200)) for word, each in own if each)
    options = tuple(_options(command, context))
    return Shape(name, section, summary, inspect.cleandoc(command.help or ""), options, commands=commands)


def _options(command: click.Command, context: click.Context) -> Iterator[Option]:
    for param in command.get_params(context):
        metavar, completes = param.make_metavar(context), _choices(param.type)
        key = param.opts[0].lstrip("-").replace("-", "_")
        if isinstance(param, click.Argument):
            yield Option((key,), key, param.help or "", metavar, param.nargs != 1, None, completes, True)
        elif isinstance(param, click.Option) and not param.hidden:
            names = (*param.opts, *param.secondary_opts)
            is_flag = param.is_flag or param.count
            bare = param.flag_value if isinstance(param.flag_value, str) and not is_flag else None
            yield Option(names, key, param.help or "", "" if is_flag else metavar, param.multiple, bare, completes)


def _choices(kind: "click.ParamType[Any]") -> str | tuple[str, ...]:
    if isinstance(kind, click.Choice):
        return tuple(map(str, kind.choices))
    if isinstance(kind, click.IntRange) and kind.min is not None and kind.max is not None:
        return tuple(map(str, range(kind.min, kind.max + 1)))
    return kind.completes if isinstance(kind, Text) else getattr(kind, "completes", "")
