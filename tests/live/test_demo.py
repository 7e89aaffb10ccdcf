"""`scripts/demo`: the main job as a newcomer runs it, and nothing left behind."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

DEMO = Path(__file__).parents[2] / "scripts" / "demo"


def test_the_walk() -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"TMPDIR": folder}
        done = subprocess.run([DEMO], env=env, capture_output=True, text=True, timeout=280, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not list(Path(folder).iterdir())
        assert not [command for command in _command_lines() if folder in command]
    killed, started = done.stdout.split("$ ktools sandbox start 1")
    killed = killed.split("$ ktools sandbox kill 1")[1]
    assert _isr_sizes(killed) == [2, 2, 2]
    assert "Leader: 1" not in killed
    assert _isr_sizes(started) == [3, 3, 3]
    assert "Error while executing topic command : Replication factor: 4 larger than available brokers: 3." in started
    assert "(status 1)" in started


def _isr_sizes(text: str) -> list[int]:
    return [len(isr.split(",")) for isr in re.findall(r"\tIsr: ([\d,]+)", text)]


def _command_lines() -> list[str]:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
