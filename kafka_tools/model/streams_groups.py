"""Streams groups (KIP-1071): the members and the topology of an application of Kafka Streams, and its topics."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka_tools.model.groups import DEAD, EMPTY, STABLE, Coordinator
from kafka_tools.model.topics import TopicPartition

STATES = (EMPTY, "NotReady", STABLE, "Assigning", "Reconciling", DEAD)
"""The states of streams groups (org.apache.kafka.common.GroupState.groupStatesForType, Kafka 4.4)."""

TOPOLOGY_STATUSES = NOT_REQUESTED, NOT_STORED, ERROR, AVAILABLE = ("NOT_REQUESTED", "NOT_STORED", "ERROR", "AVAILABLE")
"""Whether brokers have the description of a topology (StreamsGroupTopologyDescriptionStatus, Kafka 4.4), by number."""

INTERNAL_ENDINGS = (
    "-changelog",
    "-repartition",
    "-subscription-registration-topic",
    "-subscription-response-topic",
)
# Names that foreign-key joins give since Kafka 2.4 where nobody named the operation (StreamsResetter 4.4).
INTERNAL = re.compile(r".+-KTABLE-FK-JOIN-SUBSCRIPTION-(?:REGISTRATION|RESPONSE)-[0-9]+-topic")


class Subtopology(NamedTuple):
    """A part of an application whose tasks have a partition each: the topics that it reads.

    `source_topics` are those of others, `repartition_topics` those that the application itself writes, too.
    """

    subtopology_id: str
    source_topics: tuple[str, ...]
    repartition_topics: tuple[str, ...]
    changelog_topics: tuple[str, ...]


Tasks = Mapping[str, tuple[int, ...]]
"""The partitions of tasks by the id of their subtopology."""


class TaskAssignment(NamedTuple):
    """The tasks of a member: those that it works on, and those whose state it keeps a copy of, or builds one of."""

    active: Tasks
    standby: Tasks
    warmup: Tasks


class StreamsMember(NamedTuple):
    """One instance of the application."""

    member_id: str
    process_id: str
    client_id: str
    epoch: int
    is_classic: bool
    assignment: TaskAssignment
    target: TaskAssignment


class TopologyNode(NamedTuple):
    """A step of an application: a source of records, a processor, or a sink.

    `topics` are what a source reads, or what a sink writes; empty where that is decided record by record. `stores` are
    the state stores that a processor uses, `successors` the steps that get its records.
    """

    name: str
    kind: str
    topics: tuple[str, ...]
    stores: tuple[str, ...]
    successors: tuple[str, ...]


class TopologyPart(NamedTuple):
    """The steps of a subtopology; or a source and a processor that fill a store which each instance has as a whole."""

    part: str
    nodes: tuple[TopologyNode, ...]
    is_global: bool


class StreamsGroup(NamedTuple):
    """A streams group as its coordinator knows it.

    `assignor` is "" where brokers are too old to tell it. `epoch` counts its changes, `target_epoch` is that of its
    newest assignment, `topology_epoch` that of its topology. `topology` is what the application told of it, None where
    it was not asked for or is not AVAILABLE: one of TOPOLOGY_STATUSES.
    """

    group: str
    state: str
    coordinator: Coordinator
    epoch: int
    target_epoch: int
    topology_epoch: int
    assignor: str
    subtopologies: tuple[Subtopology, ...]
    members: tuple[StreamsMember, ...]
    topology: tuple[TopologyPart, ...] | None = None
    topology_status: str = NOT_REQUESTED

    def partitions_of(self, assignment: TaskAssignment) -> frozenset[TopicPartition]:
        """Return the partitions that the active tasks of an assignment read."""
        # A task reads the partition of its number in every topic of its subtopology.
        by_id = {each.subtopology_id: (*each.source_topics, *each.repartition_topics) for each in self.subtopologies}
        return frozenset(
            TopicPartition(topic, number)
            for subtopology, numbers in assignment.active.items()
            for topic in by_id.get(subtopology, ())
            for number in numbers
        )

    @property
    def input_topics(self) -> frozenset[str]:
        """The topics that others write."""
        return frozenset(topic for each in self.subtopologies for topic in each.source_topics)

    @property
    def own_topics(self) -> list[str]:
        """The topics that the application made for itself, by what their names say, too."""
        # dict.fromkeys: each once, in the order in which the application told of them.
        made = (topic for each in self.subtopologies for topic in (*each.repartition_topics, *each.changelog_topics))
        return internal_topics(self.group, dict.fromkeys(made), self.input_topics)


def is_internal(topic: str) -> bool:
    """Tell whether a name is of the form of Kafka Streams' own topics (StreamsResetter.matchesInternalTopicFormat)."""
    # Names alone tell: a reset works also where the group is gone, and with it what it told of its topics.
    return topic.endswith(INTERNAL_ENDINGS) or INTERNAL.fullmatch(topic) is not None


def internal_topics(application: str, topics: Iterable[str], others: Iterable[str] = ()) -> list[str]:
    """Return those of the `topics`, in their order, that an application made for itself; `others` it did not make."""
    excluded = frozenset(others)
    return [
        each for each in topics if each.startswith(f"{application}-") and is_internal(each) and each not in excluded
    ]
