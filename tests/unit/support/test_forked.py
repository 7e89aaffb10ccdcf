"""Runs of `ktools` that are forked: they end and print as those that a shell starts."""

import os
import subprocess
import sys

import pytest

from tests.support import forked, leaks
from tests.support.servers import serving, silent


@pytest.mark.parametrize(
    ("argv", "stdin"),
    [
        (["--version"], b""),
        (["topics"], b""),
        (["no-such-tool", "ü"], b""),
        (["shims"], b"x" * 300_000),  # more than a pipe holds, and nobody reads it
    ],
)
def test_a_run_is_as_one_of_a_shell(argv: list[str], stdin: bytes) -> None:
    command = [sys.executable, "-m", "kafka_tools", *argv]
    usual = subprocess.run(command, input=stdin, capture_output=True, check=False)
    run = forked.run(argv, stdin, 30, os.environ)
    assert (run.returncode, run.stdout, run.stderr) == (usual.returncode, usual.stdout, usual.stderr)


def test_a_run_has_its_own_environment() -> None:
    run = forked.run(["topics", "--list"], b"", 30, os.environ | {"KTOOLS_BOOTSTRAP_SERVERS": "[::1"})
    assert b"[::1" in run.stderr
    assert b"[::1" not in forked.run(["topics"], b"", 30, os.environ).stderr


def test_what_python_reads_when_it_starts_is_obeyed() -> None:
    run = forked.run(["no-such-tool"], b"", 30, os.environ | {"PYTHONVERBOSE": "1"})
    assert b"import 'site'" in run.stderr


def test_a_run_that_takes_too_long_is_killed_and_the_next_one_is_none_the_worse() -> None:
    with serving(silent) as port, pytest.raises(subprocess.TimeoutExpired):
        forked.run(["topics", "--list", "--bootstrap-server", f"127.0.0.1:{port}"], b"", 0.5, os.environ)
    assert forked.run(["--version"], b"", 30, os.environ).returncode == 0


def test_passwords_are_looked_for_in_what_it_prints() -> None:
    with pytest.MonkeyPatch.context() as patch:
        leaks.watch(patch)
        with pytest.raises(AssertionError):
            forked.run(["hunter2"], b"", 30, os.environ)
