"""Finds out why a ZooKeeper ensemble gives no session: each server is asked how it is (the four-letter word `srvr`)."""

import re
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.addresses import Address
from kafka_tools.parallel import in_parallel

if TYPE_CHECKING:
    from kafka_tools.model.security import Tls

QUESTION = b"srvr\n"
"""ZooKeeper answers this word whatever its 4lw.commands.whitelist has (FourLetterCommands 3.5.9 and 3.8.4 always add
it): its admin server, which Kafka's own zookeeper.properties turns off, need not be asked.

The newline is for servers that speak TLS: with less than five bytes they wait for more and never answer."""

TLS_ALERT = b"\x15\x03"
WANTS_TLS = "it speaks TLS only, which zookeeper.ssl.client.enable=true asks for"
HUNG_UP = "this is not a ZooKeeper server, or it speaks TLS only (zookeeper.ssl.client.enable=true)"

NUMBER = r"\d{1,18}(?:\.\d{1,9})?"
NO_SESSION = "it runs but gave no session"

PROBE_SECONDS = 2.0
REFUSAL_SECONDS = 0.3
"""How long servers have to refuse a connection. Across an ocean a refusal takes one round trip, about 0.2 s."""

LEEWAY_SECONDS = 0.3
"""A server's answer is waited for so much longer than its own limit, or its cause would come just too late."""

MOST_BYTES = 1 << 16
"""The longest answer to `srvr`, which has 200 bytes: a server that never stops fills no memory."""

LEAST_SECONDS = 0.001
"""The shortest timeout of a socket. A timeout of 0 means not to wait at all, and one below 0 is an error."""


class Server(NamedTuple):
    """A server that answers clients.

    `mode` is leader, follower, observer or standalone, "" where the server does not tell (something before it refuses
    `srvr` in its name). `seconds` is how long the answer took. The rest is None where it is not told: `latency` is
    the least, mean and longest time of requests in ms since the server started, `outstanding` counts those that wait.
    """

    mode: str
    version: str
    seconds: float
    latency: tuple[float, float, float] | None = None
    connections: int | None = None
    outstanding: int | None = None
    zxid: str | None = None
    znodes: int | None = None


class NoQuorumError(KafkaToolError):
    """A server runs, but refuses to serve because too few other servers of its ensemble run."""


class NobodyThereError(KafkaToolError):
    """A server's name does not resolve, or all its addresses refuse connections: nothing runs there."""


def unreachable(
    connect: str, servers: Sequence[Address], tls: "Tls | None" = None, otherwise: str = NO_SESSION
) -> UnreachableError:
    """Ask all servers at once how they are, and return the error that says why there is no session.

    `otherwise` is the cause where a server is well. Takes up to PROBE_SECONDS; a server that refuses is known at once.
    """
    # By number and not by address: a server that is named twice counts twice among those that were named.
    probes = enumerate(partial(_cause, server, tls, otherwise) for server in servers)
    causes = in_parallel(dict(probes), monotonic() + PROBE_SECONDS + LEEWAY_SECONDS).values()
    waiting = sum(isinstance(cause, NoQuorumError) for cause in causes)
    if waiting:
        return UnreachableError(
            f"no quorum at {connect} ({waiting} of {len(servers)} answers, {len(servers) // 2 + 1} needed).",
            "Nothing can be read or changed until a majority of the ZooKeeper servers is back.",
        )
    return UnreachableError(
        f"cannot reach ZooKeeper at {connect} ({', '.join(sorted({cause.message for cause in causes}))}).",
        "Is it up? Kafka 4 has no ZooKeeper: its brokers are asked by --bootstrap-server HOST:PORT.",
    )


def nobody_is_there(servers: Iterable[Address]) -> bool:
    """Tell whether every address of every server refuses connections. Takes up to REFUSAL_SECONDS.

    A server that is silent may only be far away, and does not count as refusing.
    """
    deadline = monotonic() + REFUSAL_SECONDS
    calls = {server: partial(_connected, server, deadline) for server in servers}
    found = in_parallel(calls, deadline)
    return all(isinstance(result, NobodyThereError) for result in found.values())


def _connected(server: Address, deadline: float) -> None:
    """Connect and hang up. Raises NobodyThereError where that is refused, KafkaToolError for any other failure."""
    # Nothing is sent: a refusal comes from the machine, in one round trip, before ZooKeeper knows of it.
    try:
        _connection(_addresses(server, deadline), deadline).close()
    except ConnectionRefusedError:
        raise NobodyThereError("connection refused") from None
    except OSError as error:
        raise KafkaToolError(str(error)) from None


def _cause(server: Address, tls: "Tls | None", otherwise: str) -> KafkaToolError:
    try:
        ask(server, tls, PROBE_SECONDS)
    except KafkaToolError as error:
        return error
    return KafkaToolError(otherwise)


