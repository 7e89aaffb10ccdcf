"""Finds out why brokers are not reached: librdkafka says of most failures only that there is no transport.

The cause is found by a connection of our own (`kafka_tools.wire`): a name that does not resolve, a refused or silent
port, TLS or plaintext where the listener speaks the other, a certificate, a wrong password, a mechanism that the broker
does not take, or a broker that is not reached at the address that it advertises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError, a_request
from kafka_tools.model.addresses import Address, text
from kafka_tools.model.target import Brokers
from kafka_tools.parallel import TooLateError, in_parallel
from kafka_tools.wire.connection import CONNECT_SECONDS, Connection, LostResponseError
from kafka_tools.wire.diagnosis import (
    CONNECT,
    RESOLVE,
    SASL,
    STEPS,
    TLS,
    VERSIONS,
    Step,
    advertised,
    cause_of,
    connect,
    reach,
)
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.session import LOGIN_HINT, WireSession, parse
from kafka_tools.wire.sockets import BrokenConnectionError, RefusedError, open_socket

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

__all__ = ["CONNECT", "RESOLVE", "SASL", "STEPS", "TLS", "VERSIONS", "Contact", "Step", "cause_of"]

REACH_SECONDS = 2.0
"""How long brokers are waited for at the addresses that they advertise, even where no time is left for that."""

PAUSE_SECONDS = 0.1
"""How long to wait before servers that refused are tried again."""

LATE_SECONDS = 0.2
"""How much longer than its deadline a connection is waited for, which should have ended by itself."""


class Unreached(NamedTuple):
    """Brokers not reached at their advertised addresses, though the cluster answers: `every` one, or some."""

    failure: UnreachableError
    brokers: frozenset[int]
    every: bool


def unreached(
    bootstrap_servers: str, security: "Security | None", seconds: float, wait_seconds: float = 0.0
) -> Unreached | None:
    """Ask a cluster for its brokers and connect to each; None where all are reached.

    That takes about so many seconds at most, and REACH_SECONDS for the brokers where nothing is left for them. Servers
    that all refuse are tried again for `wait_seconds`. Raises UnreachableError with the cause where nobody answers,
    AuthenticationError where the client is not let in.
    """
    deadline = monotonic() + seconds
    with WireSession(bootstrap_servers, security, seconds, wait_seconds) as session:
        brokers = session.brokers()
    # After the session: the servers that are named were reached, only what they advertise may be wrong.
    causes = causes_unreached(brokers, security, max(deadline, monotonic() + REACH_SECONDS))
    if not causes:
        return None
    # One broker is named for all, the lowest id: the same one each time, so that two runs can be compared.
    first = min(causes)
    error = advertised(bootstrap_servers, first, brokers[first], causes[first])
    return Unreached(error, frozenset(causes), len(causes) == len(brokers))


def causes_unreached(brokers: Mapping[int, Address], security: "Security | None", deadline: float) -> Mapping[int, str]:
    """Return the brokers that take no connection until `deadline` (time.monotonic, s), by id, each with the cause."""
    reached = reach(brokers, security, deadline)
    return {broker: cause_of(each) for broker, each in reached.items() if isinstance(each, KafkaToolError)}


@dataclass(slots=True)
class Contact:
    """One server that was named, and how far a connection to it got.

    `steps` are those that were made, in order; the last one has the failure, if one failed. `late` is the failure of a
    step that had not ended in time, and is not among them. `connected` where none failed: it is ready for requests.
    """

    server: str
    logs_in: bool
    steps: list[Step] = field(default_factory=list)
    late: KafkaToolError | None = None
    _connection: Connection | None = None

    @property
    def connected(self) -> bool:
        """Whether all steps were made."""
        return self._connection is not None

    @property
    def refused(self) -> bool:
        """Whether nobody listens there."""
        return bool(self.steps) and isinstance(self.steps[-1].failure, RefusedError)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    def supports(self, message: Message) -> bool:
        """Tell whether the broker knows this request."""
        return self._connection is not None and self._connection.supports(message)

    def ask(self, message: Message, values: Mapping[str, Any], seconds: float = CONNECT_SECONDS) -> Response:
        """Send a request that changes nothing and return the response, which is waited for `seconds`.

        Raises UnreachableError where there is none in time: the connection is of no use then. Raises KafkaToolError for
        other failures; a broker that hangs up on somebody who did not log in may have wanted that.
        """
        if self._connection is None:
            raise UnreachableError(f"there is no connection to {self.server}")
        try:
            return self._connection.ask(message, values, seconds)
        # The answer may still come, and would be taken for that of the next request.
        except LostResponseError:
            self.close()
            self._connection = None
            raise
        except BrokenConnectionError as error:
            if self.logs_in:
                raise
            raise KafkaToolError(f"the broker hung up on {a_request(message.name)}", LOGIN_HINT) from error


def contacts(target: Brokers, seconds: float) -> Sequence[Contact]:
    """Connect to all servers of `target` at once, step by step, for so many seconds at most. Close each at the end.

    Where all of them refuse, they are tried again for `target.wait_seconds`.
    """
    until = monotonic() + target.wait_seconds
    while True:
        found = _contacts(target, monotonic() + seconds)
        # Only where all refuse: one that is silent, or lets nobody in, is not one that is starting.
        if monotonic() >= until or not all(each.refused for each in found):
            return found
        sleep(PAUSE_SECONDS)


def _contacts(target: Brokers, deadline: float) -> Sequence[Contact]:
    servers = parse(target.bootstrap_servers)
    logs_in = target.security is not None and target.security.sasl is not None
    made = {server: Contact(text(server), logs_in) for server in servers}
    calls = {server: partial(_contact, server, target, deadline, contact) for server, contact in made.items()}
    for server, found in in_parallel(calls, deadline + LATE_SECONDS).items():
        if isinstance(found, TooLateError):
            # Its thread goes on by itself, and may still add steps: only what is there now is shown.
            made[server].late = found
        elif isinstance(found, Connection):
            made[server]._connection = found
    return [made[server] for server in servers]


def _contact(server: Address, target: Brokers, deadline: float, contact: Contact) -> Connection:
    return connect(server, deadline, target.security, contact.steps)


def brokers_reached(
    target: Brokers, brokers: Mapping[int, Address], seconds: float
) -> Mapping[int, float | KafkaToolError]:
    """Connect to each broker where it is advertised, all at once, and log in.

    Return, by broker id, after how many seconds it was ready for requests, or why it was not within `seconds`.
    """
    return reach(brokers, target.security, monotonic() + seconds)


def seconds_to_accept(address: Address, seconds: float) -> float:
    """Return after how many seconds somebody accepts a connection at `address`, whoever that is.

    Raises KafkaToolError with the cause where nobody does within `seconds`.
    """
    began = monotonic()
    open_socket(address, began + seconds).close()
    return monotonic() - began
