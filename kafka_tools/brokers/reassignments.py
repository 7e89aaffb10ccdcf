"""Moves replicas between brokers and between their directories. confluent-kafka has no such requests: wire sends them.

Throttles are configs of brokers and topics, which AdminClient sets.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka_tools.brokers.configs import BrokerConfigs
from kafka_tools.brokers.elections import BrokerElections
from kafka_tools.brokers.errors import whole_number
from kafka_tools.brokers.log_dirs import BrokerLogDirs
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.brokers.topics import MIN_ISR
from kafka_tools.errors import (
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    check_code,
)
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.configs import BROKERS, ConfigChange, Entity
from kafka_tools.model.elections import Ends
from kafka_tools.model.log_dirs import Described
from kafka_tools.model.reassignments import PartitionReassignment, Placement, Replica, ReplicaDirs, Replicas
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.wire.messages import LIST_PARTITION_REASSIGNMENTS
from kafka_tools.wire.reassignment_messages import ALTER_PARTITION_REASSIGNMENTS, ALTER_REPLICA_LOG_DIRS

CONTROLLER_SECONDS = 5.0
"""How long the controller is waited for; without a majority of controllers there is no answer in 35 s (Kafka 4.4)."""

LOG_DIR_NOT_FOUND = 57
REPLICA_NOT_AVAILABLE = 9
"""What a broker answers that does not hold the replica yet; it keeps the directory in mind for it (KIP-113)."""


@contextmanager
def open_reassignments(target: Brokers) -> "Iterator[BrokerReassignments]":
    """Open a session with the brokers of `target` to move replicas, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerReassignments(session)


