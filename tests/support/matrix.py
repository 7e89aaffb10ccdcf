"""Runs `scripts/test matrix` after the tests on clusters: a plugin of pytest."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "test"


class Matrix:
    """The run on other versions, after this one; a failure there is a failure here."""

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  open until the summary
        self._status = 0

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Run it once the clusters are gone: beside them unit tests, which have one run, would be late by chance."""
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return
        argv = (SCRIPT, "matrix")
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        self._status = subprocess.run(argv, env=env, stdout=self._log, stderr=subprocess.STDOUT, check=False).returncode
        if self._status and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

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
