"""A table that stays on the terminal and renews itself."""

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.units import count
from kafka_tools.render import terminal
from kafka_tools.render.changes import GUTTER, marked_changes, without_marks
from kafka_tools.render.lines import BROKEN, DIM, Line, line_width
from kafka_tools.render.output_options import OutputOptions
from kafka_tools.render.page import page_lines, views
from kafka_tools.render.views import View
from kafka_tools.report import Report

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The alternate screen, no cursor, no wrapping (xterm's control sequences, DECSET)."""

LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"

HOLD, SHOW, HOME, END_OF_LINE, BELOW = "\x1b[?2026h", "\x1b[?2026l", "\x1b[H", "\x1b[K", "\x1b[J"
"""A picture is drawn over the last one and appears at once: nothing flickers."""

TICK_SECONDS = 0.1
"""How often it is seen whether the terminal has another size."""


class Ended(BaseException):
    """SIGTERM or SIGHUP came; its number is the argument."""


def check(options: OutputOptions) -> None:
    """Raise UsageError where nothing can be watched: not on a terminal, or another format than a table."""
    if options.output not in (None, "table"):
        raise UsageError(f"--watch shows tables, it does not go with --output {options.output}")
    if not terminal.is_terminal() or os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "--watch needs a terminal that can move its cursor",
            "In a script: while ktools …; do sleep 5; done",
        )


def watch(action: Callable[[], Report], seconds: float, options: OutputOptions) -> int:
    """Show what `action` returns, anew every so many seconds, until a signal ends it; return 128 + its number.

    A failure of the first action is raised, one of a later action is shown and the next one waited for. Ctrl-C is
    raised as KeyboardInterrupt when the last picture stands on the screen that was there before.
    """
    check(options)
    gc.enable()  # main disabled it: this may run for days
    terminal.stand_in_for_symbols()
    picture = Picture(seconds)
    picture.take(list(views(action(), options)))
    try:
        with _signals_raised(), _own_screen(picture):
            while True:
                picture.draw()
                _wait(seconds, picture)
                try:
                    picture.take(list(views(action(), options)))
                except UsageError:
                    raise
                except KafkaToolError as error:
                    picture.fail(error)
    except Ended as ended:
        return 128 + int(ended.args[0])
    finally:
        picture.leave()


class Picture:
    """What is on the screen: the tables taken last, what changed in them, and why there are no newer ones."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._views: Sequence[View] = ()
        self._taken = ""
        self._failure = ""
        self._columns = 0
        self._lines: list[Line] = []
        self._marked: list[Line] = []
        self._changed = 0
        self._paint = terminal.painter()

    def take(self, shown: Sequence[View]) -> None:
        """Take newer tables, and mark what changed."""
        first, before = not self._views, self._lines
        self._views, self._taken, self._failure = shown, _clock(), ""
        self._arrange()
        if not first:
            self._marked, self._changed = marked_changes(before, self._lines)

    def fail(self, error: KafkaToolError) -> None:
        """Say that there are no newer tables, and since when."""
        self._failure = self._failure or f"{_clock()} {error.message}"

    def draw(self) -> None:
        """Draw the tables over what was there, as much of them as fits."""
        if terminal.columns() != self._columns:
            self._arrange()
        height = terminal.lines()
        lines = [*self._status(), *self._marked]
        if len(lines) > height:
            rest = len(lines) - height + 1
            lines = [*lines[: height - 1], [(f"… {rest} more lines; Ctrl-C shows them all", DIM)]]
        text = "\r\n".join(map(self._over_the_last, lines))
        sys.stdout.write(f"{HOLD}{HOME}{text}{BELOW}{SHOW}")
        sys.stdout.flush()

    def _over_the_last(self, line: Line) -> str:
        """Return a line that hides what stood there; behind the last column, erasing would take the last character."""
        return self._paint(line) + (END_OF_LINE if line_width(line) < self._columns else "")

    def leave(self) -> None:
        """Print the whole of it where the user was before."""
        lines = [*self._failures(), *self._lines, [], [(f"as of {self._taken}", DIM)]]
        sys.stdout.write("".join(f"{self._paint(line)}\n" for line in lines))
        sys.stdout.flush()

    def _arrange(self) -> None:
        self._columns = terminal.columns() or terminal.USUAL_COLUMNS
        self._lines = list(page_lines(self._views, self._columns - GUTTER))
        self._marked, self._changed = without_marks(self._lines), 0

    def _failures(self) -> Iterator[Line]:
        if self._failure:
            yield [(self._failure, BROKEN)]

    def _status(self) -> Iterator[Line]:
        yield from self._failures()
        changed = f"{count(self._changed, 'line')} changed" if self._changed else "no change"
        yield [(f"{self._taken} · every {self._seconds:g} s · {changed} · Ctrl-C ends", DIM)]
        yield []


def _clock() -> str:
    return time.strftime("%H:%M:%S")


def _wait(seconds: float, picture: Picture) -> None:
    """Sleep, and draw the picture anew where the terminal gets another size."""
    until = time.monotonic() + seconds
    size = terminal.columns(), terminal.lines()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, TICK_SECONDS))
        now = terminal.columns(), terminal.lines()
        if now != size:
            picture.draw()
            size = now


@contextmanager
def _own_screen(picture: Picture) -> Iterator[None]:
    """Draw on the alternate screen; a stop (Ctrl-Z) gives the terminal back meanwhile."""

    def stop(number: int, _frame: FrameType | None) -> None:
        _write(LEAVE)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.signal(number, stop)
        _write(ENTER)
        picture.draw()

    before = signal.signal(signal.SIGTSTP, stop)
    _write(ENTER)
    try:
        yield
    finally:
        _write(LEAVE)
        signal.signal(signal.SIGTSTP, before)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _signals_raised() -> Iterator[None]:
    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
