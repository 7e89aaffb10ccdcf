"""`ktools metadata-quorum`: kafka-metadata-quorum.sh (org.apache.kafka.tools.MetadataQuorumCommand, Kafka 3.9)."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kafka_tools.backends import open_quorum
from kafka_tools.cli import types
from kafka_tools.cli.argparse4j import INTEGER, ArgparseCommand, ArgparseGroup, connection
from kafka_tools.cli.options import ACTION, CHANGES, OUTPUT, option
from kafka_tools.errors import KafkaToolError, UnsupportedError
from kafka_tools.model.quorum import (
    NO_DIRECTORY,
    NewVoter,
    QuorumInfo,
    ReplicaState,
    checked_directory_id,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.units import duration
from kafka_tools.report import Report
from kafka_tools.settings import controller_file
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.brokers.quorum import BrokerQuorum
    from kafka_tools.render.views import Mark, Table

EXCLUSIVE = ("bootstrap_server", "bootstrap_controller")
WITH_ZOOKEEPER = "A cluster with ZooKeeper has no quorum of controllers."

STATUS_COLUMNS = {
    "cluster_id": "Cluster",
    "leader_id": "Leader",
    "leader_epoch": "Epoch",
    "high_watermark": "High watermark",
    "max_follower_lag": "Lag",
    "max_follower_lag_ms": "Lag (ms)",
    "voters": "Voters",
    "observers": "Observers",
}
REPLICA_COLUMNS = {
    "id": "NodeId",
    "directory_id": "DirectoryId",
    "log_end_offset": "LogEndOffset",
    "lag": "Lag",
    "last_fetch_timestamp": "LastFetchTimestamp",
    "last_caught_up_timestamp": "LastCaughtUpTimestamp",
    "status": "Status",
}
VIEW_COLUMNS = {
    "id": "Id",
    "role": "Role",
    "lag": "Lag",
    "behind": "Behind",
    "fetched": "Last fetch",
    "end": "Log end",
    "endpoint": "Listens at",
    "directory": "Directory",
}
SILENT_MS = 6000
"""A voter that did not fetch for so long, as the leader's clock has it, is told apart: three times the
controller.quorum.fetch.timeout.ms of Kafka 4."""


class DescribeQuorum(NamedTuple):
    """Asks for the quorum in short, or with `replication` for each replica of the metadata log.

    `human_readable`: times are told as how long ago they were.
    """

    target: Brokers
    replication: bool
    human_readable: bool = False


class AddController(NamedTuple):
    """Makes a controller a voter. With `dry_run` the controllers are not asked."""

    target: Brokers
    voter: NewVoter
    dry_run: bool


class RemoveController(NamedTuple):
    """Takes a controller's vote away; with `unregister` the cluster then forgets the controller."""

    target: Brokers
    id: int
    directory_id: str
    unregister: bool
    dry_run: bool


