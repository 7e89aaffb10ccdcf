"""Several calls at once: what they return, how they fail, and what comes too late."""

import threading
import time

import pytest

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
