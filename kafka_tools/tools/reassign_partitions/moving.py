"""Begins, follows and ends moves of partitions: `--execute`, `--verify` and `--cancel`."""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import UNKNOWN_TOPIC_OR_PARTITION, BrokerError, KafkaToolError, as_java_prints
from kafka_tools.model.configs import Entity
from kafka_tools.model.java_hash_order import hash_order, keys_in_hash_order
from kafka_tools.model.reassignments import (
    Placement,
    Replica,
    Replicas,
    Wanted,
    check_wanted,
    moves,
    parse_wanted,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.report import Report
from kafka_tools.tools.reassign_partitions.reading import check_topics
from kafka_tools.tools.reassign_partitions.throttles import (
    MOVING,
    Rates,
    clear_throttles,
    leave_no_throttle,
    set_throttles,
)
from kafka_tools.tools.reassign_partitions.told import (
    EXISTING,
    INTERRUPTED,
    NO_DIR_MOVES,
    VERIFY,
    MoveRow,
    Told,
    by_broker,
    dir_state,
    ids,
    partition_state,
    plural,
    text_of,
)

if TYPE_CHECKING:
    from kafka_tools.brokers.reassignments import BrokerReassignments

PAUSE_SECONDS = 0.1
"""How long it is waited before brokers are asked again to take a replica into a directory (3.9)."""


class Execute(NamedTuple):
    """Begins to move what a document says; with `additional` also while others move.

    Brokers are given `seconds` to begin with directories.
    """

    target: Brokers
    document: str
    rates: Rates
    additional: bool
    seconds: float


class Verify(NamedTuple):
    """Asks how far the moves of a document are; throttles are taken away where nothing moves, unless `preserves`."""

    target: Brokers
    document: str
    preserves: bool


class Cancel(NamedTuple):
    """Ends the moves of a document, and takes throttles away unless `preserves`."""

    target: Brokers
    document: str
    preserves: bool
    seconds: float


def execute(request: Execute) -> Report:
    """Begin the moves. Raises KafkaToolError before anything is changed; what fails later stands in the report."""
    from kafka_tools.brokers.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    after = check_wanted(wanted)
    told = Told()
    with open_reassignments(request.target) as reassignments:
        ongoing = reassignments.ongoing()
        if ongoing and not request.additional:
            told.say(EXISTING)
            return told.report(status=1)
        # Before the partitions, as in executeAssignment: where both are wrong, scripts see the broker.
        _check_brokers(reassignments, after)
        before = _current(reassignments, after)
        # Shown before anything is changed, whatever comes then: it may be the only copy of it.
        told.show_way_back(before)
        limits, is_begun = request.rates.limits, False
        try:
            # Throttles first: copies that begin without one would fill the network before it is there.
            if limits:
                told.say(VERIFY)
                dir_brokers = {each.broker for each in wanted.log_dirs}
                for line in set_throttles(reassignments, request.rates, moves(ongoing, after, before), dir_brokers):
                    told.line(line)
            # False where the controller refused any partition. Some may have begun nevertheless.
            is_begun = _start(reassignments, before, after, told)
            if is_begun:
                return _move_dirs(reassignments, wanted.log_dirs, request.seconds, told)
            status = 1
        except KafkaToolError as error:
            told.failure, status = error, 1
        # Caught here, as throttles are to be taken away and the way back is to be shown; the status is that of Ctrl-C.
        except KeyboardInterrupt:
            status = INTERRUPTED
        # Something failed behind the beginning, in directories: the throttles are still needed.
        if limits and is_begun:
            told.notes.append(MOVING)
        elif limits:
            leave_no_throttle(told, reassignments.ongoing, lambda: _clear(reassignments, wanted))
    return told.report(status)


def _check_brokers(reassignments: "BrokerReassignments", after: Placement) -> None:
    there = {each.broker for each in reassignments.brokers()}
    # verifyBrokerIds looks through a HashSet, and names the first that is unknown.
    asked = keys_in_hash_order({broker for replicas in after.values() for broker in replicas}, 16, int)
    unknown = [broker for broker in asked if broker not in there]
    if unknown:
        raise KafkaToolError(f"Unknown broker id {unknown[0]}")


def _current(reassignments: "BrokerReassignments", after: Placement) -> dict[TopicPartition, Replicas]:
    """Return where the partitions are now. Raises KafkaToolError, as Java prints it, for one that is not there."""
    topics = tuple(dict.fromkeys(name.topic for name in after))
    there = reassignments.placement(topics)
    check_topics(there, topics)
    absent = [text_of(name) for name in after if name not in there]
    if absent:
        error = BrokerError(UNKNOWN_TOPIC_OR_PARTITION, f"Unable to find partition: {', '.join(absent)}")
        raise KafkaToolError(as_java_prints(error))
    return {name: there[name] for name in after}


def _start(reassignments: "BrokerReassignments", before: Placement, after: Placement, told: Told) -> bool:
    """Begin the moves; tell whether none was refused."""
    # One request for all of them, in which each partition has its own error.
    errors = reassignments.reassign(after)
    for name in sorted(after):
        error = errors.get(name)
        state = "failed" if error else "started"
        told.rows.append(
            MoveRow(*name, None, ids(before[name]), ids(after[name]), state, error.message if error else None)
        )
    if errors:
        told.line("Error reassigning partition(s):")
        told.lines += [f"{text_of(name)}: {errors[name].message}" for name in sorted(errors)]
        # Apache's tool is silent of those that began.
        if len(errors) < len(after):
            told.notes.append(
                f"{len(after) - len(errors)} of {len(after)} were started: --verify tells how far they are."
            )
        return False
    names = ",".join(map(text_of, sorted(after)))
    told.line(f"Successfully started partition reassignment{plural(after)} for {names}")
    return True


def _move_dirs(
    reassignments: "BrokerReassignments", wanted: Mapping[Replica, str], seconds: float, told: Told
) -> Report:
    """Ask brokers to move replicas to directories, again and again until each has begun or `seconds` are over."""
    left, deadline = dict(wanted), monotonic() + seconds
    while left:
        # A broker without the replica keeps the directory in mind, to make the replica there, but answers with an error
        # (ReplicaManager.alterReplicaLogDirs 3.9): it is asked again until it has the replica.
        begun = reassignments.move_dirs(left)
        for each in sorted(begun, key=by_broker):
            path = left.pop(each)
            told.rows.append(MoveRow(*each, "", path, "started"))
            told.line(
                f"Successfully started moving log directory to {path} for replica {each.topic}-{each.partition} with "
                f"broker {each.broker} "
            )
        if left and monotonic() >= deadline:
            names = ",".join(map(str, sorted(left, key=by_broker)))
            told.say(f"Timed out before log directory move{plural(left)} could be started for: {names}")
            return told.report(status=1)
        if left:
            sleep(PAUSE_SECONDS)
    return told.report()


def verify(request: Verify) -> Report:
    """Return how far the moves are; status 1 where something is neither done nor being moved.

    Raises KafkaToolError where the cluster does not tell.
    """
    from kafka_tools.brokers.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    told = Told()
    with open_reassignments(request.target) as reassignments:
        ongoing = reassignments.ongoing()
        # Those that move stand in `ongoing` with their replicas: only the rest is asked for.
        now = reassignments.placement({name.topic for name, _ in wanted.partitions if name not in ongoing})
        now |= {name: each.replicas for name, each in ongoing.items()}
        told.line("Status of partition reassignment:")
        told.show_states(
            partition_state(name, now.get(name, ()), replicas, name in ongoing)
            # dict: of a partition that stands in the file twice the last entry counts. --execute
            # refuses it, --verify does not.
            for name, replicas in sorted(dict(wanted.partitions).items())
        )
        dirs = reassignments.dirs(wanted.log_dirs)
        states = [dir_state(each, dirs[each], wanted.log_dirs[each]) for each in sorted(dirs, key=by_broker)]
        told.show_states(states)
        # Apache's tool prints the empty text of no directories as a line of its own.
        if not states:
            told.line("")
        # Of the whole cluster, not of this file: its throttles may be those of another's moves.
        moving = bool(ongoing) or any(row.state == "in-progress" for row, _ in states)
        status = told.note_undone()
        if not moving and not request.preserves:
            _clear(reassignments, wanted, told)
    return told.report(status)


def cancel(request: Cancel) -> Report:
    """End the moves. Raises KafkaToolError before anything is changed; what fails later stands in the report."""
    from kafka_tools.brokers.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    told = Told()
    with open_reassignments(request.target) as reassignments:
        ongoing = reassignments.ongoing()
        # A partition of the file that does not move has nothing to be ended.
        moving = sorted(name for name in wanted.names if name in ongoing)
        try:
            errors = reassignments.cancel(moving) if moving else {}
            told.rows += [
                MoveRow(*name, None, ids(ongoing[name].replicas), "", "failed" if name in errors else "cancelled")
                for name in moving
            ]
            if errors:
                told.line(f"Error cancelling partition reassignment{plural(errors)} for:")
                told.lines += [f"{text_of(name)}: {errors[name].message}" for name in sorted(errors)]
                return told.report(status=1)
            if moving:
                names = ",".join(map(text_of, moving))
                told.line(f"Successfully cancelled partition reassignment{plural(moving)} for: {names}")
            else:
                told.say("None of the specified partition reassignments are active.")
            dirs = reassignments.dirs(wanted.log_dirs)
            # A copy between directories is ended by asking for the directory in which the replica is.
            back = {each: found.current for each, found in dirs.items() if found.future and found.current}
            if back:
                report = _move_dirs(reassignments, back, request.seconds, told)
                if report.status:
                    return report
            else:
                # System.out.print in cancelAssignment (3.9): "Clearing broker-level
                # throttles" follows on the same line.
                told.begin_line(NO_DIR_MOVES)
            if not request.preserves:
                _clear(reassignments, wanted, told)
        except KafkaToolError as error:
            told.failure = error
    return told.report()


def _clear(
    reassignments: "BrokerReassignments", wanted: Wanted, told: Told | None = None
) -> dict[Entity, KafkaToolError]:
    """Take all throttles away: nobody knows any more from which brokers partitions came. Return those that stay."""
    brokers = {each.broker for each in reassignments.brokers()}
    brokers |= {broker for _, replicas in wanted.partitions for broker in replicas}
    # Both are sets of Java, printed as they come (clearAllThrottles 3.9).
    in_order = keys_in_hash_order(sorted(brokers), 16, int)
    topics = hash_order(dict.fromkeys(name.topic for name in wanted.names), 16)
    if told:
        told.begin_to_clear(in_order, topics)
    failures = clear_throttles(reassignments, in_order, topics)
    if told and failures:
        told.tell_left(failures)
    return failures
