"""Changes topics by writing their znodes as Kafka 2.8.2 does (kafka.zk.AdminZkClient).

The controller watches these znodes and does the work: it elects leaders, has brokers create logs, and deletes topics.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import Assignment, BrokerRack, assign, assign_more, check_added
from kafka_tools.model.topic_config import CHECKS, SINCE_3_6, check
from kafka_tools.model.topic_names import INTERNAL_TOPICS, check_name, collisions, has_collision_chars
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicExistsError, TopicMarkedForDeletionError
from kafka_tools.zookeeper.documents import (
    TopicDocument,
    encode_config_change,
    encode_configs,
    encode_topic,
    read_configs,
    read_controller,
    read_reassigned,
    read_topic,
)
from kafka_tools.zookeeper.topics import CONFIGS, CONTROLLER, DELETIONS, TOPICS, ZooKeeperTopics, no_cluster
from kafka_tools.zookeeper.transactions import ANY_VERSION, change, create_empty, ensure_parent, read, write

Result = TypeVar("Result")

CONFIG_CHANGES, REASSIGNMENT = "/config/changes", "/admin/reassign_partitions"


class ZooKeeperTopicChanges:
    """Changes of a cluster's topics, made through an open session with its ZooKeeper (kazoo).

    Each change is one transaction. Where others change the same znodes at the same time, it is checked and tried again.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self.topics = ZooKeeperTopics(client)

    def has_controller(self) -> bool:
        """Tell whether the cluster has a controller. Without one, nobody acts on a change before one is elected."""
        return self._client.exists(CONTROLLER) is not None

    def create(self, topic: NewTopic, validate_only: bool = False) -> Assignment:
        """Create one topic with its configs, and return the replicas of its partitions.

        Raises TopicExistsError, or KafkaToolError in Kafka 2.8's words.
        Source: AdminZkClient.createTopicWithAssignment.
        """
        replicas = topic.assignment or assign(
            self._brokers(), topic.partitions or 0, topic.replication_factor or 0, topic.rack_aware
        )
        # In the order of AdminZkClient 2.8: which of two complaints is told is part of its text.
        check_name(topic.topic)
        self._check_new(topic.topic)
        self._check_known(topic.configs)
        check(topic.configs)
        # The transaction would fail with NoNodeError, which `change` takes for something that others have done.
        if self._client.exists(TOPICS) is None:
            raise no_cluster()
        config_path = f"{CONFIGS}/{topic.topic}"

        def attempt() -> tuple[Any, Assignment]:
            # Checked again at each try: the topic may have been created, or its deletion asked for, by others.
            self._check_new(topic.topic)
            # Configs may be left over from an older topic of this name; AdminZkClient overwrites them, too.
            left_over = self._client.exists(config_path)
            transaction = self._client.transaction()
            transaction.create(f"{TOPICS}/{topic.topic}", encode_topic(TopicDocument(dict(enumerate(replicas)))))
            version = None if left_over is None else left_over.version
            write(transaction, config_path, encode_configs(topic.configs), version)
            return transaction, replicas

        # Outside of the transaction: a parent that others make meanwhile would fail it, and left alone it does no harm.
        if not validate_only:
            ensure_parent(self._client, CONFIGS)
        return _change(topic.topic, "created", attempt, validate_only)

    def add_partitions(self, partitions: NewPartitions, validate_only: bool = False) -> Assignment:
        """Add partitions to a topic, and return the replicas of the new partitions.

        Raises KafkaToolError in Kafka 2.8's words, and in 3.9's where a reassignment moves the topic: its controller
        writes the same znode from memory and could drop the new partitions. Source: AdminZkClient.addPartitions.
        """
        topic = partitions.topic
        if topic in INTERNAL_TOPICS:
            raise KafkaToolError(f"The number of partitions for the internal topic {topic} cannot be changed.")

        def attempt() -> tuple[Any, Assignment]:
            document, version = self._growing(topic)
            added = _added(partitions, tuple(document.replicas.values()), self._brokers())
            grown = {**document.replicas, **dict(enumerate(added, start=len(document.replicas)))}
            transaction = self._client.transaction()
            transaction.set_data(f"{TOPICS}/{topic}", encode_topic(document._replace(replicas=grown)), version)
            return transaction, added

        return _change(topic, "altered", attempt, validate_only)

    def create_partitions(
        self, partitions: Sequence[NewPartitions], validate_only: bool = False
    ) -> dict[str, Assignment | KafkaToolError | None]:
        """Add partitions to topics, one after the other; return for each the replicas of the new ones, or the error."""
        return {each.topic: _outcome(partial(self.add_partitions, each, validate_only)) for each in partitions}

    def delete_topics(self, topics: Sequence[str]) -> dict[str, KafkaToolError | None]:
        """Ask the controller to delete topics, one after the other; return for each the error, if there is one."""
        return {topic: _outcome(partial(self.delete, topic)) for topic in topics}

    def alter_configs(
        self, topic: str, configs: Mapping[str, str], delete: Sequence[str], validate_only: bool = False
    ) -> None:
        """Set and delete configs of one topic, and notify the brokers.

        Raises KafkaToolError in Kafka 2.8's words. Source: AdminZkClient.changeTopicConfig.
        """
        path = f"{CONFIGS}/{topic}"

        self._check_known(configs)

        def attempt() -> tuple[Any, None]:
            self._check_there(topic)
            data, version = read(self._client, path)
            altered = _altered(read_configs(path, data), configs, delete)
            transaction = self._client.transaction()
            # Configs of a topic that was deleted meanwhile would wait there for the next topic of this name.
            transaction.check(f"{TOPICS}/{topic}", ANY_VERSION)
            write(transaction, path, encode_configs(altered), version)
            # Brokers read configs only when a new sequential znode stands here, so it belongs to the same transaction.
            transaction.create(
                f"{CONFIG_CHANGES}/config_change_", encode_config_change(f"topics/{topic}"), sequence=True
            )
            return transaction, None

        if not validate_only:
            ensure_parent(self._client, CONFIG_CHANGES)
        _change(topic, "altered", attempt, validate_only)

    def delete(self, topic: str) -> None:
        """Ask the controller to delete one topic.

        Raises TopicMarkedForDeletionError where its deletion was asked for before, or KafkaToolError in Kafka 2.8's
        words. Source: KafkaZkClient.createDeleteTopicPath.
        """
        if topic in INTERNAL_TOPICS:
            raise KafkaToolError(
                f"Topic {topic} is a kafka internal topic and is not allowed to be marked for deletion."
            )

        def attempt() -> tuple[Any, None]:
            # With its version: a topic that was deleted and made anew meanwhile is another topic.
            version = self._check_there(topic)
            if self._client.exists(f"{DELETIONS}/{topic}"):
                raise TopicMarkedForDeletionError(topic)
            transaction = self._client.transaction()
            transaction.check(f"{TOPICS}/{topic}", version)
            create_empty(transaction, f"{DELETIONS}/{topic}")
            return transaction, None

        ensure_parent(self._client, DELETIONS)
        _change(topic, "marked for deletion", attempt)

    def _brokers(self) -> Sequence[BrokerRack]:
        """Return the brokers that can take replicas. Raises KafkaToolError where one of them is not known in full.

        A reader goes on without a rack. What is written would stay, on the wrong side of a rack that fails.
        """
        brokers, malformed = self.topics.brokers(), self.topics.malformed()
        if malformed:
            raise KafkaToolError(malformed[0])
        return brokers

    def _check_new(self, topic: str) -> None:
        """Check that a topic of this name can be created now.

        Raises TopicExistsError where it exists, and KafkaToolError where metrics could not tell it from another topic,
        or where an older topic of this name is still being deleted.
        """
        if self._client.exists(f"{TOPICS}/{topic}"):
            raise TopicExistsError(topic)
        # The controller deletes the configs last. It would take the new topic's for the old topic's (2.8 allows it).
        if self._client.exists(f"{DELETIONS}/{topic}"):
            raise KafkaToolError(f"Topic '{topic}' is still being deleted.", "Try again in a moment.")
        if has_collision_chars(topic):
            colliding = collisions(topic, self.topics.names())
            if colliding:
                raise KafkaToolError(f"Topic '{topic}' collides with existing topics: {', '.join(colliding)}")

    def _check_known(self, configs: Iterable[str]) -> None:
        """Check that the cluster knows these configs. Raises KafkaToolError for a config that is newer than it.

        ZooKeeper holds no version of Kafka. The znode of the controller has a kraftControllerEpoch since 3.4 (KIP-866).
        """
        newer = sorted(SINCE_3_6.intersection(configs))
        data, _ = read(self._client, CONTROLLER) if newer else (None, None)
        # Without a controller nothing tells the version: then the config is written as it was asked for.
        controller = read_controller(CONTROLLER, data)
        if controller is not None and not controller.since_3_4:
            raise KafkaToolError(f"Unknown topic config name: {newer[0]}")

    def _check_there(self, topic: str) -> int:
        """Return the version of a topic's znode. Raises KafkaToolError where there is no such topic."""
        stat = self._client.exists(f"{TOPICS}/{topic}")
        if stat is None:
            raise _no_such_topic(topic)
        version: int = stat.version
        return version

    def _growing(self, topic: str) -> tuple[TopicDocument, int]:
        """Read a topic that is to have more partitions, and the version of its znode.

        Raises KafkaToolError where partitions cannot be added to it now.
        """
        if self._client.exists(f"{DELETIONS}/{topic}"):
            raise KafkaToolError(f"Topic '{topic}' is marked for deletion and takes no more partitions.")
        reassignment, _ = read(self._client, REASSIGNMENT)
        path = f"{TOPICS}/{topic}"
        data, version = read(self._client, path)
        document = read_topic(path, data)
        if document is None or version is None or not document.replicas:
            raise _no_such_topic(topic)
        moving = {each.topic for each in read_reassigned(REASSIGNMENT, reassignment)}
        if document.adding or document.removing or topic in moving:
            raise KafkaToolError(f"A partition reassignment is in progress for the topic '{topic}'.")
        # Kafka numbers new partitions from the count of those that exist: with a gap it would reuse a number.
        missing = sorted(set(range(len(document.replicas))) - set(document.replicas))
        if missing:
            raise KafkaToolError(
                f"Unexpected existing replica assignment for topic '{topic}', partition id {missing[0]} is missing."
            )
        return document, version


