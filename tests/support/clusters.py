"""Clusters that the sandbox starts for the tests, and `ktools` run against them."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from kafka_tools.errors import UnreachableError
from kafka_tools.model.security import Security
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.sandbox import state_file
from kafka_tools.sandbox.endpoints import HOST
from kafka_tools.sandbox.state_file import locked
from kafka_tools.settings import choice
from kafka_tools.wire import session
from tests.support import forked, leaks
from tests.support.coverage_summary import SETTING

KINDS = {
    "kafka39": ("--brokers", "3"),
    "kafka28": ("--brokers", "1", "--kafka-version", "2.8"),
    "kafka4": ("--mode", "kraft", "--brokers", "3"),
    "kafka39_secured": ("--brokers", "1", "--security", "sasl"),
    "kafka4_secured": ("--mode", "kraft", "--brokers", "1", "--security", "sasl"),
}
"""The kinds of clusters that tests share, and how the sandbox starts them; their fixtures have the same names."""

KTOOLS = (sys.executable, "-m", "kafka_tools")
UP_SECONDS = 600
KNOWN_SECONDS = 60


@dataclass
class Cluster:
    """A running sandbox and how to run `ktools` against it."""

    home: Path
    environment: dict[str, str]
    bootstrap: str
    zookeeper: str

    @property
    def env(self) -> dict[str, str]:
        """The environment of processes that talk to it; whether they measure themselves is decided for each test."""
        return self.environment | {name: os.environ[name] for name in (SETTING,) if name in os.environ}

    def run(
        self, *argv: str, stdin: bytes = b"", timeout: float = 60, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `ktools ARGV` to its end, its output in pipes."""
        return forked.run(argv, stdin, timeout, self.env | (env or {}))

    def popen(self, *argv: str, **kwargs: Any) -> subprocess.Popen[bytes]:
        """Start `ktools ARGV` and leave it running."""
        return subprocess.Popen([*KTOOLS, *argv], env=self.env, **kwargs)

    def topic(self, partitions: int = 1, replication_factor: int = 1, configs: Sequence[str] = ()) -> str:
        """Create a topic with a random name, known to all brokers; it goes with its cluster, when the session ends."""
        name = f"t-{uuid.uuid4().hex[:12]}"
        config = dict(each.split("=", 1) for each in configs)
        wanted = NewTopic(name, partitions, replication_factor, config=config)
        deadline = time.monotonic() + KNOWN_SECONDS
        while not self._is_made(wanted):
            assert time.monotonic() < deadline, f"{name} was not made: no broker is the controller"
            self._creator.list_topics(timeout=KNOWN_SECONDS)  # librdkafka learns by it who the controller is
        deadline = time.monotonic() + KNOWN_SECONDS
        while not self.is_known(name):
            assert time.monotonic() < deadline, f"{name} is not known to all brokers"
            time.sleep(0.05)
        return name

    def is_known(self, topic: str) -> bool:
        """Whether each broker that is up tells of the topic: it learns of a new one in its own time."""
        security = self.brokers().security
        return all(_is_known(server, topic, security) for server in self.bootstrap.split(","))

    def _is_made(self, wanted: NewTopic) -> bool:
        """Create a topic; False where the broker that was asked is no longer the controller, as a test killed it."""
        try:
            [made] = self._creator.create_topics([wanted], operation_timeout=KNOWN_SECONDS).values()
            made.result(2 * KNOWN_SECONDS)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.NOT_CONTROLLER:
                return False
            raise
        return True

    @cached_property
    def _creator(self) -> AdminClient:
        return AdminClient({**self.brokers().config, "bootstrap.servers": self.bootstrap, "log_level": 0})

    def logins(self) -> dict[str, Path]:
        """Return the files of settings of a secured sandbox: of the administrator, and of somebody with few rights."""
        files = {"admin": self.home / "admin.properties", "reader": self.home / "user.properties"}
        return files if files["admin"].exists() else {}

    @property
    def controllers(self) -> str:
        """Where its controllers listen; "" where it has ZooKeeper."""
        kept = state_file.load(self.home)
        ports = [server.peer_ports[0] for server in kept.brokers if server.peer_ports] if kept else []
        return ",".join(f"{HOST}:{port}" for port in ports)

    def brokers(self) -> Brokers:
        """Return how the administrator reaches the brokers."""
        file = self.logins().get("admin")
        return choice.choose_brokers(self.bootstrap, str(file) if file else None)

    def ensemble(self) -> ZooKeeper:
        """Return how the brokers reach ZooKeeper, with their login where there is one."""
        file = self.home / "zookeeper.properties"
        return choice.choose_zookeeper(self.zookeeper, str(file) if file.exists() else None)

    def config(self, principal: str, folder: Path, **changes: str) -> str:
        """Write a principal's settings of a secured sandbox, with `changes` (an empty one leaves a setting out).

        Return the file.
        """
        text = (self.home / f"{principal}.properties").read_text()
        for name, value in changes.items():
            text = re.sub(rf"(?m)^{name.replace('_', '[.]')}=.*\n", "", text)
            text += f"{name.replace('_', '.')}={value}\n" if value else ""
        file = folder / f"{principal}-{len(list(folder.iterdir()))}.properties"
        file.touch(mode=0o600)
        file.write_text(text)
        return str(file)

    def admin(self) -> AdminClient:
        """Return an admin client, an oracle beside `ktools`; it must live until its answers are there."""
        config = {**self.brokers().config, "bootstrap.servers": self.bootstrap}
        return AdminClient(config | {"allow.auto.create.topics": False})


