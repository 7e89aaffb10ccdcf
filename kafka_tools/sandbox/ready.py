"""Waiting until servers really serve, and the reason why one never will."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kafka_tools.errors import KafkaToolError
from kafka_tools.sandbox import launch, probes, record, security, users
from kafka_tools.sandbox.doors import door
from kafka_tools.sandbox.progress import Progress
from kafka_tools.sandbox.record import Sandbox, Server

TIMEOUT_SECONDS = 120.0
SETTLED_SECONDS = 30.0
"""How long a cluster may take to notice that a broker is gone (its session's 6 to 9 s), or is back."""

PAUSE_SECONDS = 0.1
LINES_SHOWN = 4
_TELLING = ("ERROR", "FATAL", "Exception", "Error", "Caused by")


def has_majority(sandbox: Sandbox, server: Server, home: Path) -> bool:
    """Say whether enough servers of this one's kind run to elect a leader; brokers elect only in KRaft mode."""
    if server.role == "broker" and sandbox.mode != "kraft":
        return True
    voters = sandbox.zookeepers if server.role == "zookeeper" else sandbox.brokers
    return 2 * sum(record.alive(voter, home) for voter in voters) > len(voters)


def wait_for_zookeepers(sandbox: Sandbox, servers: Sequence[Server], home: Path, progress: Progress) -> None:
    """Wait until each of `servers` serves, or answers where it cannot serve yet.

    Raises KafkaToolError if one ends or takes too long.
    """
    quorum = has_majority(sandbox, servers[0], home)

    def serves(server: Server) -> bool:
        return probes.zookeeper_mode(server.port) is not None or not quorum

    _wait(servers, home, progress, serves)


def wait_for_brokers(sandbox: Sandbox, brokers: Sequence[Server], home: Path, progress: Progress) -> None:
    """Wait until each of `brokers` answers, knows all brokers that are alive, and has a controller.

    Does not wait for KRaft nodes that cannot elect one yet. Raises KafkaToolError if one ends or takes too long.
    """
    if not has_majority(sandbox, brokers[0], home):
        return
    living = {server.id for server in sandbox.brokers if record.alive(server, home)}

    def serves(server: Server) -> bool:
        known = probes.metadata(door(server, sandbox, home))
        return living <= known.brokers and known.controller >= 0

    _wait(brokers, home, progress, serves)


def wait_for_users(sandbox: Sandbox, home: Path, progress: Progress) -> None:
    """Wait until every broker knows the users and their rights. Raises KafkaToolError if one takes too long."""
    resources = len({resource for resource, _ in users.RIGHTS})

    def knows(server: Server) -> bool:
        to = door(server, sandbox, home)
        scram = not security.has_sasl(sandbox) or all(
            probes.knows_scram_user(to, mechanism, user)
            for mechanism in security.MECHANISMS[1:]
            for user in security.CONFIGS
        )
        return scram and probes.acl_resources(to) >= resources

    _wait(sandbox.brokers, home, progress, knows)


def wait_until_noticed(sandbox: Sandbox, killed: Server, home: Path) -> None:
    """Wait until the other brokers know that `killed` is gone and lead on without it, if they can and do in time."""
    others = [server for server in sandbox.brokers if record.alive(server, home)]
    if not others or not _has_controller(sandbox, home):
        return

    def noticed(server: Server) -> bool:
        if killed.id in probes.metadata(door(server, sandbox, home)).brokers:
            return False
        return not any(
            partition.leader == killed.id or (killed.id in partition.isr and len(partition.isr) > 1)
            for partition in probes.partitions(door(server, sandbox, home))
        )

    _wait_a_while(others, noticed)


def wait_until_in_sync(sandbox: Sandbox, started: Server, home: Path) -> None:
    """Wait until `started` is in sync wherever it has a replica, if it gets there in time."""
    if not _has_controller(sandbox, home):
        return

    def in_sync(server: Server) -> bool:
        return all(
            started.id in partition.isr
            for partition in probes.partitions(door(server, sandbox, home))
            if started.id in partition.replicas
        )

    _wait_a_while([server for server in sandbox.brokers if record.alive(server, home)], in_sync)


def _has_controller(sandbox: Sandbox, home: Path) -> bool:
    electors = sandbox.brokers if sandbox.mode == "kraft" else sandbox.zookeepers
    return has_majority(sandbox, electors[0], home)


def _wait_a_while(servers: Sequence[Server], condition: Callable[[Server], bool]) -> None:
    deadline = time.monotonic() + SETTLED_SECONDS
    while time.monotonic() < deadline and not all(_answers(server, condition) for server in servers):
        time.sleep(PAUSE_SECONDS)


def wait_for_formats(sandbox: Sandbox, home: Path) -> None:
    """Wait until the formatting of every KRaft node's folder has ended. Raises KafkaToolError if one failed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    for server in sandbox.brokers:
        while record.alive(server, home):
            if time.monotonic() >= deadline:
                raise KafkaToolError(f"{server.name}: formatting its folder took more than {TIMEOUT_SECONDS:.0f} s")
            time.sleep(PAUSE_SECONDS)
        if not (home / server.name / "data" / "meta.properties").exists():
            raise _ended(server, home)


def _wait(servers: Sequence[Server], home: Path, progress: Progress, serves: Callable[[Server], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    waiting = list(servers)
    while waiting:
        for server in waiting:
            if not record.alive(server, home):
                raise _ended(server, home)
        waiting = [server for server in waiting if not _answers(server, serves)]
        progress.detail("", len(servers) - len(waiting), len(servers))
        if waiting and time.monotonic() >= deadline:
            raise _failure(f"{waiting[0].name} does not serve after {TIMEOUT_SECONDS:.0f} s", waiting[0], home)
        if waiting:
            time.sleep(PAUSE_SECONDS)


def _answers(server: Server, serves: Callable[[Server], bool]) -> bool:
    try:
        return serves(server)
    except (OSError, ValueError):
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
    telling = [line for line in lines if any(word in line for word in _TELLING) and not line.lstrip().startswith("at ")]
    return tuple((telling or lines)[-LINES_SHOWN:])