@dataclass(frozen=True, slots=True)
class StatusRow:
    """The quorum in short; of voters and observers `id`, `directoryId` (null: not told) and `endpoints`."""

    cluster_id: str | None
    leader_id: int
    leader_epoch: int
    high_watermark: int
    max_follower_lag: int
    max_follower_lag_ms: int | None
    voters: tuple[Mapping[str, Any], ...]
    observers: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """One replica of the metadata log; times are ms since 1970, null where the leader does not tell."""

    id: int
    directory_id: str | None
    log_end_offset: int
    lag: int
    last_fetch_timestamp: int | None
    last_caught_up_timestamp: int | None
    status: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A voter that was added or removed; `changed` is false after a dry run."""

    id: int
    directory_id: str
    changed: bool


@click.group("metadata-quorum", cls=ArgparseGroup, program="kafka-metadata-quorum")
def command() -> None:
    """Show the quorum of the controllers of a cluster without ZooKeeper, and add and remove voters."""


@command.command("describe", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection()
@option(ACTION, "--status", help="The quorum in short.")
@option(ACTION, "--replication", help="Each replica of the metadata log.")
@option(OUTPUT, "--human-readable", help="Times as how long ago.")
def show_quorum(*, target: Brokers, status: bool, replication: bool, human_readable: bool) -> Report:
    """Show who leads, who votes and follows, and how far each has come."""
    # The order of MetadataQuorumCommand.execute (3.9), which argparse4j leaves to the tool.
    if status and replication:
        raise KafkaToolError("Only one of --status or --replication should be specified with describe sub-command")
    if not status and not replication:
        raise KafkaToolError("One of --status or --replication must be specified with describe sub-command")
    if status and human_readable:
        raise KafkaToolError("The option --human-readable is only supported along with --replication")
    return describe(DescribeQuorum(target, replication, human_readable))


@command.command("add-controller", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection(passes_config=True)
@option(CHANGES, "--dry-run", help="Say what would be done. The controllers are not asked.")
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
def add(*, target: Brokers, command_config: str | None, dry_run: bool, yes: bool) -> Report:
    """Make a controller a voter; it needs kraft.version 1. --command-config is the file of that controller, and says
    with which settings the cluster is asked, too."""
    if command_config is None:
        raise KafkaToolError(
            "You must supply the configuration file of the controller you are adding when using add-controller."
        )
    target = target if dry_run else check_change(target, yes)
    return add_controller(AddController(target, controller_file.new_voter(command_config), dry_run))


@command.command("remove-controller", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection()
@option(CHANGES, "--controller-id", "-i", type=INTEGER, required=True, help="The id of the controller.")
@option(
    CHANGES,
    "--controller-directory-id",
    "-d",
    type=types.Sent("ID"),
    required=True,
    help="The id of its metadata directory: `describe --replication` shows it.",
)
@option(CHANGES, "--unregister", help="Have the cluster forget the controller afterwards (Kafka 4.4).")
@option(CHANGES, "--dry-run", help="Say what would be done. The controllers are not asked.")
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
def remove(
    *,
    target: Brokers,
    controller_id: int,
    controller_directory_id: str,
    unregister: bool,
    dry_run: bool,
    yes: bool,
) -> Report:
    """Take a controller's vote away; it needs kraft.version 1."""
    # Both before the guard: what is mistyped is told without a question about a protected cluster.
    if controller_id < 0:
        raise KafkaToolError(f"Invalid negative --controller-id: {controller_id}")
    try:
        directory_id = checked_directory_id(controller_directory_id)
    except KafkaToolError as error:
        raise KafkaToolError(f"Failed to parse --controller-directory-id: {error.message}") from error
    target = target if dry_run else check_change(target, yes)
    return remove_controller(RemoveController(target, controller_id, directory_id, unregister, dry_run))


def describe(request: DescribeQuorum) -> Report:
    """Ask the controllers for their quorum. Raises KafkaToolError, for a cluster with ZooKeeper in Java's words."""
    with open_quorum(request.target) as controllers:
        quorum = _described(controllers)
        # Only --status shows it: --replication is spared the request.
        cluster_id = None if request.replication else controllers.cluster_id()
    now = int(time.time() * 1000)
    if request.replication:
        rows = list(_replica_rows(quorum))
        lines = _replica_lines(rows, now if request.human_readable else None)
        return Report(rows, REPLICA_COLUMNS, lines, lambda: [_table(quorum, None)], notes=_drift(quorum, now))
    row = StatusRow(
        cluster_id,
        quorum.leader.id,
        quorum.epoch,
        quorum.high_watermark,
        quorum.lag(quorum.slowest),
        quorum.lag_ms(quorum.slowest),
        tuple(map(_shown, quorum.voters)),
        tuple(map(_shown, quorum.observers)),
    )
    return Report([row], STATUS_COLUMNS, _status_lines(row), lambda: [_table(quorum, cluster_id)])


def add_controller(request: AddController) -> Report:
    """Make a controller a voter. Raises KafkaToolError in Kafka's words."""
    voter = request.voter
    if not request.dry_run:
        with open_quorum(request.target) as controllers:
            controllers.add_voter(voter)
    done = "DRY RUN of adding" if request.dry_run else "Added"
    where = ", ".join(map(str, voter.endpoints))
    line = f"{done} controller {voter.id} with directory id {voter.directory_id} and endpoints: {where}"
    return _changed([ChangeRow(voter.id, voter.directory_id, not request.dry_run)], [line])


