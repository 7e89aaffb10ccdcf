"""A recorded sandbox and a folder of its own, for the tests of this folder."""

import os
from pathlib import Path

import pytest

from kafka_tools.sandbox import state
from kafka_tools.sandbox.processes import Process
from kafka_tools.sandbox.record import Sandbox, Server

SANDBOX = Sandbox(
    "3.9.1",
    "zookeeper",
    "ID",
    (
        Server("zookeeper", 1, 20001, (20005, 20006), process=Process(1, "never")),
        Server("broker", 1, 20002, rack="rack-1", process=Process(1, "never")),
        Server("broker", 2, 20003),
    ),
    complete=True,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path))
    return Path(os.path.realpath(tmp_path))
