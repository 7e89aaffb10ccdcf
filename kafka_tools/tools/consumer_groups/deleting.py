"""Deletes groups, and what they committed: `ktools consumer-groups --delete | --delete-offsets`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import (
    GROUP_AUTHORIZATION_FAILED,
    GROUP_ID_NOT_FOUND,
    INVALID_GROUP_ID,
    NON_EMPTY_GROUP,
    TOPIC_AUTHORIZATION_FAILED,
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
GROUP_SUBSCRIBED_TO_TOPIC = 86
OF_THE_GROUP = (INVALID_GROUP_ID, GROUP_ID_NOT_FOUND, GROUP_AUTHORIZATION_FAILED, NON_EMPTY_GROUP)
OF_PARTITIONS = (GROUP_SUBSCRIBED_TO_TOPIC, TOPIC_AUTHORIZATION_FAILED, UNKNOWN_TOPIC_OR_PARTITION)
"""Errors that 4.4's tools have words for where they delete offsets."""

WHOLE = -1
"""The number of a partition that stands for a whole topic which does not exist."""

GROUP_COLUMNS = {"group": "Group", "error": "Error"}
OFFSETS_COLUMNS = {"group": "Group", "topic": "Topic", "partition": "Partition", "error": "Error"}

Results = dict[tuple[str, int], KafkaToolError | None]
"""The error of each topic and partition whose offset was to be deleted; None where that is done."""


class DeleteGroups(NamedTuple):
    """Deletes these groups (None: all); `yes`: without a question. Each answer is waited for `seconds`."""

    target: Brokers
    groups: Sequence[str] | None
    yes: bool
    dry_run: bool
    seconds: float


class DeleteOffsets(NamedTuple):
    """Deletes what a group committed in these topics (`orders:0,2`; of share groups whole topics only)."""

    target: Brokers
    group: str
    topics: Sequence[str]
    dry_run: bool
    seconds: float


class DeletedRow(NamedTuple):
    """Whether the offset of one partition was deleted. `partition` is None where the whole topic does not exist."""

    group: str
    topic: str
    partition: int | None
    error: str | None


class GroupRow(NamedTuple):
    """Whether one group was deleted; `error` says why not."""

    group: str
    error: str | None


def delete(request: DeleteGroups) -> Report:
    """Delete the groups; what fails does not keep the others. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        # All are looked up before the first is deleted, so that a silent broker leaves no half-done deletion.
        names = asking.every(groups, "Nothing was deleted.") if request.groups is None else request.groups
        if request.dry_run:
            return _rehearsed(groups.described(names))
        if len(names) > 1 and not request.yes and not confirmed(f"Delete {count(len(names), 'group')}?"):
            raise KafkaToolError("Nothing was deleted.", "--yes deletes several groups without a question.")
        found = groups.delete(names)
        # 3.9 prints the exception of the future, 4.x its cause.
        thrown = "" if groups.are_of_kafka_4() else "java.util.concurrent.ExecutionException: "
    return deleted_report("consumer groups", found, thrown)


def deleted_report(
    kind: str, found: Mapping[str, KafkaToolError | None], thrown: str = "", notes: Sequence[str] = ()
) -> Report:
    """Return which groups of a kind ("share groups") are deleted, and why others are not.

    `found` has the error of each group, None where it is deleted. `thrown` stands before each reason, `notes` say what
    is not known.
    """
    failed = {name: error for name, error in found.items() if error is not None}
    return Report(
        rows=[GroupRow(name, None if error is None else as_java_prints(error)) for name, error in found.items()],
        columns=GROUP_COLUMNS,
        plain=deleted_lines(kind, [name for name in found if name not in failed], failed, thrown),
        notes=notes,
        status=int(bool(failed or notes)),
    )


def _rehearsed(described: Mapping[str, ConsumerGroup | KafkaToolError]) -> Report:
    """Return what would become of each group: one with members stays."""
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
    return rehearsed_report("group", rows)


def rehearsed_report(kind: str, rows: Sequence[GroupRow], notes: Sequence[str] = ()) -> Report:
    """Return what would become of groups of a kind ("share group"); the error of a row says why it would stay."""
    return Report(
        rows=rows,
        columns=GROUP_COLUMNS,
        plain=[
            f"Would delete {kind} {row.group}."
            if row.error is None
            else f"Would not delete {kind} {row.group}: {row.error}"
            for row in rows
        ],
        notes=notes,
        status=int(bool(notes) or any(row.error is not None for row in rows)),
    )


def deleted_lines(
    kind: str, done: Sequence[str], failed: Mapping[str, KafkaToolError], thrown: str = "", end: str = ""
) -> Iterator[str]:
    """Yield which groups of a kind ("share groups") are deleted, and why others are not.

    `thrown` is what stands before each reason, `end` what ends the last line.
    """
    # Both maps of ConsumerGroupCommand.deleteGroups are `new HashMap<>()`, which starts with 16 buckets.
    quoted = ", ".join(f"'{name}'" for name in hash_order(done, 16))
    if not failed:
        yield f"Deletion of requested {kind} ({quoted}) was successful."
        return
    yield ""
    yield f"Error: Deletion of some {kind} failed:"
    for name in hash_order(failed, 16):
        yield f"* Group '{name}' could not be deleted due to: {thrown}{as_java_prints(failed[name])}"
    if done:
        yield ""
        yield f"These {kind} were deleted successfully: {quoted}{end}"


def delete_offsets(request: DeleteOffsets) -> Report:
    """Delete what the group committed in the topics. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        wanted: dict[TopicPartition, None] = {}
        found: Results = {}
        for text in request.topics:
            topic, numbers = parse_partitions(text)
            # Partitions that are named are not checked here: the coordinator answers for each of them.
            there = groups.offsets.partitions(topic).get(topic, ())
            # 3.9 keeps the failure of describeTopics under partition -1, and prints "Not Provided" there, 4.x a dash.
            if not there and numbers is None:
                found[topic, WHOLE] = BrokerError(UNKNOWN_TOPIC_OR_PARTITION)
            wanted |= dict.fromkeys(TopicPartition(topic, number) for number in (there if numbers is None else numbers))
        [group] = groups.described([request.group]).values()
        if isinstance(group, KafkaToolError):
            raise group
        if request.dry_run:
            return _rehearsed_offsets(groups, request.group, wanted)
        # `head` is the error of the whole request; then each partition has it, too.
        head, results = _delete_offsets(groups, group, list(wanted))
        is_newer = groups.are_of_kafka_4()
    found |= results
    if is_newer:
        return offsets_report(request.group, found, head)
    told = _told(group, found, head)
    words = f"Request succeed for deleting offsets with topic {', '.join(request.topics)} group {request.group}"
    return Report(
        rows=(rows := _rows(request.group, found)),
        columns=OFFSETS_COLUMNS,
        plain=[
            *((line for each in told for line in ("", f"Error: {each}")) if told else (words,)),
            *_lines(rows, "%-30s %-15s %-15s", "Not Provided"),
        ],
        told=told,
        status=int(bool(told)),
    )


