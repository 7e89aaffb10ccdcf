"""What `ktools configs` shows a person: where each value comes from, and what would count without it.

Imported only where a table is drawn: a script that reads Apache's lines does not wait for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kafka_tools.model.configs import (
    BROKER_LOGGERS,
    BROKERS,
    DEFAULT_CONFIG,
    QUOTAS,
    TOPICS,
    ConfigEntry,
    Entity,
    EntityConfigs,
    own_source,
)
from kafka_tools.model.java_numbers import parse_double
from kafka_tools.model.units import count, human
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.tools.configs.entities import title
from kafka_tools.tools.configs.output import DifferenceRow, PlannedConfig

SOURCE_WORDS = {
    "DYNAMIC_TOPIC_CONFIG": "topic",
    "DYNAMIC_BROKER_CONFIG": "broker, dynamic",
    "DYNAMIC_DEFAULT_BROKER_CONFIG": "all brokers, dynamic",
    "STATIC_BROKER_CONFIG": "broker's file",
    "DEFAULT_CONFIG": "default",
    "DYNAMIC_BROKER_LOGGER_CONFIG": "logger",
    "DYNAMIC_CLIENT_METRICS_CONFIG": "client metrics",
    "DYNAMIC_GROUP_CONFIG": "group",
    "UNKNOWN": "?",
}
"""Source of a value -> what a person calls it, in the order in which they count: the first that is set is in force."""

WORDS = {"": "(empty)", str(2**63 - 1): "(no limit)"}
"""Values that say nothing to a person: an empty list, and Java's largest number, which Kafka has for never."""

COLUMNS = {"name": "Config", "value": "Value", "source": "From", "otherwise": "Unless set"}
MANY_COLUMNS = {"entity": "Entity", "name": "Config", "value": "Value", "source": "From", "otherwise": "Unless set"}
PLANNED = {"name": "Config", "before": "Before", "after": "After"}


@dataclass(frozen=True, slots=True)
class ConfigView:
    """One config for a person; `otherwise` are the values that would count if the one in force were not set."""

    entity: str
    name: str
    value: str
    source: Mark
    otherwise: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One config that a change would set or delete."""

    name: str
    before: str
    after: str


def tables(shown: Sequence[EntityConfigs], everybody: bool) -> Iterator[Table]:
    """Yield one table of an entity, or one of many; of `everybody` only those with configs have a row."""
    # Also of many entities that are asked for there may be one: then the table of many is drawn, as its name was not
    # said.
    if not everybody and len(shown) == 1:
        yield _single(shown[0])
        return
    rows = [view for each in shown for view in _views(each)]
    has_sources = any(entry.source for each in shown for entry in each.entries)
    columns = {name: MANY_COLUMNS[name] for name in MANY_COLUMNS if has_sources or name not in ("source", "otherwise")}
    silent = sum(not each.entries for each in shown)
    notes = (
        # `count` puts an s behind what is not one.
        [Mark(f"{count(silent, 'entity' if silent == 1 else 'entitie')} without configs of their own")]
        if silent
        else []
    )
    yield Table(rows, columns, spare=("otherwise",), breakable=("value",), notes=notes)


def _single(configs: EntityConfigs) -> Table:
    has_sources = any(entry.source for entry in configs.entries)
    columns = {name: COLUMNS[name] for name in COLUMNS if has_sources or name not in ("source", "otherwise")}
    return Table(
        list(_views(configs)),
        columns,
        title=title(configs.entity),
        facts=_facts(configs),
        spare=("otherwise",),
        breakable=("value",),
    )


def _facts(configs: EntityConfigs) -> list[str]:
    source = own_source(configs.entity)
    if configs.entity.type == BROKER_LOGGERS:
        return [count(len(configs.entries), "logger")]
    # In ZooKeeper, where entries have no source, are those of the entity alone.
    own = sum(source is None or entry.source in (None, source) for entry in configs.entries)
    others = len(configs.entries) - own
    facts = [f"{own} of its own" if own else "no configs of its own"]
    return [*facts, f"{others} from elsewhere"] if others else facts


def _views(configs: EntityConfigs) -> Iterator[ConfigView]:
    """Yield a row for each config; the entity stands in the first alone."""
    name = title(configs.entity)
    for entry in configs.entries:
        yield ConfigView(name, entry.name, _value(entry), _source(configs.entity, entry), _otherwise(entry))
        name = ""


def _value(entry: ConfigEntry) -> str:
    if entry.value is None:
        return "(secret)" if entry.sensitive else "(not set)"
    if entry.value in WORDS:
        return WORDS[entry.value]
    # Quotas are doubles: 1048576.0 is 1 MiB a second.
    number = parse_double(entry.value) if entry.name in QUOTAS else None
    whole = number is not None and number.is_integer()
    return human(entry.name, str(int(number or 0)) if whole else entry.value)


def _source(entity: Entity, entry: ConfigEntry) -> Mark:
    if entry.source is None:
        return Mark("")
    words = SOURCE_WORDS[entry.source]
    # `this topic` tells more than `topic` in a table that has the values of brokers, too.
    if entry.source == own_source(entity) and entity.type in (TOPICS, BROKERS):
        words = f"this {entity.type[:-1]}" if entity.name else words
    return Mark(words, Level.QUIET)


def _otherwise(entry: ConfigEntry) -> str:
    """Return the places behind the one in force, with their values: `broker 7 d, default 168`."""
    # The first synonym is the value in force. A default of null would say nothing.
    others = [each for each in entry.synonyms[1:] if each.value is not None or each.source != DEFAULT_CONFIG]
    return "; ".join(
        f"{SOURCE_WORDS[each.source]} {'(secret)' if each.value is None else _with_name(entry, each.name, each.value)}"
        for each in others
    )


def _with_name(entry: ConfigEntry, name: str, value: str) -> str:
    """Return the value, with the config's name where that says another unit: log.retention.hours of retention.ms."""
    shown = human(name, value)
    return shown if name.endswith(entry.name) or shown != value else f"{name}={shown}"


def planned(entity: Entity, rows: Iterable[PlannedConfig]) -> Iterator[Table]:
    """Yield the table of what a change would do to one entity."""
    views = [ChangeView(row.name, _set(row.name, row.before), _set(row.name, row.after)) for row in rows]
    yield Table(views, PLANNED, title=title(entity), facts=[count(len(views), "config")], breakable=("before", "after"))


def _set(name: str, value: str | None) -> str:
    return "(not set)" if value is None else WORDS.get(value) or human(name, value)


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """One config whose values differ, for a person."""

    name: str
    left: str
    right: str


def differences(rows: Sequence[DifferenceRow], left: str, right: str) -> Iterator[Table]:
    """Yield the table of what differs between two entities, each under its name."""
    title = f"{left} and {right}"
    if not rows:
        yield Table([], {}, title=title, summary=Mark("the same configs are in force"))
        return
    views = [DifferenceView(row.name, _set(row.name, row.left), _set(row.name, row.right)) for row in rows]
    columns = {"name": "Config", "left": left, "right": right}
    yield Table(views, columns, title=title, facts=[count(len(rows), "difference")], breakable=("left", "right"))
