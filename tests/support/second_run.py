"""Runs tests on clusters that failed once more, alone, and names them: a plugin of pytest, used by `scripts/test`.

Those tests start some thirty Java processes; on a machine that is shared one of them now and then stands still for
seconds, which is no fault of the product. A test that fails twice fails the run. Unit tests have one run.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

TWICE = ("tests/live/", "tests/chaos/", "tests/conformance/")
MOST = 20
"""More failures than these are a fault, not a machine that stood still: they are not run again."""

OPTIONS = ("-p", "no:xdist", "-p", "no:tests.support.second_run", "-p", "no:tests.support.coverage_summary", "-q")


class SecondRun:
    """Listens to the end of the run; what failed first and passed then counts as passed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._first_failures: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Run the failed tests again once the workers, and with them their clusters, are gone."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        stats = reporter.stats
        failed: dict[str, str] = {}
        for report in (*stats.get("failed", ()), *stats.get("error", ())):  # a test may have failed and its end, too
            failed[report.nodeid] = failed.get(report.nodeid, "") + report.longreprtext + "\n"
        again = [test for test in failed if test.startswith(TWICE)]
        if not again or len(again) > MOST or session.shouldfail or session.shouldstop:
            return
        reporter.write_sep("=", "once more, alone: what failed on clusters")
        still = _failed_again(again)
        self._first_failures = {test: failed[test] for test in again if test not in still}
        for kind in ("failed", "error"):
            gone = [report for report in stats.get(kind, ()) if report.nodeid in self._first_failures]
            stats[kind] = [report for report in stats.get(kind, ()) if report not in gone]
            stats.setdefault("passed", []).extend(report for report in gone if report.when != "teardown")
        if not stats["failed"] and not stats["error"]:
            session.exitstatus = pytest.ExitCode.OK

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show why the first run failed, and name the tests."""
        if not self._first_failures:
            return
        terminalreporter.section("first of two runs")
        for test, text in self._first_failures.items():
            terminalreporter.write_sep("_", test)
            terminalreporter.write_line(text)
        for test in self._first_failures:
            terminalreporter.write_line(f"needed a second run: {test}")


def _failed_again(tests: Sequence[str]) -> set[str]:
    """Run the tests in one process of their own and return those that failed again."""
    with tempfile.TemporaryDirectory() as cache:
        argv = [sys.executable, "-m", "pytest", *OPTIONS, "-o", f"cache_dir={cache}", *tests]
        status = subprocess.run(argv, check=False).returncode
        if status == pytest.ExitCode.OK:
            return set()
        failed = Path(cache, "v", "cache", "lastfailed")
        known = set(json.loads(failed.read_text())) if failed.exists() else set()
    return known & set(tests) if status == pytest.ExitCode.TESTS_FAILED and known else set(tests)


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin, not in the workers that pytest-xdist starts."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SecondRun(config))
