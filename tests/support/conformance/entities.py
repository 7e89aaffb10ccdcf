"""What stands in a cluster of configs, quotas, SCRAM users and ACLs of one case: as lines, and taken away again.

Where there is a ZooKeeper, its znodes are what a case leaves; in KRaft mode it is what the brokers say.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ConfigSource,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kazoo.exceptions import NoNodeError

from kafka_tools.backends import Configs, open_configs
from kafka_tools.model import acls as model
from kafka_tools.model.configs import SCRAM_MECHANISMS, ConfigChange, EntityConfigs, EntityFilter
from kafka_tools.model.target import Brokers
from kafka_tools.wire.acl_messages import DELETE_ACLS, DESCRIBE_ACLS
from kafka_tools.wire.config_messages import INCREMENTAL_ALTER_CONFIGS
from kafka_tools.wire.session import WireSession
from kafka_tools.zookeeper.session import connected
from tests.support.clusters import Cluster
from tests.support.conformance import aftermath

SECONDS = 15.0
DEFAULT = "<default>"
BROKER = 4
"""org.apache.kafka.common.config.ConfigResource.Type."""

ENTITIES = ("topics", "users", "clients", "ips", "brokers")
ACLS = ("/kafka-acl", "/kafka-acl-extended/prefixed")
CHANGES = {"configs": ("/config/changes",), "acls": ("/kafka-acl-changes", "/kafka-acl-extended-changes")}
"""Where a tool tells of a change. What others write there meanwhile of what all share (brokers, defaults) cannot be
told from what the case wrote: so a tool that never writes there does not look."""

SECRETS = re.compile(r"\b(salt|stored_key|server_key|encryptedPassword|initializationVector)([=:])[^,\"]*")
"""What is drawn by lot in a SCRAM credential (kafka.zk, ScramCredentialUtils) or an encrypted password."""

EVERY_ACL = {"resource_type_filter": 1, "pattern_type_filter": 1, "operation": 1, "permission_type": 1}
"""Takes every rule: 1 is ANY."""


class Names:
    """Which names are the case's own: those that hold one of `marks`. `keys` are the config keys that it names."""

    def __init__(self, marks: Iterable[str], words: str) -> None:
        self._marks = tuple(marks)
        self.keys = frozenset(re.findall(r"[a-z]+(?:[._-][a-z]+)+|SCRAM-SHA-\d+", words))

    def own(self, text: str) -> bool:
        """Say whether it belongs to the case."""
        return any(mark in text for mark in self._marks)


