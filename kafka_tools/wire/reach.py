"""Every broker of a cluster at the address that it advertises: is it reached there, and how fast."""

from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.together import together
from kafka_tools.wire.connection import connect
from kafka_tools.wire.session import advertised, cluster
from kafka_tools.wire.sockets import Address, BrokenConnectionError

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

REACH_SECONDS = 2.0
"""Who has not answered after so long is not reached."""


def reach(
    brokers: Mapping[int, Address], security: "Security | None", deadline: float
) -> dict[int, float | KafkaToolError]:
    """Connect to all brokers at once until `deadline` (time.monotonic, s), log in, hang up.

    Return, by id, after how many seconds each was ready for requests, or why it never was.
    """

    def look(address: Address) -> float:
        began = monotonic()
        connect(address, deadline, security).close()
        return monotonic() - began

    return together({broker: partial(look, brokers[broker]) for broker in sorted(brokers)}, deadline)


class Unreached(NamedTuple):
    """Brokers that are not reached where they are advertised, though the cluster answers: `every` one, or some."""

    failure: UnreachableError
    brokers: frozenset[int]
    every: bool


def unreached(bootstrap_servers: str, security: "Security | None", seconds: float) -> Unreached | None:
    """Ask a cluster for its brokers and connect to each; None where all are reached.

    That takes so many seconds at most, and REACH_SECONDS for the brokers where nothing is left for them. Raises
    UnreachableError where nobody answers, AuthenticationError where the client is not let in.
    """
    deadline = monotonic() + seconds
    with cluster(bootstrap_servers, security, seconds) as session:
        answer = session.metadata(())
    brokers = {broker["node_id"]: (broker["host"], broker["port"]) for broker in answer["brokers"]}
    reached = reach(brokers, security, max(deadline, monotonic() + REACH_SECONDS))
    failures = {broker: each for broker, each in reached.items() if isinstance(each, KafkaToolError)}
    if not failures:
        return None
    first = min(failures)
    error = advertised(bootstrap_servers, first, brokers[first], cause(failures[first]))
    return Unreached(error, frozenset(failures), len(failures) == len(brokers))


def cause(failure: KafkaToolError) -> str:
    """Return why a broker was not reached, without its address where that can be."""
    return failure.cause if isinstance(failure, BrokenConnectionError) else failure.message
