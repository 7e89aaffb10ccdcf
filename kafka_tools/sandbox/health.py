"""How each server of the sandbox is: asked of the servers themselves."""

import socket
from dataclasses import dataclass, replace
from pathlib import Path

from kafka_tools.sandbox import brokers, state_file
from kafka_tools.sandbox.endpoints import HOST
from kafka_tools.sandbox.state_file import Sandbox, Server

ANSWER_SECONDS = 3.0
RUNNING, SILENT, DOWN = "running", "no answer", "down"


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server.

    `pid` is None while it is down. `duty` is what it is to the others: "controller" for a broker, "leader",
    "follower", "standalone" or "no quorum" for a ZooKeeper server, None for nothing special or unknown. `rack` is None
    without racks.
    """

    name: str
    role: str
    id: int
    address: str
    pid: int | None
    state: str
    duty: str | None
    rack: str | None


def of_all(sandbox: Sandbox, home: Path) -> tuple[ServerStatus, ...]:
    """Ask every server, all at once."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(sandbox.servers) + 1) as pool:
        controller = pool.submit(_controller, sandbox, home)
        rows = pool.map(lambda server: _of(server, sandbox, home), sandbox.servers)
        return tuple(_with_controller(row, controller.result()) for row in rows)


def _of(server: Server, sandbox: Sandbox, home: Path) -> ServerStatus:
    there, duty = DOWN, None
    if state_file.alive(server, home):
        there, duty = _answer(server, sandbox, home)
    pid = server.process.pid if server.process and there != DOWN else None
    role = "broker + controller" if sandbox.mode == "kraft" else server.role
    return ServerStatus(server.name, role, server.id, server.address, pid, there, duty, server.rack)


def _answer(server: Server, sandbox: Sandbox, home: Path) -> tuple[str, str | None]:
    if server.role == "broker":
        return RUNNING if brokers.answers(server, sandbox, home) else SILENT, None
    try:
        return RUNNING, zookeeper_mode(server.port) or "no quorum"
    except OSError:
        return SILENT, None


def _controller(sandbox: Sandbox, home: Path) -> int | None:
    """Ask the brokers in turn who is the (in KRaft mode: active) controller; None if none of them knows."""
    for server in sandbox.brokers:
        if not state_file.alive(server, home):
            continue
        if sandbox.mode == "kraft":
            found = brokers.controller(sandbox, server, home)
        else:
            metadata = brokers.answers(server, sandbox, home)
            found = metadata.controller_id if metadata else None
        if found is not None and found >= 0:
            return found
    return None


def _with_controller(row: ServerStatus, controller: int | None) -> ServerStatus:
    if row.name != f"broker-{controller}" or row.state == DOWN:
        return row
    return replace(row, duty="controller")


def zookeeper_mode(port: int) -> str | None:
    """Return "leader", "follower" or "standalone"; None while the ZooKeeper server on `port` has no quorum.

    Raises OSError where nobody answers.
    """
    for line in four_letter_word(port, "srvr").splitlines():
        key, _, value = line.partition(": ")
        if key == "Mode":
            return value
    return None


def four_letter_word(port: int, word: str) -> str:
    """Return what the ZooKeeper server on `port` answers to `srvr`, `dump`, … (ZooKeeper's administrator's guide).

    A server without a quorum answers these, and only these: kazoo has no session there. Raises OSError.
    """
    with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
        connection.sendall(word.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
