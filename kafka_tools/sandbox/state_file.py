"""What is recorded of a sandbox, in `state.json` in its folder, and who may change it."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import replace_file
from kafka_tools.sandbox.endpoints import FOLDER_VARIABLE, HOST, RECORD
from kafka_tools.sandbox.processes import Process

LOCK = "lock"
PROTOCOLS = {"plaintext": "PLAINTEXT", "sasl": "SASL_PLAINTEXT", "tls": "SSL", "sasl-tls": "SASL_SSL"}
"""What `--security` takes -> Kafka's security.protocol, which is the listener's name too."""

LOCK_WAIT_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Server:
    """One ZooKeeper server or one broker (in KRaft mode a broker that is a controller too).

    `role` is "zookeeper" or "broker". `port` serves clients; `peer_ports` are a ZooKeeper server's quorum and election
    ports or a KRaft node's controller port, `secure_port` is a ZooKeeper server's port with TLS, where it has one.
    `process` is None until the first start.
    """

    role: str
    id: int
    port: int
    peer_ports: tuple[int, ...] = ()
    rack: str | None = None
    process: Process | None = None
    secure_port: int | None = None

    @property
    def name(self) -> str:
        """The name people type: `broker-1`, `zookeeper-1`."""
        return f"{self.role}-{self.id}"

    @property
    def address(self) -> str:
        """HOST:PORT for clients."""
        return f"{HOST}:{self.port}"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Everything recorded about one sandbox; `complete` says that its `up` came to its end, `security` is a key of
    PROTOCOLS."""

    kafka_version: str
    mode: str
    cluster_id: str
    servers: tuple[Server, ...]
    complete: bool = False
    security: str = "plaintext"

    @property
    def brokers(self) -> tuple[Server, ...]:
        """The brokers, by id."""
        return tuple(server for server in self.servers if server.role == "broker")

    @property
    def zookeepers(self) -> tuple[Server, ...]:
        """The ZooKeeper servers, by id; empty in KRaft mode."""
        return tuple(server for server in self.servers if server.role == "zookeeper")

    @property
    def protocol(self) -> str:
        """Kafka's security.protocol."""
        return PROTOCOLS[self.security]

    @property
    def has_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol.endswith("SSL")

    @property
    def has_sasl(self) -> bool:
        """Whether clients log in with a password."""
        return self.protocol.startswith("SASL")

    def with_process(self, name: str, process: Process) -> "Sandbox":
        """Return the same sandbox in which server `name` runs as `process`."""
        servers = tuple(replace(each, process=process) if each.name == name else each for each in self.servers)
        return replace(self, servers=servers)


def alive(server: Server, home: Path) -> bool:
    """Say whether the server's recorded process still runs and is the sandbox's in `home`."""
    return server.process is not None and server.process.is_ours(home)


def load(home: Path) -> Sandbox | None:
    """Read `state.json`; None if there is none. Raises KafkaToolError if it cannot be read."""
    path = home / RECORD
    try:
        return _sandbox(json.loads(path.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KafkaToolError(
            f"ktools cannot read the sandbox's {path} ({type(error).__name__}: {error})",
            "End the Java processes named with that folder by hand, then delete the folder.",
        ) from error


def save(sandbox: Sandbox, home: Path) -> None:
    """Write `state.json` in one step: a reader, or a crash, sees the old one or the new one, whole."""
    replace_file(str(home / RECORD), json.dumps(asdict(sandbox), indent=1).encode())


def make_private(home: Path) -> None:
    """Make the folder, for its owner alone. Raises KafkaToolError if it holds what is no sandbox's."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The lock is made first and deleted never: a folder with other files and no lock was never a sandbox's.
    if any(home.iterdir()) and not (home / LOCK).exists():
        raise KafkaToolError(f"{home} holds something else than a sandbox.", f"Name a new folder by {FOLDER_VARIABLE}.")
    # Passwords lie in it: mkdir's mode counts only for a folder that is new.
    home.chmod(0o700)


@contextmanager
def locked(path: Path, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock file `path` alone. Raises KafkaToolError if another process keeps it longer than `wait_seconds`."""
    with path.open("ab") as file:
        deadline = time.monotonic() + wait_seconds
        while not _lock(file.fileno()):
            # flock, not a file that exists: the system takes it back from a process that died.
            if time.monotonic() >= deadline:
                raise KafkaToolError(f"Another `ktools sandbox` is still at work (it holds {path})", "Try again later.")
            time.sleep(0.1)
        yield


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sandbox(fields: dict[str, Any]) -> Sandbox:
    return Sandbox(**{**fields, "servers": tuple(_server(each) for each in fields["servers"])})


def _server(fields: dict[str, Any]) -> Server:
    # JSON has lists where a Server has tuples, and knows no dataclass.
    process = fields["process"]
    return Server(
        **{
            **fields,
            "peer_ports": tuple(fields["peer_ports"]),
            "process": Process(**process) if process else None,
        }
    )
