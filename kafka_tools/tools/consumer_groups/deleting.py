"""Deletes groups, and what they committed: `ktools consumer-groups --delete | --delete-offsets`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import (
    GROUP_ID_NOT_FOUND,
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    as_java_prints,
)
from kafka_tools.model.groups import DEAD, EMPTY, ConsumerGroup, NewOffset, parse_partitions
from kafka_tools.model.java_hash_order import hash_order
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.render.questions import confirmed
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups import asking

if TYPE_CHECKING:
    from kafka_tools.brokers.groups import BrokerGroups

PARTITION_ERRORS = "Encounter some partition level error, see the follow-up details:"


class DeleteGroups(NamedTuple):
    """Deletes these groups, None: all."""

    target: Brokers
    groups: Sequence[str] | None
    yes: bool
    dry_run: bool
    seconds: float


class DeleteOffsets(NamedTuple):
    """Deletes what a group committed in these topics (`orders:0,2`)."""

    target: Brokers
    group: str
    topics: Sequence[str]
    dry_run: bool
    seconds: float


class DeletedRow(NamedTuple):
    """What became of the offset of one partition; None: of the whole topic."""

    group: str
    topic: str
    partition: int | None
    error: str | None


class GroupRow(NamedTuple):
    """What became of one group."""

    group: str
    error: str | None


def delete(request: DeleteGroups) -> Report:
    """Delete the groups; what fails does not keep the others. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        names = asking.every(groups, "Nothing was deleted.") if request.groups is None else request.groups
        if request.dry_run:
            return _rehearsed(groups.described(names))
        if len(names) > 1 and not request.yes and not confirmed(f"Delete {count(len(names), 'group')}?"):
            raise KafkaToolError("Nothing was deleted.", "--yes deletes several groups without a question.")
        found = groups.delete(names)
    failed = {name: error for name, error in found.items() if error is not None}
    return Report(
        rows=[GroupRow(name, None if error is None else as_java_prints(error)) for name, error in found.items()],
        columns={"group": "Group", "error": "Error"},
        plain=_deleted_lines([name for name in found if name not in failed], failed),
        status=int(bool(failed)),
    )


def _rehearsed(described: Mapping[str, ConsumerGroup | KafkaToolError]) -> Report:
    """Say what would become of each group: one with members stays."""
    rows = []
    for name, group in described.items():
        if isinstance(group, KafkaToolError):
            rows.append(GroupRow(name, group.message))
        elif group.state == DEAD:
            rows.append(GroupRow(name, as_java_prints(BrokerError(GROUP_ID_NOT_FOUND))))
        else:
            rows.append(
                GroupRow(name, None if group.state == EMPTY else f"It has {count(len(group.members), 'member')}.")
            )
    return Report(
        rows=rows,
        columns={"group": "Group", "error": "Error"},
        plain=[
            f"Would delete group {row.group}."
            if row.error is None
            else f"Would not delete group {row.group}: {row.error}"
            for row in rows
        ],
        status=int(any(row.error is not None for row in rows)),
    )


def _deleted_lines(done: Sequence[str], failed: Mapping[str, KafkaToolError]) -> Iterator[str]:
    quoted = ", ".join(f"'{name}'" for name in hash_order(done, 16))
    if not failed:
        yield f"Deletion of requested consumer groups ({quoted}) was successful."
        return
    yield ""
    yield "Error: Deletion of some consumer groups failed:"
    for name in hash_order(failed, 16):
        why = f"java.util.concurrent.ExecutionException: {as_java_prints(failed[name])}"
        yield f"* Group '{name}' could not be deleted due to: {why}"
    if done:
        yield ""
        yield f"These consumer groups were deleted successfully: {quoted}"


def delete_offsets(request: DeleteOffsets) -> Report:
    """Delete what the group committed in the topics. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        wanted: dict[TopicPartition, None] = {}
        rows: list[DeletedRow] = []
        for text in request.topics:
            topic, numbers = parse_partitions(text)
            there = groups.offsets.partitions(topic).get(topic, ())
            if not there and numbers is None:
                unknown = as_java_prints(BrokerError(UNKNOWN_TOPIC_OR_PARTITION))
                rows.append(DeletedRow(request.group, topic, None, unknown))
            wanted |= dict.fromkeys(TopicPartition(topic, number) for number in (there if numbers is None else numbers))
        [group] = groups.described([request.group]).values()
        if isinstance(group, KafkaToolError):
            raise group
        if request.dry_run:
            return _rehearsed_offsets(groups, request.group, wanted)
        head, results = _delete_offsets(groups, group, list(wanted))
        rows += [
            DeletedRow(request.group, *each, None if error is None else as_java_prints(error))
            for each, error in results.items()
        ]
    failed = any(row.error is not None for row in rows)
    words = f"Request succeed for deleting offsets with topic {', '.join(request.topics)} group {request.group}"
    told = [] if head is None and not failed else [head or PARTITION_ERRORS]
    return Report(
        rows=rows,
        columns={"group": "Group", "topic": "Topic", "partition": "Partition", "error": "Error"},
        plain=[
            *((line for each in told for line in ("", f"Error: {each}")) if told else (words,)),
            *_deleted_offsets_lines(rows),
        ],
        told=told,
        status=int(bool(told)),
    )


def _delete_offsets(
    groups: "BrokerGroups", group: ConsumerGroup, partitions: Sequence[TopicPartition]
) -> tuple[str | None, Mapping[TopicPartition, KafkaToolError | None]]:
    """Return what Apache's tool says of the whole, None where nothing, and the error of each partition."""
    missing = BrokerError(GROUP_ID_NOT_FOUND)
    if group.state == DEAD:
        return f"'{group.group}' does not exist.", dict.fromkeys(partitions, missing)
    if not partitions:
        return PARTITION_ERRORS, {}
    try:
        return None, groups.delete_offsets(group, partitions)
    except BrokerError as error:
        return f"Encounter some unknown error: {as_java_prints(error)}", dict.fromkeys(partitions, error)


def _rehearsed_offsets(groups: "BrokerGroups", group: str, wanted: Collection[TopicPartition]) -> Report:
    found = groups.committed([group])[group] if group else {}
    if isinstance(found, KafkaToolError):
        raise found
    kept = [each for each in sorted(wanted) if each in found]
    return Report(
        rows=[NewOffset(group, *each, found[each], 0) for each in kept],
        columns={"group": "Group", "topic": "Topic", "partition": "Partition", "current_offset": "Current"},
        plain=[f"Would delete offset {found[each]} of group {group} in {each.topic}-{each.partition}." for each in kept]
        or [f"Would delete nothing: group {group} has committed nothing there."],
    )


def _deleted_offsets_lines(rows: Sequence[DeletedRow]) -> Iterator[str]:
    layout = "%-30s %-15s %-15s"
    yield ""
    yield layout % ("TOPIC", "PARTITION", "STATUS")
    for row in sorted(rows, key=lambda row: (row.topic, -1 if row.partition is None else row.partition)):
        partition = "Not Provided" if row.partition is None else row.partition
        yield layout % (row.topic, partition, "Successful" if row.error is None else f"Error: {row.error}")
