"""Reads and changes the configs of a cluster's entities through its brokers.

Brokers keep three kinds of them: configs of resources (topics, brokers, loggers, groups, client metrics), quotas of
users, clients and IP addresses, and SCRAM credentials of users. Each kind has requests of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from kafka_tools.brokers.groups import groups_of_all_types
from kafka_tools.brokers.session import CONTROLLER_SECONDS, RESPONSE_SECONDS, Session
from kafka_tools.errors import (
    CLUSTER_AUTHORIZATION_FAILED,
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    UnsupportedError,
    a_request,
    check_code,
)
from kafka_tools.model.configs import (
    BROKER_LOGGERS,
    BROKERS,
    CLIENT_METRICS,
    CLIENTS,
    DEFAULT,
    GROUPS,
    IPS,
    SCRAM_MECHANISMS,
    SOURCES,
    TOPICS,
    UNKNOWN_SOURCE,
    USERS,
    ConfigChange,
    ConfigEntry,
    Entity,
    EntityConfigs,
    EntityFilter,
    NoSuchEntityError,
    Synonym,
    own_source,
    quota,
    scram_credential,
)
from kafka_tools.model.java_hash_order import (
    PROPERTIES_CAPACITY,
    capacity_for,
    hash_order,
    keys_in_hash_order,
    string_hash,
)
from kafka_tools.model.java_numbers import double
from kafka_tools.wire.config_messages import (
    ALTER_CLIENT_QUOTAS,
    DESCRIBE_CLIENT_QUOTAS,
    INCREMENTAL_ALTER_CONFIGS,
    LIST_CONFIG_RESOURCES,
)
from kafka_tools.wire.messages import DESCRIBE_CONFIGS
from kafka_tools.wire.schema import Message, Response

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka.admin import ConfigResource, UserScramCredentialAlteration

RESOURCE_TYPES = {TOPICS: 2, BROKERS: 4, BROKER_LOGGERS: 8, CLIENT_METRICS: 16, GROUPS: 32}
"""Entity type -> the number of org.apache.kafka.common.config.ConfigResource.Type."""

QUOTA_TYPES = {USERS: "user", CLIENTS: "client-id", IPS: "ip"}
"""Entity type -> its name in quotas (org.apache.kafka.common.quota.ClientQuotaEntity)."""

OF_ONE_BROKER = (BROKERS, BROKER_LOGGERS)
"""Entity types of which only the broker itself knows what is in force."""

SET, DELETE = 0, 1
"""The numbers of org.apache.kafka.clients.admin.AlterConfigOp.OpType."""

EXACTLY, THE_DEFAULT, ANY = 0, 1, 2
"""How a name in DescribeClientQuotas is matched."""

RESOURCE_NOT_FOUND = 91

RESOURCES_A_REQUEST = 200
"""For how many entities configs are asked for at once: a broker takes 1 ms for each where it looks into ZooKeeper."""

CONFIGS_SECONDS = 10.0
"""How long a request for them is waited for: a broker whose ZooKeeper is gone does not answer in 35 s (Kafka 3.9)."""

TYPES = {each: kind for kind, each in QUOTA_TYPES.items()}


class BrokerConfigs:
    """The configs of the entities of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, wanted: EntityFilter, everything: bool = False) -> Iterator[EntityConfigs]:
        """Yield the entities that are asked for, with the configs of their own, or with `everything` all configs.

        Raises BrokerError, UnreachableError, UnsupportedError where the brokers are too old for such entities.
        """
        # Users and clients have no configs of their own in brokers: what ZooKeeper's znodes hold as such are quotas.
        if wanted.keys() <= QUOTA_TYPES.keys():
            yield from self._quotas(wanted)
            # ConfigCommand prints credentials behind all quotas; the default of all users can have none.
            if wanted.keys() == {USERS} and wanted[USERS] != DEFAULT:
                yield from self._credentials(wanted[USERS])
            return
        [(kind, name)] = wanted.items()
        try:
            self._check_known(kind)
        except UnsupportedError as error:
            if name is None:
                raise
            # Apache's tool has printed the entity's heading by then.
            yield EntityConfigs(Entity(kind, name), error=error)
            return
        if name is None:
            names = self._names(kind)
        else:
            names = [name]
            self._check_there(kind, name, everything)
        for found in self._resources(kind, names):
            # A topic may be deleted between the two requests.
            if name is not None or not _is_gone(found):
                yield found if everything else _own(found)

    def current(self, entity: Entity) -> tuple[ConfigEntry, ...]:
        """Return all configs of one entity, the quotas of a user or client. Raises as `describe` does."""
        if entity.type in QUOTA_TYPES:
            wanted = {entity.type: entity.name} | ({} if entity.client is None else {CLIENTS: entity.client})
            # At most one: the match is strict.
            return next((each.entries for each in self._quotas(wanted, CONTROLLER_SECONDS)), ())
        self._check_known(entity.type)
        [found] = self._resources(entity.type, [entity.name], CONTROLLER_SECONDS)
        if found.error is not None:
            raise found.error
        return found.entries

    def alter(self, change: ConfigChange, validate_only: bool = False) -> None:
        """Set and delete configs of one entity. Raises BrokerError, UnreachableError, UnsupportedError.

        SCRAM credentials cannot be checked beforehand: with `validate_only` they are left alone.
        """
        kind, names = change.entity.type, {*change.set, *change.delete}
        is_credential = kind in QUOTA_TYPES and bool(names & {*SCRAM_MECHANISMS})
        if kind == BROKER_LOGGERS:  # which that broker changes by itself
            self._session.check_cluster()
        else:
            self._session.check_controller(is_written_by_any=not is_credential)
        # The command line has let either credentials or quotas through, not both in one change: two requests could fail
        # by half.
        if is_credential:
            self._refuse_controllers("SCRAM credentials")
            if not validate_only:
                self._alter_credentials(change)
        elif kind in QUOTA_TYPES:
            self._alter_quotas(change, validate_only)
        elif not self._session.target.controllers and (
            # AdminClient takes no name of "", which stands for the default of all brokers.
            kind == TOPICS or (kind == BROKERS and change.entity.name != DEFAULT)
        ):
            self._alter_by_admin(change, validate_only)
        else:
            self._alter_by_wire(change, validate_only)

    def notes(self) -> tuple[str, ...]:
        """Return nothing: what cannot be read fails the whole command."""
        return ()

    def malformed(self) -> tuple[str, ...]:
        """Return nothing: brokers send no more than what they understand."""
        return ()

    def _refuse_controllers(self, what: str) -> None:
        if self._session.target.controllers:
            raise UnsupportedError(f"Controllers are not asked for {what}: use --bootstrap-server.")

    def _is_kafka_4(self) -> bool:
        """Tell whether the brokers are of Kafka 4, which no longer knows the oldest requests (KIP-896)."""
        return self._session.wire.oldest(DESCRIBE_CONFIGS) > 0

    def _check_known(self, kind: str) -> None:
        """Raise UnsupportedError where the brokers know no entities of this type: they would answer in riddles."""
        if kind == GROUPS and not self._is_kafka_4():
            raise UnsupportedError("Groups have configs from Kafka 4.0 on (KIP-848): these brokers are older.")
        if kind == CLIENT_METRICS and not self._session.wire.supports(LIST_CONFIG_RESOURCES):
            raise UnsupportedError(
                "Client metrics need Kafka 3.7 or later without ZooKeeper (KIP-714): these brokers do not know them."
            )

    def _check_there(self, kind: str, name: str, everything: bool) -> None:
        """Raise NoSuchEntityError where Kafka 4's tool looks first whether the entity is there."""
        if everything or name == DEFAULT or not self._is_kafka_4():
            return
        if kind == TOPICS:
            self._refuse_controllers("topics by their names")
            topic = self._session.metadata(name).topics.get(name)
            there = topic is not None and (topic.error is None or topic.error.code() != UNKNOWN_TOPIC_OR_PARTITION)
        else:
            there = name in self._names(kind)
        if not there:
            raise NoSuchEntityError(f"The {kind[:-1]} '{name}' doesn't exist and doesn't have dynamic config.")

    def _names(self, kind: str) -> Sequence[str]:
        """Return the names of all entities of a type, in the order of Apache's tool."""
        if kind in (TOPICS, GROUPS):
            self._refuse_controllers(f"the names of {kind}")
        match kind:
            case "topics":
                return hash_order(self._session.metadata().topics, PROPERTIES_CAPACITY)
            case "brokers" | "broker-loggers":
                # Apache's tool tells the default of all brokers behind the brokers themselves.
                return [*map(str, sorted(self._session.wire.brokers())), DEFAULT]
            case "groups":
                return hash_order(dict.fromkeys((*self._group_ids(), *self._listed(kind))), PROPERTIES_CAPACITY)
            case _:
                return self._listed(kind)

    def _group_ids(self) -> Iterator[str]:
        found, failures = groups_of_all_types(self._session, RESPONSE_SECONDS)
        if failures:
            raise KafkaToolError(failures[0])
        return (group["group_id"] for group in found)

    def _listed(self, kind: str) -> list[str]:
        """Return the names of entities that have configs; groups may be listed only by who may read the cluster's."""
        response = self._session.wire.ask(LIST_CONFIG_RESOURCES, {"resource_types": [RESOURCE_TYPES[kind]]})
        if kind == GROUPS and response["error_code"] == CLUSTER_AUTHORIZATION_FAILED:
            return []
        check_code(response["error_code"], None, "DESCRIBE_CONFIGS on the cluster")
        found = response["config_resources"]
        # A broker that knows version 0 alone answers with client metrics whatever is asked for.
        return [each["resource_name"] for each in found if each["resource_type"] == RESOURCE_TYPES[kind]]

    def _resources(self, kind: str, names: Sequence[str], seconds: float | None = None) -> Iterator[EntityConfigs]:
        last: list[Response] = []
        entries: tuple[ConfigEntry, ...] = ()
        for name, result in self._described(kind, names, seconds or CONFIGS_SECONDS):
            entity = Entity(kind, name)
            try:
                check_code(result["error_code"], result["error_message"], f"DESCRIBE_CONFIGS on {_shown(entity)}")
            except BrokerError as error:
                yield EntityConfigs(entity, error=error)
                continue
            # Most topics have the same configs as the one before, which the decoder then gives as the same object
            # (Field.repeats): to make them once halves the CPU of describing 2,000 topics.
            if result["configs"] is not last:
                last = result["configs"]
                entries = tuple(map(_entry, sorted(last, key=lambda each: each["name"])))
            yield EntityConfigs(entity, entries)

    def _described(self, kind: str, names: Sequence[str], seconds: float) -> Iterator[tuple[str, Response]]:
        wire = self._session.wire
        if kind in OF_ONE_BROKER:
            for name in names:
                # Each broker knows its own file and its loggers alone; another answers with an error.
                broker = None if name == DEFAULT else int(name)
                for result in wire.ask(DESCRIBE_CONFIGS, _describe_request(kind, [name]), broker, seconds)["results"]:
                    yield name, result
            return
        starts = range(0, len(names), RESOURCES_A_REQUEST)
        requests = [_describe_request(kind, names[start : start + RESOURCES_A_REQUEST]) for start in starts]
        with self._session.with_controller():
            for response in wire.ask_each(DESCRIBE_CONFIGS, requests, seconds) if requests else ():
                # A broker answers in an order of its own.
                results = {result["resource_name"]: result for result in response["results"]}
                yield from ((name, results[name]) for name in names if name in results)

    def _quotas(self, wanted: EntityFilter, seconds: float | None = None) -> Iterator[EntityConfigs]:
        components = [_component(kind, name) for kind, name in wanted.items()]
        request = {"components": components, "strict": True}
        with self._session.with_controller():
            response = self._session.wire.ask(DESCRIBE_CLIENT_QUOTAS, request, seconds=seconds or CONFIGS_SECONDS)
        check_code(response["error_code"], response["error_message"], "DESCRIBE_CONFIGS on the cluster")
        found = {
            tuple((part["entity_type"], part["entity_name"]) for part in each["entity"]): each["values"]
            for each in response["entries"] or ()
        }
        # Apache's tool prints quotas in the order of Java's HashMap, which scripts compare line by line.
        for parts in keys_in_hash_order(found, capacity_for(len(found)), _entity_hash):
            values = {value["key"]: value["value"] for value in found[parts]}
            names = hash_order(values, capacity_for(len(values)))
            yield EntityConfigs(
                _quota_entity(dict(parts)), tuple(ConfigEntry(name, double(values[name])) for name in names)
            )

    def _credentials(self, user: str | None) -> Iterator[EntityConfigs]:
        """Yield the users' SCRAM credentials, of which brokers tell no more than the iterations."""
        self._refuse_controllers("SCRAM credentials")
        request = "DescribeUserScramCredentials"
        if user is None:
            found: Mapping[str, Any] = self._session.ask(
                request, lambda admin: cast("Future[Any]", admin.describe_user_scram_credentials())
            )
        else:
            found = self._session.ask_each(
                request,
                lambda admin: cast("Mapping[str, Future[Any]]", admin.describe_user_scram_credentials([user])),
            )
        for name, description in found.items():
            if isinstance(description, BrokerError):
                # A user without credentials: no entity of the list, and no failure.
                if description.code == RESOURCE_NOT_FOUND:
                    continue
                check_code(description.code, description.message, "DESCRIBE on the cluster")
            entries = tuple(
                # ScramMechanism counts from 1: 0 is UNKNOWN.
                ConfigEntry(SCRAM_MECHANISMS[info.mechanism.value - 1], f"iterations={info.iterations}")
                for info in description.scram_credential_infos
            )
            yield EntityConfigs(Entity(USERS, name), entries)

    def _alter_by_admin(self, change: ConfigChange, validate_only: bool) -> None:
        if change.entity.type == BROKERS:
            self._session.check_broker(int(change.entity.name))
        resource = _admin_resource(change)
        answers = self._session.change_each(
            "IncrementalAlterConfigs",
            lambda admin: admin.incremental_alter_configs([resource], validate_only=validate_only),
        )
        for answer in answers.values():
            if isinstance(answer, BrokerError):
                check_code(answer.code, answer.message, f"ALTER_CONFIGS on {_shown(change.entity)}")

    def _alter_by_wire(self, change: ConfigChange, validate_only: bool) -> None:
        self._check_known(change.entity.type)
        broker = int(change.entity.name) if change.entity.type == BROKER_LOGGERS else None
        configs = [{"name": name, "config_operation": DELETE} for name in change.delete]
        configs += [{"name": name, "config_operation": SET, "value": value} for name, value in change.set.items()]
        resource = {
            "resource_type": RESOURCE_TYPES[change.entity.type],
            "resource_name": change.entity.name,
            "configs": configs,
        }
        request = {"resources": [resource], "validate_only": validate_only}
        self._changed(INCREMENTAL_ALTER_CONFIGS, request, "responses", change.entity, broker)

    def _alter_quotas(self, change: ConfigChange, validate_only: bool) -> None:
        entity = [{"entity_type": QUOTA_TYPES[change.entity.type], "entity_name": change.entity.name or None}]
        if change.entity.client is not None:
            # Null is the default entity; a user or client whose name is empty cannot be.
            entity.append({"entity_type": QUOTA_TYPES[CLIENTS], "entity_name": change.entity.client or None})
        ops = [{"key": name, "value": quota(name, value), "remove": False} for name, value in change.set.items()]
        # The value of a removal is not looked at, but has no null on the wire.
        ops += [{"key": name, "value": 0.0, "remove": True} for name in change.delete]
        # One request for the quotas of both: brokers change them together or not at all.
        request = {"entries": [{"entity": entity, "ops": ops}], "validate_only": validate_only}
        self._changed(ALTER_CLIENT_QUOTAS, request, "entries", change.entity, None)

    def _changed(
        self, message: Message, request: Mapping[str, Any], results: str, entity: Entity, broker: int | None
    ) -> None:
        """Send a change of one entity. Raises BrokerError with what the brokers say of it."""

        def only_result(response: Response) -> Response:
            if len(response[results]) != 1:
                raise KafkaToolError(f"The answer to {a_request(message.name)} has {len(response[results])} results.")
            [found] = response[results]
            return dict(found)

        result = self._session.wire.change(message, request, only_result, broker=broker)
        check_code(result["error_code"], result["error_message"], f"ALTER_CONFIGS on {_shown(entity)}")

    def _alter_credentials(self, change: ConfigChange) -> None:
        alterations = list(_alterations(change))
        answers = self._session.change_each(
            "AlterUserScramCredentials", lambda admin: admin.alter_user_scram_credentials(alterations)
        )
        for answer in answers.values():
            if isinstance(answer, BrokerError):
                check_code(answer.code, answer.message, "ALTER on the cluster")


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
        tuple([Synonym(each["name"], each["value"], _source(each["source"])) for each in config["synonyms"]]),
    )


