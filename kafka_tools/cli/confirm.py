"""Asking before something is done that cannot be taken back."""

import sys


def confirmed(question: str) -> bool:
    """Ask on a terminal whether to go on and return the answer; nobody is asked, and it goes on, in a pipe."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
