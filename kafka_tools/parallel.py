"""Runs several calls at once, each in a thread, and waits for them until a deadline."""

from collections.abc import Callable, Hashable, Mapping
from threading import Thread
from time import monotonic
from typing import TypeVar

from kafka_tools.errors import KafkaToolError

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


class TooLateError(KafkaToolError):
    """A call did not return in time."""


def in_parallel(calls: Mapping[Key, Callable[[], Found]], deadline: float) -> dict[Key, Found | KafkaToolError]:
    """Run all calls at once and return what each returned, or the KafkaToolError that it raised, by its key.

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

    threads = [Thread(target=run, args=call, daemon=True) for call in calls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - monotonic(), 0))
    for bug in bugs:
        raise bug
    late = TooLateError(f"no answer within {max(deadline - began, 0):.0f} s")
    return {key: found.get(key, late) for key in calls}
