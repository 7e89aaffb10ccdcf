"""Resets share groups and deletes them and their offsets: `--reset-offsets | --delete | --delete-offsets`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from kafka_tools.errors import (
    GROUP_ID_NOT_FOUND,
    NON_EMPTY_GROUP,
    BrokerError,
    KafkaToolError,
    UsageError,
    as_java_prints,
)
from kafka_tools.model.groups import DEAD, EMPTY, UNKNOWN, Goal, GroupListing, NewOffset, missing_notes
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.render.questions import confirmed
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups.deleting import (
    OF_THE_GROUP,
    DeleteGroups,
    DeleteOffsets,
    GroupRow,
    deleted_report,
    rehearsed_report,
)
from kafka_tools.tools.consumer_groups.resetting import (
    RESET_COLUMNS,
    Plan,
    exported,
    newer_reset_lines,
    read_plan,
    reset_row,
    reset_table,
)


class ResetOffsets(NamedTuple):
    """Resets a group in these topics (`orders:0,2`; None: all that it has read) to the goal."""

    target: Brokers
    group: str
    topics: Sequence[str] | None
    goal: Goal
    execute: bool
    export: bool
    seconds: float


class TopicRow(NamedTuple):
    """Whether the offsets of a group in one topic were deleted; `error` says why not."""

    group: str
    topic: str
    error: str | None


def delete(request: DeleteGroups) -> Report:
    """Delete the groups; what fails does not keep the others. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.share_groups import open_share_groups

    with open_share_groups(request.target, request.seconds) as groups:
        # deleteShareGroups (4.4) looks at the list first: a group with members, or of another type, never reaches
        # DeleteGroups. Of `missed` brokers' groups nothing is known, and they are left alone.
        listed, missed = groups.listed()
        there = {each.group: each for each in listed}
        names = list(there) if request.groups is None else list(dict.fromkeys(request.groups))
        failed = {name: error for name in names if (error := _why_not(name, there.get(name)))}
        wanted = [name for name in names if name not in failed]
        if request.dry_run:
            rows = [GroupRow(name, None) for name in wanted]
            rows += [GroupRow(name, error.message) for name, error in failed.items()]
            return rehearsed_report("share group", rows, missing_notes(missed))
        if len(wanted) > 1 and not request.yes and not confirmed(f"Delete {count(len(wanted), 'share group')}?"):
            raise KafkaToolError("Nothing was deleted.", "--yes deletes several groups without a question.")
        # The broker looks again: a member that joined since the list was made keeps its group (NON_EMPTY_GROUP).
        found = groups.delete(wanted) if wanted else {}
    return deleted_report(
        "share groups", {name: failed.get(name) or found[name] for name in names}, notes=missing_notes(missed)
    )


def _why_not(name: str, group: GroupListing | None) -> KafkaToolError | None:
    """Return why a group is not to be deleted, as Apache's tool says before it asks for it."""
    if group is None:
        return BrokerError(GROUP_ID_NOT_FOUND, f"Group '{name}' is not a share group.")
    if group.state in (EMPTY, ""):
        return None
    if group.state == DEAD:
        return KafkaToolError(f"java.lang.IllegalStateException: Share group '{name}' group state is DEAD.")
    return BrokerError(NON_EMPTY_GROUP, f"Share group '{name}' is not EMPTY.")


def delete_offsets(request: DeleteOffsets) -> Report:
    """Delete how far the group is in the topics. Raises KafkaToolError where no broker answers."""
    from kafka_tools.brokers.share_groups import open_share_groups

    topics = sorted(set(request.topics))
    told: list[str] = []
    with open_share_groups(request.target, request.seconds) as groups:
        if request.dry_run:
            # A share group has one start offset a partition, and DeleteShareGroupOffsets takes whole topics.
            return _rehearsed_offsets(request.group, topics, groups.progress([request.group])[request.group])
        found: Mapping[str, KafkaToolError | None]
        try:
            found = groups.delete_offsets(request.group, topics)
        except BrokerError as error:
            found = dict.fromkeys(topics, error)
            # Errors of the group are told in their own words, others with a prefix and their class (deleteOffsets 4.4).
            unknown = "" if error.code in OF_THE_GROUP else "Encounter some unknown error: "
            told.append(f"{unknown}{as_java_prints(error) if unknown else error.message}")
    return Report(
        rows=[TopicRow(request.group, topic, _message(found.get(topic))) for topic in topics],
        columns={"group": "Group", "topic": "Topic", "error": "Error"},
        plain=[*(line for each in told for line in ("", f"Error: {each}")), *_topic_lines(topics, found)],
        told=told,
        status=int(bool(told) or any(found.values())),
    )


def _message(error: KafkaToolError | None) -> str | None:
    return None if error is None else error.message


def _topic_lines(topics: Sequence[str], found: Mapping[str, KafkaToolError | None]) -> Iterator[str]:
    layout = f"%-{max([15, *map(len, topics)])}s %s"
    yield ""
    yield layout % ("TOPIC", "STATUS")
    for topic in topics:
        error = found.get(topic)
        yield layout % (topic, "Successful" if error is None else f"Error: {error.message}")


def _rehearsed_offsets(
    group: str, topics: Sequence[str], found: Mapping[TopicPartition, object] | KafkaToolError
) -> Report:
    if isinstance(found, KafkaToolError):
        raise found
    known = {each.topic for each in found}
    kept = [topic for topic in topics if topic in known]
    return Report(
        rows=[TopicRow(group, topic, None) for topic in kept],
        columns={"group": "Group", "topic": "Topic"},
        plain=[f"Would delete the offsets of share group {group} in topic {topic}." for topic in kept]
        or [f"Would delete nothing: share group {group} has no offsets there."],
    )


def reset(request: ResetOffsets) -> Report:
    """Plan the new offsets of the group and, with `execute`, set them, all in one request. Raises KafkaToolError.

    A group that has members is left alone.
    """
    from kafka_tools.brokers.share_groups import open_share_groups

    name = request.group
    with open_share_groups(request.target, request.seconds) as groups:
        of_file = None if request.goal.from_file is None else read_plan(request.goal.from_file, [name])
        plan = Plan(groups, request.goal, [name], of_file, names_partitions=True)
        [group] = groups.described([name]).values()
        is_missing = isinstance(group, BrokerError) and group.code == GROUP_ID_NOT_FOUND
        if isinstance(group, KafkaToolError):
            if not is_missing:
                raise group
        # ShareGroupCommand.resetOffsets (4.4) sets the offsets of a group that does not exist, too.
        elif group.state not in (EMPTY, DEAD):
            raise UsageError(f"Share group '{name}' is not empty.")
        new, current = plan.of(name, request.topics)
        logs = groups.offsets.logs(sorted(new), request.seconds)[0] if new else {}
        if request.execute:
            groups.commit(name, new)
    rows = [NewOffset(name, *each, current.get(each), new[each]) for each in partition_order(new)]
    told = [*plan.warnings, *(f"Error: {each}." for each in plan.missing)]
    # There is always one group here, and its name is not in the file.
    lines = exported(rows, True) if request.export else newer_reset_lines(rows)
    shown = [reset_row(row, logs.get(TopicPartition(row.topic, row.partition), UNKNOWN)) for row in rows]
    return Report(
        rows=shown,
        columns=RESET_COLUMNS,
        plain=[*(line for words in told for line in ("", words)), *lines],
        tables=lambda: [reset_table(shown, request.execute)],
        told=told,
        status=int(bool(plan.missing)),
    )
