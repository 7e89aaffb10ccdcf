"""A test on a cluster that failed is run once more, alone, and named; all others have one run."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SEEN = """
from pathlib import Path
import pytest

def seen():
    file = Path(__file__).with_suffix(".seen")
    there = file.exists()
    file.touch()
    return there
"""
FAILS_AT_FIRST = f"{SEEN}\ndef test_a():\n    assert seen(), 'the machine stood still'\n"
FAILS_IN_ITS_SETUP = f"{SEEN}\n@pytest.fixture\ndef cluster():\n    assert seen()\n\ndef test_b(cluster):\n    pass\n"
FAILS_AND_ITS_END_FAILS = f"""{SEEN}
@pytest.fixture
def cluster():
    there = seen()
    yield there
    assert there, 'the end, too'

def test_d(cluster):
    assert cluster, 'the reason'
"""
FAILS_TWICE = "def test_c():\n    assert False\n"


def run(folder: Path, *options: str, **tests: str) -> tuple[int, list[str]]:
    """Run one test file a part as `scripts/test` does; return the status and the lines."""
    (folder / "pytest.ini").touch()
    for name, text in tests.items():
        file = folder / "tests" / name.partition("_")[0] / f"test_{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    argv = (sys.executable, "-m", "pytest", "-p", "tests.support.second_run", "tests", *options)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.splitlines()


def named(lines: list[str]) -> set[str]:
    return {line.rpartition(" ")[2] for line in lines if line.startswith("needed a second run: ")}


def test_what_passes_the_second_time_is_named_and_counts_as_passed(tmp_path: Path) -> None:
    workers = ("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")
    status, lines = run(tmp_path, *workers, live=FAILS_AT_FIRST, chaos=FAILS_IN_ITS_SETUP)
    assert status == 0
    assert named(lines) == {"tests/live/test_live.py::test_a", "tests/chaos/test_chaos.py::test_b"}
    assert "2 passed" in lines[-1]
    assert "failed" not in lines[-1]
    assert any("the machine stood still" in line for line in lines)


def test_why_the_first_run_failed_is_shown_whole(tmp_path: Path) -> None:
    status, lines = run(tmp_path, live=FAILS_AND_ITS_END_FAILS)
    assert status == 0
    for reason in ("the reason", "the end, too"):
        assert any(line.startswith("E ") and reason in line for line in lines), reason


def test_what_fails_twice_fails_the_run(tmp_path: Path) -> None:
    status, lines = run(tmp_path, live_1=FAILS_AT_FIRST, live_2=FAILS_TWICE)
    assert status == 1
    assert named(lines) == {"tests/live/test_live_1.py::test_a"}
    assert "1 failed, 1 passed" in lines[-1]


def test_unit_tests_have_one_run(tmp_path: Path) -> None:
    status, lines = run(tmp_path, unit=FAILS_AT_FIRST, conformance=FAILS_AT_FIRST)
    assert status == 1
    assert named(lines) == {"tests/conformance/test_conformance.py::test_a"}
    assert "1 failed, 1 passed" in lines[-1]
