"""One server of a ZooKeeper ensemble, asked how it is (the four letter word `srvr`)."""

import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import Address
from kafka_tools.parallel import in_parallel

if TYPE_CHECKING:
    from kafka_tools.model.security import Tls

QUESTION = b"srvr\n"
"""With less than five bytes a server that speaks TLS waits for more."""

TLS_ALERT = b"\x15\x03"
WANTS_TLS = "it speaks TLS only, which zookeeper.ssl.client.enable=true asks for"
HUNG_UP = "this is not a ZooKeeper server, or it speaks TLS only (zookeeper.ssl.client.enable=true)"

LEAST_SECONDS = 0.001
"""A timeout of 0 would mean not to wait at all, one below 0 is refused."""


class Server(NamedTuple):
    """One server that serves: its `mode` is leader, follower, observer or standalone, "" where it does not tell."""

    mode: str
    version: str
    seconds: float


class NoQuorumError(KafkaToolError):
    """A server runs, but too few others do."""


def ask(server: Address, tls: "Tls | None", seconds: float) -> Server:
    """Ask a server how it is, for so long at most.

    Raises NoQuorumError, KafkaToolError with the cause where it does not serve.
    """
    began = monotonic()
    try:
        answer = _answer(server, tls, began + seconds)
    except TimeoutError:
        raise KafkaToolError(f"no answer within {seconds:.0f} s") from None
    except OSError as error:
        raise KafkaToolError(_words(error, tls)) from None
    if not answer or answer.startswith(TLS_ALERT):
        raise KafkaToolError(WANTS_TLS if answer else HUNG_UP)
    return _server(answer.decode(errors="replace"), monotonic() - began)


def _answer(server: Address, tls: "Tls | None", deadline: float) -> bytes:
    """Ask, and once more who hangs up: a server that loses its quorum does so on those whom it is answering."""
    places = _places(server, deadline)
    with suppress(ConnectionResetError):
        if answer := _asked(server[0], places, tls, deadline):
            return answer
    return _asked(server[0], places, tls, deadline)


def _places(server: Address, deadline: float) -> list[Address]:
    """Return the addresses of a server, looked up in a thread: the look-up itself knows no deadline."""
    call = partial(socket.getaddrinfo, *server, type=socket.SOCK_STREAM)
    try:
        found = in_parallel({server: call}, deadline)[server]
    except (socket.gaierror, UnicodeError):
        found = None
    if not isinstance(found, list):
        raise KafkaToolError(f"the name {server[0]} does not resolve")
    return [(str(place[0]), int(place[1])) for *_, place in found]


def _asked(host: str, places: Sequence[Address], tls: "Tls | None", deadline: float) -> bytes:
    with _connection(places, deadline) as connection:
        if tls is None:
            return _said(connection, deadline)
        from kafka_tools.openssl import context

        connection.settimeout(_left(deadline))
        with context(tls).wrap_socket(connection, server_hostname=host) as secured:
            return _said(secured, deadline)


def _connection(places: Sequence[Address], deadline: float) -> socket.socket:
    """Connect to the first that answers."""
    *others, last = places
    for number, place in enumerate(others):
        with suppress(OSError):
            return socket.create_connection(place, _left(deadline) / (len(places) - number))
    return socket.create_connection(last, _left(deadline))


def _said(connection: socket.socket, deadline: float) -> bytes:
    connection.settimeout(_left(deadline))
    connection.sendall(QUESTION)
    chunks = []
    while chunk := connection.recv(4096):
        chunks.append(chunk)
        connection.settimeout(_left(deadline))
    return b"".join(chunks)


def _left(deadline: float) -> float:
    return max(deadline - monotonic(), LEAST_SECONDS)


def _server(answer: str, seconds: float) -> Server:
    version = re.match(r"Zookeeper version: ([\w.]+)", answer)
    mode = re.search(r"^Mode: (\w+)", answer, re.MULTILINE)
    if version:
        return Server(mode[1] if mode else "", version[1], seconds)
    if "not in the whitelist" in answer:
        return Server("", "", seconds)
    if "not currently serving" in answer:
        hint = "Start the others: a majority of the servers must be up, and reach each other."
        raise NoQuorumError("it runs, but does not serve: there is no quorum", hint)
    raise KafkaToolError("this is not a ZooKeeper server")


def _words(error: OSError, tls: "Tls | None") -> str:
    if tls is not None:
        import ssl

        from kafka_tools.openssl import CLOSED, cause

        if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
            return CLOSED
        if isinstance(error, ssl.SSLError):
            return cause(error, "server")
    return (error.strerror or str(error)).lower()