def remove_controller(request: RemoveController) -> Report:
    """Take a controller's vote away. Raises KafkaToolError in Kafka's words."""
    failure = None
    if not request.dry_run:
        with open_quorum(request.target) as controllers:
            controllers.remove_voter(request.id, request.directory_id)
            # That the vote is gone is told even where this fails: half of the change was made.
            failure = _failure(lambda: controllers.unregister(request.id)) if request.unregister else None
    # With one blank behind it, as 4.4 has it; 3.9 has two.
    done = "DRY RUN of removing" if request.dry_run else "Removed"
    lines = [f"{done} KRaft controller {request.id} with directory id {request.directory_id}"]
    if request.unregister and failure is None:
        lines.append(
            f"{'DRY RUN of unregistering' if request.dry_run else 'Unregistered'} KRaft controller {request.id}"
        )
    rows = [ChangeRow(request.id, request.directory_id, not request.dry_run)]
    return _changed(rows, lines)._replace(failure=failure, status=1 if failure else 0)


def _changed(rows: Sequence[ChangeRow], lines: Sequence[str]) -> Report:
    columns = {"id": "Id", "directory_id": "Directory", "changed": "Changed"}
    return Report(rows, columns, lines, names_only=True)


def _failure(change: Callable[[], None]) -> KafkaToolError | None:
    try:
        change()
    except KafkaToolError as error:
        return error
    return None


def _described(controllers: "BrokerQuorum") -> QuorumInfo:
    try:
        return controllers.describe()
    except UnsupportedError as error:
        # With Java's name of the exception before the message, as MetadataQuorumCommand (3.9) ends there.
        name = "org.apache.kafka.common.errors.UnsupportedVersionException"
        raise KafkaToolError(f"{name}: The node does not support DESCRIBE_QUORUM", WITH_ZOOKEEPER) from error


def _members(quorum: QuorumInfo) -> Iterator[tuple[ReplicaState, str]]:
    yield quorum.leader, "Leader"
    yield from ((voter, "Follower") for voter in quorum.voters if voter is not quorum.leader)
    yield from ((observer, "Observer") for observer in quorum.observers)


def _replica_rows(quorum: QuorumInfo) -> Iterator[ReplicaRow]:
    for state, status in _members(quorum):
        yield ReplicaRow(
            state.id,
            _directory(state),
            state.log_end_offset,
            quorum.lag(state),
            state.last_fetch,
            state.last_caught_up,
            status,
        )


def _directory(state: ReplicaState) -> str | None:
    return None if state.directory_id == NO_DIRECTORY else state.directory_id


def _shown(state: ReplicaState) -> Mapping[str, Any]:
    endpoints = {"endpoints": tuple(map(str, state.endpoints))} if state.endpoints else {}
    return {"id": state.id, "directoryId": _directory(state), **endpoints}


def _status_lines(row: StatusRow) -> Iterator[str]:
    lag_ms = -1 if row.max_follower_lag_ms is None else row.max_follower_lag_ms
    yield f"ClusterId:              {row.cluster_id}"
    yield f"LeaderId:               {row.leader_id}"
    yield f"LeaderEpoch:            {row.leader_epoch}"
    yield f"HighWatermark:          {row.high_watermark}"
    yield f"MaxFollowerLag:         {row.max_follower_lag}"
    yield f"MaxFollowerLagTimeMs:   {lag_ms}"
    # Python's json has the blanks that MetadataQuorumCommand.Node.toString writes by hand: `[{"id": 1, "directoryId":
    # null}]`.
    yield f"CurrentVoters:          {json.dumps(row.voters)}"
    yield f"CurrentObservers:       {json.dumps(row.observers)}"


