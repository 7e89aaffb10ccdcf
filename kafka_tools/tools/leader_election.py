"""`ktools leader-election`: kafka-leader-election.sh (org.apache.kafka.tools.LeaderElectionCommand, Kafka 3.9)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import CHANGES, CLUSTER, OTHER, option
from kafka_tools.errors import CLUSTER_AUTHORIZATION_FAILED, BrokerError, KafkaToolError, UsageError, as_java_prints
from kafka_tools.model.elections import (
    REPLICA,
    ElectionType,
    Ends,
    FileWords,
    Forecast,
    forecast,
    is_not_needed,
    parse_election_file,
)
from kafka_tools.model.folders import read_text, unread
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.model.units import count
from kafka_tools.render.questions import confirmed, is_asked
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.brokers.elections import BrokerElections
    from kafka_tools.render.views import Table

DESCRIPTION = """\
Have partitions led by their preferred replica, the first in their assignment; or, where nobody leads them, by a replica
that is alive and not in sync (unclean), which loses records.

The file: {"partitions": [{"topic": "t", "partition": 0}]}"""

TIMEOUT = "Timeout waiting for election results"
NOT_ALLOWED = "Not authorized to perform leader election"

MOST_TOLD = 10
"""So many partitions are told one by one before an unclean election."""

SELECTIONS = {
    "topic": "topic",
    "all_topic_partitions": "all-topic-partitions",
    "path_to_json_file": "path-to-json-file",
}
"""The options of which one says which partitions are meant, in the order in which Apache's tool names them."""


class Words(NamedTuple):
    """How a tool of Apache's calls its election, what it says of those that need none, and how many it failed for."""

    election: str
    not_needed: str
    failure: str


class ElectLeaders(NamedTuple):
    """Elects leaders of these partitions (None: of all that need one).

    An unclean election asks on a terminal before, unless `yes`. With `dry_run` it is only told who would lead.
    """

    target: Brokers
    kind: ElectionType
    partitions: tuple[TopicPartition, ...] | None
    yes: bool
    dry_run: bool


class ElectionRow(NamedTuple):
    """What came of one partition: who led it before and who leads it now (None: nobody).

    `result` is elected, not-needed or failed; `error` says what did not happen.
    """

    topic: str
    partition: int
    leader_before: int | None
    leader: int | None
    result: str
    error: str | None


class ForecastRow(NamedTuple):
    """What would come of one partition.

    `expected_leader` None: nobody could lead. `end_offset` is where the log of an unclean leader ends, `known_lost` how
    many records more another live replica has; `isr` are the brokers whose records may be lost beyond that.
    """

    topic: str
    partition: int
    leader: int | None
    expected_leader: int | None
    unclean: bool
    isr: tuple[int, ...]
    end_offset: int | None
    known_lost: int | None
    reason: str | None


COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader_before": "Before",
    "leader": "Leader",
    "result": "Result",
    "error": "Error",
}
FORECAST_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "leader": "Leader",
    "expected_leader": "Would lead",
    "isr": "ISR",
    "end_offset": "Its end",
    "known_lost": "Known lost",
    "reason": "Reason",
}


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together (LeaderElectionCommandOptions.validate 3.9)."""
    if "election_type" not in given:
        raise UsageError("Missing required option(s): election-type")
    if {"command_config", "admin_config"} <= given:
        raise UsageError('Option "[admin.config]" can\'t be used with option "[command-config]"')
    if sum(name in given for name in SELECTIONS) != 1:
        raise UsageError(f"One and only one of the following options is required: {', '.join(SELECTIONS.values())}")
    if "topic" in given and "partition" not in given:
        raise UsageError("Missing required option(s): partition")
    if "partition" in given and "topic" not in given:
        raise UsageError("Option partition is only allowed if topic is used")


def _election_type(option: str, text: str) -> ElectionType:
    for kind in get_args(ElectionType):
        if text.upper() == kind:
            return cast("ElectionType", kind)
    raise KafkaToolError(f"Cannot parse argument '{text}' of option {option}", "Choose from: preferred, unclean")


@click.command(
    "leader-election",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported "
    "are preferred replicas and unclean replicas.",
    check=check,
    error_style=ErrorStyle(""),
)
@options.bootstrap_server
@options.command_config  # since 4.2 (KIP-1147)
@option(CLUSTER, "--admin.config", "admin_config", type=types.FILE, help="The older name of --command-config.")
@options.client_settings
@options.wait
@option(
    CHANGES,
    "--election-type",
    type=types.Parsed("preferred|unclean", _election_type, ("preferred", "unclean")),
    help="preferred: where another than the first replica leads; unclean: where nobody leads.",
)
@option(CHANGES, "--topic", type=types.TOPIC, help="The topic of one partition.")
@option(CHANGES, "--partition", type=types.INTEGER, help="With --topic: the partition.")
@option(CHANGES, "--all-topic-partitions", help="All partitions of the cluster that need it.")
@option(CHANGES, "--path-to-json-file", type=types.FILE, help="The JSON file with the partitions.")
@option(CHANGES, "--dry-run", help="Only show who would lead.")
@option(OTHER, "--yes", help="Go on without a question, also on a protected cluster.")
def command(
    *,
    bootstrap_server: str | None,
    command_config: str | None,
    admin_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    election_type: ElectionType,
    topic: str | None,
    partition: int | None,
    all_topic_partitions: bool,  # noqa: ARG001  what is meant where no other option says so
    path_to_json_file: str | None,
    dry_run: bool,
    yes: bool,
) -> Report:
    """Read which partitions are meant, choose the cluster, and elect."""
    # The file is read before a cluster is chosen: what is wrong with it needs none to be told.
    partitions = None
    if path_to_json_file is not None:
        partitions = read_election_file(path_to_json_file)
    elif topic is not None and partition is not None:
        partitions = (TopicPartition(topic, partition),)
    target = settings.choose_brokers(bootstrap_server, command_config or admin_config, client_settings, wait or 0.0)
    if not dry_run:
        target = check_change(target, yes)
    return elect_leaders(ElectLeaders(target, election_type, partitions, yes, dry_run))


def read_election_file(path: str, words: FileWords = REPLICA) -> tuple[TopicPartition, ...]:
    """Return the partitions that a file names. Raises KafkaToolError, in these words where it makes no sense."""
    try:
        text = read_text(path)
    except (OSError, ValueError) as error:
        raise unread(path, error) from error
    return parse_election_file(text, words)


def elect_leaders(request: ElectLeaders) -> Report:
    """Elect, wait until it is so, and return what did not happen. Raises KafkaToolError where no broker is reached."""
    from kafka_tools.brokers.elections import open_elections

    # Leaders before the election: the brokers' answer says only of which partitions one was elected.
    with open_elections(request.target) as elections:
        there = elections.partitions(request.partitions)
        if request.dry_run:
            return forecast_report(request.kind, request.partitions, there, elections.live, elections)
        # In a pipe nobody is asked: Apache's tool, which scripts expect, never asks.
        if request.kind == "UNCLEAN" and not request.yes and is_asked():
            _ask(elections, there)
        return elected_report(
            elections,
            request.kind,
            request.partitions,
            there,
            Words(
                f"leader election ({request.kind})",
                "Valid replica already elected for partitions",
                "{} replica(s) could not be elected",
            ),
        )


def elected_report(
    elections: "BrokerElections",
    kind: ElectionType,
    partitions: tuple[TopicPartition, ...] | None,
    there: Mapping[TopicPartition, Partition],
    words: Words,
) -> Report:
    """Elect, and return what came of each partition; `there` are those that are there, with their leaders before."""
    try:
        # Of partitions that are not there, too: the controller tells of them in Apache's words.
        results = elections.elect(kind, partitions)
    except KafkaToolError as error:
        return _not_elected(error)
    elected = {each: there[each] for each, error in results.items() if error is None and each in there}
    leaders = elections.leaders(kind, elected)
    rows = [_row(kind, each, there.get(each), results[each], leaders, elections.live) for each in sorted(results)]
    failed = [row for row in rows if row.result == "failed"]
    failure = KafkaToolError(words.failure.format(len(failed))) if failed else None
    # The controller decided, and then something came between: a broker that died, another election.
    undone = [row for row in rows if row.result == "elected" and row.error is not None]
    return moved_report(kind, rows, _lines(words, results), undone)._replace(failure=failure)


def moved_report(
    kind: ElectionType, rows: Sequence[ElectionRow], lines: Iterable[str], undone: Sequence[ElectionRow]
) -> Report:
    """Return what came of each partition: Apache's `lines`, and on stderr what they do not say is `undone`."""
    return Report(
        rows=rows,
        columns=COLUMNS,
        plain=lines,
        tables=lambda: [_table(kind, rows)],
        notes=[f"{row.topic}-{row.partition}: {row.error}." for row in undone],
        status=int(bool(undone)),
    )


