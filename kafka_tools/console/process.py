"""What both loops share with their process: signals, the collector, lines on stderr, and how far a run is."""

import gc
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import Protocol

from kafka_tools.model.shown import safe

LOOK_SECONDS = 0.1

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether the user wants to end, and by which signal."""

    def __init__(self) -> None:
        self.signal = 0

    def __bool__(self) -> bool:
        return self.signal != 0

    @property
    def status(self) -> int:
        """The exit status a shell expects: 130 for Ctrl-C, 143 for SIGTERM; 0 where nobody asked to end."""
        return 128 + self.signal if self.signal else 0


@contextmanager
def stop_by_signal(on_stop: Callable[[], None] = lambda: None) -> Iterator[Stop]:
    """Note the first signal instead of dying of it, then call `on_stop`; a second signal ends the process at once.

    A signal the process was started to ignore (`nohup`, `command &` in a script) stays ignored.
    """
    stop = Stop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number in SIGNALS if before[number] is not signal.SIG_IGN]

    def remember(number: int, _frame: FrameType | None) -> None:
        stop.signal = number
        # The next one is the kernel's affair: it ends the process though a call of librdkafka's should never return.
        for each in heard:
            signal.signal(each, signal.SIG_DFL)
        on_stop()

    for number in heard:
        signal.signal(number, remember)
    try:
        yield stop
    finally:
        for number in heard:
            signal.signal(number, before[number])


def end_aside(call: Callable[[], object], seconds: float, waits: Callable[[], bool] = lambda: True) -> bool:
    """Run a call in a thread; return whether it ended in so many seconds, while `waits` said to go on waiting for it.

    For calls of librdkafka's that take no limit, and wait long for a dead cluster: meanwhile signals are heard here,
    and `waits` is asked ten times a second. What the call raises is lost, what `waits` raises ends the waiting.
    """
    worker = threading.Thread(target=call, daemon=True)
    worker.start()
    deadline = time.monotonic() + seconds
    while worker.is_alive() and (left := deadline - time.monotonic()) > 0:
        worker.join(min(LOOK_SECONDS, left))
        if worker.is_alive() and not waits():
            break
    return not worker.is_alive()


def time_ms() -> int:
    """Return the time in ms since 1970."""
    return time.time_ns() // 1_000_000


YOUNG_OBJECTS = 100_000
"""More than a round of a loop makes: records go by reference count alone, and what is left over is still collected."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Keep the collector from walking through every batch of records."""
    # Not gc.disable(), which is as fast: a run of days would keep every cycle that a library leaves.
    thresholds, was_enabled = gc.get_threshold(), gc.isenabled()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not was_enabled:
            gc.disable()


END_OF_LINE = "\x1b[K"
"""Erases what stands right of the cursor (ECMA-48's ERASE IN LINE)."""


def note(text: str) -> None:
    """Write one line on stderr, over a progress line that stands there; without effect where stderr is closed."""
    put(f"{safe(text)}{END_OF_LINE if can_draw() else ''}\n")


def can_draw() -> bool:
    """Tell whether stderr is a terminal that can write over a line."""
    # sys.stderr is None where the process was started with 2>&-; TERM is unset in cron and "dumb" in editors' shells.
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def put(text: str) -> None:
    """Write text on stderr at once; without effect where stderr is closed."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    # A terminal that was closed, a full disk: records go on, as nobody is left who could be told.
    except OSError:
        return


STDOUT = 1


class Progress(Protocol):
    """Is told how far a run is, and decides by itself whether and when to draw that."""

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
    # /dev/null is a character device and no terminal: nothing that is drawn on stderr can stand among what goes there.
    mode = os.fstat(descriptor).st_mode
    return not stat.S_ISREG(mode) and (not stat.S_ISCHR(mode) or os.isatty(descriptor))


def bytes_ahead(descriptor: int) -> int | None:
    """Return how many bytes of a regular file are still to be read; None for anything else."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return None
    # From where it stands: `{ read heading; ktools console-producer …; } < file` begins behind the first line.
    return max(0, status.st_size - os.lseek(descriptor, 0, os.SEEK_CUR))
