"""Writing records to stdout, which may be a slow, stopped or closed pipe: how many it took, and how many were used."""

import fcntl
import os
import select
import stat
import sys
import termios
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from kafka_tools.console.formats import Batch, Formatter, UnreadableError
from kafka_tools.console.process import Stop, note
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

STDOUT = 1
PAUSE_SECONDS = 0.001
LAST_RECORD_SECONDS = 5.0
"""How long a record that was half written when the user stopped waits for its reader."""


# os.write and not sys.stdout.buffer: with PYTHONUNBUFFERED=1 that is a raw file, whose write may be partial, and with a
# buffer nobody knows what was written when the process is killed.
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
        # O_NONBLOCK belongs to the open file, not to this process: the shell's terminal would stay without blocking.
        if os.get_blocking(self.descriptor) != self._was_blocking:
            os.set_blocking(self.descriptor, self._was_blocking)

    def release(self) -> None:
        """Let a write that waits for its reader end: the kernel then tells how many bytes it took."""
        # The signal interrupts a write that waits in the kernel, and Python repeats it when the handler is done (PEP
        # 475): it finds a descriptor that does not block any more, and ends.
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
        # With no event asked for only POLLERR comes: a pipe that nobody reads. EPIPE would come with the next write.
        poll = select.poll()
        poll.register(self.descriptor, 0)
        if poll.poll(0):
            self.is_open = False

    def wait_until_taken(self, seconds: float) -> None:
        """Wait until the reader of a pipe has taken all that was written, or is gone, at most so many seconds."""
        deadline = time.monotonic() + seconds
        self.look()
        while self.is_open and not self._released and self._taken() < self.written and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
            self.look()

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
        # FIONREAD counts what is still in the pipe. No other kind of file tells what its reader took.
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


class Used:
    """Up to which offset of each partition the reader of `output` has surely used the records.

    A group goes on after that where its reader is gone.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._written: deque[tuple[int, dict[TopicPartition, int]]] = deque()
        self._used: dict[TopicPartition, int] = {}

    def wrote(self, batch: Batch, last: Mapping[TopicPartition, Any]) -> None:
        """Note a batch that was just written; `last` are its last records (confluent_kafka.Message) by partition."""
        # A partition's first batch also says where it began: nothing before that is this process's affair.
        for new in last.keys() - self._used.keys():
            self._used[new] = next(each.offset() for each in batch if (each.topic(), each.partition()) == new)
        self._written.append((self._output.written, {which: each.offset() + 1 for which, each in last.items()}))
        self._forget_used()

    def unused(self) -> dict[TopicPartition, int]:
        """Return for each partition with records that may not have been used the offset of the first one."""
        self._forget_used()
        return {partition: self._used[partition] for _, offsets in self._written for partition in offsets}

    def _forget_used(self) -> None:
        used = self._output.used()
        while self._written and self._written[0][0] <= used:
            self._used |= self._written.popleft()[1]


class Storage(Protocol):
    """Takes note of records that were written, and of those that cannot be read; `in_flight` are being written."""

    in_flight: Batch

    def store(self, batch: Batch, /) -> None:
        """Take note of records that were written."""
        ...

    def leave_out(self, message: Any, /) -> None:
        """Take note of a record that cannot be read and is passed over."""
        ...


class RecordWriter:
    """Writes batches of records to `output` and lets the reader store their offsets; `processed` counts the records.

    A record that cannot be read ends the writing, or is left out with `skip_unreadable` and counted all the same;
    `skip_option` is the option that says so.
    """

    def __init__(
        self,
        formatter: Formatter,
        output: Output,
        reader: Storage,
        stop: Stop,
        skip_unreadable: bool = False,
        skip_option: str = "--skip-message-on-error",
    ) -> None:
        self.processed = 0
        self._format = formatter
        self._output = output
        self._reader = reader
        self._stop = stop
        self._skip_unreadable = skip_unreadable
        self._skip_option = skip_option

    def write(self, batch: Batch) -> int:
        """Write the batch, store its offsets, return how many records were processed: fewer only when this is the end.

        Raises KafkaToolError for a record that cannot be read, after those before it were written.
        """
        try:
            content = self._format(batch)
        except UnreadableError:
            return self._write_readable(batch)
        return self._put(batch, content)

    def _put(self, batch: Batch, content: bytes) -> int:
        # The order is the promise of this tool: written first, stored for the next commit afterwards, and only what the
        # kernel took. Whatever ends the process between the two repeats a record, and loses none.
        self._reader.in_flight = batch
        done = self._output.write(content)
        if done < len(content):
            batch = self._whole_records(batch, content, done)
        self.processed += len(batch)
        self._reader.store(batch)
        return len(batch)

    def _write_readable(self, batch: Batch) -> int:
        """Write record by record, without those that cannot be read."""
        # Each record is stored by itself here: the one that cannot be read must stay the group's next one.
        count = 0
        for message in batch:
            try:
                content = self._format([message])
            except UnreadableError as error:
                self._leave_out(message, error)
                count += 1
            else:
                count += self._put([message], content)
            if not self._output.is_open or self._stop:
                break
        return count

    def _leave_out(self, message: Any, error: UnreadableError) -> None:
        self.processed += 1
        which = f"{message.topic()}-{message.partition()} at offset {message.offset()}"
        if not self._skip_unreadable:
            raise KafkaToolError(f"{which}: {error}", f"{self._skip_option} goes on after it.") from error
        note(f"ktools: {which} is left out: {error}")
        self._reader.leave_out(message)

    def _whole_records(self, batch: Batch, content: bytes, done: int) -> Batch:
        """Return the records that were written wholly; one that was cut is completed if its reader lets it."""
        # Formatted once more, one by one, as only the whole batch was: this happens once in a run. What JSON's array
        # has before its first record belongs to no record.
        lengths = [len(self._format([message])) for message in batch]
        heading = len(content) - sum(lengths)
        count, end = whole(lengths, max(0, done - heading))
        end += heading
        if end < done and self._output.is_open:
            rest = content[done : end + lengths[count]]
            if self._output.write(rest, LAST_RECORD_SECONDS) == len(rest):
                count += 1
            else:
                note("ktools: the output ends within a record, as nobody reads it; that record is not counted")
        return batch[:count]
