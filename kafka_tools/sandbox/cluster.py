"""The sandbox's actions: up, down, kill, start."""

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.units import count
from kafka_tools.report import Stages
from kafka_tools.sandbox import (
    brokers,
    credentials,
    endpoints,
    launch,
    plan,
    processes,
    ready,
    security,
    state_file,
)
from kafka_tools.sandbox.launch import Runtime
from kafka_tools.sandbox.plan import Wish
from kafka_tools.sandbox.state_file import Sandbox, Server

ANNOUNCED_FOR_SECONDS = 30.0
OWN_FOLDERS = re.compile(rf"(broker|zookeeper)-\d+|logs|{credentials.FOLDER}")


@dataclass(frozen=True, slots=True)
class Started:
    """A sandbox that serves, and the names of its servers that were started for it; none if it was up already."""

    sandbox: Sandbox
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartedServer:
    """A server that runs; `serves` is False while too few servers of its kind run to elect a leader."""

    server: Server
    serves: bool


def up(wish: Wish, progress: Stages) -> Started:
    """Start a sandbox, or what is missing of the one that is recorded, and return it when all of it serves.

    Raises UsageError if the wish contradicts itself, KafkaToolError if the sandbox that is up is another than wished,
    if jars or Java are missing, or if a server does not start: then nothing that this call started is left.
    """
    with _mine(create=True) as home:
        # A record that is not complete is of a start that was cut off: its servers are ended, and all begins anew.
        recorded = state_file.load(home)
        if recorded is not None and recorded.complete:
            _check_same(wish, recorded)
            return _start_missing(recorded, home, progress)
        if recorded is not None:
            progress.stage("Cleaning up after a start that did not end")
            _end_all(recorded, home)
        # Whatever an earlier sandbox left goes: a broker refuses data of another cluster id
        # (InconsistentClusterIdException).
        _remove(home)
        with plan.free_block() as free:
            return _start_new(plan.new_sandbox(wish, free), home, progress)


def down(progress: Stages) -> Sandbox | None:
    """End every recorded server that still is ours and delete what the sandbox stored; None if there was none."""
    if not (endpoints.folder() / state_file.LOCK).exists():
        return None
    with _mine() as home:
        sandbox = state_file.load(home)
        if sandbox is not None:
            progress.stage("Stopping the sandbox")
            _end_all(sandbox, home)
        _remove(home)
        return sandbox


def kill(name: str) -> Server:
    """Kill one server with SIGKILL, as a crash would, and wait until the cluster noticed that a broker is gone.

    Raises KafkaToolError if it is unknown or down already.
    """
    with _mine() as home:
        sandbox = _loaded(home)
        server = _find(sandbox, name)
        if server.process is None or not state_file.alive(server, home):
            raise KafkaToolError(f"{server.name} is down already.", f"`ktools sandbox start {name}` starts it again.")
        processes.kill((server.process,), home)
        if server.role == "broker":
            ready.wait_until_noticed(sandbox, server, home)
        return server


def start(name: str, progress: Stages) -> StartedServer:
    """Start one server again and wait until it serves, if it can before others are started, and a broker is in sync.

    Raises KafkaToolError if it is unknown, does not start, or is a broker while ZooKeeper has no quorum.
    """
    with _mine() as home:
        sandbox = _loaded(home)
        server = _find(sandbox, name)
        if not state_file.alive(server, home):
            if server.role == "broker" and sandbox.zookeepers:
                _check_zookeeper(sandbox, home)
            sandbox = _start_servers(sandbox, (server,), home, progress)
        server = _find(sandbox, name)
        # Also where it ran already: who calls `start` wants to go on with a whole cluster.
        if server.role == "broker":
            ready.wait_until_in_sync(sandbox, server, home)
        return StartedServer(server, ready.has_majority(sandbox, server, home))


