"""Writing to a pipe that may be slow, stopped or gone, and knowing how many bytes it took and its reader used."""

import fcntl
import os
import select
import stat
import sys
import termios
from types import TracebackType
from typing import Self

STDOUT = 1


class Output:
    """Unbuffered writes to a file descriptor.

    A blocked write is awaited until `release` is called (from a signal handler); from then on no write waits.
    `written` counts the bytes that were taken.
    """

    def __init__(self, descriptor: int = STDOUT) -> None:
        self.descriptor = descriptor
        self.is_open = True
        self.is_writing = False
        self.written = 0
        self._released = False
        self._is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        self._seen = (0, 0)
        self._was_blocking = os.get_blocking(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the descriptor, which other processes may share, as it was."""
        if os.get_blocking(self.descriptor) != self._was_blocking:
            os.set_blocking(self.descriptor, self._was_blocking)

    def release(self) -> None:
        """Let a write that waits for its reader end: the kernel then tells how many bytes it took."""
        self._released = True
        os.set_blocking(self.descriptor, False)

    def write(self, content: bytes, patience: float = 0.0) -> int:
        """Write; return how many bytes were taken: all, unless the reader is gone (`is_open`) or `release` was called.

        `patience` says for how many seconds a write after `release` still waits for the reader. Raises OSError, for a
        full disk as an example.
        """
        self._see()
        self.is_writing = True
        try:
            done = self._write(content, patience)
        finally:
            self.is_writing = False
        self.written += done
        return done

    def look(self) -> None:
        """Notice a reader that is gone while there is nothing to write."""
        self._see()
        poll = select.poll()
        poll.register(self.descriptor, 0)
        if poll.poll(0):
            self.is_open = False

    def used(self) -> int:
        """Return how many bytes the reader has surely used: it took these, and then came back for more.

        What it took last may be lost when it goes, as `head` reads more than it prints; so is what is in the pipe.
        """
        before, last = self._seen
        return last if last < self._taken() else before

    def _see(self) -> None:
        taken = self._taken()
        if taken > self._seen[1]:
            self._seen = (self._seen[1], taken)

    def _taken(self) -> int:
        """Return how many bytes the reader has taken; those of anything but a pipe are taken when they are written."""
        if not self._is_pipe:
            return self.written
        return self.written - int.from_bytes(fcntl.ioctl(self.descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)

    def _write(self, content: bytes, patience: float) -> int:
        try:
            done = os.write(self.descriptor, content) if content else 0
            return done if done == len(content) else self._write_rest(content, done, patience)
        except BlockingIOError:
            return self._write_rest(content, 0, patience)
        except BrokenPipeError:
            self.is_open = False
            return 0

    def _write_rest(self, content: bytes, done: int, patience: float) -> int:
        view = memoryview(content)
        while done < len(content):
            try:
                done += os.write(self.descriptor, view[done:])
            except BlockingIOError:
                if not self._wait_for_room(patience):
                    break
            except BrokenPipeError:
                self.is_open = False
                break
        return done

    def _wait_for_room(self, patience: float) -> bool:
        """Wait for the reader; return False where it is not to be waited for."""
        if self._released:
            return bool(select.select([], [self.descriptor], [], patience)[1])
        select.select([], [self.descriptor], [], 1.0)
        return True


def whole(lengths: list[int], done: int) -> tuple[int, int]:
    """Return how many records of these lengths (bytes) lie wholly in the first `done` bytes, and where they end."""
    end = count = 0
    for length in lengths:
        if end + length > done:
            break
        end += length
        count += 1
    return count, end
