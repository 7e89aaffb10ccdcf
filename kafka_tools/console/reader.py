"""Lines out of blocks of bytes: nothing is decoded, only a newline ends a line."""

import os
import select
from collections.abc import Callable, Iterable, Iterator

BLOCK_BYTES = 1 << 18
IDLE_SECONDS = 0.005
"""How long nothing comes before what came is dealt with as if it were all for now."""

TICK_SECONDS = 0.2
"""How often a loop that waits for stdin looks at what else happened."""


def blocks(stdin: int, on_tick: Callable[[], bool], on_idle: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """Yield what comes in on the file descriptor `stdin`, at once, until its end.

    `on_tick` is called before each block and every TICK_SECONDS while nothing comes; reading ends when it returns
    False. `on_idle` is called when nothing came for IDLE_SECONDS. Raises OSError.
    """
    while on_tick():
        if not select.select([stdin], [], [], IDLE_SECONDS)[0]:
            on_idle()
            if not select.select([stdin], [], [], TICK_SECONDS)[0]:
                continue
        try:
            block = os.read(stdin, BLOCK_BYTES)
        except BlockingIOError:
            continue
        if not block:
            yield b""
            return
        yield block


def lines(incoming: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines that each block completes, without their newlines; the empty block is the end of the input.

    A last line without a newline counts at the end of the input. Where the blocks stop without the empty one, what
    follows the last newline is dropped: nobody knows whether it is whole.
    """
    open_line: list[bytes] = []
    for block in incoming:
        if not block:
            if any(open_line):
                yield [b"".join(open_line)]
            return
        first, *others = block.split(b"\n")
        open_line.append(first)
        if others:
            last = others.pop()
            yield [b"".join(open_line), *others]
            open_line = [last]
