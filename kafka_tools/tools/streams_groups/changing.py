"""Resets streams groups and deletes them, their offsets and their internal topics: `ktools streams-groups`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import (
    GROUP_ID_NOT_FOUND,
    NON_EMPTY_GROUP,
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    as_java_prints,
)
from kafka_tools.model.groups import (
    DEAD,
    EMPTY,
    UNKNOWN,
    Goal,
    GroupListing,
    NewOffset,
    missing_notes,
    parse_partitions,
)
from kafka_tools.model.java_hash_order import hash_order, partition_order
from kafka_tools.model.streams_groups import StreamsGroup
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.render.questions import confirmed
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups.asking import every
from kafka_tools.tools.consumer_groups.deleting import WHOLE, Results, deleted_lines, offsets_report
from kafka_tools.tools.consumer_groups.resetting import (
    RESET_COLUMNS,
    Plan,
    exported,
    read_plan,
    reset_lines,
    reset_row,
    reset_table,
)

if TYPE_CHECKING:
    from kafka_tools.brokers.streams_groups import BrokerStreamsGroups

Failures = dict[str, KafkaToolError]


class DeleteGroups(NamedTuple):
    """Deletes these groups, None: all; with `internal_topics` also the topics that the applications made."""

    target: Brokers
    groups: Sequence[str] | None
    internal_topics: bool
    yes: bool
    seconds: float


class DeleteOffsets(NamedTuple):
    """Deletes what a group committed in these topics (`orders:0,2`; None: in all its input topics)."""

    target: Brokers
    group: str
    topics: Sequence[str] | None
    seconds: float


class ResetOffsets(NamedTuple):
    """Resets groups (None: all) in these topics (`orders:0,2`; None: all input topics) to the goal.

    With `execute` the internal topics that are named, or `all_internal_topics`, are deleted.
    """

    target: Brokers
    groups: Sequence[str] | None
    topics: Sequence[str] | None
    goal: Goal
    execute: bool
    export: bool
    internal_topics: Sequence[str]
    all_internal_topics: bool
    seconds: float


class GroupRow(NamedTuple):
    """Whether one group was deleted (`error` says why not), and which of its internal topics."""

    group: str
    error: str | None
    deleted_topics: tuple[str, ...]


def delete(request: DeleteGroups) -> Report:
    """Delete the groups; what fails does not keep the others. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.streams_groups import open_streams_groups

    with open_streams_groups(request.target, request.seconds) as groups:
        listed, missed = groups.listed()
        there = {each.group: each for each in listed}
        names = list(there) if request.groups is None else list(dict.fromkeys(request.groups))
        # preAdminCallChecks (4.4): what the list of groups rules out is not asked for.
        failed = {name: error for name in names if (error := _why_not(name, there.get(name)))}
        wanted = [name for name in names if name not in failed]
        if len(wanted) > 1 and not request.yes and not confirmed(f"Delete {count(len(wanted), 'streams group')}?"):
            raise KafkaToolError("Nothing was deleted.", "--yes deletes several groups without a question.")
        # Looked up before the groups are gone, which alone know them.
        topics = _own_topics(groups, wanted) if request.internal_topics and wanted else {}
        found = groups.delete(wanted) if wanted else {}
        failed |= {name: error for name, error in found.items() if error is not None}
        done = [name for name in wanted if name not in failed]
        gone = {name: _deleted_topics(groups, topics[name]) for name in done if topics.get(name)}
    rows = [
        GroupRow(name, as_java_prints(failed[name]) if name in failed else None, tuple(topics.get(name, ())))
        for name in names
    ]
    # The group is gone by now, and its topics that are left are told one reason a group.
    kept = {name: next(iter(errors.values())) for name, errors in gone.items() if errors}
    return Report(
        rows=rows,
        columns={"group": "Group", "error": "Error", "deleted_topics": "Deleted topics"},
        plain=[*deleted_lines("streams groups", done, failed, end="."), *_topics_lines(list(gone), kept)],
        notes=missing_notes(missed),
        status=int(bool(failed or missed or kept)),
    )


