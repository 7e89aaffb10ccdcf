"""Opening a socket to a broker, and why that failed.

`_socket` is what `socket` wraps: the same calls, without its 5 ms of import.
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
from typing import Any

from kafka_tools.errors import KafkaToolError

Address = tuple[str, int]
"""A host, by name or address, and a port."""

LEAST_SECONDS = 0.001
"""A timeout of 0 would mean not to wait at all, one below 0 is refused."""

NAME_HINT = "Is it spelled rightly? Names are looked up in /etc/hosts and by DNS."


class BrokenConnectionError(KafkaToolError):
    """There is no connection, or no longer: `cause` says why, `hopeless` that to try again is no use."""

    def __init__(self, cause: str, hopeless: bool = False, hint: str = "") -> None:
        super().__init__(cause, hint)
        self.cause = cause
        self.hopeless = hopeless


def text(address: Address) -> str:
    """Return `host:port`."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def open_socket(address: Address, deadline: float) -> socket:
    """Connect to `address` until `deadline` (time.monotonic, s). Raises BrokenConnectionError."""
    return open_first(resolve(*address, deadline), deadline)


def open_first(places: Sequence[Any], deadline: float) -> socket:
    """Connect to the first of these (as `resolve` returns them) that answers. Raises BrokenConnectionError."""
    failure = BrokenConnectionError("connection timed out")
    for number, (family, kind, protocol, _, place) in enumerate(places):
        opened = socket(family, kind, protocol)
        try:
            opened.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            opened.settimeout(max((deadline - monotonic()) / (len(places) - number), LEAST_SECONDS))
            opened.connect(place)
        except OSError as error:
            opened.close()
            timed_out = isinstance(error, TimeoutError)
            failure = BrokenConnectionError("connection timed out" if timed_out else (error.strerror or "").lower())
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise failure


def resolve(host: str, port: int, deadline: float) -> list[Any]:
    """Return the addresses of `host`, as getaddrinfo does. Raises BrokenConnectionError.

    A name is looked up in a thread: the look-up itself knows no deadline and no Ctrl-C.
    """
    name = host.encode() if host.isascii() else host  # for a str, Python would first import the codec for IDNA
    try:
        return getaddrinfo(name, port, AF_UNSPEC, SOCK_STREAM, 0, AI_NUMERICHOST)
    except (OSError, ValueError):
        pass
    found: list[Any] = []
    failures: list[Exception] = []
    done = allocate_lock()
    done.acquire()

    def look_up() -> None:
        try:
            found.extend(getaddrinfo(name, port, AF_UNSPEC, SOCK_STREAM))
        except (OSError, ValueError) as error:
            failures.append(error)
        done.release()

    start_new_thread(look_up, ())
    done.acquire(timeout=max(deadline - monotonic(), LEAST_SECONDS))
    if not found:
        final = bool(failures) and not (isinstance(failures[0], gaierror) and failures[0].errno == EAI_AGAIN)
        raise BrokenConnectionError(f"the name {host} does not resolve", final, NAME_HINT)
    return found
