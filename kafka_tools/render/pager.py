"""Text that is longer than the screen goes through the user's pager, as git's does."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

from kafka_tools.render import terminal

NOT_STARTED = (126, 127)
"""What a shell ends with when it cannot run a command."""

LESS = "FRX"
"""Options of `less`: end at once where everything fits, let colours through, leave the text on the screen."""


def write(text: str) -> None:
    """Write text to stdout, through a pager where that is a terminal and too small. Raises OSError as a write does."""
    command = _command() if terminal.is_terminal() and text.count("\n") >= terminal.lines() else ""
    if not command or not _page(text, command):
        sys.stdout.write(text)
        sys.stdout.flush()


def _command() -> str:
    """Return the pager's command line: KTOOLS_PAGER, PAGER, less where there is one; empty where none is wanted."""
    if os.environ.get("TERM", "dumb") == "dumb":
        return ""
    for name in ("KTOOLS_PAGER", "PAGER"):
        command = os.environ.get(name)
        if command is not None:
            return "" if command.strip() in ("", "cat") else command
    from shutil import which

    return "less" if which("less") else ""


def _page(text: str, command: str) -> bool:
    """Let the pager show the text and wait until its user has seen enough; tell whether it could be started."""
    sys.stdout.flush()
    environ = {"LESS": LESS} | os.environ
    with subprocess.Popen(command, shell=True, stdin=subprocess.PIPE, env=environ) as pager:
        own = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's while it runs
        try:
            with suppress(BrokenPipeError):  # its user left before the end
                pager.communicate(text.encode(sys.stdout.encoding, sys.stdout.errors or "strict"))
        finally:
            signal.signal(signal.SIGINT, own)
    return pager.returncode not in NOT_STARTED
