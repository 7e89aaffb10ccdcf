"""Reads and changes the configs of a cluster's entities through its brokers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kafka_tools.brokers.session import Session
from kafka_tools.errors import BrokerError, KafkaToolError, check_code
from kafka_tools.model.configs import (
    BROKERS,
    DEFAULT,
    SOURCES,
    TOPICS,
    UNKNOWN_SOURCE,
    ConfigChange,
    ConfigEntry,
    Entity,
    EntityConfigs,
    EntityFilter,
    Synonym,
)
from kafka_tools.model.java_hash_order import hash_order
from kafka_tools.wire.messages import DESCRIBE_CONFIGS
from kafka_tools.wire.schema import Response

if TYPE_CHECKING:
    from confluent_kafka.admin import ConfigResource

RESOURCE_TYPES = {TOPICS: 2, BROKERS: 4}
"""Entity type -> the number of org.apache.kafka.common.config.ConfigResource.Type."""

OWN_SOURCES = {TOPICS: "DYNAMIC_TOPIC_CONFIG", BROKERS: "DYNAMIC_BROKER_CONFIG"}
"""Entity type -> the source of what is set for one entity of it (ConfigCommand.getResourceConfig, Kafka 3.9)."""

DYNAMIC_DEFAULT = "DYNAMIC_DEFAULT_BROKER_CONFIG"

RESOURCES_A_REQUEST = 200
"""For how many entities configs are asked for at once: a broker takes 1 ms for each where it looks into ZooKeeper."""

HASH_MAP_CAPACITY = 16
"""The buckets of a new java.util.HashMap, in whose order Apache's tool prints topics (ListTopicsResult.names)."""


class BrokerConfigs:
    """The configs of the entities of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, wanted: EntityFilter, everything: bool = False) -> Iterator[EntityConfigs]:
        """Yield the entities that are asked for, with the configs of their own, or with `everything` all configs.

        Raises BrokerError, UnreachableError.
        """
        for kind, name in wanted.items():
            yield from self._resources(kind, self._names(kind) if name is None else [name], everything)

    def current(self, entity: Entity) -> tuple[ConfigEntry, ...]:
        """Return the configs of one entity's own. Raises as `describe` does."""
        [found] = self._resources(entity.type, [entity.name], False)
        return found.entries

    def alter(self, change: ConfigChange, validate_only: bool = False) -> None:
        """Set and delete configs of one entity. Raises BrokerError, UnreachableError."""
        self._session.check_cluster()
        resource = self._resource(change)
        answers = self._session.ask_each(
            "IncrementalAlterConfigs",
            lambda admin: admin.incremental_alter_configs([resource], validate_only=validate_only),
        )
        for answer in answers.values():
            if isinstance(answer, BrokerError):
                raise answer

    def notes(self) -> tuple[str, ...]:
        """Return nothing: what cannot be read fails the whole command."""
        return ()

    def malformed(self) -> tuple[str, ...]:
        """Return nothing: brokers send no more than what they understand."""
        return ()

    def _names(self, kind: str) -> Sequence[str]:
        metadata = self._session.metadata()
        if kind == TOPICS:
            return hash_order(metadata.topics, HASH_MAP_CAPACITY)
        return [*map(str, sorted(metadata.brokers)), DEFAULT]

    def _resources(self, kind: str, names: Sequence[str], everything: bool) -> Iterator[EntityConfigs]:
        own = OWN_SOURCES[kind]
        for name, result in self._described(kind, names):
            check_code(result["error_code"], result["error_message"], f"DESCRIBE_CONFIGS on {kind[:-1]} '{name}'")
            source = DYNAMIC_DEFAULT if kind == BROKERS and name == DEFAULT else own
            entries = map(_entry, sorted(result["configs"], key=lambda each: each["name"]))
            yield EntityConfigs(
                Entity(kind, name), tuple(entry for entry in entries if everything or entry.source == source)
            )

    def _described(self, kind: str, names: Sequence[str]) -> Iterator[tuple[str, Response]]:
        """Yield the result for each name. A broker is asked itself: only it knows what is in force there."""
        if kind == TOPICS:
            starts = range(0, len(names), RESOURCES_A_REQUEST)
            requests = [_describe_request(kind, names[start : start + RESOURCES_A_REQUEST]) for start in starts]
            for response in self._session.wire.ask_each(DESCRIBE_CONFIGS, requests) if requests else ():
                for result in response["results"]:
                    yield result["resource_name"], result
            return
        for name in names:
            broker = None if name == DEFAULT else int(name)
            response = self._session.wire.ask(DESCRIBE_CONFIGS, _describe_request(kind, [name]), broker)
            for result in response["results"]:
                yield name, result

    def _resource(self, change: ConfigChange) -> "ConfigResource":
        from confluent_kafka.admin import AlterConfigOpType, ConfigResource
        from confluent_kafka.admin import ConfigEntry as AdminEntry

        kinds = {TOPICS: ConfigResource.Type.TOPIC, BROKERS: ConfigResource.Type.BROKER}
        entries = [
            AdminEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in change.set.items()
        ]
        entries += [AdminEntry(name, None, incremental_operation=AlterConfigOpType.DELETE) for name in change.delete]
        if change.entity.name == DEFAULT or change.entity.type not in kinds:
            raise KafkaToolError(f"Unsupported entity type: {change.entity.type}")
        return ConfigResource(kinds[change.entity.type], change.entity.name, incremental_configs=entries)


def _describe_request(kind: str, names: Sequence[str]) -> Mapping[str, Any]:
    resources = [{"resource_type": RESOURCE_TYPES[kind], "resource_name": name} for name in names]
    return {"resources": resources, "include_synonyms": True}


def _entry(config: Response) -> ConfigEntry:
    return ConfigEntry(
        config["name"],
        config["value"],
        _source(config["config_source"]),
        config["is_sensitive"],
        config["read_only"],
        tuple(Synonym(each["name"], each["value"], _source(each["source"])) for each in config["synonyms"]),
    )


def _source(number: int) -> str:
    return SOURCES[number] if 0 <= number < len(SOURCES) else UNKNOWN_SOURCE
