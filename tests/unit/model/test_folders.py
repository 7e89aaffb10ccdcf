"""Files are written whole or not at all, also where Ctrl-C comes in between."""

import os
import signal
from pathlib import Path

import pytest

from kafka_tools.model.folders import replace_file


@pytest.mark.parametrize("before", [True, False])
def test_ctrl_c_around_the_renaming(before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.replace

    def interrupted(draft: str, path: str) -> None:
        if before:
            signal.raise_signal(signal.SIGINT)
        rename(draft, path)
        signal.raise_signal(signal.SIGINT)

    file = tmp_path / "state.json"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_file(str(file), b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [
        ("state.json", b"old" if before else b"new")
    ]
