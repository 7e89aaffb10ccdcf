"""Shows how much of each room the tests reached, at the end of `scripts/test`: a plugin of pytest.

The processes measure themselves where COVERAGE_PROCESS_START is set, those of `ktools` that tests start among them. To
do so takes each 0.15 s of CPU, nearly all of it the import of coverage. Hence `Sampled`: all live tests, every third
recorded case, and none of chaos/, where it is the clock that decides when a signal hits.
"""

import json
import os
import subprocess
import sys
import tempfile
import zlib
from collections import defaultdict
from pathlib import Path

import pytest

SETTING = "COVERAGE_PROCESS_START"
ALL = "all rooms"
EVERY = {"tests/unit/": 1, "tests/live/": 2, "tests/conformance/": 3}


class Sampled:
    """Lets only the processes of some tests measure themselves."""

    def __init__(self, config: str) -> None:
        self._config = config

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Decide by the test's name, so that each run takes the same ones."""
        every = next((number for part, number in EVERY.items() if item.nodeid.startswith(part)), 0)
        if every and zlib.crc32(item.nodeid.encode()) % every == 0:
            os.environ[SETTING] = self._config
        else:
            os.environ.pop(SETTING, None)


class Summary:
    """Prints a line a room when all tests are done."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Put together what the processes left, and print it."""
        terminalreporter.section("coverage of statements and branches")
        for room, (covered, all_) in _by_room().items():
            terminalreporter.write_line(f"{room:<16} {100 * covered / max(1, all_):5.1f} %  of {all_:6,}")


def _by_room() -> dict[str, tuple[int, int]]:
    with tempfile.TemporaryDirectory() as folder:
        env = {name: value for name, value in os.environ.items() if name != SETTING}
        report = Path(folder, "report.json")
        # Not the copy that a test installed elsewhere, whose source is gone by now: the report would fail of it.
        for argv in (
            ("combine", "--append", "--quiet"),
            ("json", "--quiet", "--include=kafka_tools/*", "-o", str(report)),
        ):
            subprocess.run([sys.executable, "-m", "coverage", *argv], env=env, check=False)
        files = json.loads(report.read_text())["files"] if report.exists() else {}
    rooms: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for name, file in files.items():
        parts = Path(name).parts
        summary = file["summary"]
        covered = summary["covered_lines"] + summary["covered_branches"]
        all_ = summary["num_statements"] + summary["num_branches"]
        for room in (parts[1] if len(parts) > 2 else "(top level)", ALL):
            rooms[room] = (rooms[room][0] + covered, rooms[room][1] + all_)
    return dict(sorted(rooms.items(), key=lambda each: (each[0] == ALL, each[0])))


def pytest_configure(config: pytest.Config) -> None:
    """Where coverage is measured, register `Sampled` in every process and the summary in the one that reports."""
    if SETTING in os.environ:
        config.pluginmanager.register(Sampled(os.environ[SETTING]))
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Summary())
