"""Command lines that Apache's tools read by argparse4j: sub-commands, abbreviations, and its words for what is wrong.

Source: argparse4j 0.7, net.sourceforge.argparse4j.internal.ArgumentParserImpl. Its usage text, which fills a screen
before the one line that says what is wrong, is left out: where the options are explained is said instead.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import update_wrapper
from typing import Any

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ARGV, IS_LOST, ErrorStyle, ReportCommand, ToolFailure, ToolGroup
from kafka_tools.cli.options import CLUSTER, option, version_option
from kafka_tools.errors import BrokerError, KafkaToolError, UsageError, as_java_prints, nearest
from kafka_tools.model.java_numbers import parse_double
from kafka_tools.settings import choice

STYLE = ErrorStyle("")
NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")
HELP = ("-h", "--help")
CONTROLLER_HELP = "The controllers of a cluster without ZooKeeper to connect to, where brokers are not to be asked."
CONFIG_HELP = (
    "A properties file with the client's settings, by Java's names or librdkafka's. Default: KTOOLS_COMMAND_CONFIG."
)


class JavaNumber(types.Parsed):
    """A whole number as argparse4j reads one by Java's class `java` (Integer, Long, Short) of so many bits."""

    name = "number"

    def __init__(self, java: str, bits: int, metavar: str = "N", completes: str = "") -> None:
        super().__init__(metavar, lambda _, text: text, completes)
        self.java = java
        self.limit = 1 << (bits - 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Raises UsageError in argparse4j's words."""
        if isinstance(value, int):
            return value
        # What is no number, or has more digits than any `long`, counts as one that is too large: the refusal is the
        # same, and Python reads no number of thousands of digits (CVE-2020-10735).
        number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,20}", value) else self.limit
        if not -self.limit <= number < self.limit:
            name = textual_name(param) if param else ""
            raise UsageError(
                f"argument {name}: could not convert '{value}' to {self.java} (For input string: \"{value}\")"
            )
        return number


INTEGER, LONG, SHORT = JavaNumber("Integer", 32), JavaNumber("Long", 64), JavaNumber("Short", 16)
BROKER = JavaNumber("Integer", 32, completes="brokers")


class JavaDouble(click.ParamType[float]):
    """A number with or without a fraction as argparse4j reads one by java.lang.Double."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Raises UsageError in argparse4j's words."""
        number = parse_double(value) if isinstance(value, str) else value
        if number is None:
            name = textual_name(param) if param else ""
            raise UsageError(f"argument {name}: could not convert '{value}' to Double (For input string: \"{value}\")")
        return float(number)


DOUBLE = JavaDouble()


