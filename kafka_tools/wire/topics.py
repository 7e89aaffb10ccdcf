"""Topics through four requests: Metadata, DescribeTopicPartitions, DescribeConfigs, ListPartitionReassignments."""

from binascii import b2a_base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.wire.connection import UnsupportedError
from kafka_tools.wire.errors import (
    CLUSTER_AUTHORIZATION_FAILED,
    TOPIC_AUTHORIZATION_FAILED,
    UNKNOWN_TOPIC_OR_PARTITION,
    check,
)
from kafka_tools.wire.messages import (
    DEFAULT_CONFIG,
    DESCRIBE_CONFIGS,
    DESCRIBE_TOPIC_PARTITIONS,
    LIST_PARTITION_REASSIGNMENTS,
    TOPIC,
)
from kafka_tools.wire.session import WireSession

if TYPE_CHECKING:
    from kafka_tools.model.assignment import BrokerRack

Answer = dict[str, Any]

TOPICS_A_REQUEST = 200
"""For how many topics configs are asked at once: a broker takes 1 ms for each where it looks into ZooKeeper."""

PARTITIONS_A_RESPONSE = 2000
"""What Apache's tool asks for, and the most that brokers give (max.request.partition.size.limit)."""

NOT_SEEN = (UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED)
"""A topic that a user may not see is as good as none: brokers leave it out where all topics are asked for."""

MIN_ISR = "min.insync.replicas"
NO_CONFIGS: tuple[dict[str, str], int | None] = ({}, None)


class WireTopics:
    """The topics of the cluster behind a session, as they were when they were first asked for."""

    def __init__(self, session: WireSession, partition_size_limit: int | None = None) -> None:
        """Take at most so many partitions in one answer where brokers give them page by page (Kafka 4)."""
        self._session = session
        self._partition_size_limit = PARTITIONS_A_RESPONSE if partition_size_limit is None else partition_size_limit
        self._all: Answer | None = None
        self._some: Answer | None = None
        self._notes: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted. Raises KafkaToolError."""
        if self._all is None:
            self._all = self._some = self._session.metadata(None)
        return tuple(sorted(topic["name"] for topic in self._all["topics"]))

    def name_of(self, topic_id: str) -> str | None:
        """Return the name of the topic with this id, None where there is none. Raises KafkaToolError."""
        self.names()
        topics = self._all["topics"] if self._all else ()
        return next((topic["name"] for topic in topics if _uuid(topic["topic_id"]) == topic_id), None)

    def marked_for_deletion(self) -> frozenset[str]:
        """Return nothing: brokers hide a topic as soon as it is to be deleted."""
        return frozenset()

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are alive, by id. Raises KafkaToolError."""
        from kafka_tools.model.assignment import BrokerRack

        if self._some is None:
            self._some = self._session.metadata(())
        brokers = sorted(self._some["brokers"], key=itemgetter("node_id"))
        return tuple(BrokerRack(broker["node_id"], broker["rack"]) for broker in brokers)

    def describe(self, names: Sequence[str], with_configs: bool = True, /) -> tuple[TopicDescription, ...]:
        """Return these topics, in this order, without those deleted meanwhile. Raises KafkaToolError.

        Where names() was not called before, only these topics are asked for: the quick way where there are thousands.
        """
        if not names:
            return ()
        paged = self._session.supports(DESCRIBE_TOPIC_PARTITIONS)
        topics = self._found(self._pages(names) if paged else self._from_metadata(names), set(names))
        there = [name for name in names if name in topics]
        configs = self._configs(there) if with_configs else dict.fromkeys(there, NO_CONFIGS)
        moves = self._reassignments() if topics else {}
        return tuple(
            _description(topics[name], *configs[name], moves.get(name, {})) for name in names if name in configs
        )

    def notes(self) -> tuple[str, ...]:
        """Return what could not be found out, in words for a user."""
        return self._notes

    def _from_metadata(self, names: Sequence[str]) -> Iterable[Answer]:
        if self._all is None:
            self._some = self._session.metadata(names)
        topics: Iterable[Answer] = (self._all or self._some or {})["topics"]
        return topics

    def _pages(self, names: Sequence[str]) -> Iterator[Answer]:
        """Yield topics, one that is cut by the end of a page twice. Brokers go through them by name."""
        left, cursor = sorted(names), None
        while left:
            asked = left[: self._partition_size_limit]  # no topic is without partitions
            request = {
                "topics": [{"name": name} for name in asked],
                "response_partition_limit": self._partition_size_limit,
                "cursor": cursor,
            }
            answer = self._session.ask(DESCRIBE_TOPIC_PARTITIONS, request)
            yield from answer["topics"]
            if cursor and answer["next_cursor"] == cursor:
                raise KafkaToolError(f"A page of partitions goes on where it was: at {cursor['topic_name']}.")
            cursor = answer["next_cursor"]
            left = [name for name in left if name >= cursor["topic_name"]] if cursor else left[len(asked) :]

    def _found(self, topics: Iterable[Answer], names: Collection[str]) -> dict[str, Answer]:
        """Return those of `topics` that are wanted and there, the parts of one topic put together."""
        found: dict[str, Answer] = {}
        for topic in topics:
            name = topic["name"]
            if name in names and topic["error_code"] not in NOT_SEEN:
                check(topic["error_code"])
                if name in found:
                    found[name]["partitions"] += topic["partitions"]
                else:
                    found[name] = topic
        return found

    def _configs(self, names: Sequence[str]) -> dict[str, tuple[dict[str, str], int | None]]:
        """Return for each topic that is still there what is set for it, and min.insync.replicas as it is in force."""
        resources = [{"resource_type": TOPIC, "resource_name": name} for name in names]
        starts = range(0, len(names), TOPICS_A_REQUEST)
        requests = [{"resources": resources[start : start + TOPICS_A_REQUEST]} for start in starts]
        configs = {}
        for answer in self._session.ask_each(DESCRIBE_CONFIGS, requests):
            for result in answer["results"]:
                if result["error_code"] != UNKNOWN_TOPIC_OR_PARTITION:
                    needs = f"DESCRIBE_CONFIGS on topic '{result['resource_name']}'"
                    check(result["error_code"], result["error_message"], needs)
                    configs[result["resource_name"]] = _settings(result["configs"])
        return configs

    def _reassignments(self) -> dict[str, dict[int, Answer]]:
        """Return the partitions that are being moved; none where nobody may know, as Apache's tool has it."""
        try:
            answer = self._session.ask_controller(LIST_PARTITION_REASSIGNMENTS, {})
        except UnsupportedError:
            return {}
        except UnreachableError as error:  # who looks while a controller dies wants to see leaders and ISRs most of all
            self._notes = (f"Running reassignments are not known: {error.message}",)
            return {}
        if answer["error_code"] == CLUSTER_AUTHORIZATION_FAILED:
            return {}
        check(answer["error_code"], answer["error_message"])
        return {
            topic["name"]: {partition["partition_index"]: partition for partition in topic["partitions"]}
            for topic in answer["topics"]
        }


