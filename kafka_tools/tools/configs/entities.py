"""Which entities the options of `ktools configs` name, with Apache's checks of them.

Source: kafka.admin.ConfigCommand.ConfigCommandOptions, Kafka 3.9.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.configs import (
    BROKER_LOGGERS,
    BROKERS,
    CLIENTS,
    DEFAULT,
    ENTITY_TYPES,
    IPS,
    TOPICS,
    USERS,
    ConfigChange,
    Entity,
    EntityFilter,
)
from kafka_tools.model.text import is_sendable

ZOOKEEPER_TYPES = (TOPICS, CLIENTS, USERS, BROKERS, IPS)
"""What has configs in ZooKeeper, in the order in which Apache's tool lists it (kafka.server.ConfigType, Kafka 2.8)."""

WITH_DEFAULTS = frozenset({USERS, CLIENTS, BROKERS, IPS})
"""Entity types that have a default entity."""


class Named(NamedTuple):
    """The entity types and the names on a command line, each in the order that Apache's tool gives them.

    A name belongs to the type at the same position. DEFAULT stands for the default entity; a type without a name means
    all entities of it.
    """

    types: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def wanted(self) -> EntityFilter:
        """The entities that are asked for. Raises UsageError for more names than types where each would count."""
        if not self._are_clients:  # of all others Apache's tool takes the first name and ignores the rest
            return {self.types[0]: self.names[0] if self.names else None}
        # A type without a name stands for all of it: `--entity-type users --entity-type clients` are the clients of all
        # users.
        pairs = list(zip_longest(self.types, self.names))
        if len(self.names) > len(self.types):
            raise UsageError("More entity names specified than entity types")
        return {str(kind): name for kind, name in pairs}

    @property
    def entity(self) -> Entity:
        """The one entity that is to be changed. Raises UsageError where a type has no name, or one too many."""
        if len(self.types) != len(self.names):
            raise UsageError("An entity name must be specified for every entity type")
        names = dict(zip(self.types, self.names, strict=True))
        # Two types are a client of a user (`check_types`), in whichever order they were given.
        if len(names) > 1:
            return Entity(USERS, names[USERS], names[CLIENTS])
        return Entity(self.types[0], self.names[0])

    @property
    def head(self) -> tuple[str, str]:
        """The first type and name, which Apache's tool tells of a change."""
        return self.types[0], self.names[0]

    @property
    def _are_clients(self) -> bool:
        return self.types[0] in (USERS, CLIENTS, IPS)


class Asked(NamedTuple):
    """What a command asks for, beside the cluster: the entities and what is to be done with them.

    `change` returns what is to be set and deleted for an entity, and raises KafkaToolError where it cannot be read. The
    flags are those of DescribeConfigs and AlterConfigs; `yes`: a protected cluster is changed without a question.
    """

    action: str
    named: Named
    change: Callable[[Entity], ConfigChange]
    everything: bool = False
    only_overrides: bool = False
    dry_run: bool = False
    force: bool = False
    yes: bool = False


def named(
    types: Sequence[str],
    names: Sequence[str],
    short: Mapping[str, str | None] = {},
    defaults: Mapping[str, bool] = {},
    on_zookeeper: bool = False,
) -> Named:
    """Return what --entity-type, --entity-name and --entity-default name, and the short forms, by entity type.

    Raises UsageError in the words of Apache's tool for what cannot stand together.
    """
    flags = {kind: name for kind, name in short.items() if name is not None}
    default = [kind for kind, given in defaults.items() if given]
    # Flags come behind --entity-type, and defaults behind flags: so ConfigCommandOptions joins its lists.
    found = Named((*types, *flags, *default), (*names, *flags.values(), *(DEFAULT for _ in default)))
    # The types first: checkArgs tells of a type that does not exist before it tells of names.
    check_types(found.types, on_zookeeper)
    if (types or names) and (flags or default):
        raise UsageError("--entity-{type,name,default} should not be used in conjunction with specific entity flags")
    return found


