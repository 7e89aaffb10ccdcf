"""Nothing of this machine's user decides: own folders for configuration, state and the sandbox."""

from pathlib import Path

import pytest

from kafka_tools.settings import choice


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    choice.SAID.clear()
    monkeypatch.delenv("KAFKA_OPTS", raising=False)
    for name in ("BOOTSTRAP_SERVERS", "ZOOKEEPER", "COMMAND_CONFIG", "CONTEXT"):
        monkeypatch.delenv(f"KTOOLS_{name}", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KTOOLS_SANDBOX_DIR", str(tmp_path / "sandbox"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path
