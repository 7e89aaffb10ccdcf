"""`ktools health`: one verdict for a cluster, and whether one of its servers may go down now; Apache has none."""

import click

from kafka_tools.cli import options, types
from kafka_tools.cli.command import ToolCommand, conflict
from kafka_tools.cli.options import ACTION, OUTPUT, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.verdict import Severity
from kafka_tools.report import Report
from kafka_tools.tools.health.looking import CheckHealth, Flags, Shape, until_well

DESCRIPTION = """\
Give one verdict for a cluster: status 0 where all is well, 1 for a warning, 2 where something does not work or can no
longer be written, and where no verdict can be given. Each finding says what to do about it, with the command to type.
(`ktools doctor` checks the way to the cluster.)

Offline and under-replicated partitions, min ISR, the replicas that are missing from the ISR by broker, brokers that are
dead or hang, the controller, directories that are offline or full, ZooKeeper's quorum or the controllers' and how far
they are behind, stuck reassignments, throttles that were left over, internal topics with too few replicas, brokers with
far more leaders or bytes than others. Notes, which are no warning: leaders that are not the preferred ones, brokers of
different versions, what the user may not see.

With --bootstrap-server it asks the brokers, with --zookeeper the ensemble, with both, or a context or a sandbox that
names both, it asks both. It reads and changes nothing.

For a rolling restart: `ktools health --before-restart 3 --wait 300` says whether broker 3 may go down now, as soon as
that is so (status 0), or why not; then restart it, and go on with the next one.

In a pipe: a line for each finding, tabs between its fields: `SEVERITY CHECK SUBJECT FOUND ADVICE COMMAND`; SEVERITY is
critical, warning, note or ok. What is not there is `-`."""


@click.command("health", cls=ToolCommand, help=DESCRIPTION)
@option(
    ACTION,
    "--before-restart",
    type=types.Text("N|HOST[:PORT]", "brokers"),
    help="Say whether this broker or controller (by its id), or this ZooKeeper server, may go down now.",
)
@options.bootstrap_server
@options.zookeeper
@options.command_config
@options.client_settings
@option(
    ACTION,
    "--wait",
    type=types.SECONDS,
    help="Look again for so many seconds, until all is well, or what is left does not heal by waiting.",
)
@option(OUTPUT, "--nagios", help="The verdict as one line for Nagios; status 3 where none can be given.")
@option(OUTPUT, "--prometheus", help="The verdict and counts in Prometheus' text format.")
@options.watch
def command(
    *,
    before_restart: str | None,
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    nagios: bool,
    prometheus: bool,
) -> Report:
    """Choose the cluster and judge it."""
    from kafka_tools.settings.roads import choose_roads

    if nagios and prometheus:
        raise conflict("nagios", "prometheus")
    # What stands in a pipe; tables and json are chosen by --output.
    shape: Shape = "nagios" if nagios else "prometheus" if prometheus else "lines"
    roads = choose_roads(bootstrap_server, zookeeper, command_config, client_settings)
    flags = Flags(bootstrap_server, zookeeper, command_config, client_settings)
    return check_health(CheckHealth(roads, before_restart, wait or 0.0, shape, flags))


def check_health(request: CheckHealth) -> Report:
    """Return the verdict. Raises KafkaToolError, with status 2, where none can be given.

    That is so for who is not let in, a server that is not there, an answer that makes no sense.
    """
    from kafka_tools.tools.health import views

    try:
        looked = until_well(request)
    # Status 1, as everywhere: a wrong command line is no verdict on the cluster.
    except UsageError:
        raise
    except KafkaToolError as error:
        if request.shape == "nagios":
            return views.not_known(error)
        # Not 1, which is a warning here: who cannot find out how the cluster is must not go on with a restart.
        raise KafkaToolError(error.message, error.hint, Severity.CRITICAL.status) from error
    return views.report(looked, request.shape, request.name)