def _why_not(name: str, group: GroupListing | None) -> KafkaToolError | None:
    """Return why a group is not to be deleted, as Apache's tool says before it asks for it."""
    if group is None:
        unknown = f"Group '{name}' does not exist or is not a streams group."
        return KafkaToolError(f"java.lang.IllegalArgumentException: {unknown}")
    # Where a listing has no state the broker that is to delete the group decides.
    if group.state in (EMPTY, ""):
        return None
    if group.state == DEAD:
        return KafkaToolError(f"java.lang.IllegalStateException: Streams group '{name}' group state is DEAD.")
    return BrokerError(NON_EMPTY_GROUP, f"Streams group '{name}' is not EMPTY.")


def _own_topics(groups: "BrokerStreamsGroups", names: Sequence[str]) -> dict[str, list[str]]:
    """Return the internal topics of each group that are there. Raises KafkaToolError where one is not known."""
    there = groups.offsets.partitions()
    found = {}
    for name, group in groups.described(names).items():
        if isinstance(group, KafkaToolError):
            raise group
        # The topology names changelogs and repartition topics, also those that no instance has made yet.
        found[name] = [topic for topic in group.own_topics if topic in there]
    return found


def _deleted_topics(groups: "BrokerStreamsGroups", topics: Sequence[str]) -> Failures:
    """Delete topics; return what failed."""
    found = groups.topics.delete_topics(topics) if topics else {}
    return {topic: error for topic, error in found.items() if error is not None}


def _topics_lines(groups: Sequence[str], failed: Mapping[str, KafkaToolError]) -> Iterator[str]:
    if failed:
        yield "Deletion of some associated internal topics failed:"
        for name, error in failed.items():
            yield (
                f"* Internal topics of the streams group '{name}' could not be deleted due to: {as_java_prints(error)}"
            )
    elif groups:
        names = "', '".join(hash_order(groups, 16))
        yield f"Deletion of associated internal topics of the streams groups ('{names}') was successful."


def delete_offsets(request: DeleteOffsets) -> Report:
    """Delete what the group committed in the topics. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.streams_groups import open_streams_groups

    name = request.group
    found: Results = {}
    head: KafkaToolError | None = None
    with open_streams_groups(request.target, request.seconds) as groups:
        [group] = groups.described([name]).values()
        # What is not there is told by topic (WHOLE), also where the group itself is not
        # known: the table of 4.4 has both.
        partitions, missing = _meant(groups, group, request)
        found |= {(topic, WHOLE): BrokerError(UNKNOWN_TOPIC_OR_PARTITION) for topic in missing}
        try:
            if isinstance(group, KafkaToolError):
                raise group
            done = groups.delete_offsets(group, partitions) if partitions else {}
            found |= {(each.topic, each.partition): error for each, error in done.items()}
        except BrokerError as error:
            head = error
            found |= dict.fromkeys(((each.topic, each.partition) for each in partitions), error)
    return offsets_report(name, found, head)


def _meant(
    groups: "BrokerStreamsGroups", group: StreamsGroup | KafkaToolError, request: DeleteOffsets
) -> tuple[list[TopicPartition], list[str]]:
    """Return the partitions that are meant, and the topics that are not there."""
    if request.topics is None:
        return ([] if isinstance(group, KafkaToolError) else _input_partitions(groups, group)), []
    there = groups.offsets.partitions()
    wanted: dict[TopicPartition, None] = {}
    missing = []
    for topic, numbers in map(parse_partitions, request.topics):
        if numbers is None and topic not in there:
            missing.append(topic)
        # Partitions that are named are not checked: the coordinator answers for each of them.
        wanted |= dict.fromkeys(TopicPartition(topic, each) for each in (numbers or there.get(topic, ())))
    return list(wanted), missing


def _input_partitions(groups: "BrokerStreamsGroups", group: StreamsGroup) -> list[TopicPartition]:
    """Return the partitions of the group's input topics that it has committed. Raises KafkaToolError."""
    committed = groups.committed([group.group])[group.group]
    if isinstance(committed, KafkaToolError):
        raise committed
    return sorted(each for each in committed if each.topic in group.input_topics)


