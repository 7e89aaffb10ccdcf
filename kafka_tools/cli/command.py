"""The commands of ktools: Apache's rules for argv before click, the renderer behind it, errors in each tool's style."""

import sys
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kafka_tools.cli.options import OTHER, ToolOption, output_option, output_options, version_option
from kafka_tools.cli.types import Word
from kafka_tools.errors import KafkaToolError, UsageError, nearest
from kafka_tools.model.shown import encodable, safe
from kafka_tools.render import output_options as output_values
from kafka_tools.render.output_options import FORMATS, OutputOptions
from kafka_tools.report import Report

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

HELP = "--help"
SHOWN = "\n\t"
"""Characters that lay out a message."""

CLUSTER_NAMES = frozenset({"bootstrap_server", "zookeeper", "broker_list"})
"""Parameters of which one names the cluster, so that a shell offers none of the others."""

ARGV = "kafka_tools.argv"
"""Key in a context's meta: the words of the command line behind the tool's name, as they were typed."""

IS_LOST = "kafka_tools.is_lost"
"""Key in a context's meta: whether the line that is being completed names a command that is not there."""


class ErrorStyle(NamedTuple):
    """Where a tool's failures go and what stands before them.

    Apache's tools differ: some print failures on stdout, where scripts read them (`to_stdout`), and some call a wrong
    command line a failure like any other (`prefixes_usage`).
    """

    prefix: str = "ktools: "
    to_stdout: bool = False
    prefixes_usage: bool = False

    def show(self, error: KafkaToolError, output: str | None) -> None:
        """Print the failure as one line and its hint as another on stderr; json, yaml and csv keep stdout clean.

        Control characters, which a name or a server's message may have, are shown and not obeyed.
        """
        # TopicCommand (3.9) prints failures on stdout, where scripts look for them, wrong usage on stderr.
        # A program that reads json from stdout wants a whole document or nothing.
        to_stderr = isinstance(error, UsageError) or not self.to_stdout or output not in (None, "plain", "table")
        prefix = "" if isinstance(error, UsageError) and not self.prefixes_usage else self.prefix
        stream = sys.stderr if to_stderr else sys.stdout
        stream.write(encodable(f"{prefix}{safe(error.message, SHOWN)}\n", stream.encoding))
        stream.flush()
        # A hint is no text of Apache's: it never stands where a script reads Apache's lines.
        if error.hint:
            sys.stderr.write(f"{safe(error.hint, SHOWN)}\n")


AS_KTOOLS = ErrorStyle()
"""The style of the tools that Apache does not have."""


class ToolFailure(click.ClickException):
    """The end of a command by `error`, which `show` prints in the style of the tool; `status` is the exit status."""

    def __init__(self, error: KafkaToolError, style: ErrorStyle, output: str | None, usage: str = "") -> None:
        super().__init__(error.message)
        self.status = error.status
        self.error, self._style, self._output, self._usage = error, style, output, usage

    def show(self, file: Any = None) -> None:
        """Print the failure, and after a wrong command line where the options are explained."""
        self._style.show(self.error, self._output)
        if isinstance(self.error, UsageError):
            sys.stderr.write(self._usage)


class _Formatter(click.HelpFormatter):
    """Lays out a help text in letters that stdout can show."""

    def getvalue(self) -> str:
        """Return the text."""
        return encodable(super().getvalue(), getattr(sys.stdout, "encoding", None) or "utf-8")


class ToolContext(click.Context):
    """The context of a command of ktools."""

    formatter_class = _Formatter