def _is_known(server: str, topic: str, security: Security | None) -> bool:
    """Whether a broker tells of the topic; one that is down tells nothing else."""
    try:
        with session.WireSession(server, security) as broker:
            return broker.metadata([topic])["topics"][0]["error_code"] == 0
    except UnreachableError:
        return True


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End the process with the block, however that ends."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def interrupted(argv: Sequence[str], env: Mapping[str, str], lines: int) -> subprocess.CompletedProcess[bytes]:
    """Run a command, end it by Ctrl-C when it has written so many lines to stdout, and return these alone."""
    with ended(subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as process:
        assert process.stdout is not None
        written = b"".join(process.stdout.readline() for _ in range(lines))
        process.send_signal(signal.SIGINT)
        _more, said = process.communicate(timeout=UP_SECONDS)
    return subprocess.CompletedProcess(argv, process.returncode, written, said)


def sandbox(home: Path, *options: str) -> Iterator[Cluster]:
    """Start a sandbox in `home` and end it with all its processes."""
    try:
        _bring_up(home, *options)
        yield running(home)
    finally:
        _take_down(home)


def _bring_up(home: Path, *options: str) -> None:
    argv = [*KTOOLS, "sandbox", "up", *options]
    # One after the other: a dozen JVMs that start at once on two cores lose their ZooKeeper's session by it.
    with locked(Path(tempfile.gettempdir(), f"ktools-tests-{os.getuid()}.start"), UP_SECONDS):
        up = subprocess.run(argv, env=_environment(home), capture_output=True, timeout=UP_SECONDS, check=False)
    assert up.returncode == 0, (up.stdout + up.stderr).decode()


def _take_down(home: Path) -> None:
    argv = [*KTOOLS, "sandbox", "down"]
    subprocess.run(argv, env=_environment(home), capture_output=True, timeout=120, check=True)


def shared(home: Path, *options: str) -> Iterator[Cluster]:
    """Join the sandbox in `home`, which other processes use too: the first starts it, the last ends it.

    Who is there holds a shared lock, which the system takes back from one that died.
    """
    with Path(f"{home}.users").open("ab") as users:
        with locked(Path(f"{home}.turn"), UP_SECONDS):
            if _is_alone(users):
                _bring_up(home, *options)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield running(home)
        finally:
            with locked(Path(f"{home}.turn"), UP_SECONDS):
                if _is_alone(users):
                    leaked = leaks.in_files(home)
                    _take_down(home)
                    assert leaked == []


def _is_alone(users: IO[bytes]) -> bool:
    """Say whether nobody else holds the lock; it is ours alone then, else we have none."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def running(home: Path) -> Cluster:
    """Return the cluster of a sandbox that runs already."""
    env = _environment(home)
    return Cluster(home, env, *_endpoints(env))


def _environment(home: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("KTOOLS_")}
    env.pop(SETTING, None)
    return env | {"KTOOLS_SANDBOX_DIR": str(home)}


def _endpoints(env: dict[str, str]) -> tuple[str, str]:
    code = (
        "from kafka_tools.sandbox.endpoints import running;e = running(); print(e.bootstrap_servers, e.zookeeper or '')"
    )
    answer = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    bootstrap, _, zookeeper = answer.stdout.strip("\n").partition(" ")
    return bootstrap, zookeeper
