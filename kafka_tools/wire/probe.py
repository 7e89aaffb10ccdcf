"""Connecting to one broker step by step: how far one gets, how long each step takes, and why one fails."""

from _socket import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.wire.connection import Connection, explained
from kafka_tools.wire.metadata import METADATA
from kafka_tools.wire.sockets import Address, BrokenConnectionError, open_first, resolve

if TYPE_CHECKING:
    import ssl

    from kafka_tools.model.security import Security

RESOLVE, CONNECT, TLS, VERSIONS, SASL = STEPS = ("resolve", "connect", "TLS", "API versions", "SASL")


class Step(NamedTuple):
    """One step: how many `seconds` it took, and what was found, or the failure. `expires` is when the broker's
    certificate does (s since 1970), None where there is none or nobody looks at it."""

    name: str
    seconds: float
    found: str = ""
    failure: KafkaToolError | None = None
    expires: float | None = None


class _Found:
    """What a step has found, for `_timed`."""

    text = ""
    expires: float | None = None


def probe(steps: list[Step], address: Address, security: "Security | None", deadline: float) -> Connection | None:
    """Connect to `address` as `security` says until `deadline` (time.monotonic, s), and note each step when it is over.

    Return the connection, ready for requests, None where a step failed: the last one that is noted.
    """
    with suppress(KafkaToolError):
        return _connected(steps, address, security, deadline)
    return None


def _connected(steps: list[Step], address: Address, security: "Security | None", deadline: float) -> Connection:
    with _timed(steps, RESOLVE) as found:
        places = resolve(*address, deadline)
        found.text = ", ".join(dict.fromkeys(place[4][0] for place in places))
    with _timed(steps, CONNECT) as found:
        opened = open_first(places, deadline)
        found.text = opened.getpeername()[0]
    try:
        if security is not None and security.tls is not None:
            with _timed(steps, TLS) as found, _explaining(address, security, deadline):
                from kafka_tools.wire.tls import encrypted

                opened = secured = encrypted(opened, security.tls, address, deadline)
                found.text, found.expires = _certificate(secured)
        return _ready(steps, opened, address, security, deadline)
    except BaseException:
        opened.close()
        raise


def _ready(
    steps: list[Step], opened: socket, address: Address, security: "Security | None", deadline: float
) -> Connection:
    with _timed(steps, VERSIONS) as found, _explaining(address, security, deadline):
        connection = Connection(address, opened, deadline)
        if not connection.supports(METADATA):
            raise KafkaToolError("it is older than Kafka 1.0, the oldest that is known here")
        found.text = f"{connection.known} kinds of requests, Metadata {connection.newest(METADATA)}"
    if security is not None and security.sasl is not None:
        with _timed(steps, SASL) as found:
            from kafka_tools.wire.sasl import log_in

            log_in(connection, security.sasl)
            found.text = f"{security.sasl.mechanism} {security.sasl.username}".rstrip()
    return connection


@contextmanager
def _timed(steps: list[Step], name: str) -> Iterator[_Found]:
    """Add the step when it is over, however it ends."""
    began, found = monotonic(), _Found()
    try:
        yield found
    except KafkaToolError as error:
        steps.append(Step(name, monotonic() - began, failure=error))
        raise
    steps.append(Step(name, monotonic() - began, found.text, expires=found.expires))


@contextmanager
def _explaining(address: Address, security: "Security | None", deadline: float) -> Iterator[None]:
    try:
        yield
    except BrokenConnectionError as error:
        raise explained(error, address, deadline, security) from error


def _certificate(opened: "ssl.SSLSocket") -> tuple[str, float | None]:
    """Return what is spoken and when the broker's certificate expires, None where it is not verified."""
    import ssl

    version, certificate = opened.version() or "TLS", opened.getpeercert()
    return version, ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else None
