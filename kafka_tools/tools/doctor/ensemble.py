"""The checks of a ZooKeeper ensemble, and of the cluster that it keeps."""

from collections.abc import Iterator, Mapping
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from kafka_tools.brokers.diagnosis import seconds_to_accept
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import Address, text
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import OFFSETS
from kafka_tools.parallel import in_parallel
from kafka_tools.tools.doctor.checks import (
    BROKER,
    CLUSTER_ID,
    CONTROLLER,
    LISTENERS,
    TOPIC,
    Check,
    absent,
    failed,
    missing_offsets,
    not_run,
    offsets_check,
    passed,
    quorum,
)

if TYPE_CHECKING:
    from kafka_tools.zookeeper.cluster import Registered
    from kafka_tools.zookeeper.diagnosis import Server

SERVER, SESSION, QUORUM = "ZooKeeper server", "ZooKeeper session", "ZooKeeper quorum"

SESSION_SECONDS = 4.5
"""How long a session, and what is read in it, is waited for."""

BROKERS_SECONDS = 1.0
"""How long brokers are waited for."""

UP = "Is it up, and its port open to this machine? Another one: --zookeeper HOST:PORT."
MALFORMED = "Who wrote it? A broker that is started again writes its own znodes anew."
CHROOT = "Is there a chroot: --zookeeper HOST:PORT/kafka?"
Servers = Mapping[Address, "Server | KafkaToolError"]
Timed = tuple[float, "Registered"]
"""After how many seconds a session was open, and what was read in it."""


def check_ensemble(target: ZooKeeper, alone: bool) -> Iterator[Check]:
    """Yield the checks in their order, in SESSION_SECONDS + BROKERS_SECONDS at most.

    `alone`: no broker is asked, so that ZooKeeper says what it knows of them.
    """
    servers, session = _asked(target)
    for address, server in servers.items():
        yield _server(address, server)
    # Servers may answer one by one and still give no session: without a majority they close what clients open.
    if isinstance(session, KafkaToolError):
        yield failed(SESSION, session, UP, target.connect)
        yield _quorum(servers, None)
        yield from (not_run(name, "there is no session") for name in _of_cluster(alone))
        return
    seconds, seen = session
    yield passed(SESSION, "open", target.connect, seconds)
    yield _quorum(servers, seen.voters)
    yield _cluster_id(target, seen)
    if alone:
        yield from _cluster(seen)


def _of_cluster(alone: bool) -> tuple[str, ...]:
    return (CLUSTER_ID, CONTROLLER, BROKER, OFFSETS) if alone else (CLUSTER_ID,)


def _asked(target: ZooKeeper) -> "tuple[Servers, Timed | KafkaToolError]":
    """Ask all servers, and open a session, at once."""

    from kafka_tools.zookeeper.ensemble import survey

    return survey(target, _session, SESSION_SECONDS)


def _session(target: ZooKeeper) -> Timed:
    from kafka_tools.zookeeper.cluster import registered
    from kafka_tools.zookeeper.session import connected

    began = monotonic()
    with connected(target) as client:
        seconds = monotonic() - began
        return seconds, registered(client)


def _server(address: Address, answer: "Server | KafkaToolError") -> Check:
    if isinstance(answer, KafkaToolError):
        return failed(SERVER, answer, UP, text(address))
    found = ", ".join(filter(None, (answer.mode, f"ZooKeeper {answer.version}" if answer.version else "")))
    return passed(
        SERVER, found or "it does not tell (srvr is not in 4lw.commands.whitelist)", text(address), answer.seconds
    )


def _quorum(servers: Servers, voters: int | None) -> Check:
    """Judge the quorum: of the servers that vote, as the ensemble says itself, else of those that were named."""
    voting = [each for each in servers.values() if isinstance(each, KafkaToolError) or each.mode != "observer"]
    # An observer that is down cannot be told from a voter that is, and counts as one: rather too strict than too mild.
    modes = [each.mode for each in voting if not isinstance(each, KafkaToolError)]
    # A server that runs alone is a whole ensemble, whatever else the connect string names.
    if "standalone" in modes:
        return quorum(QUORUM, "servers", 1, 1)
    serving = len(modes)
    # A connect string need not name all. The others cannot be asked, but a session says that a majority serves.
    if voters is not None and voters > len(voting):
        found = f"{voters} servers vote, a majority serves; --zookeeper names {len(voting)}: the others are not asked"
        return passed(QUORUM, found)
    return quorum(QUORUM, "servers", voters or len(voting), serving)


def _cluster_id(target: ZooKeeper, seen: "Registered") -> Check:
    if isinstance(seen.cluster_id, KafkaToolError):
        return failed(CLUSTER_ID, seen.cluster_id, MALFORMED, target.connect)
    if seen.cluster_id is None:
        return failed(CLUSTER_ID, KafkaToolError("there is no Kafka cluster here"), CHROOT, target.connect)
    return passed(CLUSTER_ID, seen.cluster_id, target.connect)


def _cluster(seen: "Registered") -> Iterator[Check]:
    if isinstance(seen.controller, KafkaToolError):
        yield failed(CONTROLLER, seen.controller, MALFORMED)
    elif seen.controller is None:
        yield failed(CONTROLLER, KafkaToolError("there is none now"), "Is a broker up? It is elected in seconds.")
    else:
        yield passed(CONTROLLER, f"broker {seen.controller}")
    yield from _brokers(seen)
    for error in seen.malformed:
        yield failed(TOPIC, error, MALFORMED)
    # As on brokers: one that is away for a restart still counts.
    brokers = len(seen.brokers) + len(seen.absent)
    if isinstance(seen.offsets, KafkaToolError):
        yield failed(OFFSETS, seen.offsets, MALFORMED)
    elif seen.offsets is None:
        yield missing_offsets(None, brokers)
    else:
        yield offsets_check(seen.offsets, brokers)


def _brokers(seen: "Registered") -> Iterator[Check]:
    """Check that the advertised ports of brokers take connections; ZooKeeper does not tell how to log in there."""
    if not seen.brokers:
        yield failed(BROKER, KafkaToolError("none is there"), "Start the brokers.")
    known = {broker: each for broker, each in seen.brokers.items() if not isinstance(each, KafkaToolError)}
    # Only that the port takes a connection: no login goes to an address out of a znode.
    calls = {broker: partial(seconds_to_accept, each, BROKERS_SECONDS) for broker, each in known.items()}
    found = in_parallel(calls, monotonic() + BROKERS_SECONDS)
    for broker, address in seen.brokers.items():
        name = f"{BROKER} {broker}"
        if isinstance(address, KafkaToolError):
            yield failed(name, address, MALFORMED)
            continue
        reached = found[broker]
        if isinstance(reached, KafkaToolError):
            yield failed(name, reached, LISTENERS, text(address))
        else:
            yield passed(name, "somebody listens", text(address), reached)
    yield from absent(seen.absent)
