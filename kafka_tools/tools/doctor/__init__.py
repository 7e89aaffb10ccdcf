"""`ktools doctor`: checks the way to a cluster step by step, explains the first failure; Apache has none."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from kafka_tools.cli import options
from kafka_tools.cli.command import ToolCommand
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.report import Report

if TYPE_CHECKING:
    from kafka_tools.settings.roads import Roads
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
"""How long all checks may take, in s. Each ends earlier by itself: this ends one that hangs against expectation."""


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
    from kafka_tools.settings.roads import choose_roads

    return diagnose(choose_roads(bootstrap_server, zookeeper, command_config).waiting(wait or 0.0))


def diagnose(request: "Roads") -> Report:
    """Check a cluster and report what is wrong and what is well. Raises KafkaToolError for a wrong address."""
    from kafka_tools.tools.doctor.views import report

    return report(run(request.brokers, request.ensemble), *_title(request))


def run(brokers: Brokers | None, ensemble: ZooKeeper | None) -> "list[Check]":
    """Check the brokers and the ensemble side by side, as far as named. Raises KafkaToolError for a wrong address."""
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

    # Only ids that were read: a check that failed has its own line already.
    ids = {check.found for check in checks if check.check == CLUSTER_ID and check.state is State.OK}
    if len(ids) < 2:
        return []
    two = KafkaToolError("the brokers and ZooKeeper are of two clusters")
    return [failed(CLUSTER_ID, two, "Does the context name brokers and ZooKeeper of one?")]


def _title(request: "Roads") -> tuple[str, Sequence[str]]:
    names = [request.brokers.bootstrap_servers] if request.brokers else []
    names += [f"ZooKeeper {request.ensemble.connect}"] if request.ensemble else []
    # Where a wrong cluster is examined, a forgotten context or variable is the usual cause.
    facts = [f"named by {request.source}"]
    if request.brokers:
        security = request.brokers.security
        facts.append(security.protocol if security else "PLAINTEXT")
    return ", ".join(names), facts
