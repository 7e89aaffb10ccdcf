"""`ktools`: all the tools, each imported only when it is asked for."""

import sys
from collections.abc import Sequence

from kafka_tools.cli.command import Tool
from kafka_tools.cli.options import GROUP_OPTIONS
from kafka_tools.errors import UsageError, nearest
from kafka_tools.tools import find, names


def run_tool(args: Sequence[str]) -> int:
    """Run `ktools ARGS` and return the exit status. Raises UsageError for what is neither a tool nor an option."""
    from_tool = [number for number, arg in enumerate(args) if not arg.startswith("-")]
    own = args[: from_tool[0]] if from_tool else args
    for arg in own:
        if arg not in ("--help", "--version", "--debug"):
            raise UsageError(f"ktools: no such option: {arg}\nAll options: ktools --help")
    if "--version" in own or "--help" in own or not from_tool:
        return _about("--version" in own)
    return named(args[from_tool[0]]).main(args[from_tool[0] + 1 :])


def _about(version: bool) -> int:
    from kafka_tools.cli import help as texts

    sys.stdout.write(texts.version() if version else texts.of_group(GROUP_OPTIONS, map(named, names())))
    return 0


def named(word: str) -> Tool:
    """Import the tool of this name, also by Apache's (`kafka-topics.sh`). Raises UsageError with the nearest name."""
    name = word.removeprefix("kafka-").removesuffix(".sh")
    tool = find(name)
    if tool is not None:
        return tool
    near = nearest(name, names(), likeness=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else "`ktools --help` lists the tools."
    raise UsageError(f"ktools: unknown tool '{word}'. {hint}")
