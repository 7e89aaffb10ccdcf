"""Lines out of blocks."""

import os
import threading
import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.reader import blocks, lines


def cut(content: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(edges) if end > start]


@given(st.binary(max_size=200).map(lambda content: content.replace(b"a", b"\n")), st.lists(st.integers(0, 500)))
def test_wherever_the_blocks_are_cut(content: bytes, places: list[int]) -> None:
    expected = content.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [line for batch in lines([*cut(content, places), b""]) for line in batch] == expected


def test_a_line_that_was_not_ended_is_dropped_if_the_input_was_not() -> None:
    assert list(lines([b"a\nb", b"c\nd"])) == [[b"a"], [b"bc"]]
    assert list(lines([b"a\nb", b"c\nd", b""])) == [[b"a"], [b"bc"], [b"d"]]


def test_a_line_over_many_blocks() -> None:
    assert list(lines([b"x" * 1000] * 1000 + [b"\n", b""])) == [[b"x" * 1_000_000]]


def test_blocks_end_with_the_input() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo")
    os.close(writing)
    assert list(blocks(reading, lambda: True)) == [b"one\ntwo", b""]
    os.close(reading)


def test_blocks_end_when_the_tick_says_so() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one")
    ticks = iter([True, True, False])
    assert list(blocks(reading, lambda: next(ticks))) == [b"one"]
    os.close(reading)
    os.close(writing)


def test_blocks_wait_on_a_descriptor_that_does_not_block() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write_late() -> None:
        time.sleep(0.3)
        os.write(writing, b"late")
        time.sleep(0.2)
        os.close(writing)

    threading.Thread(target=write_late).start()
    assert list(blocks(reading, lambda: True)) == [b"late", b""]
    os.close(reading)


def test_what_came_is_dealt_with_while_nothing_comes() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"one\n")
    idle: list[int] = []

    def on_idle() -> None:
        idle.append(writing)
        os.close(writing)

    assert list(blocks(reading, lambda: True, on_idle)) == [b"one\n", b""]
    assert idle == [writing]
    os.close(reading)
