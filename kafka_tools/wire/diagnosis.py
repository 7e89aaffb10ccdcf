"""Connects to brokers step by step, and finds out why a step fails.

A connection has up to five steps: the name, the socket, TLS, the versions of requests, the login. Each is timed and
explained the same way, whether a tool only wants the connection or wants to show the steps (`ktools doctor`).
"""

from _socket import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.addresses import Address, text
from kafka_tools.wire.connection import FOREVER, Connection
from kafka_tools.wire.messages import METADATA
from kafka_tools.wire.sockets import LEAST_SECONDS, BrokenConnectionError, encrypted, open_first, open_socket, resolve

if TYPE_CHECKING:
    import ssl

    from kafka_tools.model.security import Security

RESOLVE, CONNECT, TLS, VERSIONS, SASL = STEPS = ("resolve", "connect", "TLS", "API versions", "SASL")

LIFE_USED = 0.85
"""The part of a login's lifetime after which there is another login, as in Java's client
(org.apache.kafka.common.security.authenticator.SaslClientAuthenticator 3.9.1)."""


class Step(NamedTuple):
    """One step of a connection: how many `seconds` it took, and what was found, or the failure.

    `expires` is when the broker's certificate does (s since 1970), None where there is none or it was not verified.
    """

    name: str
    seconds: float
    found: str = ""
    failure: KafkaToolError | None = None
    expires: float | None = None


class _Found:
    """What a step has found, for `_timed`."""

    text = ""
    expires: float | None = None


def connect(
    address: Address, deadline: float, security: "Security | None" = None, steps: list[Step] | None = None
) -> Connection:
    """Connect to a broker, agree on versions and log in until `deadline` (time.monotonic, s).

    Each step is added to `steps` when it is over, the one that failed, too. Raises BrokenConnectionError with the
    cause, AuthenticationError where the broker does not let the client in, KafkaToolError for a broker that is too old.
    """
    made = [] if steps is None else steps
    # The order is what a person needs to know: a name that resolves, a port that is open, TLS, Kafka, the login. A step
    # runs only when the one before is well, so that the last in `steps` is the one at fault.
    with _timed(made, RESOLVE) as found:
        # Looked up anew for each connection: a broker that moves in Kubernetes keeps its name and gets another address.
        addresses = resolve(*address, deadline)
        found.text = ", ".join(dict.fromkeys(each[4][0] for each in addresses))
    with _timed(made, CONNECT) as found:
        opened = open_first(addresses, deadline)
        found.text = opened.getpeername()[0]
    try:
        if security is not None and security.tls is not None:
            with _timed(made, TLS) as found, _explaining(address, security, deadline):
                opened = secured = encrypted(opened, security.tls, address, deadline)
                found.text, found.expires = _certificate(secured)
        # Who watches no step asks for more than Metadata, and hears which request the broker does not know.
        return _ready(made, opened, address, security, deadline, watched=steps is not None)
    # Ctrl-C, too: else the socket would stay open in a process that goes on (`--watch`).
    except BaseException:
        opened.close()
        raise


def _ready(
    steps: list[Step], opened: socket, address: Address, security: "Security | None", deadline: float, watched: bool
) -> Connection:
    with _timed(steps, VERSIONS) as found, _explaining(address, security, deadline):
        # Before the login: KIP-43 lets ApiVersions pass, which says in which versions the login itself may be sent.
        connection = Connection(address, opened, deadline)
        if connection.supports(METADATA):
            found.text = f"{connection.known} kinds of requests, Metadata {connection.newest(METADATA)}"
        elif watched:
            raise KafkaToolError("it is older than Kafka 1.0, the oldest that is known here")
    if security is not None and security.sasl is not None:
        with _timed(steps, SASL) as found:
            from kafka_tools.wire.sasl import log_in

            lifetime = log_in(connection, security.sasl)
            # lifetime is in ms. Before its end, as Java's client: a request under way at the end would be lost.
            connection.expires = monotonic() + lifetime / 1000 * LIFE_USED if lifetime else FOREVER
            found.text = f"{security.sasl.mechanism} {security.sasl.username}".rstrip()
    return connection


@contextmanager
def _timed(steps: list[Step], name: str) -> Iterator[_Found]:
    """Time a step, and add it to `steps` when it is over, also when it fails."""
    began, found = monotonic(), _Found()
    try:
        yield found
    except KafkaToolError as error:
        steps.append(Step(name, monotonic() - began, failure=error))
        raise
    steps.append(Step(name, monotonic() - began, found.text, expires=found.expires))


def _certificate(opened: "ssl.SSLSocket") -> tuple[str, float | None]:
    """Return TLS's version and when the broker's certificate expires, None where it is not verified."""
    import ssl

    version, certificate = opened.version() or "TLS", opened.getpeercert()
    # getpeercert() is empty where the certificate was not verified, even if it was sent.
    return version, ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else None


@contextmanager
def _explaining(address: Address, security: "Security | None", deadline: float) -> Iterator[None]:
    """Replace a failure by one that says so where the listener expects TLS and got plaintext, or the reverse."""
    try:
        yield
    except BrokenConnectionError as error:
        if error.hopeless or monotonic() >= deadline:
            raise
        # Only after a failure, and with connections of its own: where all is well nobody pays for the question.
        raise _mistaken(address, security is not None and security.tls is not None, deadline) or error from error


def _mistaken(address: Address, with_tls: bool, deadline: float) -> BrokenConnectionError | None:
    """Probe whether a listener that hung up without a word expects TLS or plaintext, until `deadline`.

    Return the failure that says so, None where it was spoken to rightly, speaks neither, or that cannot be known.
    """
    # Each probe speaks the other way than the one that failed. It counts only if it succeeds: silence proves nothing.
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
    """Try a TLS handshake with whoever listens; no certificate is checked, since nothing of value is sent."""
    import socket as sockets
    import ssl

    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # check_hostname first: ssl refuses CERT_NONE while it is on.
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with sockets.socket(fileno=open_socket(address, deadline).detach()) as opened:
            opened.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
            anybody.wrap_socket(opened, server_hostname=address[0]).close()
    except ssl.SSLError as error:
        # Whoever answers with an alert speaks TLS, whatever it is not content with.
        return "ALERT" in (error.reason or "")  # it wants a client certificate, or other versions
    except (BrokenConnectionError, OSError):
        return False
    return True


def reach(
    brokers: Mapping[int, Address], security: "Security | None", deadline: float
) -> dict[int, float | KafkaToolError]:
    """Connect to all brokers at once until `deadline` (time.monotonic, s), log in, hang up.

    Return, by broker id, after how many seconds each was ready for requests, or why it never was.
    """
    from functools import partial

    from kafka_tools.parallel import in_parallel

    def seconds_to(address: Address) -> float:
        began = monotonic()
        connect(address, deadline, security).close()
        return monotonic() - began

    # A thread a broker: with one dead broker of a hundred the others are still told after their own time.
    return in_parallel({broker: partial(seconds_to, brokers[broker]) for broker in sorted(brokers)}, deadline)


def advertised(bootstrap_servers: str, broker: int, address: Address, cause: str) -> UnreachableError:
    """Return the failure to reach a broker at the address that the cluster advertises for it."""
    return UnreachableError(
        f"{bootstrap_servers} answers, but broker {broker}, which it advertises at {text(address)}, "
        f"cannot be reached ({cause}).",
        "Check the broker's advertised.listeners.",
    )


def cause_of(failure: KafkaToolError) -> str:
    """Return why a broker was not reached, without its address where the failure knows the cause alone."""
    return failure.cause if isinstance(failure, BrokenConnectionError) else failure.message
