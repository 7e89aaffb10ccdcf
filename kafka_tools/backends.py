"""Opens a resource of a cluster, through its brokers or through its ZooKeeper.

What a tool may ask of a resource is a Protocol here, which `kafka_tools.brokers` and `kafka_tools.zookeeper` both
implement: the tool does not know which of them answers.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, Target, ZooKeeper

# For types alone: each tool imports this file at its start, and `brokers` and `zookeeper` bring their libraries.
if TYPE_CHECKING:
    from kafka_tools.brokers.cluster import BrokerCluster
    from kafka_tools.brokers.features import BrokerFeatures
    from kafka_tools.brokers.quorum import BrokerQuorum
    from kafka_tools.brokers.tokens import BrokerTokens
    from kafka_tools.brokers.transactions import BrokerTransactions
    from kafka_tools.model.acls import AclBinding, AclBindingFilter, AuthorizerSettings
    from kafka_tools.model.assignment import Assignment, BrokerRack
    from kafka_tools.model.configs import ConfigChange, ConfigEntry, Entity, EntityConfigs, EntityFilter
    from kafka_tools.model.offsets import Offset
    from kafka_tools.model.reassignments import Placement
    from kafka_tools.model.replicas import Fetched
    from kafka_tools.model.topics import NewPartitions, NewTopic, TopicDescription, TopicPartition
    from kafka_tools.zookeeper.consumers import ZooKeeperConsumers
    from kafka_tools.zookeeper.shell import ZooKeeperShell


class Topics(Protocol):
    """Reads the topics of one cluster. Every method raises KafkaToolError in the words of the cluster."""

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted."""
        ...

    def name_of(self, topic_id: str) -> str | None:
        """Return the name of the topic with this id (in Kafka's base64 form), None where there is no such topic."""
        ...

    def marked_for_deletion(self) -> frozenset[str]:
        """Return the names of the topics that wait for their deletion; no names from brokers, which do not tell."""
        ...

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are registered now, by id."""
        ...

    # By position: ZooKeeper has nothing to leave out, and its second parameter no name.
    def describe(self, names: Sequence[str], in_full: bool = True, /) -> "tuple[TopicDescription, ...]":
        """Return these topics in this order; a topic that was deleted meanwhile is left out.

        With `in_full` False they have their partitions alone. Reading configs needs a permission of its own
        (DESCRIBE_CONFIGS), which a user who only adds partitions may not have.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return sentences for the user about what could not be read so far, and why."""
        ...

    def malformed(self) -> tuple[str, ...]:
        """Return sentences about what was read so far and makes no sense, and what is left out for it: status 1."""
        ...

    def no_election(self) -> str:
        """Return the reason why no leader can be elected now, "" if none is known.

        The controller is missing, or did not answer a request that was made so far.
        """
        ...

    def unreached_brokers(self) -> Mapping[int, str]:
        """Return the brokers that are listed as alive and take no connection, by id, each with the cause.

        A cluster needs seconds to notice that a broker died: until then it names leaders that are gone, and a KRaft
        controller that has lost its majority goes on as if nothing had happened.
        """
        ...


class TopicChanges(Protocol):
    """Changes the topics of one cluster. Every method raises KafkaToolError in the words of the cluster.

    With `validate_only` everything is checked and nothing is changed.
    """

    @property
    def topics(self) -> Topics:
        """The same cluster's topics, read through the same session."""
        ...

    def create(self, topic: "NewTopic", validate_only: bool = False) -> "Assignment | None":
        """Create one topic, wholly or not at all, and return its replicas.

        None means that the brokers choose the replicas.
        """
        ...

    def create_partitions(
        self, partitions: "Sequence[NewPartitions]", validate_only: bool = False
    ) -> "Mapping[str, Assignment | KafkaToolError | None]":
        """Add partitions to topics; where one topic fails, the others are changed all the same.

        Returns for each topic the error, or the replicas of its new partitions (None: the brokers choose them).
        """
        ...

    def delete_topics(self, topics: Sequence[str]) -> "Mapping[str, KafkaToolError | None]":
        """Delete topics; where one fails, the others are deleted all the same.

        Returns for each topic the error, None where it was deleted.
        """
        ...

    def has_controller(self) -> bool:
        """Tell whether the cluster has a controller, which carries out the changes."""
        ...


