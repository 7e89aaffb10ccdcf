"""Opens a file of a broker's and reads parts of it, while the broker may write on."""

import os
from types import TracebackType

from kafka_tools.errors import KafkaToolError

WINDOW = 4 << 20
"""So many bytes are read at once, and kept: a segment is read from front to end, batch by batch."""


class CorruptFileError(KafkaToolError):
    """The bytes of a file are not what Kafka's format says."""


class LogFile:
    """A file of a broker's, as long as it was when it was opened.

    It is read by pread(), not mapped: a broker that truncates the file meanwhile would end a process that maps it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._start, self._window = 0, b""
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
            self.size = os.fstat(self._descriptor).st_size
        except OSError as error:
            raise _unreadable(path, error) from error

    def __enter__(self) -> "LogFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def view(self, position: int, size: int) -> memoryview:
        """Return `size` bytes from `position` on; fewer where the file ends before. Raises KafkaToolError."""
        offset = position - self._start
        # A batch may be larger than the window: then as much as it needs is read. The views of batches that were given
        # away stay valid, because each window is an object of its own and is never written to.
        if offset < 0 or offset + size > len(self._window):
            try:
                self._window = os.pread(self._descriptor, max(size, WINDOW), position)
            except OSError as error:
                raise _unreadable(self.path, error) from error
            self._start, offset = position, 0
        return memoryview(self._window)[offset : offset + size]

    def zeros_from(self, position: int) -> bool:
        """Say whether there are only zeros from `position` on to the end."""
        # A crash leaves zeros to the end of the file, which may be 1 GB: by windows, never as a whole.
        while position < self.size:
            part = self.view(position, WINDOW)
            if not part or part.tobytes().strip(b"\0"):
                return False
            position += len(part)
        return True


def _unreadable(path: str, error: OSError) -> KafkaToolError:
    return KafkaToolError(f"{path}: {error.strerror or error}")
