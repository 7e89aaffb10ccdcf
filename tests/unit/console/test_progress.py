"""The progress line, and where it must not be."""

import io
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console import progress
from kafka_tools.console.notes import note
from kafka_tools.console.progress import Progress, _line, bytes_ahead, covers_records


class Screen(io.TextIOWrapper):
    """A stderr that may be a terminal."""

    def __init__(self, is_terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def fileno(self) -> int:
        raise OSError("not a file")

    def shown(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)


class Clock:
    """Time that stands still until it is told to go on."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    stopped = Clock()
    monkeypatch.setattr(progress, "time", stopped)
    monkeypatch.setenv("TERM", "xterm")
    return stopped


def on(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def consume(clock: Clock, total: int | None = 200_000, wanted: bool = True) -> None:
    with Progress("consuming orders", total, wanted) as shown:
        shown.advance(10, 10)
        clock.now += 1
        shown.advance(50_000, 100_000)
        clock.now += 1
        shown.advance(100_000, 200_000)


def test_records_rate_share_and_time_left(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    consume(clock)
    first, second, last = (part.strip("\r\n\x1b[K") for part in screen.shown().split("\r") if part.strip("\n"))
    assert first.startswith("consuming orders  ━")
    assert first.endswith("50,000 records  50 %  50,000/s  0:00:01 left")
    assert second.endswith("100,000 records  100 %  50,000/s  0:00:00 left")
    assert last.endswith("100,000 records  100 %  50,000/s  in 0:00:02")
    assert screen.shown().endswith("\x1b[K\n")


def test_a_total_that_grows(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    with Progress("consuming orders", 0) as shown:
        clock.now += 1
        shown.advance(0, 0)
        clock.now += 1
        shown.advance(100, 100, 400)
    assert "  0 %  " in screen.shown()
    assert "  25 %  " in screen.shown()
    assert "waiting" in screen.shown()


@pytest.mark.parametrize(("total", "wanted"), [(None, True), (100, False)])
def test_nothing_is_shown_unasked(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, total: int | None, wanted: bool
) -> None:
    screen = on(Screen(), monkeypatch)
    consume(clock, total, wanted)
    assert screen.shown() == ""


@pytest.mark.parametrize(("is_terminal", "term"), [(False, "xterm"), (True, "dumb"), (True, "")])
def test_nothing_is_shown_where_a_line_cannot_move(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, term: str
) -> None:
    monkeypatch.setenv("TERM", term or "dumb")
    screen = on(Screen(is_terminal), monkeypatch)
    consume(clock)
    assert screen.shown() == ""


def test_a_short_run_shows_nothing(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    with Progress("consuming orders", 10) as shown:
        clock.now += 0.4
        shown.advance(10, 10)
    assert screen.shown() == ""


def test_a_terminal_without_utf_8_gets_ascii(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(encoding="ascii"), monkeypatch)
    consume(clock)
    assert "=>--" in screen.shown()


def test_a_note_hides_the_line_it_is_written_over(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    with Progress("consuming orders", 10) as shown:
        clock.now += 1
        shown.advance(1, 1)
        note("Waiting.")
        assert screen.shown().endswith("\rWaiting.\x1b[K\n")


@given(st.text(max_size=30), st.floats(0, 1), st.integers(1, 300))
def test_a_line_fits(words: str, share: float, columns: int) -> None:
    assert len(_line(words, share, "1,204,331 records  60 %  812,000/s  0:00:01 left", columns)) < columns


def test_records_on_a_terminal_or_in_a_pipe_would_be_covered(tmp_path: Path) -> None:
    terminal, reading, writing = *pty.openpty()[1:], *os.pipe()
    with (tmp_path / "records").open("wb") as file, Path(os.devnull).open("wb") as nothing:
        seen = [covers_records(each) for each in (terminal, writing, file.fileno(), nothing.fileno())]
    assert seen == [True, True, False, False]
    for each in (terminal, reading, writing):
        os.close(each)


def test_what_is_ahead_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"abcdef")
    with path.open("rb", buffering=0) as file:
        assert bytes_ahead(file.fileno()) == 6
        file.read(4)
        assert bytes_ahead(file.fileno()) == 2
    reading, writing = os.pipe()
    assert bytes_ahead(reading) is None
    os.close(reading)
    os.close(writing)