def check_types(types: Sequence[str], on_zookeeper: bool) -> None:
    """Raise UsageError in the words of Apache's tool for types that there are not, or that do not go together."""
    known = ZOOKEEPER_TYPES if on_zookeeper else ENTITY_TYPES
    if twice := [kind for position, kind in enumerate(types) if kind in types[:position]]:
        raise UsageError(f"Duplicate entity type(s) specified: {','.join(twice)}")
    for kind in types:
        if kind not in known:
            raise UsageError(
                f"Invalid entity type {kind}, the entity type must be one of "
                + (
                    f"{','.join(known)} with the --zookeeper argument"
                    if on_zookeeper
                    else f"{', '.join(known)} with a --bootstrap-server or --bootstrap-controller argument"
                )
            )
    if not types:
        raise UsageError("At least one entity type must be specified")
    # Only quotas have entities of two types, and of IP addresses there are no others.
    if len(types) > 1 and {*types} != {USERS, CLIENTS}:
        raise UsageError(f"Only '{USERS}' and '{CLIENTS}' entity types may be specified together")


def check_names(found: Named, action: str) -> None:
    """Raise UsageError in the words of Apache's tool for a name that its type does not have, or that is missing."""
    kind, names = found.types[0], [name for name in found.names if name != DEFAULT]
    for name in names:
        _check_name(kind, name)
    if action == "describe" and DEFAULT in found.names and not WITH_DEFAULTS & {*found.types}:
        # 4.x refuses it in these words; 3.9 asks the brokers for an entity without a name.
        raise UsageError(f"--entity-default must not be specified with --describe of {','.join(found.types)}")
    if action == "describe" and kind == BROKER_LOGGERS and not names:
        raise UsageError(f"an entity name must be specified with --describe of {kind}")
    # An empty name is the default entity, which only some types have.
    if action == "alter" and not (found.names if WITH_DEFAULTS & {*found.types} else names):
        if WITH_DEFAULTS & {*found.types}:
            raise UsageError(
                "an entity-name or default entity must be specified with --alter of users, clients, brokers or ips"
            )
        raise UsageError(f"an entity name must be specified with --alter of {','.join(found.types)}")


def _check_name(kind: str, name: str) -> None:
    if not is_sendable(name):
        raise UsageError(f"'{name}' is not UTF-8 text.")
    if kind in (BROKERS, BROKER_LOGGERS) and not _is_integer(name):
        raise UsageError(f"The entity name for {kind} must be a valid integer broker id, but it is: {name}")
    # Apache's tool resolves it before it asks, too (DynamicConfig.Ip.isValidIpEntity).
    if kind == IPS and not _resolves(name):
        raise UsageError(f"The entity name for {kind} must be a valid IP or resolvable host, but it is: {name}")


def _is_integer(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    # What Java's Integer.parseInt takes; ten digits at most, as int() raises ValueError for thousands of them.
    return digits.isdecimal() and digits.isascii() and len(digits) <= 10 and -(1 << 31) <= int(text) < 1 << 31


def _resolves(name: str) -> bool:
    import socket

    try:
        socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return False
    return True


def title(entity: Entity) -> str:
    """Return what a person calls an entity: `topic orders`, `all users`, `client c of user alice`."""
    if entity.client is not None:
        client = f"client {entity.client}" if entity.client else "every other client"
        return f"{client} of {title(Entity(USERS, entity.name))}"
    if entity.name == DEFAULT:
        return "all brokers" if entity.type == BROKERS else f"every other {entity.type[:-1]}"
    return f"{singular(entity.type)} {entity.name}"


def singular(kind: str) -> str:
    """Return Apache's word for one entity of a type: `topic`, and `client-metric` of `client-metrics`."""
    return kind[:-1]


def parts(entity: Entity) -> Iterator[tuple[str, str]]:
    """Yield entity type and name; of a client of a user, those of the user first."""
    yield entity.type, entity.name
    if entity.client is not None:
        yield CLIENTS, entity.client


def check_deletable(names: Sequence[str], known: Sequence[str]) -> None:
    """Raise KafkaToolError in the words of Apache's tool for configs to delete that the entity does not have."""
    missing = [name for name in names if name not in known]
    if missing:
        raise KafkaToolError(f"Invalid config(s): {','.join(missing)}")