def _not_elected(error: KafkaToolError) -> Report:
    """Return what Apache's tool says, on stdout and then as its failure, where nothing came of any partition."""
    from kafka_tools.brokers.errors import NoResponseError

    # Apache's tool prints the same sentence on stdout and, as its exception's message, on stderr.
    if isinstance(error, NoResponseError):
        hint = (
            f"{error.message} Whether there was an election is not known: ktools topics --describe shows the leaders."
        )
        return Report([], COLUMNS, [TIMEOUT], failure=KafkaToolError(TIMEOUT, hint))
    if isinstance(error, BrokerError) and error.code == CLUSTER_AUTHORIZATION_FAILED:
        return Report([], COLUMNS, [NOT_ALLOWED], failure=KafkaToolError(NOT_ALLOWED, "It needs ALTER on the cluster."))
    raise error


def _row(
    kind: ElectionType,
    name: TopicPartition,
    before: Partition | None,
    error: KafkaToolError | None,
    leaders: Mapping[TopicPartition, int | None],
    live: Collection[int],
) -> ElectionRow:
    was = before.leader if before else None
    if error is not None and is_not_needed(error):
        return ElectionRow(*name, was, was, "not-needed", None)
    if error is not None:
        # The controller names its strategy (3.9: "Failed to elect leader … under strategy …"), not what is the matter.
        # From the leaders and ISR that were read before: the answer would be the same unless a broker came or went
        # meanwhile.
        expected = forecast(kind, name, before, live) if before else None
        reason = expected.reason if expected and expected.expected is None else error.message
        return ElectionRow(*name, was, was, "failed", reason)
    now = leaders.get(name)
    as_wanted = now is not None and (kind == "UNCLEAN" or before is None or now == before.replicas[0])
    why = None if as_wanted else f"it was elected, but {'nobody' if now is None else f'broker {now}'} leads it now"
    return ElectionRow(*name, was, now, "elected", why)


def _lines(words: Words, results: Mapping[TopicPartition, KafkaToolError | None]) -> Iterator[str]:
    """Yield Apache's lines, in the order of Java's hash tables."""
    # LeaderElectionCommand (3.9) goes through the table of all results and fills one of its own for each outcome, whose
    # order comes from its own size: 8 failures of 20 partitions stand otherwise than in the table of 20.
    in_order = partition_order(results)
    elected = partition_order(each for each in in_order if results[each] is None)
    kept = partition_order(each for each in in_order if (error := results[each]) is not None and is_not_needed(error))
    if elected:
        yield f"Successfully completed {words.election} for partitions {_names(elected)}"
    if kept:
        yield f"{words.not_needed} {_names(kept)}"
    for each in partition_order(each for each in in_order if each not in {*elected, *kept}):
        error = results[each]
        if error is not None:
            yield f"Error completing {words.election} for partition: {_names([each])}: {as_java_prints(error)}"


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{each.topic}-{each.partition}" for each in partitions)


def _table(kind: ElectionType, rows: Sequence[ElectionRow]) -> "Table":
    from kafka_tools.render.views import Mark, Table, level

    failed = sum(row.result == "failed" for row in rows)
    elected = sum(row.result == "elected" for row in rows)
    kept = len(rows) - failed - elected
    said = [f"{failed} not elected"] if failed else []
    said += [f"{count(elected, 'partition')} led by another now"] if elected else []
    said += [f"{count(kept, 'partition')} had the right leader"] if kept else []
    nothing = "every partition has a leader" if kind == "UNCLEAN" else "every partition is led by its preferred replica"
    columns = {name: heading for name, heading in COLUMNS.items() if name != "error" or any(row.error for row in rows)}
    return Table(rows, columns, summary=Mark(" · ".join(said) or nothing, level(failed > 0, False)))


