"""TLS on a socket to a broker: the server's certificate is checked, the client's is shown where there is one."""

import socket as sockets
import ssl
from _socket import socket
from time import monotonic

from kafka_tools.model.security import Tls
from kafka_tools.tls import CLOSED, HAS_EXPIRED, OTHER_ADDRESS, OTHER_HOST, cause, context, is_final
from kafka_tools.wire.sockets import LEAST_SECONDS, Address, BrokenConnectionError

OTHER_NAME_HINT = "Connect by a name that is in it; ssl.endpoint.identification.algorithm= (empty) takes any."
HINTS = {
    HAS_EXPIRED: "The broker needs a new one, unless this machine's clock is wrong.",
    OTHER_HOST: OTHER_NAME_HINT,
    OTHER_ADDRESS: OTHER_NAME_HINT,
}
"""X.509's verify code -> what to try."""

TRUST_HINT = "ssl.truststore.location in a --command-config file names the authorities that are trusted."


def encrypted(opened: socket, tls: Tls, address: Address, deadline: float) -> ssl.SSLSocket:
    """Return the socket with TLS on it, ready until `deadline` (time.monotonic, s).

    Raises BrokenConnectionError with the cause, KafkaToolError for certificates that cannot be used.
    """
    plain = sockets.socket(fileno=opened.detach())
    plain.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
    try:
        return context(tls).wrap_socket(plain, server_hostname=address[0])
    except ssl.SSLEOFError as error:
        raise BrokenConnectionError(CLOSED) from error
    except ssl.SSLError as error:
        raise BrokenConnectionError(cause(error), is_final(error), _hint(error)) from error
    except TimeoutError as error:
        raise BrokenConnectionError("no answer to the TLS handshake: is this a plaintext listener?") from error
    except OSError as error:
        raise BrokenConnectionError(CLOSED) from error
    finally:
        plain.close()  # without effect where the new socket has taken it over


def _hint(error: ssl.SSLError) -> str:
    return HINTS.get(error.verify_code, TRUST_HINT) if isinstance(error, ssl.SSLCertVerificationError) else ""