class BrokerReassignments:
    """Moves replicas of the cluster behind a session, and tells which are being moved."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._configs = BrokerConfigs(session)

    def brokers(self) -> tuple[BrokerRack, ...]:
        """Return the brokers that are alive, by id, with their racks. Raises KafkaToolError."""
        found = self._session.wire.metadata(())["brokers"]
        return tuple(sorted(BrokerRack(each["node_id"], each["rack"]) for each in found))

    def placement(self, topics: Collection[str]) -> dict[TopicPartition, Replicas]:
        """Return the replicas of all partitions of these topics, without topics that are not there."""
        found: dict[TopicPartition, Replicas] = {}
        for topic in self._session.wire.metadata(sorted(topics))["topics"] if topics else ():
            if topic["error_code"] != UNKNOWN_TOPIC_OR_PARTITION:
                check_code(topic["error_code"])
                for each in topic["partitions"]:
                    found[TopicPartition(topic["name"], each["partition_index"])] = each["replica_nodes"]
        return found

    def partitions(self) -> dict[TopicPartition, Partition]:
        """Return all partitions of the cluster, as a broker knows them now. Raises KafkaToolError."""
        return {
            TopicPartition(topic["name"], each["partition_index"]): Partition(
                each["partition_index"],
                each["leader_id"] if each["leader_id"] >= 0 else None,
                each["replica_nodes"],
                each["isr_nodes"],
            )
            for topic in self._session.wire.metadata(None)["topics"]
            for each in topic["partitions"]
        }

    def log_dirs(self, brokers: Collection[int]) -> Described:
        """Return the directories of those of these brokers that tell. Raises KafkaToolError."""
        answers = BrokerLogDirs(self._session).describe(sorted(brokers))
        return {broker: each for broker, each in answers.items() if not isinstance(each, KafkaToolError)}

    def ends(self, partitions: Mapping[TopicPartition, Sequence[int]]) -> dict[TopicPartition, Ends]:
        """Return where the logs of these replicas (broker ids) end, without those that could not be asked."""
        return BrokerElections(self._session).ends(partitions)

    def min_isr(self, topics: Collection[str]) -> dict[str, int]:
        """Return min.insync.replicas of those of these topics that are there and may be read. Raises KafkaToolError."""
        from confluent_kafka.admin import ConfigResource

        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in sorted(topics)]
        answers = self._session.ask_each("DescribeConfigs", lambda admin: admin.describe_configs(resources))
        return {
            resource.name: whole_number(configs[MIN_ISR].value, f"{MIN_ISR} of topic '{resource.name}'")
            for resource, configs in answers.items()
            if not isinstance(configs, BrokerError) and MIN_ISR in configs
        }

    def ongoing(self) -> dict[TopicPartition, PartitionReassignment]:
        """Return what is being moved now. Raises KafkaToolError."""
        # Where there is ZooKeeper only the controller knows them; without it a broker passes the request on.
        with self._session.with_controller():
            response = self._session.wire.ask_controller(LIST_PARTITION_REASSIGNMENTS, {}, CONTROLLER_SECONDS)
        check_code(response["error_code"], response["error_message"], "DESCRIBE on the cluster")
        return {
            TopicPartition(topic["name"], each["partition_index"]): PartitionReassignment(
                each["replicas"], each["adding_replicas"], each["removing_replicas"]
            )
            for topic in response["topics"]
            for each in topic["partitions"]
        }

    def reassign(self, placement: Placement) -> dict[TopicPartition, KafkaToolError]:
        """Start to move partitions to these replicas; return the errors of those that were refused.

        Raises BrokerError where nothing was started.
        """
        return self._alter(placement)

    def cancel(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, KafkaToolError]:
        """End reassignments and go back to the replicas before; return the errors of those that were refused."""
        return self._alter(dict.fromkeys(partitions))

    def dirs(self, replicas: Collection[Replica]) -> dict[Replica, ReplicaDirs]:
        """Return in which directories these replicas are, and to which they are being copied."""
        answers = BrokerLogDirs(self._session).describe(sorted({each.broker for each in replicas}))
        found: dict[Replica, ReplicaDirs] = {}
        for broker, log_dirs in answers.items():
            # To say that a replica is in no directory would be a guess: whoever waits for a move would take it for not
            # begun.
            if isinstance(log_dirs, KafkaToolError):
                raise log_dirs
            # A replica that moves is in two directories: the copy, called future, takes the other's place at the end
            # (KIP-113).
            for log_dir in log_dirs:
                for each in log_dir.replicas:
                    name = Replica(*each.partition, broker)
                    known = found.get(name, ReplicaDirs(None, None))
                    found[name] = known._replace(**{"future" if each.is_future else "current": log_dir.path})
        return {each: found.get(each, ReplicaDirs(None, None)) for each in replicas}

    def move_dirs(self, wanted: Mapping[Replica, str]) -> set[Replica]:
        """Have brokers move replicas to other directories; return those that they have begun with, or done.

        A broker that does not hold a replica yet puts it there when it comes. Raises BrokerError for any other answer.
        """
        self._session.check_cluster()
        begun: set[Replica] = set()
        # One broker after the other, because each is a change: where one fails it is clear which have been told.
        for broker in sorted({each.broker for each in wanted}):
            dirs: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
            for each, path in wanted.items():
                if each.broker == broker:
                    dirs[path][each.topic].append(each.partition)
            request = _dirs_request(dirs)
            response = self._session.wire.change(ALTER_REPLICA_LOG_DIRS, request, broker=broker)
            for topic in response["results"]:
                for each in topic["partitions"]:
                    name = Replica(topic["topic_name"], each["partition_index"], broker)
                    if each["error_code"] != REPLICA_NOT_AVAILABLE:
                        _check_dir(name, each["error_code"], wanted.get(name, ""))
                        begun.add(name)
        return begun

    def set_configs(self, entity: Entity, values: Mapping[str, str]) -> None:
        """Set configs of one entity; its other configs stay as they are. Raises KafkaToolError."""
        self._configs.alter(ConfigChange(entity, values))

    def unset_configs(self, entity: Entity, names: Collection[str]) -> None:
        """Take these configs of one entity away; those that are not set do not matter. Raises KafkaToolError."""
        if entity.type == BROKERS and int(entity.name) not in {each.broker for each in self.brokers()}:
            # Nobody else takes a broker's configs (KafkaApis 3.9): AdminClient would wait for it for a minute.
            raise KafkaToolError(f"Broker {entity.name} is not there.")
        self._configs.alter(ConfigChange(entity, {}, tuple(names)))

    def _alter(self, placement: Mapping[TopicPartition, Replicas | None]) -> dict[TopicPartition, KafkaToolError]:
        topics: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for name, replicas in sorted(placement.items(), key=lambda each: each[0]):
            # Replicas of null end the reassignment of a partition, and those before come back (KIP-455).
            topics[name.topic].append({"partition_index": name.partition, "replicas": replicas})
        request = {"topics": [{"name": topic, "partitions": each} for topic, each in topics.items()]}
        self._session.check_controller()
        response = self._session.wire.change(ALTER_PARTITION_REASSIGNMENTS, request)
        check_code(response["error_code"], response["error_message"], "ALTER on the cluster")
        return {
            TopicPartition(topic["name"], each["partition_index"]): BrokerError(
                each["error_code"], each["error_message"]
            )
            for topic in response["responses"]
            for each in topic["partitions"]
            if each["error_code"]
        }


def _check_dir(replica: Replica, code: int, path: str) -> None:
    """Raise KafkaToolError in Apache's words where a broker does not take a replica into a directory."""
    try:
        check_code(code, needs="ALTER on the cluster")
    except BrokerError as error:
        absent = f"Broker {replica.broker} has no directory {path}: `ktools log-dirs --describe` lists those it has."
        why = absent if code == LOG_DIR_NOT_FOUND else " ".join(filter(None, (error.message, error.hint)))
        raise KafkaToolError(f"Failed to alter dir for {replica}", why) from error


def _dirs_request(dirs: Mapping[str, Mapping[str, list[int]]]) -> dict[str, Any]:
    return {
        "dirs": [
            {"path": path, "topics": [{"name": name, "partitions": numbers} for name, numbers in topics.items()]}
            for path, topics in dirs.items()
        ]
    }
