"""How each server of the sandbox is: asked of the servers themselves."""

from dataclasses import dataclass
from pathlib import Path

from kafka_tools.sandbox import probes, record
from kafka_tools.sandbox.doors import door
from kafka_tools.sandbox.record import Sandbox, Server

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
    if record.alive(server, home):
        there, duty = _answer(server, sandbox, home)
    pid = server.process.pid if server.process and there != DOWN else None
    role = "broker + controller" if sandbox.mode == "kraft" else server.role
    return ServerStatus(server.name, role, server.id, server.address, pid, there, duty, server.rack)


def _answer(server: Server, sandbox: Sandbox, home: Path) -> tuple[str, str | None]:
    try:
        if server.role == "zookeeper":
            return RUNNING, probes.zookeeper_mode(server.port) or "no quorum"
        probes.metadata(door(server, sandbox, home))
    except (OSError, ValueError):
        return SILENT, None
    return RUNNING, None


def _controller(sandbox: Sandbox, home: Path) -> int | None:
    """Ask the brokers in turn who is the (in KRaft mode: active) controller; None if none of them knows."""
    for server in sandbox.brokers:
        if not record.alive(server, home):
            continue
        try:
            if sandbox.mode == "kraft":
                leader = probes.quorum_leader(door(server, sandbox, home))
            else:
                leader = probes.metadata(door(server, sandbox, home)).controller
        except (OSError, ValueError):
            continue
        if leader >= 0:
            return leader
    return None


def _with_controller(row: ServerStatus, controller: int | None) -> ServerStatus:
    if row.name != f"broker-{controller}" or row.state == DOWN:
        return row
    return ServerStatus(row.name, row.role, row.id, row.address, row.pid, row.state, "controller", row.rack)
