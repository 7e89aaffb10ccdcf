"""Texts that a user gives: what librdkafka takes, and patterns that may take for ever (`(a+)+$` on a long name)."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from kafka_tools.errors import KafkaToolError

MAX_STRING = (1 << 15) - 1
"""How many bytes of UTF-8 a name may have: Kafka's protocol gives its length in 16 bits with a sign."""

PATTERN_SECONDS = 3.0
"""How much CPU time the matching of a pattern may take."""


def is_sendable(text: str) -> bool:
    """Tell whether librdkafka takes a text: UTF-8 (an argument need not be) without a NUL, which would end it there."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


@contextmanager
def limited(pattern: str) -> Iterator[None]:
    """Raise KafkaToolError where the block, which matches `pattern`, takes more than PATTERN_SECONDS of CPU time.

    It may be used in the main thread only: Python runs the handlers of signals nowhere else.
    """
    import signal

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise KafkaToolError(f"the pattern '{pattern}' takes too long: it can match in too many ways")

    # re looks for signals while it matches. A timer of CPU time and not of the clock: a write that waits for its reader
    # costs a pattern nothing, and SIGALRM is taken (GroupMember.served).
    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PATTERN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