class Znodes:
    """The znodes of the case, read with kazoo. What everybody shares (brokers, defaults) counts by its config keys."""

    def __init__(self, client: Any, names: Names, changes: Sequence[str]) -> None:
        self._client, self._names, self._roots_of_changes = client, names, changes
        self._before = {path: self._read(path) for path in self._shared()}
        self._changes = {path for path, _ in self._notifications()}

    def lines(self, with_changes: bool) -> Iterator[str]:
        """Yield a line for each znode and, where asked for, for each change notification since the beginning."""
        for path in sorted(self._entities()):
            found = self._config(path)
            if found is not None:
                yield f"znode {path} {found}\n"
        for path in sorted(self._acl_paths()):
            found = self._acl(path)
            if found is not None:
                yield f"znode {path} {found}\n"
        for path, text in self._notifications() if with_changes else ():
            if path not in self._changes and (self._names.own(text) or _is_shared(text)):
                yield f"change {path.rpartition('/')[0]} {text}\n"

    def remove(self) -> None:
        """Take the case's own znodes away, and its keys out of the shared ones, so that brokers take notice."""
        for path in self._entities():
            if not self._is_shared(path):
                with suppress(NoNodeError):
                    self._client.delete(path, recursive=True)
            elif self._config(path) != self._shown(self._before.get(path), path):
                self._restore(path)
        for path in self._acl_paths():
            self._remove_acls(path)

    def _entities(self) -> Iterator[str]:
        """Yield the paths of the case's own entities and of those that everybody shares: brokers, and defaults."""
        for kind in ENTITIES:
            for name in self._children(f"/config/{kind}"):
                path = f"/config/{kind}/{name}"
                pairs = self._children(f"{path}/clients") if kind == "users" else []
                for each in (path, *(f"{path}/clients/{client}" for client in pairs)):
                    if self._names.own(each) or kind == "brokers" or each.endswith(DEFAULT):
                        yield each

    def _shared(self) -> Iterator[str]:
        return (path for path in self._entities() if self._is_shared(path))

    def _is_shared(self, path: str) -> bool:
        return not self._names.own(path)

    def _config(self, path: str) -> str | None:
        return self._shown(self._read(path), path)

    def _shown(self, document: Any, path: str) -> str | None:
        """Return a config as text; None where a shared one has none of the keys that the case names."""
        if document is None:
            return None
        if self._is_shared(path):
            kept = {key: value for key, value in document["config"].items() if key in self._names.keys}
            if not kept:
                return None
            document = document | {"config": kept}
        return _text(document)

    def _restore(self, path: str) -> None:
        """Give a shared entity the values that it had, and tell the brokers (kafka.zk.AdminZkClient 2.8.2)."""
        document, before = self._read(path), self._before.get(path) or {"config": {}}
        config = {key: value for key, value in document["config"].items() if key not in self._names.keys}
        config |= {key: value for key, value in before["config"].items() if key in self._names.keys}
        self._client.set(path, json.dumps(document | {"config": config}).encode())
        notification = {"version": 2, "entity_path": path.removeprefix("/config/")}
        self._client.create("/config/changes/config_change_", json.dumps(notification).encode(), sequence=True)

    def _acl_paths(self) -> Iterator[str]:
        for root in ACLS:
            for kind in self._children(root):
                yield from (f"{root}/{kind}/{name}" for name in self._children(f"{root}/{kind}"))

    def _acl(self, path: str) -> str | None:
        """Return the rules of a resource; of one that is not the case's own, those for its principals."""
        document = self._read(path)
        if document is None:
            return None
        rules = [rule for rule in document["acls"] if self._names.own(path) or self._names.own(rule["principal"])]
        if not rules and not self._names.own(path):
            return None
        return _text(document | {"acls": sorted(rules, key=_text)})

    def _remove_acls(self, path: str) -> None:
        document = self._read(path)
        if document is None:
            return
        kept = [rule for rule in document["acls"] if not self._names.own(rule["principal"])]
        if self._names.own(path) or not kept:
            with suppress(NoNodeError):
                self._client.delete(path)
        elif len(kept) < len(document["acls"]):
            self._client.set(path, json.dumps(document | {"acls": kept}).encode())

    def _notifications(self) -> Iterator[tuple[str, str]]:
        for root in self._roots_of_changes:
            paths = [f"{root}/{name}" for name in sorted(self._children(root))]
            for path, answer in [(path, self._client.get_async(path)) for path in paths]:
                with suppress(NoNodeError):  # brokers delete old ones
                    yield path, answer.get()[0].decode()

    def _children(self, path: str) -> list[str]:
        try:
            found: list[str] = self._client.get_children(path)
        except NoNodeError:
            return []
        return found

    def _read(self, path: str) -> Any:
        try:
            data = self._client.get(path)[0]
        except NoNodeError:
            return None
        return json.loads(data) if data else None


