"""The configs of entities: what has them, where each value comes from, and changes of them.

An entity is what Kafka keeps configs for: a topic, a broker, a user, a client of a user, an IP address, and so on. The
back ends read and change `EntityConfigs`; what they cannot tell is None.
Source: org.apache.kafka.server.config.ConfigType and org.apache.kafka.clients.admin.ConfigEntry, Kafka 3.9 and 4.x.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java_numbers import parse_double
from kafka_tools.model.text import is_sendable
from kafka_tools.model.units import plain

TOPICS, BROKERS, BROKER_LOGGERS = "topics", "brokers", "broker-loggers"
USERS, CLIENTS, IPS = "users", "clients", "ips"
CLIENT_METRICS, GROUPS = "client-metrics", "groups"
ENTITY_TYPES = (TOPICS, CLIENTS, USERS, BROKERS, IPS, BROKER_LOGGERS, CLIENT_METRICS, GROUPS)
"""All entity types, in the order in which Apache's tool lists them (ConfigCommand.BrokerSupportedConfigTypes, 3.9)."""

DEFAULT = ""
"""The name of the default entity, whose configs count for all entities of a type that have none of their own."""

EntityFilter = Mapping[str, str | None]
"""Entity type -> the name of the entities that are asked for, DEFAULT for the default one, None for all of the type.

`{"topics": None}` are all topics, `{"users": "alice", "clients": None}` all clients of alice that have configs."""

# By the numbers of org.apache.kafka.clients.admin.ScramMechanism, from 1 on.
SCRAM_MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-512")
SCRAM_ITERATIONS = 4096
"""The fewest iterations of both mechanisms, and their default (ConfigCommand.DefaultScramIterations, 3.9)."""

QUOTAS = ("producer_byte_rate", "consumer_byte_rate", "request_percentage", "controller_mutation_rate")
"""The configs of users and clients, beside SCRAM credentials (org.apache.kafka.server.config.QuotaConfig)."""

IP_QUOTAS = ("connection_creation_rate",)

CONFIG_NAMES: Mapping[str, tuple[str, ...]] = {
    USERS: (*QUOTAS, *SCRAM_MECHANISMS),
    CLIENTS: QUOTAS,
    IPS: IP_QUOTAS,
    CLIENT_METRICS: ("interval.ms", "match", "metrics"),
    GROUPS: (
        "consumer.heartbeat.interval.ms",
        "consumer.session.timeout.ms",
        "share.auto.offset.reset",
        "share.heartbeat.interval.ms",
        "share.isolation.level",
        "share.record.lock.duration.ms",
        "share.session.timeout.ms",
        "streams.heartbeat.interval.ms",
        "streams.num.standby.replicas",
        "streams.session.timeout.ms",
    ),
}
"""Entity type -> its configs, where these are few (GroupConfig and ClientMetricsConfigs, Kafka 4.1)."""

UNKNOWN_SOURCE = "UNKNOWN"
DEFAULT_CONFIG = "DEFAULT_CONFIG"
SOURCES = (
    UNKNOWN_SOURCE,
    "DYNAMIC_TOPIC_CONFIG",
    "DYNAMIC_BROKER_CONFIG",
    "DYNAMIC_DEFAULT_BROKER_CONFIG",
    "STATIC_BROKER_CONFIG",
    DEFAULT_CONFIG,
    "DYNAMIC_BROKER_LOGGER_CONFIG",
    "DYNAMIC_CLIENT_METRICS_CONFIG",
    "DYNAMIC_GROUP_CONFIG",
)
"""Where a value may come from, by the number in DescribeConfigs (ConfigEntry.ConfigSource, Kafka 4.x)."""

OWN_SOURCES = {
    TOPICS: "DYNAMIC_TOPIC_CONFIG",
    BROKERS: "DYNAMIC_BROKER_CONFIG",
    CLIENT_METRICS: "DYNAMIC_CLIENT_METRICS_CONFIG",
    GROUPS: "DYNAMIC_GROUP_CONFIG",
}


class Entity(NamedTuple):
    """One thing that has configs: its entity type and its name, DEFAULT for the default entity of the type.

    `client` is the client id where the entity is a client of a user (`type` is then `users`); else None.
    """

    type: str
    name: str
    client: str | None = None


class Synonym(NamedTuple):
    """One place where a config may be set: its name there, its value there (None: secret), and which place it is."""

    name: str
    value: str | None
    source: str


class ConfigEntry(NamedTuple):
    """One config of an entity, as it is in force.

    `value` None: it is secret, or not set. `source` is one of SOURCES, None where the back end does not say (quotas,
    SCRAM credentials, znodes). `synonyms` are all places where it is set, the one in force first.
    """

    name: str
    value: str | None
    source: str | None = None
    sensitive: bool = False
    read_only: bool = False
    synonyms: tuple[Synonym, ...] = ()


class NoSuchEntityError(KafkaToolError):
    """There is no such topic, broker, group or the like, as brokers of Kafka 4 tell before its configs are read."""


