"""TLS: whom the client trusts, how it shows itself, and what a failure is called."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Tls
from kafka_tools.tls import cause, context
from kafka_tools.wire.sockets import BrokenConnectionError, open_socket
from kafka_tools.wire.tls import encrypted


class Authority:
    """Signs certificates of 127.0.0.1, or of what else it is told."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.pem = self._signed(self.name, self.key, [], days=9, ca=True)

    def pair(self, host: str = "127.0.0.1", days: int = 9, password: str = "") -> tuple[str, str]:
        """Return a key and its certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()
        return pem, self._signed(subject, key, [x509.IPAddress(ip_address(host))], days)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: list[x509.GeneralName],
        days: int,
        ca: bool = False,
    ) -> str:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=20))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@contextmanager
def serving(folder: Path, pair: tuple[str, str], client_ca: str = "") -> Iterator[tuple[str, int]]:
    """Serve one client: shake hands, then say `hello`."""
    file = folder / "server.pem"
    file.write_text("".join(pair))
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(file)
    if client_ca:
        settings.load_verify_locations(cadata=client_ca)
        settings.verify_mode = ssl.CERT_REQUIRED

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                with settings.wrap_socket(connection, server_side=True) as secured:
                    secured.sendall(b"hello")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()
        thread.join()


def said(address: tuple[str, int], tls: Tls) -> bytes:
    deadline = time.monotonic() + 5
    with encrypted(open_socket(address, deadline), tls, address, deadline) as secured:
        return secured.recv(100)


def test_a_trusted_server(authority: Authority, tmp_path: Path) -> None:
    with serving(tmp_path, authority.pair()) as address:
        assert said(address, Tls(authority.pem)) == b"hello"


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [("127.0.0.1", -1, "certificate has expired"), ("127.0.0.9", 9, "certificate is for another host")],
)
def test_a_certificate_that_is_not_good(authority: Authority, tmp_path: Path, host: str, days: int, words: str) -> None:
    with (
        serving(tmp_path, authority.pair(host, days)) as address,
        pytest.raises(BrokenConnectionError, match=words) as error,
    ):
        said(address, Tls(authority.pem))
    assert error.value.hopeless


def test_another_host_where_that_is_not_checked(authority: Authority, tmp_path: Path) -> None:
    with serving(tmp_path, authority.pair("127.0.0.9")) as address:
        assert said(address, Tls(authority.pem, check_hostname=False)) == b"hello"


def test_a_server_that_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    with serving(tmp_path, authority.pair()) as address, pytest.raises(BrokenConnectionError, match="is not trusted"):
        said(address, Tls(Authority().pem))
    with serving(tmp_path, authority.pair()) as address:
        assert said(address, Tls(Authority().pem, verify=False)) == b"hello"


def test_a_client_s_certificate(authority: Authority, tmp_path: Path) -> None:
    key, certificate = authority.pair(password="hunter2")
    with serving(tmp_path, authority.pair(), authority.pem) as address:
        assert said(address, Tls(authority.pem, "", certificate, key, "hunter2")) == b"hello"
    with serving(tmp_path, authority.pair(), authority.pem) as address, pytest.raises(ssl.SSLError) as refused:
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