def _source(number: int) -> str:
    # A source of a newer Kafka is shown as unknown; it is no reason to refuse the configs.
    return SOURCES[number] if 0 <= number < len(SOURCES) else UNKNOWN_SOURCE


def _own(configs: EntityConfigs) -> EntityConfigs:
    source = own_source(configs.entity)
    return configs._replace(entries=tuple(each for each in configs.entries if source in (None, each.source)))


def _is_gone(configs: EntityConfigs) -> bool:
    return isinstance(configs.error, BrokerError) and configs.error.code == UNKNOWN_TOPIC_OR_PARTITION


def _shown(entity: Entity) -> str:
    """Return what an entity is called where a right on it is missing: only topics and groups have rights of theirs."""
    return f"{entity.type[:-1]} '{entity.name}'" if entity.type in (TOPICS, GROUPS) else "the cluster"


def _component(kind: str, name: str | None) -> Mapping[str, Any]:
    if not name:
        return {"entity_type": QUOTA_TYPES[kind], "match_type": ANY if name is None else THE_DEFAULT, "match": None}
    return {"entity_type": QUOTA_TYPES[kind], "match_type": EXACTLY, "match": name}


def _quota_entity(parts: Mapping[str, str | None]) -> Entity:
    names = {kind: parts[each] or DEFAULT for each, kind in TYPES.items() if each in parts}
    kind = next(iter(names))
    return Entity(kind, names[kind], names.get(CLIENTS) if kind == USERS else None)