def _start_new(sandbox: Sandbox, home: Path, progress: Stages) -> Started:
    runtime = launch.runtime(home, sandbox.kafka_version, progress)
    # Recorded before anything is started: whatever ends this process, `down` finds what it began.
    state_file.save(sandbox, home)
    try:
        launch.write_files(sandbox, home)
        if sandbox.mode == "kraft":
            sandbox = _formatted(sandbox, runtime, progress)
        sandbox = _start_together(sandbox, sandbox.servers, runtime, progress)
        _make_users(sandbox, home, progress)
    except BaseException:
        # What is recorded, not what this function knows: `launch.start` records each process as it starts.
        _end_all(state_file.load(home) or sandbox, home)
        _remove(home, keep_logs=True)
        raise
    sandbox = replace(sandbox, complete=True)
    state_file.save(sandbox, home)
    launch.keep_classes(sandbox, runtime, progress)
    return Started(sandbox, tuple(server.name for server in sandbox.servers))


def _make_users(sandbox: Sandbox, home: Path, progress: Stages) -> None:
    if sandbox.security != "plaintext":
        progress.stage("Making users and their rights")
        brokers.make_users(sandbox, home)
        ready.wait_for_users(sandbox, home, progress)


def _formatted(sandbox: Sandbox, runtime: Runtime, progress: Stages) -> Sandbox:
    progress.stage(f"Formatting {count(len(sandbox.brokers), 'KRaft node')}")
    for server in sandbox.brokers:
        sandbox = launch.start_format(sandbox, server, runtime)
    ready.wait_for_formats(sandbox, runtime.home)
    return sandbox


def _start_missing(sandbox: Sandbox, home: Path, progress: Stages) -> Started:
    missing = tuple(server for server in sandbox.servers if not state_file.alive(server, home))
    if missing:
        sandbox = _start_servers(sandbox, missing, home, progress)
    return Started(sandbox, tuple(server.name for server in missing))


def _start_servers(sandbox: Sandbox, servers: Sequence[Server], home: Path, progress: Stages) -> Sandbox:
    """Start servers of a sandbox that is up; those of them that fail are ended, the others stay as they are."""
    runtime = launch.runtime(home, sandbox.kafka_version, progress)
    try:
        return _start_together(sandbox, servers, runtime, progress)
    except BaseException:
        started = state_file.load(home) or sandbox
        names = {server.name for server in servers}
        processes.end([each.process for each in started.servers if each.process and each.name in names], home)
        raise


def _start_together(sandbox: Sandbox, servers: Sequence[Server], runtime: Runtime, progress: Stages) -> Sandbox:
    """Start ZooKeeper servers, then brokers, each lot together and until all of it serves."""
    zookeepers = [server for server in servers if server.role == "zookeeper"]
    brokers = [server for server in servers if server.role == "broker"]
    if zookeepers:
        progress.stage(f"Starting {count(len(zookeepers), 'ZooKeeper server')}")
        for server in zookeepers:
            sandbox = launch.start(sandbox, server, runtime)
        ready.wait_for_zookeepers(sandbox, [_find(sandbox, each.name) for each in zookeepers], runtime.home, progress)
    if brokers:
        progress.stage(f"Starting {count(len(brokers), 'broker')} of Kafka {sandbox.kafka_version}")
        _wait_until_forgotten(sandbox, brokers, runtime.home)
        for server in brokers:
            sandbox = launch.start(sandbox, server, runtime)
        ready.wait_for_brokers(sandbox, [_find(sandbox, each.name) for each in brokers], runtime.home, progress)
    return sandbox


def _wait_until_forgotten(sandbox: Sandbox, brokers: Sequence[Server], home: Path) -> None:
    """Wait until ZooKeeper has dropped the sessions of killed brokers: it would refuse the new one's /brokers/ids/N."""
    serving = [server for server in sandbox.zookeepers if state_file.alive(server, home)]
    paths = {f"/brokers/ids/{server.id}" for server in brokers}
    deadline = time.monotonic() + ANNOUNCED_FOR_SECONDS
    # kafka.zk.KafkaZkClient.registerBroker 3.9 ends the broker with NodeExistsException where the old session is still
    # there.
    while serving and time.monotonic() < deadline and _is_announced(serving[0], paths):
        time.sleep(0.1)