def _change(topic: str, done: str, attempt: Callable[[], tuple[Any, Result]], validate_only: bool = False) -> Result:
    return change(f"topic '{topic}'", done, attempt, validate_only, f"ktools topics --describe --topic {topic}")


def _outcome(attempt: Callable[[], Result]) -> Result | KafkaToolError:
    try:
        return attempt()
    except KafkaToolError as error:
        return error


def _added(partitions: NewPartitions, existing: Assignment, brokers: Sequence[BrokerRack]) -> Assignment:
    """Return the replicas of the new partitions. Raises KafkaToolError in Kafka 2.8's words."""
    count = partitions.total_count - len(existing)
    if count <= 0:
        raise KafkaToolError(
            f"The number of partitions for a topic can only be increased. Topic {partitions.topic} currently has "
            f"{len(existing)} partitions, {partitions.total_count} would not be an increase."
        )
    if partitions.assignment is None:
        return assign_more(brokers, existing, count, partitions.rack_aware)
    if len(partitions.assignment) != count:
        raise KafkaToolError(
            f"Increasing the number of partitions by {count} but {len(partitions.assignment)} assignments provided."
        )
    check_added(partitions.assignment, existing, (broker.broker for broker in brokers))
    return partitions.assignment


def _altered(before: Mapping[str, str], configs: Mapping[str, str], delete: Sequence[str]) -> dict[str, str]:
    """Return a topic's configs after the change. Raises KafkaToolError in Kafka 2.8's words for an invalid change.

    Configs that this program does not know stay as they are, and may be deleted: a newer Kafka wrote them. Apache's 2.8
    refuses every change of such a topic.
    """
    for name in delete:
        if name not in CHECKS and name not in before:
            raise KafkaToolError(f"Unknown topic config name: {name}")
    after = {name: value for name, value in {**before, **configs}.items() if name not in delete}
    check({name: value for name, value in after.items() if name in CHECKS or name in configs})
    return after


def _no_such_topic(topic: str) -> KafkaToolError:
    return KafkaToolError(f"Topic '{topic}' does not exist as expected")
