"""Changes configs: `ktools configs --alter`."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import Configs, open_configs
from kafka_tools.errors import BrokerError, KafkaToolError, nearest
from kafka_tools.model import configs as model
from kafka_tools.model.configs import (
    BROKER_LOGGERS,
    CLIENTS,
    DEFAULT,
    IP_QUOTAS,
    IPS,
    QUOTAS,
    SCRAM_MECHANISMS,
    TOPICS,
    USERS,
    ConfigChange,
    ConfigEntry,
    Entity,
    own_source,
)
from kafka_tools.model.java_hash_order import properties_order
from kafka_tools.model.target import Target
from kafka_tools.report import Report
from kafka_tools.tools.configs.entities import check_deletable, singular
from kafka_tools.tools.configs.output import PlannedConfig

if TYPE_CHECKING:
    from kafka_tools.render.views import View

DRY_RUN = "Nothing was changed (--dry-run)."
UNCHECKED = "Brokers do not check SCRAM credentials beforehand: only they can tell whether they take them."
PLANNED_COLUMNS = {"entity_type": "Type", "entity_name": "Name", "name": "Config", "before": "Before", "after": "After"}

INVALID_CONFIG = 40
"""The code of a broker's error that refuses a config (org.apache.kafka.common.protocol.Errors)."""

LIKENESS = 0.85
"""How similar to a config that is there an unknown one must be, to be taken for a typing error (difflib's ratio)."""


class AlterConfigs(NamedTuple):
    """Changes the configs of one entity.

    `head` are the type and name that Apache's line tells: of a client of a user those that stand first. With `dry_run`
    all is checked and nothing changed, with `force` a config that nobody knows is sent.
    """

    target: Target
    change: ConfigChange
    head: tuple[str, str]
    dry_run: bool = False
    force: bool = False


def checked(change: ConfigChange) -> ConfigChange:
    """Return a change that needs no cluster to be right. Raises KafkaToolError in the words of Apache's tool."""
    kind, additions, deletions = change.entity.type, tuple(change.set), change.delete
    if kind == IPS:
        unknown = [name for name in (*properties_order(additions), *deletions) if name not in IP_QUOTAS]
        if unknown:
            raise KafkaToolError(
                f"Only connection quota configs can be added for '{IPS}' using --bootstrap-server. "
                f"Unexpected config names: {','.join(unknown)}",
                _suggestion(unknown, IP_QUOTAS),
            )
    # A client of a user has quotas alone; only a user by itself has SCRAM credentials.
    elif kind == CLIENTS or change.entity.client is not None:
        _check_names("Only quota configs", CLIENTS, additions, deletions, QUOTAS)
    elif kind == USERS:
        _check_names(
            "Only quota and SCRAM credential configs", USERS, additions, deletions, (*QUOTAS, *SCRAM_MECHANISMS)
        )
        _check_credentials(change)
    return change


def _check_names(
    only: str, kind: str, additions: Sequence[str], deletions: Sequence[str], known: Sequence[str]
) -> None:
    # The names stand as Scala prints a Set and an ArrayBuffer.
    for names, done, collection in ((additions, "added", "Set"), (deletions, "deleted", "ArrayBuffer")):
        unknown = [name for name in names if name not in known]
        if unknown:
            ordered = properties_order(unknown) if collection == "Set" else unknown
            # Scala's SCRAM names come behind all others in the message about clients.
            ordered.sort(key=lambda name: name in SCRAM_MECHANISMS)
            raise KafkaToolError(
                f"{only} can be {done} for '{kind}' using --bootstrap-server. "
                f"Unexpected config names: {collection}({', '.join(ordered)})",
                _suggestion(unknown, known),
            )


def _check_credentials(change: ConfigChange) -> None:
    names = {*change.set, *change.delete}
    if not names & {*SCRAM_MECHANISMS}:
        return
    if change.entity.name == DEFAULT:
        raise KafkaToolError(
            "The use of --entity-default or --user-defaults is not allowed with User SCRAM Credentials "
            "using --bootstrap-server."
        )
    # They are two requests (AlterClientQuotas, AlterUserScramCredentials), of which one could fail after the other.
    if names & {*QUOTAS}:
        raise KafkaToolError(
            f"Cannot alter both quota and SCRAM credential configs simultaneously for '{USERS}' "
            "using --bootstrap-server."
        )
    # Read now and dropped: a credential that makes no sense is refused before anybody is asked.
    for name, value in change.set.items():
        model.scram_credential(name, value)


