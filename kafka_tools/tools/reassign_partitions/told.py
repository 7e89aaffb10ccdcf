"""What `--execute`, `--verify` and `--cancel` tell: Apache's lines, and the rows of tables and json.

Source: org.apache.kafka.tools.reassign.ReassignPartitionsCommand, Kafka 3.9, and kafka.admin.ReassignPartitionsCommand,
Kafka 2.8, where partitions move through ZooKeeper.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError, as_java_prints
from kafka_tools.model.configs import BROKERS, Entity
from kafka_tools.model.reassignments import Placement, Replica, ReplicaDirs, Replicas, as_json
from kafka_tools.model.topics import TopicPartition
from kafka_tools.report import Report

EXISTING = (
    "Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a "
    "new partition assignment in addition to the existing one. The --additional flag can also be used to change the "
    "throttle by resubmitting the current reassignment."
)
VERIFY = (
    "Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed."
)
INTERRUPTED = 130
"""The exit status after Ctrl-C."""

NO_DIR_MOVES = "None of the specified partition moves are active."
ROLLBACK = "Save this to use as the --reassignment-json-file option during rollback"


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
    """Collects what an action did, as Apache's lines and as rows, so that it is shown also where the rest fails."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.rows: list[MoveRow] = []
        self.notes: list[str] = []
        self.said: list[str] = []
        self.failure: KafkaToolError | None = None
        self._begun = ""

    def begin_line(self, text: str) -> None:
        """Add the beginning of a line: Apache's tool does not end it, and prints the next line behind it."""
        self._begun = text

    def line(self, text: str) -> None:
        """Add a line of Apache's text."""
        self.lines.append(self._begun + text)
        self._begun = ""

    def say(self, text: str) -> None:
        """Add a line of Apache's text that no row stands for: with tables and json it goes to stderr."""
        self.line(text)
        self.said.append(text)

    def show_way_back(self, before: Placement) -> None:
        """Add the replicas before the move, as the document that leads back to them."""
        way_back = as_json(before)
        # The document is the third line of the output: scripts cut it out by that.
        self.lines += ["Current partition replica assignment", "", way_back, "", ROLLBACK]
        self.said.append(f"{ROLLBACK}:\n{way_back}")

    def show_states(self, states: Iterable[tuple[MoveRow, str]]) -> None:
        """Add the states of moves, each a row with Apache's line."""
        for row, line in states:
            self.rows.append(row)
            self.line(line)

    def note_undone(self) -> int:
        """Note how many moves are neither done nor under way, and return the exit status for that."""
        undone = sum(row.state == "failed" for row in self.rows)
        if undone:
            self.notes.append(f"{undone} of {len(self.rows)} {'is' if undone == 1 else 'are'} not where the file says.")
        return int(bool(undone))

    def begin_to_clear(self, brokers: Collection[int], topics: Collection[str]) -> None:
        """Add Apache's lines of the brokers and topics whose throttles are being taken away."""
        self.say(f"Clearing broker-level throttles on broker{plural(brokers)} {ids(brokers)}")
        self.say(f"Clearing topic-level throttles on topic{plural(topics)} {','.join(topics)}")

    def tell_left(self, failures: Mapping[Entity, KafkaToolError]) -> None:
        """Add which throttles could not be taken away; the report then ends with the first error."""
        # The first, as Apache's tool ends with it; the notes name all brokers.
        self.failure = KafkaToolError(as_java_prints(next(iter(failures.values()))))
        self.notes += [
            f"The throttles of broker {each.name} stay: --verify takes them away when it answers."
            for each in failures
            if each.type == BROKERS
        ]

    def report(self, status: int = 0) -> Report:
        """Return it as a report."""
        columns = dict(COLUMNS)
        for name in ("broker", "error"):
            if all(getattr(row, name) is None for row in self.rows):
                del columns[name]
        # A line that was begun, and never ended, is the last one: it has no line end in
        # Apache's text either (`open_ended`).
        lines = [*self.lines, self._begun] if self._begun else self.lines
        return Report(
            self.rows,
            columns,
            lines,
            notes=self.notes,
            told=self.said,
            status=status,
            failure=self.failure,
            open_ended=bool(self._begun),
        )


def partition_state(name: TopicPartition, now: Replicas, wanted: Replicas, is_moving: bool) -> tuple[MoveRow, str]:
    """Return how far a partition is, and Apache's line (partitionReassignmentStatesToString 3.9)."""
    # The order of the replicas counts: the first is the preferred leader.
    state = "in-progress" if is_moving else "completed" if now == wanted else "failed"
    lines = {
        "in-progress": f"Reassignment of partition {text_of(name)} is still in progress.",
        "completed": f"Reassignment of partition {text_of(name)} is completed.",
        "failed": f"There is no active reassignment of partition {text_of(name)}, but replica set is {ids(now)} rather "
        f"than {ids(wanted)}.",
    }
    return MoveRow(*name, None, ids(now), ids(wanted), state), lines[state]


def dir_state(replica: Replica, dirs: ReplicaDirs, wanted: str) -> tuple[MoveRow, str]:
    """Return how far a replica is on its way to a directory, and Apache's line (replicaMoveStatesToString 3.9)."""
    name = f"Partition {replica.topic}-{replica.partition}"
    # The replica is in a directory that is dead, or its broker is.
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


def by_broker(replica: Replica) -> tuple[int, str, int]:
    """Return the sort key of replicas by broker, topic and partition."""
    return replica.broker, replica.topic, replica.partition


def text_of(name: TopicPartition) -> str:
    """Return a partition as Kafka writes it: `orders-0`."""
    return f"{name.topic}-{name.partition}"


def ids(brokers: Iterable[int]) -> str:
    """Return broker ids as Apache's tool writes them: `1,2`."""
    return ",".join(map(str, brokers))


def plural(several: Collection[object]) -> str:
    """Return the "s" of a noun for so many things."""
    return "" if len(several) == 1 else "s"