def _entity_hash(parts: Iterable[tuple[str, str | None]]) -> int:
    """Return the hashCode of a org.apache.kafka.common.quota.ClientQuotaEntity: Objects.hash of a map."""
    return 31 + sum(string_hash(kind) ^ string_hash(name or "") for kind, name in parts) & 0xFFFFFFFF


def _admin_resource(change: ConfigChange) -> "ConfigResource":
    from confluent_kafka.admin import AlterConfigOpType, ConfigResource
    from confluent_kafka.admin import ConfigEntry as AdminEntry

    kind = ConfigResource.Type.TOPIC if change.entity.type == TOPICS else ConfigResource.Type.BROKER
    deletions = [AdminEntry(each, None, incremental_operation=AlterConfigOpType.DELETE) for each in change.delete]
    additions = [
        AdminEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in change.set.items()
    ]
    return ConfigResource(kind, change.entity.name, incremental_configs=[*deletions, *additions])


def _alterations(change: ConfigChange) -> "Iterator[UserScramCredentialAlteration]":
    from confluent_kafka.admin import (
        ScramCredentialInfo,
        ScramMechanism,
        UserScramCredentialDeletion,
        UserScramCredentialUpsertion,
    )

    mechanisms = dict(zip(SCRAM_MECHANISMS, (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512), strict=True))
    for name in change.delete:
        yield UserScramCredentialDeletion(change.entity.name, mechanisms[name])
    for name, value in change.set.items():
        credential = scram_credential(name, value)
        info = ScramCredentialInfo(mechanisms[name], credential.iterations)
        yield UserScramCredentialUpsertion(change.entity.name, info, credential.password.encode())
