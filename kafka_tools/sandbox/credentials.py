"""Who is who in a secured sandbox: passwords, a certificate authority of its own and the certificates it signs.

All of it lies in the folder `security` in the sandbox's own, which only its owner can enter. The authority's key is
never written: nobody can sign another certificate for this sandbox.
"""

import json
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import replace_file
from kafka_tools.sandbox.endpoints import HOST
from kafka_tools.sandbox.jars import INSTALL

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

BROKER, ADMIN, USER = PRINCIPALS = ("broker", "admin", "user")
"""The brokers themselves and the administrator may do everything, the user little."""

ZOOKEEPER_USER = "kafka"
"""Who brokers and tools are to ZooKeeper: what one of them writes there the others may change."""

TOKEN_SECRET = "delegation-tokens"
"""Not a principal: what all brokers sign delegation tokens with; it stands among the passwords."""

SECRETS = (*PRINCIPALS, ZOOKEEPER_USER, TOKEN_SECRET)
"""The names of all that nobody may see."""

FOLDER = "security"
VALID_DAYS = 3650


def ca_path(home: Path) -> Path:
    """Return the certificate of the sandbox's own authority (PEM)."""
    return home / FOLDER / "ca.pem"


def certificate_path(home: Path, principal: str) -> Path:
    """Return the private key and the certificate of one principal (PEM, CN=principal)."""
    return home / FOLDER / f"{principal}.pem"


def key_and_certificate(home: Path, principal: str) -> tuple[str, str]:
    """Return the private key and the certificate of one principal, each as PEM in one line."""
    # In one line, as a properties file's value cannot have two; Kafka takes blanks for line ends in PEM.
    key, _, certificate = certificate_path(home, principal).read_text().partition("-----BEGIN CERTIFICATE")
    return " ".join(key.split("\n")).strip(), " ".join(f"-----BEGIN CERTIFICATE{certificate}".split("\n")).strip()


def password(home: Path, principal: str) -> str:
    """Return the password of one principal."""
    return str(json.loads((home / FOLDER / "passwords.json").read_bytes())[principal])


def check_installed() -> None:
    """Raise KafkaToolError if the library that makes certificates is not installed."""
    import importlib.util

    if importlib.util.find_spec("cryptography") is None:
        raise KafkaToolError(f"A secured sandbox needs the library cryptography: {INSTALL} brings it.")


def make(home: Path, tls: bool) -> None:
    """Make new passwords, and with `tls` new certificates, in the sandbox's folder."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    passwords = {name: secrets.token_urlsafe(18) for name in SECRETS}
    replace_file(str(folder / "passwords.json"), json.dumps(passwords).encode())
    if tls:
        _make_certificates(home)


def _make_certificates(home: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    # EC, as an RSA key takes long to make; every Java that runs Kafka takes P-256.
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = certificate("ktools sandbox", authority_key)
    replace_file(str(ca_path(home)), authority.public_bytes(Encoding.PEM))
    for principal in PRINCIPALS:
        key = ec.generate_private_key(ec.SECP256R1())
        signed = certificate(principal, key, authority, authority_key)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
        replace_file(str(certificate_path(home, principal)), pem)


def certificate(
    name: str,
    key: "EllipticCurvePrivateKey",
    authority: "Certificate | None" = None,
    authority_key: "EllipticCurvePrivateKey | None" = None,
) -> "Certificate":
    """Return a certificate of CN=name for this machine's loopback, signed by `authority`; without one an authority's
    own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A clock of a container may be behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
    )
    if authority is not None:
        names = [x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority_key or key, hashes.SHA256())
