"""Reads and changes the consumer groups of a cluster through its brokers."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kafka_tools.brokers.errors import unreadable
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.offsets import BrokerOffsets
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import GROUP_ID_NOT_FOUND, BrokerError, KafkaToolError, check_code
from kafka_tools.model.groups import DEAD, ConsumerGroup, Coordinator, ListedGroup, Member
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.config_messages import LIST_GROUPS
from kafka_tools.wire.offset_messages import OFFSET_DELETE
from kafka_tools.wire.schema import Response

if TYPE_CHECKING:
    from confluent_kafka.admin import ConsumerGroupDescription, MemberDescription

NAMES_SECONDS = 5.0
"""How long the brokers are waited for; each knows the groups that it coordinates."""

CONSUMERS = ("consumer", "")
"""The protocols of consumer groups; the second is that of offsets which somebody committed without a group's members
(org.apache.kafka.clients.admin.KafkaAdminClient.listConsumerGroups 3.9)."""

UNKNOWN = "Unknown"
"""The state and the type of a group where brokers are too old to tell them (before Kafka 2.6 and 3.8)."""

STATES = {"PREPARING_REBALANCING": "PreparingRebalance", "COMPLETING_REBALANCING": "CompletingRebalance"}
"""Kafka's words where librdkafka has others; else they differ in capitals only."""


def consumer_group_names(target: Brokers) -> tuple[str, ...]:
    """Return the names of the consumer groups that the brokers which answer know, sorted. Raises as `listed` does."""
    with open_groups(target) as groups:
        found, _ = groups.listed()
    return tuple(each.group for each in found)


def groups_of_all_types(session: Session, seconds: float) -> tuple[list[Response], tuple[str, ...]]:
    """Return the groups that each broker coordinates, and what kept brokers from telling theirs within `seconds`.

    Each is a struct of ListGroups: `group_id`, `protocol_type`, and from newer brokers `group_state` and `group_type`.
    A group that moves from one broker to another may be there twice. Raises KafkaToolError where the cluster is not
    reached, or where none of its brokers answers.
    """
    brokers = session.wire.brokers()
    if not brokers:
        raise unreadable(session.target.bootstrap_servers, "Metadata", "it names no broker")
    found: list[Response] = []
    failures: list[KafkaToolError] = []
    for answer in session.wire.ask_brokers(LIST_GROUPS, {each: {} for each in brokers}, seconds).values():
        try:
            found += _groups_in(answer)
        except KafkaToolError as error:
            failures.append(error)
    if len(failures) == len(brokers):
        raise failures[0]
    return found, tuple(dict.fromkeys(each.message for each in failures))


def _groups_in(answer: Response | KafkaToolError) -> list[Response]:
    if isinstance(answer, KafkaToolError):
        raise answer
    check_code(answer["error_code"], None, "DESCRIBE on the cluster or on groups")
    groups: list[Response] = answer["groups"]
    return groups


@contextmanager
def open_groups(target: Brokers, seconds: float = NAMES_SECONDS) -> "Iterator[BrokerGroups]":
    """Open a session with the brokers of `target` for its groups, close it at the end. Raises KafkaToolError.

    The answer to each request is waited for `seconds`.
    """
    with open_session(target) as session:
        yield BrokerGroups(session, seconds)