class TopicConfigChanges(TopicChanges, Protocol):
    """Changes the configs of topics, too, which Apache's topics tool does through ZooKeeper only."""

    def alter_configs(
        self, topic: str, configs: Mapping[str, str], delete: Sequence[str], validate_only: bool = False
    ) -> None:
        """Set and delete configs of one topic; its other configs stay as they are."""
        ...


class Configs(Protocol):
    """Reads and changes the configs of a cluster's entities: topics, brokers, users, clients and others.

    Every method raises KafkaToolError in the words of the cluster.
    """

    def describe(self, wanted: "EntityFilter", everything: bool = False) -> "Iterable[EntityConfigs]":
        """Return the entities that are asked for, with the configs of their own, in the order of Apache's tool.

        With `everything` those that come from elsewhere, such as Kafka's defaults, are there too.
        """
        ...

    def current(self, entity: "Entity") -> "tuple[ConfigEntry, ...]":
        """Return the configs of one entity: its own, and from brokers all that it can have, each with its source."""
        ...

    def alter(self, change: "ConfigChange", validate_only: bool = False) -> None:
        """Set and delete configs of one entity, wholly or not at all; its other configs stay as they are.

        With `validate_only` the change is checked, as far as the cluster checks it, and not made.
        """
        ...

    def notes(self) -> tuple[str, ...]:
        """Return sentences for the user about what could not be read so far, and why."""
        ...

    def malformed(self) -> tuple[str, ...]:
        """Return sentences about what was read so far and makes no sense, and what is left out for it: status 1."""
        ...


class Acls(Protocol):
    """Reads, adds and removes the rules of one cluster's authorizer.

    Every method raises KafkaToolError in the words of the cluster.
    """

    def describe(self, selected: "AclBindingFilter") -> "tuple[AclBinding, ...]":
        """Return the rules that a filter selects, in any order."""
        ...

    def create(self, bindings: "Collection[AclBinding]") -> "Mapping[AclBinding, KafkaToolError | None]":
        """Add rules; where one fails, the others are added all the same. A rule that is there already is no failure.

        Returns for each rule the error, None where it is there now.
        """
        ...

    def delete(
        self, filters: "Collection[AclBindingFilter]"
    ) -> "Mapping[AclBindingFilter, tuple[AclBinding, ...] | KafkaToolError]":
        """Remove the rules that each filter selects; where one filter fails, the others are applied all the same.

        Returns for each filter the rules that are gone by it, or the error. That there are none is no failure.
        """
        ...

    def settings(self) -> "AuthorizerSettings":
        """Return what the authorizer goes by besides the rules, as far as the cluster tells."""
        ...

    def malformed(self) -> tuple[str, ...]:
        """Return sentences about what was read so far and makes no sense, and what is left out for it: status 1."""
        ...


@contextmanager
def open_topics(target: Target, partition_size_limit: int | None = None) -> Iterator[Topics]:
    """Connect to a cluster and give its topics; close the connection at the end.

    Brokers are asked for at most `partition_size_limit` partitions in one request. Raises UnreachableError within 1 s
    where all servers refuse the connection, within about 5 s where they are silent.
    """
    # Imported where it is used: a command that asks brokers does not pay for kazoo, nor the other way round.
    if isinstance(target, ZooKeeper):
        from kafka_tools.zookeeper.session import connected
        from kafka_tools.zookeeper.topics import ZooKeeperTopics

        with connected(target) as client:
            yield ZooKeeperTopics(client)
    else:
        from kafka_tools.brokers.session import open_session
        from kafka_tools.brokers.topics import BrokerTopics

        with open_session(target) as session:
            yield BrokerTopics(session, partition_size_limit)


