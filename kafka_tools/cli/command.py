"""One tool's command: Apache's argv rules before, the renderer behind, errors in the tool's own style."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

from kafka_tools.cli.joptsimple import OneOf, Option, parse
from kafka_tools.cli.options import COLUMNS, HELP, OUTPUT, SORT_BY, VERSION
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.render import output_options
from kafka_tools.render.output_options import FORMATS, OutputOptions
from kafka_tools.report import Report


class ErrorStyle(NamedTuple):
    """Where a tool's failures go and what stands before them.

    Apache's tools differ: some print failures on stdout, where scripts read them (`to_stdout`).
    """

    prefix: str = "ktools: "
    to_stdout: bool = False

    def show(self, error: KafkaToolError, output: str | None) -> None:
        """Print the failure as one line and its hint as another on stderr; json, yaml and csv keep stdout clean."""
        to_stderr = isinstance(error, UsageError) or not self.to_stdout or output not in (None, "plain", "table")
        prefix = "" if isinstance(error, UsageError) else self.prefix
        stream = sys.stderr if to_stderr else sys.stdout
        stream.write(f"{prefix}{error.message}\n")
        stream.flush()
        if error.hint:
            sys.stderr.write(f"{error.hint}\n")


class Tool(Protocol):
    """A tool: the `command` of a module of `kafka_tools.tools`; `console-consumer` is that of `console_consumer.py`."""

    @property
    def name(self) -> str:
        """The tool's name on the command line."""
        ...

    @property
    def section(self) -> str:
        """Its heading in `ktools --help`."""
        ...

    @property
    def summary(self) -> str:
        """Its line there."""
        ...

    def main(self, args: Sequence[str]) -> int:
        """Run one command line and return the exit status."""
        ...


class ToolCommand(NamedTuple):
    """A tool with Apache's flat options.

    `run` gets the value of every option by its key and returns a Report, an exit status, or None when it streamed
    itself. `section` is the tool's heading in `ktools --help`, `summary` its line there and `description` the text of
    its own help. `purpose` is what Apache's tool says when it is called without arguments, `actions` the keys of the
    flags of which exactly one must be given, `actions_words` how Apache's tool names them, `only_with` which of them
    the other options go with; `reports` is false for a tool that streams.
    """

    name: str
    section: str
    summary: str
    description: str
    options: tuple[Option, ...]
    run: Callable[[Mapping[str, Any]], Report | int | None]
    purpose: str = ""
    actions: tuple[str, ...] = ()
    actions_words: str = ""
    only_with: Mapping[str, Sequence[str]] = {}
    error_style: ErrorStyle = ErrorStyle()
    reports: bool = True

    @property
    def all_options(self) -> tuple[Option, ...]:
        """The tool's own options and those that every tool has."""
        return (*self.options, *((OUTPUT, COLUMNS, SORT_BY) if self.reports else ()), HELP, VERSION)

    def main(self, args: Sequence[str]) -> int:
        """Run one command line, show what comes of it, and return the exit status."""
        output = None
        try:
            values = self._values(args)
            if values["help"] or values["version"]:
                return self._about(values)
            values["output"] = output = self._output(values)
            options = output_options.parse(output, values.get("columns"), values.get("sort_by"))
            if values.get("watch") is not None:
                return self._watch(values, options)
            return finish(self.run(values), options)
        except KafkaToolError as error:
            self.error_style.show(error, output)
            if isinstance(error, UsageError):
                usage = f"ktools {self.name}"
                sys.stderr.write(f"Usage: {usage} [OPTIONS]   All options: {usage} --help\n")
            return error.status

    def _values(self, args: Sequence[str]) -> dict[str, Any]:
        if not args and self.purpose:
            raise UsageError(self.purpose)
        own = args[: args.index("--")] if "--" in args else args
        values = parse(self.all_options, ["--help"] if "--help" in own else args)
        if self.actions and not (values["help"] or values["version"]) and sum(values[key] for key in self.actions) != 1:
            words = self.actions_words or ", ".join(f"--{key}" for key in self.actions)
            raise UsageError(f"Command must include exactly one action: {words}")
        return values

    def _output(self, values: Mapping[str, Any]) -> str | None:
        """Return --output, else what the context of the cluster says, where this tool can do that."""
        given: str | None = values.get("output")
        if given is not None or "bootstrap_server" not in values or values.get("watch") is not None:
            return given
        from kafka_tools.settings.choice import default_output

        named = default_output(
            values["bootstrap_server"], values.get("zookeeper"), values.get("command_config"), values.get("X", ())
        )
        if named is not None and named not in FORMATS:
            raise KafkaToolError(f"the context's output cannot be '{named}'", f"Choose from: {', '.join(FORMATS)}")
        readers = [option.read for option in self.all_options if option.key == "output"]
        fits = any(named in reader.words for reader in readers if isinstance(reader, OneOf))
        is_plain = named == "plain" and (values.get("columns") or values.get("sort_by"))
        return named if fits and not is_plain else None

    def _watch(self, values: Mapping[str, Any], options: OutputOptions) -> int:
        from kafka_tools.render.watch import watch

        action = cast("Callable[[], Report]", lambda: self.run(values))  # what streams has no --watch
        return watch(action, values["watch"], options)

    def _about(self, values: Mapping[str, Any]) -> int:
        from kafka_tools.cli import help as texts

        sys.stdout.write(texts.of_tool(self) if values["help"] else texts.version())
        return 0


def finish(result: Report | int | None, options: OutputOptions) -> int:
    """Show what an action returned and return the exit status. Raises the failure of a report when that is shown."""
    if not isinstance(result, Report):
        return result or 0
    from kafka_tools.render import emit

    status = emit(result, options)
    if result.failure:
        raise result.failure
    return status
