"""Processes: recognised for certain, never ended by mistake, never started unrecorded."""

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from kafka_tools.sandbox import endpoints, processes
from kafka_tools.sandbox.processes import Gated, Process


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path))


@pytest.fixture
def sleeper(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A child that sleeps and whose command line names a file in `home`."""
    child = subprocess.Popen(
        ["/bin/sh", "-c", "sleep 60; :", f"{home}/broker-1/server.properties"], start_new_session=True
    )
    yield child
    child.kill()
    child.wait()


def recorded(child: subprocess.Popen[bytes]) -> Process:
    return Process(child.pid, endpoints.started(child.pid) or "")


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_a_process_of_ours_is_known_and_ended(sleeper: subprocess.Popen[bytes], home: Path) -> None:
    process = recorded(sleeper)
    assert process.is_ours(home)
    processes.end([process], home)
    assert sleeper.wait(5) < 0
    assert not process.is_ours(home)


def test_a_pid_used_anew_is_left_alone(sleeper: subprocess.Popen[bytes], home: Path) -> None:
    process = replace(recorded(sleeper), started="12345")
    assert not process.is_ours(home)
    processes.end([process], home, grace_seconds=0.1)
    processes.kill([process], home)
    assert sleeper.poll() is None


def test_a_process_of_another_folder_is_left_alone(sleeper: subprocess.Popen[bytes], home: Path) -> None:
    process = recorded(sleeper)
    for other in (home / "broker-1/server", home.parent / home.name[:-1], Path("/nowhere")):
        assert not process.is_ours(other)
        processes.end([process], other, grace_seconds=0.1)
    assert sleeper.poll() is None


def test_a_process_recorded_without_a_start_is_left_alone(sleeper: subprocess.Popen[bytes], home: Path) -> None:
    processes.kill([Process(sleeper.pid, "")], home)
    assert sleeper.poll() is None


def test_a_process_that_is_gone(sleeper: subprocess.Popen[bytes], home: Path) -> None:
    process = recorded(sleeper)
    sleeper.kill()
    assert until(lambda: not process.is_ours(home)), "ended but not yet reaped counts as gone"
    sleeper.wait()
    assert endpoints.started(sleeper.pid) is None
    assert endpoints.command_line(sleeper.pid) == ""


@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps here")
def test_where_there_is_no_proc_ps_tells(
    sleeper: subprocess.Popen[bytes], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "sys", SimpleNamespace(platform="darwin"))
    process = recorded(sleeper)
    assert str(datetime.now(tz=UTC).year) in process.started
    assert process.is_ours(home)
    assert not process.is_ours(home / "broker-1/server")
    sleeper.kill()
    assert until(lambda: not process.is_ours(home))


def test_what_does_not_hear_sigterm_is_killed(home: Path) -> None:
    argv = [
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
    ]
    with Gated([*argv, f"{home}/x"], home / "log", os.environ) as gated:
        gated.release()
    assert until(lambda: (home / "log").read_text() == "1\n")
    processes.end([gated.process], home, grace_seconds=0.2)
    assert not gated.process.is_ours(home)


def test_nothing_runs_before_it_is_released(home: Path) -> None:
    with Gated(["/bin/sh", "-c", "echo ran"], home / "log", os.environ) as gated:
        time.sleep(0.2)
        assert (home / "log").read_text() == ""
        gated.release()
    assert until(lambda: (home / "log").read_text() == "ran\n")


def test_what_is_not_released_never_runs(home: Path) -> None:
    with Gated(["/bin/sh", "-c", "echo ran"], home / "log", os.environ) as gated:
        pass
    assert until(lambda: endpoints.started(gated.process.pid) is None)
    assert (home / "log").read_text() == ""


def test_the_endpoints_stays_when_the_gate_becomes_the_program(home: Path) -> None:
    with Gated(["sleep", "60", f"{home}/x"], home / "log", os.environ) as gated:
        assert not gated.process.is_ours(Path("/nowhere"))
        gated.release()
    # sleep refuses its second argument and ends; until then it is the same process.
    assert until(lambda: not gated.process.is_ours(home))
    assert "sleep" in (home / "log").read_text()


def test_a_caller_killed_before_the_release_leaves_nothing(home: Path) -> None:
    script = f"""
        import os
        from pathlib import Path
        from kafka_tools.sandbox.processes import Gated
        gated = Gated(["/bin/sh", "-c", "echo ran; sleep 60"], Path({str(home / "log")!r}), os.environ)
        print(gated.process.pid, flush=True)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert until(lambda: endpoints.started(int(done.stdout)) is None)
    assert (home / "log").read_text() == ""


def test_a_leashed_program_tells_its_output_and_status() -> None:
    with processes.leashed(["/bin/sh", "-c", "echo one; echo two >&2; exit 3"]) as process:
        assert process.stdout is not None
        assert sorted(process.stdout) == ["one\n", "two\n"]
    assert process.returncode == 3


def test_a_leashed_program_ends_with_the_block() -> None:
    with processes.leashed(["/bin/sh", "-c", "echo $$; exec sleep 60"]) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert endpoints.started(pid)
    assert until(lambda: endpoints.started(pid) is None)


def test_a_leashed_program_ends_with_its_caller() -> None:
    script = """
        import os
        from kafka_tools.sandbox.processes import leashed
        with leashed(["/bin/sh", "-c", "echo $$; exec sleep 60"]) as process:
            print(process.stdout.readline(), end="", flush=True)
            os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert until(lambda: endpoints.started(int(done.stdout)) is None)
