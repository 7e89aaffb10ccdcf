"""Stores as Java writes them, made from a sandbox's certificates: JKS by hand, the others by cryptography.

JKS: sun.security.provider.JavaKeyStore and KeyProtector (OpenJDK 17); Apache's own tool is the judge of what is here.
"""

import hashlib
import os
import struct
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

PASSWORD = "changeit"
KEY_PROTECTOR = bytes.fromhex("300e060a2b060104012a021101010500")
"""DER: the algorithm 1.3.6.1.4.1.42.2.17.1.1 without parameters."""


class Pair:
    """A private key and its certificate, from a PEM file of a sandbox."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        key = load_pem_private_key(content, None) if b"PRIVATE KEY" in content else None
        assert key is None or isinstance(key, EllipticCurvePrivateKey)
        self.key = key
        self.certificate = x509.load_pem_x509_certificate(content[content.index(b"-----BEGIN CERTIFICATE") :])

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)


def jks_trust(authority: Pair, path: Path) -> Path:
    """Write a JKS with one trusted certificate."""
    return _jks(path, struct.pack(">I", 2) + _text("ca") + struct.pack(">Q", 0) + _certificate(authority.der))


def jks_key(own: Pair, path: Path, key_password: str = PASSWORD) -> Path:
    """Write a JKS with one private key."""
    assert own.key is not None
    hidden = _hidden(own.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), key_password)
    entry = struct.pack(">I", 1) + _text("me") + struct.pack(">Q", 0) + struct.pack(">I", len(hidden)) + hidden
    return _jks(path, entry + struct.pack(">I", 1) + _certificate(own.der))


def pkcs12_trust(authority: Pair, path: Path) -> Path:
    """Write a PKCS #12 with one certificate that Java takes as trusted."""
    entry = pkcs12.PKCS12Certificate(authority.certificate, b"ca")
    path.write_bytes(pkcs12.serialize_java_truststore([entry], BestAvailableEncryption(PASSWORD.encode())))
    return path


def pkcs12_key(own: Pair, path: Path) -> Path:
    """Write a PKCS #12 with one private key."""
    encryption = BestAvailableEncryption(PASSWORD.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"me", own.key, own.certificate, None, encryption))
    return path


def encrypted_pem(own: Pair, path: Path) -> Path:
    """Write a PEM file with an encrypted private key and its certificate."""
    assert own.key is not None
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    path.write_bytes(key + own.certificate.public_bytes(Encoding.PEM))
    return path


def _jks(path: Path, entry: bytes) -> Path:
    body = b"\xfe\xed\xfe\xed" + struct.pack(">II", 2, 1) + entry
    path.write_bytes(body + hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest())
    return path


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _certificate(der: bytes) -> bytes:
    return _text("X.509") + struct.pack(">I", len(der)) + der


def _hidden(key: bytes, password: str) -> bytes:
    secret, block = password.encode("utf-16-be"), os.urandom(20)
    content = block
    for at in range(0, len(key), 20):
        block = hashlib.sha1(secret + block).digest()
        content += bytes(one ^ other for one, other in zip(key[at : at + 20], block, strict=False))
    content += hashlib.sha1(secret + key).digest()
    octets = b"\x04" + _length(len(content)) + content
    return b"\x30" + _length(len(KEY_PROTECTOR) + len(octets)) + KEY_PROTECTOR + octets


def _length(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    return b"\x82" + struct.pack(">H", size) if size > 255 else bytes([0x81, size])
