"""What a command is made of, whatever reads its command line: for completion and manual pages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from kafka_tools.cli.command import Tool, ToolCommand
from kafka_tools.cli.joptsimple import Option
from kafka_tools.cli.options import OUTPUT

if TYPE_CHECKING:
    import click


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


def of(tool: Tool) -> Shape:
    """Return the shape of a tool."""
    if isinstance(tool, ToolCommand):
        return Shape(
            tool.name, tool.section, tool.summary, tool.description, tool.all_options, tool.actions, (), tool.only_with
        )
    if hasattr(tool, "get_params"):
        return _of_click(cast("click.Command", tool), tool.name, tool.section, tool.summary)
    return Shape(tool.name, tool.section, tool.summary, _own_help(tool), ())


def _own_help(tool: Tool) -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        tool.main(["--help"])
    return printed.getvalue()


def _of_click(command: "click.Command", name: str, section: str, summary: str) -> Shape:
    import inspect

    import click

    context = click.Context(command, info_name=name)
    commands: tuple[Shape, ...] = ()
    if isinstance(command, click.Group):
        own = ((each, command.get_command(context, each)) for each in command.list_commands(context))
        commands = tuple(_of_click(each, word, section, each.get_short_help_str(200)) for word, each in own if each)
    options = tuple(_options(command, context))
    return Shape(name, section, summary, inspect.cleandoc(command.help or ""), options, commands=commands)


def _options(command: "click.Command", context: "click.Context") -> Iterator[Option]:
    import click

    for param in command.get_params(context):
        metavar, completes = param.make_metavar(context), _choices(param.type)
        if isinstance(param, click.Argument):
            yield Option((param.name or "",), "", metavar, multiple=param.nargs != 1, completes=completes)
        elif tuple(param.opts) == OUTPUT.names:
            yield OUTPUT
        elif isinstance(param, click.Option) and not param.hidden:
            names = (*param.opts, *param.secondary_opts)
            is_flag = param.is_flag or param.count
            yield Option(names, param.help or "", "" if is_flag else metavar, param.multiple, completes=completes)


def _choices(kind: "click.ParamType[Any]") -> tuple[str, ...]:
    import click

    if isinstance(kind, click.Choice):
        return tuple(map(str, kind.choices))
    if isinstance(kind, click.IntRange) and kind.min is not None and kind.max is not None:
        return tuple(map(str, range(kind.min, kind.max + 1)))
    return ()
