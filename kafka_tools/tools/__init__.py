"""One file a tool, named as the tool: console_consumer.py is `ktools console-consumer`."""

import importlib

from kafka_tools.cli.command import ReportCommand, ToolGroup


def names() -> list[str]:
    """Return the names of all tools, sorted, without importing them."""
    import pkgutil

    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def find(name: str) -> ReportCommand | ToolGroup | None:
    """Import the tool of this name, as `ktools --help` spells it; None where there is none."""
    module = f"{__name__}.{name.replace('-', '_')}"
    if not name.replace("-", "").isalnum():
        return None
    try:
        tool: ReportCommand | ToolGroup = importlib.import_module(module).command
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
    return tool
