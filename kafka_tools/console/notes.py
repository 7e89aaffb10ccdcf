"""What a streaming tool says on stderr while stdout carries records."""

import sys


def note(text: str) -> None:
    """Write one line on stderr; without effect where stderr is closed."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        return
