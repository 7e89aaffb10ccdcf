"""`ktools sandbox` on recorded sandboxes of which nothing runs."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kafka_tools.main import cli
from kafka_tools.sandbox import endpoints, state_file
from kafka_tools.sandbox.processes import Process
from kafka_tools.sandbox.state_file import Sandbox, Server

GONE = Process(1, "never")
SANDBOX = Sandbox(
    "3.9.1",
    "zookeeper",
    "ID",
    (Server("zookeeper", 1, 20001, (20003, 20004), process=GONE), Server("broker", 1, 20002, process=GONE)),
    complete=True,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = Path(os.path.realpath(tmp_path)) / "sandbox"
    monkeypatch.setenv(endpoints.FOLDER_VARIABLE, str(home))
    return home


@pytest.fixture
def recorded(home: Path) -> Path:
    """A folder with a sandbox that is up by its record, but of which nothing runs (the machine was restarted)."""
    state_file.make_private(home)
    (home / state_file.LOCK).touch()
    for name in ("logs", "broker-1/data", "zookeeper-1", "mine"):
        (home / name).mkdir(parents=True)
    state_file.save(SANDBOX, home)
    return home


def run(*argv: str) -> Result:
    return CliRunner().invoke(cli, ["sandbox", *argv])


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("argv", [("status",), ("kill", "1"), ("start", "1")])
def test_nothing_is_up(argv: tuple[str, ...]) -> None:
    done = run(*argv)
    assert done.stderr == "ktools: No sandbox is up.\n`ktools sandbox up` starts one.\n"
    assert done.stdout == ""


def test_down_without_a_sandbox_touches_nothing(home: Path) -> None:
    (home / "logs").mkdir(parents=True)
    assert run("down").stdout == "No sandbox was up.\n"
    assert (home / "logs").is_dir()


@pytest.mark.usefixtures("recorded")
def test_status_in_plain_text() -> None:
    assert run("status").stdout.splitlines() == [
        "The sandbox (Kafka 3.9.1, zookeeper mode)",
        "Server       Role       Id  Address          PID  State  Duty",
        "zookeeper-1  zookeeper  1   127.0.0.1:20001  -    down   -",
        "broker-1     broker     1   127.0.0.1:20002  -    down   -",
    ]


@pytest.mark.usefixtures("recorded")
def test_status_as_json() -> None:
    first, _ = json.loads(run("status", "--output", "json").stdout)
    assert first == {
        "name": "zookeeper-1",
        "role": "zookeeper",
        "id": 1,
        "address": "127.0.0.1:20001",
        "pid": None,
        "state": "down",
        "duty": None,
        "rack": None,
    }


@pytest.mark.usefixtures("recorded")
def test_what_is_down_cannot_be_killed() -> None:
    assert "broker-1 is down already." in run("kill", "1").stderr


@pytest.mark.usefixtures("recorded")
def test_an_unknown_server() -> None:
    assert "The sandbox has no broker-7 (it has zookeeper-1, broker-1)." in run("start", "7").stderr
    assert "The sandbox has no zookeeper-2" in run("kill", "zookeeper-2").stderr


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (("--brokers", "3"), "3 brokers wished, 1 there"),
        (("--mode", "kraft"), "kraft mode wished, zookeeper there"),
        (("--kafka-version", "3.8"), "3.8 Kafka wished, 3.9.1 there"),
        (("--racks", "2"), "2 racks wished, 0 there"),
    ],
)
def test_another_sandbox_is_there(wish: tuple[str, ...], words: str) -> None:
    assert f"Another sandbox is up: {words}." in run("up", *wish).stderr


def test_down_deletes_what_the_sandbox_stored(recorded: Path) -> None:
    done = run("down")
    assert done.stdout == "The sandbox is down.\n"
    assert sorted(entry.name for entry in recorded.iterdir()) == ["lock", "mine"]


def test_a_folder_of_something_else_is_left_alone(home: Path) -> None:
    (home / "photos").mkdir(parents=True)
    assert "holds something else than a sandbox" in run("up").stderr
    assert [entry.name for entry in home.iterdir()] == ["photos"]
