"""How far a long run is: bars of rich.progress on stderr, only where that is a terminal that can write over a line.

The records bar of the console tools is drawn at most five times a second, by the round that happens to be due: a frame
costs 1 to 2 ms, so that a run at a million records a second loses less than one hundredth, and no second thread takes
the interpreter from the loop.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kafka_tools.console.process import can_draw
from kafka_tools.model.shown import safe
from kafka_tools.report import Stages

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, TaskID

FIRST_SECONDS = 0.5
"""A run that is shorter shows nothing, and does not import rich (some 45 ms of CPU)."""

BETWEEN_SECONDS = 0.2
SAMPLES = 15
"""The rate is that of so many of the last frames, three seconds."""

LEAST_BAR, WIDEST_BAR = 10, 40
LEAST_WITH_STAGE_BAR = 100
"""On a narrower terminal words say more in the same room: at 80 columns there were none left for rate and time."""

TOTAL = 10_000
"""The whole of a bar, in rich's whole numbers."""


class RecordsBar:
    """A bar for a run over records whose end is known: `total`, in any unit, such as offsets or bytes.

    `words` say what happens: `consuming orders`. With `total` None nothing is ever shown, or where it `counts` how many
    records there were, without a bar. The frame that was drawn last stays on the terminal when the run is over. `clock`
    counts seconds.
    """

    def __init__(
        self, words: str, total: int | None, clock: Callable[[], float] = time.monotonic, counts: bool = False
    ) -> None:
        self._words = words
        self._total = total
        self._clock = clock
        self._began = clock()
        # Infinity: one comparison a round is all that a run without a bar costs.
        is_shown = (total is not None or counts) and can_draw()
        self._next = self._began + FIRST_SECONDS if is_shown else float("inf")
        self._samples: deque[tuple[float, int, int]] = deque(maxlen=SAMPLES)
        self._last = (0, 0)
        self._bar: _Bar | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            records, done = self._last
            seconds = self._clock() - self._began
            self._draw(records, done, records / seconds, f"in {_hours(seconds)}")
            self._bar.stop()

    def advance(self, records: int, done: int, total: int | None = None) -> None:
        """Take how many `records` in all are through, and how much of the total, which may be another by now.

        It is called once a round of the loop, and draws only where a frame is due.
        """
        self._last = records, done
        self._total = self._total if total is None else total
        now = self._clock()
        if now < self._next:
            return
        self._next = now + BETWEEN_SECONDS
        then, records_then, done_then = self._samples[0] if self._samples else (self._began, 0, 0)
        self._samples.append((now, records, done))
        speed = (done - done_then) / (now - then)
        # Of the samples, not of the whole run: a consumer that waited an hour for its first record is not slow.
        if self._total is None:
            left = f"for {_hours(now - self._began)}"
        else:
            left = f"{_hours((self._total - done) / speed)} left" if speed > 0 else "waiting"
        self._draw(records, done, (records - records_then) / (now - then), left)

    def _draw(self, records: int, done: int, rate: float, time_words: str) -> None:
        if self._bar is None:
            self._bar = _Bar(self._words)
        # Records come while it runs, so that more than the total may be done.
        share = min(1.0, done / self._total) if self._total else 0.0
        percent = "" if self._total is None else f"{int(share * 100)} %  "
        self._bar.draw(share, f"{records:,} records  {percent}{rate:,.0f}/s  {time_words}", self._total is not None)


def _hours(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}"


class _Bar:
    """One line of rich.progress that is drawn when it is told to."""

    def __init__(self, words: str) -> None:
        from rich.progress import Progress

        from kafka_tools.render.terminal import error_console

        self._words = safe(words)
        self._console = error_console()
        # rich would put a proxy in place of sys.stdout, and write each line that goes there above the bar.
        self._progress = Progress(
            console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._task: TaskID | None = None

    def draw(self, share: float, figures: str, has_end: bool = True) -> None:
        """Draw a frame over the last one, in less than the terminal's width; without a bar where there is no end."""
        # Anew for each frame: the terminal may have another size, and the figures get longer.
        self._progress.columns = tuple(_columns(self._console, self._words, figures, has_end))
        completed = int(share * TOTAL)
        if self._task is None:
            self._task = self._progress.add_task(
                "", total=TOTAL, completed=completed, words=self._words, figures=figures
            )
            self._progress.start()
            self._console.show_cursor()  # a process that is killed cannot show it again
        else:
            self._progress.update(self._task, completed=completed, figures=figures)
            self._progress.refresh()
        # At the line's beginning, so that a note on stderr (console/process.py) is written over the bar.
        self._console.file.write("\r")
        self._console.file.flush()

    def stop(self) -> None:
        """Leave the last frame and go to the next line."""
        self._progress.stop()


def _columns(console: "Console", words: str, figures: str, has_end: bool) -> "Iterator[ProgressColumn]":
    """Yield what a line shows: without its bar, then without its words, where there is no room."""
    from rich.cells import cell_len
    from rich.progress import BarColumn, TextColumn

    # One column less than there are: a line that fills the last one may be wrapped, and would not be drawn over.
    room = console.width - 1 - cell_len(f"{words}  {figures}") - 2
    if room + 2 >= 0:
        yield TextColumn("{task.fields[words]} ", markup=False)
    if has_end and room >= LEAST_BAR:
        yield BarColumn(min(room, WIDEST_BAR))
        yield TextColumn(" {task.fields[figures]}", markup=False)
    else:
        yield TextColumn("{task.fields[figures]}", markup=False)


class StageLines(Stages):
    """Prints a line for each stage, for logs and pipes; details come too often for a log."""

    def stage(self, line: str) -> None:
        """Print the line."""
        sys.stderr.write(f"{safe(line)}\n")
        sys.stderr.flush()


class StageBar(Stages):
    """One line that moves: the stage, a bar where its parts can be counted, and what happens in it."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, words="", counted="")

    def stage(self, line: str) -> None:
        """Show the line."""
        self._progress.reset(self._task, description=safe(line), total=None, words="", counted="")

    def detail(self, words: str, done: int = 0, total: int | None = None) -> None:
        """Show what happens and how far it is."""
        counted = "" if total is None else f"{done} of {total}"
        self._progress.update(self._task, completed=done, total=total, words=safe(words), counted=counted)


@contextmanager
def stages() -> Iterator[Stages]:
    """Show stages on stderr while the block runs: a moving line on a terminal, else a line a stage."""
    if not can_draw():
        yield StageLines()
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
    from rich.table import Column

    from kafka_tools.render.terminal import error_console

    console = error_console()
    # rich takes from all columns alike where a line is too long: the stage and the count would be cut before the words.
    # A stage that is longer than the line (why a plan pauses) goes on in the next one.
    whole, rest = Column(), Column(no_wrap=True, ratio=1)
    columns: Sequence[ProgressColumn] = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=whole),
        *([BarColumn(20)] if console.width >= LEAST_WITH_STAGE_BAR else []),
        TextColumn("{task.fields[counted]}", markup=False),
        TextColumn("{task.fields[words]}", style="dim", markup=False, table_column=rest),
    )
    with Progress(*columns, console=console, expand=True, transient=True, refresh_per_second=5) as progress:
        yield StageBar(progress)


@contextmanager
def waiting() -> Iterator[Stages]:
    """Show what is waited for while the block runs, by `stage`: on a terminal only, where somebody sits and waits."""
    if not can_draw():
        yield Stages()
        return
    with stages() as shown:
        yield shown
