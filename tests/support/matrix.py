"""Runs `scripts/test matrix` beside the tests on clusters, which wait a lot: a plugin of pytest."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test"


class Matrix:
    """The run on other versions, from the start of this one; a failure there is a failure here."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  open until the summary
        argv = (SCRIPT, "--no-coverage", "matrix")
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            argv, env=env, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Wait for it, or end it where this run was interrupted: its tests take their clusters down."""
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            os.killpg(self._process.pid, signal.SIGTERM)
        if self._process.wait() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what it printed."""
        terminalreporter.section("the same on other versions")
        self._log.seek(0)
        terminalreporter.write(self._log.read().decode(errors="replace"))
        if self._process.returncode:
            terminalreporter.write_line(f"FAILED scripts/test matrix (status {self._process.returncode})", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Start it once, not in every worker."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.pluginmanager.register(Matrix())
