"""`ktools client-metrics`: kafka-client-metrics.sh (org.apache.kafka.tools.ClientMetricsCommand, Kafka 4.4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from kafka_tools.backends import Configs, open_configs
from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict
from kafka_tools.cli.options import ACTION, CHANGES, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model import client_metrics
from kafka_tools.model.client_metrics import INTERVAL, MATCH, METRICS
from kafka_tools.model.configs import (
    CLIENT_METRICS,
    ConfigChange,
    ConfigEntry,
    Entity,
    EntityConfigs,
    NoSuchEntityError,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.render.views import Table

Action = Literal["alter", "delete", "describe", "list"]

ONLY_WITH = {
    "name": ("alter", "delete", "describe"),
    "generate_name": ("alter",),
    "interval": ("alter",),
    "match": ("alter",),
    "metrics": ("alter",),
    "yes": ("alter", "delete"),
}
"""Option -> the actions that take it, in the order in which Apache's tool looks at them."""

NOT_THERE = "The client metric resource {} doesn't exist and doesn't have dynamic config."
NAME_COLUMNS = {"name": "Name"}
COLUMNS = {"name": "Name", "interval_ms": "Interval", "metrics": "Metrics", "match": "Clients"}


class AlterClientMetrics(NamedTuple):
    """Sets configs of one resource, which is created where it is not there; an empty value resets to the default."""

    target: Brokers
    name: str
    configs: Mapping[str, str]


class DeleteClientMetrics(NamedTuple):
    """Deletes one resource."""

    target: Brokers
    name: str


class DescribeClientMetrics(NamedTuple):
    """Asks for the configs of one resource, or of all where `name` is None."""

    target: Brokers
    name: str | None


class ListClientMetrics(NamedTuple):
    """Asks for the names of all resources."""

    target: Brokers


@dataclass(frozen=True, slots=True)
class NameRow:
    """One resource by name."""

    name: str


@dataclass(frozen=True, slots=True)
class ClientMetricsRow:
    """One resource: how often clients send metrics (null: a broker gave no number), which, and which clients do.

    `metrics` are prefixes of names (none: no metric is sent); `match` has a pattern for each selector of clients (none:
    all clients send them).
    """

    name: str
    interval_ms: int | None
    metrics: tuple[str, ...]
    match: Mapping[str, str]

    @classmethod
    def of(cls, name: str, entries: Sequence[ConfigEntry]) -> "ClientMetricsRow":
        """Return the row of a resource with these configs."""
        # Brokers give all three as text: `30000`, `org.apache.kafka.producer.,org.apache.kafka.consumer.`, and
        # `client_id=app.*,client_software_name=apache-kafka-java`.
        values = {entry.name: entry.value for entry in entries}
        interval = values.get(INTERVAL) or ""
        return cls(
            name,
            int(interval) if interval.isdecimal() else None,
            client_metrics.listed(values.get(METRICS)),
            dict(each.partition("=")[::2] for each in client_metrics.listed(values.get(MATCH))),
        )


def check(action: str, given: frozenset[str]) -> None:
    """Raise UsageError in Apache's words where the options do not fit each other."""
    for name, actions in ONLY_WITH.items():
        if name in given and action not in actions:
            raise conflict(action, name)
    if action == "alter" and ("name" in given) == ("generate_name" in given):
        raise UsageError("One of --name or --generate-name must be specified with --alter.")
    if action == "delete" and "name" not in given:
        raise UsageError("A client metrics resource name must be specified with --delete.")


