"""How far a run with a known end is: one line on the user's terminal, renewed a few times a second."""

import os
import stat
import sys
import time
from collections import deque
from types import TracebackType
from typing import Self

from kafka_tools.console.notes import END_OF_LINE, can_draw, put

STDOUT = 1
FIRST_SECONDS = 0.5
"""A run that is shorter shows nothing."""

BETWEEN_SECONDS = 0.1
SAMPLES = 30
"""The rate is that of so many of the last pictures, three seconds."""

LEAST_BAR, WIDEST_BAR = 10, 40
BAR, TIP, REST = "━", "╸", "─"
ASCII = str.maketrans({BAR: "=", TIP: ">", REST: "-"})
USUAL_COLUMNS = 80


def covers_records(descriptor: int = STDOUT) -> bool:
    """Tell whether a line on the terminal could stand among records that are written to this file descriptor.

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


class Progress:
    """A line on stderr where that is a terminal, the end (`total`, in any unit) is known and it is `wanted`; else none.

    `words` say what happens: `consuming orders`. What was drawn last stays when the run is over.
    """

    def __init__(self, words: str, total: int | None, wanted: bool = True) -> None:
        self._words = words
        self._total = total
        self._samples: deque[tuple[float, int, int]] = deque(maxlen=SAMPLES)
        self._began = time.monotonic()
        self._next = self._began + FIRST_SECONDS if wanted and total is not None and can_draw() else float("inf")
        self._last = (0, 0)
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            records, done = self._last
            seconds = time.monotonic() - self._began
            self._draw(records, done, records / seconds, f"in {_clock(seconds)}", "\n")

    def advance(self, records: int, done: int, total: int | None = None) -> None:
        """Show that `records` in all are through, and `done` of the total, which may be another by now.

        It is called once a round.
        """
        self._last = records, done
        self._total = self._total if total is None else total
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + BETWEEN_SECONDS
        then, records_then, done_then = self._samples[0] if self._samples else (self._began, 0, 0)
        self._samples.append((now, records, done))
        speed = (done - done_then) / (now - then)
        left = f"{_clock(((self._total or 0) - done) / speed)} left" if speed > 0 else "waiting"
        self._draw(records, done, (records - records_then) / (now - then), left, "\r")
        self._drawn = True

    def _draw(self, records: int, done: int, rate: float, time_words: str, end: str) -> None:
        share = min(1.0, done / self._total) if self._total else 0.0
        figures = f"{records:,} records  {int(share * 100)} %  {rate:,.0f}/s  {time_words}"
        line = _line(self._words, share, figures, _columns())
        encoding = sys.stderr.encoding or "ascii"
        try:
            line.encode(encoding)
        except UnicodeEncodeError:
            line = line.translate(ASCII).encode(encoding, "replace").decode(encoding)
        put(f"\r{line}{END_OF_LINE}{end}")


def _line(words: str, share: float, figures: str, columns: int) -> str:
    """Return the line in less than `columns`: without its bar, then without its words, where there is no room."""
    room = columns - 1 - len(f"{words}    {figures}")
    if room >= LEAST_BAR:
        return f"{words}  {_bar(share, min(room, WIDEST_BAR))}  {figures}"
    whole = f"{words}  {figures}"
    return whole if len(whole) < columns else figures[: columns - 1]


def _bar(share: float, width: int) -> str:
    full = int(share * width)
    return (BAR * full + (TIP if full < width else "") + REST * width)[:width]


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL_COLUMNS
    except OSError:
        return USUAL_COLUMNS
