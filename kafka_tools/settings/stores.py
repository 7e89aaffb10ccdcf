"""Trust stores and key stores: PEM, JKS and PKCS #12, told apart by their first bytes, as Java's own stores are."""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import jks

INSTALL = "pip install 'kafka-ktools[pkcs12]'"
BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


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
    try:
        with open(path, "rb") as file:
            content = file.read()
        return _read(content, password, key_password)
    except OSError as error:
        raise KafkaToolError(f"cannot read {path}: {error.strerror or error}") from error
    except jks.WrongPasswordError as error:
        given = "wrong password" if password or key_password else "it needs a password"
        raise KafkaToolError(f"cannot open {path}: {given}") from error
    except ValueError as error:
        raise KafkaToolError(f"cannot read {path}: {error}") from error


def _read(content: bytes, password: str | None, key_password: str | None) -> Store:
    if content.startswith(jks.MAGIC):
        store = jks.read(content, password, key_password)
        return Store(
            _certificates(store.trusted),
            _certificates(store.chain),
            _pem("PRIVATE KEY", store.key) if store.key else "",
        )
    if b"-----BEGIN " in content:
        return pem(content.decode("latin-1"))
    if content.startswith(b"\x30"):
        return _pkcs12(content, password)
    raise ValueError("it is neither PEM, JKS nor PKCS #12")


def pem(text: str) -> Store:
    """Read PEM, whose lines may be joined by blanks (org.apache.kafka.common.security.ssl.DefaultSslEngineFactory takes
    it so, and a line of a properties file can hold no other). Raises ValueError where nothing of use is in it."""
    blocks = [(label, _rewrapped(label, body)) for label, body in BLOCK.findall(text)]
    certificates = "".join(block for label, block in blocks if label == "CERTIFICATE")
    keys = [block for label, block in blocks if label.endswith("PRIVATE KEY")]
    if not certificates and not keys:
        raise ValueError("it holds neither a certificate nor a private key in PEM")
    return Store(certificates, certificates if keys else "", keys[0] if keys else "")


def _rewrapped(label: str, body: str) -> str:
    if ":" in body:  # headers, such as those of a key encrypted the old way: kept as they are
        return f"-----BEGIN {label}-----{body}-----END {label}-----\n"
    return _wrapped(label, "".join(body.split()))


def _pkcs12(content: bytes, password: str | None) -> Store:
    try:
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
    except ImportError as error:
        raise ValueError(f"it is PKCS #12, which needs {INSTALL}") from error
    try:
        store = pkcs12.load_pkcs12(content, password.encode() if password is not None else None)
    except ValueError as error:
        if "password" in str(error).lower():
            raise jks.WrongPasswordError from error
        raise ValueError("it is no PKCS #12 that can be read") from error
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
