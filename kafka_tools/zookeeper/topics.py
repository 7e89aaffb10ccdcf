"""Reads topics from their znodes as Kafka 2.8 does (kafka.zk.KafkaZkClient)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kafka_tools.zookeeper.znodes import Znodes

if TYPE_CHECKING:
    from kafka_tools.model.assignment import BrokerRack
    from kafka_tools.model.topics import Partition, TopicDescription
    from kafka_tools.zookeeper.documents import TopicDocument

TOPICS, CONFIGS, BROKER_IDS = "/brokers/topics", "/config/topics", "/brokers/ids"
CONTROLLER = "/controller"
BROKER_DEFAULTS, DELETIONS = "/config/brokers/<default>", "/admin/delete_topics"
MIN_ISR = "min.insync.replicas"
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
        self._deletions: Callable[[], list[str]] | None = None
        self._brokers: Callable[[], tuple[BrokerRack, ...]] | None = None

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted; no names where there is no cluster below this chroot."""
        names = self._znodes.ask_for_children(TOPICS)
        self._deletions = self._znodes.ask_for_children(DELETIONS)
        return tuple(sorted(names()))

    def name_of(self, topic_id: str) -> str | None:
        """Return the name of the topic with this id, None where there is no such topic. Reads every topic."""
        # There is no index of ids in ZooKeeper. With multiRead 10,000 topics take about 0.1 s.
        names = self.names()
        topics = self._znodes.documents([f"{TOPICS}/{name}" for name in names])
        found = (name for name, topic in zip(names, topics, strict=True) if topic and topic.get("topic_id") == topic_id)
        return next(found, None)

    def marked_for_deletion(self) -> frozenset[str]:
        """Return the names of the topics that wait for the controller to delete them."""
        deletions, self._deletions = self._deletions or self._znodes.ask_for_children(DELETIONS), None
        return frozenset(deletions())

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are registered now, by id."""
        brokers, self._brokers = self._brokers or self._ask_for_brokers(self._ask_for_broker_ids()), None
        return brokers()

    def describe(self, names: Sequence[str], _: bool = True, /) -> "tuple[TopicDescription, ...]":
        """Return these topics in this order; a topic that was deleted meanwhile is left out.

        Configs are always read: ZooKeeper has no right of its own for them. Raises KafkaToolError for a znode that
        Kafka did not write so.
        """
        broker_ids = self._ask_for_broker_ids()
        marked = self.marked_for_deletion()
        described: list[TopicDescription] = []
        for start in range(0, len(names), TOPICS_AT_ONCE):
            described += self._describe(names[start : start + TOPICS_AT_ONCE], marked, broker_ids)
        return tuple(described)

    def notes(self) -> tuple[str, ...]:
        """Return nothing: a znode can be read, or reading it fails the whole command."""
        return ()

    def no_election(self) -> str:
        """Return the reason why no leader can be elected now: no broker is the controller. "" where one is."""
        if self._client.exists(CONTROLLER) is not None:
            return ""
        return "No controller is elected (the znode /controller is missing)."

    def unreached_brokers(self) -> Mapping[int, str]:
        """Return nothing: what it would take to connect to a broker is not to be read from ZooKeeper."""
        return {}

    def _ask_for_broker_ids(self) -> Callable[[], list[str]]:
        return self._znodes.ask_for_children(BROKER_IDS)

    def _ask_for_brokers(self, broker_ids: Callable[[], list[str]]) -> "Callable[[], tuple[BrokerRack, ...]]":
        from kafka_tools.model.assignment import BrokerRack

        ids = sorted(map(int, broker_ids()))
        registrations = self._znodes.ask_for_documents([f"{BROKER_IDS}/{broker}" for broker in ids])
        found = zip(ids, registrations, strict=True)
        return lambda: tuple(
            BrokerRack(broker, registration.get("rack")) for broker, registration in found if registration
        )

    def _describe(
        self, names: Sequence[str], marked: Collection[str], broker_ids: Callable[[], list[str]]
    ) -> "Iterator[TopicDescription]":
        """Read topics and configs, and then the states of the partitions that the topics name."""
        from kafka_tools.model.topics import TopicDescription
        from kafka_tools.zookeeper.documents import read_configs, read_topic

        topic_paths, config_paths = [f"{TOPICS}/{name}" for name in names], [f"{CONFIGS}/{name}" for name in names]
        documents = self._znodes.documents([BROKER_DEFAULTS, *topic_paths, *config_paths])
        defaults = read_configs("all brokers", next(documents))
        topics = {name: read_topic(name, next(documents)) for name in names}
        configs = {name: read_configs(name, next(documents)) for name in names}
        # The answer is not needed here. It comes with the states, and whoever draws the table asks for it next.
        self._brokers = self._brokers or self._ask_for_brokers(broker_ids)
        there = {name: topic for name, topic in topics.items() if topic}
        states = self._znodes.documents([path for name, topic in there.items() for path in _state_paths(name, topic)])
        for name, topic in there.items():
            yield TopicDescription(
                topic=name,
                topic_id=topic.topic_id,
                partitions=tuple(_partitions(name, topic, states)),
                configs=configs[name],
                min_isr=_min_isr(configs[name], defaults),
                marked_for_deletion=name in marked,
            )


def _state_paths(name: str, topic: "TopicDocument") -> Iterator[str]:
    return (f"{TOPICS}/{name}/partitions/{number}/state" for number in topic.replicas)


def _partitions(name: str, topic: "TopicDocument", states: Iterator[Any]) -> "Iterator[Partition]":
    from kafka_tools.model.topics import Partition
    from kafka_tools.zookeeper.documents import read_state

    for number, replicas in topic.replicas.items():
        leader, isr = read_state(name, number, next(states))
        adding, removing = topic.adding.get(number, ()), topic.removing.get(number, ())
        yield Partition(number, leader, replicas, isr, adding, removing)


def _min_isr(configs: Mapping[str, str], defaults: Mapping[str, str]) -> int | None:
    # A default in a broker's own server.properties is not in ZooKeeper: then nothing is claimed about min ISR.
    value = configs.get(MIN_ISR, defaults.get(MIN_ISR, ""))
    return int(value) if value.isdecimal() else None
