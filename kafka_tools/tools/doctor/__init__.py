"""`ktools doctor`: is the cluster reached, by whom, and what is wrong with it; Apache has no such tool."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.cli import options
from kafka_tools.cli.command import ToolCommand
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.report import Report

if TYPE_CHECKING:
    from kafka_tools.settings.precedence import Choice
    from kafka_tools.tools.doctor.checks import Check

DESCRIPTION = """\
Check one thing after the other: do names resolve, is there a connection, TLS, a login, a cluster, a controller, is each
broker reached at the address that it advertises, how fast, is the quorum whole, are the groups' offsets safe. The first
failure is explained, with what to try. It reads and changes nothing, and takes about 6 seconds at most.

With --bootstrap-server it asks the brokers, with --zookeeper the ensemble, with both, or a context or a sandbox that
names both, it asks both.

Status 1 says that a check failed or that something is at risk, although it works: a certificate that expires within 30
days, an even number of servers that vote or a quorum of which no more may fail, offsets with fewer replicas than 3, or
than there are brokers. What could not be checked because of an earlier failure is `not run`; so is what the user may
not read, which alone is no failure.

In a pipe: a line for each check, tabs between its fields: `CHECK STATE WHERE MS FOUND`; STATE is ok, at risk, failed,
not run or not used. What is not there is `-`."""


MOST_SECONDS = 7.0
"""Each of the checks ends before; this ends what should not be."""


class Diagnose(NamedTuple):
    """Which cluster to check: its brokers, its ensemble or both. `source` says who named it."""

    brokers: Brokers | None
    ensemble: ZooKeeper | None
    source: str


@click.command(
    "doctor",
    cls=ToolCommand,
    help=DESCRIPTION,
)
@options.bootstrap_server
@options.zookeeper
@options.command_config
@options.wait
def command(
    *, bootstrap_server: str | None, zookeeper: str | None, command_config: str | None, wait: float | None
) -> Report:
    """Choose what to check, and check it."""
    request = _request(bootstrap_server, zookeeper, command_config)
    return diagnose(_waiting(request, wait) if wait else request)


def _waiting(request: Diagnose, seconds: float) -> Diagnose:
    return request._replace(
        brokers=request.brokers and request.brokers._replace(wait_seconds=seconds),
        ensemble=request.ensemble and request.ensemble._replace(wait_seconds=seconds),
    )


def _request(bootstrap_server: str | None, zookeeper: str | None, command_config: str | None) -> Diagnose:
    """Return what the flags name, else the environment, the context or the sandbox: all that one of them names."""
    from kafka_tools.settings import choice as settings
    from kafka_tools.settings import precedence
    from kafka_tools.settings.precedence import Flags

    # The other tools take one of the two variables. Who has set both means one cluster, and doctor asks both sides.
    servers, ensemble = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"), os.environ.get("KTOOLS_ZOOKEEPER")
    if bootstrap_server is None and zookeeper is None and servers and ensemble:
        bootstrap_server, zookeeper = servers, ensemble
    # Beside brokers the ensemble is chosen by itself, below.
    only_zookeeper = zookeeper if bootstrap_server is None else None
    choice = precedence.choose(Flags(bootstrap_server, command_config, zookeeper=only_zookeeper))
    if choice.is_zookeeper:
        return Diagnose(None, settings.of_zookeeper(choice), choice.source)
    beside = zookeeper or _beside(choice)
    if not beside:
        return Diagnose(settings.of_brokers(choice), None, choice.source)
    of_ensemble = precedence.choose_zookeeper(Flags(command_config=command_config, zookeeper=zookeeper))
    return Diagnose(settings.of_brokers(choice), settings.of_zookeeper(of_ensemble), choice.source)


def _beside(choice: "Choice") -> str | None:
    """Return the ensemble that stands beside the brokers where these came from."""
    if choice.context is not None:
        return choice.context.zookeeper
    if choice.source != "the sandbox":
        return None
    from kafka_tools.sandbox import endpoints

    running = endpoints.running()
    return running.zookeeper if running else None


def diagnose(request: Diagnose) -> Report:
    """Return what is wrong with a cluster, and what is well. Raises KafkaToolError for what is no address."""
    from kafka_tools.tools.doctor.views import report

    return report(run(request.brokers, request.ensemble), *_title(request))


def run(brokers: Brokers | None, ensemble: ZooKeeper | None) -> "list[Check]":
    """Make the checks of what is named and return them in their order. Raises KafkaToolError for what is no address."""
    from time import monotonic

    from kafka_tools.parallel import in_parallel
    from kafka_tools.tools.doctor.brokers import check_brokers
    from kafka_tools.tools.doctor.ensemble import check_ensemble

    calls: dict[str, Callable[[], list[Check]]] = {}
    if brokers is not None:
        calls["brokers"] = lambda: list(check_brokers(brokers))
    if ensemble is not None:
        calls["ensemble"] = lambda: list(check_ensemble(ensemble, brokers is None))
    waits = [target.wait_seconds for target in (brokers, ensemble) if target is not None]
    checks: list[Check] = []
    # Both at once: either may be away, and the other one's answer should not come after its time-out.
    for found in in_parallel(calls, monotonic() + MOST_SECONDS + max(waits)).values():
        if isinstance(found, KafkaToolError):
            raise found
        checks += found
    return [*checks, *_one_cluster(checks)]


def _one_cluster(checks: "Sequence[Check]") -> "list[Check]":
    """Return a failed check where brokers and ZooKeeper are of two clusters."""
    from kafka_tools.tools.doctor.checks import CLUSTER_ID, State, failed

    ids = {check.found for check in checks if check.check == CLUSTER_ID and check.state is State.OK}
    if len(ids) < 2:
        return []
    two = KafkaToolError("the brokers and ZooKeeper are of two clusters")
    return [failed(CLUSTER_ID, two, "Does the context name brokers and ZooKeeper of one?")]


def _title(request: Diagnose) -> tuple[str, Sequence[str]]:
    names = [request.brokers.bootstrap_servers] if request.brokers else []
    names += [f"ZooKeeper {request.ensemble.connect}"] if request.ensemble else []
    facts = [f"named by {request.source}"]
    if request.brokers:
        security = request.brokers.security
        facts.append(security.protocol if security else "PLAINTEXT")
    return ", ".join(names), facts
