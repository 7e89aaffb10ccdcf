"""A table that renews itself: on a real terminal, until a signal ends it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.emulator import Emulator

CODE = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from kafka_tools.errors import KafkaToolError
from kafka_tools.render import OutputOptions
from kafka_tools.render.live import watch
from kafka_tools.report import Report
from kafka_tools.render.views import Table
source = Path(sys.argv[1])
def action():
    words = source.read_text().split()
    if words[0] == "fail":
        raise KafkaToolError("cannot reach b:9092.")
    rows = [SimpleNamespace(name=f"row {number}", value=value) for number, value in enumerate(words)]
    return Report((), {}, (), lambda: [Table(rows, {"name": "Name", "value": "Value"}, title="cluster")])
print("before")
try:
    status = watch(action, 0.05, OutputOptions())
except KafkaToolError as error:
    print(error.message, error.hint)
    status = 1
except KeyboardInterrupt:
    status = 130
print("status", status)
"""


def watched(source: Path, height: int = 20, **env: str) -> Emulator:
    return Emulator(f"import sys; sys.argv[1:] = [{str(source)!r}]\n{CODE}", 60, height, **env)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("one two")
    return path


def replace(source: Path, text: str) -> None:
    new = source.with_suffix(".new")
    new.write_text(text)
    new.rename(source)


def test_it_renews_itself_and_ctrl_c_leaves_the_last_picture(source: Path) -> None:
    emulator = watched(source)
    emulator.wait(lambda: "row 1  two" in emulator.text and "no change" in emulator.text)
    assert "before" not in emulator.text
    replace(source, "one three")
    emulator.wait(lambda: "row 1  three" in emulator.text)
    emulator.child.sendintr()
    assert emulator.end() == 0
    lines = emulator.lines
    assert lines[0] == "before"
    assert lines[1].removeprefix("^C") == "cluster"
    assert lines[-2].startswith("as of ")
    assert [line.split() for line in lines[3:6]] == [["Name", "Value"], ["row", "0", "one"], ["row", "1", "three"]]
    assert lines[-1] == "status 130"
    assert not emulator.screen.cursor.hidden


def test_changes_are_marked(source: Path) -> None:
    emulator = watched(source)
    emulator.wait(lambda: "row 1  two" in emulator.text)
    replace(source, "one three")
    emulator.wait(lambda: "row 1  three" in emulator.text)
    assert "1 line changed" in emulator.bytes
    assert "\x1b[33m▌ \x1b[0m" in emulator.bytes
    assert "\x1b[7mthree\x1b[0m" in emulator.bytes
    emulator.wait(lambda: "no change" in emulator.text)
    assert "▌" not in emulator.text
    emulator.child.sendintr()
    assert emulator.end() == 0


def test_an_empty_force_color_leaves_it_a_terminal(source: Path) -> None:
    emulator = watched(source, FORCE_COLOR="")
    emulator.wait(lambda: "row 1  two" in emulator.text)
    emulator.child.sendintr()
    assert emulator.end() == 0


def test_an_unreachable_cluster_is_said_and_it_goes_on(source: Path) -> None:
    emulator = watched(source)
    emulator.wait(lambda: "row 1  two" in emulator.text)
    replace(source, "fail")
    emulator.wait(lambda: "cannot reach b:9092." in emulator.text)
    assert "row 1  two" in emulator.text
    replace(source, "one four")
    emulator.wait(lambda: "row 1  four" in emulator.text and "cannot reach" not in emulator.text)
    emulator.child.sendintr()
    assert emulator.end() == 0
    assert "cannot reach" not in emulator.text


def test_a_failure_at_first_is_a_failure(source: Path) -> None:
    source.write_text("fail")
    emulator = watched(source)
    assert emulator.end() == 0
    assert [line.rstrip() for line in emulator.lines] == ["before", "cannot reach b:9092.", "status 1"]
    assert "\x1b" not in emulator.bytes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(source: Path, number: signal.Signals) -> None:
    emulator = watched(source)
    emulator.wait(lambda: "row 1  two" in emulator.text)
    emulator.child.kill(number)
    assert emulator.end() == 0
    assert emulator.lines[-1] == f"status {128 + number}"
    assert "\x1b[?1049l" in emulator.bytes
    assert not emulator.screen.cursor.hidden


def test_a_stop_gives_the_terminal_back_meanwhile(source: Path) -> None:
    emulator = watched(source)
    emulator.wait(lambda: "row 1  two" in emulator.text)
    emulator.child.kill(signal.SIGTSTP)
    emulator.wait(lambda: emulator.bytes.count("\x1b[?1049l") == 1)
    emulator.child.kill(signal.SIGCONT)
    emulator.wait(lambda: emulator.bytes.count("\x1b[?1049h") == 2)
    replace(source, "one five")
    emulator.wait(lambda: "row 1  five" in emulator.text)
    emulator.child.sendintr()
    assert emulator.end() == 0


def test_a_picture_higher_than_the_terminal(source: Path) -> None:
    source.write_text(" ".join(map(str, range(30))))
    emulator = watched(source, height=10)
    emulator.wait(lambda: "more lines; Ctrl-C shows them all" in emulator.text)
    assert "row 29" not in emulator.text
    assert len(emulator.lines) == 10
    emulator.child.sendintr()
    assert emulator.end() == 0
    assert emulator.bytes.rstrip().split("\r\n")[-4].strip() == "row 29  29"


def test_another_size_of_the_terminal_is_drawn_at_once(source: Path) -> None:
    source.write_text(" ".join(["word"] * 20))
    emulator = watched(source, height=30)
    emulator.wait(lambda: "row 19" in emulator.text)
    emulator.screen.resize(12, 60)
    emulator.child.setwinsize(12, 60)
    emulator.wait(lambda: "more lines" in emulator.text)
    emulator.child.sendintr()
    assert emulator.end() == 0


def test_a_terminal_that_cannot_move_its_cursor(source: Path) -> None:
    emulator = watched(source, TERM="dumb")
    assert emulator.end() == 0
    assert "--watch needs a terminal that can move its cursor" in emulator.text


def test_a_pipe(source: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, str(source)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("before\n--watch needs a terminal")