def forecast_report(
    kind: ElectionType,
    wanted: Sequence[TopicPartition] | None,
    there: Mapping[TopicPartition, Partition],
    live: Collection[int],
    elections: "BrokerElections | None" = None,
) -> Report:
    """Return who would lead. Of all partitions (`wanted` None) those that need nothing are left out.

    `elections` can tell how far replicas are. Raises KafkaToolError for a partition that is not there.
    """
    absent = [each for each in wanted or () if each not in there]
    if absent:
        raise KafkaToolError(f"There is no partition {_names(absent[:1])}.")
    found = [forecast(kind, each, there[each], live) for each in sorted(there)]
    # A partition that is named has a line though nothing would change: its reason answers who asked.
    shown = [each for each in found if each.is_needed or wanted is not None]
    # None from preferred-replica-election: ZooKeeper does not know how far a log has come, and a preferred leader is in
    # sync, so that nothing is lost.
    ends = _ends(elections, shown, there) if elections else {}
    rows = [_forecast_row(each, ends.get(each.partition)) for each in shown]
    return Report(
        rows=rows,
        columns=FORECAST_COLUMNS,
        plain=map(_forecast_line, rows) if rows else ["No election is needed."],
        tables=lambda: [_forecast_table(rows)],
        status=int(any(row.expected_leader is None for row in rows)),
    )


def _ends(
    elections: "BrokerElections", forecasts: Iterable[Forecast], there: Mapping[TopicPartition, Partition]
) -> dict[TopicPartition, Ends]:
    """Return how far the live replicas are of those partitions that would be led by one that is not in sync."""
    lost = [each.partition for each in forecasts if each.is_unclean]
    alive = {each: [broker for broker in there[each].replicas if broker in elections.live] for each in lost}
    return elections.ends(alive) if alive else {}


def _forecast_row(found: Forecast, ends: Ends | None) -> ForecastRow:
    leader = found.expected
    end = None if ends is None or leader is None else ends.by_broker.get(leader)
    lost = None if ends is None or leader is None else ends.lost(leader)
    return ForecastRow(
        *found.partition, found.leader, leader, found.is_unclean, found.isr, end, lost, found.reason or None
    )


def _forecast_line(row: ForecastRow) -> str:
    name = f"{row.topic}-{row.partition}"
    if row.expected_leader is None:
        return f"Nobody would be elected for {name}: {row.reason}."
    if row.reason is not None:
        return f"Nothing would change for {name}: {row.reason}."
    instead = "" if row.leader is None else f" instead of {row.leader}"
    line = f"Broker {row.expected_leader} would lead {name}{instead}."
    return f"{line} {_loss(row)}" if row.unclean else line


def _loss(row: ForecastRow) -> str:
    brokers = f"broker{'' if len(row.isr) == 1 else 's'} {', '.join(map(str, row.isr))}"
    more = f"what only {brokers} had is lost" if row.isr else "how many records are lost is not known"
    if row.end_offset is None:
        return f"It is not in sync: {more}."
    known = f" {count(row.known_lost, 'record')} that another live replica has, and" if row.known_lost else ""
    return f"It is not in sync, its log ends at offset {row.end_offset}:{known} {more}."


def _forecast_table(rows: Sequence[ForecastRow]) -> "Table":
    from kafka_tools.render.views import Level, Mark, Table

    unclean = [row for row in rows if row.unclean]
    leaderless = sum(row.expected_leader is None for row in rows)
    said = [f"nobody could lead {count(leaderless, 'partition')}"] if leaderless else []
    said += [f"{count(len(unclean), 'partition')} would lose records"] if unclean else []
    # What only an unclean election has something to say to takes no room from a preferred one.
    kept = [name for name in FORECAST_COLUMNS if unclean or name not in ("isr", "end_offset", "known_lost")]
    if all(row.reason is None for row in rows):
        kept.remove("reason")
    notes = [Mark("Known lost: records that another live replica has. What only the ISR had is lost, too.")]
    return Table(
        rows,
        {name: FORECAST_COLUMNS[name] for name in kept},
        summary=Mark(" · ".join(said), Level.BROKEN) if said else None if rows else Mark("no election is needed"),
        notes=notes if unclean else (),
    )


def _ask(elections: "BrokerElections", there: Mapping[TopicPartition, Partition]) -> None:
    """Ask on a terminal before records are lost. Raises KafkaToolError where the answer is no."""
    lost = [each for each in (forecast("UNCLEAN", *pair, elections.live) for pair in there.items()) if each.is_unclean]
    if not lost:
        return
    ends = _ends(elections, lost, there)
    rows = [_forecast_row(each, ends.get(each.partition)) for each in sorted(lost)]
    told = "\n".join(map(_forecast_line, rows[:MOST_TOLD]))
    rest = f"\n… and {len(rows) - MOST_TOLD} more (--dry-run shows them all)" if len(rows) > MOST_TOLD else ""
    if not confirmed(f"{told}{rest}\nElect them, and lose these records for good?"):
        raise KafkaToolError("Nobody was elected.", "--yes elects without a question.")
