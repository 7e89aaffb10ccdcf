"""`ktools`: the group of all tools, each imported only when it is asked for."""

import importlib
from typing import Any

import click

from kafka_tools import __version__, tools
from kafka_tools.cli.command import ToolCommand, ToolGroupCommand
from kafka_tools.errors import UsageError, nearest


class ToolGroup(click.Group):
    """The tools are the modules of `kafka_tools.tools`; `console-consumer` is `console_consumer.py`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the tools' names, sorted, without importing them."""
        import pkgutil

        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(tools.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> ToolCommand | ToolGroupCommand | None:
        """Import the one tool that is asked for."""
        if not cmd_name.replace("-", "").isalpha():
            return None
        name = f"kafka_tools.tools.{cmd_name.replace('-', '_')}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            return None
        command: ToolCommand | ToolGroupCommand = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the tool, also by Apache's name (`kafka-topics.sh`). Raises UsageError with the nearest name."""
        name = args[0].removeprefix("kafka-").removesuffix(".sh")
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, args[1:]
        near = nearest(name, self.list_commands(ctx), likeness=0.5)
        hint = f"Did you mean '{near[0]}'?" if near else "`ktools --help` lists the tools."
        raise UsageError(f"ktools: unknown tool '{args[0]}'. {hint}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tools in sections, one line each."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                sections.setdefault(command.section, []).append((name, command.get_short_help_str(limit=100)))
        for section, rows in sections.items():
            with formatter.section(section):
                formatter.write_dl(rows)


@click.command("ktools", cls=ToolGroup, context_settings={"max_content_width": 120}, no_args_is_help=True)
@click.version_option(__version__, prog_name="ktools", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback if ktools itself fails.")
def ktools(**_: Any) -> None:
    """Kafka's command line without a JVM.

    Each tool takes the options of Apache's kafka-TOOL.sh and prints its text into a pipe, tables on a terminal. Which
    cluster: --bootstrap-server or --zookeeper, else KTOOLS_BOOTSTRAP_SERVERS or KTOOLS_ZOOKEEPER, else a running
    sandbox, else localhost:9092.
    """