def _replica_lines(rows: Iterable[ReplicaRow], now: int | None) -> Iterator[str]:
    """Yield the table of ToolsUtils.prettyPrintTable (3.9); with `now` times are how long ago."""

    def when(timestamp: int | None) -> str:
        if timestamp is None:
            return "-1"
        return str(timestamp) if now is None else f"{now - timestamp} ms ago"

    # Each cell is filled up to the widest of its column and ends with a tab, the last one of a line, too.
    cells = [list(REPLICA_COLUMNS.values())]
    for row in rows:
        times = (when(row.last_fetch_timestamp), when(row.last_caught_up_timestamp))
        directory = row.directory_id or NO_DIRECTORY
        cells.append([str(row.id), directory, str(row.log_end_offset), str(row.lag), *times, row.status])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "".join(f"{cell:<{width}}\t" for cell, width in zip(line, widths, strict=True))


def _drift(quorum: QuorumInfo, now: int) -> tuple[str, ...]:
    """Return what is to be said of a leader's clock that is ahead of this machine's: Apache's tool fails there."""
    # `relativeTimeMs` (3.9) throws "possible drift in system clock" for a time that is still to come.
    ahead = max((state.last_fetch or 0 for state, _ in _members(quorum)), default=0) - now
    return (f"The leader's clock is {ahead} ms ahead of this machine's.",) if ahead > 0 else ()


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """One replica for a person."""

    id: int
    role: "Mark"
    lag: str
    behind: str
    fetched: "Mark"
    end: int
    endpoint: str
    directory: str


def _table(quorum: QuorumInfo, cluster_id: str | None) -> "Table":
    """Return the replicas with their lag in records and seconds, by the leader's clock."""
    from kafka_tools.render.views import Level, Mark, Table

    # The leader tells its own present time as its last fetch: measured against it, clocks that differ do no harm.
    clock = quorum.leader.last_fetch
    silent = [each.id for each in quorum.voters if _silence(each, clock) > SILENT_MS]
    views = [
        ReplicaView(
            state.id,
            Mark("leader" if state is quorum.leader else "voter" if status == "Follower" else "observer"),
            "-" if state is quorum.leader else f"{quorum.lag(state):,}",
            "-" if state is quorum.leader else _behind(quorum.lag_ms(state)),
            _fetched(state, clock),
            state.log_end_offset,
            ", ".join(map(str, state.endpoints)) or "-",
            _directory(state) or "-",
        )
        for state, status in _members(quorum)
    ]
    # A quorum needs more than half of its voters: of 3 one may fail, of 5 two. Those that are silent have failed
    # already.
    spare = (len(quorum.voters) - 1) // 2 - len(silent)
    words = f"{len(quorum.voters)} voters: {max(spare, 0)} more may fail"
    summary = Mark(words, Level.BROKEN if spare < 0 else Level.RISK if silent or spare == 0 else Level.QUIET)
    named = ", ".join(map(str, silent))
    notes = [Mark(f"{named}: no fetch for more than {SILENT_MS // 1000} s. Is it up?", Level.RISK)] if silent else []
    facts = [f"leader {quorum.leader.id}", f"epoch {quorum.epoch}", f"high watermark {quorum.high_watermark:,}"]
    return Table(
        views,
        VIEW_COLUMNS,
        "Quorum" if cluster_id is None else f"Quorum of {cluster_id}",
        facts,
        spare=("directory", "endpoint", "end"),
        summary=summary,
        notes=notes,
    )


def _silence(state: ReplicaState, clock: int | None) -> int:
    """Return for how many ms a replica has not fetched, 0 where that is not known."""
    return 0 if clock is None or state.last_fetch is None else clock - state.last_fetch


def _fetched(state: ReplicaState, clock: int | None) -> "Mark":
    from kafka_tools.render.views import Level, Mark

    if clock is None or state.last_fetch is None:
        return Mark("-")
    silence = _silence(state, clock)
    return Mark(f"{duration(silence / 1000)} ago", Level.RISK if silence > SILENT_MS else Level.QUIET)


def _behind(lag_ms: int | None) -> str:
    return "-" if lag_ms is None else f"{lag_ms / 1000:.1f} s"
