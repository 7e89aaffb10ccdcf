"""What a person sees of a table: real terminals (ptys) of several widths, drawn by a terminal emulator."""

import os
import subprocess
import sys
from functools import partial

import pytest

from tests.support.emulator import Emulator

CODE = """
import sys
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.render import OutputOptions, emit
from kafka_tools.report import Report
from kafka_tools.tools.topics.views import topic_tables
topic = TopicDescription("[red]orders", "7W7R5IOeRrOyHTNXKg", (
    Partition(0, 1, (1, 2, 3), (1, 3)), Partition(1, 3, (2, 3, 1), (3, 1)), Partition(2, None, (4,), (4,))),
    {"retention.ms": "604800000", "flush.messages": "\\x1b[2J"}, 2)
report = Report((), {}, (), lambda: topic_tables([topic], {1, 2, 3}))
"""
SUITABLY = f"{CODE}sys.exit(emit(report))"
AS_A_TABLE = f"{CODE}sys.exit(emit(report, OutputOptions('table')))"


def drawn(width: int, **env: str) -> Emulator:
    emulator = Emulator(SUITABLY, width, **env)
    assert emulator.end() == 0
    return emulator


def test_a_wide_terminal() -> None:
    emulator = drawn(160)
    facts, *rest = emulator.lines
    assert facts.startswith(
        "[red]orders   3 partitions · RF 1 to 3 · min ISR 2 · flush.messages=\\x1b[2J · retention.ms="
    )
    assert facts.endswith(" · id 7W7R5IOeRrOyHTNXKg")
    assert rest == [
        "1 offline · 2 under-replicated · 2 at min ISR · 1 not led by its preferred replica",
        "",
        "  Partition  Leader  Replicas  Missing  State",
        "          0       1  ★1 ✗2 ●3  2        under-replicated, at min ISR",
        "          1       3  ✗2 ★3 ●1  2        under-replicated, at min ISR; preferred leader 2 is out",
        "          2       -  ◌4                 offline: no leader until broker 4 is back",
        "",
        "★ leader  ● in sync  ✗ out of sync  ◌ broker down  first replica = preferred leader",
    ]
    colors = {emulator.screen.buffer[row][column].fg for row in range(9) for column in range(80)}
    assert {"red", "brown"} <= colors  # pyte's name for yellow is brown
    assert emulator.screen.buffer[0][0].bold


def test_a_narrow_terminal_loses_a_column_and_cuts_nothing() -> None:
    lines = drawn(72).lines
    assert "Missing" not in "".join(lines)
    assert lines[0] == "[red]orders   3 partitions · RF 1 to 3 · min ISR 2"
    assert lines[1].startswith("  flush.messages=")
    at = lines.index("          1       3  ✗2 ★3 ●1  under-replicated, at min ISR; preferred")
    assert lines[at + 1].strip() == "leader 2 is out"
    assert max(map(len, lines)) <= 72


def test_without_utf_8_the_symbols_are_ascii() -> None:
    lines = drawn(100, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0").lines
    assert "          1       3  x2 *3 o1  2        under-replicated, at min ISR; preferred leader 2 is out" in lines
    assert lines[-1] == "* leader  o in sync  x out of sync  - broker down  first replica = preferred leader"
    assert "".join(lines).isascii()


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}])
def test_without_colour_the_words_say_it(env: dict[str, str]) -> None:
    emulator = drawn(100, **env)
    colors = {emulator.screen.buffer[row][column].fg for row in range(12) for column in range(100)}
    assert colors == {"default"}
    assert any(line.split()[:4] == ["2", "-", "◌4", "offline:"] for line in emulator.lines)
    assert ("\x1b[" in emulator.bytes) == ("TERM" not in env)


def test_columns_of_the_environment_win() -> None:
    assert max(map(len, drawn(160, COLUMNS="60").lines)) <= 60


def test_colours_into_a_pipe_only_where_they_are_asked_for() -> None:
    run = partial(subprocess.run, [sys.executable, "-c", AS_A_TABLE], capture_output=True, text=True, check=True)
    assert run().stdout.startswith("[red]orders   3 partitions")
    assert "\x1b" not in run().stdout
    assert "\x1b[1;31m" in run(env=os.environ | {"FORCE_COLOR": "1"}).stdout


EVIL = """
import sys
from kafka_tools.render import emit
from kafka_tools.report import Report
status = emit(Report((), {}, ["orders\\x1b[2J\\tx"], names_only=True, notes=["a note\\x1b[2J"]))
print("rich" in sys.modules)
"""


def test_plain_text_and_notes_do_nothing_to_a_terminal() -> None:
    emulator = Emulator(EVIL, 80)
    assert emulator.end() == 0
    assert [line.split() for line in emulator.lines] == [["orders\\x1b[2J", "x"], ["a", "note\\x1b[2J"], ["False"]]


def test_plain_text_in_a_pipe_is_as_it_is_and_needs_no_rich() -> None:
    done = subprocess.run([sys.executable, "-c", EVIL], capture_output=True, text=True, check=True)
    assert done.stdout == "orders\x1b[2J\tx\nFalse\n"
    assert done.stderr == "a note\\x1b[2J\n"


MANY = f"""{CODE}
import time
rows = tuple(Partition(number, 1, (1, 2, 3), (1, 2, 3)) for number in range(3000))
many = TopicDescription("orders", None, rows, {{}}, 2)
before = time.process_time()
emit(Report((), {{}}, (), lambda: topic_tables([many], {{1, 2, 3}})))
print(time.process_time() - before)
"""


def test_three_thousand_partitions_are_not_drawn_by_rich_table() -> None:
    """rich.table takes 0.8 ms a row, Segments 0.03 ms; the limit leaves room for a machine that is busy."""
    emulator = Emulator(MANY, 100, 3100, PAGER="cat")
    assert emulator.end() == 0
    assert emulator.lines[-4].split() == ["2999", "1", "★1", "●2", "●3"]
    assert float(emulator.lines[-1]) < 1.2
