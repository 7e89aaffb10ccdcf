"""`ktools cluster`: kafka-cluster.sh (org.apache.kafka.tools.ClusterTool, Kafka 3.9; what is newer as of 4.4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import click

from kafka_tools.backends import open_cluster
from kafka_tools.cli.argparse4j import BROKER, INTEGER, ArgparseCommand, ArgparseGroup, connection
from kafka_tools.cli.options import CHANGES, FILTERS, option
from kafka_tools.errors import KafkaToolError, UnsupportedError
from kafka_tools.model.cluster import Endpoint
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.broker_api_versions import versions

Kind = Literal["Broker", "Controller"]

EXCLUSIVE = ("bootstrap_server", "bootstrap_controller")
ENDPOINT_COLUMNS = {"id": "Id", "host": "Host", "port": "Port", "rack": "Rack", "state": "State", "type": "Type"}


class Unregister(NamedTuple):
    """Has the cluster forget a broker or a controller that is gone."""

    target: Brokers
    kind: Kind
    id: int


class ListEndpoints(NamedTuple):
    """Asks for the brokers of a cluster, or for its controllers where `target` names those.

    `include_fenced`: brokers that are registered and do not serve, too.
    """

    target: Brokers
    include_fenced: bool = False


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster; the names of the fields are the keys of json."""

    cluster_id: str | None


@dataclass(frozen=True, slots=True)
class UnregisteredRow:
    """A broker or controller that is no longer registered."""

    id: int
    type: str


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """Where one server is reached; `state` is `fenced` or `unfenced`, of controllers null."""

    id: int
    host: str
    port: int
    rack: str | None
    state: str | None
    type: str


OF_CLUSTER = connection(
    ("--bootstrap-server", "-b"), ("--bootstrap-controller", "-C"), ("--config", "-c", "--command-config")
)
"""The options that all sub-commands have; 3.9 calls --config what is --command-config elsewhere."""


@click.group("cluster", cls=ArgparseGroup, program="kafka-cluster")
def command() -> None:
    """Ask a cluster for its id and its servers, and have it forget those that have gone for good."""


@command.command("cluster-id", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@OF_CLUSTER
def show_id(*, target: Brokers) -> Report:
    """Show the id that the cluster got when it was made."""
    return cluster_id(target)


@command.command("unregister", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@OF_CLUSTER
@option(CHANGES, "--id", "-i", type=BROKER, required=True, help="The id of the broker.")
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
def unregister_broker(*, target: Brokers, id: int, yes: bool) -> Report:  # noqa: A002
    """Have a cluster without ZooKeeper forget a broker that has gone for good.

    Kafka does not ask whether the broker is down.
    """
    return unregister(Unregister(check_change(target, yes), "Broker", id))


@command.command("unregister-controller", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@OF_CLUSTER
@option(CHANGES, "--id", "-i", type=INTEGER, required=True, help="The id of the controller.")
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
def unregister_controller(*, target: Brokers, id: int, yes: bool) -> Report:  # noqa: A002
    """Have a cluster without ZooKeeper forget a controller that has gone for good (Kafka 4.4)."""
    return unregister(Unregister(check_change(target, yes), "Controller", id))


@command.command("list-endpoints", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@OF_CLUSTER
@option(FILTERS, "--include-fenced-brokers", help="Brokers that do not serve, too, as those that are down.")
def show_endpoints(*, target: Brokers, include_fenced_brokers: bool) -> Report:
    """Show where the brokers are reached, or with --bootstrap-controller the controllers."""
    if include_fenced_brokers and target.controllers:
        raise KafkaToolError("The option --include-fenced-brokers is only supported with --bootstrap-server option")
    return list_endpoints(ListEndpoints(target, include_fenced_brokers))


@command.command("api-versions", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@OF_CLUSTER
def show_versions(*, target: Brokers) -> Report:
    """Show which versions of which requests each broker knows, or each controller."""
    # Only 4.4's tool has it, and what a server is called there has one word more than in 3.9's broker-api-versions.
    return versions(target, lambda server: f"(id: {server.id} rack: {server.rack or 'null'} isFenced: false)")


def cluster_id(target: Brokers) -> Report:
    """Ask a cluster for its id. Raises KafkaToolError."""
    with open_cluster(target) as cluster:
        found = cluster.describe().cluster_id
    line = f"Cluster ID: {found}" if found else "No cluster ID found. The Kafka version is probably too old."
    return Report([ClusterRow(found or None)], {"cluster_id": "Cluster"}, [line])


def unregister(request: Unregister) -> Report:
    """Have a cluster forget a server. Raises BrokerError in Kafka's words, KafkaToolError where it cannot be asked."""
    with open_cluster(request.target) as cluster:
        change = cluster.unregister_broker if request.kind == "Broker" else cluster.unregister_controller
        try:
            change(request.id)
        except UnsupportedError as error:
            # ClusterTool prints this sentence on stdout as if it were a result, and ends with 0 (3.9).
            raise KafkaToolError(
                f"The target cluster does not support the {request.kind.lower()} unregistration API.",
                "Only clusters without ZooKeeper do: there a broker has to be told to go."
                if request.kind == "Broker"
                else "It came with Kafka 4.4.",
            ) from error
    return Report(
        [UnregisteredRow(request.id, request.kind.lower())],
        {"id": "Id", "type": "Type"},
        [f"{request.kind} {request.id} is no longer registered."],
        names_only=True,
    )


def list_endpoints(request: ListEndpoints) -> Report:
    """Ask a cluster for its servers. Raises KafkaToolError."""
    is_of_controllers = request.target.controllers
    with open_cluster(request.target) as cluster:
        try:
            found = cluster.describe(request.include_fenced).endpoints
        except UnsupportedError as error:
            words = "The brokers do not tell which of them are fenced."
            raise KafkaToolError(words, "Those of Kafka 4.0 and later do.") from error
    rows = [_row(each, is_of_controllers) for each in found]
    columns = {name: head for name, head in ENDPOINT_COLUMNS.items() if name != "state" or not is_of_controllers}
    return Report(rows, columns, _lines(rows))


def _row(endpoint: Endpoint, is_controller: bool) -> EndpointRow:
    state = None if is_controller else "fenced" if endpoint.is_fenced else "unfenced"
    kind = "controller" if is_controller else "broker"
    return EndpointRow(endpoint.id, endpoint.host, endpoint.port, endpoint.rack, state, kind)


def _lines(rows: Sequence[EndpointRow]) -> Iterator[str]:
    """Yield the table of ClusterTool.listEndpoints (4.4)."""
    # 100 and 10 are what 4.4 takes where there is no host, or no rack. Headings do not count: HOST is wider than a
    # column of hosts of three letters.
    host = max((len(row.host) for row in rows), default=100)
    rack = max((len(row.rack) for row in rows if row.rack), default=10)

    def line(id_: str, name: str, port: str, where: str, state: str | None, kind: str) -> str:
        shown = "" if state is None else f"{state:<10} "
        return f"{id_:<10} {name:<{host}} {port:<10} {where:<{rack}} {shown}{kind:<15}"

    # Controllers have no state, and then there is no column for it.
    is_of_brokers = not rows or rows[0].state is not None
    yield line("ID", "HOST", "PORT", "RACK", "STATE" if is_of_brokers else None, "ENDPOINT_TYPE")
    for row in rows:
        yield line(str(row.id), row.host, str(row.port), row.rack or "null", row.state, row.type)
