"""How far a run over records is: what the console tools say of it, and where nothing may be drawn.

The tool hands in what draws it (render/progress.py): the console tools know no renderer.
"""

import os
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

STDOUT = 1


class Progress(Protocol):
    """Takes how far a run is; whether and when it draws that is its own affair."""

    def advance(self, records: int, done: int, total: int | None = None) -> None:
        """Take how many `records` in all are through, and how much of the total, which may be another by now.

        It is called once a round, never once a record.
        """
        ...


ShowProgress = Callable[[str, int | None], AbstractContextManager[Progress]]
"""Makes the progress of a run from words (`consuming orders`) and its end in any unit; None where it shows nothing."""


class Unshown:
    """Progress that nobody sees."""

    def advance(self, records: int, done: int, total: int | None = None) -> None:
        """Do nothing."""


def show_nothing(_words: str, _total: int | None) -> AbstractContextManager[Progress]:
    """Return progress that nobody sees."""
    return nullcontext(Unshown())


def covers_records(descriptor: int = STDOUT) -> bool:
    """Tell whether a bar on the terminal could stand among records that are written to this file descriptor.

    It could on a terminal, and in a pipe, as whoever reads it may show them: `| less`, `| jq`.
    """
    mode = os.fstat(descriptor).st_mode
    return not stat.S_ISREG(mode) and (not stat.S_ISCHR(mode) or os.isatty(descriptor))


def bytes_ahead(descriptor: int) -> int | None:
    """Return how many bytes of a regular file are still to be read; None for anything else."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    return max(0, status.st_size - os.lseek(descriptor, 0, os.SEEK_CUR))
