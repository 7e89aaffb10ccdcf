"""The entry point: the group of all tools, the last word on Ctrl-C, broken pipes and bugs, and the only exit."""

import _thread
import gc
import os
import signal
import sys
import time


def _on_ctrl_c(before: object, after: object) -> None:
    """Have Ctrl-C do something else, where it does what it did `before`; nohup, for one, has it ignored."""
    if signal.getsignal(signal.SIGINT) is before:
        try:  # noqa: SIM105  contextlib is not loaded yet
            signal.signal(signal.SIGINT, after)  # type: ignore[arg-type]
        except ValueError:  # who loads this in another thread is no command line
            pass


gc.disable()  # while modules are loaded, which makes much and drops nothing: 4 of 80 ms of a short command
# Until all is loaded Ctrl-C ends the process as the kernel does it, without a word. What Python raises is a traceback,
# and is dropped in a callback of its import locks.
_on_ctrl_c(signal.default_int_handler, signal.SIG_DFL)
try:
    from collections.abc import Sequence
    from contextlib import suppress
    from errno import ENOSPC
    from typing import TYPE_CHECKING, Any, NoReturn

    import click

    from kafka_tools import tools
    from kafka_tools.cli.command import IS_LOST, ToolFailure, ToolGroup
    from kafka_tools.cli.options import version_option
    from kafka_tools.errors import KafkaToolError, UsageError, nearest
    from kafka_tools.model.shown import safe
finally:
    gc.enable()

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

INTERRUPTED = 130  # 128 + SIGINT, as a shell tells of a command that Ctrl-C ended
BUG = 70  # EX_SOFTWARE of sysexits.h
MAX_WIDTH = 120


class Ktools(ToolGroup):
    """The group of all tools; a tool is imported only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all tools, sorted, without importing them."""
        return tools.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the tool of this name, also by Apache's (`kafka-topics.sh`); None where there is none."""
        return tools.find(cmd_name.removeprefix("kafka-").removesuffix(".sh"))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the tool that the first word names, and the words behind. Raises UsageError with the nearest name."""
        command = self.get_command(ctx, args[0])
        ctx.meta[IS_LOST] = command is None
        if command is not None or ctx.resilient_parsing:
            return command.name if command else None, command, args[1:]
        near = nearest(args[0].removeprefix("kafka-").removesuffix(".sh"), tools.names(), likeness=0.5)
        hint = f"Did you mean '{near[0]}'?" if near else "`ktools --help` lists the tools."
        raise UsageError(f"ktools: unknown tool '{args[0]}'. {hint}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the tools in their sections, one line each."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            sections.setdefault(tools.TOOLS[name].section, []).append((name, tools.TOOLS[name].summary))
        for section in sorted(sections):
            with formatter.section(section):
                formatter.write_dl(sections[section])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the tools, none of which is imported for that, or the options before one."""
        from click.shell_completion import CompletionItem

        if ctx.meta.get(IS_LOST):
            return []
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=about.summary) for name, about in tools.TOOLS.items()]

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> NoReturn:
        """Run one command line and exit with its status."""
        sys.exit(run(sys.argv[1:] if args is None else args))


@click.group(
    "ktools",
    cls=Ktools,
    params=[version_option()],
    invoke_without_command=True,
    subcommand_metavar="TOOL [ARGS]…",
    context_settings={"max_content_width": MAX_WIDTH},
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback if ktools itself fails.")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Kafka's command line without a JVM.

    Each tool takes the options of Apache's kafka-TOOL.sh and prints its text into a pipe, tables on a terminal. Which
    cluster: --bootstrap-server or --zookeeper, else KTOOLS_BOOTSTRAP_SERVERS or KTOOLS_ZOOKEEPER, else the current
    context (`ktools context`), else a running sandbox, else localhost:9092.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """Run `ktools` with the process's arguments and end with its status.

    The process ends without taking the interpreter apart, which would take a tenth of a short command's time.
    """
    gc.disable()  # one command makes hardly any garbage; looking for it takes another tenth
    sys.unraisablehook = raise_again
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # closed or gone: `run` has said so where it mattered
            stream.flush()
    os._exit(status)


def raise_again(lost: "sys.UnraisableHookArgs") -> None:
    """Raise a Ctrl-C once more that came while nothing can be raised; take it as `sys.unraisablehook`.

    Python drops what is raised in a `__del__` or in a callback of its import locks: `sandbox up` went on, and ended
    with 0.
    """
    if lost.exc_type is KeyboardInterrupt:
        _thread.start_new_thread(_interrupt_soon, ())  # not here: it would be dropped as well
    else:
        sys.__unraisablehook__(lost)


def _interrupt_soon() -> None:
    time.sleep(0.01)
    _thread.interrupt_main()


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    # Python sets a stream to None where the shell closed it (`>&-`). Whatever is opened next would get its number, and
    # a message could be written into a socket or a file.
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stdout is None:
        sys.stderr.write("ktools: stdout is closed: nothing was done\n")
        return 1
    try:
        status = _invoke(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    # `ktools topics --list | head -1`: the reader has what it wanted.
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except OSError as error:
        _silence_stdout()
        # What writes a file names it (`replace_file`): a disk without a name is the one that stdout goes to.
        name = error.filename or ("stdout" if error.errno == ENOSPC else "")
        _tell(f"ktools: {': '.join(map(str, filter(None, (name, error.strerror)))) or error}")
        return 1
    except Exception as error:  # noqa: BLE001  the outermost handler: a bug is told in one line
        return _bug(error, args)
    return status


def _invoke(args: Sequence[str]) -> int:
    """Run one command line and return its exit status; what click and the tools raise to end it is told here."""
    try:
        with cli.make_context("ktools", list(args)) as ctx:
            cli.invoke(ctx)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.message)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "ktools"
        _tell(f"{path}: {error.format_message()}")
        _tell(f"All options: {path} --help")
        return 1
    except ToolFailure as failure:
        failure.error.hint = _about_line_ends(args) or failure.error.hint
        failure.show()
        return failure.status
    except KafkaToolError as error:
        _tell("\n".join(filter(None, (error.message, _about_line_ends(args)))))
        return error.status
    return 0


def _about_line_ends(args: Sequence[str]) -> str:
    """Return what a failed command should hear where a script written on Windows leaves a return behind its words.

    No other hint helps then: the nearest word to `--list` and a return is `--list`.
    """
    ends = next((arg for arg in args if arg.endswith("\r")), None)
    return "" if ends is None else f"'{ends}' ends in a carriage return: has the script line ends of Windows (CRLF)?"


def _tell(line: str) -> None:
    sys.stderr.write(safe(line, kept="\n") + "\n")


def _silence_stdout() -> None:
    """Keep the interpreter's last flush from complaining about a stdout that is gone."""
    # No descriptor is left where that is what failed (`ulimit -n 10`); `main` ends without that flush.
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(error: Exception, args: Sequence[str]) -> int:
    if "--debug" in args:
        import traceback

        traceback.print_exc()
    else:
        _tell(
            f"ktools: this is a bug in ktools ({type(error).__name__}: {error}). "
            "Please report it with what `ktools --debug TOOL …` prints."
        )
    return BUG


_on_ctrl_c(signal.SIG_DFL, signal.default_int_handler)
