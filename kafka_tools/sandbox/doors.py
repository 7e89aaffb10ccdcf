"""A connection to one broker of the sandbox, as secured as it is: TLS, and SASL PLAIN as the administrator.

Kafka's layouts: SaslHandshake v1 (key 17), SaslAuthenticate v0 (key 36) of the published message schemas.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from kafka_tools.sandbox import credentials, security
from kafka_tools.sandbox.record import Sandbox, Server
from kafka_tools.sandbox.state import HOST

TIMEOUT_SECONDS = 3.0
SASL_HANDSHAKE, SASL_AUTHENTICATE = 17, 36
CLIENT = b"ktools-sandbox"


class Door(NamedTuple):
    """Where a broker listens, and what it asks for: the credentials are in the sandbox's folder `home`."""

    port: int
    tls: bool = False
    sasl: bool = False
    home: Path = Path()


def door(server: Server, sandbox: Sandbox, home: Path) -> Door:
    """Return the door of one broker."""
    return Door(server.port, security.has_tls(sandbox), security.has_sasl(sandbox), home)


@contextmanager
def opened(to: Door) -> Iterator[socket.socket]:
    """Connect and log in. Raises OSError where nobody answers, ValueError where the broker refuses."""
    with connected(to) as connection:
        if to.sasl:
            token = f"\0{credentials.ADMIN}\0{credentials.password(to.home, credentials.ADMIN)}"
            error = authenticate(connection, "PLAIN", token.encode())
            if error:
                raise ValueError(f"SaslAuthenticate answered error {error}")
        yield connection


@contextmanager
def connected(to: Door) -> Iterator[socket.socket]:
    """Connect, with TLS where the broker wants it. Raises OSError."""
    with socket.create_connection((HOST, to.port), TIMEOUT_SECONDS) as plain:
        if not to.tls:
            yield plain
            return
        import ssl

        context = ssl.create_default_context(cafile=str(credentials.ca_path(to.home)))
        if not to.sasl:
            context.load_cert_chain(credentials.certificate_path(to.home, credentials.ADMIN))
        with context.wrap_socket(plain, server_hostname=HOST) as encrypted:
            yield encrypted


def authenticate(connection: socket.socket, mechanism: str, token: bytes) -> int:
    """Send the first message of a mechanism and return the broker's error code, 0 for none."""
    ask(connection, header(SASL_HANDSHAKE, 1) + string(mechanism.encode()))
    answer = ask(connection, header(SASL_AUTHENTICATE, 0) + struct.pack(">i", len(token)) + token)
    (error,) = struct.unpack_from(">h", answer, 4)
    return int(error)


def header(key: int, version: int) -> bytes:
    """Return a request's header (v1)."""
    return struct.pack(">hhi", key, version, 1) + string(CLIENT)


def string(value: bytes) -> bytes:
    """Encode a string."""
    return struct.pack(">h", len(value)) + value


def ask(connection: socket.socket, request: bytes) -> bytes:
    """Send one request and return the answer, its correlation id first. Raises OSError."""
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _exactly(connection, 4))
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    answer = b""
    while len(answer) < size:
        part = connection.recv(size - len(answer))
        if not part:
            raise ConnectionResetError("the connection was closed in the middle of an answer")
        answer += part
    return answer
