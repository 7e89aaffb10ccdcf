"""Makes OpenSSL's settings for a client and says its failures in plain words, for brokers and for ZooKeeper."""

import ssl
import tempfile
from functools import cache

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Tls

NO_TLS = "it does not speak TLS: is this a plaintext listener?"
# A plaintext listener of Kafka takes the first bytes of the handshake (16 03 01 …) for the size of a request, 369 MB,
# which is more than socket.request.max.bytes (100 MB): it says nothing and closes the connection.
CLOSED = "connection closed in the TLS handshake: is this a plaintext listener?"
REASONS = {
    "WRONG_VERSION_NUMBER": NO_TLS,
    "RECORD_LAYER_FAILURE": NO_TLS,
    "UNEXPECTED_EOF_WHILE_READING": "connection closed by the other side",
    "HTTP_REQUEST": NO_TLS,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "TLS: the {server} refused, it may want a client certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "TLS: the {server} wants a client certificate (ssl.keystore.*)",
    "TLSV1_ALERT_UNKNOWN_CA": "TLS: the {server} does not trust the client's certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "TLS: the {server} does not accept the client's certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "TLS: the {server} does not accept the client's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "TLS: the client's certificate has expired",
}
"""OpenSSL's reason -> what it means here."""

HAS_EXPIRED, OTHER_HOST, OTHER_ADDRESS = 10, 62, 64
"""X.509's verify codes, as OpenSSL numbers them."""


def cause(error: OSError, server: str = "broker") -> str:
    """Return why TLS failed (an ssl.SSLError), in words that call the other side a `server`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the {server}'s certificate {_untrusted(error)}"
    reason = getattr(error, "reason", None) or "failed"
    return REASONS.get(reason, f"TLS: {reason.lower().replace('_', ' ')}").format(server=server)


def is_final(error: ssl.SSLError) -> bool:
    """Tell whether another try is no use."""
    return isinstance(error, ssl.SSLCertVerificationError) or error.reason in REASONS


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == HAS_EXPIRED:
        return "has expired"
    if error.verify_code in (OTHER_HOST, OTHER_ADDRESS):
        return "is for another host"
    return f"is not trusted ({error.verify_message}): ssl.truststore.location says who is"


# Made once for all connections of a command: to read the system's authorities takes tens of milliseconds.
@cache
def context(tls: Tls) -> ssl.SSLContext:
    """Return OpenSSL's settings for `tls`. Raises KafkaToolError for what OpenSSL does not take."""
    try:
        # None and not "", which OpenSSL refuses beside a folder. Where neither is named, the system's authorities are
        # trusted.
        made = ssl.create_default_context(cadata=tls.ca or None, capath=tls.ca_folder or None)
    except (ssl.SSLError, ValueError):
        raise KafkaToolError("TLS: one of the certificates to trust is damaged (ssl.truststore.*, ssl.ca.*)") from None
    # Python 3.13 demands of certificates what many a company's own authority leaves out, such as an authority key
    # identifier (RFC 5280). Neither Java's clients nor librdkafka do, and brokers are set up with those.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # Before verify_mode: Python refuses CERT_NONE while the name is still to be checked.
    made.check_hostname = tls.check_hostname and tls.verify
    if not tls.verify:
        made.verify_mode = ssl.CERT_NONE
    if tls.key:
        try:
            _load_key(made, tls)
        except (ssl.SSLError, ValueError) as error:
            raise KafkaToolError(f"TLS: {_unusable(tls, getattr(error, 'reason', None))}") from None
    return made


def _unusable(tls: Tls, reason: str | None) -> str:
    """Say what is the matter with the client's own certificate or private key, which OpenSSL refuses together."""
    # By exclusion: OpenSSL tells of a damaged certificate, a damaged key and a wrong password with various reasons.
    try:
        ssl.create_default_context(cadata=tls.certificates)
    except (ssl.SSLError, ValueError):
        return "the client's own certificate is damaged (ssl.keystore.*, ssl.certificate.*)"
    if reason == "KEY_VALUES_MISMATCH":
        return "the client's private key and its certificate do not belong together"
    # In the first lines of PEM: `BEGIN ENCRYPTED PRIVATE KEY` (PKCS 8) or `Proc-Type: 4,ENCRYPTED` (older).
    if "ENCRYPTED" not in tls.key:
        return "the client's private key is damaged (ssl.keystore.*, ssl.key.*)"
    if not tls.key_password:
        return "the client's private key is encrypted, and ssl.key.password is missing"
    return "the client's private key cannot be opened: wrong password (ssl.key.password)?"


def _load_key(made: ssl.SSLContext, tls: Tls) -> None:
    """Load the client's key and certificates: OpenSSL takes them from a file only, which is private and short-lived."""
    with tempfile.NamedTemporaryFile("w", prefix="ktools-", encoding="ascii") as file:
        file.write(tls.key + tls.certificates)
        file.flush()
        made.load_cert_chain(file.name, password=tls.key_password)
