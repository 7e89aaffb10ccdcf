"""Servers' processes: started so that none ever runs unrecorded, ended only after a look at who they are."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from kafka_tools.sandbox.endpoints import ours, started

END_GRACE_SECONDS = 4.0
# Waits for one line before it becomes the real program, so the caller can record the process first. If the caller dies
# before that, the pipe closes, `read` fails and nothing was ever started. The pid stays the same across `exec`.
_GATE = 'read -r _ && exec "$@" </dev/null'
# Runs a program and watches the pipe on stdin: when its other end is closed, by hand or by the caller's death, the
# program is ended. A background command has no stdin of its own, hence descriptor 3.
_LEASH = """
exec 3<&0
"$@" </dev/null 3<&- & program=$!
{ read -r _ <&3; kill "$program"; } >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$program"; status=$?
kill "$watch" 2>/dev/null
exit "$status"
"""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that ran: `pid` and `started` (the system's word for when it started) together name one for good."""

    pid: int
    started: str

    def is_ours(self, home: Path) -> bool:
        """Say whether it still runs, is the same one, and its command line names the sandbox's folder `home`."""
        return ours(self.pid, self.started, home)


class Gated:
    """A process that was started but waits for `release` before it becomes the program asked for.

    As a context manager: left without `release`, the process ends.
    """

    def __init__(self, argv: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start `argv` behind the gate, in a session of its own; what it prints is appended to `log`."""
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, "sh", *argv],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        # Now, while it waits at the gate: its start time is known before it is anything that could end.
        self.process = Process(self._popen.pid, started(self._popen.pid) or "")

    def release(self) -> None:
        """Let the process become its program."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(b"go\n")
        self._popen.stdin.flush()

    def __enter__(self) -> "Gated":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        # From here on the process is known by its record alone and may outlive this one: Popen need not warn of that.
        self._popen.returncode = 0


@contextmanager
def leashed(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a helper program that ends when the block does, and if this process dies; its output is one text pipe."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", _LEASH, "sh", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    )
    with process:
        assert process.stdin is not None
        with process.stdin:
            yield process


def end(every: Iterable[Process], home: Path, grace_seconds: float = END_GRACE_SECONDS) -> None:
    """End those processes that still are ours, together: SIGTERM, and SIGKILL to what is left after `grace_seconds`."""
    sent = _send(every, home, signal.SIGTERM)
    # A broker whose controller or ZooKeeper is gone already may take long over its controlled shutdown.
    if not _gone(sent, grace_seconds):
        kill(sent, home)


def kill(every: Iterable[Process], home: Path) -> None:
    """End those processes that still are ours with SIGKILL and wait until they are gone."""
    _gone(_send(every, home, signal.SIGKILL), END_GRACE_SECONDS)


def _send(every: Iterable[Process], home: Path, number: signal.Signals) -> tuple[Process, ...]:
    """Send a signal to those processes that still are ours, and return them."""
    sent = []
    for process in every:
        # Between this look and the signal a process may end, and its pid be given away only after all others were (pids
        # count upwards): the gap is as small as it can be without pidfd, which macOS has not.
        if process.is_ours(home):
            try:
                os.kill(process.pid, number)
            except ProcessLookupError:
                continue
            sent.append(process)
    return tuple(sent)


def _gone(sent: Sequence[Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    # Not `is_ours`: a process that dies has no command line some time before its ports are closed.
    while any(process.started and started(process.pid) == process.started for process in sent):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True
