"""The scripts that shells load."""

import os

from kafka_tools.shims import apache
from kafka_tools.tools import names


def script(shell: str) -> str:
    """Return the script for `bash`, `zsh` or `fish`, without the newline at its end; it serves the shims too."""
    path = os.path.join(os.path.dirname(__file__), f"ktools.{shell}")
    with open(path, encoding="utf-8") as file:
        commands = " ".join(("ktools", *apache.scripts(names())))
        return file.read().removesuffix("\n").replace("@COMMANDS@", commands)