class EntityConfigs(NamedTuple):
    """The configs of one entity, in the order in which Apache's tool prints them.

    `error` is why they could not be read: the entity is not there, or not for this user.
    """

    entity: Entity
    entries: tuple[ConfigEntry, ...] = ()
    error: KafkaToolError | None = None


class ConfigChange(NamedTuple):
    """What is to be set and deleted for one entity; all its other configs stay as they are."""

    entity: Entity
    set: Mapping[str, str]
    delete: tuple[str, ...] = ()


def own_source(entity: Entity) -> str | None:
    """Return the source of what is set for this entity itself; None where all its configs are its own."""
    if entity.type == BROKERS and entity.name == DEFAULT:
        return "DYNAMIC_DEFAULT_BROKER_CONFIG"
    return OWN_SOURCES.get(entity.type)


# A comma, or an equals sign, that stands outside of brackets: no `]` comes before the next `[` or the end.
_OUTSIDE = r"(?=[^\]]*(?:\[|$))"


def parse(text: str) -> dict[str, str]:
    """Parse the value of --add-config: `k1=v1,k2=[v2,v3],k3=`; where a name comes twice, the last one counts.

    Raises KafkaToolError in the words of Kafka's tool. Source: ConfigCommand.parseConfigsToBeAdded, Kafka 3.9.
    """
    if not is_sendable(text):
        raise KafkaToolError(f"--add-config: '{text}' is not UTF-8 text.")
    settings = re.split(f",{_OUTSIDE}", text)
    while len(settings) > 1 and not settings[-1]:  # Java's split() drops what is empty at the end
        settings.pop()
    pairs = [re.split(rf"\s*=\s*{_OUTSIDE}", setting, flags=re.ASCII) for setting in settings]
    if any(len(pair) != 2 for pair in pairs):
        # "requirement failed" is how Scala's require() begins its message.
        raise KafkaToolError(
            'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val".'
        )
    # All brackets go, also from the middle of a value (`replaceAll` in Kafka's code): no value can have one.
    return checked({name.strip(): re.sub(r"[\[\]]", "", value).strip() for name, value in pairs})


def checked(configs: Mapping[str, str]) -> dict[str, str]:
    """Return configs to set, with plain numbers for human units (`retention.ms=7d`).

    Raises KafkaToolError for a name with a character that no config has (ConfigCommand.validatePropsKey).
    """
    for name in configs:
        if not re.fullmatch(r"[$a-zA-Z0-9._-]*", name):
            raise KafkaToolError(f"Invalid character found for config key: {name}")
    # Of quotas what Java reads goes first: `10d` is 10.0 there, and no ten days.
    return {
        name: value if name in QUOTAS and parse_double(value) is not None else plain(name, value)
        for name, value in configs.items()
    }


def changed(entries: Iterable[ConfigEntry], change: ConfigChange) -> dict[str, tuple[str | None, str | None]]:
    """Return the names that a change touches -> value before and after it; None stands for a value that is not set."""
    before = {entry.name: entry.value for entry in entries}
    # In this order: a name that is deleted and set is set afterwards.
    after: dict[str, str | None] = {**dict.fromkeys(change.delete), **change.set}
    return {name: (before.get(name), value) for name, value in after.items()}


def quota(name: str, value: str) -> float:
    """Return the number of a quota.

    Raises KafkaToolError in the words of Kafka's tool (ConfigCommand.alterQuotaConfigs).
    """
    number = parse_double(value)
    if number is None:
        raise KafkaToolError(f"Cannot parse quota configuration value for {name}: {value}")
    return number


class ScramCredential(NamedTuple):
    """What SCRAM credentials are made of; `password` is a secret."""

    iterations: int
    password: str

    def __repr__(self) -> str:
        return f"<a password, {self.iterations} iterations>"


def scram_credential(mechanism: str, value: str) -> ScramCredential:
    """Parse `[iterations=N,]password=…`, as --add-config has it for a mechanism.

    Raises KafkaToolError in the words of Kafka's tool, but for what may be a password
    (ConfigCommand.alterUserScramCredentialConfigs).
    """
    found = re.fullmatch(r"(?:iterations=(-?[0-9]*),)?password=(.*)", value, re.ASCII)
    if found is None:
        raise KafkaToolError(
            f"Invalid credential property {mechanism.replace('-', '_')}=[hidden]",
            f"It has to be {mechanism}=[iterations=N,password=…] or {mechanism}=[password=…].",
        )
    count = found[1]
    if count is not None and not (re.fullmatch(r"-?\d+", count, re.ASCII) and len(count) < 10):
        raise KafkaToolError(f'For input string: "{count}"')
    # -1 is how Kafka's tool itself says "not given".
    iterations = SCRAM_ITERATIONS if count in (None, "-1") else int(count)
    if iterations < SCRAM_ITERATIONS:
        raise KafkaToolError(
            f"Iterations {iterations} is less than the minimum {SCRAM_ITERATIONS} required for {mechanism}"
        )
    return ScramCredential(iterations, found[2])