class ArgparseGroup(ToolGroup):
    """A tool with sub-commands. `program` is what Apache's tool calls itself in its messages.

    Options of the tool itself (`kafka-features.sh --bootstrap-server HOST describe`) are declared at each sub-command,
    where ktools takes them, too; those that stand before the sub-command are moved behind it.
    """

    def __init__(
        self, *args: Any, program: str = "", version: Sequence[str] = ("--version",), **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self.program = program
        self.params.append(options.version_option(*version))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a command line. Raises ToolFailure in argparse4j's words."""
        ctx.meta[ARGV] = tuple(args)
        try:
            return super().parse_args(ctx, self._with_command_first(args, ctx.resilient_parsing))
        except UsageError as error:
            raise failure(ctx, self.program, error) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the sub-command that the first word names, maybe by its beginning, and the words behind."""
        try:
            name = self._whole_name(args[0])
        except UsageError as error:
            if not ctx.resilient_parsing:
                raise failure(ctx, self.program, error) from error
            ctx.meta[IS_LOST] = True
            return None, None, args[1:]
        return super().resolve_command(ctx, [name, *args[1:]])

    def _with_command_first(self, args: Sequence[str], is_completed: bool) -> list[str]:
        own = (*HELP, *options_of(self.params))
        known = options_of(param for each in self.commands.values() for param in each.params)
        leading: list[str] = []
        rest = deque(args)
        while rest and rest[0].startswith("-"):
            token = rest.popleft()
            if token in own:
                return ["--help" if token in HELP else token]
            leading.append(token)
            try:
                option, value = named(known, token)
            except UsageError:
                if is_completed:  # it is still being typed
                    continue
                raise
            if not option.is_flag and value is None and rest:
                leading.append(rest.popleft())
        if not rest and not is_completed:
            raise UsageError("too few arguments")
        return [rest.popleft(), *leading, *rest] if rest else leading  # completed: what is given is not offered again

    def _whole_name(self, word: str) -> str:
        if word in self.commands:
            return word
        found = sorted(name for name in self.commands if word and name.startswith(word))
        if len(found) > 1:
            raise UsageError(f"ambiguous command: {word} could match {', '.join(found)}")
        if not found:
            words = ", ".join(f"'{name}'" for name in self.commands)
            near = nearest(word, self.commands)
            raise UsageError(
                f"invalid choice: '{word}' (choose from {words})", f"Did you mean {near[0]}?" if near else ""
            )
        return found[0]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the tool's options, and for completion those of all sub-commands, which may stand before them."""
        own = super().get_params(ctx)
        if not ctx.resilient_parsing:  # a help text, or a line that is carried out
            return own
        first, *others = (options_of(each.get_params(ctx)) for each in self.commands.values())
        named = {name for each in own for name in each.opts}
        shared = {
            each.name: each for name, each in first.items() if name not in named and all(name in of for of in others)
        }
        return [*own, *shared.values()]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the sub-commands in the order of Apache's tool."""
        return list(self.commands)


class ArgparseCommand(ReportCommand):
    """A sub-command, or a tool without any, which Apache calls `program` in its messages.

    `exclusive` are parameters of which the command line may have one, and with `needs_one` must; `several` are those
    of which an option takes all values that stand behind it.
    """

    def __init__(
        self,
        *args: Any,
        exclusive: Sequence[str] = (),
        needs_one: bool = False,
        several: Sequence[str] = (),
        program: str = "",
        **attributes: Any,
    ) -> None:
        self.program = program
        super().__init__(*args, context_settings={"help_option_names": ["-h", "--help"]}, **attributes)
        self.exclusive = exclusive
        self.needs_one = needs_one
        self.several = several
        self.error_style = STYLE

    def common_options(self) -> list[click.Parameter]:
        """Return the options that every tool has."""
        return [*(options.output_options() if self.reports else ()), *([version_option()] if self.program else ())]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a command line. Raises ToolFailure in argparse4j's words."""
        if self.program:
            ctx.meta[ARGV] = tuple(args)
        try:
            if not ctx.resilient_parsing:
                args = self._read(ctx, args)
            return super().parse_args(ctx, args)
        except KafkaToolError as error:
            raise self.failure(ctx, error) from error

    def failure(self, ctx: click.Context, error: KafkaToolError) -> ToolFailure:
        """Return how the error ends this command; what a broker answered has the name of Java's exception."""
        if isinstance(error, BrokerError):
            error = KafkaToolError(as_java_prints(error), error.hint)
        group = ctx.parent.command if ctx.parent else None
        return failure(ctx, group.program if isinstance(group, ArgparseGroup) else self.program, error)

    def _read(self, ctx: click.Context, args: Sequence[str]) -> list[str]:
        """Return the line as click reads it: names in full, each value in one word with its option."""
        params = self.get_params(ctx)
        known = options_of(params)
        if not set(HELP).isdisjoint(args) or (self.program and not args):  # a tool without anything shows its help, too
            return ["--help"]
        if self.program and "--version" in args:
            return ["--version"]
        read: list[str] = []
        given: list[click.Option] = []
        rest = deque(args)
        while rest:
            token = rest.popleft()
            if not is_option(token):
                raise UsageError(f"unrecognized arguments: '{' '.join((token, *rest))}'")
            option, value = named(known, token)
            # Before its value is looked at, as in argparse4j (checkMutex, then processArg).
            self._check_exclusive(given, option)
            given.append(option)
            values = () if option.is_flag else self._values(option, value, rest)
            read += [word for each in values for word in (option.opts[0], each)] if values else [option.opts[0]]
            if option.is_flag and value is not None:
                raise UsageError(f"argument {textual_name(option)}: ignore implicit argument '{value}'")
        missing = [each for each in params if each.required and each not in given]
        if missing:
            # argparse4j names the last one that is missing (checkRequiredArgument).
            raise UsageError(f"argument {textual_name(missing[-1])} is required")
        if self.needs_one and not any(each.name in self.exclusive for each in given):
            names = " ".join(textual_name(each) for each in params if each.name in self.exclusive)
            raise UsageError(f"one of the arguments {names} is required")
        return read

    def _values(self, option: click.Option, value: str | None, rest: "deque[str]") -> list[str]:
        """Take an option's values from the words behind it; `value` is one that is joined to its name."""
        if option.name not in self.several:
            return [_value(option, value, rest)]
        found = [] if value is None else [value]
        while rest and value is None and not is_option(rest[0]):
            found.append(rest.popleft())
        if not found:
            raise UsageError(f"argument {option.opts[0]}: expected 1 argument(s)")
        return found

    def _check_exclusive(self, given: Sequence[click.Option], option: click.Option) -> None:
        other = next((each for each in given if each is not option and each.name in self.exclusive), None)
        if other is not None and option.name in self.exclusive:
            raise UsageError(f"argument {textual_name(option)}: not allowed with argument {textual_name(other)}")


Callback = Callable[..., Any]


def connection(
    server: Sequence[str] = ("--bootstrap-server",),
    controller: Sequence[str] = ("--bootstrap-controller",),
    config: Sequence[str] = ("--command-config",),
    is_asked: bool = True,
    passes_config: bool = False,
) -> Callable[[Callback], Callback]:
    """Declare how a command finds its cluster: the callback gets one parameter for all of it, `target`.

    `server`, `controller` and `config` are the names of the options; without names for `controller` there is no such
    option. Where no cluster `is_asked` the options are taken, as Apache's tool takes them, and the callback gets no
    `target`. With `passes_config` it gets `command_config`, too.
    """

    def declared(function: Callback) -> Callback:
        def call(
            *,
            bootstrap_server: str | None,
            command_config: str | None,
            client_settings: tuple[str, ...],
            wait: float | None,
            bootstrap_controller: str | None = None,
            **values: Any,
        ) -> Any:
            if is_asked:
                values["target"] = choice.choose_brokers(
                    bootstrap_server, command_config, client_settings, wait or 0.0, bootstrap_controller
                )
            if passes_config:
                values["command_config"] = command_config
            return function(**values)

        # With the function's attributes: in one of them click keeps the options that are declared below this one.
        update_wrapper(call, function)
        # From the last to the first: in a help text stands first what is declared last.
        decorated = options.client_settings(options.wait(call))
        decorated = option(CLUSTER, *config, "command_config", type=types.FILE, help=CONFIG_HELP)(decorated)
        if controller:
            decorated = option(CLUSTER, *controller, type=types.BOOTSTRAP_SERVER, help=CONTROLLER_HELP)(decorated)
        return option(CLUSTER, *server, type=types.BOOTSTRAP_SERVER, help=options.BOOTSTRAP_HELP)(decorated)

    return declared


def failure(ctx: click.Context, program: str, error: KafkaToolError) -> ToolFailure:
    """Return how an error ends a command of the tool that Apache calls `program`."""
    if isinstance(error, UsageError):
        error = UsageError(f"{program}: error: {error.message}", error.hint)
    words = "COMMAND [OPTIONS]" if isinstance(ctx.command, click.Group) else "[OPTIONS]"
    usage = f"Usage: {ctx.command_path} {words}   All options: {ctx.command_path} --help\n"
    return ToolFailure(error, STYLE, ctx.params.get("output"), usage)


def options_of(params: Iterable[click.Parameter]) -> dict[str, click.Option]:
    """Return options by all their names."""
    return {name: each for each in params if isinstance(each, click.Option) for name in each.opts}


def is_option(token: str) -> bool:
    """Tell whether a word is an option: it begins with a dash, and is no negative number."""
    return token.startswith("-") and token != "-" and not NEGATIVE_NUMBER.fullmatch(token)


def textual_name(param: click.Parameter) -> str:
    """Return what argparse4j calls an option in its messages: all its names (`--id/-i`)."""
    return "/".join(param.opts)


def named(options: Mapping[str, click.Option], token: str) -> tuple[click.Option, str | None]:
    """Return the option that a word names, maybe by its beginning, and the value that the word holds.

    Raises UsageError in argparse4j's words where it names none, or more than one.
    """
    name, is_joined, value = token.partition("=")
    found = sorted({each for each in options if each.startswith(name)}) if name not in options else [name]
    if len(found) == 1:
        return options[found[0]], value if is_joined else None
    if not found and token[:2] in options and not token.startswith("--"):
        return options[token[:2]], token[2:]  # -bHOST
    if found:
        raise UsageError(f"ambiguous option: {name} could match {', '.join(found)}")
    near = nearest(name, options)
    raise UsageError(f"unrecognized arguments: '{token}'", f"Did you mean {near[0]}?" if near else "")


def _value(option: click.Option, joined: str | None, rest: "deque[str]") -> str:
    if joined is not None:
        return joined
    if rest and not is_option(rest[0]):
        return rest.popleft()
    raise UsageError(f"argument {textual_name(option)}: expected one argument")
