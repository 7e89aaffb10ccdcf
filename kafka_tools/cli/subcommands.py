"""Tools with true sub-commands (`ktools sandbox up`), as Apache's argparse4j tools have them: click as it is."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from kafka_tools.cli.command import ErrorStyle, finish
from kafka_tools.cli.options import OUTPUT
from kafka_tools.errors import KafkaToolError
from kafka_tools.render.output_options import OutputOptions


class ActionCommand(click.Command):
    """A sub-command: its callback returns a Report, an exit status, or None."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(click.Option(OUTPUT.names, callback=_read_output, metavar=OUTPUT.metavar, help=OUTPUT.help))

    def invoke(self, ctx: click.Context) -> int:
        """Run the action, show its Report, return the exit status."""
        try:
            return finish(super().invoke(ctx), OutputOptions(ctx.params.get("output")))
        except KafkaToolError as error:
            ErrorStyle().show(error, ctx.params.get("output"))
            return error.status


class ToolGroupCommand(click.Group):
    """A tool with true sub-commands; `section` and `summary` are its heading and its line in `ktools --help`."""

    command_class = ActionCommand

    def __init__(self, *args: Any, section: str, summary: str, **kwargs: Any) -> None:
        super().__init__(*args, context_settings={"max_content_width": 120}, **kwargs)
        self.section = section
        self.summary = summary

    def main(self, args: Sequence[str], **_: Any) -> int:  # type: ignore[override]
        """Run one command line, show what comes of it, and return the exit status."""
        try:
            with self.make_context(f"ktools {self.name}", list(args)) as ctx:
                result = self.invoke(ctx)
                return result if isinstance(result, int) else 0
        except click.exceptions.NoArgsIsHelpError as error:
            sys.stdout.write(f"{error.ctx.get_help() if error.ctx else ''}\n")
            return 0
        except click.exceptions.Exit as ending:
            return ending.exit_code
        except click.ClickException as error:
            usage = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "ktools"
            sys.stderr.write(f"{usage}: {error.format_message()}\nAll options: {usage} --help\n")
            return 1


def _read_output(ctx: click.Context, _: click.Parameter, text: str | None) -> str | None:
    """Read --output as every tool does; a wrong word is click's usage error here."""
    if text is None or OUTPUT.read is None:
        return text
    try:
        value: str = OUTPUT.read("output", text)
    except KafkaToolError as error:
        raise click.UsageError(f"{error.message}. {error.hint}", ctx) from error
    return value
