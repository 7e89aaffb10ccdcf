"""`ktools run-class`: kafka-run-class.sh (bin/kafka-run-class.sh of Kafka 3.9), for the classes that are tools here."""

import os
from itertools import dropwhile
from typing import TYPE_CHECKING

import click

from kafka_tools.cli.command import ReportCommand, ToolGroup
from kafka_tools.errors import KafkaToolError, UsageError, nearest
from kafka_tools.shims import apache
from kafka_tools.tools import find, names

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem

USAGE = "kafka-run-class.sh [-daemon] [-name servicename] [-loggc] classname [opts]"


def _classes(*_: object) -> "list[CompletionItem]":
    """Return what completes the class: those of the tools that are here."""
    from click.shell_completion import CompletionItem

    classes = ((each, tool) for tool in names() for each in apache.MAIN_CLASSES.get(tool, ()))
    return [CompletionItem(each, help=f"ktools {tool}") for each, tool in classes]


@click.command(
    "run-class",
    cls=ReportCommand,
    reports=False,
    # All options of a JVM come before the class, and cannot be listed here; all words behind it are the tool's, -D too.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "-daemon",
    "daemon",
    is_flag=True,
    help="Run it in the background; its output goes to SERVICE.out in $LOG_DIR, or in logs.",
)
@click.option(
    "-name",
    "service",
    is_flag=False,
    flag_value="",
    metavar="SERVICE",
    help="The name of that file. Default: the tool's.",
)
@click.option(
    "-loggc",
    "loggc",
    is_flag=True,
    expose_value=False,
    help="Taken without effect, as are options of Java (-X…, -D…, -cp PATH): there is no JVM. Only "
    "-Djava.security.auth.login.config=FILE names the JAAS file, as in KAFKA_OPTS.",
)
@click.option("-cp", "-classpath", "--class-path", "class_path", hidden=True, expose_value=False)
# Of one letter, so that click takes what stands behind it for the value: `-Xmx256M`, `-Dname=value`.
@click.option("-X", "jvm", multiple=True, hidden=True, expose_value=False)
@click.option("-D", "properties", multiple=True, hidden=True)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=_classes, metavar="CLASS [OPTIONS]")
@click.pass_context
def command(
    ctx: click.Context, *, daemon: bool, service: str | None, properties: tuple[str, ...], words: tuple[str, ...]
) -> int:
    """Run the tool that a main class of Apache's is.

    `ktools run-class kafka.admin.TopicCommand --list` is `ktools topics --list`. kafka-run-class.sh, which `ktools
    shims install` writes, calls it.
    """
    call = list(dropwhile(lambda word: word.startswith("-"), words))  # other options of Java's
    if not call:
        raise UsageError(f"USAGE: {USAGE}")
    tool = _tool(call[0])
    if properties:
        given = (f"-D{each}" for each in properties)
        # Behind what is there already: of two -D of a name Java, as `jaas.system_properties`, takes the last, and
        # bin/kafka-run-class.sh 3.9 has $KAFKA_OPTS before its own words.
        os.environ["KAFKA_OPTS"] = " ".join((os.environ.get("KAFKA_OPTS", ""), *given)).strip()
    if daemon and not _in_background(service or tool.name or ""):
        return 0
    # In the place of run-class: what the tool says of its usage names it, and not this command.
    with tool.make_context(tool.name, call[1:], parent=ctx.parent) as tool_context:
        tool.invoke(tool_context)
    return 0


def _tool(main_class: str) -> ReportCommand | ToolGroup:
    """Return the class's tool. Raises UsageError where ktools has none."""
    name = apache.tool_of(main_class)
    tool = find(name) if name else None
    if tool is not None:
        return tool
    if name:
        raise UsageError(f"ktools: {main_class} is {apache.script(name)}.sh, which ktools does not have")
    known = [each for there in names() for each in apache.MAIN_CLASSES.get(there, ())]
    near = nearest(main_class, known, most=2)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`ktools --help` lists the tools."
    raise UsageError(f"ktools: there is no tool for the class {main_class}. {hint}")


def _in_background(name: str) -> bool:
    """Go on as a process of its own without a terminal; return True in that process and False in the caller's.

    Its output goes to NAME.out in the folder of Kafka's logs. Raises KafkaToolError for a name that is a path, and
    where somebody else's file, or a link, stands there.
    """
    import signal
    from pathlib import Path

    if Path(name).name != name or name == "..":
        raise KafkaToolError(f"-name {name}: a name is needed, not a path")
    folder = Path(os.environ.get("LOG_DIR") or Path(os.environ.get("KAFKA_HOME", "."), "logs"))
    folder.mkdir(parents=True, exist_ok=True)
    output = _emptied(folder / f"{name}.out")
    # Forked before any library starts a thread: threads would not be in the child.
    if os.fork():
        return False
    # Out of the terminal's session: closing the terminal does not end it (`nohup` in Apache's script).
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(source, target)
    return True


def _emptied(path: "Path") -> int:
    """Open a file for writing and return its descriptor: a new one, or a plain one of this user, which is emptied."""
    import stat

    try:
        # O_NONBLOCK: a pipe that nobody reads would keep us here for ever. O_NOFOLLOW covers the last part of the path;
        # the folder is the user's choice. Looked at by its descriptor: the path may become another file meanwhile.
        found = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        there = os.fstat(found)
    except OSError as error:
        raise KafkaToolError(f"cannot write {path}: {error.strerror or error}") from None
    if not stat.S_ISREG(there.st_mode) or there.st_uid != os.getuid() or there.st_nlink != 1:
        os.close(found)
        raise KafkaToolError(f"cannot write {path}: it is not a plain file of yours")
    os.ftruncate(found, 0)
    return found