@contextmanager
def open_topic_changes(target: Target) -> Iterator[TopicChanges]:
    """Connect to a cluster to change its topics. Raises UnreachableError as `open_topics`."""
    # In ZooKeeper topics and their configs are changed by one object; through brokers configs are another tool's.
    if isinstance(target, ZooKeeper):
        with open_topic_config_changes(target) as changes:
            yield changes
    else:
        from kafka_tools.brokers.session import open_session
        from kafka_tools.brokers.topic_changes import BrokerTopicChanges

        with open_session(target) as session:
            yield BrokerTopicChanges(session)


@contextmanager
def open_topic_config_changes(target: ZooKeeper) -> Iterator[TopicConfigChanges]:
    """Connect to ZooKeeper to change topics and their configs. Raises UnreachableError as `open_topics`."""
    from kafka_tools.zookeeper.session import connected
    from kafka_tools.zookeeper.topic_changes import ZooKeeperTopicChanges

    with connected(target) as client:
        yield ZooKeeperTopicChanges(client)


@contextmanager
def open_configs(target: Target) -> Iterator[Configs]:
    """Connect to a cluster and give the configs of its entities. Raises UnreachableError as `open_topics`."""
    if isinstance(target, ZooKeeper):
        from kafka_tools.zookeeper.configs import ZooKeeperConfigs
        from kafka_tools.zookeeper.session import connected

        with connected(target) as client:
            yield ZooKeeperConfigs(client)
    else:
        from kafka_tools.brokers.configs import BrokerConfigs
        from kafka_tools.brokers.session import open_session

        with open_session(target) as session:
            yield BrokerConfigs(session)


class Reassignments(Protocol):
    """Tells where replicas are, and limits how fast they move. Every method raises KafkaToolError."""

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are alive, by id, with their racks."""
        ...

    def placement(self, topics: Collection[str]) -> "Placement":
        """Return the replicas of all partitions of these topics, without topics that are not there."""
        ...

    def set_configs(self, entity: "Entity", values: Mapping[str, str]) -> None:
        """Set configs of one entity; its other configs stay as they are."""
        ...

    def unset_configs(self, entity: "Entity", names: Collection[str]) -> None:
        """Take these configs of one entity away; those that are not set do not matter."""
        ...


def open_reassignments(target: Target) -> AbstractContextManager[Reassignments]:
    """Connect to a cluster to see where its replicas are. Raises UnreachableError as `open_topics`."""
    if isinstance(target, ZooKeeper):
        from kafka_tools.zookeeper import reassignments as znodes

        return znodes.open_reassignments(target)
    from kafka_tools.brokers import reassignments

    return reassignments.open_reassignments(target)


@contextmanager
def open_acls(target: Target) -> Iterator[Acls]:
    """Connect to a cluster and give the rules of its authorizer. Raises UnreachableError as `open_topics`."""
    if isinstance(target, ZooKeeper):
        from kafka_tools.zookeeper.acls import ZooKeeperAcls
        from kafka_tools.zookeeper.session import connected

        with connected(target) as client:
            yield ZooKeeperAcls(client)
    elif target.controllers:
        # KIP-919: librdkafka takes a controller for a broker that does not answer, so that no session is opened.
        from kafka_tools.brokers.acls import ControllerAcls

        yield ControllerAcls(target)
    else:
        from kafka_tools.brokers.acls import BrokerAcls
        from kafka_tools.brokers.session import open_session

        with open_session(target) as session:
            yield BrokerAcls(session)


@contextmanager
def open_tokens(target: Brokers) -> "Iterator[BrokerTokens]":
    """Connect to a cluster and give its delegation tokens, which brokers alone know how to sign.

    Raises UnreachableError as `open_topics`.
    """
    from kafka_tools.brokers.session import open_session
    from kafka_tools.brokers.tokens import BrokerTokens

    with open_session(target) as session:
        yield BrokerTokens(session)


def open_cluster(target: Brokers) -> "AbstractContextManager[BrokerCluster]":
    """Connect to a cluster, or to its controllers, and give what it says about its servers.

    Raises UnreachableError as `open_topics`.
    """
    from kafka_tools.brokers.cluster import open_cluster

    return open_cluster(target)


def open_features(target: Brokers) -> "AbstractContextManager[BrokerFeatures]":
    """Connect to a cluster, or to its controllers, and give its features. Raises UnreachableError as `open_topics`."""
    from kafka_tools.brokers.features import open_features

    return open_features(target)


def open_quorum(target: Brokers) -> "AbstractContextManager[BrokerQuorum]":
    """Connect to a cluster, or to its controllers, and give their quorum. Raises UnreachableError as `open_topics`."""
    from kafka_tools.brokers.quorum import open_quorum

    return open_quorum(target)


def open_transactions(target: Brokers) -> "AbstractContextManager[BrokerTransactions]":
    """Connect to a cluster and give its transactions. Raises UnreachableError as `open_topics`."""
    from kafka_tools.brokers.transactions import open_transactions

    return open_transactions(target)


class Replicas(Protocol):
    """Reads the logs of all replicas of partitions, each from the broker that has it.

    Every method raises KafkaToolError where no broker is reached.
    """

    @property
    def topics(self) -> Topics:
        """The same cluster's topics, read through the same session."""
        ...

    def at(
        self, time: int, partitions: "Collection[TopicPartition]"
    ) -> "Mapping[TopicPartition, Offset | KafkaToolError]":
        """Return the offset that `time` (ms, or a number of `model.offsets.TIMES`) stands for at each leader."""
        ...

    def offsets(
        self, time: int, replicas: "Mapping[TopicPartition, Collection[int]]"
    ) -> "Mapping[TopicPartition, Mapping[int, int]]":
        """Return the offset that `time` stands for in the log of each replica, without those that were not asked."""
        ...

    def fetch(
        self,
        replicas: "Mapping[TopicPartition, Collection[int]]",
        offsets: "Mapping[TopicPartition, int]",
        size: int,
        wait_ms: int,
    ) -> "Mapping[TopicPartition, Mapping[int, Fetched | KafkaToolError]]":
        """Return a part of the log of each replica (broker id) from an offset on, or why there is none.

        At most `size` bytes of a partition, of those first that stand before; a broker that has nothing waits `wait_ms`
        for records.
        """
        ...


