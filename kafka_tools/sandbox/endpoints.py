"""Tells whether a sandbox is running, and where.

Every tool asks that when nothing else says which cluster: hence the standard library only, and little of it.
"""

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.model.folders import state_folder

if TYPE_CHECKING:
    from pathlib import Path

FOLDER_VARIABLE = "KTOOLS_SANDBOX_DIR"
RECORD = "state.json"
CONTEXTS = "contexts.toml"
ADMIN_CONFIG = "admin.properties"
ZOOKEEPER_CONFIG = "zookeeper.properties"
HOST = "127.0.0.1"
# For a moment, while one program becomes another (exec), a process has no command line: look again, 1 ms apart.
EXEC_LOOKS = 10_000


class Endpoints(NamedTuple):
    """How to reach a running sandbox: HOST:PORT lists of what is alive; `zookeeper` is None in KRaft mode.

    `client_config`, the administrator's properties file, and `zookeeper_config` are None where clients need none.
    """

    bootstrap_servers: str
    zookeeper: str | None
    client_config: str | None = None
    zookeeper_config: str | None = None


def folder() -> "Path":
    """Return the sandbox's folder: $KTOOLS_SANDBOX_DIR, else `sandbox` in the user's state folder; it may not exist."""
    from pathlib import Path

    return Path(_folder())


def _folder() -> str:
    return os.path.realpath(os.environ.get(FOLDER_VARIABLE) or os.path.join(state_folder(), "sandbox"))


def contexts_path() -> str | None:
    """Return the file of contexts that a secured sandbox wrote; None where there is none."""
    path = os.path.join(_folder(), CONTEXTS)
    return path if os.path.exists(path) else None


def running() -> Endpoints | None:
    """Return the endpoints of the sandbox if it is up and at least one of its brokers is alive, else None.

    Reads what kafka_tools.sandbox.state_file writes; a record that cannot be read is none.
    """
    home = _folder()
    try:
        with open(os.path.join(home, RECORD), "rb") as file:
            text = file.read()
    except OSError:
        return None
    import json

    try:
        recorded = json.loads(text)
        brokers, zookeeper = (_alive(recorded, role, home) for role in ("broker", "zookeeper"))
        complete, secured = recorded["complete"], recorded.get("security", "plaintext") != "plaintext"
    except (ValueError, KeyError, TypeError):
        return None
    # A sandbox that is still starting is nobody's default: its first broker answers before its users are made.
    if not brokers or not complete:
        return None
    if not secured:
        return Endpoints(brokers, zookeeper or None)
    configs = [os.path.join(home, name) for name in (ADMIN_CONFIG, ZOOKEEPER_CONFIG)]
    return Endpoints(brokers, zookeeper or None, configs[0], configs[1] if zookeeper else None)


def _alive(recorded: dict[str, Any], role: str, home: str) -> str:
    """Return the addresses of the living servers of one role, joined by commas."""
    servers = [server for server in recorded["servers"] if server["role"] == role and server["process"]]
    living = (each for each in servers if ours(each["process"]["pid"], each["process"]["started"], home))
    return ",".join(f"{HOST}:{server.get('secure_port') or server['port']}" for server in living)


def started(pid: int) -> str | None:
    """Return when process `pid` started in the system's own words; None if it is gone or only waits to be reaped."""
    if sys.platform != "linux":
        return _ps(pid, "lstart=")
    fields = _stat(pid)
    # proc(5): the state is field 3 of /proc/PID/stat, the number of threads field 20, the start time in clock ticks
    # since boot field 22. The state is that of the first thread: files and ports are open until the last one has ended.
    return None if not fields or (fields[0] in "ZX" and int(fields[17]) <= 1) else fields[19]


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