def _delete_offsets(
    groups: "BrokerGroups", group: ConsumerGroup, partitions: Sequence[TopicPartition]
) -> tuple[KafkaToolError | None, Results]:
    """Delete offsets; return the error of the whole request (None: there is none) and that of each partition."""
    if group.state == DEAD:
        missing = BrokerError(GROUP_ID_NOT_FOUND)
        return missing, dict.fromkeys(partitions, missing)
    if not partitions:
        return None, {}
    try:
        done = groups.delete_offsets(group, partitions)
    except BrokerError as error:
        return error, dict.fromkeys(partitions, error)
    return None, {(each.topic, each.partition): error for each, error in done.items()}


def _told(group: ConsumerGroup, found: Results, head: KafkaToolError | None) -> list[str]:
    """Return the sentence of 3.9's tool for a deletion that failed; nothing where all offsets were deleted."""
    if group.state == DEAD:
        # GROUP_ID_NOT_FOUND in ConsumerGroupCommand.deleteOffsets (3.9), which ends with 0 all the same.
        return [f"'{group.group}' does not exist."]
    if head is not None:
        return [f"Encounter some unknown error: {as_java_prints(head)}"]
    # Where only topics are named that are not there, 3.9 has nothing to ask for, and says that it succeeded.
    return [PARTITION_ERRORS] if any(found.values()) else []


def offsets_report(group: str, found: Results, head: KafkaToolError | None) -> Report:
    """Return which offsets were deleted, in the text of 4.4's tools; `head` is an error of the whole request."""
    # The first partition that failed names the whole: so does DeleteConsumerGroupOffsetsResult.all().
    failed = head or next((each for each in found.values() if each is not None), None)
    told = [] if failed is None else [_words(failed)]
    first = [f"Request succeeded for deleting offsets from group {group}."] if failed is None else []
    rows = _rows(group, found)
    layout = f"%-{max([15, *(len(row.topic) for row in rows)])}s %-10s %-15s"
    return Report(
        rows=rows,
        columns=OFFSETS_COLUMNS,
        plain=[*first, *(line for each in told for line in ("", f"Error: {each}")), *_lines(rows, layout, "-")],
        told=told,
        status=int(failed is not None),
    )


def _words(error: KafkaToolError) -> str:
    code = error.code if isinstance(error, BrokerError) else 0
    if code in OF_PARTITIONS:
        return "Encountered some partition-level error, see the follow-up details."
    own = BrokerError(code).message if code else error.message  # Apache's tools have the words of the code here
    return own if code in OF_THE_GROUP else f"Encountered some unknown error: {own}"


def _rows(group: str, found: Results) -> list[DeletedRow]:
    """Return the rows, sorted as texts (partition 10 before 2), as Apache's tools have them."""
    return [
        DeletedRow(group, topic, None if number == WHOLE else number, None if error is None else as_java_prints(error))
        for (topic, number), error in sorted(found.items(), key=lambda each: f"{each[0][0]}{each[0][1]}")
    ]


def _lines(rows: Sequence[DeletedRow], layout: str, whole: str) -> Iterator[str]:
    yield ""
    yield layout % ("TOPIC", "PARTITION", "STATUS")
    for row in rows:
        partition = whole if row.partition is None else row.partition
        yield layout % (row.topic, partition, "Successful" if row.error is None else f"Error: {row.error}")


def _rehearsed_offsets(groups: "BrokerGroups", group: str, wanted: Collection[TopicPartition]) -> Report:
    found = groups.committed([group])[group]
    if isinstance(found, KafkaToolError):
        raise found
    kept = [each for each in sorted(wanted) if each in found]
    return Report(
        rows=[NewOffset(group, *each, found[each], 0) for each in kept],
        columns={"group": "Group", "topic": "Topic", "partition": "Partition", "current_offset": "Current"},
        plain=[f"Would delete offset {found[each]} of group {group} in {each.topic}-{each.partition}." for each in kept]
        or [f"Would delete nothing: group {group} has committed nothing there."],
    )
