"""`ktools preferred-replica-election`: kafka-preferred-replica-election.sh, which Kafka 3.0 took away.

Source: kafka.admin.PreferredReplicaLeaderElectionCommand, Kafka 2.8.2.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import CHANGES, CLUSTER, OTHER, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.elections import PREFERRED_REPLICA
from kafka_tools.model.java_hash_order import MOST_OF_SMALL_SETS, scala_partition_order
from kafka_tools.model.target import Brokers, Target, ZooKeeper
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.leader_election import (
    COLUMNS,
    ElectionRow,
    Words,
    elected_report,
    forecast_report,
    moved_report,
    read_election_file,
)

DESCRIPTION = """\
Have partitions led by their preferred replica, the first in their assignment, as Kafka up to 2.8 had it.

The file: {"partitions": [{"topic": "t", "partition": 0}]}; without it all partitions are meant."""

DEPRECATED = "This tool is deprecated. Please use kafka-leader-election tool. Tracking issue: KAFKA-8405"
WARNING = (
    "Warning: --zookeeper is deprecated and will be removed in a future version of Kafka.",
    "Use --bootstrap-server instead to specify a broker to connect to.",
)


# Behind the second text 2.8.2 prints the partitions that were elected, and not those that it means: here stand the
# right ones.
WORDS = Words(
    "preferred leader election",
    "Preferred replica already elected for partitions",
    "{} preferred replica(s) could not be elected",
)
LEFT = "It will when it finds the znode /admin/preferred_replica_election, which was left there."


class ElectPreferred(NamedTuple):
    """Elects the preferred replicas of these partitions (None: of all). With `dry_run` only who would lead is told."""

    target: Target
    partitions: tuple[TopicPartition, ...] | None
    dry_run: bool


def check(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where two clusters are named."""
    if {"bootstrap_server", "zookeeper"} <= given:
        raise UsageError("Exactly one of '[bootstrap-server]' or '[zookeeper]' must be provided")


@click.command(
    "preferred-replica-election",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="This tool helps to causes leadership for each partition to be transferred back to the 'preferred "
    "replica', it can be used to balance leadership among the servers.",
    check=check,
    error_style=ErrorStyle(""),
)
@options.bootstrap_server
@options.zookeeper
@option(
    CLUSTER,
    "--command-config",
    "--admin.config",
    type=types.FILE,
    help="A properties file with the client's settings, by Java's names or librdkafka's. Default: "
    "KTOOLS_COMMAND_CONFIG.",
)
@options.client_settings
@options.wait
@option(CHANGES, "--path-to-json-file", type=types.FILE, help="The JSON file with the partitions. Default: all.")
@option(CHANGES, "--dry-run", help="Only show who would lead.")
@option(OTHER, "--yes", help="Go on also on a protected cluster.")
def command(
    *,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    path_to_json_file: str | None,
    dry_run: bool,
    yes: bool,
) -> Report:
    """Read which partitions are meant, choose the cluster, and elect."""
    try:
        partitions = read_election_file(path_to_json_file, PREFERRED_REPLICA) if path_to_json_file else None
    except KafkaToolError as error:
        # 2.8 prints this line before it looks at anything else.
        return Report([], COLUMNS, [DEPRECATED], failure=error)
    target = settings.choose(bootstrap_server, zookeeper, command_config, client_settings, wait or 0.0)
    if not dry_run:
        target = check_change(target, yes)
    request = ElectPreferred(target, partitions, dry_run)
    report = _through_zookeeper(target, request) if isinstance(target, ZooKeeper) else _through_brokers(target, request)
    return report if dry_run else report._replace(plain=[DEPRECATED, *report.plain])


def _through_brokers(target: Brokers, request: ElectPreferred) -> Report:
    from kafka_tools.brokers.elections import open_elections

    with open_elections(target) as elections:
        there = elections.partitions(request.partitions)
        if request.dry_run:
            return forecast_report("PREFERRED", request.partitions, there, elections.live)
        return elected_report(elections, "PREFERRED", request.partitions, there, WORDS)


def _through_zookeeper(target: ZooKeeper, request: ElectPreferred) -> Report:
    """Ask the controller by a znode, wait until it is done, and tell which preferred replicas do not lead."""
    from kafka_tools.zookeeper.elections import open_elections

    with open_elections(target) as elections:
        there = elections.partitions(request.partitions)
        if request.dry_run:
            return forecast_report("PREFERRED", request.partitions, there, elections.live())
        # The order of 2.8's Set is in its lines and in the znode.
        asked = scala_partition_order(there)
        elections.start(asked)
        if not elections.is_done():
            raise KafkaToolError(f"No controller took up the election. {elections.topics.no_election()}".rstrip(), LEFT)
        # 2.8 ends when the znode is written, and knows nothing of its fate. Here the leaders are looked up again.
        after = elections.partitions(asked)
    absent = [each for each in request.partitions or () if each not in there]
    rows = [_row(each, there[each], after.get(each)) for each in asked]
    undone = [row for row in rows if row.error is not None]
    return moved_report("PREFERRED", rows, [*WARNING, *_lines(asked, absent)], undone)


def _row(name: TopicPartition, before: Partition, after: Partition | None) -> ElectionRow:
    preferred, now = before.replicas[0], after.leader if after else None
    if now == preferred:
        return ElectionRow(*name, before.leader, now, "not-needed" if before.leader == now else "elected", None)
    leads = "nobody leads it" if now is None else f"it is still led by {now}"
    in_sync = after is not None and preferred in after.isr
    why = f"{leads}: its preferred replica {preferred} is {'in sync, though' if in_sync else 'not in sync'}"
    return ElectionRow(*name, before.leader, now, "failed", why)


def _lines(asked: Sequence[TopicPartition], absent: Sequence[TopicPartition]) -> Iterator[str]:
    names = [f"{each.topic}-{each.partition}" for each in asked]
    # Scala 2.13 prints a set by the name of its class, which is another one from five elements on.
    kind = "Set" if len(asked) <= MOST_OF_SMALL_SETS else "HashSet"
    yield f"Created preferred replica election path with {','.join(names)}"
    yield f"Successfully started preferred replica election for partitions {kind}({', '.join(names)})"
    for each in scala_partition_order(absent):
        name = f"{each.topic}-{each.partition}"
        yield f"Skipping preferred replica leader election for partition {name} since it doesn't exist."