def _is_announced(zookeeper: Server, paths: set[str]) -> bool:
    """Say whether one of the paths may be among the znodes that go with a session, which ZooKeeper's `dump` names."""
    try:
        words = ready.four_letter_word(zookeeper.port, "dump").split()
    except OSError:
        return True
    return not words or not paths.isdisjoint(words)


def _check_zookeeper(sandbox: Sandbox, home: Path) -> None:
    if not ready.has_majority(sandbox, sandbox.zookeepers[0], home):
        raise KafkaToolError(
            "ZooKeeper has no quorum: too few of its servers run, and a broker cannot start without it.",
            "`ktools sandbox start zookeeper-1` starts one, `ktools sandbox up` starts all that is down.",
        )


def _end_all(sandbox: Sandbox, home: Path) -> None:
    """Kill all servers: what they store is deleted next, so nothing is lost, and a shutdown would take 2 to 5 s."""
    processes.kill([server.process for server in sandbox.servers if server.process], home)


def _remove(home: Path, keep_logs: bool = False) -> None:
    """Delete what the sandbox stored, `state.json` last. The lock stays: another process may be waiting for it."""
    for entry in home.iterdir():
        # Only what a sandbox makes, by name: KTOOLS_SANDBOX_DIR may be mistyped.
        if OWN_FOLDERS.fullmatch(entry.name) and not (keep_logs and entry.name == "logs"):
            shutil.rmtree(entry)
    for name in ("log4j.properties", "log4j2.properties", *security.own_files(), endpoints.RECORD):
        (home / name).unlink(missing_ok=True)


def _check_same(wish: Wish, running: Sandbox) -> None:
    differences = [
        f"{wished} {what} wished, {there} there"
        for what, wished, there in (
            ("brokers", wish.brokers, len(running.brokers)),
            ("ZooKeeper servers", wish.zookeepers, len(running.zookeepers)),
            ("mode", wish.mode, running.mode),
            ("Kafka", wish.kafka_version, running.kafka_version),
            ("security", wish.security, running.security),
            ("racks", wish.racks, len({server.rack for server in running.brokers} - {None})),
        )
        if wished is not None and not (str(there) == str(wished) or str(there).startswith(f"{wished}."))
    ]
    if differences:
        raise KafkaToolError(
            f"Another sandbox is up: {', '.join(differences)}.", "`ktools sandbox down` ends it first."
        )


@contextmanager
def _mine(create: bool = False) -> Iterator[Path]:
    """Hold the sandbox's folder alone. A folder without a lock was never a sandbox's: nothing in it is touched."""
    home = endpoints.folder()
    if create:
        state_file.make_private(home)
    elif not (home / state_file.LOCK).exists():
        raise _none_up()
    with state_file.locked(home / state_file.LOCK):
        yield home


def _loaded(home: Path) -> Sandbox:
    sandbox = state_file.load(home)
    if sandbox is None:
        raise _none_up()
    return sandbox


def _none_up() -> KafkaToolError:
    return KafkaToolError("No sandbox is up.", "`ktools sandbox up` starts one.")


def _find(sandbox: Sandbox, name: str) -> Server:
    """Return the server called "2" (a broker), "broker-2" or "zookeeper-1". Raises KafkaToolError if there is none."""
    wanted = f"broker-{name}" if name.isdecimal() else name
    for server in sandbox.servers:
        if server.name == wanted:
            return server
    there = ", ".join(server.name for server in sandbox.servers)
    raise KafkaToolError(f"The sandbox has no {wanted} (it has {there}).")
