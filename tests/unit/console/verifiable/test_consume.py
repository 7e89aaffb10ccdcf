"""How long a commit is waited for that nobody answers."""

import signal
import threading

import pytest

from kafka_tools.console.process import Stop, end_aside
from kafka_tools.console.verifiable.consume import CommitWait


def test_a_silent_coordinator_is_told_once_and_a_signal_ends_the_waiting_soon(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now, stop = [100.0], Stop()
    wait = CommitWait(stop, lambda: now[0])
    waited = []
    for seconds in (1, 10, 30):
        now[0] = 100.0 + seconds
        waited.append(wait())
    assert waited == [True, True, True]
    assert capsys.readouterr().err == "ktools: the group's coordinator does not answer a commit. Waiting.\n"
    stop.signal = signal.SIGTERM
    assert wait()
    now[0] += 3
    assert not wait()


def test_a_call_that_does_not_end_is_left_alone() -> None:
    assert end_aside(lambda: None, 60)
    asked: list[bool] = []

    def waits() -> bool:
        asked.append(True)
        return len(asked) < 3

    assert not end_aside(threading.Event().wait, 60, waits)
    assert len(asked) == 3
