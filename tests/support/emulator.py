"""A real terminal (a pty) for a piece of Python, drawn by a terminal emulator."""

import copy
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pexpect
import pyte

SECONDS = 60
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PAGER", "KTOOLS_PAGER", "LESS")


ALTERNATE = 1049


class TwoScreens(pyte.Screen):
    """A screen with an alternate one, as terminals have and pyte has not (xterm's DECSET 1049)."""

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if ALTERNATE in modes and kwargs.get("private"):
            self._first = copy.deepcopy(self.buffer), copy.copy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if ALTERNATE in modes and kwargs.get("private"):
            buffer, cursor = self._first
            self.erase_in_display(2)
            self.buffer.update(buffer)
            cursor.hidden = self.cursor.hidden
            self.cursor = cursor


class Emulator:
    """A running piece of code and what its terminal shows."""

    def __init__(self, code: str, width: int, height: int = 40, **env: str) -> None:
        variables = {name: value for name, value in os.environ.items() if name not in UNSET}
        self.child = pexpect.spawn(
            sys.executable,
            ["-c", code],
            dimensions=(height, width),
            env=variables | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | env,
            encoding="utf-8",
        )
        self.screen = TwoScreens(width, height)
        self._stream = pyte.Stream(self.screen)
        self.bytes = ""

    @property
    def lines(self) -> list[str]:
        """The lines that are shown, blanks behind them and empty ones around them left out."""
        return "\n".join(line.rstrip() for line in self.screen.display).strip("\n").split("\n")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Draw what comes until the condition holds for a whole picture."""
        deadline = time.monotonic() + SECONDS
        while self._is_drawing or not condition():
            assert time.monotonic() < deadline, self.text
            try:
                self._draw(self.child.read_nonblocking(65536, timeout=0.1))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert condition(), self.text
                return

    def end(self) -> int:
        """Draw what comes until the code ends; return its exit status, negative where a signal ended it."""
        while True:
            try:
                self._draw(self.child.read_nonblocking(65536, timeout=SECONDS))
            except pexpect.EOF:
                break
        self.child.close()
        return -self.child.signalstatus if self.child.exitstatus is None else self.child.exitstatus

    @property
    def _is_drawing(self) -> bool:
        """Whether only a part of a picture has come (synchronized output, DEC private mode 2026)."""
        return self.bytes.rfind("\x1b[?2026h") > self.bytes.rfind("\x1b[?2026l")

    def _draw(self, text: str) -> None:
        self.bytes += text
        self._stream.feed(text)
