"""Looks at a ZooKeeper ensemble, and at the cluster that it keeps: what the health of both is judged by."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.configs import BROKERS
from kafka_tools.model.snapshot import RATES, Ensemble, Snapshot, Unknown
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import TopicDescription
from kafka_tools.model.zookeeper_state import Member
from kafka_tools.zookeeper.configs import ZooKeeperConfigs
from kafka_tools.zookeeper.diagnosis import Server
from kafka_tools.zookeeper.documents import read_controller
from kafka_tools.zookeeper.ensemble import ask_others, members, read_config, survey
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topics import CONTROLLER, ZooKeeperTopics
from kafka_tools.zookeeper.znodes import Znodes

SESSION_SECONDS = 8.0
"""How long a session, and what is read in it, is waited for; a session is given up after some 5 s."""


class _Kept(NamedTuple):
    """What the ensemble keeps of the cluster; without topics where only the ensemble itself is looked at."""

    members: tuple[Member, ...] = ()
    topics: tuple[TopicDescription, ...] = ()
    live: frozenset[int] = frozenset()
    controller: int | None = None
    rates: Mapping[int, Mapping[str, str]] = {}
    malformed: tuple[str, ...] = ()


def look_at_ensemble(target: ZooKeeper) -> Ensemble:
    """Return how each of the servers that were named is, and how many vote. Raises nothing: a failure is in it."""
    return _look(target, _members)[0]


def look(target: ZooKeeper) -> Snapshot:
    """Return a cluster as its ZooKeeper keeps it: without what only brokers know, such as their directories.

    Why there is no session is in its `ensemble`, and then nothing else is. Raises UsageError where there is no cluster
    below the chroot.
    """
    ensemble, kept = _look(target, _cluster)
    return Snapshot(
        kept.topics,
        kept.live,
        controller=kept.controller,
        rates=kept.rates,
        ensemble=ensemble,
        unknown=tuple(Unknown("znodes", sentence) for sentence in kept.malformed),
        by_zookeeper=True,
    )


def _look(target: ZooKeeper, read: Callable[[Any], _Kept]) -> tuple[Ensemble, _Kept]:
    """Ask each server how it is, while a session is opened, and then those that the ensemble names itself."""
    servers, found = survey(target, lambda asked: _in_session(asked, read), SESSION_SECONDS)
    # A chroot without a cluster is a mistake of the user's, not a state of the ensemble.
    if isinstance(found, UsageError):
        raise found
    kept = _Kept() if isinstance(found, KafkaToolError) else found
    asked = {**servers, **ask_others(target, kept.members, servers)}
    modes = {server: each.mode if isinstance(each, Server) else each for server, each in asked.items()}
    voters = sum(member.votes for member in kept.members) or None
    return Ensemble(modes, voters, found if isinstance(found, KafkaToolError) else None), kept


def _in_session(target: ZooKeeper, read: Callable[[Any], _Kept]) -> _Kept:
    with connected(target) as client:
        return read(client)


def _members(client: Any) -> _Kept:
    return _Kept(members(read_config(client) or ""))


def _cluster(client: Any) -> _Kept:
    topics = ZooKeeperTopics(client)
    # Topics before brokers, whose znodes are asked for with the states of partitions: no round trip for them alone.
    described = topics.describe(topics.names())
    live = frozenset(each.broker for each in topics.brokers())
    malformed = list(topics.malformed())
    [data] = Znodes(client).data([CONTROLLER])
    controller = None
    try:
        found = read_controller(CONTROLLER, data)
        controller = found.broker if found is not None else None
    except KafkaToolError as error:
        malformed.append(error.message)
    rates, more = _rates(client)
    return _Kept(members(read_config(client) or ""), described, live, controller, rates, (*malformed, *more))


def _rates(client: Any) -> tuple[dict[int, dict[str, str]], tuple[str, ...]]:
    configs = ZooKeeperConfigs(client)
    rates = {
        int(each.entity.name): {
            entry.name: entry.value for entry in each.entries if entry.name in RATES and entry.value
        }
        for each in configs.describe({BROKERS: None})
        if each.entity.name.isdecimal()
    }
    return rates, configs.malformed()
