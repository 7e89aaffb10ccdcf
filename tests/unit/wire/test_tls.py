"""TLS: whom the client trusts, how it shows itself, and what a failure is called."""

import socket
import ssl
import time
from pathlib import Path
from threading import Thread

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Tls
from kafka_tools.openssl import cause, context
from kafka_tools.wire.sockets import BrokenConnectionError, encrypted, open_socket
from tests.support.authority import Authority, serving_tls


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def said(address: tuple[str, int], tls: Tls) -> bytes:
    deadline = time.monotonic() + 5
    with encrypted(open_socket(address, deadline), tls, address, deadline) as secured:
        return secured.recv(100)


def test_a_trusted_server(authority: Authority, tmp_path: Path) -> None:
    with serving_tls(tmp_path, authority.pair()) as address:
        assert said(address, Tls(authority.pem)) == b"hello"


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [("127.0.0.1", -1, "certificate has expired"), ("127.0.0.9", 9, "certificate is for another host")],
)
def test_a_certificate_that_is_not_good(authority: Authority, tmp_path: Path, host: str, days: int, words: str) -> None:
    with (
        serving_tls(tmp_path, authority.pair(host, days)) as address,
        pytest.raises(BrokenConnectionError, match=words) as error,
    ):
        said(address, Tls(authority.pem))
    assert error.value.hopeless


def test_another_host_where_that_is_not_checked(authority: Authority, tmp_path: Path) -> None:
    with serving_tls(tmp_path, authority.pair("127.0.0.9")) as address:
        assert said(address, Tls(authority.pem, check_hostname=False)) == b"hello"


def test_a_server_that_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    with (
        serving_tls(tmp_path, authority.pair()) as address,
        pytest.raises(BrokenConnectionError, match="is not trusted"),
    ):
        said(address, Tls(Authority().pem))
    with serving_tls(tmp_path, authority.pair()) as address:
        assert said(address, Tls(Authority().pem, verify=False)) == b"hello"


def test_a_client_s_certificate(authority: Authority, tmp_path: Path) -> None:
    key, certificate = authority.pair(password="hunter2")
    with serving_tls(tmp_path, authority.pair(), authority.pem) as address:
        assert said(address, Tls(authority.pem, "", certificate, key, "hunter2")) == b"hello"
    with serving_tls(tmp_path, authority.pair(), authority.pem) as address, pytest.raises(ssl.SSLError) as refused:
        said(address, Tls(authority.pem))
    assert cause(refused.value) == "TLS: the broker wants a client certificate (ssl.keystore.*)"


def test_a_key_that_does_not_open(authority: Authority) -> None:
    key, certificate = authority.pair(password="hunter2")
    with pytest.raises(KafkaToolError, match="wrong password") as refused:
        context(Tls("", "", certificate, key, "hunter3"))
    assert "hunter3" not in refused.value.message


def test_a_server_that_speaks_no_tls(authority: Authority) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"\0\0\0\4what")
            connection.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        with pytest.raises(BrokenConnectionError, match="is this a plaintext listener"):
            said(listener.getsockname(), Tls(authority.pem))
        thread.join()