def alter(request: AlterConfigs) -> Report:
    """Make the change, or with `dry_run` show it. Raises KafkaToolError in the cluster's words."""
    change = request.change
    with open_configs(request.target) as configs:
        # Read before it is changed, also without --dry-run: Apache's tool refuses to delete what is not there, and a
        # broker does not.
        before = _entries(configs, request)
        if change.set or change.delete:
            configs.alter(change, validate_only=request.dry_run)
    if request.dry_run:
        return planned(change, before)
    warning = _format_warning(change)
    kind, name = request.head
    # Of a client of a user ConfigCommand names only what stands first on the command line.
    done = f"config for {singular(kind)} {name}." if name else f"default config for {kind} in the cluster."
    return Report([], {}, [*warning, f"Completed updating {done}"], names_only=True)


def _format_warning(change: ConfigChange) -> tuple[str, ...]:
    """Return what Kafka 3.9's tool says before a change of message.format.version (ConfigCommand)."""
    if (version := change.set.get("message.format.version")) is None:
        return ()
    return (
        f"WARNING: The configuration message.format.version={version} is specified. This configuration will be ignored "
        "if the version is newer than the inter.broker.protocol.version specified in the broker or if the "
        "inter.broker.protocol.version is 3.0 or newer. This configuration is deprecated and it will be removed in "
        "Apache Kafka 4.0.",
    )


def _entries(configs: Configs, request: AlterConfigs) -> Sequence[ConfigEntry]:
    """Return what is set for the entity now. Raises KafkaToolError for a change that does not fit it."""
    change = request.change
    if {*change.set, *change.delete} & {*SCRAM_MECHANISMS} and change.entity.type == USERS:
        # Brokers tell only that there is a credential, and its iterations, which nothing depends on here.
        if not request.dry_run:
            return ()
        return [entry for each in configs.describe({USERS: change.entity.name}) for entry in each.entries]
    entries = configs.current(change.entity)
    known = [entry.name for entry in entries]
    if change.entity.type == BROKER_LOGGERS:
        # Level of a logger can be set only where the broker has one of that name (ConfigCommand.alterConfig, 3.9).
        unknown = [name for name in (*change.delete, *change.set) if name not in known]
        if unknown:
            raise KafkaToolError(f"Invalid broker logger(s): {','.join(unknown)}", _suggestion(unknown, known))
        return entries
    # Brokers answer with all that is in force; what comes from elsewhere cannot be deleted here.
    source = own_source(change.entity)
    own = [entry for entry in entries if source in (None, entry.source)]
    check_deletable(change.delete, [entry.name for entry in own])
    # Of quotas, which have no source, all names are known: `checked` has seen them.
    if source is not None and not request.force:
        refuse_mistyped(change, known)
    return own


def refuse_mistyped(change: ConfigChange, known: Collection[str]) -> None:
    """Refuse a config that is nearly one of those that the brokers know.

    A broker takes a config of its own that it does not know, as a plugin may know it, and says nothing.
    """
    for name in change.set:
        if name not in known and (near := nearest(name, known, likeness=LIKENESS)):
            kind = "topic config name" if change.entity.type == TOPICS else "config"
            raise BrokerError(
                INVALID_CONFIG,
                f"Unknown {kind}: {name}",
                f"Did you mean {near[0]}? Nothing was sent; --force sends it as it is.",
            )


def _suggestion(unknown: Sequence[str], known: Iterable[str]) -> str:
    near = nearest(unknown[0], known)
    return f"Did you mean {near[0]}?" if near else ""


def planned(change: ConfigChange, before: Sequence[ConfigEntry]) -> Report:
    """Return what a change would do to an entity that has these configs."""
    entity = change.entity
    rows = [
        PlannedConfig(*entity, name, *(_shown(name, value) for value in values))
        for name, values in model.changed(before, change).items()
    ]
    credentials = {*change.set, *change.delete} & {*SCRAM_MECHANISMS}
    notes = (DRY_RUN, UNCHECKED) if credentials else (DRY_RUN,)
    return Report(
        rows=rows,
        columns=PLANNED_COLUMNS,
        plain=[f"{row.name}: {row.before or 'not set'} -> {row.after or 'not set'}" for row in rows],
        tables=lambda: _tables(entity, rows),
        notes=notes,
    )


def _shown(name: str, value: str | None) -> str | None:
    """Return a value as it may be shown: of a password no more than that there is one."""
    if value is None:
        return None
    if name in SCRAM_MECHANISMS and "password=" in value:
        return f"iterations={model.scram_credential(name, value).iterations}"
    from kafka_tools.settings.secrets import shown

    return shown(name, value)


def _tables(entity: Entity, rows: Sequence[PlannedConfig]) -> "Iterable[View]":
    from kafka_tools.tools.configs.views import planned

    return planned(entity, rows)
