"""`ktools configs --zookeeper`: what kafka-configs.sh of Kafka 2.8 does there, and its lines.

Source: kafka.admin.ConfigCommand 2.8.2 (alterConfigWithZk, describeConfigWithZk).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kafka_tools.backends import open_configs
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model import dynamic_configs
from kafka_tools.model.configs import (
    BROKERS,
    CLIENTS,
    DEFAULT,
    TOPICS,
    USERS,
    ConfigChange,
    ConfigEntry,
    Entity,
    EntityConfigs,
)
from kafka_tools.model.target import ZooKeeper
from kafka_tools.report import Report
from kafka_tools.tools.configs.describing import COLUMNS, row
from kafka_tools.tools.configs.entities import Asked, Named, parts

if TYPE_CHECKING:
    from kafka_tools.render.views import View

WARNING = (
    "Warning: --zookeeper is deprecated and will be removed in a future version of Kafka.",
    "Use --bootstrap-server instead to specify a broker to connect to.",
)
FORMAT = "message.format.version"
WORDS = {USERS: "user-principal", CLIENTS: "client-id", TOPICS: "topic"}
"""Entity type -> what Apache's tool calls one entity of it; others are called as their type."""


def told(run: Callable[[], Report], with_argv: Callable[[KafkaToolError], KafkaToolError]) -> Report:
    """Run an action, and put Apache's warning before its lines, also where it fails.

    What Kafka's tool tells without its arguments (IllegalArgumentException, InvalidConfigurationException) is a
    UsageError.
    """
    try:
        report = run()
    except UsageError as error:
        report = Report([], {}, [], names_only=True, failure=error)
    except KafkaToolError as error:
        report = Report([], {}, [], names_only=True, failure=with_argv(error))
    return report._replace(plain=[*WARNING, *report.plain])


def describe(target: ZooKeeper, asked: Asked) -> Report:
    """Describe the entities that are asked for; what is malformed is named on stderr."""
    wanted = asked.named.wanted
    with open_configs(target) as configs:
        found = list(configs.describe(wanted))
        malformed = configs.malformed()
    # In ZooKeeper there are overrides alone: only entities that have none are left out.
    shown = [each for each in found if each.entries] if asked.only_overrides else found
    # Kafka 2.8 prints the keys of passwords, and who reads its lines may need them: nobody else does.
    masked = [each._replace(entries=tuple(map(_masked, each.entries))) for each in shown]
    return Report(
        rows=[row(each.entity, entry) for each in masked for entry in each.entries],
        columns=COLUMNS,
        plain=lines(shown),
        tables=lambda: _tables(masked, None in wanted.values()),
        notes=malformed,
        status=int(bool(malformed)),
    )


def alter(target: ZooKeeper, asked: Asked) -> Report:
    """Make the change, or with `dry_run` show it. Raises KafkaToolError in Kafka 2.8's words."""
    from kafka_tools.tools.configs.changing import planned, refuse_mistyped

    # No broker checks what is stored before it starts, and it may not start then.
    change = _change(asked)
    if change.entity.type == BROKERS and not asked.force:
        refuse_mistyped(change, dynamic_configs.NAMES)
    warning = [_format_warning(change.set[FORMAT])] if FORMAT in change.set else []
    with open_configs(target) as configs:
        # Only to be shown: the change itself reads the znode once more, with its version.
        before = configs.current(change.entity) if asked.dry_run else ()
        configs.alter(change, validate_only=asked.dry_run)
    if not asked.dry_run:
        done = f"Completed updating config for entity: {_shown(change.entity)}."
        return Report([], {}, [*warning, done], names_only=True)
    return planned(_without_encoder(change), [_masked(entry, "(secret)") for entry in before])


def lines(found: Iterable[EntityConfigs]) -> Iterator[str]:
    """Yield Apache's line for each entity."""
    for each in found:
        yield f"Configs for {_shown(each.entity)} are {','.join(f'{name}={value}' for name, value, *_ in each.entries)}"


def _change(asked: Asked) -> ConfigChange:
    try:
        return asked.change(_entity(asked.named))
    except KafkaToolError as error:
        raise UsageError(error.message, error.hint) from error


def _entity(found: Named) -> Entity:
    if len(found.types) != len(found.names) and found.types[0] in (USERS, CLIENTS):
        raise UsageError("--entity-name or --entity-default must be specified with each --entity-type for --alter")
    return found.entity


def _shown(entity: Entity) -> str:
    """Return an entity as ConfigCommand.ConfigEntity.toString does."""
    named = ((WORDS.get(kind, kind), name) for kind, name in parts(entity))
    return ", ".join(f"default {word}" if name == DEFAULT else f"{word} '{name}'" for word, name in named)


def _format_warning(value: str) -> str:
    return (
        f"WARNING: The configuration {FORMAT}={value} is specified. This configuration will be ignored if the version "
        "is newer than the inter.broker.protocol.version specified in the broker."
    )


def _masked(entry: ConfigEntry, stand_in: str | None = None) -> ConfigEntry:
    return entry._replace(value=stand_in) if entry.sensitive else entry


def _without_encoder(change: ConfigChange) -> ConfigChange:
    """Leave out the settings for encrypting, which are not stored."""
    kept = {name: value for name, value in change.set.items() if not name.startswith(dynamic_configs.ENCODER)}
    return change._replace(set=kept)


def _tables(shown: Sequence[EntityConfigs], everybody: bool) -> "Iterable[View]":
    from kafka_tools.tools.configs.views import tables

    return tables(shown, everybody)
