"""Lists what is being moved, and proposes where partitions could be: `--list` and `--generate`."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kafka_tools.errors import UNKNOWN_TOPIC_OR_PARTITION, BrokerError, KafkaToolError, as_java_prints
from kafka_tools.model.reassignments import (
    PartitionReassignment,
    Placement,
    Replicas,
    as_json,
    parse_brokers,
    parse_topics,
    proposed,
)
from kafka_tools.model.target import Brokers, Target
from kafka_tools.model.topics import TopicPartition
from kafka_tools.report import Report


class Generate(NamedTuple):
    """Proposes replicas on `brokers` (a list as typed) for all partitions of the topics in a document."""

    target: Target
    topics: str
    brokers: str
    rack_aware: bool


class OngoingRow(NamedTuple):
    """A partition that is being moved: all its replicas, those that come, and those that will go."""

    topic: str
    partition: int
    replicas: Replicas
    adding_replicas: Replicas
    removing_replicas: Replicas


class ProposedRow(NamedTuple):
    """Where the replicas of a partition are, and where they could be."""

    topic: str
    partition: int
    current: Replicas
    proposed: Replicas


PROPOSED = "Proposed partition reassignment configuration"
ONGOING_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "replicas": "Replicas",
    "adding_replicas": "Adding",
    "removing_replicas": "Removing",
}
PROPOSED_COLUMNS = {"topic": "Topic", "partition": "Partition", "current": "Current", "proposed": "Proposed"}


def list_reassignments(target: Brokers) -> Report:
    """Return what is being moved. Raises KafkaToolError where no controller answers."""
    from kafka_tools.brokers.reassignments import open_reassignments

    with open_reassignments(target) as reassignments:
        found = reassignments.ongoing()
    return Report(
        rows=[OngoingRow(*name, *found[name]) for name in sorted(found)],
        columns=ONGOING_COLUMNS,
        plain=_lines(found),
    )


def _lines(found: Mapping[TopicPartition, PartitionReassignment]) -> Iterator[str]:
    yield "Current partition reassignments:" if found else "No partition reassignments found."
    for name in sorted(found):
        replicas, adding, removing = (",".join(map(str, brokers)) for brokers in found[name])
        added = f" adding: {adding}." if adding else ""
        removed = f" removing: {removing}." if removing else ""
        yield f"{name.topic}-{name.partition}: replicas: {replicas}.{added}{removed}"


def generate(request: Generate) -> Report:
    """Return the replicas as they are and as they could be. Raises KafkaToolError where that is impossible."""
    from kafka_tools.backends import open_reassignments

    # Both texts are read before a server is asked: what is wrong with them is told at once.
    wanted, topics = parse_brokers(request.brokers), parse_topics(request.topics)
    with open_reassignments(request.target) as reassignments:
        current = reassignments.placement(topics)
        check_topics(current, topics)
        # Brokers of the list that are not there are left out without a word, as by getBrokerMetadata (3.9).
        brokers = [each for each in reassignments.brokers() if each.broker in wanted]
    after = proposed(current, brokers, request.rack_aware)
    return Report(
        rows=[ProposedRow(*name, current.get(name, ()), after[name]) for name in sorted(after)],
        columns=PROPOSED_COLUMNS,
        plain=["Current partition replica assignment", as_json(current), "", PROPOSED, as_json(after)],
        # What --execute wants is the document: a table does not show it.
        told=[f"{PROPOSED}:\n{as_json(after)}"],
    )


def check_topics(there: Placement, topics: tuple[str, ...]) -> None:
    """Raise KafkaToolError, as Java prints it, for a topic that is not there."""
    # Every topic has partitions: one without a placement does not exist.
    known = {name.topic for name in there}
    for topic in topics:
        if topic not in known:
            error = BrokerError(UNKNOWN_TOPIC_OR_PARTITION, f"Topic {topic} not found.")
            raise KafkaToolError(as_java_prints(error))
