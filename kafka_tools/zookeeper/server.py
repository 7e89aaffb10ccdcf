"""One server of a ZooKeeper ensemble, asked how it is (the four letter word `srvr`)."""

import re
import socket
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError

if TYPE_CHECKING:
    from kafka_tools.model.security import Tls

Address = tuple[str, int]

QUESTION = b"srvr\n"
"""With less than five bytes a server that speaks TLS waits for more."""

TLS_ALERT = b"\x15\x03"
WANTS_TLS = "it speaks TLS only, which zookeeper.ssl.client.enable=true asks for"
HUNG_UP = "this is not a ZooKeeper server, or it speaks TLS only (zookeeper.ssl.client.enable=true)"


class Server(NamedTuple):
    """One server that serves: its `mode` is leader, follower, observer or standalone, "" where it does not tell."""

    mode: str
    version: str
    seconds: float


class NoQuorumError(KafkaToolError):
    """A server runs, but too few others do."""


def ask(server: Address, tls: "Tls | None", seconds: float) -> Server:
    """Ask a server how it is. Raises NoQuorumError, KafkaToolError with the cause where it does not serve."""
    began = monotonic()
    try:
        answer = _answer(server, tls, seconds)
    except socket.gaierror:
        raise KafkaToolError(f"the name {server[0]} does not resolve") from None
    except TimeoutError:
        raise KafkaToolError(f"no answer within {seconds:.0f} s") from None
    except OSError as error:
        raise KafkaToolError(_words(error, tls)) from None
    if not answer or answer.startswith(TLS_ALERT):
        raise KafkaToolError(WANTS_TLS if answer else HUNG_UP)
    return _server(answer.decode(errors="replace"), monotonic() - began)


def _answer(server: Address, tls: "Tls | None", seconds: float) -> bytes:
    """Ask, and once more who hangs up: a server that loses its quorum does so on those whom it is answering."""
    with suppress(ConnectionResetError):
        if answer := _asked(server, tls, seconds):
            return answer
    return _asked(server, tls, seconds)


def _asked(server: Address, tls: "Tls | None", seconds: float) -> bytes:
    with socket.create_connection(server, timeout=seconds) as connection:
        if tls is None:
            return _said(connection)
        from kafka_tools.tls import context

        with context(tls).wrap_socket(connection, server_hostname=server[0]) as secured:
            return _said(secured)


def _said(connection: socket.socket) -> bytes:
    connection.sendall(QUESTION)
    chunks = []
    while chunk := connection.recv(4096):
        chunks.append(chunk)
    return b"".join(chunks)


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

        from kafka_tools.tls import CLOSED, cause

        if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
            return CLOSED
        if isinstance(error, ssl.SSLError):
            return cause(error, "server")
    return (error.strerror or str(error)).lower()