def ask(server: Address, tls: "Tls | None", seconds: float) -> Server:
    """Ask a server how it is, and wait at most `seconds` for the answer.

    Raises NoQuorumError where the server waits for others, and KafkaToolError with the cause where it does not serve.
    """
    began = monotonic()
    try:
        answer = _answer(server, tls, began + seconds)
    except TimeoutError:
        raise KafkaToolError(f"no answer within {seconds:.0f} s") from None
    except OSError as error:
        raise KafkaToolError(_words(error, tls)) from None
    if not answer or answer.startswith(TLS_ALERT):
        # A TLS port answers plaintext with an alert. Some hang up instead, as any other server would.
        raise KafkaToolError(WANTS_TLS if answer else HUNG_UP)
    return _server(answer.decode(errors="replace"), monotonic() - began)


def _answer(server: Address, tls: "Tls | None", deadline: float) -> bytes:
    """Return the server's answer, b"" where it hangs up twice."""
    addresses = _addresses(server, deadline)
    # A server that has just lost its quorum closes all connections, also that on which it should answer: the second
    # time it answers that there is no quorum.
    with suppress(ConnectionResetError):
        if answer := _asked(server[0], addresses, tls, deadline):
            return answer
    return _asked(server[0], addresses, tls, deadline)


def _addresses(server: Address, deadline: float) -> list[Address]:
    """Return the IP addresses and the port of a server. Raises NobodyThereError where there is no such name.

    getaddrinfo has no timeout and can block for a minute, so it runs in a thread that is left alone at the deadline.
    """
    call = partial(socket.getaddrinfo, *server, type=socket.SOCK_STREAM)
    unknown = f"the name {server[0]} does not resolve"
    try:
        found = in_parallel({server: call}, deadline)[server]
    except (socket.gaierror, UnicodeError):
        raise NobodyThereError(unknown) from None
    if isinstance(found, KafkaToolError):  # a resolver that is slow may still find it
        raise KafkaToolError(unknown)
    return [(str(address[0]), int(address[1])) for *_, address in found]


def _asked(host: str, addresses: Sequence[Address], tls: "Tls | None", deadline: float) -> bytes:
    with _connection(addresses, deadline) as connection:
        if tls is None:
            return _said(connection, deadline)
        from kafka_tools.openssl import context

        connection.settimeout(_left(deadline))
        with context(tls).wrap_socket(connection, server_hostname=host) as secured:
            return _said(secured, deadline)


def _connection(addresses: Sequence[Address], deadline: float) -> socket.socket:
    """Connect to the first address that answers; raise what the last one raised where none does.

    The time is shared out: an address that is silent (IPv6 without a route) leaves enough for the others.
    """
    *others, last = addresses
    for number, address in enumerate(others):
        with suppress(OSError):
            return socket.create_connection(address, _left(deadline) / (len(addresses) - number))
    return socket.create_connection(last, _left(deadline))


def _said(connection: socket.socket, deadline: float) -> bytes:
    connection.settimeout(_left(deadline))
    connection.sendall(QUESTION)
    answer = b""
    while len(answer) < MOST_BYTES and (chunk := connection.recv(4096)):
        answer += chunk
        # A socket's timeout counts for one call. Without this, a server that sends a byte a second is never given up.
        connection.settimeout(_left(deadline))
    return answer


def _left(deadline: float) -> float:
    return max(deadline - monotonic(), LEAST_SECONDS)


def _server(answer: str, seconds: float) -> Server:
    """Return what an answer to `srvr` says (org.apache.zookeeper.server.command.StatCommand 3.8)."""
    version = re.match(r"Zookeeper version: ([\w.]{1,40})", answer)
    mode = re.search(r"^Mode: (\w{1,40})", answer, re.MULTILINE)
    if version:
        latency = re.search(rf"^Latency min/avg/max: ({NUMBER})/({NUMBER})/({NUMBER})$", answer, re.MULTILINE)
        zxid = re.search(r"^Zxid: (0x[0-9a-f]{1,16})$", answer, re.MULTILINE)
        return Server(
            mode[1] if mode else "",
            version[1],
            seconds,
            (float(latency[1]), float(latency[2]), float(latency[3])) if latency else None,
            _count("Connections", answer),
            _count("Outstanding", answer),
            zxid[1] if zxid else None,
            _count("Node count", answer),
        )
    # It serves, or it would have hung up: the word is refused before anything else is looked at.
    if "not in the whitelist" in answer:
        return Server("", "", seconds)
    if "not currently serving" in answer:
        hint = "Start the others: a majority of the servers must be up, and reach each other."
        raise NoQuorumError("it runs, but does not serve: there is no quorum", hint)
    raise KafkaToolError("this is not a ZooKeeper server")


def _count(name: str, answer: str) -> int | None:
    found = re.search(rf"^{name}: (\d{{1,18}})$", answer, re.MULTILINE)
    return int(found[1]) if found else None


def _words(error: OSError, tls: "Tls | None") -> str:
    if tls is not None:
        import ssl

        from kafka_tools.openssl import CLOSED, cause

        if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
            return CLOSED
        if isinstance(error, ssl.SSLError):
            return cause(error, "server")
    return (error.strerror or str(error)).lower()
