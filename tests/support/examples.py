"""How many examples a property test takes where it stands for many of a kind."""

from hypothesis import settings


def a_share(part: int) -> settings:
    """Return settings with one of so many parts of the examples that this run takes: each message has many versions,
    most of them like their neighbours. `--hypothesis-profile thorough` takes 25 times as many."""
    return settings(max_examples=max(2, settings().max_examples // part))
