"""`ktools streams-application-reset`: kafka-streams-application-reset.sh.

Source: org.apache.kafka.tools.StreamsResetter, Kafka 3.9 and 4.4.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict
from kafka_tools.cli.options import ACTION, CHANGES, CLUSTER, option
from kafka_tools.errors import KafkaToolError, UsageError, as_java_prints
from kafka_tools.model.folders import read_text, unread
from kafka_tools.model.groups import ConsumerGroup
from kafka_tools.model.java_hash_order import hash_order, partition_order
from kafka_tools.model.java_times import datetime_of_java, duration_of_java
from kafka_tools.model.offsets import EARLIEST, LATEST, Offset
from kafka_tools.model.streams_groups import internal_topics
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.brokers.streams_groups import BrokerStreamsGroups

SCENARIOS = ("to_offset", "to_datetime", "by_duration", "to_earliest", "to_latest", "from_file", "shift_by")
"""Where offsets are reset to, in the order in which Apache's tool refuses two of them."""

OF_KAFKA = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""Topics that a list of all topics leaves out (Java's ListTopicsOptions)."""

# As long as Apache's tool waits for the deletion of each topic (StreamsResetter.doDelete).
SECONDS = 30.0
# What the brokers' logs say of members that were removed (KIP-800).
REASON = "ktools streams-application-reset --force"
INTERNAL_ONLY = (
    "Invalid topic specified in the --internal-topics option. Ensure that the topics specified are all internal "
    "topics. Do a dry run without the --internal-topics option to see the list of all internal topics that can be "
    "deleted."
)

Positions = dict[TopicPartition, int]


class Goal(NamedTuple):
    """Where the input topics are read from again; where nothing is set, from their beginning."""

    to_offset: int | None
    to_datetime: str | None
    by_duration: str | None
    to_latest: bool
    from_file: str | None
    shift_by: int | None


class ResetApplication(NamedTuple):
    """Resets an application: the offsets of its input topics, those of intermediate topics to their ends, and its
    internal topics (none: all that are found), which are deleted. `force` removes its members first."""

    target: Brokers
    application: str
    input_topics: tuple[str, ...]
    intermediate_topics: tuple[str, ...]
    internal_topics: tuple[str, ...]
    goal: Goal
    force: bool
    dry_run: bool


class PositionRow(NamedTuple):
    """What happens to a topic, or to a partition of it: `action` is reset, seek-to-end or delete."""

    action: str
    topic: str
    partition: int | None
    current_offset: int | None
    new_offset: int | None


COLUMNS = {
    "action": "Action",
    "topic": "Topic",
    "partition": "Partition",
    "current_offset": "Current",
    "new_offset": "New",
}


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (StreamsResetterOptions)."""
    if "application_id" not in given:
        raise UsageError("Missing required option(s) [application-id]")
    # StreamsResetterOptions checks each against all others in turn, so that the message names the first one of this
    # order first.
    for name in SCENARIOS:
        other = next((each for each in SCENARIOS if each != name and each in given), None)
        if name in given and other is not None:
            raise conflict(name, other)


@click.command(
    "streams-application-reset",
    cls=ToolCommand,
    help="""Reset an application of Kafka Streams, so that it processes its input from scratch.

Its group goes on from the beginning of its input topics, or from elsewhere, and its internal topics are deleted. Stop
all its instances first, and delete their local state (KafkaStreams#cleanUp) afterwards. --dry-run shows what would be
done.""",
    check=check,
    error_style=ErrorStyle("ERROR: "),
)
@options.bootstrap_server
@option(
    CLUSTER,
    "--bootstrap-servers",
    type=types.BOOTSTRAP_SERVER,
    help="The older name of --bootstrap-server, which wins.",
)
@options.command_config
@option(CLUSTER, "--config-file", type=types.FILE, help="The older name of --command-config, which wins.")
@options.client_settings
@options.wait
@option(ACTION, "--application-id", type=types.STREAMS_GROUP, help="The application, application.id: its group's name.")
@option(
    ACTION,
    "--input-topics",
    type=types.Sent("TOPIC[,…]", "topic"),
    multiple=True,
    help="The topics that others write and the application reads; may be repeated.",
)
@option(
    ACTION,
    "--intermediate-topics",
    type=types.Sent("TOPIC[,…]", "topic"),
    multiple=True,
    help="Topics that the application writes and reads, of Kafka before 2.8: it goes on from their ends.",
)
@option(
    ACTION,
    "--internal-topics",
    type=types.Sent("TOPIC[,…]", "topic"),
    multiple=True,
    help="Delete only these internal topics. Default: all whose names say that they are the application's.",
)
@option(CHANGES, "--to-earliest", help="Go on from the oldest record, which is the default.")
@options.goals("--to-earliest", "--to-current", "--from-file")
@option(CHANGES, "--from-file", type=types.FILE, help="Go on from the offsets in a file: TOPIC,PARTITION,OFFSET.")
@option(CHANGES, "--force", help="Remove the members of the group first, as if they had left.")
@option(CHANGES, "--dry-run", help="Only show what would be done.")
@option(CHANGES, "--yes", help="Go on without a question, also on a protected cluster.")
def command(
    *,
    bootstrap_server: str | None,
    bootstrap_servers: str | None,
    command_config: str | None,
    config_file: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    application_id: str,
    input_topics: tuple[str, ...],
    intermediate_topics: tuple[str, ...],
    internal_topics: tuple[str, ...],
    to_earliest: bool,  # noqa: ARG001  the default
    to_latest: bool,
    to_offset: int | None,
    shift_by: int | None,
    to_datetime: str | None,
    by_duration: str | None,
    from_file: str | None,
    force: bool,
    dry_run: bool,
    yes: bool,
) -> Report:
    """Choose the cluster, and reset the application there."""
    goal = Goal(to_offset, to_datetime, by_duration, to_latest, from_file, shift_by)
    target = settings.choose_brokers(
        bootstrap_server or bootstrap_servers, command_config or config_file, client_settings, wait or 0.0
    )
    if not dry_run:
        target = check_change(target, yes)
    inputs, intermediates, internals = map(_topics, (input_topics, intermediate_topics, internal_topics))
    return reset(ResetApplication(target, application_id, inputs, intermediates, internals, goal, force, dry_run))


def _topics(values: Sequence[str]) -> tuple[str, ...]:
    # Split and repeated alike: joptsimple's withValuesSeparatedBy(',').
    return tuple(topic for value in values for topic in value.split(","))


def reset(request: ResetApplication) -> Report:
    """Plan all, then commit offsets and delete topics, unless it is a dry run. Raises KafkaToolError.

    Where something cannot be found out nothing is changed. A topic that is not there is told, and is status 1.
    """
    from kafka_tools.brokers.streams_groups import open_streams_groups

    with open_streams_groups(request.target, SECONDS) as groups:
        group = _group(groups, request)
        # All of it is known before the first change: what cannot be found out leaves the group and its topics as they
        # are. Apache's tool finds a wrong --internal-topics when offsets are committed already.
        plan = Plan(groups, request)
        if not request.dry_run:
            # First the members: brokers take no offsets for a group that has some.
            if group.members:
                groups.remove_members(group, REASON)
            # Then offsets, topics last: what is committed can be committed once more, a deletion is for good.
            groups.consumers.commit(request.application, plan.positions)
            failed = {
                topic: error
                for topic, error in (groups.topics.delete_topics(plan.deleted) if plan.deleted else {}).items()
                if error is not None
            }
            if failed:
                raise _not_deleted(failed)
    removed = f"Force deleting all active members in the group: {request.application}"
    rehearsed = "----Dry run displays the actions which will be performed when running Streams Reset Tool----"
    # Apache's tool (4.4) removes members in a dry run, too.
    stay = [f"{count(len(group.members), 'member')} would be removed first."] if request.dry_run else []
    return Report(
        rows=plan.rows(),
        columns=COLUMNS,
        plain=[*([rehearsed] if request.dry_run else [removed] if group.members else []), *plan.lines],
        notes=stay if group.members else [],
        status=int(bool(plan.missing)),
    )


def _group(groups: "BrokerStreamsGroups", request: ResetApplication) -> ConsumerGroup:
    """Return the application's group. Raises KafkaToolError where it has members that nobody wants to remove."""
    # A group that is not there comes as one without members: it may have lost its offsets, and its topics are still
    # there.
    [group] = groups.consumers.described([request.application]).values()
    if isinstance(group, KafkaToolError):
        raise group
    if group.members and not request.force:
        named = ", ".join(f"{each.client_id} at {each.host}" for each in group.members)
        raise KafkaToolError(
            f"java.lang.IllegalStateException: Consumer group '{group.group}' is still active and has following "
            f"members: [{named}]. Make sure to stop all running application instances before running the reset tool. "
            "You can use option '--force' to remove active members from the group."
        )
    return group


def _not_deleted(failed: Mapping[str, KafkaToolError]) -> KafkaToolError:
    reasons = "; ".join(f"{topic}: {as_java_prints(error)}" for topic, error in failed.items())
    return KafkaToolError(
        f"java.lang.RuntimeException: Encountered an error deleting one or more topics ({reasons})",
        "The offsets are reset, and all other internal topics are gone.",
    )


class Plan:
    """What is to be done for an application: `positions` to commit, topics to be `deleted`; `lines` are Apache's."""

    def __init__(self, groups: "BrokerStreamsGroups", request: ResetApplication) -> None:
        """Find it out. Raises KafkaToolError."""
        self._request = request
        self._offsets = groups.offsets
        self.lines: list[str] = []
        self.missing: list[str] = []
        self.positions: Positions = {}
        self._ends: Positions = {}
        self._there = groups.offsets.partitions()
        committed = groups.committed([request.application])[request.application]
        if isinstance(committed, KafkaToolError):
            raise committed
        self._committed = committed
        self._reset()
        # After the offsets, as the lines of both stand in this order.
        self.deleted = self._internal()

    def rows(self) -> Iterator[PositionRow]:
        """Yield what happens to each partition, then to each topic that is deleted."""
        for each, offset in self.positions.items():
            action = "seek-to-end" if each in self._ends else "reset"
            yield PositionRow(action, *each, self._committed.get(each), offset)
        yield from (PositionRow("delete", topic, None, None, None) for topic in self.deleted)

    def _reset(self) -> None:
        inputs, intermediates = self._request.input_topics, self._request.intermediate_topics
        if not inputs and not intermediates:
            self.lines.append("No input or intermediate topics specified. Skipping seek.")
            return
        if inputs:
            self.lines.append(f"Reset-offsets for input topics [{', '.join(inputs)}]")
        if intermediates:
            self.lines.append(f"Seek-to-end for intermediate topics [{', '.join(intermediates)}]")
        # With a blank behind the colon here and without one below: so StreamsResetter prints them.
        self._name_missing(inputs, "Following input topics are not found, skipping them", "Topic: ")
        self._name_missing(intermediates, "Following intermediate topics are not found, skipping them", "Topic:")
        if not any(topic in self._there for topic in (*inputs, *intermediates)):
            return
        wanted = self._partitions(inputs)
        if wanted:
            self.lines.append(
                f"Following input topics offsets will be reset to (for consumer group {self._request.application})"
            )
            found = self._planned(wanted)
            self.positions |= {each: found[each] for each in wanted}
            self.lines += [f"Topic: {each.topic} Partition: {each.partition} Offset: {found[each]}" for each in wanted]
        # A topic that is named as both is an input (isInputTopic is asked first).
        self._to_ends([each for each in self._partitions(intermediates) if each.topic not in inputs])
        self.lines.append("Done.")

    def _name_missing(self, topics: Sequence[str], heading: str, prefix: str) -> None:
        missing = [topic for topic in topics if topic not in self._there]
        if missing:
            self.lines += [heading, *(f"{prefix}{topic}" for topic in missing)]
            self.missing += missing

    def _partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        # A topic that is named twice is reset once, and the order is that of Java's HashSet of partitions.
        named = dict.fromkeys(topics)
        return partition_order(TopicPartition(topic, each) for topic in named for each in self._there.get(topic, ()))

    def _to_ends(self, partitions: Sequence[TopicPartition]) -> None:
        if not partitions:
            return
        self.lines.append(
            "Following intermediate topics offsets will be reset to end (for consumer group "
            f"{self._request.application})"
        )
        # A line for each partition, though it names only the topic, as Apache's tool does.
        self.lines += [f"Topic: {each.topic}" for each in partitions]
        self._ends = self._at(LATEST, partitions)
        self.positions |= self._ends

    def _planned(self, partitions: Sequence[TopicPartition]) -> Positions:
        goal = self._request.goal
        if goal.to_offset is not None:
            return self._within(dict.fromkeys(partitions, goal.to_offset))
        if goal.to_latest:
            return self._at(LATEST, partitions)
        if goal.shift_by is not None:
            ends = self._at(LATEST, partitions)
            # Without a committed offset Apache's consumer is at the end (auto.offset.reset is latest), and shifts from
            # there.
            return self._within({each: self._committed.get(each, ends[each]) + goal.shift_by for each in partitions})
        if goal.to_datetime is not None:
            return self._at_time(datetime_of_java(goal.to_datetime), partitions)
        if goal.by_duration is not None:
            now = int(1000 * datetime.now().timestamp())
            return self._at_time(now - duration_of_java(goal.by_duration), partitions)
        if goal.from_file is not None:
            return self._from_file(goal.from_file, partitions)
        return self._at(EARLIEST, partitions)

    def _from_file(self, path: str, partitions: Sequence[TopicPartition]) -> Positions:
        found = _read_plan(path)
        # Apache's tool ends with a NullPointerException for either.
        unknown = [each for each in partitions if each not in found]
        others = [each for each in found if each not in partitions]
        for what, each in (("has no offset for", unknown), ("has an offset for, and it is not reset:", others)):
            if each:
                raise KafkaToolError(f"{path} {what} {', '.join(f'{one.topic}-{one.partition}' for one in each)}")
        return self._within(found)

    def _at_time(self, time: int, partitions: Sequence[TopicPartition]) -> Positions:
        found = self._known(time, partitions)
        later = [each for each in partitions if found[each].offset is None]
        self.lines += [
            f"Partition {each.partition} from topic {each.topic} is empty, without a committed record. Falling back to "
            "latest known offset."
            for each in later
        ]
        ends = self._at(LATEST, later)
        return {each: ends[each] if offset.offset is None else offset.offset for each, offset in found.items()}

    def _within(self, wanted: Positions) -> Positions:
        """Return the offsets, those before the first or behind the last record moved there, as Apache's tool says."""
        first, last = self._at(EARLIEST, list(wanted)), self._at(LATEST, list(wanted))
        found: Positions = {}
        for each in partition_order(wanted):
            offset = wanted[each]
            found[each] = min(max(offset, first[each]), last[each])
            # Equal is called higher, and below lower, by checkOffsetRange (3.9).
            if offset >= last[each]:
                self.lines.append(
                    f"New offset ({offset}) is higher than latest offset. Value will be set to {last[each]}"
                )
            elif offset <= first[each]:
                self.lines.append(
                    f"New offset ({offset}) is lower than earliest offset. Value will be set to {first[each]}"
                )
        return found

    def _at(self, time: int, partitions: Sequence[TopicPartition]) -> Positions:
        return {each: offset.offset or 0 for each, offset in self._known(time, partitions).items()}

    def _known(self, time: int, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Offset]:
        """Return the offset at a time of each partition. Raises KafkaToolError where a leader does not tell."""
        found = {}
        for each, offset in self._offsets.at(time, partitions).items() if partitions else ():
            if isinstance(offset, KafkaToolError):
                raise KafkaToolError(f"{each.topic}-{each.partition}: {offset.message}", "Nothing was changed.")
            found[each] = offset
        return found

    def _internal(self) -> list[str]:
        """Return the internal topics that are to go. Raises KafkaToolError where one that is named is none."""
        request = self._request
        # The names come out of Java's HashMap, and the list of what is deleted keeps their order.
        known = hash_order((topic for topic in self._there if topic not in OF_KAFKA), 16)
        inferred = internal_topics(request.application, known, (*request.input_topics, *request.intermediate_topics))
        named = list(request.internal_topics)
        # Whatever is named, nothing is deleted that the application did not make for itself.
        if not set(named) <= set(inferred):
            raise KafkaToolError(f"java.lang.IllegalArgumentException: {INTERNAL_ONLY}")
        kind = "specified" if named else "inferred"
        self.lines += [f"Deleting {kind} internal topics [{', '.join(named or inferred)}]", "Done."]
        return named or inferred


def _read_plan(path: str) -> Positions:
    """Read TOPIC,PARTITION,OFFSET lines. Raises KafkaToolError in Apache's words for another line."""
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise unread(path, error, "java.io.IOException: ") from error
    if not text:
        raise KafkaToolError("java.text.ParseException: Error parsing reset plan CSV file. It is empty,")
    found: Positions = {}
    for line in text.rstrip("\n").split("\n"):
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 3 or not all(re.fullmatch(r"\d{1,18}", each, re.ASCII) for each in fields[1:]):
            raise KafkaToolError(
                "java.text.ParseException: Reset plan CSV file is not following the format `TOPIC,PARTITION,OFFSET`."
            )
        found[TopicPartition(fields[0], int(fields[1]))] = int(fields[2])
    return found
