"""Reads what a cluster keeps in ZooKeeper besides its topics: who is there, what is under way, what waits.

Source: kafka.zk.ZkData, Kafka 2.8 and 3.9.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.znodes import Znode
from kafka_tools.model.zookeeper_state import (
    Features,
    KeptBroker,
    KeptController,
    KeptGroup,
    Migration,
    Queue,
    Waiting,
    ZooKeeperState,
)
from kafka_tools.zookeeper.cluster import CLUSTER_ID, absent_replicas
from kafka_tools.zookeeper.consumers import CONSUMERS
from kafka_tools.zookeeper.documents import (
    TopicDocument,
    or_error,
    read_broker,
    read_cluster_id,
    read_controller,
    read_election,
    read_epoch,
    read_features,
    read_migration,
    read_reassigned,
    read_topic,
)
from kafka_tools.zookeeper.elections import ELECTION
from kafka_tools.zookeeper.topics import BROKER_IDS, CONTROLLER, DELETIONS, TOPICS, broker_ids, unknown_brokers
from kafka_tools.zookeeper.znodes import Znodes

EPOCH, FEATURE, MIGRATION, MOVES = "/controller_epoch", "/feature", "/migration", "/admin/reassign_partitions"
CONFIG_CHANGES = "/config/changes"
FOR_CONTROLLER = ("/isr_change_notification", "/log_dir_event_notification")
"""Notifications that the controller reads, and deletes: ISR changes (up to Kafka 2.6), directories that failed."""

FOR_BROKERS = (CONFIG_CHANGES, "/kafka-acl-changes", "/kafka-acl-extended-changes", "/delegation_token/token_changes")
"""Notifications that every broker reads; 15 minutes later the next change removes them (ZkNodeChangeNotification)."""

SINGLE = (CLUSTER_ID, CONTROLLER, EPOCH, FEATURE, MIGRATION, MOVES, ELECTION)
Read = TypeVar("Read")


class Listed(NamedTuple):
    """The names of the znodes from which everything else is read."""

    brokers: Sequence[str]
    topics: Sequence[str]
    deletions: Sequence[str]
    old_groups: Sequence[str]
    queues: Mapping[str, Sequence[str]]


def read_state(client: Any) -> ZooKeeperState:
    """Read the znodes through an open session (kazoo), in four round trips; 10,000 topics take about 0.3 s.

    Raises what the session raises, KafkaToolError where there is no cluster below this chroot.
    """
    znodes = Znodes(client)
    names = _listed(znodes)
    single = dict(zip(SINGLE, znodes.whole(SINGLE), strict=True))
    brokers = _brokers(znodes, broker_ids(names.brokers))
    topics = _topics(znodes, names.topics)
    whole = {name: topic for name, topic in topics.items() if isinstance(topic, TopicDocument)}
    moves, election = _read(read_reassigned, MOVES, single[MOVES]), _read(_elected, ELECTION, single[ELECTION])
    return ZooKeeperState(
        cluster_id=_read(read_cluster_id, CLUSTER_ID, single[CLUSTER_ID]),
        controller=_controller(single[CONTROLLER]),
        controller_epoch=_read(read_epoch, EPOCH, single[EPOCH]),
        brokers=brokers,
        # A topic whose znode is malformed counts as one; how many partitions it has nobody knows.
        topics=len(topics),
        partitions=sum(len(topic.replicas) for topic in whole.values()),
        absent=absent_replicas(whole.values(), brokers),
        deletions=tuple(_deletions(znodes, names.deletions)),
        reassignments=_reassignments(whole),
        asked_moves=_waiting(moves, single[MOVES]),
        elections=_waiting(election, single[ELECTION]),
        queues=tuple(_queues(znodes, names.queues)),
        old_groups=tuple(_old_groups(znodes, names.old_groups)),
        features=_features(single[FEATURE]),
        migration=_migration(single[MIGRATION]),
        malformed=(
            *unknown_brokers(names.brokers),
            *(each for each in (*topics.values(), moves, election) if isinstance(each, KafkaToolError)),
        ),
    )


def _listed(znodes: Znodes) -> Listed:
    from kafka_tools.zookeeper.topics import no_cluster

    folders = (BROKER_IDS, TOPICS, DELETIONS, CONSUMERS, *FOR_CONTROLLER, *FOR_BROKERS)
    asked = {path: znodes.ask_for_children(path) for path in folders}
    names = {path: children() for path, children in asked.items()}
    if names[TOPICS] is None:
        raise no_cluster()
    found = {path: sorted(each or ()) for path, each in names.items()}
    # A queue that this cluster has not is left out: that of rules without an authorizer, that of a newer Kafka.
    queues = {path: found[path] for path in (*FOR_CONTROLLER, *FOR_BROKERS) if names[path] is not None}
    return Listed(found[BROKER_IDS], found[TOPICS], found[DELETIONS], found[CONSUMERS], queues)


def _read(read: Callable[[str, bytes | None], Read], path: str, znode: Znode | None) -> Read | KafkaToolError:
    return or_error(read, path, znode.data if znode else None)


def _brokers(znodes: Znodes, ids: Sequence[int]) -> dict[int, KeptBroker | KafkaToolError]:
    paths = [f"{BROKER_IDS}/{broker}" for broker in ids]
    found: dict[int, KeptBroker | KafkaToolError] = {}
    for broker, path, znode in zip(ids, paths, znodes.whole(paths), strict=True):
        if znode is None:  # it has left the cluster meanwhile
            continue
        document = _read(read_broker, path, znode)
        if isinstance(document, KafkaToolError):
            found[broker] = document
        elif document is not None:
            found[broker] = KeptBroker(broker, document.endpoints, document.rack, znode.stat.ctime)
    return found


def _topics(znodes: Znodes, names: Sequence[str]) -> dict[str, TopicDocument | KafkaToolError]:
    paths = [f"{TOPICS}/{name}" for name in names]
    topics = (or_error(read_topic, path, data) for path, data in zip(paths, znodes.data(paths), strict=True))
    # None: it was deleted meanwhile.
    return {name: topic for name, topic in zip(names, topics, strict=True) if topic is not None}


def _controller(znode: Znode | None) -> KeptController | KafkaToolError | None:
    found = _read(read_controller, CONTROLLER, znode)
    if found is None or znode is None or isinstance(found, KafkaToolError):
        return found if isinstance(found, KafkaToolError) else None
    return KeptController(found.broker, znode.stat.ctime, found.kraft_epoch)


def _features(znode: Znode | None) -> Features | KafkaToolError | None:
    found = _read(read_features, FEATURE, znode)
    return found if isinstance(found, KafkaToolError | None) else Features(found.is_enabled, found.levels)


def _migration(znode: Znode | None) -> Migration | KafkaToolError | None:
    found = _read(read_migration, MIGRATION, znode)
    return found if isinstance(found, KafkaToolError | None) else Migration(*found)


def _deletions(znodes: Znodes, names: Sequence[str]) -> Iterator[Waiting]:
    stats = znodes.stats([f"{DELETIONS}/{name}" for name in names])
    for name, stat in zip(names, stats, strict=True):
        if stat is not None:
            yield Waiting(name, stat.ctime)


def _reassignments(topics: Mapping[str, TopicDocument]) -> dict[TopicPartition, str]:
    found = {}
    for name, topic in topics.items():
        for number in sorted({*topic.adding, *topic.removing}):
            signs = [f"+{broker}" for broker in topic.adding.get(number, ())]
            signs += [f"-{broker}" for broker in topic.removing.get(number, ())]
            if signs:
                found[TopicPartition(name, number)] = " ".join(signs)
    return found


def _elected(path: str, data: bytes | None) -> tuple[TopicPartition, ...]:
    return () if data is None else read_election(path, data)


def _waiting(found: Iterable[TopicPartition] | KafkaToolError, znode: Znode | None) -> tuple[Waiting, ...]:
    if znode is None or isinstance(found, KafkaToolError):
        return ()
    return tuple(Waiting(f"{each.topic}-{each.partition}", znode.stat.ctime) for each in sorted(found))


def _queues(znodes: Znodes, queues: Mapping[str, Sequence[str]]) -> Iterator[Queue]:
    # Their names end in numbers that grow: the first is the oldest.
    oldest = [f"{path}/{names[0]}" for path, names in queues.items() if names]
    since = dict(zip(oldest, znodes.stats(oldest), strict=True))
    for path, names in queues.items():
        stat = since[f"{path}/{names[0]}"] if names else None
        yield Queue(path, len(names), stat.ctime if stat else None)


def _old_groups(znodes: Znodes, names: Sequence[str]) -> Iterator[KeptGroup]:
    members, topics = (
        [znodes.ask_for_children(f"{CONSUMERS}/{name}/{what}") for name in names] for what in ("ids", "offsets")
    )
    for name, of_members, of_topics in zip(names, members, topics, strict=True):
        yield KeptGroup(name, len(of_members() or ()), len(of_topics() or ()))
