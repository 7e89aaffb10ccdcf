"""What a listener speaks: asked where it hung up without a word, as one does that is spoken to in the wrong way."""

import ssl
from _socket import socket as plain_socket
from socket import socket
from time import monotonic

from kafka_tools.errors import KafkaToolError
from kafka_tools.wire.connection import Connection
from kafka_tools.wire.sockets import LEAST_SECONDS, Address, BrokenConnectionError, open_socket


def mistaken(address: Address, with_tls: bool, deadline: float) -> BrokenConnectionError | None:
    """Return the failure that says so where the listener speaks TLS and was not spoken to `with_tls`, or the reverse.

    None where it speaks neither, or that is not known by `deadline` (time.monotonic, s).
    """
    if with_tls and _speaks_plaintext(address, deadline):
        return BrokenConnectionError(
            "this listener speaks plaintext, not TLS",
            hopeless=True,
            hint="security.protocol=PLAINTEXT or SASL_PLAINTEXT goes without TLS.",
        )
    if not with_tls and _speaks_tls(address, deadline):
        return BrokenConnectionError(
            "this listener speaks TLS, not plaintext",
            hopeless=True,
            hint="security.protocol=SSL or SASL_SSL in a --command-config file says so.",
        )
    return None


def _speaks_plaintext(address: Address, deadline: float) -> bool:
    try:
        opened = open_socket(address, deadline)
    except BrokenConnectionError:
        return False
    try:
        Connection(address, opened, deadline)
    except KafkaToolError:
        return False
    finally:
        opened.close()
    return True


def _speaks_tls(address: Address, deadline: float) -> bool:
    """Shake hands with whoever it is: nothing is sent that is worth anything."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with _standard(open_socket(address, deadline)) as opened:
            opened.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
            anybody.wrap_socket(opened, server_hostname=address[0]).close()
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # it wants a client certificate, or other versions
    except (BrokenConnectionError, OSError):
        return False
    return True


def _standard(opened: plain_socket) -> socket:
    return socket(fileno=opened.detach())
