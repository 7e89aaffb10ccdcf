"""Asking before something is done that cannot be taken back."""

import sys


def is_asked() -> bool:
    """Say whether a person sits at a terminal who can answer."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def confirmed(question: str) -> bool:
    """Ask on a terminal whether to go on and return the answer; nobody is asked, and it goes on, in a pipe."""
    if not is_asked():
        return True
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
