"""Describes configs: `ktools configs --describe`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import open_configs
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.configs import (
    CLIENTS,
    DEFAULT,
    DEFAULT_CONFIG,
    IPS,
    SCRAM_MECHANISMS,
    USERS,
    ConfigEntry,
    Entity,
    EntityConfigs,
    EntityFilter,
    NoSuchEntityError,
    Synonym,
)
from kafka_tools.model.target import Target
from kafka_tools.report import Report
from kafka_tools.tools.configs.entities import parts, singular
from kafka_tools.tools.configs.output import ConfigRow, SynonymRow

if TYPE_CHECKING:
    from kafka_tools.render.views import View

COLUMNS = {"entity_type": "Type", "entity_name": "Name", "name": "Config", "value": "Value", "source": "From"}

QUOTA_WORDS = {USERS: "user-principal", CLIENTS: "client-id", IPS: "ip"}
"""Entity type -> what Apache's tool calls it where it prints quotas."""


class DescribeConfigs(NamedTuple):
    """The entities whose configs are shown; with `everything` also those that come from elsewhere.

    With `only_overrides` those that are Kafka's own default are left out, and entities without any left.
    """

    target: Target
    wanted: EntityFilter
    everything: bool = False
    only_overrides: bool = False


def describe(request: DescribeConfigs) -> Report:
    """Describe the entities that are asked for. Raises KafkaToolError in the cluster's words."""
    found: list[EntityConfigs] = []
    # What was read before a failure is shown, and the failure behind it.
    failure: KafkaToolError | None = None
    with open_configs(request.target) as configs:
        try:
            for each in configs.describe(request.wanted, request.everything):
                found.append(each)
                # Apache's tool ends at the first entity that it cannot read, too.
                if (failure := each.error) is not None:
                    break
        except NoSuchEntityError as error:
            # Kafka 4's tool says so on stdout, and ends with 0.
            return Report([], COLUMNS, [error.message], names_only=True, status=1)
    shown = list(_overridden(found)) if request.only_overrides else found
    return Report(
        rows=[row(each.entity, entry) for each in shown for entry in each.entries],
        columns=COLUMNS,
        plain=lines(shown, request.everything),
        tables=lambda: _tables(shown, request.wanted),
        failure=failure,
    )


def _overridden(found: Iterable[EntityConfigs]) -> Iterator[EntityConfigs]:
    for each in found:
        # Also with --all: what the broker's own file says is an override of Kafka's default.
        entries = tuple(entry for entry in each.entries if entry.source != DEFAULT_CONFIG)
        if entries or each.error is not None:
            yield each._replace(entries=entries)


def row(entity: Entity, entry: ConfigEntry) -> ConfigRow:
    """Return the row of one config for programs."""
    synonyms = tuple(SynonymRow(*each) for each in entry.synonyms)
    return ConfigRow(*entity, entry.name, entry.value, entry.source, entry.sensitive, entry.read_only, synonyms)


def _tables(shown: Sequence[EntityConfigs], wanted: EntityFilter) -> "Iterable[View]":
    from kafka_tools.tools.configs.views import tables

    return tables(shown, None in wanted.values())


def lines(found: Iterable[EntityConfigs], everything: bool) -> Iterator[str]:
    """Yield Apache's lines (ConfigCommand.describeResourceConfig and describeQuotaConfigs, Kafka 3.9)."""
    for each in found:
        # Users, clients and addresses have quotas, each in one line; all others a heading and a line for each config.
        if each.entity.type in QUOTA_WORDS:
            yield _client_line(each)
            continue
        yield _heading(each.entity, everything)
        for entry in each.entries:
            # Java's `true` and `false`.
            sensitive = str(entry.sensitive).lower()
            synonyms = ", ".join(map(_synonym, entry.synonyms))
            yield f"  {entry.name}={_value(entry.value)} sensitive={sensitive} synonyms={{{synonyms}}}"


def _heading(entity: Entity, everything: bool) -> str:
    if entity.name == DEFAULT:
        return f"Default configs for {entity.type} in the cluster are:"
    return f"{'All' if everything else 'Dynamic'} configs for {singular(entity.type)} {entity.name} are:"


def _synonym(synonym: Synonym) -> str:
    return f"{synonym.source}:{synonym.name}={_value(synonym.value)}"


def _value(value: str | None) -> str:
    return "null" if value is None else value


def _client_line(configs: EntityConfigs) -> str:
    """Return the line of a user, a client or an IP address."""
    values = ", ".join(f"{entry.name}={entry.value}" for entry in configs.entries)
    if configs.entries and configs.entries[0].name in SCRAM_MECHANISMS:
        return f"SCRAM credential configs for user-principal '{configs.entity.name}' are {values}"
    named = ", ".join(
        f"{QUOTA_WORDS[kind]} '{name}'" if name != DEFAULT else f"the default {QUOTA_WORDS[kind]}"
        for kind, name in parts(configs.entity)
    )
    return f"Quota configs for {named} are {values}"
