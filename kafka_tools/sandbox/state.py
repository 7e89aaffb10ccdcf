"""The cheap question whether a sandbox is running: asked by every tool when nothing else says which cluster."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka_tools.sandbox.identity import ours

FOLDER_VARIABLE = "KTOOLS_SANDBOX_DIR"
RECORD = "state.json"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """How to reach a running sandbox: HOST:PORT lists of what is alive; `zookeeper` is None in KRaft mode."""

    bootstrap_servers: str
    zookeeper: str | None


def folder() -> Path:
    """Return the sandbox's folder: $KTOOLS_SANDBOX_DIR, else `sandbox` in the user's state folder; it may not exist."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if not chosen:
        from platformdirs import user_state_dir

        chosen = str(Path(user_state_dir("ktools"), "sandbox"))
    return Path(os.path.realpath(chosen))


def running() -> Endpoints | None:
    """Return the endpoints of the sandbox if it is up and at least one of its brokers is alive, else None.

    Reads what kafka_tools.sandbox.record writes; a record that cannot be read is none.
    """
    home = folder()
    try:
        text = (home / RECORD).read_bytes()
    except OSError:
        return None
    import json

    try:
        recorded = json.loads(text)
        brokers, zookeeper = (_alive(recorded, role, home) for role in ("broker", "zookeeper"))
        complete = recorded["complete"]
    except (ValueError, KeyError, TypeError):
        return None
    return Endpoints(brokers, zookeeper or None) if brokers and complete else None


def _alive(recorded: dict[str, Any], role: str, home: Path) -> str:
    """Return the addresses of the living servers of one role, joined by commas."""
    servers = [server for server in recorded["servers"] if server["role"] == role and server["process"]]
    living = (each for each in servers if ours(each["process"]["pid"], each["process"]["started"], home))
    return ",".join(f"{HOST}:{server['port']}" for server in living)
