"""Writes to pipes that are slow, released or gone."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Message

from kafka_tools.console.consume.writing import Output, Used, whole
from kafka_tools.model.topics import TopicPartition
from tests.support.records import record

Pipe = tuple[int, Output]
LARGE = bytes(range(256)) * 2000


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    with Output(writing) as output:
        yield reading, output
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue


def drain(reading: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        content += os.read(reading, 65_536)
    return content


def later(seconds: float, work: object) -> threading.Timer:
    timer = threading.Timer(seconds, work)  # type: ignore[arg-type]
    timer.start()
    return timer


def test_a_slow_reader_is_waited_for(pipe: Pipe) -> None:
    reading, output = pipe
    seen: list[bytes] = []
    reader = later(0.2, lambda: seen.append(drain(reading, len(LARGE))))
    assert output.write(LARGE) == len(LARGE)
    reader.join()
    assert seen == [LARGE]


def test_so_it_is_where_the_descriptor_does_not_block(pipe: Pipe) -> None:
    reading, output = pipe
    os.set_blocking(output.descriptor, False)
    reader = later(0.2, lambda: drain(reading, len(LARGE)))
    assert output.write(LARGE) == len(LARGE)
    reader.join()


def test_a_released_write_tells_how_much_was_taken(pipe: Pipe) -> None:
    reading, output = pipe
    output.release()
    done = output.write(LARGE)
    assert 0 < done < len(LARGE)
    assert output.is_open
    assert drain(reading, done) == LARGE[:done]


def test_a_released_write_has_some_patience(pipe: Pipe) -> None:
    reading, output = pipe
    output.release()
    done = output.write(LARGE)
    reader = later(0.3, lambda: drain(reading, len(LARGE)))
    assert output.write(LARGE[done:], patience=10) == len(LARGE) - done
    reader.join()
    started = time.monotonic()
    assert output.write(LARGE * 2, patience=0.2) < len(LARGE) * 2
    assert time.monotonic() - started < 60


def test_a_reader_that_is_gone(pipe: Pipe) -> None:
    reading, output = pipe
    os.close(reading)
    assert output.write(b"a") == 0
    assert not output.is_open


def test_a_reader_that_goes_in_the_middle(pipe: Pipe) -> None:
    reading, output = pipe
    later(0.2, lambda: os.close(reading))
    assert 0 < output.write(LARGE) < len(LARGE)
    assert not output.is_open


def test_a_reader_that_goes_while_nothing_is_written(pipe: Pipe) -> None:
    reading, output = pipe
    output.write(b"a")
    output.look()
    assert output.is_open
    os.close(reading)
    output.look()
    assert not output.is_open


def test_a_reader_has_used_what_it_took_before_it_came_back_for_more(pipe: Pipe) -> None:
    reading, output = pipe
    output.write(b"abc")
    assert (output.written, output.used()) == (3, 0)
    os.read(reading, 2)
    output.write(b"def")  # this is when the two are seen to be taken
    assert (output.written, output.used()) == (6, 0)
    os.read(reading, 1)
    assert output.used() == 2
    output.look()
    os.close(reading)
    assert (output.written, output.used()) == (6, 2)


def test_a_file_has_taken_what_was_written(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file, Output(file.fileno()) as output:
        output.write(b"abc")
        output.write(b"def")
        assert (output.written, output.used()) == (6, 3)
        output.look()
        assert output.is_open


def test_the_descriptor_is_left_as_it_was() -> None:
    reading, writing = os.pipe()
    with Output(writing) as output:
        output.release()
        assert not os.get_blocking(writing)
    assert os.get_blocking(writing)
    assert fcntl.fcntl(writing, fcntl.F_GETFL) & os.O_NONBLOCK == 0
    os.close(reading)
    os.close(writing)


def test_nothing_is_written_at_once(pipe: Pipe) -> None:
    assert pipe[1].write(b"") == 0


@pytest.mark.parametrize(
    ("done", "expected"), [(0, (0, 0)), (2, (0, 0)), (3, (1, 3)), (5, (1, 3)), (7, (3, 7)), (9, (4, 9))]
)
def test_whole_records(done: int, expected: tuple[int, int]) -> None:
    assert whole([3, 4, 0, 2], done) == expected


def write_and_note(output: Output, used: Used, batch: list[Message]) -> None:
    output.write(b"".join(each.value() or b"" for each in batch))
    used.wrote(batch, {TopicPartition("t", each.partition() or 0): each for each in batch})


def test_each_partition_goes_back_to_what_was_used() -> None:
    reading, writing = os.pipe()
    with Output(writing) as output:
        used = Used(output)
        write_and_note(
            output, used, [record(b"ab", offset=7), record(b"cd", offset=9), record(b"ef", partition=1, offset=3)]
        )
        assert used.unused() == {("t", 0): 7, ("t", 1): 3}
        os.read(reading, 6)
        write_and_note(output, used, [record(b"gh", offset=10)])
        os.read(reading, 1)
        assert used.unused() == {("t", 0): 10}
        write_and_note(output, used, [record(b"ij", partition=1, offset=4), record(b"kl", partition=2, offset=0)])
        os.close(reading)
        assert used.unused() == {("t", 0): 10, ("t", 1): 4, ("t", 2): 0}
    os.close(writing)
