"""Tables that change while a person looks at them: `--watch`, drawn by rich.live, and the growing table of records."""

import gc
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
from itertools import pairwise
from types import FrameType
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.shown import safe
from kafka_tools.model.units import count
from kafka_tools.render.output_options import OutputOptions
from kafka_tools.render.page import Page, views
from kafka_tools.render.terminal import BROKEN, CHANGED, DIM, RISK, live_console, output_console
from kafka_tools.render.views import View
from kafka_tools.render.words import GAP, text_width
from kafka_tools.report import Report

Line = list[Segment]

HOLD, SHOW = "\x1b[?2026h", "\x1b[?2026l"
"""Around a frame, which so appears at once and does not flicker (synchronized output; rich has none of its own)."""

TICK_SECONDS = 0.1
"""How often it is seen whether the terminal has another size."""

BAR, NO_BAR = "▌ ", "  "


# No Exception: it is raised wherever the main thread is, and may not end in an `except Exception` of a library.
class Ended(BaseException):
    """SIGTERM or SIGHUP came; its number is the argument."""


def check(options: OutputOptions) -> None:
    """Raise UsageError where nothing can be watched: not on a terminal, or another format than a table."""
    if options.output not in (None, "table"):
        raise UsageError(f"--watch shows tables, it does not go with --output {options.output}")
    if not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        raise UsageError(
            "--watch needs a terminal that can move its cursor",
            "In a script: while ktools …; do sleep 5; done",
        )


def watch(action: Callable[[], Report], seconds: float, options: OutputOptions) -> int:
    """Show what `action` returns, anew every so many seconds, until a signal ends it; return 128 + its number.

    A failure of the first action is raised, one of a later action is shown and the next one waited for. Ctrl-C is
    raised as KeyboardInterrupt when the last frame stands on the screen that was there before.
    """
    check(options)
    gc.enable()  # main disabled it: this may run for days
    screen = Screen(live_console(), seconds)
    # Before the other screen is taken: a failure of the first action is told as without --watch.
    screen.take(views(action(), options))
    try:
        # Signals first: one that comes while the other screen is taken gives it back, too.
        with _signals_raised(), screen.shown():
            while True:
                screen.wait()
                try:
                    screen.take(views(action(), options))
                # A column that is not there will not come: no outage that passes.
                except UsageError:
                    raise
                except KafkaToolError as error:
                    screen.fail(error)
                screen.draw()
    except Ended as ended:
        return 128 + int(ended.args[0])
    finally:
        # Behind `shown`: the user is back on the first screen, where the last tables stay to be scrolled and copied.
        screen.print_last()


class Screen:
    """What is on the screen: the tables taken last, what changed in them, and why there are no newer ones."""

    def __init__(self, console: Console, seconds: float) -> None:
        self._console = console
        self._seconds = seconds
        self._page = Page(())
        self._taken = self._failure = ""
        self._size = console.size
        self._lines: list[Line] = []
        self._marked: list[Line] = []
        self._changed = 0
        # Not Live(screen=True), which fills the screen with blanks: tmux keeps those as history where it gets smaller.
        # Without its thread and its stand-ins for stdout and stderr: a frame is drawn when there is a new one.
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def take(self, shown: Sequence[View]) -> None:
        """Take newer tables, and mark what changed."""
        first, before = not self._taken, self._lines
        self._page, self._taken, self._failure = Page(shown), _clock(), ""
        self._arrange()
        if not first:
            self._marked, self._changed = marked_changes(before, self._lines, self._console)

    def fail(self, error: KafkaToolError) -> None:
        """Say that there are no newer tables, and since when."""
        # The first failure stays until tables come again: how long it lasts is what one wants to know.
        self._failure = self._failure or f"{_clock()} {safe(error.message)}"

    def draw(self) -> None:
        """Draw the tables over what was there, as much of them as fits."""
        if self._console.size != self._size:
            self._size = self._console.size
            self._arrange()
            self._console.clear()
        # Rows beyond the screen cannot be scrolled to, as the next frame would jump back: they are counted instead.
        lines = [*self._status(), *self._marked]
        if len(lines) > self._size.height:
            rest = len(lines) - self._size.height + 1
            more = self._line(f"… {rest} more lines; Ctrl-C shows them all", DIM)
            lines = [*lines[: self._size.height - 1], more]
        self._write(HOLD)
        self._live.update(Lines(lines), refresh=True)
        self._write(SHOW)

    def wait(self) -> None:
        """Wait until the next tables are due, and draw anew where the terminal gets another size."""
        until = time.monotonic() + self._seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, TICK_SECONDS))
            if self._console.size != self._size:
                self.draw()

    def print_last(self) -> None:
        """Print the whole of it where the user was before."""
        if self._failure:
            self._console.print(Text(self._failure, BROKEN))
        self._console.print(self._page, crop=False, end="")
        self._console.print(Text(f"\nas of {self._taken}", DIM))

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Draw on the terminal's other screen; a stop (Ctrl-Z) gives the terminal back meanwhile."""

        def stop(number: int, _frame: FrameType | None) -> None:
            self._leave()
            # Only the default action really stops the process. When the shell lets it go on, it is on the line below.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            signal.signal(number, stop)
            self._enter()

        before = signal.signal(signal.SIGTSTP, stop)
        try:
            self._enter()
            yield
        finally:
            self._leave()
            signal.signal(signal.SIGTSTP, before)

    def _enter(self) -> None:
        self._console.set_alt_screen(True)
        self._live.start()
        self.draw()

    def _leave(self) -> None:
        self._live.stop()
        self._console.set_alt_screen(False)

    def _arrange(self) -> None:
        room = self._console.options.update(width=max(1, self._size.width - cell_len(BAR)))
        self._lines = self._console.render_lines(self._page, room, pad=False)
        self._marked, self._changed = [[Segment(NO_BAR), *line] for line in self._lines], 0

    def _status(self) -> Iterator[Line]:
        if self._failure:
            yield self._line(self._failure, BROKEN)
        changed = f"{count(self._changed, 'line')} changed" if self._changed else "no change"
        yield self._line(f"{self._taken} · every {self._seconds:g} s · {changed} · Ctrl-C ends", DIM)
        yield []

    def _line(self, text: str, style: str) -> Line:
        return [Segment(text, self._console.get_style(style))]

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


