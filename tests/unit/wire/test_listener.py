"""A listener that is spoken to in the wrong way says so; one that hangs up for another reason does not."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from kafka_tools.model.security import Security, Tls
from kafka_tools.wire.diagnosis import connect
from kafka_tools.wire.messages import METADATA
from kafka_tools.wire.sockets import BrokenConnectionError
from tests.support.authority import Authority
from tests.support.servers import Broker, brokers, closing, serving

TLS = Security(Tls())
HANDSHAKE = b"\x16"
"""TLS's content type."""


@contextmanager
def speaking_tls(folder: Path, client_ca: str = "") -> Iterator[int]:
    """Serve TLS and nothing else; with an authority, to its clients only."""
    authority = Authority()
    file = folder / "server.pem"
    file.write_text("".join(authority.pair()))
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(file)
    if client_ca:
        settings.maximum_version = ssl.TLSVersion.TLSv1_2
        settings.load_verify_locations(cadata=client_ca)
        settings.verify_mode = ssl.CERT_REQUIRED

    def handler(connection: socket.socket) -> None:
        with suppress(OSError), settings.wrap_socket(connection, server_side=True) as secured:
            secured.recv(100)

    with serving(handler) as port:
        yield port


def failure(port: int, security: Security | None) -> BrokenConnectionError:
    with pytest.raises(BrokenConnectionError) as caught:
        connect(("127.0.0.1", port), time.monotonic() + 5, security)
    return caught.value


@pytest.mark.parametrize("wants_certificate", [False, True])
def test_plaintext_to_tls(tmp_path: Path, wants_certificate: bool) -> None:
    with speaking_tls(tmp_path, Authority().pem if wants_certificate else "") as port:
        error = failure(port, None)
    assert (error.cause, error.hopeless) == ("this listener speaks TLS, not plaintext", True)
    assert "SASL_SSL" in error.hint


def test_tls_to_plaintext() -> None:
    broker = Broker({METADATA: lambda _: brokers({})})

    def handler(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) != HANDSHAKE:  # a broker takes it for a request that is far too long
            broker(connection)

    with serving(handler) as port:
        error = failure(port, TLS)
    assert (error.cause, error.hopeless) == ("this listener speaks plaintext, not TLS", True)
    assert "SASL_PLAINTEXT" in error.hint


@pytest.mark.parametrize("security", [None, TLS])
def test_who_always_hangs_up_speaks_neither(security: Security | None) -> None:
    with serving(closing) as port:
        assert not failure(port, security).hopeless
