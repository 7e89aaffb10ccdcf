"""Text that is longer than the screen goes through the user's pager, as git's does."""

import os
import signal
import sys
from contextlib import suppress

NOT_STARTED = (126, 127)
"""What a shell ends with when it cannot run a command."""

USUAL_LINES = 24

LESS = "FRX"
"""Options of `less`: end at once where everything fits, let colours through, leave the text on the screen."""


def write(text: str) -> None:
    """Write text to stdout, through a pager where that is a terminal and too small. Raises OSError as a write does."""
    # As many lines as the terminal has are too many: the shell's next prompt takes one of them.
    command = _command() if sys.stdout.isatty() and text.count("\n") >= _height() else ""
    if not command or not _page(text, command):
        sys.stdout.write(text)
        sys.stdout.flush()


def _height() -> int:
    """Return how many lines the terminal has; the variable LINES wins."""
    text = os.environ.get("LINES", "")
    if text.isdecimal() and text.isascii() and int(text):
        return int(text)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or USUAL_LINES
    except OSError:
        return USUAL_LINES


def _command() -> str:
    """Return the pager's command line: KTOOLS_PAGER, PAGER, less where there is one; empty where none is wanted."""
    if os.environ.get("TERM", "dumb") == "dumb":
        return ""
    # Set but empty means none, as for git: a variable that is not set means less.
    for name in ("KTOOLS_PAGER", "PAGER"):
        command = os.environ.get(name)
        if command is not None:
            return "" if command.strip() in ("", "cat") else command
    import shutil

    return "less" if shutil.which("less") else ""


def _page(text: str, command: str) -> bool:
    """Let the pager show the text and wait until its user has seen enough; tell whether it could be started."""
    import subprocess

    # What is still in our buffer would come after the pager's first screen.
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