def _settings(entries: Iterable[Answer]) -> tuple[dict[str, str], int | None]:
    """Return what is not Kafka's own default, and the value of min.insync.replicas (TopicCommand 3.9 and 4.3)."""
    configs, min_isr = {}, None
    for entry in entries:
        if entry["config_source"] != DEFAULT_CONFIG:
            configs[entry["name"]] = entry["value"]
        if entry["name"] == MIN_ISR:
            min_isr = int(entry["value"])
    return configs, min_isr


def _description(
    topic: Answer, configs: dict[str, str], min_isr: int | None, moves: Mapping[int, Answer]
) -> TopicDescription:
    partitions = sorted(topic["partitions"], key=itemgetter("partition_index"))
    return TopicDescription(
        topic=topic["name"],
        topic_id=_uuid(topic["topic_id"]),
        partitions=tuple(_partition(partition, moves.get(partition["partition_index"])) for partition in partitions),
        configs=configs,
        min_isr=min_isr,
    )


def _partition(partition: Answer, move: Answer | None) -> Partition:
    leader = partition["leader_id"]
    return Partition(
        partition["partition_index"],
        leader if leader >= 0 else None,
        partition["replica_nodes"],
        partition["isr_nodes"],
        move["adding_replicas"] if move else (),
        move["removing_replicas"] if move else (),
        partition.get("eligible_leader_replicas"),
        partition.get("last_known_elr"),
    )


def _uuid(raw: bytes) -> str | None:
    """Return a uuid as Kafka prints it (org.apache.kafka.common.Uuid), None for the one of nothing."""
    if not any(raw):
        return None
    return b2a_base64(raw, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")