class Answers:
    """The same as brokers tell it."""

    def __init__(self, brokers: Brokers, admin: AdminClient, names: Names) -> None:
        self._brokers, self._admin, self._names = brokers, admin, names
        self._before = set(self.broker_configs())

    def lines(self) -> Iterator[str]:
        """Yield a line for each ACL, SCRAM credential and dynamic config of a broker."""
        yield from sorted(f"acl {_acl_text(acl)}\n" for acl in self._acls())
        yield from sorted(f"scram {user} {text}\n" for user, _, text in self._credentials())
        yield from (f"config brokers {broker} {key}={value}\n" for broker, key, value in self.broker_configs())

    def remove(self) -> None:
        """Take it all away."""
        with WireSession(self._brokers.bootstrap_servers, self._brokers.security) as session:
            session.change(DELETE_ACLS, {"filters": self._acls()}, lambda answer: answer | {"error_code": 0})
        gone = [UserScramCredentialDeletion(user, mechanism) for user, mechanism, _ in self._credentials()]
        for each in gone:  # Kafka 4 takes a user only once in one request
            _settled(self._admin.alter_user_scram_credentials([each], request_timeout=SECONDS))
        now = {(broker, key): value for broker, key, value in self.broker_configs()}
        before = {(broker, key): value for broker, key, value in self._before}
        for broker, key in now | before:
            if now.get((broker, key)) != before.get((broker, key)):
                self.set_config(broker, key, before.get((broker, key)))

    def set_config(self, broker: str, key: str, value: str | None) -> None:
        """Set a dynamic config of a broker, or of all ("<default>", which confluent-kafka cannot); None deletes it."""
        config = {"name": key, "config_operation": value is None, "value": value}
        name, number = ("", None) if broker == DEFAULT else (broker, int(broker))
        resource = {"resource_type": BROKER, "resource_name": name, "configs": [config]}
        with WireSession(self._brokers.bootstrap_servers, self._brokers.security) as session:
            changed = {"resources": [resource], "validate_only": False}
            [answer] = session.ask(INCREMENTAL_ALTER_CONFIGS, changed, number)["responses"]
        assert answer["error_code"] == 0, answer

    def _acls(self) -> list[dict[str, Any]]:
        """Return the filter of each rule of the case. By wire: confluent-kafka knows no tokens, and no users."""
        with WireSession(self._brokers.bootstrap_servers, self._brokers.security) as session:
            found = session.ask(DESCRIBE_ACLS, EVERY_ACL)["resources"]  # none where there is no authorizer
        return [
            {
                "resource_type_filter": resource["resource_type"],
                "resource_name_filter": resource["resource_name"],
                "pattern_type_filter": resource["pattern_type"],
                "principal_filter": acl["principal"],
                "host_filter": acl["host"],
                "operation": acl["operation"],
                "permission_type": acl["permission_type"],
            }
            for resource in found
            for acl in resource["acls"]
            if self._names.own(resource["resource_name"]) or self._names.own(acl["principal"])
        ]

    def _credentials(self) -> Iterator[tuple[str, Any, str]]:
        every = self._admin.describe_user_scram_credentials(request_timeout=SECONDS).result()
        for user in filter(self._names.own, every):
            for each in every[user].scram_credential_infos:
                yield user, each.mechanism, f"{each.mechanism.name} iterations={each.iterations}"

    def broker_configs(self) -> list[tuple[str, str, str]]:
        """Return (broker, key, value) of what was set dynamically of the keys that the case names."""
        if not self._names.keys:
            return []
        brokers = self._admin.list_topics(timeout=SECONDS).brokers
        found = set()
        for resource in (ConfigResource(ResourceType.BROKER, str(broker)) for broker in sorted(brokers)):
            # librdkafka takes one broker in a request.
            [answer] = self._admin.describe_configs([resource], request_timeout=SECONDS).values()
            for entry in answer.result().values():
                for each in (entry, *entry.synonyms.values()):
                    name = {
                        ConfigSource.DYNAMIC_BROKER_CONFIG.value: resource.name,
                        ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value: DEFAULT,
                    }.get(each.source)
                    if name is not None and each.name in self._names.keys:
                        found.add((name, each.name, each.value or ""))
        return sorted(found)


def _is_shared(notification: str) -> bool:
    """Say whether a notification is of an entity that has no name of a case's own."""
    return bool(re.search(rf'"brokers/|{DEFAULT}|kafka-cluster|"name":"\*"|:\*$', notification))


