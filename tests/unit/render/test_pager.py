"""What is longer than the screen goes through the user's pager, on a terminal only."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.emulator import Emulator

CODE = """
import sys
from kafka_tools.render import OutputOptions, emit
from kafka_tools.report import Report
from kafka_tools.render.views import Table
from types import SimpleNamespace
rows = [SimpleNamespace(number=number) for number in range({rows})]
lines = [f"line {{number}}" for number in range({rows})]
report = Report((), {{}}, lines, lambda: [Table(rows, {{"number": "Number"}})], names_only={names_only}, status=3)
status = emit(report, OutputOptions({output!r}))
print("status", status)
sys.exit(status)
"""
MARKING = "sed s/^/paged:/"


def code(rows: int = 30, output: str | None = None, names_only: bool = False) -> str:
    return CODE.format(rows=rows, output=output, names_only=names_only)


@pytest.mark.parametrize(
    ("variables", "paged"),
    [
        ({"PAGER": MARKING}, True),
        ({"KTOOLS_PAGER": MARKING, "PAGER": "cat"}, True),
        ({"KTOOLS_PAGER": "", "PAGER": MARKING}, False),
        ({"KTOOLS_PAGER": "cat", "PAGER": MARKING}, False),
        ({"PAGER": ""}, False),
        ({"PAGER": MARKING, "TERM": "dumb"}, False),
        ({"PAGER": f"cat | {MARKING}"}, True),
    ],
)
@pytest.mark.parametrize("names_only", [False, True])
def test_a_long_result(variables: dict[str, str], paged: bool, names_only: bool) -> None:
    emulator = Emulator(code(names_only=names_only), 40, 20, **variables)
    assert emulator.end() == 3
    assert ("paged:" in emulator.bytes) == paged
    assert emulator.lines[-1] == "status 3"
    assert emulator.lines[-2].removeprefix("paged:").split() == (["line", "29"] if names_only else ["29"])


@pytest.mark.parametrize(
    ("text", "height"), [(code(rows=10), 20), (code(output="json"), 20), (code(output="plain"), 20), (code(), 50)]
)
def test_what_is_short_or_for_a_program_is_not_paged(text: str, height: int) -> None:
    emulator = Emulator(text, 40, height, PAGER=MARKING)
    assert emulator.end() == 3
    assert "paged:" not in emulator.bytes


def test_nothing_is_paged_in_a_pipe() -> None:
    done = subprocess.run(
        [sys.executable, "-c", code(300)], env={"PAGER": MARKING}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "".join(f"line {number}\n" for number in range(300)) + "status 3\n"


def test_a_pager_that_is_not_there() -> None:
    emulator = Emulator(code(), 40, 20, PAGER="/not/there")
    assert emulator.end() == 3
    assert emulator.lines[-2:] == ["    29", "status 3"]


def test_leaving_the_pager_early_is_no_failure() -> None:
    emulator = Emulator(code(20_000), 40, 20, PAGER="head -2 >&2")
    assert emulator.end() == 3
    assert emulator.lines[-1] == "status 3"


PAGER_THAT_WAITS = """
import sys, time
sys.stdin.read()
try:
    print("ready", end="", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("caught")
"""


def test_ctrl_c_is_the_pagers(tmp_path: Path) -> None:
    pager = tmp_path / "pager.py"
    pager.write_text(PAGER_THAT_WAITS)
    emulator = Emulator(code(), 40, 20, PAGER=f"{sys.executable} {pager}")
    emulator.wait(lambda: "ready" in emulator.text)
    emulator.child.sendintr()
    assert emulator.end() == 3
    assert emulator.lines[-2:] == ["ready^Ccaught", "status 3"]
