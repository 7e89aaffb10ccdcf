"""What a person sees: real terminals (ptys) of several widths, drawn by a terminal emulator."""

import os
import sys

import pexpect
import pyte
import pytest

CODE = """
import gc, sys
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.render import emit
from kafka_tools.report import Report
from kafka_tools.tools.topics.describe import _view
topic = TopicDescription("[red]orders", "7W7R5IOeRrOyHTNXKg", (
    Partition(0, 1, (1, 2, 3), (1, 3)), Partition(1, 3, (2, 3, 1), (3, 1)), Partition(2, None, (4,), (4,))),
    {"retention.ms": "604800000", "min.insync.replicas": "2"})
sys.exit(emit(Report((), {}, (), lambda: [_view(topic, frozenset({1, 2, 3}))]), None))
"""


def screen(width: int, **env: str) -> tuple[list[str], pyte.Screen]:
    """Run CODE on a terminal of this width and return its lines, and the screen with its colours."""
    variables = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    child = pexpect.spawn(
        sys.executable,
        ["-c", CODE],
        dimensions=(40, width),
        env=variables | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | env,
        encoding="utf-8",
    )
    child.expect(pexpect.EOF, timeout=30)
    drawn = pyte.Screen(width, 40)
    pyte.Stream(drawn).feed(child.before)
    child.close()
    assert child.exitstatus == 0
    return "\n".join(line.rstrip() for line in drawn.display).strip().split("\n"), drawn


def test_a_wide_terminal() -> None:
    lines, drawn = screen(160)
    assert lines == [
        "[red]orders   3 partitions · RF 3 · min.insync.replicas=2 · retention.ms=604800000 · id 7W7R5IOeRrOyHTNXKg",
        "1 offline · 2 under-replicated · 1 not led by its preferred replica",
        "",
        "  Partition  Leader  Replicas  Missing  State",
        "          0       1  ★1 ✗2 ●3  2        under-replicated",
        "          1       3  ✗2 ★3 ●1  2        under-replicated; preferred leader 2 is out",
        "          2       -  ◌4                 offline: no leader",
        "",
        "★ leader  ● in sync  ✗ out of sync  ◌ broker down   first replica = preferred leader",
    ]
    colors = {drawn.buffer[row][column].fg for row in range(9) for column in range(80)}
    assert {"red", "brown"} <= colors  # pyte's name for yellow is brown
    assert drawn.buffer[0][0].bold


def test_a_narrow_terminal_loses_a_column_and_cuts_nothing() -> None:
    lines, _ = screen(72)
    assert "Missing" not in "".join(lines)
    assert lines[:2] == [
        "[red]orders   3 partitions · RF 3 · min.insync.replicas=2",
        "  retention.ms=604800000 · id 7W7R5IOeRrOyHTNXKg",
    ]
    assert "          1       3  ✗2 ★3 ●1  under-replicated; preferred leader 2 is" in lines


def test_without_utf_8_the_symbols_are_ascii() -> None:
    lines, _ = screen(100, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert "          1       3  x2 *3 o1  2        under-replicated; preferred leader 2 is out" in lines
    assert lines[-1] == "* leader  o in sync  x out of sync  - broker down   first replica = preferred leader"


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colour_the_words_say_it(env: dict[str, str]) -> None:
    lines, drawn = screen(100, **env)
    assert {drawn.buffer[row][column].fg for row in range(12) for column in range(100)} == {"default"}
    assert any(line.split() == ["2", "-", "◌4", "offline:", "no", "leader"] for line in lines)
