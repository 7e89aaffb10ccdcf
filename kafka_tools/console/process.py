"""What both loops ask of their process: signals that are wishes to end, and a garbage collector that rarely runs."""

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

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


YOUNG_OBJECTS = 100_000
"""More than a round of a loop makes: records go by reference count alone, and what is left over is still collected."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Keep the collector from walking through every batch of records."""
    thresholds, was_enabled = gc.get_threshold(), gc.isenabled()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not was_enabled:
            gc.disable()
