"""Java's key store format JKS, read: certificates are plain in it, private keys are hidden by Sun's own key protector.

Layout: sun.security.provider.JavaKeyStore and KeyProtector (OpenJDK 17), as facts. JCEKS is another format.
"""

import hashlib
import struct
from dataclasses import dataclass, field

MAGIC = b"\xfe\xed\xfe\xed"
KEY, TRUSTED = 1, 2
WHITENER = b"Mighty Aphrodite"
SALT = 20
"""Bytes of the key protector's salt, and of its check at the end (SHA-1)."""


class WrongPasswordError(ValueError):
    """The password does not open the store or the key in it."""


@dataclass(frozen=True, slots=True)
class JavaKeyStore:
    """What a store holds, as DER: trusted certificates, and the first private key (PKCS #8) with its chain."""

    trusted: tuple[bytes, ...]
    key: bytes = field(repr=False)
    chain: tuple[bytes, ...]


def read(content: bytes, password: str | None, key_password: str | None) -> JavaKeyStore:
    """Read a store; without a password its integrity is not checked, as in Java, and its key stays closed.

    Raises WrongPasswordError, and ValueError for what is no such store.
    """
    try:
        return _read(content, password, key_password)
    except (struct.error, IndexError) as error:
        raise ValueError("it is damaged") from error


def _read(content: bytes, password: str | None, key_password: str | None) -> JavaKeyStore:
    body, digest = content[:-20], content[-20:]
    if password and hashlib.sha1(password.encode("utf-16-be") + WHITENER + body).digest() != digest:
        raise WrongPasswordError
    fields = _Fields(body)
    version, count = fields.number(">4xI"), fields.number(">I")
    trusted: list[bytes] = []
    key, chain = b"", []
    for _ in range(count):
        kind = fields.number(">I")
        fields.take(fields.number(">H"))  # alias
        fields.number(">Q")  # its date
        if kind == TRUSTED:
            trusted.append(_certificate(fields, version))
            continue
        if kind != KEY:
            raise ValueError("it holds an entry of an unknown kind")
        hidden = fields.take(fields.number(">I"))
        certificates = [_certificate(fields, version) for _ in range(fields.number(">I"))]
        if not key and (key_password or password):
            key, chain = _opened(hidden, key_password or password or ""), certificates
    return JavaKeyStore(tuple(trusted), key, tuple(chain))


def _certificate(fields: "_Fields", version: int) -> bytes:
    if version == 2:
        fields.take(fields.number(">H"))  # X.509
    return fields.take(fields.number(">I"))


def _opened(hidden: bytes, password: str) -> bytes:
    """Undo the key protector: XOR with SHA-1 of the password and the block before, first of the salt."""
    _, after, _ = _der(hidden, 0)  # EncryptedPrivateKeyInfo
    _, _, after = _der(hidden, after)  # its algorithm
    _, start, end = _der(hidden, after)
    salt, covered, check = hidden[start : start + SALT], hidden[start + SALT : end - SALT], hidden[end - SALT : end]
    secret, block, key = password.encode("utf-16-be"), salt, bytearray()
    for at in range(0, len(covered), SALT):
        block = hashlib.sha1(secret + block).digest()
        key += bytes(one ^ other for one, other in zip(covered[at : at + SALT], block, strict=False))
    if hashlib.sha1(secret + key).digest() != check:
        raise WrongPasswordError
    return bytes(key)


def _der(content: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag, the start and the end of the contents of the DER value at `at`."""
    length, start = content[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(content[start : start + size]), start + size
    return content[at], start, start + length


class _Fields:
    """Reads one field after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self, layout: str) -> int:
        (value,) = struct.unpack_from(layout, self._content, self._at)
        self._at += struct.calcsize(layout)
        return int(value)

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._content):
            raise IndexError
        self._at += size
        return self._content[self._at - size : self._at]