def reset(request: ResetOffsets) -> Report:
    """Plan the new offsets of each group and, with `execute`, commit them. Raises KafkaToolError.

    Nothing is changed before all is planned. A group is reset in one request; one that has members is left alone.
    """
    from kafka_tools.brokers.streams_groups import open_streams_groups

    told: list[str] = []
    planned: dict[str, tuple[dict[TopicPartition, int], Mapping[TopicPartition, int]]] = {}
    with open_streams_groups(request.target, request.seconds) as groups:
        names = list(request.groups) if request.groups is not None else every(groups, "No offset was changed.")
        of_file = None if request.goal.from_file is None else read_plan(request.goal.from_file, sorted(set(names)))
        plan = Plan(groups, request.goal, names, of_file, names_partitions=True)
        for name, group in groups.described(names).items():
            # A group that is not there counts as DEAD and may be reset; any other failure ends all before a change.
            if isinstance(group, KafkaToolError) and not _is_missing(group):
                raise group
            state = group.state if isinstance(group, StreamsGroup) else DEAD
            if state not in (EMPTY, DEAD):
                inactive = f"Assignments can only be reset if the group '{name}' is inactive"
                told.append(f"{inactive}, but the current state is {state}.")
                continue
            new, current = plan.of(name, _topics(groups, group, request))
            # filterExistingGroupTopics (4.4): a topic that the group never committed for is no input topic of it. The
            # whole group is left out then. Offsets of a file are taken as they are.
            if of_file is None and not new.keys() <= current.keys():
                told.append(f"One or more topics are not part of the group '{name}'.")
                new = {}
            planned[name] = (new, current)
        partitions = sorted({each for new, _ in planned.values() for each in new})
        logs = groups.offsets.logs(partitions, request.seconds)[0] if partitions else {}
        told += [f"{each}." for each in plan.missing]
        if request.execute:
            told += _carried_out(groups, request, planned)
    rows = [
        NewOffset(name, *each, current.get(each), new[each])
        for name, (new, current) in planned.items()
        for each in partition_order(new)
    ]
    shown = [reset_row(row, logs.get(TopicPartition(row.topic, row.partition), UNKNOWN)) for row in rows]
    # As isSingleGroupQuery (4.4) counts --group; a single group that --all-groups finds has its name in the file.
    lines = exported(rows, len(request.groups or ()) == 1) if request.export else reset_lines(rows)
    return Report(
        rows=shown,
        columns=RESET_COLUMNS,
        plain=[
            *(line for words in plan.warnings for line in ("", words)),
            *(line for words in told for line in ("", f"Error: {words}")),
            *lines,
        ],
        tables=lambda: [reset_table(shown, request.execute)],
        told=(*plan.warnings, *told),
        status=int(bool(told)),
    )


def _is_missing(error: KafkaToolError) -> bool:
    return isinstance(error, BrokerError) and error.code == GROUP_ID_NOT_FOUND


def _topics(
    groups: "BrokerStreamsGroups", group: StreamsGroup | KafkaToolError, request: ResetOffsets
) -> Sequence[str]:
    """Return the topics that are meant, with their partitions: `orders:0,2`."""
    if request.topics is not None:
        return request.topics
    if isinstance(group, KafkaToolError):  # Apache's tool asks for its topology, and fails
        raise group
    return [f"{each.topic}:{each.partition}" for each in _input_partitions(groups, group)]


def _carried_out(
    groups: "BrokerStreamsGroups",
    request: ResetOffsets,
    planned: Mapping[str, tuple[Mapping[TopicPartition, int], object]],
) -> Iterator[str]:
    """Commit the offsets of each group and delete its internal topics; yield what failed."""
    # Looked up for all groups before the first commit: a topology that is not known stops it with nothing changed.
    own = _own_topics(groups, list(planned)) if request.all_internal_topics and planned else {}
    for name, (new, _) in planned.items():
        try:
            # Offsets first, then the topics: an application whose state is gone and whose offsets stayed
            # would start with wrong sums.
            groups.consumers.commit(name, new)
        except KafkaToolError as error:
            yield f"Group '{name}' was not reset: {as_java_prints(error)}"
            continue
        topics = own.get(name, ()) if request.all_internal_topics else request.internal_topics
        failed = _deleted_topics(groups, topics)
        # One topic that is not there gives this sentence, whatever became of the others, as 4.4 has it.
        if any(isinstance(each, BrokerError) and each.code == UNKNOWN_TOPIC_OR_PARTITION for each in failed.values()):
            yield f"Deleting internal topics for group '{name}' failed because the topics do not exist."
        elif failed:
            reasons = "; ".join(f"{topic}: {as_java_prints(error)}" for topic, error in failed.items())
            yield f"Deleting internal topics for group '{name}' failed due to {reasons}"