class BrokerGroups:
    """The consumer groups of the cluster behind a session. Share and streams groups are no consumer groups."""

    def __init__(self, session: Session, seconds: float) -> None:
        """Wait for the answer to each request for so many seconds."""
        self._session = session
        self._seconds = seconds
        self.offsets = BrokerOffsets(session)

    def listed(self) -> tuple[tuple[ListedGroup, ...], tuple[str, ...]]:
        """Return the groups, sorted by name, and what kept brokers from telling theirs.

        Raises KafkaToolError where the cluster is not reached, or where none of its brokers answers.
        """
        answered, failures = groups_of_all_types(self._session, self._seconds)
        groups = {
            each["group_id"]: ListedGroup(
                each["group_id"], each["group_state"] or UNKNOWN, (each["group_type"] or UNKNOWN).capitalize()
            )
            for each in answered
            if each["protocol_type"] in CONSUMERS
        }
        return tuple(sorted(groups.values())), failures

    def described(self, names: Collection[str]) -> dict[str, ConsumerGroup | KafkaToolError]:
        """Return each group, or why its coordinator did not tell of it. Raises KafkaToolError where nobody answers."""
        sendable = [name for name in dict.fromkeys(names) if name and is_sendable(name)]
        nobody = Coordinator(-1, "", -1)
        found: dict[str, ConsumerGroup | KafkaToolError] = {
            name: ConsumerGroup(name, DEAD, "", nobody, ()) for name in names
        }
        if not sendable:
            return found
        asked = self._session.admin.describe_consumer_groups(sendable, request_timeout=self._seconds)
        for name, result in self._session.collect_known("DescribeGroups", asked, self._seconds).items():
            if not isinstance(result, KafkaToolError):
                found[name] = _group(result)
            elif not (isinstance(result, BrokerError) and result.code == GROUP_ID_NOT_FOUND):  # Kafka 4's answer
                found[name] = result
        return found

    def committed(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, int] | KafkaToolError]:
        """Return the offsets that each group has committed, or why its coordinator did not tell them."""
        kafka = confluent_kafka()
        asked: dict[str, Any] = {}
        for name in names:  # librdkafka (2.16) takes one group in a request; all of them are under way at once
            wanted = [kafka.ConsumerGroupTopicPartitions(name)]
            asked |= self._session.admin.list_consumer_group_offsets(wanted, request_timeout=self._seconds)
        found: dict[str, dict[TopicPartition, int] | KafkaToolError] = {}
        for name, result in self._session.collect_known("OffsetFetch", asked, self._seconds).items():
            if isinstance(result, KafkaToolError):
                found[name] = result
            else:
                offsets = (each for each in result.topic_partitions or () if each.offset >= 0)
                found[name] = {TopicPartition(each.topic, each.partition): each.offset for each in offsets}
        return found

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the offsets of a group without members. Raises BrokerError for the first that was not set."""
        kafka = confluent_kafka()
        if not offsets:
            return
        wanted = kafka.ConsumerGroupTopicPartitions(
            group, [kafka.TopicPartition(*each, offset) for each, offset in offsets.items()]
        )
        result = self._session.ask_each(
            "OffsetCommit", lambda admin: admin.alter_consumer_group_offsets([wanted]), self._seconds
        )[group]
        if isinstance(result, BrokerError):
            raise result
        for each in result.topic_partitions:
            if each.error:
                raise BrokerError(each.error.code(), f"{each.topic}-{each.partition}: {each.error.str()}")

    def delete(self, names: Collection[str]) -> dict[str, KafkaToolError | None]:
        """Delete groups; return for each the error, None where it was deleted."""
        sendable = [name for name in dict.fromkeys(names) if name and is_sendable(name)]
        found: dict[str, KafkaToolError | None] = dict.fromkeys(names, BrokerError(GROUP_ID_NOT_FOUND))
        if sendable:
            asked = self._session.admin.delete_consumer_groups(sendable, request_timeout=self._seconds)
            found |= self._session.collect_known("DeleteGroups", asked, self._seconds)
        return found

    def delete_offsets(
        self, group: ConsumerGroup, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, KafkaToolError | None]:
        """Delete what a group committed; return for each partition the error, None where it was done.

        Raises BrokerError where the coordinator refuses all of it. Sent once more where the connection breaks: what is
        deleted already is deleted again without an error.
        """
        topics = [
            {"name": topic, "partitions": [{"partition_index": each.partition} for each in found]}
            for topic, found in groupby(sorted(partitions), lambda each: each.topic)
        ]
        request = {"group_id": group.group, "topics": topics}
        response = self._session.wire.ask(OFFSET_DELETE, request, group.coordinator.broker, self._seconds)
        check_code(response["error_code"])
        found: dict[TopicPartition, KafkaToolError | None] = {}
        for topic in response["topics"]:
            for each in topic["partitions"]:
                code = each["error_code"]
                found[TopicPartition(topic["name"], each["partition_index"])] = BrokerError(code) if code else None
        return found


def _state(state: Any) -> str:
    return STATES.get(state.name) or str(state.name).capitalize()


def _group(described: "ConsumerGroupDescription") -> ConsumerGroup:
    where = described.coordinator
    return ConsumerGroup(
        described.group_id,
        _state(described.state),
        described.partition_assignor,
        Coordinator(where.id, where.host, where.port),
        tuple(map(_member, described.members)),
    )


def _member(described: "MemberDescription") -> Member:
    assigned = described.assignment.topic_partitions if described.assignment else None
    return Member(
        described.member_id,
        described.group_instance_id,
        described.client_id,
        described.host,
        tuple(TopicPartition(each.topic, each.partition) for each in assigned or ()),
    )
