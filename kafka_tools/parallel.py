"""Runs several calls at once, each in a thread, and waits for them until a deadline."""

from collections import deque
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from threading import Thread
from time import monotonic
from typing import TypeVar

from kafka_tools.errors import KafkaToolError

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

MOST_THREADS = 250
"""More than brokers of a large cluster; a server that claims to have thousands does not get a thread for each."""


class TooLateError(KafkaToolError):
    """A call did not return in time."""


def in_parallel(calls: Mapping[Key, Callable[[], Found]], deadline: float) -> dict[Key, Found | KafkaToolError]:
    """Run all calls at once and return what each returned, or the KafkaToolError that it raised, by its key.

    Of more than MOST_THREADS the others begin as threads become free.

    A call that has not returned by `deadline` (time.monotonic, s) counts as TooLateError, and is left to itself. What
    else a call raises is raised here.
    """
    began, found, bugs = monotonic(), dict[Key, Found | KafkaToolError](), list[BaseException]()

    def run(key: Key, call: Callable[[], Found]) -> None:
        try:
            found[key] = call()
        except KafkaToolError as error:
            found[key] = error
        except BaseException as error:  # noqa: BLE001  raised again below: in a thread, nobody would see it
            bugs.append(error)

    def work() -> None:
        while waiting:
            with suppress(IndexError):  # another thread took the last one meanwhile
                run(*waiting.popleft())

    waiting = deque(calls.items())
    threads = [Thread(target=work, daemon=True) for _ in range(min(len(calls), MOST_THREADS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - monotonic(), 0))
    waiting.clear()  # what has not begun by now is not begun any more
    for bug in bugs:
        raise bug
    late = TooLateError(f"no answer within {max(deadline - began, 0):.0f} s")
    return {key: found.get(key, late) for key in calls}