def _text(document: Any) -> str:
    return SECRETS.sub(r"\1\2{\1}", json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _acl_text(acl: dict[str, Any]) -> str:
    kinds = (
        model.AclPermissionType(acl["permission_type"]),
        model.AclOperation(acl["operation"]),
        model.ResourceType(acl["resource_type_filter"]),
        model.PatternType(acl["pattern_type_filter"]),
    )
    names = (acl["resource_name_filter"], acl["principal_filter"], acl["host_filter"])
    return " ".join((*(each.name for each in kinds), *names))


def _filter(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype,
        acl.name,
        acl.resource_pattern_type,
        acl.principal,
        acl.host,
        acl.operation,
        acl.permission_type,
    )


def _settled(futures: Any) -> None:
    """Wait for answers; what is gone already is no failure."""
    for future in futures.values():
        with suppress(KafkaException):
            future.result()


class Entities:
    """Both together. Brokers are told to forget rules that they know; what else is only a znode goes as a znode."""

    def __init__(self, brokers: Brokers, admin: AdminClient, znodes: Znodes | None, names: Names) -> None:
        self._answers, self._znodes = Answers(brokers, admin, names), znodes
        self._admin, self._names, self._brokers = admin, names, brokers

    def lines(self, with_changes: bool) -> list[str]:
        """Return what is there, with notifications of changes where somebody wrote to ZooKeeper."""
        if self._znodes is not None:
            return list(self._znodes.lines(with_changes))
        return [*self._answers.lines(), *self._topics(), *self._configs()]

    def remove(self) -> None:
        """Take away what is the case's own."""
        self._answers.remove()
        if self._znodes is not None:
            self._znodes.remove()
            return
        with open_configs(self._brokers) as configs:
            for each in self._own(configs):
                configs.alter(ConfigChange(each.entity, {}, tuple(entry.name for entry in each.entries)))

    def _configs(self) -> Iterator[str]:
        """Yield a line for each quota, and for each config of a group or of client metrics, as `ktools` reads them."""
        with open_configs(self._brokers) as configs:
            for each in self._own(configs):
                name = "/".join(part for part in each.entity[1:] if part is not None)
                values = " ".join(sorted(f"{entry.name}={entry.value}" for entry in each.entries))
                yield f"config {each.entity.type} {name} {values}\n"

    def _own(self, configs: Configs) -> Iterator[EntityConfigs]:
        wanted: list[EntityFilter] = [{kind: None} for kind in ("clients", "ips", "client-metrics", "groups")]
        for each in (*wanted, {"users": None, "clients": None}, {"users": None}):
            for found in list(configs.describe(each)):
                scram = any(entry.name in SCRAM_MECHANISMS for entry in found.entries)
                if found.entries and not scram and any(self._names.own(name) for name in found.entity[1:] if name):
                    yield found

    def _topics(self) -> list[str]:
        own = [topic for topic in self._admin.list_topics(timeout=SECONDS).topics if self._names.own(topic)]
        return [line for topic in sorted(own) for line in aftermath.topics(self._admin, topic, ())]


@contextmanager
def watched(cluster: Cluster, admin: AdminClient, names: Names, tool: str) -> Iterator[Entities]:
    """See what is there before a case of `tool`, and take away what it made with the end of the block."""
    with connected(cluster.ensemble()) if cluster.zookeeper else nullcontext() as zookeeper:
        znodes = Znodes(zookeeper, names, CHANGES.get(tool, ())) if zookeeper else None
        found = Entities(cluster.brokers(), admin, znodes, names)
        try:
            yield found
        finally:
            found.remove()


def added_acl(admin: AdminClient, *words: str) -> Callable[[], bool]:
    """Add a rule, and return what says whether the brokers tell of it."""
    kind, name, pattern, principal, host, operation, permission = words
    acl = AclBinding(
        ResourceType[kind],
        name,
        ResourcePatternType[pattern],
        principal,
        host,
        AclOperation[operation],
        AclPermissionType[permission],
    )
    admin.create_acls([acl], request_timeout=SECONDS)[acl].result()
    return lambda: bool(admin.describe_acls(_filter(acl), request_timeout=SECONDS).result())


def added_credential(admin: AdminClient, *words: str) -> Callable[[], bool]:
    """Give a user a SCRAM credential, and return what says whether the brokers tell of it."""
    user, mechanism, iterations, password = words
    wanted = ScramCredentialInfo(ScramMechanism[mechanism.replace("-", "_")], int(iterations))
    change = UserScramCredentialUpsertion(user, wanted, password.encode())
    admin.alter_user_scram_credentials([change], request_timeout=SECONDS)[user].result()
    return lambda: user in admin.describe_user_scram_credentials(request_timeout=SECONDS).result()


def broker_config_set(cluster: Cluster, admin: AdminClient, broker: str, setting: str) -> Callable[[], bool]:
    """Set a dynamic config of a broker, or of all ("<default>"), and return what says whether it is there."""
    key, _, value = setting.partition("=")
    answers = Answers(cluster.brokers(), admin, Names((), setting))
    answers.set_config(broker, key, value)
    return lambda: (broker, key, value) in answers.broker_configs()


def write_znode(cluster: Cluster, path: str, text: str) -> None:
    """Make a znode, or change it; nobody is told."""
    with connected(cluster.ensemble()) as client:
        client.ensure_path(path)
        client.set(path, text.encode())


def delete_znode(cluster: Cluster, path: str) -> None:
    """Delete a znode with all that is below it."""
    with connected(cluster.ensemble()) as client:
        client.delete(path, recursive=True)
