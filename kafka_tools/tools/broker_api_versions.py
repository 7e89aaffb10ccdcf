"""`ktools broker-api-versions`: kafka-broker-api-versions.sh (kafka.admin.BrokerApiVersionsCommand, Kafka 3.9).

Names and usable versions are those of Kafka 4.4's clients: 3.9's tool calls what is newer UNKNOWN.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from kafka_tools.backends import open_cluster
from kafka_tools.cli import options
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.api_keys import ApiVersion, api_versions
from kafka_tools.model.cluster import Endpoint
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

if TYPE_CHECKING:
    from kafka_tools.render.views import Table

COLUMNS = {
    "server": "Server",
    "api_key": "Key",
    "request": "Request",
    "min_version": "From",
    "max_version": "To",
    "usable": "Usable",
}
VIEW_COLUMNS = {"api_key": "Key", "request": "Request", "versions": "Versions", "usable": "Usable"}
HINT = "Is it up? `ktools doctor` looks for what stands between it and you."

Answers = Mapping[Endpoint, tuple[ApiVersion, ...] | KafkaToolError]
AboutServer = Callable[[Endpoint], str]


@dataclass(frozen=True, slots=True)
class ApiVersionRow:
    """One kind of request at one server: the versions that the server knows (null: it does not know the request), and
    the newest that Kafka 4.4's clients know, too."""

    server: int
    api_key: int
    request: str
    min_version: int | None
    max_version: int | None
    usable: int | None


@click.command(
    "broker-api-versions",
    cls=ToolCommand,
    help="Show which versions of which requests each broker knows.",
    error_style=ErrorStyle(""),
)
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
def command(
    *, bootstrap_server: str | None, command_config: str | None, client_settings: tuple[str, ...], wait: float | None
) -> Report:
    """Choose the cluster, and ask its brokers."""
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    return versions(target, lambda server: f"(id: {server.id} rack: {server.rack or 'null'})")


def versions(target: Brokers, about: AboutServer) -> Report:
    """Ask the servers for the versions that they know; status 1 where one did not answer. Raises KafkaToolError.

    `about` says what stands behind the address of a server in Apache's text.
    """
    with open_cluster(target) as cluster:
        # One server that is silent keeps the others from nothing: each has its answer or its error.
        answers = {
            server: known if isinstance(known, KafkaToolError) else tuple(api_versions(known))
            for server, known in cluster.versions().items()
        }
    silent = {server: known for server, known in answers.items() if isinstance(known, KafkaToolError)}
    notes = [f"{server.host}:{server.port} (id {server.id}): {why.message}" for server, why in silent.items()]
    return Report(
        _rows(answers),
        COLUMNS,
        _lines(answers, about),
        lambda: _tables(answers),
        notes=(*notes, HINT) if notes else (),
        # BrokerApiVersionsCommand prints the error in the server's place, and ends with 0 (3.9).
        status=1 if silent else 0,
    )


def _rows(answers: Answers) -> Iterator[ApiVersionRow]:
    for server, known in answers.items():
        for each in () if isinstance(known, KafkaToolError) else known:
            oldest, newest = each.versions or (None, None)
            yield ApiVersionRow(server.id, each.key, each.name, oldest, newest, each.usable)


# Of a server (NodeApiVersions.toString with line breaks, and Java's Node before it): `localhost:9092 (id: 1 rack: null)
# -> (`, then `<TAB>Produce(0): 0 to 11 [usable: 11],` for each request, the last without its comma, then `)`.
def _lines(answers: Answers, about: AboutServer) -> Iterator[str]:
    for server, known in answers.items():
        head = f"{server.host}:{server.port} {about(server)} -> "
        if isinstance(known, KafkaToolError):
            yield f"{head}ERROR: {known.message}"
            continue
        yield f"{head}("
        yield ",\n".join(f"\t{each.name}({each.key}): {_versions_text(each)}" for each in known)
        yield ")"


def _versions_text(each: ApiVersion) -> str:
    """Return what is known of one kind of request (NodeApiVersions.apiVersionToText, 4.4)."""
    # The server does not tell of it at all. What a client has no name for is UNKNOWN instead, with versions, and
    # nothing is said of its use.
    if each.versions is None:
        return "UNSUPPORTED"
    if each.remark:
        return f"{_range(each.versions)} [unusable: {each.remark}]"
    return _range(each.versions) + ("" if each.usable is None else f" [usable: {each.usable}]")


def _range(versions: tuple[int, int]) -> str:
    return str(versions[0]) if versions[0] == versions[1] else f"{versions[0]} to {versions[1]}"


@dataclass(frozen=True, slots=True)
class ApiVersionView:
    """One kind of request for a person."""

    api_key: int
    request: str
    versions: str
    usable: str


def _tables(answers: Answers) -> "Iterator[Table]":
    """Yield a table for all servers that know the same: in a cluster of one version there is one."""
    from kafka_tools.render.views import Level, Mark, Table

    # A server knows some 70 kinds of requests: five times the same 70 rows would hide the one server that differs.
    alike: dict[tuple[ApiVersion, ...], list[Endpoint]] = defaultdict(list)
    for server, known in answers.items():
        if not isinstance(known, KafkaToolError):
            alike[known].append(server)
    for known, servers in alike.items():
        views = [
            ApiVersionView(
                each.key,
                each.name,
                _range(each.versions) if each.versions else "-",
                each.remark or ("-" if each.usable is None else str(each.usable)),
            )
            for each in known
        ]
        ids = ", ".join(str(server.id) for server in servers)
        title = f"Server {ids}" if len(servers) == 1 else f"Servers {ids}"
        differ = [Mark("Not all servers know the same: is an upgrade under way?", Level.RISK)] if len(alike) > 1 else []
        yield Table(views, VIEW_COLUMNS, title, [f"{len(known)} kinds of requests"], notes=differ)