@click.command(
    "client-metrics",
    cls=ToolCommand,
    help="Say which clients send which of their metrics to the brokers, and how often (KIP-714). Needs brokers of "
    "Kafka 3.7 or later without ZooKeeper, with a metrics reporter that takes them.",
    purpose="This tool helps to manipulate and describe client metrics configurations.",
    only_with=ONLY_WITH,
    full_stop=".",
    check=check,
    error_style=ErrorStyle("Error while executing client metrics command : ", to_stdout=True),
)
@options.action("--alter", "Set what a resource says; one that is not there is created.")
@options.action("--delete", "Delete a resource.")
@options.action("--describe", "Show what a resource says, or all do.")
@options.action("--list", "List the resources.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(ACTION, "--name", type=types.CLIENT_METRICS, help="The name of the resource.")
@option(CHANGES, "--generate-name", help="Make a name for the new resource.")
@option(
    CHANGES,
    "--metrics",
    type=types.METRIC_PREFIXES,
    multiple=True,
    help="The metrics that are sent, by the beginning of their names; * is all, an empty value none.",
)
@option(
    CHANGES,
    "--interval",
    type=types.Text("MS"),
    help="How often they are sent, in ms or with a unit (30s); an empty value resets to the default.",
)
@option(
    CHANGES,
    "--match",
    type=types.CLIENT_SELECTORS,
    multiple=True,
    help=f"Which clients: a regular expression for each of {', '.join(client_metrics.SELECTORS)}. "
    "An empty value is all clients.",
)
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
def command(
    *,
    action: Action,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    name: str | None,
    generate_name: bool,
    metrics: tuple[str, ...],
    interval: str | None,
    match: tuple[str, ...],
    yes: bool,
) -> Report:
    """Choose the cluster, and run the action."""
    changes = {INTERVAL: client_metrics.interval(interval)} if interval is not None else {}
    changes |= {key: client_metrics.joined(given) for key, given in ((METRICS, metrics), (MATCH, match)) if given}
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    if action == "list":
        return list_client_metrics(ListClientMetrics(target))
    if action == "describe":
        return describe(DescribeClientMetrics(target, name))
    target = check_change(target, yes)
    if action == "delete":
        return delete(DeleteClientMetrics(target, name or ""))
    new_name = client_metrics.generated_name() if generate_name else name or ""
    return alter(AlterClientMetrics(target, new_name, changes))


def alter(request: AlterClientMetrics) -> Report:
    """Set the configs that are given, and leave the others as they are. Raises KafkaToolError in the broker's words."""
    name, configs = request.name, request.configs
    # What is no UTF-8 on the command line is lone surrogates here (PEP 383), which no request can hold.
    for text in (name, *configs.values()):
        if not is_sendable(text):
            raise KafkaToolError(f"'{text}' is not UTF-8 text.")
    change = ConfigChange(
        Entity(CLIENT_METRICS, name),
        # As incremental changes (KIP-339): an empty value deletes the config, and its default counts
        # (ClientMetricsCommand, 4.4).
        {key: value for key, value in configs.items() if value},
        tuple(key for key, value in configs.items() if not value),
    )
    with open_configs(request.target) as resources:
        resources.alter(change)
    # Apache's tool sends a change of nothing, too, and says the same.
    notes = () if configs else ("Nothing was changed: no --metrics, --interval or --match was given.",)
    return _changed(name, f"Altered client metrics config for {name}.")._replace(notes=notes)


def delete(request: DeleteClientMetrics) -> Report:
    """Delete a resource. Raises KafkaToolError where it is not there, or in the broker's words."""
    name = request.name
    with open_configs(request.target) as resources:
        # No request deletes a resource: it is gone with the last of its configs. So they have to be known by name
        # first.
        own = _own_configs(resources, name)
        if not own:
            raise KafkaToolError(NOT_THERE.format(name))
        resources.alter(ConfigChange(Entity(CLIENT_METRICS, name), {}, tuple(entry.name for entry in own)))
    return _changed(name, f"Deleted client metrics config for {name}.")


def describe(request: DescribeClientMetrics) -> Report:
    """Return the configs of one resource, or of all; the status is 1 where the one that is named is not there."""
    name = request.name
    with open_configs(request.target) as resources:
        if name is None:
            # Defaults are among them (True), as Apache's tool prints all that DescribeConfigs answers.
            found = [(each.entity.name, _readable(each)) for each in resources.describe({CLIENT_METRICS: None}, True)]
        # Looked for first, as by 4.4: 3.9 prints a heading for any name, so that a script cannot tell what is not
        # there.
        elif _own_configs(resources, name):
            found = [(name, resources.current(Entity(CLIENT_METRICS, name)))]
        else:
            # As data, and with 0, by Apache's tool; a script that asks whether it is there gets 1 here.
            note = f"There is no '{name}': --list tells which there are."
            return Report((), COLUMNS, [NOT_THERE.format(name)], names_only=True, notes=(note,), status=1)
    rows = [ClientMetricsRow.of(*each) for each in found]
    return Report(rows, COLUMNS, _lines(found), lambda: [_table(rows)])


def list_client_metrics(request: ListClientMetrics) -> Report:
    """Return the names of all resources, in the order in which the brokers tell them."""
    with open_configs(request.target) as resources:
        # Not sorted: ClientMetricsCommand prints them as they come.
        names = [each.entity.name for each in resources.describe({CLIENT_METRICS: None})]
    # Apache's tool prints an empty line for an empty list.
    return Report(list(map(NameRow, names)), NAME_COLUMNS, names or [""], names_only=True)


def _changed(name: str, line: str) -> Report:
    return Report([NameRow(name)], NAME_COLUMNS, [line], names_only=True)


def _own_configs(resources: Configs, name: str) -> tuple[ConfigEntry, ...]:
    """Return the configs that were set for a resource; none where it is not there."""
    try:
        return tuple(entry for each in resources.describe({CLIENT_METRICS: name}) for entry in _readable(each))
    except NoSuchEntityError:
        return ()


def _readable(found: EntityConfigs) -> tuple[ConfigEntry, ...]:
    if found.error is not None:
        raise found.error
    return found.entries


def _lines(found: Iterable[tuple[str, Sequence[ConfigEntry]]]) -> Iterator[str]:
    for name, entries in found:
        yield f"Client metrics configs for {name} are:"
        yield from (f"  {entry.name}={'null' if entry.value is None else entry.value}" for entry in entries)


@dataclass(frozen=True, slots=True)
class ClientMetricsView:
    """One resource for a person."""

    name: str
    interval_ms: str
    metrics: str
    match: str


def _table(rows: Sequence[ClientMetricsRow]) -> "Table":
    from kafka_tools.model.units import human
    from kafka_tools.render.views import Mark, Table

    views = [
        ClientMetricsView(
            row.name,
            "-" if row.interval_ms is None else human(INTERVAL, str(row.interval_ms)),
            ", ".join(row.metrics) or "none",
            ", ".join(f"{selector}={pattern}" for selector, pattern in row.match.items()) or "all",
        )
        for row in rows
    ]
    return Table(views, COLUMNS, notes=() if rows else [Mark("There are no client metrics resources.")])
