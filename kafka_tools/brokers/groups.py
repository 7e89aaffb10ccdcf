"""Reads and changes the consumer groups of a cluster through its brokers."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

from kafka_tools.brokers.errors import NoResponseError, unreadable
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.offsets import BrokerOffsets
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import (
    GROUP_ID_NOT_FOUND,
    INVALID_GROUP_ID,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    UnsupportedError,
    check_code,
)
from kafka_tools.model.groups import (
    CONSUMER,
    DEAD,
    UNKNOWN_STATE,
    Committed,
    ConsumerGroup,
    Coordinator,
    ListedGroup,
    Log,
    Member,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.config_messages import LIST_GROUPS
from kafka_tools.wire.group_messages import CONSUMER_GROUP_DESCRIBE
from kafka_tools.wire.offset_messages import OFFSET_DELETE
from kafka_tools.wire.schema import Response

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka.admin import ConsumerGroupDescription, MemberDescription

NAMES_SECONDS = 5.0
"""How long the brokers are waited for; each knows the groups that it coordinates."""

FIRST_SHARE, LATER_SHARE = 0.65, 0.1
"""How much of that time the first silent broker may take, and then each later request.

One look at groups asks four times (names, members, offsets, ends of logs), and a broker that died is silent each time.
"""

CONSUMERS = ("consumer", "")
"""The protocols of consumer groups; the second is that of offsets which somebody committed without a group's members
(org.apache.kafka.clients.admin.KafkaAdminClient.listConsumerGroups 3.9)."""

SINCE_KAFKA_4 = 1
"""The version of ConsumerGroupDescribe that came with Kafka 4.0; 3.7 to 3.9 know at most version 0."""

STATES = {"PREPARING_REBALANCING": "PreparingRebalance", "COMPLETING_REBALANCING": "CompletingRebalance"}
"""Kafka's words where librdkafka has others; else they differ in capitals only."""


