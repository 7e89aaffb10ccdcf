"""What is recorded, whole or not at all, and who may change it."""

import json
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.sandbox import state_file
from tests.support.sandboxes import SANDBOX


def test_what_is_saved_is_loaded(home: Path) -> None:
    state_file.save(SANDBOX, home)
    assert state_file.load(home) == SANDBOX


def test_nothing_recorded(home: Path) -> None:
    assert state_file.load(home) is None
    assert state_file.load(home / "missing") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"servers": [{}]}', '{"servers": 1}', "null"])
def test_a_damaged_record_is_an_error_that_names_it(home: Path, text: str) -> None:
    (home / "state.json").write_text(text)
    with pytest.raises(KafkaToolError, match=r"state\.json"):
        state_file.load(home)


def test_readers_never_see_half_a_record(home: Path) -> None:
    state_file.save(SANDBOX, home)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            state_file.save(replace(SANDBOX, cluster_id="x" * 5000), home)
            state_file.save(SANDBOX, home)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            assert state_file.load(home) is not None
    finally:
        stop.set()
        writer.join()


def test_a_crash_while_saving_keeps_the_old_record(home: Path) -> None:
    state_file.save(SANDBOX, home)
    (home / "state.json.new").write_text('{"half')
    assert state_file.load(home) == SANDBOX


def test_the_folder_is_private(home: Path) -> None:
    state_file.make_private(home / "new")
    assert stat.S_IMODE((home / "new").stat().st_mode) == 0o700


def test_a_folder_with_other_things_is_refused(home: Path) -> None:
    (home / "thesis.txt").touch()
    with pytest.raises(KafkaToolError, match="something else"):
        state_file.make_private(home)


def test_a_held_lock_is_an_error_in_time(home: Path) -> None:
    with (
        state_file.locked(home / "lock"),
        pytest.raises(KafkaToolError, match="still at work"),
        state_file.locked(home / "lock", 0.1),
    ):
        pytest.fail("held twice")
    with state_file.locked(home / "lock", 0.1):
        pass


def test_the_record_is_plain_json(home: Path) -> None:
    state_file.save(SANDBOX, home)
    recorded = json.loads((home / "state.json").read_text())
    assert recorded["servers"][0]["process"] == {"pid": 1, "started": "never"}
