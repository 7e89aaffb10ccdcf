"""Looks at a cluster through its brokers: all that its health is judged by, asked at once and within a few seconds.

Any broker tells of topics and of the controllers; each is asked for its own directories and throttles. Who gives no
answer keeps nobody else from being asked: that it gives none is a finding, too.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from kafka_tools.brokers.checkup import judged
from kafka_tools.brokers.diagnosis import cause_of
from kafka_tools.brokers.log_dirs import described
from kafka_tools.brokers.quorum import read_quorum
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.brokers.topics import BrokerTopics
from kafka_tools.errors import (
    NOT_AUTHORIZED,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    check_code,
)
from kafka_tools.model.addresses import Address
from kafka_tools.model.log_dirs import LogDirDescription
from kafka_tools.model.snapshot import RATES, Quorum, Snapshot, Unknown, Versions
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicDescription
from kafka_tools.parallel import TooLateError, in_parallel
from kafka_tools.wire.config_messages import DESCRIBE_CLUSTER
from kafka_tools.wire.connection import Connection
from kafka_tools.wire.diagnosis import connect
from kafka_tools.wire.log_dir_messages import DESCRIBE_LOG_DIRS
from kafka_tools.wire.messages import (
    BROKER,
    DEFAULT_CONFIG,
    DESCRIBE_CONFIGS,
    DESCRIBE_QUORUM,
    QUORUM,
)
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.session import WireSession

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

Known = TypeVar("Known")

TOPICS_SECONDS = 12.0
"""How long topics with their configs are waited for: with ZooKeeper a broker takes 1 ms for the configs of each."""

SECONDS = 5.0
"""How long a broker may take for each answer of its own, and the controller for its own: a busy one is not dead."""


class OfBroker(NamedTuple):
    """What one broker tells of itself: its versions, directories and throttles, or why it does not tell them."""

    versions: Versions
    log_dirs: tuple[LogDirDescription, ...] | KafkaToolError
    rates: Mapping[str, str] | KafkaToolError


OfBrokers = Mapping[int, OfBroker | KafkaToolError]


def look(target: Brokers) -> Snapshot:
    """Return a cluster as its brokers show it. Raises UnreachableError where none answers, KafkaToolError."""
    with open_session(target) as session:
        topics = BrokerTopics(session)
        # Outside of the threads: without it nothing else is known, and it says why the cluster is not reached.
        names = topics.names()
        addresses, controller = topics.registered()
        calls: dict[str, Callable[[], Any]] = {
            "topics": partial(_described, session, topics, names),
            "controllers": partial(_quorum, target),
            "fenced brokers": partial(_fenced, target),
            "brokers": partial(_of_brokers, addresses, target.security),
        }
        # Side by side, each with a connection of its own: a controller that hangs keeps nobody from looking at disks.
        found = in_parallel(calls, monotonic() + TOPICS_SECONDS)
        described_topics, no_election, unknown = _topics(topics, names, found["topics"])
    quorum, why = _or_why(found["controllers"], "controllers")
    fenced, not_told = _or_why(found["fenced brokers"], "fenced brokers")
    of_brokers: OfBrokers = found["brokers"]  # type: ignore[assignment]  # it has a limit of its own, and raises nothing
    answered = {broker: each for broker, each in of_brokers.items() if isinstance(each, OfBroker)}
    log_dirs, no_log_dirs = _known("log dirs", {broker: each.log_dirs for broker, each in answered.items()})
    rates, no_rates = _known("throttles", {broker: each.rates for broker, each in answered.items()})
    return Snapshot(
        described_topics,
        frozenset(addresses),
        {broker: cause_of(each) for broker, each in of_brokers.items() if isinstance(each, KafkaToolError)},
        controller,
        # Without a majority brokers still name an active controller, and pass on what nobody answers.
        no_election or "".join(each.why for each in why if not each.denied),
        log_dirs,
        rates,
        {broker: each.versions for broker, each in answered.items()},
        quorum,
        in_full=not unknown,
        unknown=(*unknown, *(each for each in why if each.denied), *not_told, *no_log_dirs, *no_rates),
        fenced=fenced,
    )


Topics = tuple[tuple[TopicDescription, ...], str, tuple[Unknown, ...]]
"""Topics, why no leader can be elected ("" where one can), and what is not known."""


def _described(session: Session, topics: BrokerTopics, names: Sequence[str]) -> Topics:
    """Describe the topics; once more where something was not answered in time: a busy cluster is no dead one."""
    found = topics.describe(names)
    if topics.no_election():
        topics = BrokerTopics(session)
        found = topics.describe(topics.names())
    return found, topics.no_election(), tuple(Unknown("topics", note) for note in topics.notes())


def _topics(topics: BrokerTopics, names: Sequence[str], found: Any) -> Topics:
    """Return the topics that were found, or with their partitions alone where they were not described."""
    if not isinstance(found, KafkaToolError):
        described_topics: Topics = found
        return described_topics
    if not isinstance(found, TooLateError | UnreachableError) and not _is_denied(found):
        raise found
    words = f"configs, min ISR and reassignments are not known: {found.message}"
    unknown = Unknown("topics", words, _is_denied(found))
    return topics.describe(names, False), topics.no_election(), (unknown,)


def _quorum(target: Brokers) -> Quorum | None:
    """Return the controllers, None for a cluster with ZooKeeper. Raises KafkaToolError."""
    with WireSession(target.bootstrap_servers, target.security, SECONDS) as wire:
        if not wire.supports(DESCRIBE_QUORUM):
            return None
        log = read_quorum(wire.ask(DESCRIBE_QUORUM, QUORUM, seconds=SECONDS), target.bootstrap_servers)
        return judged(log)


def _fenced(target: Brokers) -> frozenset[int] | None:
    """Return the brokers that are registered and do not serve; None before Kafka 4.0, which does not tell.

    Raises KafkaToolError.
    """
    request = DESCRIBE_CLUSTER.since(2)
    with WireSession(target.bootstrap_servers, target.security, SECONDS) as wire:
        if not wire.supports(request):
            return None
        response = wire.ask(request, {"include_fenced_brokers": True}, seconds=SECONDS)
    check_code(response["error_code"], response["error_message"])
    return frozenset(each["broker_id"] for each in response["brokers"] if each["is_fenced"])


def _of_brokers(addresses: Mapping[int, Address], security: "Security | None") -> OfBrokers:
    calls = {broker: partial(_of_broker, broker, address, security) for broker, address in addresses.items()}
    # Twice: to connect, and for the answers; a broker that hangs in both has had its time.
    return in_parallel(calls, monotonic() + 2 * SECONDS)


def _of_broker(broker: int, address: Address, security: "Security | None") -> OfBroker:
    """Ask one broker for what it alone knows. Raises KafkaToolError where it takes no connection."""
    connection = connect(address, monotonic() + SECONDS, security)
    try:
        # Directories first: a broker whose disks hang is not asked for anything more.
        log_dirs = described(_asked(connection, DESCRIBE_LOG_DIRS, {"topics": None}))
        if isinstance(log_dirs, UnreachableError):
            # Is it its disk that is slow, or does it hang? Who takes no other connection is as good as away.
            connect(address, monotonic() + SECONDS / 2, security).close()
            return OfBroker(connection.versions, log_dirs, log_dirs)
        resource = {"resource_type": BROKER, "resource_name": str(broker), "configuration_keys": list(RATES)}
        rates = _rates(_asked(connection, DESCRIBE_CONFIGS, {"resources": [resource]}))
        return OfBroker(connection.versions, log_dirs, rates)
    finally:
        connection.close()


def _asked(connection: Connection, message: Message, values: Mapping[str, Any]) -> Response | KafkaToolError:
    try:
        return connection.ask(message, values, SECONDS)
    except KafkaToolError as error:
        return error


def _rates(answer: Response | KafkaToolError) -> Mapping[str, str] | KafkaToolError:
    if isinstance(answer, KafkaToolError):
        return answer
    try:
        for result in answer["results"]:
            check_code(result["error_code"], result["error_message"], "DESCRIBE_CONFIGS on the cluster")
    except BrokerError as error:
        return error
    configs = [config for result in answer["results"] for config in result["configs"]]
    # Where no throttle is set, brokers name none, or Kafka's own default: no limit.
    return {
        each["name"]: each["value"] for each in configs if each["config_source"] != DEFAULT_CONFIG and each["value"]
    }


def _or_why(found: Any, subject: str) -> tuple[Any, tuple[Unknown, ...]]:
    """Return what was found, or None and why it is not known."""
    if isinstance(found, KafkaToolError):
        return None, (Unknown(subject, found.message, _is_denied(found)),)
    return found, ()


def _known(subject: str, found: Mapping[int, Known | KafkaToolError]) -> tuple[dict[int, Known], list[Unknown]]:
    """Return what brokers told, and of which of them it is not known, and why: those with one cause together."""
    brokers: dict[tuple[str, bool], list[int]] = {}
    for broker, each in found.items():
        if isinstance(each, KafkaToolError):
            # A cause that a hundred brokers have is one line, not a hundred.
            brokers.setdefault((f"{each.message} {each.hint}".rstrip(), _is_denied(each)), []).append(broker)
    unknown = [
        Unknown(f"{subject} of broker{'s' * (len(those) > 1)} {', '.join(map(str, those))}", *cause)
        for cause, those in brokers.items()
    ]
    return {broker: each for broker, each in found.items() if not isinstance(each, KafkaToolError)}, unknown


def _is_denied(error: KafkaToolError) -> bool:
    return isinstance(error, BrokerError) and error.code in NOT_AUTHORIZED
