"""Several calls at once: what they return, how they fail, and what comes too late."""

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from kafka_tools import parallel
from kafka_tools.errors import KafkaToolError
from kafka_tools.parallel import TooLateError, in_parallel

LONG_SECONDS = 60.0


def _failing() -> int:
    raise KafkaToolError("no")


def test_answers_and_failures_in_their_order() -> None:
    found = in_parallel({"b": lambda: 1, "a": _failing, "c": lambda: 3}, time.monotonic() + LONG_SECONDS)
    assert list(found) == ["b", "a", "c"]
    assert (found["b"], found["c"]) == (1, 3)
    assert isinstance(found["a"], KafkaToolError)
    assert found["a"].message == "no"


def test_all_at_once() -> None:
    meet = threading.Barrier(3)
    found = in_parallel(
        {number: lambda: meet.wait(LONG_SECONDS) for number in range(3)}, time.monotonic() + LONG_SECONDS
    )
    assert sorted(found.values()) == [0, 1, 2]


def test_not_a_thread_for_each_of_thousands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "MOST_THREADS", 3)
    at_once = set[int]()
    most = 0

    def call(number: int) -> int:
        nonlocal most
        at_once.add(number)
        most = max(most, len(at_once))
        time.sleep(0.001)
        at_once.discard(number)
        return number

    calls = {number: partial(call, number) for number in range(100)}
    assert in_parallel(calls, time.monotonic() + LONG_SECONDS) == {number: number for number in range(100)}
    assert most <= 3


def test_what_has_not_begun_in_time_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "MOST_THREADS", 1)
    go_on, begun = threading.Event(), list[int]()
    calls: dict[int, Callable[[], object]] = {0: go_on.wait, 1: lambda: begun.append(1)}
    found = in_parallel(calls, time.monotonic() + 0.1)
    go_on.set()
    time.sleep(0.1)
    assert all(isinstance(each, TooLateError) for each in found.values())
    assert begun == []


def test_what_comes_too_late() -> None:
    go_on = threading.Event()
    found = in_parallel({"late": go_on.wait, "here": lambda: True}, time.monotonic() + 0.2)
    go_on.set()
    assert found["here"] is True
    assert isinstance(found["late"], TooLateError)


def test_a_bug_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_parallel({"bug": lambda: 1 // 0}, time.monotonic() + LONG_SECONDS)


def test_nothing_to_ask() -> None:
    assert in_parallel({}, time.monotonic()) == {}