def open_replicas(target: Brokers) -> AbstractContextManager[Replicas]:
    """Connect to a cluster to read its replicas. Raises UnreachableError as `open_topics`."""
    from kafka_tools.brokers.replicas import open_replicas

    return open_replicas(target)


@contextmanager
def open_shell(target: ZooKeeper, on_event: Callable[[str, str], None]) -> "Iterator[ZooKeeperShell]":
    """Connect to ZooKeeper and give its znodes as they are; `on_event` gets type and path of what happens to a watched
    one. Raises UnreachableError as `open_topics`.
    """
    from kafka_tools.zookeeper.session import connected
    from kafka_tools.zookeeper.shell import ZooKeeperShell

    with connected(target) as client:
        yield ZooKeeperShell(client, on_event)


@contextmanager
def open_old_consumers(ensemble: ZooKeeper) -> "Iterator[ZooKeeperConsumers]":
    """Connect to ZooKeeper and give the groups that consumers up to Kafka 1.x kept there.

    Raises UnreachableError as `open_topics`, UsageError for a chroot that is not there.
    """
    from kafka_tools.zookeeper.consumers import ZooKeeperConsumers
    from kafka_tools.zookeeper.session import check_chroot, connected

    with connected(ensemble) as client:
        # Without it a misspelt chroot would look like a cluster that has no groups.
        check_chroot(client)
        yield ZooKeeperConsumers(client)


def registered_brokers(ensemble: ZooKeeper) -> str:
    """Return `host:port[,host:port…]` of the brokers that are registered in ZooKeeper.

    A tool that talks to brokers only can so be given a --zookeeper.

    Raises UnreachableError where no server answers, KafkaToolError where there is no broker.
    """
    from kafka_tools.zookeeper.cluster import broker_addresses
    from kafka_tools.zookeeper.session import connected

    with connected(ensemble) as client:
        addresses = broker_addresses(client)
    if not addresses:
        raise KafkaToolError(f"ZooKeeper at {ensemble.connect} knows no broker.", "Is there a chroot: HOST:PORT/kafka?")
    return ",".join(addresses)
