"""TLS on a socket to a broker: the server's certificate is checked, the client's is shown where there is one."""

import socket as sockets
import ssl
import tempfile
from _socket import socket
from functools import cache
from time import monotonic

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.security import Tls
from kafka_tools.wire.sockets import LEAST_SECONDS, Address, BrokenConnectionError

REASONS = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS: is this a plaintext listener?",
    "RECORD_LAYER_FAILURE": "it does not speak TLS: is this a plaintext listener?",
    "UNEXPECTED_EOF_WHILE_READING": "connection closed by the other side",
    "HTTP_REQUEST": "it does not speak TLS: is this a plaintext listener?",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "TLS: the broker refused, it may want a client certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "TLS: the broker wants a client certificate (ssl.keystore.*)",
    "TLSV1_ALERT_UNKNOWN_CA": "TLS: the broker does not trust the client's certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "TLS: the broker does not accept the client's certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "TLS: the broker does not accept the client's certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "TLS: the client's certificate has expired",
}
"""OpenSSL's reason -> what it means here."""

CLOSED = "connection closed in the TLS handshake: is this a plaintext listener?"


def encrypted(opened: socket, tls: Tls, address: Address, deadline: float) -> ssl.SSLSocket:
    """Return the socket with TLS on it, ready until `deadline` (time.monotonic, s).

    Raises BrokenConnectionError with the cause, KafkaToolError for certificates that cannot be used.
    """
    plain = sockets.socket(fileno=opened.detach())
    plain.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
    try:
        return context(tls).wrap_socket(plain, server_hostname=address[0])
    except ssl.SSLCertVerificationError as error:
        raise BrokenConnectionError(f"TLS: {_untrusted(error)}", hopeless=True) from error
    except ssl.SSLEOFError as error:
        raise BrokenConnectionError(CLOSED) from error
    except ssl.SSLError as error:
        raise BrokenConnectionError(cause(error), hopeless=error.reason in REASONS) from error
    except TimeoutError as error:
        raise BrokenConnectionError("no answer to the TLS handshake: is this a plaintext listener?") from error
    except OSError as error:
        raise BrokenConnectionError(CLOSED) from error
    finally:
        plain.close()  # without effect where the new socket has taken it over


def cause(error: OSError) -> str:
    """Return why TLS failed (an ssl.SSLError), in words."""
    reason = getattr(error, "reason", None) or "failed"
    return REASONS.get(reason, f"TLS: {reason.lower().replace('_', ' ')}")


def _untrusted(error: ssl.SSLCertVerificationError) -> str:
    """Return why a server's certificate is not good (X.509's verify codes, as OpenSSL numbers them)."""
    if error.verify_code == 10:
        return "the broker's certificate has expired"
    if error.verify_code in (62, 64):
        return "the broker's certificate is for another host"
    return f"the broker's certificate is not trusted ({error.verify_message}): ssl.truststore.location says who is"


@cache
def context(tls: Tls) -> ssl.SSLContext:
    """Return OpenSSL's settings for `tls`. Raises KafkaToolError for what OpenSSL does not take."""
    try:
        made = ssl.create_default_context(cadata=tls.ca or None, capath=tls.ca_folder or None)
        made.check_hostname = tls.check_hostname and tls.verify
        if not tls.verify:
            made.verify_mode = ssl.CERT_NONE
        if tls.key:
            _load_key(made, tls)
    except (ssl.SSLError, ValueError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else "it is damaged"
        what = "the private key cannot be opened: wrong password?" if tls.key_password else "a certificate or key"
        raise KafkaToolError(f"TLS: {what} ({(reason or 'not usable').lower().replace('_', ' ')})") from None
    return made


def _load_key(made: ssl.SSLContext, tls: Tls) -> None:
    """Load the client's key and certificates: OpenSSL takes them from a file only, which is private and short-lived."""
    with tempfile.NamedTemporaryFile("w", prefix="ktools-", encoding="ascii") as file:
        file.write(tls.key + tls.certificates)
        file.flush()
        made.load_cert_chain(file.name, password=tls.key_password)
