"""Whether a sandbox is running."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kafka_tools.sandbox import endpoints, state_file
from kafka_tools.sandbox.endpoints import Endpoints
from kafka_tools.sandbox.processes import Gated, Process, kill
from tests.support.sandboxes import SANDBOX


@pytest.fixture
def alive(home: Path) -> Iterator[Process]:
    """A process of which the command line names the sandbox's folder."""
    with Gated(["/bin/sh", "-c", "sleep 60; :", f"{home}/broker-1"], home / "log", os.environ) as gated:
        gated.release()
    yield gated.process
    kill([gated.process], home)


def test_nothing_recorded(home: Path) -> None:
    assert not list(home.iterdir())
    assert endpoints.running() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"servers": [{}]}', '{"servers": 1}', "null"])
def test_a_damaged_record_is_none(home: Path, text: str) -> None:
    (home / "state.json").write_text(text)
    assert endpoints.running() is None


def test_running_names_what_is_alive(home: Path, alive: Process) -> None:
    state_file.save(SANDBOX.with_process("broker-2", alive), home)
    assert endpoints.running() == Endpoints("127.0.0.1:20003", None)
    state_file.save(SANDBOX.with_process("broker-2", alive).with_process("zookeeper-1", alive), home)
    assert endpoints.running() == Endpoints("127.0.0.1:20003", "127.0.0.1:20001")


def test_without_a_living_broker_nothing_runs(home: Path, alive: Process) -> None:
    state_file.save(SANDBOX.with_process("zookeeper-1", alive), home)
    assert endpoints.running() is None


def test_what_is_still_starting_does_not_run(home: Path, alive: Process) -> None:
    state_file.save(replace(SANDBOX.with_process("broker-1", alive), complete=False), home)
    assert endpoints.running() is None


def test_the_folder_follows_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoints.folder() == home
    monkeypatch.delenv(endpoints.FOLDER_VARIABLE)
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "xdg"))
    assert endpoints.folder().name == "sandbox"
