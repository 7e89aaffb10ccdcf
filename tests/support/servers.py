"""Servers on loopback, in threads: some that are no brokers, and one that answers as it is told."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from kafka_tools.model.codec import decode, encode, struct_decoder
from kafka_tools.wire.messages import API_VERSIONS
from kafka_tools.wire.schema import Message

Handler = Callable[[socket.socket], None]
Answers = Mapping[Message, Callable[[dict[str, Any]], dict[str, Any] | bytes | None]]


@contextmanager
def serving(handler: Handler, host: str = "127.0.0.1") -> Iterator[int]:
    """Serve every connection with `handler`, each in a thread; give the port."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        threading.Thread(target=_accept, args=(listener, handler), daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, handler: Handler) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_handle, args=(handler, connection), daemon=True).start()


def _handle(handler: Handler, connection: socket.socket) -> None:
    with connection, suppress(OSError, struct.error):
        handler(connection)


@contextmanager
def refusing() -> Iterator[int]:
    """Give a port where nobody listens, and nobody else can."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def starting(handler: Handler, after_seconds: float) -> Iterator[int]:
    """Give a port that refuses for so many seconds and then serves every connection, as a broker that starts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # it holds the port, and refuses until it listens

        def serve() -> None:
            time.sleep(after_seconds)
            with suppress(OSError):
                listener.listen()
                _accept(listener, handler)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def black_hole() -> Iterator[int]:
    """Give a port whose connections are never made: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(4):
                waiting.append(socket.socket())
                waiting[-1].setblocking(False)
                waiting[-1].connect_ex(listener.getsockname())
            yield listener.getsockname()[1]
        finally:
            for connection in waiting:
                connection.close()


def silent(connection: socket.socket) -> None:
    """Take whatever comes and say nothing."""
    while connection.recv(4096):
        pass


def closing(connection: socket.socket) -> None:
    """Hear the question and hang up."""
    connection.recv(4096)


def saying(raw: bytes) -> Handler:
    """Answer everything with these bytes, then hang up."""

    def handler(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(raw)

    return handler


class Broker:
    """A broker that knows these requests, each in its newest version, and answers as it is told.

    An answer of None hangs up, one of bytes is sent as it is.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, connection: socket.socket) -> None:
        """Answer the requests of one connection."""
        while True:
            (size,) = struct.unpack(">i", _exactly(connection, 4))
            request = _exactly(connection, size)
            key, version, correlation, client = struct.unpack_from(">hhih", request)
            message = next(each for each in (*self.answers, API_VERSIONS) if each.key == key)
            flexible = version >= message.flexible
            body = request[10 + client + flexible :]
            [values] = decode(body, struct_decoder(message.request, version, flexible))
            self.asked.append((message.name, values))
            answer = self._versions() if message is API_VERSIONS else self.answers[message](values)
            if answer is None:
                return
            tags = b"\0" if flexible and message.flexible_response_header else b""
            body = answer if isinstance(answer, bytes) else encode(message.response, version, flexible, answer)
            raw = struct.pack(">i", correlation) + tags + body
            connection.sendall(struct.pack(">i", len(raw)) + raw)

    def _versions(self) -> dict[str, Any]:
        known = [{"api_key": each.key, "min_version": each.first, "max_version": each.last} for each in self.answers]
        return {"api_keys": known}


def _exactly(connection: socket.socket, size: int) -> bytes:
    raw = b""
    while len(raw) < size:  # not MSG_WAITALL, which a connection with TLS does not know
        more = connection.recv(size - len(raw))
        if not more:
            raise ConnectionResetError
        raw += more
    return raw


def brokers(ports: Mapping[int, int], controller: int = -1, topics: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Return an answer to METADATA: broker id -> port on loopback."""
    known = [{"node_id": broker, "host": "127.0.0.1", "port": port} for broker, port in ports.items()]
    return {"brokers": known, "controller_id": controller, "topics": topics}
