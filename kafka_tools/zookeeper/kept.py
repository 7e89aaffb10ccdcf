"""Reads what ZooKeeper keeps of a cluster so that it can be compared with what the brokers answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from kafka_tools.model import addresses
from kafka_tools.model.addresses import KAFKA_PORT
from kafka_tools.model.agreement import ChangedConfig, Kept, Made, Notifications, PartitionSide, Registration, TopicSide
from kafka_tools.zookeeper.cluster import CLUSTER_ID
from kafka_tools.zookeeper.configs import DEFAULT_NAME, ROOT
from kafka_tools.zookeeper.documents import (
    BrokerDocument,
    MalformedZnodeError,
    TopicDocument,
    parsed,
    read_broker,
    read_cluster_id,
    read_configs,
    read_controller,
    read_state,
    read_topic,
    text_of,
)
from kafka_tools.zookeeper.state import CONFIG_CHANGES, FOR_CONTROLLER
from kafka_tools.zookeeper.topics import (
    BROKER_IDS,
    CONTROLLER,
    DELETIONS,
    TOPICS,
    broker_ids,
    no_cluster,
    state_path,
    unknown_brokers,
)
from kafka_tools.zookeeper.transactions import SENSITIVE
from kafka_tools.zookeeper.znodes import Znodes

ENTITY_TYPES = ("topics", "brokers", "users", "clients", "ips")
Read = TypeVar("Read")


class _Topic(NamedTuple):
    """A topic's znode, and when it was made."""

    document: TopicDocument
    made: Made


