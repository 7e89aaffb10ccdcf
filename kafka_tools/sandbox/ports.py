"""Free ports that stay free while a broker is down."""

import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from kafka_tools.errors import KafkaToolError
from kafka_tools.sandbox.state import HOST

# Below the range from which systems take the ports of outgoing connections (Linux from 32768, macOS from 49152): else a
# client that keeps trying a dead broker's port is now and then connected to itself, and the broker cannot come back.
LOWEST, HIGHEST = 20_000, 32_000
BLOCK = 20
TRIES = 200


@contextmanager
def free_block() -> Iterator[range]:
    """Give BLOCK - 1 neighbouring ports on which nothing listens now, and which no other sandbox takes meanwhile.

    The port behind them is held until the end: by this process, so that it is free when that dies. Raises
    KafkaToolError if there are none.
    """
    for _ in range(TRIES):
        first = random.randrange(LOWEST, HIGHEST, BLOCK)
        block = range(first, first + BLOCK - 1)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as guard:
            try:
                guard.bind((HOST, block.stop))
            except OSError:
                continue
            if all_free(block):
                yield block
                return
    raise KafkaToolError(f"No {BLOCK} neighbouring free ports were found on {HOST} between {LOWEST} and {HIGHEST}.")


def all_free(ports: Iterable[int]) -> bool:
    """Say whether each of the ports can be listened on."""
    return all(_free(port) for port in ports)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
