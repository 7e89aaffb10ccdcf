"""Plans which replicas go to another directory of their broker: `--plan --balance-log-dirs`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.dir_plans import DirMove, even_dirs
from kafka_tools.model.folders import replace_file
from kafka_tools.model.log_dirs import LogDirDescription
from kafka_tools.model.reassignments import Replica, as_json
from kafka_tools.model.target import Brokers
from kafka_tools.model.topic_names import named
from kafka_tools.model.units import count, size
from kafka_tools.report import Report
from kafka_tools.tools.reassign_partitions.planning import before_and_after
from kafka_tools.tools.reassign_partitions.reading import PROPOSED

if TYPE_CHECKING:
    from kafka_tools.render.views import Table


class PlanDirs(NamedTuple):
    """Plans for the directories of one broker and topics that match; the plan is written to a file, if one is named."""

    target: Brokers
    broker: int
    topic: str | None
    exclude_internal: bool
    file: str | None


class DirRow(NamedTuple):
    """A replica that goes to another directory of its broker, and its size in bytes."""

    topic: str
    partition: int
    broker: int
    log_dir: str
    planned_log_dir: str
    bytes: int


COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "broker": "Broker",
    "log_dir": "Directory now",
    "planned_log_dir": "Directory then",
    "bytes": "Bytes",
}


def plan_dirs(request: PlanDirs) -> Report:
    """Return what moves between the directories of a broker. Raises KafkaToolError where it has none to choose from."""
    from kafka_tools.brokers.reassignments import open_reassignments

    broker = request.broker
    with open_reassignments(request.target) as reassignments:
        placed = {name: each.replicas for name, each in reassignments.partitions().items()}
        # A broker that does not exist and one that does not answer look the same here.
        log_dirs = reassignments.log_dirs([broker]).get(broker, ())
    # A directory that is dead takes nothing, and what is in it cannot be copied out of it either.
    alive = [each for each in log_dirs if each.error is None]
    if not log_dirs:
        raise KafkaToolError(
            f"Broker {broker} does not tell its directories.", "Is it up? `ktools log-dirs` shows all."
        )
    if len(alive) < 2:
        raise KafkaToolError(f"Broker {broker} has no two directories that work: there is nothing to even out.")
    topics = named({name.topic for name in placed}, request.topic, request.exclude_internal)
    # A partition that was deleted meanwhile still stands in a directory.
    moves = [each for each in even_dirs(alive, topics) if broker in placed.get(each.partition, ())]
    dirs = {Replica(*each.partition, broker): each.target for each in moves}
    # The replicas stay as they are: AlterReplicaLogDirs moves within the broker, and `log_dirs` of others is "any".
    document = as_json({each.partition: placed[each.partition] for each in moves}, dirs)
    if request.file is not None:
        replace_file(request.file, f"{document}\n".encode(), 0o644)
    rows = [DirRow(*each.partition, broker, each.source, each.target, each.size) for each in sorted(moves)]
    return Report(
        rows=rows,
        columns=COLUMNS,
        plain=[PROPOSED, document],
        tables=lambda: [_directories(broker, alive, moves), *([_moves(rows)] if rows else [])],
        notes=[f"The plan is in {request.file}."] if request.file is not None else (),
    )


def _directories(broker: int, log_dirs: Sequence[LogDirDescription], moves: Sequence[DirMove]) -> "Table":
    from kafka_tools.render.views import Mark, Table

    class Shown(NamedTuple):
        path: str
        replicas: str
        size: str

    shown = []
    for log_dir in log_dirs:
        comes = [each for each in moves if each.target == log_dir.path]
        goes = [each for each in moves if each.source == log_dir.path]
        # What lies there now, with all topics, not only with those that were chosen.
        held, now = len(log_dir.replicas), sum(replica.size for replica in log_dir.replicas)
        then = now + sum(each.size for each in comes) - sum(each.size for each in goes)
        replicas = f"{held} → {held + len(comes) - len(goes)}" if comes or goes else str(held)
        shown.append(Shown(log_dir.path, replicas, before_and_after(now, then)))
    return Table(
        shown,
        {"path": "Directory", "replicas": "Replicas", "size": "Size"},
        title=f"broker {broker}",
        facts=[f"{count(len(moves), 'replica')} to move", size(sum(each.size for each in moves))],
        summary=None if moves else Mark("nothing has to move"),
    )


def _moves(rows: Sequence[DirRow]) -> "Table":
    from kafka_tools.render.views import Table

    class Shown(NamedTuple):
        topic: str
        partition: int
        log_dir: str
        planned_log_dir: str
        bytes: str

    shown = [Shown(row.topic, row.partition, row.log_dir, row.planned_log_dir, size(row.bytes)) for row in rows]
    # It is one broker, which the table above names.
    return Table(shown, {name: heading for name, heading in COLUMNS.items() if name != "broker"})
