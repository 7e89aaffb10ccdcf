"""The cheap question whether a sandbox is running: asked by every tool when nothing else says which cluster."""

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.model.folders import state_folder
from kafka_tools.sandbox.identity import ours

if TYPE_CHECKING:
    from pathlib import Path

FOLDER_VARIABLE = "KTOOLS_SANDBOX_DIR"
RECORD = "state.json"
CONTEXTS = "contexts.toml"
ADMIN_CONFIG = "admin.properties"
ZOOKEEPER_CONFIG = "zookeeper.properties"
HOST = "127.0.0.1"


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
