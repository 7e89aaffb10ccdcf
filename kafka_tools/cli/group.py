"""`ktools`: all the tools, each imported only when it is asked for."""

import importlib
import sys
from collections.abc import Sequence

from kafka_tools import tools
from kafka_tools.cli.command import Tool
from kafka_tools.cli.joptsimple import Option
from kafka_tools.cli.options import HELP, VERSION
from kafka_tools.errors import UsageError, nearest

DEBUG = Option(("--debug",), "Show a traceback if ktools itself fails.")


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

    options = (VERSION, DEBUG, HELP)
    sys.stdout.write(texts.version() if version else texts.of_group(options, map(named, names())))
    return 0


def names() -> list[str]:
    """Return the names of all tools, sorted, without importing them."""
    import pkgutil

    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(tools.__path__))


def named(word: str) -> Tool:
    """Import the tool of this name, also by Apache's (`kafka-topics.sh`). Raises UsageError with the nearest name."""
    name = word.removeprefix("kafka-").removesuffix(".sh")
    module = f"kafka_tools.tools.{name.replace('-', '_')}"
    try:
        if name.replace("-", "").isalpha():
            tool: Tool = importlib.import_module(module).command
            return tool
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
    near = nearest(name, names(), likeness=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else "`ktools --help` lists the tools."
    raise UsageError(f"ktools: unknown tool '{word}'. {hint}")