class Lines:
    """Draws lines of Segments as they are."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, line in enumerate(self._lines):
            # None behind the last line: a frame as high as the screen would scroll it.
            if number:
                yield Segment.line()
            yield from line


def _clock() -> str:
    return time.strftime("%H:%M:%S")


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


def marked_changes(before: Sequence[Line], now: Sequence[Line], console: Console) -> tuple[list[Line], int]:
    """Return the newer lines with a bar before each that is new and its new words reversed, and how many are new."""
    bar, reverse = Segment(BAR, console.get_style(RISK)), console.get_style(CHANGED)
    old, new = [_words(line) for line in before], [_words(line) for line in now]
    marked: list[Line] = []
    changed = 0
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        lines = now[new_start:new_end]
        if kind == "equal":
            marked += [[Segment(NO_BAR), *line] for line in lines]
        elif end - start == new_end - new_start:
            # As many lines as before: each is the newer form of one, and only its new words are marked.
            pairs = zip(lines, old[start:end], strict=True)
            marked += [[bar, *_reversed(line, _new_parts(was, line), reverse)] for line, was in pairs]
        else:
            marked += [[bar, *line] for line in lines]
        changed += 0 if kind == "equal" else len(lines)
    return marked, changed


def _text(line: Line) -> str:
    return "".join(segment.text for segment in line)


def _words(line: Line) -> tuple[str, ...]:
    """Return the words of a line: where they stand does not matter."""
    return tuple(_text(line).split())


def _new_parts(before: Sequence[str], now: Line) -> list[tuple[int, int]]:
    """Return where the words of a line stand that were not there before: from which character to which."""
    parts: list[tuple[int, int]] = []
    words = list(re.finditer(r"\S+", _text(now)))
    # autojunk would leave out what occurs often in long lines, such as the ids of brokers.
    matcher = SequenceMatcher(None, before, [word[0] for word in words], autojunk=False)
    for kind, _, _, start, end in matcher.get_opcodes():
        for word in words[start:end] if kind != "equal" else ():
            # New words side by side are one mark, the blank between them too.
            follows = parts and parts[-1][1] == word.start() - 1
            parts.append((parts.pop()[0] if follows else word.start(), word.end()))
    return parts


def _reversed(line: Line, parts: Sequence[tuple[int, int]], reverse: Style) -> Iterator[Segment]:
    """Yield the line with these parts of its text reversed."""
    position = 0
    for piece, style, _ in line:
        cuts = {min(max(cut - position, 0), len(piece)) for part in parts for cut in part}
        for first, last in pairwise(sorted({0, len(piece), *cuts})):
            new = any(start <= position + first < end for start, end in parts)
            yield Segment(piece[first:last], (style or Style.null()) + reverse if new else style)
        position += len(piece)


LEAST_FOLDED = 12
"""No column of a growing table is folded into less."""

ROOMY = 40
"""The last column of a growing table has a claim to so much before others are shown in one line."""


class GrowingColumn(NamedTuple):
    """One column: numbers stand right, long texts fold, and an `is_optional` one appears with its first text.

    One that does not fold may still be narrowed to `least` columns where the room is needed.
    """

    heading: str
    is_number: bool = False
    folds: bool = False
    is_optional: bool = False
    least: int = 0


class GrowingTable:
    """As wide as the terminal, in a pipe as wide as need be.

    The first rows say how wide columns are; where a later row does not fit, or the terminal has another size, the
    headings come again, above it. Not rich.live, which draws a region over and over: rows scroll away, come at up to
    100,000 a second, and are written by the consumer, which commits the offsets of those whose bytes were taken.
    """

    def __init__(self, columns: Sequence[GrowingColumn]) -> None:
        self._columns = columns
        # By number of the column: the widest text so far, which never shrinks, so that headings come again rarely.
        self._needed = dict.fromkeys(range(len(columns)), 0)
        # The columns that are shown, as wide as they are since the last headings.
        self._widths: dict[int, int] = {}
        # Those in which a text of any length fits, as it is folded there: it brings no new headings.
        self._fits_all: set[int] = set()
        self._console = output_console()
        self._on_terminal = sys.stdout.isatty()
        self._terminal_width = self._console.width

    def text(self, rows: Sequence[Sequence[str]]) -> str:
        """Return the lines of more rows, a text a column each."""
        cells = [[safe(text) for text in row] for row in rows]
        lines = self._headings(cells) if cells and not self._fits(cells) else []
        for row in cells:
            lines += self._row(row)
        return "".join([f"{line}\n" for line in lines])

    def _fits(self, cells: Sequence[Sequence[str]]) -> bool:
        if not self._widths or self._console.width != self._terminal_width:
            return False
        return all(
            _columns_for(row[number]) <= self._widths.get(number, 0)
            for number in self._needed
            if number not in self._fits_all
            for row in cells
        )

    def _headings(self, cells: Sequence[Sequence[str]]) -> list[str]:
        """Choose how wide columns are from now on, and return the line of their headings."""
        between = [""] if self._widths else []
        self._terminal_width = self._console.width
        for number, column in enumerate(self._columns):
            needed = max(self._needed[number], *(_columns_for(row[number]) for row in cells))
            if needed or not column.is_optional:
                self._needed[number] = max(needed, text_width(column.heading))
        self._widths = {number: needed for number, needed in self._needed.items() if needed}
        self._fits_all = set()
        folding = [number for number in self._widths if self._columns[number].folds]
        if folding:
            self._fits_all.add(folding[-1])
            if self._on_terminal:
                self._fold(folding, self._terminal_width)
        # Captured, not printed: the consumer writes all bytes of a round, as it must know whether they were taken.
        line = self._line({number: self._columns[number].heading for number in self._widths})
        with self._console.capture() as captured:
            self._console.print(Text(line, DIM), soft_wrap=True, end="")
        return [*between, captured.get()]

    def _fold(self, folding: Sequence[int], columns: int) -> None:
        """Share what numbers and times leave: the last column that folds gets the most of it."""
        *others, last = folding
        # Times and ids are shortened before a key or a value is folded into a narrow strip.
        if self._room(folding, columns) < ROOMY + sum(self._needed[number] for number in others):
            self._narrow(columns)
        room = self._room(folding, columns)
        # One share for each of them and one more for the last, which is the record's value.
        most = max(LEAST_FOLDED, room // (len(folding) + 1))
        for number in others:
            if self._widths[number] >= most:
                self._widths[number] = most
                self._fits_all.add(number)
            room -= self._widths[number]
        self._widths[last] = max(LEAST_FOLDED, room)

    def _narrow(self, columns: int) -> None:
        if self._room((), columns) >= 0:
            return
        for number, column in enumerate(self._columns):
            if column.least and number in self._widths:
                self._widths[number] = column.least
                self._fits_all.add(number)

    def _room(self, folding: Sequence[int], columns: int) -> int:
        """Return what all but these columns leave."""
        taken = sum(taken for number, taken in self._widths.items() if number not in folding)
        return columns - taken - len(GAP) * (len(self._widths) - 1)

    def _row(self, row: Sequence[str]) -> list[str]:
        parts = {
            number: wrapped(row[number], taken)
            if self._on_terminal and text_width(row[number]) > taken
            else [row[number]]
            for number, taken in self._widths.items()
        }
        return [
            self._line({n: part[line] if line < len(part) else "" for n, part in parts.items()})
            for line in range(max(map(len, parts.values())))
        ]

    def _line(self, texts: dict[int, str]) -> str:
        cells = []
        for number, text in texts.items():
            blanks = " " * (self._widths[number] - text_width(text))
            cells.append(blanks + text if self._columns[number].is_number else text + blanks)
        return GAP.join(cells).rstrip(" ")


def _columns_for(text: str) -> int:
    """Return how many columns a text needs: one at least, so that also a lone mark of no width has its column."""
    return max(text_width(text), bool(text))


def wrapped(text: str, columns: int) -> list[str]:
    """Return the text in pieces of at most so many columns, broken behind a blank where that is not far from their end.

    Nothing is left out: all pieces together are the text.
    """
    pieces = []
    start = 0
    while start < len(text):
        end = _end(text, start, columns)
        blank = text.rfind(" ", start + (end - start) // 2, end)
        if blank >= 0 and end < len(text):
            end = blank + 1
        pieces.append(text[start:end])
        start = end
    return pieces


def _end(text: str, start: int, columns: int) -> int:
    """Return where a piece that begins at `start` has to end: after one character at least."""
    piece = text[start : start + columns]
    if piece.isascii():
        return start + len(piece)
    taken = 0
    for number, character in enumerate(piece):
        taken += text_width(character)
        if taken > columns and number:
            return start + number
    return start + len(piece)
