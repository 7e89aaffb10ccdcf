"""Progress bars: on a terminal that can draw them, and nowhere else."""

import io
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kafka_tools.console.process import note
from kafka_tools.render.progress import RecordsBar
from tests.support.emulator import Emulator

ESCAPES = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")


class Screen(io.TextIOWrapper):
    """A stderr that may be a terminal."""

    def __init__(self, is_terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="backslashreplace", write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def shown(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode(self.encoding)

    def frames(self) -> list[str]:
        """Return the lines that were drawn over one another."""
        frames = (frame.strip() for frame in re.split("[\r\n]", ESCAPES.sub("", self.shown())))
        return [frame for frame in frames if frame]


class Clock:
    """Time that stands still until it is told to go on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def on(screen: Screen, monkeypatch: pytest.MonkeyPatch, columns: int = 100, **env: str) -> Screen:
    for name, value in {"TERM": "xterm", "COLUMNS": str(columns), "LINES": "40", **env}.items():
        monkeypatch.setenv(name, value)
    for name in {"NO_COLOR", "FORCE_COLOR"} - set(env):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def consume(total: int | None = 200_000, words: str = "consuming orders") -> None:
    clock = Clock()
    with RecordsBar(words, total, clock) as bar:
        bar.advance(10, 10)
        clock.now += 1
        bar.advance(50_000, 100_000)
        clock.now += 1
        bar.advance(100_000, 200_000)


def test_records_rate_share_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    consume()
    first, *_, last = screen.frames()
    assert first.startswith("consuming orders  ━")
    assert first.endswith("━  50,000 records  50 %  50,000/s  0:00:01 left")
    assert any(frame.endswith("100,000 records  100 %  50,000/s  0:00:00 left") for frame in screen.frames())
    assert last.endswith("100,000 records  100 %  50,000/s  in 0:00:02")
    assert screen.shown().rstrip("\x1b[?25h").endswith("\n")


def test_a_total_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    clock = Clock()
    with RecordsBar("consuming orders", 0, clock) as bar:
        clock.now += 1
        bar.advance(0, 0)
        clock.now += 1
        bar.advance(100, 100, 400)
    assert "  0 %  " in screen.shown()
    assert "  25 %  " in screen.shown()
    assert "waiting" in screen.shown()


def test_frames_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    clock = Clock()
    with RecordsBar("consuming orders", 10_000, clock) as bar:
        for number in range(10_000):
            clock.now += 0.0005
            bar.advance(number, number)
    assert 20 <= len(set(screen.frames())) <= 5 * 5


def test_without_a_known_end_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    consume(total=None)
    assert screen.shown() == ""


def test_without_a_known_end_records_can_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    clock = Clock()
    with RecordsBar("consuming orders", None, clock, counts=True) as bar:
        clock.now += 1
        bar.advance(50_000, 50_000)
        clock.now += 1
        bar.advance(100_000, 100_000)
    first, *_, last = screen.frames()
    assert first == "consuming orders  50,000 records  50,000/s  for 0:00:01"
    assert last == "consuming orders  100,000 records  50,000/s  in 0:00:02"


@pytest.mark.parametrize(("is_terminal", "term"), [(False, "xterm"), (True, "dumb")])
def test_nothing_is_shown_where_a_line_cannot_move(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, term: str
) -> None:
    screen = on(Screen(is_terminal), monkeypatch, TERM=term, FORCE_COLOR="1")
    consume()
    assert screen.shown() == ""


def test_a_short_run_shows_nothing_and_imports_no_rich() -> None:
    code = (
        "import sys; from kafka_tools.render.progress import RecordsBar\n"
        "with RecordsBar('consuming orders', 10) as bar: bar.advance(10, 10)\n"
        "print('rich' in sys.modules)"
    )
    emulator = Emulator(code, 80)
    assert emulator.end() == 0
    assert emulator.lines == ["False"]


def test_a_terminal_without_utf_8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(encoding="ascii"), monkeypatch)
    consume()
    assert "consuming orders  ----" in screen.frames()[0]


def test_without_colour_the_bar_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch, NO_COLOR="1")
    consume()
    assert re.search("━{3}╸? ", screen.frames()[0])


def test_a_note_hides_the_bar_it_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    clock = Clock()
    with RecordsBar("consuming orders", 10, clock) as bar:
        clock.now += 1
        bar.advance(1, 1)
        note("Waiting.")
        assert screen.shown().endswith("\rWaiting.\x1b[K\n")


def test_names_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on(Screen(), monkeypatch)
    consume(words="consuming [red]x[/] {task.total}\x1b[2J")
    assert screen.frames()[0].startswith(r"consuming [red]x[/] {task.total}\x1b[2J")


@given(st.text(max_size=30), st.integers(20, 300))
def test_a_line_fits(words: str, columns: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        screen = on(Screen(), monkeypatch, columns)
        consume(words=words)
        assert screen.frames()
        assert all(cell_len(frame) < max(columns, 60) for frame in screen.frames())


STAGES = """
from kafka_tools.render.progress import stages
with stages() as progress:
    progress.stage("Fetching [red]jars[/]")
    for number in range(3):
        progress.detail("kafka\\x1b[2J.jar", number, 3)
    pause()
    progress.stage("Starting 3 brokers")
    progress.detail("broker-1")
    pause()
print("up")
"""


def on_terminal(code: str, columns: int) -> Emulator:
    """Run the code on a terminal; a pause lasts until a line is sent, however slow the machine is."""
    emulator = Emulator("import sys; pause = sys.stdin.readline" + code, columns)
    emulator.child.setecho(False)
    return emulator


def test_stages_on_a_terminal_are_one_line_that_goes_away() -> None:
    emulator = on_terminal(STAGES, 100)
    emulator.wait(lambda: "2 of 3" in emulator.text)
    assert len(emulator.lines) == 1
    assert "Fetching [red]jars[/]" in emulator.text
    assert r"kafka\x1b[2J.jar" in emulator.text
    emulator.child.sendline()
    emulator.wait(lambda: "Starting 3 brokers" in emulator.text and "broker-1" in emulator.text)
    assert "2 of 3" not in emulator.text
    emulator.child.sendline()
    assert emulator.end() == 0
    assert emulator.lines == ["up"]
    assert not emulator.screen.cursor.hidden


def test_the_stage_and_the_count_are_whole_on_a_narrow_terminal() -> None:
    words = "2.5 MiB of 16.4 MiB · 277.4 KiB/s · 51 s left · 4,202 records behind"
    code = STAGES.replace("Fetching [red]jars[/]", "Moving 27 partitions")
    code = code.replace(
        "Starting 3 brokers", f"Paused (out of sync: {', '.join(f't-{number}' for number in range(15))})"
    )
    emulator = on_terminal(code.replace("kafka\\x1b[2J.jar", words), 80)
    emulator.wait(lambda: "Moving 27 partitions 2 of 3 2.5 MiB of 16.4 MiB · 277.4 KiB/s · 51 s" in emulator.text)
    assert len(emulator.lines) == 1
    emulator.child.sendline()
    emulator.wait(lambda: "Paused (out of sync: t-0" in emulator.text and "t-13, t-14)" in emulator.text)
    assert len(emulator.lines) == 2
    emulator.child.sendline()
    assert emulator.end() == 0
    assert emulator.lines == ["up"]


def test_stages_in_a_pipe_are_lines() -> None:
    code = "pause = int" + STAGES
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "Fetching [red]jars[/]\nStarting 3 brokers\n"
