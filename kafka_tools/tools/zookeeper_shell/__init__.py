"""`ktools zookeeper-shell`: zookeeper-shell.sh of Kafka 3.9, which is org.apache.zookeeper.ZooKeeperMain 3.8."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import click

from kafka_tools.backends import open_shell
from kafka_tools.cli import types
from kafka_tools.cli.command import ReportCommand
from kafka_tools.cli.options import CHANGES, CLUSTER, option, version_option
from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.target import ZooKeeper
from kafka_tools.render import prompt
from kafka_tools.settings import choice
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.zookeeper_shell import commands
from kafka_tools.tools.zookeeper_shell.grammar import COMMANDS, NOT_FOUND, Line, parse, split, usage_lines

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kafka_tools.zookeeper.shell import ZooKeeperShell

TLS_CONFIG = ("-zk-tls-config-file", "--zk-tls-config-file")
"""zookeeper-shell.sh takes it behind the address, where everything else belongs to the command."""

HISTORY = 10
STATES = {"CONNECTEDREADONLY": "ConnectedReadOnly"}
"""State of a session -> its name in an event, where that is not SyncConnected."""


def _words(*_: object) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem

    return [CompletionItem(name, help=grammar.usage) for name, grammar in COMMANDS.items()]


class ShellCommand(ReportCommand):
    """The click command: it takes --version, and no --output, as its commands print their own text."""

    def common_options(self) -> list[click.Parameter]:
        """Return --version."""
        return [version_option()]


@click.command(
    "zookeeper-shell",
    cls=ShellCommand,
    reports=False,
    # Options behind the first word belong to the command: `ls -s /` is no option of ours.
    context_settings={"allow_interspersed_args": False},
)
@option(
    CLUSTER,
    "-server",
    "--zookeeper",
    "server",
    type=types.ZOOKEEPER,
    help="The ensemble. Without it, and without an address before the command: KTOOLS_ZOOKEEPER, the current context, "
    "a running sandbox, localhost:2181.",
)
@option(
    CLUSTER,
    *TLS_CONFIG,
    "-client-configuration",
    "tls_config",
    type=types.FILE,
    help="A properties file that says how to reach it by TLS (zookeeper.ssl.…), or how to log in.",
)
@option(
    CLUSTER,
    "-r",
    "read_only",
    help="A server that has lost its quorum will do, where it can still be read: with readonlymode.enabled, and from "
    "ZooKeeper 3.8 on localSessionsEnabled.",
)
@option(CLUSTER, "-timeout", "timeout", type=types.LONG, help="Of the session, in ms; taken without effect.")
@option(CLUSTER, "-waitforconnection", "waits", help="Taken without effect: a session is always waited for.")
@option(CHANGES, "--yes", help="Change znodes of a protected context's cluster without being asked.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=_words, metavar="[HOST:PORT] [COMMAND…]")
def command(
    *,
    server: str | None,
    tls_config: str | None,
    read_only: bool,
    timeout: int | None,  # noqa: ARG001  kazoo's session is ended long before
    waits: bool,  # noqa: ARG001
    yes: bool,
    words: tuple[str, ...],
) -> int:
    """Look at znodes and change them, one command at once or one a line of stdin.

    `ktools zookeeper-shell localhost:2181 ls /brokers/ids`; without a command they are read from stdin, on a terminal
    with a prompt. The commands and their text are those of ZooKeeper's own shell.
    """
    # `zookeeper-shell.sh HOST:PORT [-zk-tls-config-file FILE] [COMMAND…]`: the script puts
    # -server before the first word.
    rest = list(words)
    if server is None and rest and _is_address(rest):
        server = rest.pop(0)
    if rest and rest[0] in TLS_CONFIG:
        tls_config = rest[1] if len(rest) > 1 else tls_config
        rest = rest[2:]
    with Shell(choice.choose_zookeeper(server, tls_config)._replace(read_only=read_only), yes) as shell:
        # The first line on stdout, before a session is tried, which scripts cut off (`tail -n +2`).
        shell.out(f"Connecting to {shell.target.connect}")
        return shell.run_words(rest) if rest else shell.run_lines()


def _is_address(words: Sequence[str]) -> bool:
    """Say whether the first word names the ensemble, and is no command, nor a command with a typing error."""
    # With `ktools zookeeper-shell ls /` a context names the ensemble. A word without a port is an address only where
    # nothing, a command, or the TLS file follows.
    behind = words[1] if len(words) > 1 else ""
    return words[0] not in COMMANDS and (":" in words[0] or not behind or behind in (*COMMANDS, *TLS_CONFIG))


class Shell:
    """One run of the shell. The session with ZooKeeper is opened by the first command that needs it."""

    def __init__(self, target: ZooKeeper, yes: bool) -> None:
        self.target, self._yes = target, yes
        self._session = ExitStack()
        self._znodes: ZooKeeperShell | None = None
        self._lines: list[str] = []
        self._prints_watches, self._is_closed, self._may_change = True, False, False
        self._status = 0

    def __enter__(self) -> "Shell":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def znodes(self) -> "ZooKeeperShell":
        """The session with ZooKeeper. Raises KafkaToolError where there is none to be had."""
        # A typing error and the shell's own commands need no ensemble, and do not wait for one.
        if self._znodes is None:
            self._znodes = self._session.enter_context(open_shell(self.target, self._tell))
            # The watcher of ZooKeeperMain is told of the connection first, and prints it: scripts know these lines.
            self._tell("None", "null", STATES.get(self._znodes.state, "SyncConnected"))
        return self._znodes

    def out(self, line: str) -> None:
        """Print a line on stdout."""
        prompt.write(line, sys.stdout)

    def err(self, line: str) -> None:
        """Print a line on stderr."""
        prompt.write(line, sys.stderr)

    def run_lines(self) -> int:
        """Run what stdin says, a command a line, until `quit` or its end; return the status of the last one."""
        self.out("Welcome to ZooKeeper!")
        if prompt.is_used():
            lines = prompt.lines(self._prompt, self._completions)
        else:
            self.out("JLine support is disabled")  # Apache's words for: there is no prompt
            # Lines as they come and not all at once: a pipe may be fed while the shell answers.
            lines = (line.removesuffix("\n") for line in sys.stdin)
        for line in filter(None, lines):
            # Before the line is looked at, as ZooKeeperMain connects when it starts: without a session nothing is run.
            if not self._is_closed:
                _ = self.znodes
            self._lines.append(line)
            words = split(line)
            if words[:1] == ["quit"]:
                self._close()
                break
            # A command that fails does not end the shell; the last one gives the status.
            self._status = self.run_words(words)
        return self._status

    def run_words(self, words: Sequence[str]) -> int:
        """Run one command and return its status. Raises KafkaToolError where there is no session to be had."""
        try:
            line = self._read(words)
            run = commands.RUNS.get(line.command)
            if run is None:
                return self._run_own(line)
            # After `close`: no command opens a session again but `connect`.
            if self._is_closed:
                self.out("Not connected")
                return 0
            commands.warn_of_old_words(self, line)
            # Asked once a session, not once a command.
            if COMMANDS[line.command].changes and not self._may_change:
                check_change(self.target, self._yes)
                self._may_change = True
        except KafkaToolError as error:
            return self._fail(error)
        # version needs none, and listquota prints a line before it needs one.
        if line.command not in ("version", "listquota"):
            _ = self.znodes  # outside of the block below: without a session there is nothing to go on with
        try:
            run(self, line)
        except KafkaToolError as error:
            return self._fail(error)
        return 0

    def _read(self, words: Sequence[str]) -> Line:
        name = words[0] if words else ""
        if name not in COMMANDS:
            for line in usage_lines():
                self.err(line)
            near = nearest(name, COMMANDS)
            hint = f"Did you mean {near[0]}?" if near else ""
            raise KafkaToolError(f"Command not found: Command not found {name}", hint, NOT_FOUND)
        # The shell's own commands have no options: their words are taken as they are.
        own = name not in commands.RUNS
        return Line(name, words=tuple(words[1:])) if own else parse(words)

    def _fail(self, error: KafkaToolError) -> int:
        self.err(error.message)
        if error.hint:
            self.err(error.hint)
        return error.status

    def _run_own(self, line: Line) -> int:
        """Run a command that is about the shell itself (ZooKeeperMain.processZKCmd 3.8)."""
        match line.command, line.words:
            case "history", _:
                # `history` itself is the newest. HISTORY before it and itself are eleven lines, as in ZooKeeperMain.
                newest = len(self._lines) - 1
                for number in range(max(0, newest - HISTORY), newest + 1):
                    self.out(f"{number} - {self._lines[number]}")
            case "redo", (number, *_):
                return self.run_words(split(self._recalled(number)))
            case "printwatches", ():
                self.out(f"printwatches is {'on' if self._prints_watches else 'off'}")
            case "printwatches", (wish, *_):
                self._prints_watches = wish == "on"
            case "connect", words:
                self._connect(words)
            case "close" | "quit", _:
                self._close()
        return 0

    def _recalled(self, number: str) -> str:
        """Return the line that `redo` means. Raises KafkaToolError where there is none, and for another `redo`."""
        # Without the `redo` that was just typed.
        before = self._lines[:-1]
        if not number.isdecimal() or int(number) >= len(before):
            raise KafkaToolError("Command index out of range")
        recalled = before[int(number)]
        if split(recalled)[:1] == ["redo"]:
            raise KafkaToolError("No redoing redos")
        # What was redone stands in the history, so that the same `redo` can be recalled.
        self._lines[-1] = recalled
        return recalled

    def _connect(self, words: Sequence[str]) -> None:
        """Open another session: with the ensemble that is named, or once more with this one."""
        if not self._is_closed:
            self._close()
        if words:
            # Chosen anew: a login is for the ensemble whose source names it, and another one has rules of its own.
            target = choice.choose_zookeeper(words[0])
            self.target, self._may_change = target._replace(read_only=self.target.read_only), False
        self._is_closed = False
        _ = self.znodes

    def _close(self) -> None:
        # First, so that an event of the session's end is not printed twice.
        was_open, self._znodes, self._is_closed = self._znodes is not None, None, True
        self._session.close()
        if was_open:
            self._tell("None", "null", "Closed")

    def _tell(self, kind: str, path: str, state: str = "SyncConnected") -> None:
        """Print what happened to a znode that is watched, or to the session, as ZooKeeperMain's watcher does."""
        if self._prints_watches:
            self.out(f"\nWATCHER::\n\nWatchedEvent state:{state} type:{kind} path:{path}")

    def _prompt(self) -> str:
        state = "CLOSED" if self._is_closed else "CONNECTED" if self._znodes is None else self._znodes.state
        return f"[zk: {self.target.connect}({state}) {len(self._lines)}] "

    def _completions(self, line: str) -> Iterator[str]:
        """Yield what the last word of a line may be: a command, or the path of a znode."""
        words = line.split(" ")
        if len(words) == 1:
            yield from (name for name in COMMANDS if name.startswith(line))
        elif words[-1].startswith("/") and not self._is_closed:
            parent, _, beginning = words[-1].rpartition("/")
            # Tab on a path that is not there, or may not be read, offers nothing; an error would
            # break the line that is typed.
            with suppress(KafkaToolError):
                names = self.znodes.children(parent or "/")[0]
                yield from (f"{parent}/{name}" for name in names if name.startswith(beginning))
