"""What Kafka keeps in ZooKeeper besides topics, by what it means: who is there, what is under way, what waits for whom.

The servers of the ensemble stand here, too. Times are ms since 1970, by the clock of ZooKeeper's leader.
"""

from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition


class Member(NamedTuple):
    """A server of an ensemble as the ensemble's own configuration has it (the znode /zookeeper/config).

    `peer` is its host and its port for the other servers; `client` is where clients reach it, None where that stands in
    the server's own file.
    """

    id: int
    peer: str
    votes: bool
    client: tuple[str, int] | None = None


class KeptBroker(NamedTuple):
    """A broker that is registered: its listeners `LISTENER://host:port`, since when its session is there."""

    broker: int
    endpoints: tuple[str, ...]
    rack: str | None
    since_ms: int


class KeptController(NamedTuple):
    """Which broker is the controller, and since when. `kraft_epoch`: it is one of KRaft, and writes to ZooKeeper what
    its own log says (KIP-866); None: ZooKeeper elected it."""

    broker: int
    since_ms: int
    kraft_epoch: int | None = None


class Waiting(NamedTuple):
    """Something that waits for the controller: what it is of, since when (None: not told), and what is known of it."""

    name: str
    since_ms: int | None = None
    what: str = ""


class Queue(NamedTuple):
    """Notifications in a znode, which those read that they are for: how many, and since when the oldest is there."""

    path: str
    length: int
    oldest_ms: int | None = None


class KeptGroup(NamedTuple):
    """A group of consumers up to Kafka 1.x, which kept members and offsets in ZooKeeper."""

    group: str
    members: int
    topics: int


class Migration(NamedTuple):
    """How far the migration to KRaft is: which controller has written what ZooKeeper holds, up to which offset of its
    metadata log. All are -1 before it has begun."""

    controller: int
    controller_epoch: int
    offset: int
    epoch: int


class Features(NamedTuple):
    """Whether the cluster's features are on (KIP-584), and the level of each that is finalized."""

    is_enabled: bool
    levels: Mapping[str, int]


class ZooKeeperState(NamedTuple):
    """What a cluster keeps in ZooKeeper. An error stands for what Kafka did not write; None: it is not there.

    `absent` counts the replicas on brokers that are not registered. `reassignments` are the partitions that are being
    moved; `asked_moves` are those that Kafka up to 2.8 was asked to move (/admin/reassign_partitions).
    """

    cluster_id: str | KafkaToolError | None
    controller: KeptController | KafkaToolError | None
    controller_epoch: int | KafkaToolError | None
    brokers: Mapping[int, KeptBroker | KafkaToolError]
    topics: int
    partitions: int
    absent: Mapping[int, int] = {}
    deletions: tuple[Waiting, ...] = ()
    reassignments: Mapping[TopicPartition, str] = {}
    asked_moves: tuple[Waiting, ...] = ()
    elections: tuple[Waiting, ...] = ()
    queues: tuple[Queue, ...] = ()
    old_groups: tuple[KeptGroup, ...] = ()
    features: Features | KafkaToolError | None = None
    migration: Migration | KafkaToolError | None = None
    malformed: tuple[KafkaToolError, ...] = ()