class Patience:
    """How long answers are waited for in one look at groups, so that silent brokers cost `seconds` in all."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._met_silence = False

    @property
    def seconds(self) -> float:
        """How many seconds the next request that changes nothing may take."""
        return self._seconds * (LATER_SHARE if self._met_silence else FIRST_SHARE)

    def note(self, has_met_silence: object) -> None:
        """Remember that some broker did not answer, where that is so."""
        self._met_silence |= bool(has_met_silence)


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
        self.waits = Patience(seconds)
        self.offsets = BrokerOffsets(session)

    @property
    def target(self) -> Brokers:
        """The cluster that these groups are of."""
        return self._session.target

    @property
    def patience(self) -> float:
        """How many seconds the next request that changes nothing may take."""
        return self.waits.seconds

    def logs(
        self, partitions: Sequence[TopicPartition]
    ) -> tuple[dict[TopicPartition, Log], dict[TopicPartition, KafkaToolError]]:
        """Return where the log of each partition starts and ends, and why that is not known of others."""
        topics = {each.topic for each in partitions}
        self.offsets.partitions(next(iter(topics)) if len(topics) == 1 else None)
        return self.offsets.logs(partitions, self.patience)

    def listed(self) -> tuple[tuple[ListedGroup, ...], tuple[str, ...]]:
        """Return the groups, sorted by name, and what kept brokers from telling theirs.

        Raises KafkaToolError where the cluster is not reached, or where none of its brokers answers.
        """
        answered, failures = groups_of_all_types(self._session, self.patience)
        self.waits.note(failures)
        # By id: a group that changes its coordinator meanwhile is told by both.
        groups = {
            each["group_id"]: ListedGroup(
                each["group_id"],
                # "" from brokers that are older than the field (KIP-518 for states, KIP-848 for types).
                each["group_state"] or UNKNOWN_STATE,
                (each["group_type"] or UNKNOWN_STATE).capitalize(),
            )
            for each in answered
            if each["protocol_type"] in CONSUMERS
        }
        return tuple(sorted(groups.values())), failures

    def described(self, names: Collection[str], epochs: bool = False) -> dict[str, ConsumerGroup | KafkaToolError]:
        """Return each group, or why its coordinator did not tell of it. Raises KafkaToolError where nobody answers.

        With `epochs` groups of the protocol of KIP-848 have those, which take another request.
        """
        sendable = [name for name in dict.fromkeys(names) if name and is_sendable(name)]
        nobody = Coordinator(-1, "", -1)
        found: dict[str, ConsumerGroup | KafkaToolError] = {
            name: ConsumerGroup(name, DEAD, "", nobody, ()) for name in names
        }
        if not sendable:
            return found
        asked = self._session.admin.describe_consumer_groups(sendable, request_timeout=self.patience)
        for name, result in self._collected("DescribeGroups", asked).items():
            if not isinstance(result, KafkaToolError):
                found[name] = _group(result)
            # Before Kafka 4 a group that is not there is described as Dead, without an error (KIP-1043 changed that).
            elif not (isinstance(result, BrokerError) and result.code == GROUP_ID_NOT_FOUND):  # Kafka 4's answer
                found[name] = result
        # By a second request for those alone: most groups are of the classic protocol, and cost one.
        return found | self._in_full([each for each in found.values() if _is_partial(each, epochs)])

    def _in_full(self, groups: "Collection[ConsumerGroup | KafkaToolError]") -> dict[str, ConsumerGroup]:
        """Return what coordinators tell of groups of the protocol of KIP-848, of which AdminClient (2.16) knows half.

        It has no epochs, and calls the states Assigning and Reconciling unknown. Nothing of a coordinator that fails.
        """
        known = {each.group: each for each in groups if isinstance(each, ConsumerGroup)}
        found = {}
        by_broker = sorted(known.values(), key=lambda each: each.coordinator.broker)
        for broker, lot in groupby(by_broker, lambda each: each.coordinator.broker):
            request = {"group_ids": [each.group for each in lot]}
            try:
                response = self._session.wire.ask(CONSUMER_GROUP_DESCRIBE, request, broker, self.patience)
            # What AdminClient told of the group stays: it is less, and not wrong.
            except (UnreachableError, UnsupportedError):
                continue
            for each in response["groups"]:
                if not each["error_code"] and each["group_id"] in known:
                    found[each["group_id"]] = _with_epochs(known[each["group_id"]], each)
        return found

    def are_of_kafka_4(self) -> bool:
        """Tell whether the brokers are of Kafka 4.0 or later, whose tools show groups in another way."""
        return self._session.wire.supports(CONSUMER_GROUP_DESCRIBE.since(SINCE_KAFKA_4))

    def committed(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, int] | KafkaToolError]:
        """Return the offsets that each group has committed, or why its coordinator did not tell them."""
        return {
            name: found
            if isinstance(found, KafkaToolError)
            else {partition: each.offset for partition, each in found.items()}
            for name, found in self.committed_with_epochs(names).items()
        }

    def committed_with_epochs(
        self, names: Iterable[str]
    ) -> dict[str, dict[TopicPartition, Committed] | KafkaToolError]:
        """Return what each group has committed, or why its coordinator did not tell it."""
        kafka = confluent_kafka()
        asked: dict[str, Any] = {}
        found: dict[str, dict[TopicPartition, Committed] | KafkaToolError] = {}
        for name in names:  # librdkafka (2.16) takes one group in a request; all of them are under way at once
            if not name or not is_sendable(name):
                found[name] = BrokerError(INVALID_GROUP_ID)
                continue
            wanted = [kafka.ConsumerGroupTopicPartitions(name)]
            asked |= self._session.admin.list_consumer_group_offsets(wanted, request_timeout=self.patience)
        for name, result in self._collected("OffsetFetch", asked).items():
            if isinstance(result, KafkaToolError):
                found[name] = result
            else:
                # -1: the partition has members that have not committed. No error of one partition hides the others.
                offsets = (each for each in result.topic_partitions or () if each.offset >= 0)
                found[name] = {
                    TopicPartition(each.topic, each.partition): Committed(each.offset, each.leader_epoch)
                    for each in offsets
                }
        return found

    def _collected(self, request: str, asked: "Mapping[str, Future[Any]]") -> dict[str, Any]:
        found = self._session.collect_known(request, asked, self.patience)
        self.waits.note(any(isinstance(each, NoResponseError) for each in found.values()))
        return found

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the offsets of a group without members. Raises BrokerError for the first that was not set."""
        kafka = confluent_kafka()
        if not offsets:
            return
        if not group or not is_sendable(group):
            raise BrokerError(INVALID_GROUP_ID)
        wanted = kafka.ConsumerGroupTopicPartitions(
            group, [kafka.TopicPartition(*each, offset) for each, offset in offsets.items()]
        )
        # It has no member's id and no generation, and is therefore taken for an empty group only: members that came
        # since the group was looked at are not overridden (ClassicGroup.validateOffsetCommit 3.9).
        self._session.check_cluster()
        result = self._session.change_each(
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
        # The answer for names that cannot be sent: no group can have them.
        found: dict[str, KafkaToolError | None] = dict.fromkeys(names, BrokerError(GROUP_ID_NOT_FOUND))
        if sendable:
            self._session.check_cluster()
            # Each group goes to its own coordinator: those of one that is down fail, and the others are deleted.
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
        self._session.check_cluster()
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
        described.type.name.capitalize(),
    )


def _is_partial(group: ConsumerGroup | KafkaToolError, epochs: bool) -> bool:
    """Tell whether AdminClient did not tell all that is wanted of a group."""
    if isinstance(group, KafkaToolError):
        return False
    return group.state == UNKNOWN_STATE or (epochs and group.type == CONSUMER)


def _with_epochs(group: ConsumerGroup, described: Mapping[str, Any]) -> ConsumerGroup:
    members = [
        Member(
            each["member_id"],
            each["instance_id"],
            each["client_id"],
            each["client_host"],
            _assigned(each["assignment"]),
            each["member_epoch"],
            _assigned(each["target_assignment"]),
            # -1 stands for "unknown", 0 for the classic protocol (DescribeConsumerGroupsHandler 4.4).
            None if each["member_type"] < 0 else each["member_type"] == 1,
        )
        for each in described["members"]
    ]
    return group._replace(
        state=described["group_state"],
        assignor=described["assignor_name"],
        members=tuple(members),
        type=CONSUMER,
        epoch=described["group_epoch"],
        target_epoch=described["assignment_epoch"],
    )


def _assigned(assignment: Mapping[str, Any]) -> tuple[TopicPartition, ...]:
    # The protocol of KIP-848 has ids of topics, but this answer their names, too: no other request is needed.
    topics = assignment["topic_partitions"]
    return tuple(TopicPartition(topic["topic_name"], number) for topic in topics for number in topic["partitions"])


def _member(described: "MemberDescription") -> Member:
    assigned = described.assignment.topic_partitions if described.assignment else None
    return Member(
        described.member_id,
        described.group_instance_id,
        described.client_id,
        described.host,
        tuple(TopicPartition(each.topic, each.partition) for each in assigned or ()),
    )
