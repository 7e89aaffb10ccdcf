"""Reads and changes the share groups of a cluster through its brokers (KIP-932; Kafka 4.1 and later)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby

from kafka_tools.brokers.all_groups import Coordinators, listings
from kafka_tools.brokers.groups import BrokerGroups, Patience
from kafka_tools.brokers.offsets import BrokerOffsets
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import BrokerError, KafkaToolError, check_code
from kafka_tools.model.groups import Coordinator, GroupListing
from kafka_tools.model.share_groups import ShareGroup, ShareMember, ShareOffset
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.schema import Response
from kafka_tools.wire.share_streams_messages import (
    ALTER_SHARE_GROUP_OFFSETS,
    DELETE_SHARE_GROUP_OFFSETS,
    DESCRIBE_SHARE_GROUP_OFFSETS,
    SHARE_GROUP_DESCRIBE,
)

SHARE = "Share"
"""The type of share groups in a list of groups."""


@contextmanager
def open_share_groups(target: Brokers, seconds: float) -> "Iterator[BrokerShareGroups]":
    """Open a session with the brokers of `target` for its share groups, close it at the end. Raises KafkaToolError.

    The answer to each request is waited for `seconds`.
    """
    with open_session(target) as session:
        yield BrokerShareGroups(session, seconds)


class BrokerShareGroups:
    """The share groups of the cluster behind a session."""

    def __init__(self, session: Session, seconds: float) -> None:
        """Wait for the answer to each request for so many seconds."""
        self._session = session
        self._seconds = seconds
        self._waits = Patience(seconds)
        self._coordinators = Coordinators(session, seconds, self._waits)
        self.offsets = BrokerOffsets(session)

    def listed(self) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
        """Return the share groups, sorted by name, and what kept brokers from telling theirs.

        Raises KafkaToolError where the cluster is not reached, or where none of its brokers answers.
        """
        found, failures = listings(self._session, self._waits)
        return tuple(each for each in found if each.type == SHARE), failures

    def described(self, names: Iterable[str]) -> dict[str, ShareGroup | KafkaToolError]:
        """Return each group, or why its coordinator did not tell of it. Raises KafkaToolError where nobody answers."""
        answers = self._coordinators.describe(SHARE_GROUP_DESCRIBE, names, lambda lot: {"group_ids": lot})
        return {
            name: each if isinstance(each, KafkaToolError) else _group(each, self._coordinators.of(name))
            for name, each in answers.items()
        }

    def progress(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, ShareOffset] | KafkaToolError]:
        """Return how far each group is in its partitions, or why its coordinator did not tell it."""
        answers = self._coordinators.describe(
            # Without topics: null asks for all that the group has.
            DESCRIBE_SHARE_GROUP_OFFSETS,
            names,
            lambda lot: {"groups": [{"group_id": name} for name in lot]},
        )
        return {name: each if isinstance(each, KafkaToolError) else _offsets(each) for name, each in answers.items()}

    def committed(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, int] | KafkaToolError]:
        """Return the offset from which each group goes on in its partitions, where it is known."""
        return {
            name: found
            if isinstance(found, KafkaToolError)
            else {each: at.start_offset for each, at in found.items() if at.start_offset is not None}
            for name, found in self.progress(names).items()
        }

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Set the offsets of a group without members. Raises BrokerError for the first that was not set."""
        if not offsets:
            return
        topics = [
            {
                "topic_name": topic,
                "partitions": [{"partition_index": each.partition, "start_offset": offsets[each]} for each in lot],
            }
            for topic, lot in groupby(sorted(offsets), lambda each: each.topic)
        ]
        response = self._coordinators.change(ALTER_SHARE_GROUP_OFFSETS, group, {"group_id": group, "topics": topics})
        for topic in response["responses"]:
            for each in topic["partitions"]:
                check_code(each["error_code"], each["error_message"])

    def delete(self, names: Collection[str]) -> dict[str, KafkaToolError | None]:
        """Delete groups; return for each the error, None where it was deleted."""
        return BrokerGroups(self._session, self._seconds).delete(names)  # the request is the same for all types

    def delete_offsets(self, group: str, topics: Collection[str]) -> dict[str, KafkaToolError | None]:
        """Delete the offsets of a group in topics; return for each the error, None where it was done.

        Raises BrokerError where the coordinator refuses all of it.
        """
        # By whole topics: KIP-932 has no deletion of single partitions.
        wanted = [{"topic_name": topic} for topic in topics]
        response = self._coordinators.change(DELETE_SHARE_GROUP_OFFSETS, group, {"group_id": group, "topics": wanted})
        return {
            each["topic_name"]: BrokerError(each["error_code"], each["error_message"]) if each["error_code"] else None
            for each in response["responses"]
        }


def _group(described: Response, coordinator: Coordinator) -> ShareGroup:
    return ShareGroup(
        described["group_id"],
        described["group_state"],
        coordinator,
        described["group_epoch"],
        described["assignment_epoch"],
        tuple(map(_member, described["members"])),
    )


def _member(member: Response) -> ShareMember:
    topics = member["assignment"]["topic_partitions"]
    return ShareMember(
        member["member_id"],
        member["client_id"],
        member["client_host"],
        member["member_epoch"],
        tuple(TopicPartition(topic["topic_name"], number) for topic in topics for number in topic["partitions"]),
    )


def _offsets(group: Response) -> dict[TopicPartition, ShareOffset]:
    return {
        TopicPartition(topic["topic_name"], each["partition_index"]): _offset(each)
        for topic in group["topics"]
        for each in topic["partitions"]
        # Of a topic that was deleted meanwhile: the group will forget it, too.
        if not each["error_code"]
    }


def _offset(partition: Response) -> ShareOffset:
    start = partition["start_offset"]
    if start < 0:  # the group has the topic and has not read from it yet
        return ShareOffset(None, None, None)
    return ShareOffset(start, partition["leader_epoch"], partition["lag"] if partition["lag"] >= 0 else None)
