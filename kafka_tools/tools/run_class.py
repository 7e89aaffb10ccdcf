"""`ktools run-class`: kafka-run-class.sh (bin/kafka-run-class.sh of Kafka 3.9), for the classes that are tools here."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from kafka_tools.cli.command import Tool
from kafka_tools.errors import UsageError, nearest
from kafka_tools.shims import apache
from kafka_tools.tools import find, names

USAGE = "kafka-run-class.sh [-daemon] [-name servicename] [-loggc] classname [opts]"
HELP = """Usage: ktools run-class [-daemon] [-name SERVICE] [-loggc] CLASS [OPTIONS]

  Run the tool that a main class of Apache's is: `ktools run-class kafka.admin.TopicCommand --list` is `ktools topics
  --list`. kafka-run-class.sh, which `ktools shims install` writes, calls it.

Options:
  -daemon        Run it in the background; its output goes to SERVICE.out in $LOG_DIR, or in logs.
  -name SERVICE  The name of that file. Default: the tool's.
  -loggc         Taken without effect, as are options of Java (-X…, -D…, -cp PATH): there is no JVM. Only
                 -Djava.security.auth.login.config=FILE names the JAAS file, as in KAFKA_OPTS.
"""
WITH_VALUE = ("-cp", "-classpath", "--class-path")


class Call(NamedTuple):
    """What stands before the class: a daemon's name (None for the foreground; "" for the tool's) and Java's -D options;
    then the class with its arguments."""

    daemon: str | None
    properties: tuple[str, ...]
    command: tuple[str, ...]


class RunClass(NamedTuple):
    """The tool that runs other tools; see `kafka_tools.cli.command.Tool`."""

    name: str = "run-class"
    section: str = "Scripts"
    summary: str = "Run a tool by its Java class, as kafka-run-class.sh does."

    def main(self, args: Sequence[str]) -> int:
        """Run the class's tool and return its status. Raises UsageError for a class that is no tool of ktools."""
        call = _parsed(args)
        if call.command[:1] == ("--help",):
            import sys

            sys.stdout.write(HELP)
            return 0
        if not call.command:
            raise UsageError(f"USAGE: {USAGE}")
        tool = _tool(call.command[0])
        if call.properties:
            os.environ["KAFKA_OPTS"] = " ".join((*call.properties, os.environ.get("KAFKA_OPTS", ""))).strip()
        if call.daemon is not None and not _in_background(call.daemon or tool.name):
            return 0
        return tool.main(call.command[1:])


command = RunClass()


def _parsed(args: Sequence[str]) -> Call:
    daemon, name, properties = False, "", []
    words = list(reversed(args))
    while words and words[-1].startswith("-") and words[-1] != "--help":
        word = words.pop()
        if word == "-daemon":
            daemon = True
        elif word == "-name" and words:
            name = words.pop()
        elif word in WITH_VALUE and words:
            words.pop()
        elif word.startswith("-D"):
            properties.append(word)
    return Call(name if daemon else None, tuple(properties), tuple(reversed(words)))


def _tool(main_class: str) -> Tool:
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
    """Go on as a process of its own without a terminal; return True in that process and False in the caller's."""
    import signal
    from pathlib import Path

    folder = Path(os.environ.get("LOG_DIR") or Path(os.environ.get("KAFKA_HOME", "."), "logs"))
    folder.mkdir(parents=True, exist_ok=True)
    output = os.open(folder / f"{name}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    if os.fork():
        return False
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(source, target)
    return True
