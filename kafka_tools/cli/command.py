"""One tool's command: Apache's argv rules before, the renderer behind, errors in the tool's own style."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from kafka_tools.cli.joptsimple import canonical
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.report import Report

OUTPUT_FORMATS = ("plain", "table", "json", "jsonl", "yaml", "csv")


@dataclass(frozen=True, slots=True)
class ErrorStyle:
    """Where a tool's failures go and what stands before them.

    Apache's tools differ: some print failures on stdout, where scripts read them (`to_stdout`).
    """

    prefix: str = "ktools: "
    to_stdout: bool = False

    def show(self, error: KafkaToolError, output: str | None) -> None:
        """Print the failure as one line and its hint as another on stderr; json, yaml and csv keep stdout clean."""
        to_stderr = isinstance(error, UsageError) or not self.to_stdout or output not in (None, "plain", "table")
        prefix = "" if isinstance(error, UsageError) else self.prefix
        click.echo(prefix + error.message, err=to_stderr)
        if error.hint:
            click.echo(error.hint, err=True)


class ToolCommand(click.Command):
    """A tool with Apache's flat options. Its callback returns a Report, an exit status, or None when it streamed
    itself.

    `section` is the tool's heading in `ktools --help`, `purpose` what Apache's tool says when it is called without
    arguments, `actions` the flags of which exactly one must be there, `actions_words` how Apache's tool names them;
    `reports` is false for a tool that streams.
    """

    def __init__(
        self,
        *args: Any,
        section: str,
        purpose: str = "",
        actions: Sequence[str] = (),
        actions_words: str = "",
        error_style: ErrorStyle = ErrorStyle(),
        reports: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        self.purpose = purpose
        self.actions = actions
        self.actions_words = actions_words
        self.error_style = error_style
        if reports:
            self.params.append(output_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line by joptsimple's rules; a wrong one ends with Apache's words and status 1."""
        if "--help" in args:
            args = ["--help"]
        with _errors_shown(ctx, self.error_style, usage=True):
            if not args and self.purpose:
                raise UsageError(self.purpose)
            options = canonical(self.get_params(ctx), args)
            if self.actions and "--help" not in options:
                self._check_action(options)
            return super().parse_args(ctx, options)

    def _check_action(self, options: Sequence[str]) -> None:
        if sum(action in options for action in self.actions) != 1:
            raise UsageError(
                f"Command must include exactly one action: {self.actions_words or ', '.join(self.actions)}"
            )

    def invoke(self, ctx: click.Context) -> int:
        """Run the action, show its Report, return the exit status."""
        with _errors_shown(ctx, self.error_style, usage=True):
            return finish(super().invoke(ctx), ctx.params.get("output"))


class ActionCommand(click.Command):
    """A true sub-command (`ktools sandbox up`): click's own argv rules, the same errors and reports as ToolCommand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(output_option())

    def invoke(self, ctx: click.Context) -> int:
        """Run the action, show its Report, return the exit status."""
        with _errors_shown(ctx, ErrorStyle(), usage=False):
            return finish(super().invoke(ctx), ctx.params.get("output"))


class ToolGroupCommand(click.Group):
    """A tool with true sub-commands."""

    command_class = ActionCommand

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


def output_option() -> click.Option:
    """Return `--output`, which no Apache tool has."""
    return click.Option(
        ["--output"],
        type=OneOf(OUTPUT_FORMATS),
        help=f"{', '.join(OUTPUT_FORMATS)}; default: table on a terminal, Apache's plain text in a pipe.",
    )


class OneOf(click.ParamType[str]):
    """One of a few words."""

    name = "word"

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word; raises UsageError that lists the choices."""
        if value in self.words:
            return str(value)
        option = param.opts[0] if param else "value"
        raise UsageError(f"{option} cannot be '{value}'", f"Choose from: {', '.join(self.words)}")


def finish(result: Report | int | None, output: str | None) -> int:
    """Show a callback's result and return the exit status."""
    if isinstance(result, Report):
        from kafka_tools.render import emit

        return emit(result, output)
    return result or 0


@contextmanager
def _errors_shown(ctx: click.Context, style: ErrorStyle, usage: bool) -> Iterator[None]:
    try:
        yield
    except KafkaToolError as error:
        style.show(error, ctx.params.get("output"))
        if usage and isinstance(error, UsageError):
            click.echo(f"Usage: {ctx.command_path} [OPTIONS]   All options: {ctx.command_path} --help", err=True)
        ctx.exit(error.status)
