"""Finds out why brokers are not reached: librdkafka says of most failures only that there is no transport.

The cause is found by a connection of our own (`kafka_tools.wire`): a name that does not resolve, a refused or silent
port, TLS or plaintext where the listener speaks the other, a certificate, a wrong password, a mechanism that the broker
does not take, or a broker that is not reached at the address that it advertises.
"""

from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.target import Brokers

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

REACH_SECONDS = 2.0
"""How long brokers are waited for at the addresses that they advertise, even where no time is left for that."""


class Unreached(NamedTuple):
    """Brokers that are not reached where they are advertised, though the cluster answers: `every` one, or some."""

    failure: UnreachableError
    brokers: frozenset[int]
    every: bool


def why_unreachable(target: Brokers, seconds: float) -> KafkaToolError | None:
    """Look for about so many seconds why `target` or one of its brokers is not reached.

    Return the failure with its cause and what to try, None where all are reached and let the client in. Where every
    server refuses the connection, that is found at once, or after `target.wait_seconds`.
    """
    try:
        found = unreached(target.bootstrap_servers, target.security, seconds, target.wait_seconds)
    except KafkaToolError as error:
        return error
    return found.failure if found is not None else None


def unreached(
    bootstrap_servers: str, security: "Security | None", seconds: float, wait_seconds: float = 0.0
) -> Unreached | None:
    """Ask a cluster for its brokers and connect to each; None where all are reached.

    That takes about so many seconds at most, and REACH_SECONDS for the brokers where nothing is left for them. Raises
    UnreachableError where nobody answers, AuthenticationError where the client is not let in.
    """
    from kafka_tools.wire.diagnosis import advertised, cause_of, reach
    from kafka_tools.wire.session import open_session

    deadline = monotonic() + seconds
    with open_session(bootstrap_servers, security, seconds, wait_seconds) as session:
        response = session.metadata(())
    brokers = {broker["node_id"]: (broker["host"], broker["port"]) for broker in response["brokers"]}
    reached = reach(brokers, security, max(deadline, monotonic() + REACH_SECONDS))
    failures = {broker: each for broker, each in reached.items() if isinstance(each, KafkaToolError)}
    if not failures:
        return None
    first = min(failures)
    error = advertised(bootstrap_servers, first, brokers[first], cause_of(failures[first]))
    return Unreached(error, frozenset(failures), len(failures) == len(brokers))
