"""Begins, follows and ends moves of partitions: `--execute`, `--verify` and `--cancel`."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import UNKNOWN_TOPIC_OR_PARTITION, BrokerError, KafkaToolError, as_java_prints
from kafka_tools.model.configs import BROKERS, TOPICS, ConfigChange, Entity
from kafka_tools.model.java_hash_order import hash_order, keys_in_hash_order
from kafka_tools.model.reassignments import (
    Move,
    Placement,
    Replica,
    ReplicaDirs,
    Replicas,
    Wanted,
    as_json,
    check_wanted,
    moves,
    moving_brokers,
    parse_wanted,
    throttled_replicas,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.report import Report
from kafka_tools.tools.reassign_partitions.reading import check_topics

if TYPE_CHECKING:
    from kafka_tools.brokers.reassignments import BrokerReassignments

RATES = ("leader.replication.throttled.rate", "follower.replication.throttled.rate")
DIRS_RATE = "replica.alter.log.dirs.io.max.bytes.per.second"
REPLICAS = ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas")

EXISTING = (
    "Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a "
    "new partition assignment in addition to the existing one. The --additional flag can also be used to change the "
    "throttle by resubmitting the current reassignment."
)
VERIFY = (
    "Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed."
)
NO_DIR_MOVES = "None of the specified partition moves are active."
ROLLBACK = "Save this to use as the --reassignment-json-file option during rollback"
PAUSE_SECONDS = 0.1
"""How long it is waited before brokers are asked again to take a replica into a directory (3.9)."""


class Rates(NamedTuple):
    """At how many bytes/s replicas are copied at most between brokers, and between directories; None: no limit."""

    between_brokers: int | None
    between_dirs: int | None


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


class MoveRow(NamedTuple):
    """One partition, or with `broker` one of its replicas: what is so now, and what is wanted.

    `state` is started, in-progress, completed, cancelled, or failed.
    """

    topic: str
    partition: int
    broker: int | None
    current: str
    wanted: str
    state: str
    error: str | None = None


COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "broker": "Broker",
    "current": "Current",
    "wanted": "Wanted",
    "state": "State",
    "error": "Error",
}


class Told:
    """What was done so far, as Apache's lines and as rows, so that it is shown also where the rest fails."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.rows: list[MoveRow] = []
        self.notes: list[str] = []
        self.way_back = ""
        self.failure: KafkaToolError | None = None
        self._begun = ""

    def begin_line(self, text: str) -> None:
        """Take a line that Apache's tool does not end: what it says next stands behind it."""
        self._begun = text

    def line(self, text: str) -> None:
        """Take a line of Apache's."""
        self.lines.append(self._begun + text)
        self._begun = ""

    def report(self, status: int = 0) -> Report:
        """Return it as a report."""
        columns = dict(COLUMNS)
        for name in ("broker", "error"):
            if all(getattr(row, name) is None for row in self.rows):
                del columns[name]
        # A table does not show it, and nobody could go back without it.
        told = [f"{ROLLBACK}:\n{self.way_back}"] if self.way_back else []
        lines = [*self.lines, self._begun] if self._begun else self.lines
        return Report(
            self.rows,
            columns,
            lines,
            notes=self.notes,
            told=told,
            status=status,
            failure=self.failure,
            open_ended=bool(self._begun),
        )


def execute(request: Execute) -> Report:
    """Begin the moves. Raises KafkaToolError before anything is changed; what fails later stands in the report."""
    from kafka_tools.brokers.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    after = check_wanted(wanted)
    told = Told()
    with open_reassignments(request.target) as reassignments:
        ongoing = reassignments.ongoing()
        if ongoing and not request.additional:
            told.lines.append(EXISTING)
            return told.report(status=1)
        _check_brokers(reassignments, after)
        before = _current(reassignments, after)
        told.way_back = as_json(before)
        told.lines += ["Current partition replica assignment", "", told.way_back, "", ROLLBACK]
        try:
            if request.rates.between_brokers is not None or request.rates.between_dirs is not None:
                told.lines.append(VERIFY)
                found = moves(ongoing, after, before)
                told.lines += _throttle(reassignments, request.rates, found, wanted)
            failed = _start(reassignments, before, after, told)
            if failed:
                return told.report(status=1)
            return _move_dirs(reassignments, wanted.log_dirs, request.seconds, told)
        except KafkaToolError as error:
            told.failure = error
            return told.report()


def _check_brokers(reassignments: "BrokerReassignments", after: Placement) -> None:
    there = {each.broker for each in reassignments.brokers()}
    asked = keys_in_hash_order({broker for replicas in after.values() for broker in replicas}, 16, int)
    unknown = [broker for broker in asked if broker not in there]
    if unknown:
        raise KafkaToolError(f"Unknown broker id {unknown[0]}")


