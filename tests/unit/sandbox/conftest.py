"""A recorded sandbox and a folder of its own, for the tests of this folder."""

import os
from pathlib import Path

import pytest

from kafka_tools.sandbox import endpoints


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(endpoints.FOLDER_VARIABLE, str(tmp_path))
    return Path(os.path.realpath(tmp_path))
