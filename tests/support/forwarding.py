"""A port that leads to a real broker, whose answers name other addresses than the cluster's."""

import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from tests.support.clusters import Cluster
from tests.support.servers import serving


@contextmanager
def forwarded(cluster: Cluster, instead: Mapping[str, int]) -> Iterator[str]:
    """Forward a port to the cluster's first broker, whose answers name other ports for these addresses."""
    target = cluster.bootstrap.partition(",")[0]
    changes = [(_advertised(address), _advertised(f"127.0.0.1:{port}")) for address, port in instead.items()]

    def handler(connection: socket.socket) -> None:
        host, _, port = target.partition(":")
        with socket.create_connection((host, int(port))) as broker:
            threading.Thread(target=_answers, args=(broker, connection, changes), daemon=True).start()
            while asked := connection.recv(1 << 16):
                broker.sendall(asked)
            broker.shutdown(socket.SHUT_RDWR)  # to be closed would not wake the thread that waits for its answers

    with serving(handler) as port:
        yield f"127.0.0.1:{port}"


def _answers(broker: socket.socket, connection: socket.socket, changes: Sequence[tuple[bytes, bytes]]) -> None:
    with suppress(OSError):
        while answer := broker.recv(1 << 20):
            for there, here in changes:
                answer = answer.replace(there, here)
            connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)


def _advertised(address: str) -> bytes:
    host, _, port = address.partition(":")
    return host.encode() + struct.pack(">i", int(port))
