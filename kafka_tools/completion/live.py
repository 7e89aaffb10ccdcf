"""Names that have to be asked for: soon or not at all, and never by the process that a prompt waits for.

A process of its own asks; the other waits for it until it has run for PROMPT_SECONDS. What is learned stays in the
user's cache folder for the next time, also when it comes too late for this one.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn

from kafka_tools.completion import memory
from kafka_tools.completion.memory import Candidate
from kafka_tools.sandbox import identity

PROMPT_SECONDS = 0.25
"""How long a prompt waits at most, from the start of the program on."""

AGAIN_SECONDS = 0.05

LEAST_SECONDS = 0.1
"""How long names are waited for where the start took that long: what is remembered comes in time."""


class _TooLateError(Exception):
    """The time is over."""


def soon(find: Callable[[], tuple[Candidate, ...]]) -> tuple[Candidate, ...]:
    """Return what `find` finds in time; nothing if it takes longer, whatever it waits for.

    Then another process goes on with it, for the next time, and returns too; see `names`.
    """

    def leave(*_: object) -> None:
        if os.fork():
            _give_up()
        _leave_the_prompt()

    signal.signal(signal.SIGALRM, leave)
    # Again and again, because an exception in the middle of an import may be lost.
    signal.setitimer(signal.ITIMER_REAL, max(PROMPT_SECONDS - _running_for(), LEAST_SECONDS), AGAIN_SECONDS)
    try:
        return find()
    except _TooLateError:
        return ()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(*_: object) -> NoReturn:
    signal.signal(signal.SIGALRM, _give_up)
    raise _TooLateError


def _running_for() -> float:
    """Return for how many seconds this process runs; 0 where only another program could tell."""
    ticks = identity.started(os.getpid()) if sys.platform == "linux" else None
    if ticks is None:
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - int(ticks) / os.sysconf("SC_CLK_TCK"))


def names(key: str, ask: Callable[[], Iterable[Candidate]]) -> tuple[Candidate, ...]:
    """Return what `ask` gives, or gave a short time ago for the same `key`.

    `ask` runs in a process of its own, which may hang, fail and be killed. That one returns too, with nothing and
    without a stdout: it is to end as the program does.
    """
    known = memory.recall(key)
    if known is not None:
        return known
    memory.claim(key)
    reader, writer = os.pipe()
    if os.fork():
        signal.signal(signal.SIGALRM, _give_up)
        os.close(writer)
        with open(reader, "rb") as answer:
            return memory.parse(answer.read())
    _leave_the_prompt()
    text = memory.text(ask())
    memory.remember(key, text)
    with suppress(BrokenPipeError), open(writer, "wb") as answer:
        answer.write(text)
    return ()


def _leave_the_prompt() -> None:
    """Have no terminal to ask or to write on, get no signals from it, and end in time."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(memory.CLAIM_SECONDS)
