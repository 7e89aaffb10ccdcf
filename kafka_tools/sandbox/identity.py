"""Which process is it: a pid together with its start time and command line, so that a pid used anew is never mistaken.

Standard library only, and little of it: every tool comes by here when nothing else says which cluster.
"""

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# For a moment, while one program becomes another (exec), a process has no command line: look again, 1 ms apart.
EXEC_LOOKS = 10_000


def started(pid: int) -> str | None:
    """Return when process `pid` started in the system's own words; None if it is gone or only waits to be reaped."""
    if sys.platform != "linux":
        return _ps(pid, "lstart=")
    fields = _stat(pid)
    # proc(5): the state is field 3 of /proc/PID/stat, the start time in clock ticks since boot field 22.
    return None if not fields or fields[0] in "ZX" else fields[19]


def ours(pid: int, start: str, home: "Path | str") -> bool:
    """Say whether process `pid` is still the one that began at `start` and its command line names the folder `home`."""
    for _ in range(EXEC_LOOKS):
        if not start or started(pid) != start:
            return False
        words = command_line(pid)
        if words:
            return f"{home}/" in words
        time.sleep(0.001)
    return False


def command_line(pid: int) -> str:
    """Return the process's command line, its words separated by blanks; empty if it is gone."""
    if sys.platform != "linux":
        return _ps(pid, "command=") or ""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            text = file.read()
    except OSError:
        return []
    # The command's name, in brackets, may hold blanks and brackets itself.
    return text[text.rindex(")") + 1 :].split()


def _ps(pid: int, column: str) -> str | None:
    import subprocess

    argv = ["ps", "-ww", "-o", "stat=", "-o", column, "-p", str(pid)]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split(maxsplit=1)
    return answer[1].strip() if len(answer) == 2 and not answer[0].startswith("Z") else None
