"""Trust stores and key stores: PEM, JKS and PKCS #12, told apart by their first bytes, as Java's own stores are."""

import base64
import hashlib
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import MOST_BYTES, decoded
from kafka_tools.settings.properties import content

INSTALL = "pip install 'kafka-ktools[pkcs12]'"
BORDER = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True, slots=True)
class Store:
    """Certificates and a private key as PEM, each empty where there is none. `trusted` are all certificates that stand
    for themselves, `chain` those that belong to `key`, the leaf first."""

    trusted: str = field(repr=False)
    chain: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


def read(path: str, password: str | None = None, key_password: str | None = None) -> Store:
    """Read the store in the file `path`.

    Raises KafkaToolError that names the file: it cannot be read, is no such store, or its password is another.
    """
    found = content(path, MOST_BYTES)
    try:
        return _read(found, password, key_password)
    except IndexError as error:
        raise KafkaToolError(f"cannot read {path}: it is damaged") from error
    except WrongPasswordError as error:
        given = "wrong password" if password or key_password else "it needs a password"
        raise KafkaToolError(f"cannot open {path}: {given}") from error
    except ValueError as error:
        raise KafkaToolError(f"cannot read {path}: {error}") from error


def _read(content: bytes, password: str | None, key_password: str | None) -> Store:
    # By their first bytes, as java.security.KeyStore.getInstance(File, …) and Java's own dual format do: files named
    # .jks have been PKCS #12 by default since Java 9, whatever ssl.truststore.type says.
    if content.startswith(JKS_MAGIC):
        store = read_jks(content, password, key_password)
        return Store(
            _certificates(store.trusted),
            _certificates(store.chain),
            _pem("PRIVATE KEY", store.key) if store.key else "",
        )
    text = decoded(content, "latin-1", "replace")
    if "-----BEGIN " in text:
        return pem(text)
    if content.startswith(b"\x30"):
        return _pkcs12(content, password)
    raise ValueError("it is neither PEM, JKS nor PKCS #12")


def pem(text: str) -> Store:
    """Read PEM, whose lines may be joined by blanks (org.apache.kafka.common.security.ssl.DefaultSslEngineFactory takes
    it so, and a line of a properties file can hold no other), or by the two letters `\\n` (from a variable of the
    environment, where nobody makes a line of them). Raises ValueError where nothing of use is in it."""
    blocks = [(label, _rewrapped(label, body)) for label, body in _blocks(text.replace("\\n", "\n"))]
    # One file may hold a key and its chain, as Kafka's PEM stores do, or certificates alone, as a trust store.
    certificates = "".join(block for label, block in blocks if label == "CERTIFICATE")
    keys = [block for label, block in blocks if label.endswith("PRIVATE KEY")]
    if not certificates and not keys:
        raise ValueError("it holds neither a certificate nor a private key in PEM")
    return Store(certificates, certificates if keys else "", keys[0] if keys else "")


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the body of each block, in one pass: a search for each END takes the square of time where
    there is none."""
    label, begin = "", 0
    for border in BORDER.finditer(text):
        if border[1] == "BEGIN":
            label, begin = border[2], border.end()
        elif border[2] == label:
            yield label, text[begin : border.start()]
            label = ""


def _rewrapped(label: str, body: str) -> str:
    if ":" in body:  # headers, such as those of a key encrypted the old way: kept as they are
        return f"-----BEGIN {label}-----{body}-----END {label}-----\n"
    code = "".join(body.split())
    if not BASE64.fullmatch(code):
        raise ValueError(f"its {label} is damaged: not all of it is base64")
    return _wrapped(label, code)


def _pkcs12(content: bytes, password: str | None) -> Store:
    # A single certificate or private key in DER is a SEQUENCE, as PKCS #12 is, but begins with another one or with the
    # version 0, not 3 (RFC 5280, 5958, 7292). Java takes neither for a store.
    _, start, _ = _der(content, 0)
    if content[start : start + 1] == b"\x30" or content[start : start + 3] == b"\x02\x01\x00":
        raise ValueError("it is DER, not a store: `openssl x509` or `openssl pkey`, with -inform der, makes PEM of it")
    try:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
    except ImportError as error:
        raise ValueError(f"it is PKCS #12, which needs {INSTALL}") from error
    try:
        store = pkcs12.load_pkcs12(content, password.encode() if password is not None else None)
    except ValueError as error:
        if "password" in str(error).lower():
            raise WrongPasswordError from error
        raise ValueError("it is no PKCS #12 that can be read") from error
    # Java marks a certificate that is trusted by an attribute (2.16.840.1.113894.746875.1.1); OpenSSL's stores do not
    # have it. All are taken that belong to no key.
    others = [each.certificate.public_bytes(Encoding.DER) for each in store.additional_certs]
    if store.key is None:
        return Store(_certificates(others))
    own = [store.cert.certificate.public_bytes(Encoding.DER)] if store.cert else []
    key = store.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return Store(_certificates(others), _certificates([*own, *others]), key)


def _certificates(each: Iterable[bytes]) -> str:
    return "".join(_pem("CERTIFICATE", der) for der in each)


def _pem(label: str, der: bytes) -> str:
    return _wrapped(label, base64.b64encode(der).decode())


def _wrapped(label: str, text: str) -> str:
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


JKS_MAGIC = b"\xfe\xed\xfe\xed"
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


def read_jks(content: bytes, password: str | None, key_password: str | None) -> JavaKeyStore:
    """Read a store; without a password its integrity is not checked, as in Java, and its key stays closed.

    Raises WrongPasswordError, and ValueError for what is no such store.
    """
    try:
        return _read_jks(content, password, key_password)
    except (struct.error, IndexError) as error:
        raise ValueError("it is damaged") from error


def _read_jks(content: bytes, password: str | None, key_password: str | None) -> JavaKeyStore:
    body, digest = content[:-20], content[-20:]
    # sun.security.provider.JavaKeyStore.engineLoad (JDK 17): SHA-1 over the password in UTF-16, a fixed text, and all
    # that is stored.
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
        # A trust store with keys in it is read without their password: only the first key is opened, and only if asked.
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
    # sun.security.provider.KeyProtector (JDK 17).
    for at in range(0, len(covered), SALT):
        block = hashlib.sha1(secret + block).digest()
        key += bytes(one ^ other for one, other in zip(covered[at : at + SALT], block, strict=False))
    if hashlib.sha1(secret + key).digest() != check:
        raise WrongPasswordError
    return bytes(key)


def _der(content: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag, the start and the end of the contents of the DER value at `at`."""
    # Short lengths stand in one byte; else its lower seven bits say in how many bytes the length follows (X.690,
    # 8.1.3).
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
