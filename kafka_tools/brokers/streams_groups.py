"""Reads and changes streams groups through brokers (KIP-1071; Kafka 4.1 and later), and the topics of each."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from kafka_tools.brokers.all_groups import Coordinators, listings
from kafka_tools.brokers.groups import BrokerGroups
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.brokers.topic_changes import BrokerTopicChanges
from kafka_tools.errors import KafkaToolError, check_code
from kafka_tools.model.groups import ConsumerGroup, Coordinator, GroupListing
from kafka_tools.model.streams_groups import (
    TOPOLOGY_STATUSES,
    StreamsGroup,
    StreamsMember,
    Subtopology,
    TaskAssignment,
    Tasks,
    TopologyNode,
    TopologyPart,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.schema import Response
from kafka_tools.wire.share_streams_messages import LEAVE_GROUP, STREAMS_GROUP_DESCRIBE

STREAMS = "Streams"
"""The type of streams groups in a list of groups."""

WITH_TOPOLOGY = 1
"""The first version of StreamsGroupDescribe that has the description of a topology (KIP-1331, Kafka 4.4)."""

NODE_KINDS = {1: "Source", 2: "Processor", 3: "Sink"}


@contextmanager
def open_streams_groups(target: Brokers, seconds: float, topology: bool = False) -> "Iterator[BrokerStreamsGroups]":
    """Open a session with the brokers of `target` for its streams groups, close it at the end. Raises KafkaToolError.

    The answer to each request is waited for `seconds`. With `topology` the description of each group's is asked for.
    """
    with open_session(target) as session:
        yield BrokerStreamsGroups(session, seconds, topology)


class BrokerStreamsGroups:
    """The streams groups of the cluster behind a session.

    `consumers` are the same groups where requests do not tell types apart: for what they committed. `topics` changes
    topics.
    """

    def __init__(self, session: Session, seconds: float, topology: bool = False) -> None:
        """Wait for the answer to each request for so many seconds; with `topology` ask for its description."""
        self._topology = topology
        self._session = session
        self.consumers = BrokerGroups(session, seconds)
        self._coordinators = Coordinators(session, seconds, self.consumers.waits)
        self.offsets = self.consumers.offsets
        self.topics = BrokerTopicChanges(session)

    def listed(self) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
        """Return the streams groups, sorted by name, and what kept brokers from telling theirs.

        Raises KafkaToolError where the cluster is not reached, or where none of its brokers answers.
        """
        found, failures = listings(self._session, self.consumers.waits)
        return tuple(each for each in found if each.type == STREAMS), failures

    def described(self, names: Iterable[str]) -> dict[str, StreamsGroup | KafkaToolError]:
        """Return each group, or why its coordinator did not tell of it. Raises KafkaToolError where nobody answers.

        Raises UnsupportedError where topologies are wanted, and brokers are older than Kafka 4.4.
        """
        message = STREAMS_GROUP_DESCRIBE.since(WITH_TOPOLOGY) if self._topology else STREAMS_GROUP_DESCRIBE
        asked = {"include_topology_description": self._topology}
        answers = self._coordinators.describe(message, names, lambda lot: {"group_ids": lot, **asked})
        return {
            name: each if isinstance(each, KafkaToolError) else _group(each, self._coordinators.of(name))
            for name, each in answers.items()
        }

    def committed(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, int] | KafkaToolError]:
        """Return the offsets that each group has committed, or why its coordinator did not tell them."""
        return self.consumers.committed(names)

    def remove_members(self, group: ConsumerGroup, reason: str) -> None:
        """Take all members from a group, as if they had left. Raises BrokerError for the first that stays."""
        members = [
            # A static member is named by its instance id alone, as by AdminClient.removeMembersFromConsumerGroup
            # (KIP-345).
            {"member_id": "" if each.instance_id else each.member_id, "group_instance_id": each.instance_id}
            for each in group.members
        ]
        values = {"group_id": group.group, "members": [each | {"reason": reason} for each in members]}
        response = self._coordinators.change(LEAVE_GROUP, group.group, values)
        for each in response["members"]:
            check_code(each["error_code"])

    def delete(self, names: Collection[str]) -> dict[str, KafkaToolError | None]:
        """Delete groups; return for each the error, None where it was deleted."""
        return self.consumers.delete(names)

    def delete_offsets(
        self, group: StreamsGroup, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, KafkaToolError | None]:
        """Delete what a group committed; return for each partition the error. Raises BrokerError."""
        # OffsetDelete goes to the coordinator, and looks at nothing else of the group.
        as_consumers = ConsumerGroup(group.group, group.state, "", group.coordinator, ())
        return self.consumers.delete_offsets(as_consumers, partitions)


def _group(described: Response, coordinator: Coordinator) -> StreamsGroup:
    # Null before the first member has sent it.
    topology = described["topology"] or {}
    return StreamsGroup(
        described["group_id"],
        described["group_state"],
        coordinator,
        described["group_epoch"],
        described["assignment_epoch"],
        topology.get("epoch", 0),
        described["assignor_name"] or "",
        tuple(map(_subtopology, topology.get("subtopologies") or ())),
        tuple(map(_member, described["members"])),
        _described_topology(described["topology_description"]),
        TOPOLOGY_STATUSES[status] if (status := described["topology_description_status"]) in range(4) else f"{status}",
    )


def _described_topology(description: Response | None) -> tuple[TopologyPart, ...] | None:
    if description is None:
        return None
    parts = [
        TopologyPart(each["subtopology_id"], tuple(map(_node, each["nodes"])), is_global=False)
        for each in description["subtopologies"]
    ]
    # Global stores have no id of their own; Apache's tool numbers them behind the last part (4.4).
    stores = enumerate(description["global_stores"], len(parts))
    pairs = ((f"{number}", (_node(each["source"]), _node(each["processor"]))) for number, each in stores)
    return (*parts, *(TopologyPart(*pair, is_global=True) for pair in pairs))


def _node(node: Response) -> TopologyNode:
    sink = node["sink_topic"]
    return TopologyNode(
        node["name"],
        NODE_KINDS.get(node["node_type"], f"Type {node['node_type']}"),
        # Apache's tool prints sets: sorted, so that two runs show the same text.
        tuple(sorted(node["source_topics"])) if sink is None else (sink,),
        tuple(sorted(node["stores"])),
        tuple(sorted(set(node["successors"]))),
    )


def _subtopology(subtopology: Response) -> Subtopology:
    return Subtopology(
        subtopology["subtopology_id"],
        tuple(subtopology["source_topics"]),
        tuple(each["name"] for each in subtopology["repartition_source_topics"]),
        tuple(each["name"] for each in subtopology["state_changelog_topics"]),
    )


def _member(member: Response) -> StreamsMember:
    return StreamsMember(
        member["member_id"],
        member["process_id"],
        member["client_id"],
        member["member_epoch"],
        member["is_classic"],
        _assignment(member["assignment"]),
        _assignment(member["target_assignment"]),
    )


def _assignment(assignment: Response) -> TaskAssignment:
    return TaskAssignment(*(_tasks(assignment[f"{kind}_tasks"]) for kind in ("active", "standby", "warmup")))


def _tasks(tasks: Iterable[Response]) -> Tasks:
    return {each["subtopology_id"]: tuple(each["partitions"]) for each in tasks}
