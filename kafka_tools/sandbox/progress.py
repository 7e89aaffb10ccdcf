"""What the sandbox tells while jars come in and servers start; whoever starts it hands in what shows that."""

from typing import Protocol


class Progress(Protocol):
    """Takes the stages of the start and how far each is."""

    def stage(self, line: str) -> None:
        """Take the line that says what begins now."""
        ...

    def detail(self, words: str, done: int = 0, total: int | None = None) -> None:
        """Take what happens within the stage and, where it can be counted, how much of it is `done`; comes often."""
        ...


class Unshown:
    """Progress that nobody sees."""

    def stage(self, line: str) -> None:
        """Do nothing."""

    def detail(self, words: str, done: int = 0, total: int | None = None) -> None:
        """Do nothing."""
