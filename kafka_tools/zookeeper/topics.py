"""Reads topics from their znodes as Kafka 2.8 does (kafka.zk.KafkaZkClient)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.zookeeper.znodes import Znodes

if TYPE_CHECKING:
    from kafka_tools.model.assignment import BrokerRack
    from kafka_tools.model.topics import Partition, TopicDescription
    from kafka_tools.zookeeper.documents import MalformedZnodeError, TopicDocument

TOPICS, CONFIGS, BROKER_IDS = "/brokers/topics", "/config/topics", "/brokers/ids"
CONTROLLER = "/controller"
BROKER_DEFAULTS, DELETIONS = "/config/brokers/<default>", "/admin/delete_topics"
MIN_ISR = "min.insync.replicas"
MOST_DIGITS = 10
"""The digits of the largest broker id, an int in Java."""
MOST_SENTENCES = 20
"""How many malformed znodes are named one by one."""
Read = TypeVar("Read")
TOPICS_AT_ONCE = 1000
"""Topics are read in blocks of so many, so that the JSON of 10,000 topics is never in memory at once."""


class ZooKeeperTopics:
    """The topics of a cluster, read through an open session with its ZooKeeper (kazoo).

    Requests that a caller makes next are sent early: those for deletions with those for names, and those for brokers
    with those for partitions. So a list takes one round trip to the server, and a describe of one topic three.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._znodes = Znodes(client)
        self._deletions: Callable[[], list[str] | None] | None = None
        self._brokers: Callable[[], tuple[BrokerRack, ...]] | None = None
        self._malformed: dict[str, str] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted. Raises KafkaToolError where there is no cluster below this chroot."""
        names = self._znodes.ask_for_children(TOPICS)
        self._deletions = self._znodes.ask_for_children(DELETIONS)
        found = names()
        # Every broker makes this znode when it starts (KafkaZkClient.createTopLevelPaths). Kafka 2.8's tool takes a
        # wrong chroot for a cluster without topics.
        if found is None:
            raise no_cluster()
        return tuple(sorted(found))

    def name_of(self, topic_id: str) -> str | None:
        """Return the name of the topic with this id, None where there is no such topic. Reads every topic."""
        from kafka_tools.zookeeper.documents import read_topic

        # There is no index of ids in ZooKeeper. With multiRead 10,000 topics take about 0.1 s.
        names = self.names()
        for name, data in zip(names, self._znodes.data([f"{TOPICS}/{name}" for name in names]), strict=True):
            topic = self._read(read_topic, f"{TOPICS}/{name}", data, f"topic {name} is left out")
            if topic is not None and topic.topic_id == topic_id:
                return name
        return None

    def marked_for_deletion(self) -> frozenset[str]:
        """Return the names of the topics that wait for the controller to delete them."""
        # Taken once: whoever asks a second time wants to know what waits then.
        deletions, self._deletions = self._deletions or self._znodes.ask_for_children(DELETIONS), None
        return frozenset(deletions() or ())

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are registered now, by id."""
        brokers, self._brokers = self._brokers or self._ask_for_brokers(self._ask_for_broker_ids()), None
        return brokers()

    def describe(self, names: Sequence[str], _: bool = True, /) -> "tuple[TopicDescription, ...]":
        """Return these topics in this order; a topic that was deleted meanwhile is left out.

        Configs are always read: ZooKeeper has no right of its own for them. A topic with a znode that Kafka did not
        write is left out, and `malformed` names the znode.
        """
        broker_ids = self._ask_for_broker_ids()
        marked = self.marked_for_deletion()
        described: list[TopicDescription] = []
        # In order, so that the notes about znodes that are malformed come in the order of the topics.
        for start in range(0, len(names), TOPICS_AT_ONCE):
            described += self._describe(names[start : start + TOPICS_AT_ONCE], marked, broker_ids)
        return tuple(described)

    def notes(self) -> tuple[str, ...]:
        """Return nothing: what is not malformed can be read, or reading it fails the whole command."""
        return ()

    def malformed(self) -> tuple[str, ...]:
        """Return sentences about the znodes read so far that Kafka did not write, and what is left out for them."""
        sentences = tuple(self._malformed.values())
        more = len(sentences) - MOST_SENTENCES
        if more <= 0:
            return sentences
        return (*sentences[:MOST_SENTENCES], f"So are {more:,} more znodes: what they are of is left out.")

    def no_election(self) -> str:
        """Return the reason why no leader can be elected now: no broker is the controller. "" where one is."""
        if self._client.exists(CONTROLLER) is not None:
            return ""
        return "No controller is elected (the znode /controller is missing)."

    def unreached_brokers(self) -> Mapping[int, str]:
        """Return nothing: what it would take to connect to a broker is not to be read from ZooKeeper."""
        return {}

    def _ask_for_broker_ids(self) -> Callable[[], list[int]]:
        children = self._znodes.ask_for_children(BROKER_IDS)

        def ids() -> list[int]:
            names = children() or []
            for error in unknown_brokers(names):
                self._malformed[error.path] = error.message
            return broker_ids(names)

        return ids

    def _ask_for_brokers(self, ids: Callable[[], list[int]]) -> "Callable[[], tuple[BrokerRack, ...]]":
        from kafka_tools.model.assignment import BrokerRack
        from kafka_tools.zookeeper.documents import read_broker

        brokers = ids()
        paths = [f"{BROKER_IDS}/{broker}" for broker in brokers]
        asked = self._znodes.ask_for_data(paths)

        def found() -> "Iterator[BrokerRack]":
            for broker, path, data in zip(brokers, paths, asked, strict=True):
                document = self._read(read_broker, path, data, f"the rack of broker {broker} is not known")
                # The znode is there as long as the broker is, whatever it holds.
                if data is not None:
                    yield BrokerRack(broker, document.rack if document else None)

        return lambda: tuple(found())

    def _read(self, read: Callable[[str, bytes | None], Read], path: str, data: bytes | None, then: str) -> Read | None:
        """Read a znode; where Kafka did not write it, return None and note what that leads to."""
        # The base of MalformedZnodeError, which `read` raises: to import that here takes its time 50,000 times for
        # 10,000 topics, and at the top it would bring json to commands that read no znode.
        try:
            return read(path, data)
        except KafkaToolError as error:
            self._malformed[path] = f"{error.message.removesuffix('.')}; {then}."
            return None

    def _describe(
        self, names: Sequence[str], marked: Collection[str], broker_ids: Callable[[], list[int]]
    ) -> "Iterator[TopicDescription]":
        """Read topics and configs, and then the states of the partitions that the topics name.

        A topic is left out where one of its znodes is malformed: half of it would look healthy, or broken.
        """
        from kafka_tools.model.topics import TopicDescription
        from kafka_tools.zookeeper.documents import read_configs, read_topic

        topic_paths, config_paths = [f"{TOPICS}/{name}" for name in names], [f"{CONFIGS}/{name}" for name in names]
        found = self._znodes.data([BROKER_DEFAULTS, *topic_paths, *config_paths])
        unknown = "the brokers' default of min.insync.replicas is not known"
        defaults = self._read(read_configs, BROKER_DEFAULTS, next(found), unknown) or {}
        left_out = [f"topic {name} is left out" for name in names]
        topics = [self._read(read_topic, *each) for each in zip(topic_paths, found, left_out, strict=False)]
        configs = [self._read(read_configs, *each) for each in zip(config_paths, found, left_out, strict=True)]
        # The answer is not needed here. It comes with the states, and whoever draws the table asks for it next.
        self._brokers = self._brokers or self._ask_for_brokers(broker_ids)
        whole = [
            (name, topic, config)
            for name, topic, config in zip(names, topics, configs, strict=True)
            if topic is not None and config is not None
        ]
        state_paths = [state_path(name, number) for name, topic, _ in whole for number in topic.replicas]
        states = zip(state_paths, self._znodes.data(state_paths), strict=True)
        for name, topic, config in whole:
            partitions = self._partitions(name, topic, states)
            if partitions is not None:
                yield TopicDescription(
                    topic=name,
                    topic_id=topic.topic_id,
                    partitions=partitions,
                    configs=config,
                    min_isr=_min_isr(config, defaults),
                    marked_for_deletion=name in marked,
                )

    def _partitions(
        self, name: str, topic: "TopicDocument", states: Iterator[tuple[str, bytes | None]]
    ) -> "tuple[Partition, ...] | None":
        from kafka_tools.model.topics import Partition
        from kafka_tools.zookeeper.documents import read_state

        partitions = []
        for number, replicas in topic.replicas.items():
            # Each state is taken, also after a malformed one: those of the next topic follow in the same iterator.
            state = self._read(read_state, *next(states), f"topic {name} is left out")
            if state is not None:
                adding, removing = topic.adding.get(number, ()), topic.removing.get(number, ())
                partitions.append(Partition(number, state.leader, replicas, state.isr, adding, removing))
        return tuple(partitions) if len(partitions) == len(topic.replicas) else None


