"""Asks servers how they are, waits until they really serve, and finds the reason why one never will."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Stages
from kafka_tools.sandbox import brokers, launch, state_file
from kafka_tools.sandbox.brokers import Clients
from kafka_tools.sandbox.credentials import USER
from kafka_tools.sandbox.endpoints import HOST
from kafka_tools.sandbox.state_file import Sandbox, Server

if TYPE_CHECKING:
    from confluent_kafka.admin import ClusterMetadata, PartitionMetadata

TIMEOUT_SECONDS = 120.0
SETTLED_SECONDS = 30.0
"""How long a cluster may take to notice that a broker is gone (its session's 6 to 9 s), or is back."""

PAUSE_SECONDS = 0.1
LINES_SHOWN = 4
ANSWER_SECONDS = 3.0
RUNNING, SILENT, DOWN = "running", "no answer", "down"
_TELLING = ("ERROR", "FATAL", "Exception", "Error", "Caused by")


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


def statuses(sandbox: Sandbox, home: Path) -> tuple[ServerStatus, ...]:
    """Ask every server, all at once."""
    from concurrent.futures import ThreadPoolExecutor

    # A silent server takes ANSWER_SECONDS: all are asked at once, and the controller in a lane of its own.
    with ThreadPoolExecutor(len(sandbox.servers) + 1) as pool:
        controller = pool.submit(_controller, sandbox, home)
        looks = pool.map(lambda server: _look(server, sandbox, home), sandbox.servers)
        rows = []
        for server, (state, duty) in zip(sandbox.servers, looks, strict=True):
            if server.role == "broker" and server.id == controller.result() and state != DOWN:
                duty = "controller"
            pid = server.process.pid if server.process and state != DOWN else None
            role = "broker + controller" if sandbox.mode == "kraft" else server.role
            rows.append(ServerStatus(server.name, role, server.id, server.address, pid, state, duty, server.rack))
    return tuple(rows)


def _look(server: Server, sandbox: Sandbox, home: Path) -> tuple[str, str | None]:
    """Return how a server is, and a ZooKeeper server's mode."""
    if not state_file.alive(server, home):
        return DOWN, None
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


def has_majority(sandbox: Sandbox, server: Server, home: Path) -> bool:
    """Say whether enough servers of this one's kind run to elect a leader; brokers elect only in KRaft mode."""
    if server.role == "broker" and sandbox.mode != "kraft":
        return True
    # Recorded processes are counted, not answers: a server that has just started does not answer yet, but will vote.
    voters = sandbox.zookeepers if server.role == "zookeeper" else sandbox.brokers
    return 2 * sum(state_file.alive(voter, home) for voter in voters) > len(voters)


def wait_for_zookeepers(sandbox: Sandbox, servers: Sequence[Server], home: Path, progress: Stages) -> None:
    """Wait until each of `servers` serves, or answers where it cannot serve yet.

    Raises KafkaToolError if one ends or takes too long.
    """
    # Without a quorum a ZooKeeper server answers `srvr` ("not currently serving") and no more: that is all to wait for.
    quorum = has_majority(sandbox, servers[0], home)

    def not_serving() -> Iterator[set[int]]:
        while True:
            yield {server.id for server in servers if not _serves(server, quorum)}
            time.sleep(PAUSE_SECONDS)

    _watch(servers, home, progress, not_serving())


def wait_for_brokers(sandbox: Sandbox, started: Sequence[Server], home: Path, progress: Stages) -> None:
    """Wait until each of the brokers `started` answers, knows all brokers that are alive, and has a controller.

    Does not wait for KRaft nodes that cannot elect one yet. Raises KafkaToolError if one ends or takes too long.
    """
    if not has_majority(sandbox, started[0], home):
        return
    living = {server.id for server in sandbox.brokers if state_file.alive(server, home)}

    def serves(metadata: "ClusterMetadata") -> bool:
        # One that answers may not be known to the others yet, and a topic made now would get no replica there. -1 is
        # "no controller".
        return living <= metadata.brokers.keys() and metadata.controller_id >= 0

    clients = Clients(sandbox, started, home)
    _watch(started, home, progress, brokers.each_says(clients, {server.id for server in started}, serves))


def wait_for_users(sandbox: Sandbox, home: Path, progress: Stages) -> None:
    """Wait until every broker lets the user in and knows his rights, which he was given last.

    Raises KafkaToolError if one takes too long.
    """
    clients, ids = Clients(sandbox, sandbox.brokers, home, USER), {server.id for server in sandbox.brokers}
    known = brokers.each_says(clients, ids, brokers.user_is_known, brokers.PREFIX)
    _watch(sandbox.brokers, home, progress, known)


def wait_until_noticed(sandbox: Sandbox, killed: Server, home: Path) -> None:
    """Wait until the other brokers know that `killed` is gone and lead on without it, if they can and do in time."""

    def noticed(metadata: "ClusterMetadata") -> bool:
        # The controller first drops the broker, then elects leaders and shrinks the in-sync replicas, in separate
        # steps. The last replica in sync stays in the list, dead or not (kafka.controller.PartitionStateMachine 3.9).
        if killed.id in metadata.brokers:
            return False
        return not any(
            partition.leader == killed.id or (killed.id in partition.isrs and len(partition.isrs) > 1)
            for partition in _partitions(metadata)
        )

    _wait_a_while(sandbox, home, noticed)


def wait_until_in_sync(sandbox: Sandbox, started: Server, home: Path) -> None:
    """Wait until `started` is in sync wherever it has a replica, if it gets there in time."""

    def in_sync(metadata: "ClusterMetadata") -> bool:
        return all(started.id in each.isrs for each in _partitions(metadata) if started.id in each.replicas)

    _wait_a_while(sandbox, home, in_sync)


def _partitions(metadata: "ClusterMetadata") -> "Iterator[PartitionMetadata]":
    return (partition for topic in metadata.topics.values() for partition in topic.partitions.values())


def _wait_a_while(sandbox: Sandbox, home: Path, condition: "Callable[[ClusterMetadata], bool]") -> None:
    """Wait until every living broker says what fulfils the condition; give up where there is no controller."""
    # A view that no controller renews never changes: to wait for it would take all of SETTLED_SECONDS each time.
    living = [server for server in sandbox.brokers if state_file.alive(server, home)]
    if not living or not _has_controller(sandbox, home):
        return
    deadline = time.monotonic() + SETTLED_SECONDS
    for _ in brokers.each_says(Clients(sandbox, living, home), {server.id for server in living}, condition):
        if time.monotonic() >= deadline:
            return


def _has_controller(sandbox: Sandbox, home: Path) -> bool:
    electors = sandbox.brokers if sandbox.mode == "kraft" else sandbox.zookeepers
    return has_majority(sandbox, electors[0], home)


def wait_for_formats(sandbox: Sandbox, home: Path) -> None:
    """Wait until the formatting of every KRaft node's folder has ended. Raises KafkaToolError if one failed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for server in sandbox.brokers:
        while state_file.alive(server, home):
            if time.monotonic() >= deadline:
                raise KafkaToolError(f"{server.name}: formatting its folder took more than {TIMEOUT_SECONDS:.0f} s")
            time.sleep(PAUSE_SECONDS)
        # kafka-storage ends with 0 or 1, but nobody may be left to ask: a start that was cut off goes on from the
        # files.
        if not (home / server.name / "data" / "meta.properties").exists():
            raise _ended(server, home)


def _watch(servers: Sequence[Server], home: Path, progress: Stages, looks: Iterator[set[int]]) -> None:
    """Look until nothing is waited for; each look gives the ids of the servers that are not ready.

    Raises KafkaToolError if one of the servers ends or time is up.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for waiting in looks:
        progress.detail("", len(servers) - len(waiting), len(servers))
        if not waiting:
            return
        # Looked at in each round: a JVM that ends at once (a port is taken, a setting is wrong) is told within a tenth
        # of a second instead of after TIMEOUT_SECONDS.
        for server in servers:
            if not state_file.alive(server, home):
                raise _ended(server, home)
        if time.monotonic() >= deadline:
            late = next(server for server in servers if server.id in waiting)
            raise _failure(f"{late.name} does not serve after {TIMEOUT_SECONDS:.0f} s", late, home)


def _serves(server: Server, quorum: bool) -> bool:
    try:
        return zookeeper_mode(server.port) is not None or not quorum
    except OSError:
        return False


def _ended(server: Server, home: Path) -> KafkaToolError:
    return _failure(f"{server.name} ended while it was starting", server, home)


def _failure(what: str, server: Server, home: Path) -> KafkaToolError:
    log = launch.log_path(server, home)
    lines = telling_lines(log.read_text(encoding="utf-8", errors="replace") if log.exists() else "")
    cause = f": {lines[-1]}" if lines else ""
    return KafkaToolError(f"{what}{cause}", "\n".join((*lines[:-1], f"The whole log: {log}")))


def telling_lines(log: str) -> tuple[str, ...]:
    """Return the last lines of a log that name an error, else simply its last lines."""
    lines = [line for line in log.splitlines() if line.strip()]
    # Lines of a stack say where, not why.
    telling = [line for line in lines if any(word in line for word in _TELLING) and not line.lstrip().startswith("at ")]
    return tuple((telling or lines)[-LINES_SHOWN:])