def _current(reassignments: "BrokerReassignments", after: Placement) -> dict[TopicPartition, Replicas]:
    """Return where the partitions are now. Raises KafkaToolError, as Java prints it, for one that is not there."""
    topics = tuple(dict.fromkeys(name.topic for name in after))
    there = reassignments.placement(topics)
    check_topics(there, topics)
    absent = [_text(name) for name in after if name not in there]
    if absent:
        error = BrokerError(UNKNOWN_TOPIC_OR_PARTITION, f"Unable to find partition: {', '.join(absent)}")
        raise KafkaToolError(as_java_prints(error))
    return {name: there[name] for name in after}


def _throttle(
    reassignments: "BrokerReassignments", rates: Rates, found: Mapping[TopicPartition, Move], wanted: Wanted
) -> Iterator[str]:
    """Set throttles before anything moves, those of topics first, and yield Apache's line for each kind."""
    if rates.between_brokers is not None:
        for topic, values in throttled_replicas(found).items():
            reassignments.configs.alter(ConfigChange(Entity(TOPICS, topic), dict(zip(REPLICAS, values, strict=True))))
        for broker in moving_brokers(found):
            set_to = dict.fromkeys(RATES, str(rates.between_brokers))
            reassignments.configs.alter(ConfigChange(Entity(BROKERS, str(broker)), set_to))
        yield f"The inter-broker throttle limit was set to {rates.between_brokers} B/s"
    if rates.between_dirs is not None:
        for broker in sorted({each.broker for each in wanted.log_dirs}):
            set_to = {DIRS_RATE: str(rates.between_dirs)}
            reassignments.configs.alter(ConfigChange(Entity(BROKERS, str(broker)), set_to))
        yield f"The replica-alter-dir throttle limit was set to {rates.between_dirs} B/s"


def _start(reassignments: "BrokerReassignments", before: Placement, after: Placement, told: Told) -> bool:
    """Begin the moves; tell whether some were refused."""
    errors = reassignments.reassign(after)
    for name in sorted(after):
        error = errors.get(name)
        state = "failed" if error else "started"
        told.rows.append(
            MoveRow(*name, None, _ids(before[name]), _ids(after[name]), state, error.message if error else None)
        )
    if errors:
        told.lines.append("Error reassigning partition(s):")
        told.lines += [f"{_text(name)}: {errors[name].message}" for name in sorted(errors)]
        if len(errors) < len(after):
            told.notes.append(
                f"{len(after) - len(errors)} of {len(after)} were started: --verify tells how far they are."
            )
        return True
    names = ",".join(map(_text, sorted(after)))
    told.lines.append(f"Successfully started partition reassignment{_s(after)} for {names}")
    return False


def _move_dirs(
    reassignments: "BrokerReassignments", wanted: Mapping[Replica, str], seconds: float, told: Told
) -> Report:
    """Have brokers take replicas into directories; one that does not hold a replica yet is asked again and again."""
    left, deadline = dict(wanted), monotonic() + seconds
    while left:
        begun = reassignments.move_dirs(left)
        for each in sorted(begun, key=_by_broker):
            path = left.pop(each)
            told.rows.append(MoveRow(*each, "", path, "started"))
            told.lines.append(
                f"Successfully started moving log directory to {path} for replica {each.topic}-{each.partition} with "
                f"broker {each.broker} "
            )
        if left and monotonic() >= deadline:
            names = ",".join(map(str, sorted(left, key=_by_broker)))
            told.lines.append(f"Timed out before log directory move{_s(left)} could be started for: {names}")
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
        there = reassignments.placement({name.topic for name, _ in wanted.partitions if name not in ongoing})
        told.lines.append("Status of partition reassignment:")
        for name, replicas in sorted(dict(wanted.partitions).items()):
            now = ongoing[name].replicas if name in ongoing else there.get(name, ())
            row, line = _partition_state(name, now, replicas, name in ongoing)
            told.rows.append(row)
            told.lines.append(line)
        dirs = reassignments.dirs(wanted.log_dirs)
        states = [_dir_state(each, dirs[each], wanted.log_dirs[each]) for each in sorted(dirs, key=_by_broker)]
        told.rows += [row for row, _ in states]
        told.lines += [line for _, line in states] or [""]
        moving = bool(ongoing) or any(row.state == "in-progress" for row, _ in states)
        undone = sum(row.state == "failed" for row in told.rows)
        if undone:
            told.notes.append(f"{undone} of {len(told.rows)} {'is' if undone == 1 else 'are'} not where the file says.")
        if not moving and not request.preserves:
            told.failure = _clear(reassignments, wanted, told)
    return told.report(status=int(bool(undone)))


