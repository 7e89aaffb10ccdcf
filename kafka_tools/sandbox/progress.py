"""What `up` tells on stderr while jars come in and servers start."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status


class Progress:
    """Takes what happens. As it stands it says nothing; the classes below show it."""

    def stage(self, line: str) -> None:
        """Take the line that says what begins now."""

    def detail(self, line: str) -> None:
        """Take how far the present stage is; comes often."""


class PlainProgress(Progress):
    """A line a stage, for logs and pipes."""

    def stage(self, line: str) -> None:
        """Print the line."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class TerminalProgress(Progress):
    """One line that moves."""

    def __init__(self, status: "Status") -> None:
        self._status = status
        self._stage = ""

    def stage(self, line: str) -> None:
        """Show the line."""
        self._stage = line
        self._show(line)

    def detail(self, line: str) -> None:
        """Show the stage with how far it is."""
        self._show(f"{self._stage}: {line}")

    def _show(self, line: str) -> None:
        from rich.text import Text

        self._status.update(Text(line))


@contextmanager
def shown() -> Iterator[Progress]:
    """Show progress on stderr: a moving line on a terminal, else a line a stage."""
    if not sys.stderr.isatty():
        yield PlainProgress()
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield TerminalProgress(status)
