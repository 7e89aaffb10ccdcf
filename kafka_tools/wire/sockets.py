"""Opens a socket to a broker, with TLS where that is wanted, and says why it cannot.

`_socket` is the C part of `socket`: the same calls without 5 ms of import. `ssl` is imported only where TLS is wanted.
"""

from _socket import (
    AF_UNSPEC,
    AI_NUMERICHOST,
    EAI_AGAIN,
    IPPROTO_TCP,
    SOCK_STREAM,
    TCP_NODELAY,
    gaierror,
    getaddrinfo,
    socket,
)
from _thread import allocate_lock, start_new_thread
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import Address

if TYPE_CHECKING:
    import ssl

    from kafka_tools.model.security import Tls

LEAST_SECONDS = 0.001
"""The shortest timeout of a socket: 0 would mean not to wait at all, and one below 0 is refused."""

NAME_HINT = "Is it spelled rightly? Names are looked up in /etc/hosts and by DNS."
TRUST_HINT = "ssl.truststore.location in a --command-config file names the authorities that are trusted."
OTHER_NAME_HINT = "Connect by a name that is in it; ssl.endpoint.identification.algorithm= (empty) takes any."
EXPIRED_HINT = "The broker needs a new one, unless this machine's clock is wrong."


class BrokenConnectionError(KafkaToolError):
    """There is no connection, or no longer. `cause` says why, `hopeless` that another try is no use."""

    def __init__(self, cause: str, hopeless: bool = False, hint: str = "") -> None:
        super().__init__(cause, hint)
        self.cause = cause
        self.hopeless = hopeless


class RefusedError(BrokenConnectionError):
    """Nobody listens on this port: the server answered so, at once."""


def open_socket(address: Address, deadline: float) -> socket:
    """Connect to `address` until `deadline` (time.monotonic, s). Raises BrokenConnectionError."""
    return open_first(resolve(*address, deadline), deadline)


def open_first(found: Sequence[Any], deadline: float) -> socket:
    """Connect to the first of these addresses that answers; each has an equal part of the time that is left.

    `found` is what `resolve` returns. Raises BrokenConnectionError: of the last address, RefusedError only where every
    address refused.
    """
    failures: list[BrokenConnectionError] = []
    for number, (family, kind, protocol, _, numeric_address) in enumerate(found):
        opened = socket(family, kind, protocol)
        try:
            # Requests are small and wait for their answers: Nagle's algorithm would hold each back for up to 40 ms.
            opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            # So that a dead IPv6 address leaves the IPv4 one its time.
            opened.settimeout(max((deadline - monotonic()) / (len(found) - number), LEAST_SECONDS))
            opened.connect(numeric_address)
        except OSError as error:
            opened.close()
            failures.append(_connect_failure(error))
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    # A name may have several addresses, ::1 and 127.0.0.1: "refused" is told only where every one of them refused,
    # since that is taken for "nobody listens", and not tried again.
    silent = [failure for failure in failures if not isinstance(failure, RefusedError)]
    raise (silent or failures)[-1]


def _connect_failure(error: OSError) -> BrokenConnectionError:
    if isinstance(error, TimeoutError):
        return BrokenConnectionError("connection timed out")
    kind = RefusedError if isinstance(error, ConnectionRefusedError) else BrokenConnectionError
    return kind((error.strerror or "").lower())


def resolve(host: str, port: int, deadline: float) -> list[Any]:
    """Return the addresses of `host`, as getaddrinfo does. Raises BrokenConnectionError.

    A name is looked up in a thread: the look-up itself knows no deadline and no Ctrl-C.
    """
    name = host.encode() if host.isascii() else host  # for a str, Python would first import the codec for IDNA
    try:
        # An address in numbers is answered without a name server, and needs no thread: 127.0.0.1 is the common case.
        return getaddrinfo(name, port, AF_UNSPEC, SOCK_STREAM, 0, AI_NUMERICHOST)
    except (OSError, ValueError):
        pass
    found: list[Any] = []
    failures: list[Exception] = []
    # A lock that is taken here and released by the other thread: threading.Event would need an import at each start.
    done = allocate_lock()
    done.acquire()

    def look_up() -> None:
        try:
            found.extend(getaddrinfo(name, port, AF_UNSPEC, SOCK_STREAM))
        except (OSError, ValueError) as error:
            failures.append(error)
        done.release()

    # Left to itself where it is late: such a thread does not hold up the end of the process, as one of threading would.
    start_new_thread(look_up, ())
    done.acquire(timeout=max(deadline - monotonic(), LEAST_SECONDS))
    if not found:
        # EAI_AGAIN is a name server that does not answer now; every other code is its answer
        final = bool(failures) and not (isinstance(failures[0], gaierror) and failures[0].errno == EAI_AGAIN)
        raise BrokenConnectionError(f"the name {host} does not resolve", final, NAME_HINT)
    return found


def encrypted(opened: socket, tls: "Tls", address: Address, deadline: float) -> "ssl.SSLSocket":
    """Shake hands by TLS on a new socket until `deadline` (time.monotonic, s) and return the socket that encrypts.

    The broker's certificate is checked, the client's is shown where there is one. Raises BrokenConnectionError with the
    cause, KafkaToolError for certificates that cannot be used.
    """
    import socket as sockets
    import ssl

    from kafka_tools.openssl import CLOSED, cause, context, is_final

    # ssl wraps sockets of the module `socket` only; `detach` hands the descriptor over, which is then closed once.
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


def _hint(error: "ssl.SSLError") -> str:
    """Return what to try after X.509's verify code in a failed handshake, "" where no certificate was at fault."""
    from kafka_tools.openssl import HAS_EXPIRED, OTHER_ADDRESS, OTHER_HOST

    code = getattr(error, "verify_code", None)  # only an SSLCertVerificationError has one
    if code is None:
        return ""
    hints = {HAS_EXPIRED: EXPIRED_HINT, OTHER_HOST: OTHER_NAME_HINT, OTHER_ADDRESS: OTHER_NAME_HINT}
    return hints.get(code, TRUST_HINT)
