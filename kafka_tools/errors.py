"""The failures a user can meet."""

from collections.abc import Iterable


class KafkaToolError(Exception):
    """An expected failure: the cluster refused, a resource is missing, nothing listens there.

    `message` is one line that names the cause, `hint` what to try (may be empty), `status` the exit status.
    """

    def __init__(self, message: str, hint: str = "", status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status


class UsageError(KafkaToolError):
    """The command line is wrong: found before any cluster was asked."""


class UnreachableError(KafkaToolError):
    """No server of the cluster answers in time."""


def nearest(word: str, known: Iterable[str], most: int = 1, likeness: float = 0.6) -> list[str]:
    """Return at most so many of the known words that look like `word` (0 to 1: how much), the nearest first."""
    import difflib

    return difflib.get_close_matches(word, list(known), n=most, cutoff=likeness)