class ReportCommand(click.Command):
    """A command whose callback returns a Report, an exit status, or None when it printed by itself.

    `error_style` is how its failures are told; `reports` is false for one that prints by itself. Its options stand in
    sections of the help text.
    """

    context_class = ToolContext
    error_style = AS_KTOOLS

    def __init__(self, *args: Any, reports: bool = True, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.reports = reports
        self.params += self.common_options()

    def common_options(self) -> list[click.Parameter]:
        """Return the options that every command of this kind has."""
        return [output_option()] if self.reports else []

    def invoke(self, ctx: click.Context) -> None:
        """Run the callback, show its Report, and end with its status. Raises ToolFailure for a KafkaToolError."""
        try:
            status = self._show(ctx)
        except KafkaToolError as error:
            raise self.failure(ctx, error) from error
        ctx.exit(status)

    def failure(self, ctx: click.Context, error: KafkaToolError) -> ToolFailure:
        """Return how the error ends this command."""
        return ToolFailure(error, self.error_style, ctx.params.get("output"))

    def _show(self, ctx: click.Context) -> int:
        if "output" in ctx.params:
            ctx.params["output"] = self._output(ctx)
        if not self.reports:
            return _finish(super().invoke(ctx), OutputOptions())
        output = ctx.params["output"]
        shown = output_values.parse(output, ctx.params.get("columns"), ctx.params.get("sort_by"))
        names = ("output", "columns", "sort_by", "watch")
        values = {name: value for name, value in ctx.params.items() if name not in names}

        def run() -> Any:
            return ctx.invoke(self.callback, **values) if self.callback else None

        # The callback runs once more for each frame, with the options as they were read once.
        seconds = ctx.params.get("watch")
        if seconds is None:
            return _finish(run(), shown)
        from kafka_tools.render.live import watch

        return watch(run, seconds, shown)

    def _output(self, ctx: click.Context) -> str | None:
        """Return --output, else what the context of the cluster says, where this tool can do that."""
        values = ctx.params
        given: str | None = values.get("output")
        if given is not None or "bootstrap_server" not in values or values.get("watch") is not None:
            # A command that names no cluster (`ktools manual`) has no context either, and --watch draws tables only.
            return given
        from kafka_tools.settings.choice import default_output

        named = default_output(
            values["bootstrap_server"],
            values.get("zookeeper"),
            values.get("command_config"),
            values.get("client_settings", ()),
        )
        if named is not None and named not in FORMATS:
            raise KafkaToolError(f"the context's output cannot be '{named}'", f"Choose from: {', '.join(FORMATS)}")
        formats = next(param.type for param in self.params if param.name == "output")
        fits = isinstance(formats, Word) and named in formats.words
        # Columns and order were asked for on the command line: that goes before what a file says of the output.
        is_plain = named == "plain" and (values.get("columns") or values.get("sort_by"))
        return named if fits and not is_plain else None

    def get_short_help_str(self, limit: int = 200) -> str:
        """Return the command's line in the help of its group, whole."""
        return super().get_short_help_str(max(limit, 200))  # click cuts it at 45 characters, with dots

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in their sections, in the order in which these first appear."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = None if isinstance(param, click.Argument) else param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(section_of(param), []).append(record)
        # sorted() keeps the order of what is equal: this puts OTHER last, and moves nothing else.
        for section in sorted(sections, key=lambda name: name == OTHER):
            with formatter.section(section):
                formatter.write_dl(sections[section])


class ToolCommand(ReportCommand):
    """A tool with Apache's flat options.

    `purpose` is what Apache's tool says when it is called without arguments. `check` gets the action and the names of
    all parameters that are given, and raises UsageError where these do not go together. `only_with` tells a shell with
    which actions an option goes, by the name of its parameter.

    Where the action is not one of flags that share the parameter `action`, but of options with a parameter each,
    `actions` are these parameters, and `check` refuses none or several of them. For the flags that is done here in
    Apache's words, behind which `full_stop` stands. `implied_by` maps parameters to the actions that they stand for
    where no action is given; the first of them counts.
    """

    def __init__(
        self,
        *args: Any,
        purpose: str = "",
        actions: Sequence[str] = (),
        implied_by: Mapping[str, str] = {},
        only_with: Mapping[str, Sequence[str]] = {},
        full_stop: str = "",
        check: Callable[[str, frozenset[str]], None] | None = None,
        error_style: ErrorStyle = AS_KTOOLS,
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self.purpose = purpose
        self.actions = actions
        self.implied_by = implied_by
        self.only_with = only_with
        self.full_stop = full_stop
        self.check = check
        self.error_style = error_style

    def common_options(self) -> list[click.Parameter]:
        """Return the options that every tool has."""
        return [*(output_options() if self.reports else ()), version_option()]

    def failure(self, ctx: click.Context, error: KafkaToolError) -> ToolFailure:
        """Return how the error ends this command; a wrong command line is told where the options are explained."""
        return ToolFailure(error, self.error_style, ctx.params.get("output"), self._usage(ctx))

    def _usage(self, ctx: click.Context) -> str:
        return f"Usage: {ctx.command_path} [OPTIONS]   All options: {ctx.command_path} --help\n"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read a command line by joptsimple's rules. Raises ToolFailure with joptsimple's words."""
        ctx.meta[ARGV] = tuple(args)
        if not args and self.purpose and not ctx.resilient_parsing:
            raise ToolFailure(UsageError(self.purpose), AS_KTOOLS, None, self._usage(ctx))
        try:
            # The line is read here before click sees it, so that complaints come in the order of Apache's tools: an
            # unknown option, what does not go together, what is repeated, and last values that cannot be read.
            params = self.get_params(ctx)
            given = read_argv(params, args, ctx.resilient_parsing)
            if not (ctx.resilient_parsing or given.asks_only):
                self._check_given(params, given)
            rest = super().parse_args(ctx, given.as_click_reads())
            if self.implied_by and ctx.params.get("action") is None and not ctx.resilient_parsing:
                ctx.params["action"] = self._implied(given.names)
            return rest
        except KafkaToolError as error:
            raise self.failure(ctx, error) from error

    def _check_given(self, params: Sequence[click.Parameter], given: "Given") -> None:
        """Refuse what does not go together, then what is repeated: Apache's tools do so before they read a value."""
        action = next((option.opts[0].lstrip("-") for option, _ in given.options if option.name == "action"), "")
        action = action or self._implied(given.names) or ""
        if not action or "action" in given.names:
            _check_action(params, given, self.full_stop)
        if self.check is not None:
            self.check(action, given.names)
        _check_repeated(given)

    def _implied(self, given: frozenset[str]) -> str | None:
        return next((action for name, action in self.implied_by.items() if name in given), None)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the options that can still be given: none twice, none that does not go with the action."""
        from click.shell_completion import CompletionItem

        if incomplete and not incomplete.startswith("-"):
            return []
        return [
            CompletionItem(next((name for name in param.opts if name.startswith(incomplete)), param.opts[0]), help=text)
            for param, text in self._open_options(ctx)
        ]

    def _open_options(self, ctx: click.Context) -> Iterator[tuple[click.Option, str | None]]:
        given = given_names(ctx)
        action = next((name for name in self.actions if name in given), ctx.params.get("action"))
        ruled_out = CLUSTER_NAMES if CLUSTER_NAMES & given else frozenset()
        for param in self.get_params(ctx):
            if not isinstance(param, click.Option) or param.hidden or param.name in ruled_out:
                continue
            is_over = (param.name in given and not param.multiple) or (param.is_eager and given)
            goes_with = self.only_with.get(param.name, (action,))
            is_over = is_over or (action is not None and param.name in self.actions)
            if not is_over and (action is None or action in goes_with):
                yield param, param.help


class ToolGroup(click.Group):
    """A tool with true sub-commands (`ktools sandbox up`), as Apache's argparse4j tools have them: click as it is."""

    context_class = ToolContext
    command_class = ReportCommand

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the sub-command that the first word names, and the words behind; note where there is none."""
        found = super().resolve_command(ctx, args)
        ctx.meta[IS_LOST] = found[1] is None
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the sub-commands and options; nothing behind a word that names no sub-command."""
        return [] if ctx.meta.get(IS_LOST) else super().shell_complete(ctx, incomplete)


def section_of(param: click.Parameter) -> str:
    """Return the section of the help text in which an option stands."""
    return param.section if isinstance(param, ToolOption) else OTHER


def given_names(ctx: click.Context) -> frozenset[str]:
    """Return the names of the parameters that the command line has."""
    source = click.core.ParameterSource.COMMANDLINE
    return frozenset(name for name in ctx.params if ctx.get_parameter_source(name) is source)


def flag(name: str) -> str:
    """Return what the option of a parameter is called in Apache's messages: `replication-factor`."""
    return name.replace("_", "-")


def check_available(action: str, given: Collection[str], needed: Mapping[str, Collection[str]]) -> None:
    """Raise UsageError, as joptsimple does, for an option without an action that it needs.

    `needed` has the actions with which a parameter's option is available (OptionSpecBuilder.availableIf).
    """
    for name, actions in needed.items():
        if name in given and action not in actions:
            raise UsageError(f"Option(s) [{flag(name)}] are unavailable given other options on the command line")


def conflict(name: str, other: str) -> UsageError:
    """Return the refusal of two parameters' options that cannot stand together (CommandLineUtils.checkInvalidArgs)."""
    return UsageError(f'Option "[{flag(name)}]" can\'t be used with option "[{flag(other)}]"')


class Given(NamedTuple):
    """A command line as joptsimple 5.0 reads it (`OptionParser(false)`): options with their values, and words."""

    options: tuple[tuple[click.Option, str | None], ...]
    words: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of the parameters that are given."""
        return frozenset(option.name for option, _ in self.options)

    @property
    def asks_only(self) -> bool:
        """Whether only --help or --version is asked for."""
        return any(option.is_eager for option, _ in self.options)

    def as_click_reads(self) -> list[str]:
        """Return the line as click reads it: each value as a word behind its option, taken as it is."""
        options = ((option.opts[0],) if value is None else (option.opts[0], value) for option, value in self.options)
        # Behind `--` click takes a word for no option, whatever it begins with.
        return [*chain.from_iterable(options), "--", *self.words]


def read_argv(params: Sequence[click.Parameter], args: Sequence[str], lenient: bool = False) -> Given:
    """Read a command line by joptsimple's rules.

    `-list` and `--list=true` mean `--list`, a value may begin with a dash, words are dropped unless one of `params` is
    an argument, and nothing is abbreviated. `lenient`: the line is still being typed, and what is wrong is left out.
    Raises UsageError in joptsimple's words for an option that is not there or lacks its value, whichever comes first.
    """
    options = {name.lstrip("-"): each for each in params if isinstance(each, click.Option) for name in each.opts}
    # --help wins over all else on the line, mistakes too: whoever asks for help may have the rest wrong.
    own = args[: args.index("--")] if "--" in args else args
    if HELP in own and not lenient:
        return Given(((options["help"], None),), ())
    given: list[tuple[click.Option, str | None]] = []
    words: list[str] = []
    rest = deque(args)
    while rest:
        token = rest.popleft()
        if token == "--":
            words += rest
            break
        # A dash alone is a word to joptsimple, too: scripts mean stdin by it.
        if token == "-" or not token.startswith("-"):
            words.append(token)
            continue
        option, value = _take(options, token, rest, lenient)
        if option is not None:
            given.append((option, value))
    takes_words = any(isinstance(param, click.Argument) for param in params)
    return Given(tuple(given), tuple(words) if takes_words else ())


def _take(
    options: Mapping[str, click.Option], token: str, rest: "deque[str]", lenient: bool
) -> tuple[click.Option | None, str | None]:
    """Return the option that `token` names and its value, which may be the first of `rest`."""
    name, _, attached = token.lstrip("-").partition("=")
    option = options.get(name)
    if option is None:
        if lenient:
            return None, None
        near = nearest(name, options)
        raise UsageError(f"{name} is not a recognized option", f"Did you mean --{near[0]}?" if near else "")
    # The value of a flag is dropped: `--list=false` lists (joptsimple 5.0), as `--list=true` does.
    if option.is_flag:
        return option, None
    # `--topic=` without anything behind is as `--topic`: the value is the next word (joptsimple 5.0).
    if attached:
        return option, attached
    # A value may be left out only where the option says so; then a word that begins with a dash is the next option.
    if isinstance(option.flag_value, str) and (not rest or rest[0].startswith("-")):
        return option, None
    if rest:
        return option, rest.popleft()
    if lenient:
        return None, None
    raise UsageError(f"Option {option.opts[0].lstrip('-')} requires an argument")


def _check_action(params: Sequence[click.Parameter], given: Given, full_stop: str) -> None:
    actions = [param.opts[0] for param in params if param.name == "action"]
    if actions and len({option.opts[0] for option, _ in given.options if option.name == "action"}) != 1:
        words = " or ".join(filter(None, (", ".join(actions[:-1]), actions[-1])))
        raise UsageError(f"Command must include exactly one action: {words}{full_stop}")


def _check_repeated(given: Given) -> None:
    seen = set()
    for option, _ in given.options:
        if option in seen and not (option.multiple or option.is_flag):
            name = option.opts[0].lstrip("-")
            # No UsageError: joptsimple finds it when the tool asks for the value, which Apache's tools tell as a
            # failure while acting (`Error while executing topic command : …`, on stdout).
            raise KafkaToolError(f"Found multiple arguments for option {name}, but you asked for only one")
        seen.add(option)


def _finish(result: Report | int | None, shown: OutputOptions) -> int:
    """Show what a callback returned and return the exit status. Raises the failure of a report when that is shown."""
    if not isinstance(result, Report):
        return result or 0
    from kafka_tools.render import emit

    status = emit(result, shown)
    if result.failure:
        raise result.failure
    return status
