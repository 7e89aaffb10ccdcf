"""What is seen of a cluster at one moment, by its brokers, its ZooKeeper or both: what its health is judged by."""

from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.addresses import Address
from kafka_tools.model.log_dirs import LogDirDescription
from kafka_tools.model.topics import TopicDescription

LEADER_RATE, FOLLOWER_RATE = "leader.replication.throttled.rate", "follower.replication.throttled.rate"
LOG_DIRS_RATE = "replica.alter.log.dirs.io.max.bytes.per.second"
RATES = (LEADER_RATE, FOLLOWER_RATE, LOG_DIRS_RATE)
"""The configs of a broker that limit how fast replicas are moved, in bytes/s (KIP-73, KIP-455)."""

Versions = Mapping[int, tuple[int, int]]
"""The oldest and newest version of each kind of request, by its number, that a broker knows."""


class Quorum(NamedTuple):
    """The controllers of a cluster without ZooKeeper.

    `silent` are those of the `voters` that are away, as far as the `leader` knows. `lags` says by how many records each
    voter is behind the leader. `away` are those of the brokers, and of the controllers that do not vote, that are: the
    leader forgets them after 5 minutes (LeaderState, Kafka 3.9).
    """

    leader: int | None
    voters: tuple[int, ...]
    silent: tuple[int, ...]
    lags: Mapping[int, int] = {}
    away: tuple[int, ...] = ()


class Ensemble(NamedTuple):
    """The ZooKeeper servers that were named, and the mode of each (leader, follower, observer, standalone, "" where it
    does not tell), or why it does not serve.

    `voters` counts those that vote as the ensemble itself says (None: it does not tell). `failure` is why there is no
    session with it.
    """

    servers: Mapping[Address, str | KafkaToolError]
    voters: int | None = None
    failure: KafkaToolError | None = None

    @property
    def counts(self) -> tuple[int, int] | None:
        """How many servers vote, and how many of them serve; None where more vote than were named."""
        voting = [mode for mode in self.servers.values() if mode != "observer"]
        modes = [mode for mode in voting if not isinstance(mode, KafkaToolError)]
        # One that stands alone knows of no others, whatever else was named.
        if "standalone" in modes:
            return 1, 1
        # A connect string need not name all: the others cannot be asked.
        if self.voters is not None and self.voters > len(voting):
            return None
        return self.voters or len(voting), len(modes)

    @property
    def lost(self) -> bool:
        """Whether fewer servers serve than a majority of those that vote."""
        # Half is not enough: an even split must not have two leaders.
        return self.counts is not None and self.counts[1] <= self.counts[0] // 2


class Unknown(NamedTuple):
    """Something that could not be asked, and why. `denied`: only because the user may not see it."""

    subject: str
    why: str
    denied: bool = False


class Snapshot(NamedTuple):
    """A cluster as it was seen. What is None cannot be told by whoever was asked, and nothing is said about it.

    `live` are the ids of the brokers that are registered, `unreached` those of them that take no connection or give no
    answer, each with the cause. `fenced` are those that the controllers know and that do not serve: they start, or are
    down (None before Kafka 4.0). `controller` is the broker that is the controller, `no_election` the reason why no
    controller can elect a leader ("" where one can). `log_dirs` and `rates` (see RATES) are by broker, `versions` too:
    those of the brokers that were reached. `in_full`: configs and reassignments of the topics are known.
    `by_zookeeper`: brokers were not asked. `in_sandbox`: `ktools sandbox` starts its servers.
    """

    topics: tuple[TopicDescription, ...]
    live: frozenset[int]
    unreached: Mapping[int, str] = {}
    controller: int | None = None
    no_election: str = ""
    log_dirs: Mapping[int, tuple[LogDirDescription, ...]] | None = None
    rates: Mapping[int, Mapping[str, str]] | None = None
    versions: Mapping[int, Versions] | None = None
    quorum: Quorum | None = None
    ensemble: Ensemble | None = None
    unknown: tuple[Unknown, ...] = ()
    in_full: bool = True
    by_zookeeper: bool = False
    in_sandbox: bool = False
    fenced: frozenset[int] | None = None
