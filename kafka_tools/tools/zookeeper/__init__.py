"""`ktools zookeeper`: what a cluster keeps in ZooKeeper, and how its servers are; Apache has no such tool."""

from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ToolCommand, conflict
from kafka_tools.cli.options import ACTION, option
from kafka_tools.errors import UsageError
from kafka_tools.model.target import ZooKeeper
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

if TYPE_CHECKING:
    from kafka_tools.model.zookeeper_state import Member, ZooKeeperState

DESCRIPTION = """\
Show what a cluster up to Kafka 3.9 keeps in ZooKeeper, by what it means: the servers of the ensemble and their quorum,
the brokers, the controller, topics that are being deleted, replicas that are being moved, elections, notifications that
nobody has read, old consumers, features, the migration to KRaft. It reads and changes nothing.

--check compares it with what each broker answers: who is there, topics and their ids, replicas, leaders, in-sync
replicas, configs. It looks again before it judges: what heals meanwhile is told apart. Status 1 says that something
differs. The brokers are those of --bootstrap-server, or of the context or the sandbox that names both; else those that
are registered, in plaintext and without a login. In a pipe: `STATE WHAT OF ZOOKEEPER BROKERS WHO`.

In a pipe: a line for each of them, tabs between its fields: `SECTION NAME SINCE FACTS`. What is not there is `-`."""

READ_SECONDS = 15.0
"""How long a session, and what is read in it, is waited for; 10,000 topics take about 0.3 s."""


class DescribeState(NamedTuple):
    """Asks for what stands in ZooKeeper."""

    target: ZooKeeper


def check_given(_: str, given: frozenset[str]) -> None:
    """Raise UsageError where options do not go together."""
    # With --bootstrap-server alone it would be a guess which ensemble keeps that cluster: brokers do not tell.
    if "bootstrap_server" in given and not {"check", "zookeeper"} <= given:
        raise UsageError("--bootstrap-server goes with --check and --zookeeper: what is shown is in ZooKeeper")
    if {"check", "export"} <= given:
        raise conflict("check", "export")
    if "watch" in given and not given.isdisjoint({"check", "export"}):
        raise UsageError("--watch goes without --check, which looks several times by itself, and --export")


@click.command("zookeeper", cls=ToolCommand, help=DESCRIPTION, check=check_given)
@option(ACTION, "--check", help="Compare ZooKeeper with what the brokers answer, and name every difference.")
@option(
    ACTION,
    "--export",
    type=types.FILE,
    help="Write all of Kafka's znodes to a file as JSON, for a support case; SCRAM credentials, secret configs of "
    "brokers and delegation tokens are left out.",
)
@options.zookeeper
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@options.watch
def command(
    *,
    check: bool,
    export: str | None,
    zookeeper: str | None,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
) -> Report:
    """Choose the ensemble, and show, compare or export what it keeps."""
    if not check:
        target = settings.choose_zookeeper(zookeeper, command_config, client_settings, wait_seconds=wait or 0.0)
        if export is None:
            return describe(DescribeState(target))
        from kafka_tools.tools.zookeeper import exporting

        return exporting.export(exporting.ExportZnodes(target, export))
    from kafka_tools.settings.roads import choose_roads
    from kafka_tools.tools.zookeeper import checking

    chosen = choose_roads(bootstrap_server, zookeeper, command_config, client_settings).waiting(wait or 0.0)
    if chosen.ensemble is None:
        raise UsageError(f"--check wants a ZooKeeper, and {chosen.source} names none", "Name it by --zookeeper.")
    return checking.check(checking.CheckAgreement(chosen.ensemble, chosen.brokers))


def describe(request: DescribeState) -> Report:
    """Return what Kafka keeps in ZooKeeper; status 1 where some znode is none that Kafka writes.

    Where no session is to be had, the servers are shown all the same, and the cause is the failure.
    """
    from kafka_tools.errors import KafkaToolError
    from kafka_tools.tools.zookeeper.views import report
    from kafka_tools.zookeeper.ensemble import ask_others, survey

    target = request.target
    # Servers are asked beside the session, not in it: they are shown even where none of them gives a session.
    servers, session = survey(target, _read, READ_SECONDS)
    if isinstance(session, KafkaToolError):
        return report(target.connect, servers, (), session)
    members, state = session
    # A connect string need not name every server. The members that only the ensemble knows are asked now.
    return report(target.connect, {**servers, **ask_others(target, members, servers)}, members, state)


def _read(target: ZooKeeper) -> "tuple[tuple[Member, ...], ZooKeeperState]":
    from kafka_tools.zookeeper.ensemble import members, read_config
    from kafka_tools.zookeeper.session import connected
    from kafka_tools.zookeeper.state import read_state

    with connected(target) as client:
        return members(read_config(client) or ""), read_state(client)