def _partition_state(name: TopicPartition, now: Replicas, wanted: Replicas, is_moving: bool) -> tuple[MoveRow, str]:
    state = "in-progress" if is_moving else "completed" if now == wanted else "failed"
    lines = {
        "in-progress": f"Reassignment of partition {_text(name)} is still in progress.",
        "completed": f"Reassignment of partition {_text(name)} is completed.",
        "failed": f"There is no active reassignment of partition {_text(name)}, but replica set is {_ids(now)} rather "
        f"than {_ids(wanted)}.",
    }
    return MoveRow(*name, None, _ids(now), _ids(wanted), state), lines[state]


def _dir_state(replica: Replica, dirs: ReplicaDirs, wanted: str) -> tuple[MoveRow, str]:
    """Return the state of one replica and Apache's line (ReassignPartitionsCommand.replicaMoveStatesToString)."""
    name = f"Partition {replica.topic}-{replica.partition}"
    if dirs.current is None:
        line = (
            f"{name} is not found in any live log dir on broker {replica.broker}. There is likely an offline log "
            "directory on the broker."
        )
        return MoveRow(*replica, "", wanted, "failed"), line
    if dirs.future is not None:
        row = MoveRow(*replica, dirs.current, wanted, "in-progress")
        if dirs.future == wanted:
            return row, f"Reassignment of replica {replica} is still in progress."
        where = f"is being moved to log dir {dirs.future} instead of {wanted}."
        return row, f"{name} on broker {replica.broker} {where}"
    if dirs.current == wanted:
        row = MoveRow(*replica, dirs.current, wanted, "completed")
        return row, f"Reassignment of replica {replica} completed successfully."
    where = f"is not being moved from log dir {dirs.current} to {wanted}."
    return MoveRow(*replica, dirs.current, wanted, "failed"), f"{name} on broker {replica.broker} {where}"


def cancel(request: Cancel) -> Report:
    """End the moves. Raises KafkaToolError before anything is changed; what fails later stands in the report."""
    from kafka_tools.brokers.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    told = Told()
    with open_reassignments(request.target) as reassignments:
        ongoing = reassignments.ongoing()
        moving = sorted(name for name in wanted.names if name in ongoing)
        try:
            errors = reassignments.cancel(moving) if moving else {}
            told.rows += [
                MoveRow(*name, None, _ids(ongoing[name].replicas), "", "failed" if name in errors else "cancelled")
                for name in moving
            ]
            if errors:
                told.lines.append(f"Error cancelling partition reassignment{_s(errors)} for:")
                told.lines += [f"{_text(name)}: {errors[name].message}" for name in sorted(errors)]
                return told.report(status=1)
            told.lines.append(
                f"Successfully cancelled partition reassignment{_s(moving)} for: {','.join(map(_text, moving))}"
                if moving
                else "None of the specified partition reassignments are active."
            )
            dirs = reassignments.dirs(wanted.log_dirs)
            back = {each: found.current for each, found in dirs.items() if found.future and found.current}
            if back:
                report = _move_dirs(reassignments, back, request.seconds, told)
                if report.status:
                    return report
            else:
                told.begin_line(NO_DIR_MOVES)
            if not request.preserves:
                told.failure = _clear(reassignments, wanted, told)
        except KafkaToolError as error:
            told.failure = error
    return told.report()


def _clear(reassignments: "BrokerReassignments", wanted: Wanted, told: Told) -> KafkaToolError | None:
    """Take all throttles away: nobody knows any more from which brokers partitions came. Return what failed first."""
    brokers = {each.broker for each in reassignments.brokers()}
    brokers |= {broker for _, replicas in wanted.partitions for broker in replicas}
    topics = hash_order(dict.fromkeys(name.topic for name in wanted.names), 16)
    in_order = keys_in_hash_order(sorted(brokers), 16, int)
    told.line(f"Clearing broker-level throttles on broker{_s(brokers)} {','.join(map(str, in_order))}")
    told.line(f"Clearing topic-level throttles on topic{_s(topics)} {','.join(topics)}")
    changes = [ConfigChange(Entity(BROKERS, str(broker)), {}, (*RATES, DIRS_RATE)) for broker in in_order]
    changes += [ConfigChange(Entity(TOPICS, topic), {}, REPLICAS) for topic in topics]
    failures = []
    for change in changes:
        try:
            reassignments.configs.alter(change)
        # One that is down, or gone, must not keep the others throttled.
        except KafkaToolError as error:
            failures.append(KafkaToolError(as_java_prints(error)))
            if change.entity.type == BROKERS:
                told.notes.append(
                    f"The throttles of broker {change.entity.name} stay: --verify takes them away when it answers."
                )
    return failures[0] if failures else None


def _by_broker(replica: Replica) -> tuple[int, str, int]:
    return replica.broker, replica.topic, replica.partition


def _text(name: TopicPartition) -> str:
    return f"{name.topic}-{name.partition}"


def _ids(brokers: Iterable[int]) -> str:
    return ",".join(map(str, brokers))


def _s(several: Collection[object]) -> str:
    return "" if len(several) == 1 else "s"
