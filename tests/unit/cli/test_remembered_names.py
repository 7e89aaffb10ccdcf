"""Names that are remembered: for a minute, for nobody else, and never for another cluster."""

import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.cli import live_names
from kafka_tools.cli.live_names import Candidate

KEY = "topics brokers b1:9092"
NAMES = (Candidate("a b"), Candidate("é", "rack 1"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(live_names, "cache_folder", lambda: str(tmp_path / "cache" / "ktools"))
    return tmp_path / "cache" / "ktools" / "completion"


def _age(folder: Path, seconds: float) -> None:
    for path in folder.iterdir():
        os.utime(path, (time.time() - seconds,) * 2)


def test_what_is_remembered(folder: Path) -> None:
    assert live_names.recall(KEY) is None
    live_names.remember(KEY, live_names.text(NAMES))
    assert live_names.recall(KEY) == NAMES
    assert live_names.recall("topics brokers b2:9092") is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


@pytest.mark.parametrize(("age", "known"), [(0, True), (59, True), (61, False), (-3600, False)])
def test_names_are_remembered_for_a_minute(folder: Path, age: float, known: bool) -> None:
    live_names.remember(KEY, live_names.text(NAMES))
    _age(folder, age)
    assert (live_names.recall(KEY) == NAMES) is known


@pytest.mark.parametrize(("age", "found"), [(0, ()), (4, ()), (6, None)])
def test_nobody_else_asks_while_somebody_does(folder: Path, age: float, found: object) -> None:
    live_names.remember(KEY, b"")
    _age(folder, age)
    assert live_names.recall(KEY) == found


def test_a_file_of_the_same_name_for_another_key_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_names, "crc32", lambda _: 7)
    live_names.remember(KEY, live_names.text(NAMES))
    assert live_names.recall("another") is None
    live_names.remember("another", live_names.text(NAMES[:1]))
    assert live_names.recall("another") == NAMES[:1]
    assert len(list(folder.iterdir())) == 1


def test_a_folder_that_others_can_enter_is_not_used(folder: Path) -> None:
    live_names.remember(KEY, live_names.text(NAMES))
    folder.chmod(0o755)
    assert live_names.recall(KEY) is None
    live_names.remember("other", live_names.text(NAMES))
    assert len(list(folder.iterdir())) == 1


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(live_names, "cache_folder", lambda: str(tmp_path / "file"))
    live_names.remember(KEY, live_names.text(NAMES))
    assert live_names.recall(KEY) is None


def test_old_files_are_deleted(folder: Path) -> None:
    live_names.remember(KEY, live_names.text(NAMES))
    _age(folder, 2 * live_names.FORGOTTEN_SECONDS)
    live_names.remember("another", live_names.text(NAMES))
    assert len(list(folder.iterdir())) == 1


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9))))
def test_only_names_that_fit_in_a_line(pairs: list[tuple[str, str]]) -> None:
    candidates = tuple(Candidate(*pair) for pair in pairs)
    kept = live_names.parse(live_names.text(candidates))
    assert kept == tuple(each for each in candidates if "".join(each).isprintable())


def test_a_line_that_is_cut_off_is_no_name() -> None:
    assert live_names.parse(b"orders\t\naud") == (Candidate("orders"),)
    assert live_names.parse(b"") == ()
