"""Runs `scripts/test matrix` beside the tests on clusters, which leave processors idle: a plugin of pytest."""

import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test"


class Matrix:
    """The run on other versions; a failure there is a failure here."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  open until the summary
        self._beside: subprocess.Popen[bytes] | None = None
        self._status = 0

    def pytest_sessionstart(self) -> None:
        """Start it; `scripts/test` gives its unit tests a low priority."""
        self._beside = self._start()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Wait for it. Beside clusters a unit test may be late by chance: what failed runs again once they are gone."""
        assert self._beside is not None
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            with suppress(ProcessLookupError):
                os.killpg(self._beside.pid, signal.SIGKILL)
            return
        self._status = self._beside.wait() and self._start().wait()
        if self._status and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _start(self) -> subprocess.Popen[bytes]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        argv = (SCRIPT, "matrix")
        return subprocess.Popen(argv, env=env, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what it printed."""
        terminalreporter.section("the same on other versions")
        self._log.seek(0)
        terminalreporter.write(self._log.read().decode(errors="replace"))
        if self._status:
            terminalreporter.write_line(f"FAILED scripts/test matrix (status {self._status})", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Have it run once, not in every worker."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(Matrix())