class KeptReader:
    """Reads the znodes of one look through an open session (kazoo).

    What Kafka did not write is left out and noted in `malformed`, by its path.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._znodes = client, Znodes(client)
        self.malformed: dict[str, str] = {}
        self._refused: list[str] = []

    def read(self) -> Kept:
        """Read everything; 10,000 partitions take about 0.3 s with multiRead.

        Raises what the session raises, UsageError where there is no cluster below this chroot.
        """
        folders = (BROKER_IDS, TOPICS, DELETIONS, *FOR_CONTROLLER, *(f"{ROOT}/{kind}" for kind in ENTITY_TYPES))
        asked = {path: self._znodes.ask_for_children(path) for path in folders}
        names = {path: self._allowed(path, children) for path, children in asked.items()}
        if names[TOPICS] is None:
            raise no_cluster()
        there = {path: sorted(each or ()) for path, each in names.items()}
        # Configs before notifications: whoever changes one writes its notification afterwards.
        configs = list(self._configs(there))
        notifications = self._notifications()
        cluster_id, controller = self._znodes.data([CLUSTER_ID, CONTROLLER])
        elected = self._checked(read_controller, CONTROLLER, controller)
        topics = dict(self._topics(there[TOPICS]))
        for error in unknown_brokers(there[BROKER_IDS]):
            self.malformed[error.path] = error.message
        return Kept(
            cluster_id=self._checked(read_cluster_id, CLUSTER_ID, cluster_id),
            controller=elected.broker if elected else None,
            is_kraft=elected is not None and elected.kraft_epoch is not None,
            brokers=dict(self._brokers(broker_ids(there[BROKER_IDS]))),
            topics=dict(self._sides(topics)),
            made={name: topic.made for name, topic in topics.items()},
            deletions=self._since([f"{DELETIONS}/{name}" for name in there[DELETIONS]], only_names=True),
            configs=configs,
            notifications=notifications,
            unread=self._since([f"{path}/{name}" for path in FOR_CONTROLLER for name in there[path]]),
            broker_configs=self._broker_configs(there[f"{ROOT}/brokers"]),
            malformed=dict(self.malformed),
            refused=tuple(self._refused),
        )

    def _allowed(self, path: str, children: Callable[[], list[str] | None]) -> list[str] | None:
        """Return the children of a znode, none of those that only Kafka may read (ZkData.SensitiveRootPaths)."""
        from kazoo.exceptions import NoAuthError

        try:
            return children()
        except NoAuthError:
            if not path.startswith(SENSITIVE):
                raise
            self._refused.append(path)
            return []

    def _checked(self, read: Callable[[str, bytes | None], Read], path: str, data: bytes | None) -> Read | None:
        try:
            return read(path, data)
        except MalformedZnodeError as error:
            self.malformed[path] = error.message
            return None

    def _brokers(self, ids: Sequence[int]) -> Iterator[tuple[int, Registration]]:
        paths = [f"{BROKER_IDS}/{broker}" for broker in ids]
        for broker, path, znode in zip(ids, paths, self._znodes.whole(paths), strict=True):
            document = self._checked(read_broker, path, znode.data) if znode else None
            if document is not None and znode is not None:
                yield broker, Registration(tuple(_addresses(document)), document.rack, znode.stat.czxid)

    def _topics(self, names: Sequence[str]) -> Iterator[tuple[str, _Topic]]:
        paths = [f"{TOPICS}/{name}" for name in names]
        for name, path, znode in zip(names, paths, self._znodes.whole(paths), strict=True):
            document = self._checked(read_topic, path, znode.data) if znode else None
            if document is not None and znode is not None:
                yield name, _Topic(document, Made(znode.stat.czxid, znode.stat.ctime))

    def _sides(self, topics: Mapping[str, _Topic]) -> Iterator[tuple[str, TopicSide]]:
        paths = [state_path(name, number) for name, topic in topics.items() for number in topic.document.replicas]
        states = zip(paths, self._znodes.data(paths), strict=True)
        for name, topic in topics.items():
            partitions = {}
            for number, replicas in topic.document.replicas.items():
                path, data = next(states)
                state = self._checked(read_state, path, data)

                if state is not None:
                    partitions[number] = PartitionSide(
                        replicas, state.leader, tuple(sorted(state.isr)), state.leader_epoch
                    )
            # Half of a topic would differ by what could not be read, which is told by itself.
            if len(partitions) == len(topic.document.replicas):
                yield name, TopicSide(topic.document.topic_id, partitions)

    def _configs(self, there: Mapping[str, Sequence[str]]) -> Iterator[ChangedConfig]:
        entities = [f"{kind}/{name}" for kind in ENTITY_TYPES for name in there[f"{ROOT}/{kind}"]]
        users = [entity for entity in entities if entity.startswith("users/")]
        asked = [(user, self._znodes.ask_for_children(f"{ROOT}/{user}/clients")) for user in users]
        entities += [f"{user}/clients/{client}" for user, clients in asked for client in clients() or ()]
        # Their stats and not their data: those of users are secret, and whoever may not read them may still compare.
        stats = self._znodes.stats([f"{ROOT}/{entity}" for entity in entities])
        for entity, stat in zip(entities, stats, strict=True):
            # A user who only has clients with configs has a znode that nobody ever wrote to.
            if stat is not None and (stat.version or stat.data_length):
                # mzxid: the number of the last write. Its notification has the same (one transaction) or a later one.
                yield ChangedConfig(entity, stat.mzxid, stat.mtime)

    def _notifications(self) -> Notifications:
        names = sorted(self._znodes.ask_for_children(CONFIG_CHANGES)() or ())
        paths = [f"{CONFIG_CHANGES}/{name}" for name in names]
        newest: dict[str, int] = {}
        for path, znode in zip(paths, self._znodes.whole(paths), strict=True):
            entity = self._checked(_entity, path, znode.data) if znode else None
            if entity is not None and znode is not None:
                newest[entity] = max(newest.get(entity, -1), znode.stat.czxid)
        # pzxid: that of the last notification that came or went, by which one may know whether older ones are gone.
        [stat] = self._znodes.stats([CONFIG_CHANGES])
        return Notifications(newest, stat.pzxid if stat else -1)

    def _since(self, paths: Sequence[str], only_names: bool = False) -> dict[str, int]:
        found = zip(paths, self._znodes.stats(paths), strict=True)
        return {path.rpartition("/")[2] if only_names else path: stat.ctime for path, stat in found if stat is not None}

    def _broker_configs(self, names: Sequence[str]) -> dict[int | None, Mapping[str, str]]:
        """Return the configs of brokers, the default of all under None; none where they may not be read."""
        from kazoo.exceptions import NoAuthError

        sources = {None if name == DEFAULT_NAME else int(name): name for name in names if _is_broker(name)}
        paths = [f"{ROOT}/brokers/{name}" for name in sources.values()]
        try:
            found = list(self._znodes.data(paths))
        except NoAuthError:
            return {}
        return {
            source: self._checked(read_configs, path, data) or {}
            for source, path, data in zip(sources, paths, found, strict=True)
        }


def _is_broker(name: str) -> bool:
    return name == DEFAULT_NAME or bool(broker_ids([name]))


def _addresses(document: BrokerDocument) -> Iterator[addresses.Address]:
    for endpoint in document.endpoints:
        address = addresses.parse(endpoint.partition("://")[2], KAFKA_PORT)
        if address is not None:
            yield address


def _entity(path: str, data: bytes | None) -> str | None:
    """Return whose configs a notification is about; those of Kafka before 0.10.1 name type and entity by themselves."""
    if not data:
        return None
    document = parsed(path, data)
    if "entity_path" in document:
        return text_of(path, "entity_path", document["entity_path"])
    kind, name = (text_of(path, field, document.get(field)) for field in ("entity_type", "entity_name"))
    return f"{kind}/{name}"