def no_cluster() -> UsageError:
    """Return the error where there is no Kafka cluster below the chroot.

    It is one of usage, so it goes to stderr: a script that counts the topics of a wrong chroot gets 0, as with Apache's
    tool, and not a line of ours.
    """
    return UsageError(f"No Kafka cluster keeps its topics here: {TOPICS} does not exist.", "Is the chroot right?")


def broker_ids(names: Iterable[str]) -> list[int]:
    """Return the ids among names of znodes, sorted; what Kafka did not register is no id."""
    return sorted(int(name) for name in names if _is_id(name))


def unknown_brokers(names: Iterable[str]) -> "list[MalformedZnodeError]":
    """Return an error for each of these names of znodes that is no broker id."""
    from kafka_tools.zookeeper.documents import MalformedZnodeError

    why = "its name is no broker id"
    return [MalformedZnodeError(f"{BROKER_IDS}/{name}", why) for name in sorted(names) if not _is_id(name)]


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) <= MOST_DIGITS


def state_path(topic: str, partition: int) -> str:
    """Return the znode of a partition's leader and in-sync replicas."""
    return f"{TOPICS}/{topic}/partitions/{partition}/state"


def _min_isr(configs: Mapping[str, str], defaults: Mapping[str, str]) -> int | None:
    # A default in a broker's own server.properties is not in ZooKeeper: then nothing is claimed about min ISR.
    value = configs.get(MIN_ISR, defaults.get(MIN_ISR, ""))
    return int(value) if value.isdecimal() else None
