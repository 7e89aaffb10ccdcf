"""Reads and changes the configs of a cluster's entities in ZooKeeper as Kafka 2.8.2 does (kafka.zk.AdminZkClient).

They stand below /config/topics, /config/brokers, /config/clients, /config/ips and /config/users, those of a user's
clients in /config/users/USER/clients/CLIENT. Brokers read them when a notification stands in /config/changes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote_plus

from kafka_tools.errors import KafkaToolError, UsageError, nearest
from kafka_tools.model import dynamic_configs, scram, topic_config
from kafka_tools.model.configs import (
    BROKERS,
    CLIENTS,
    DEFAULT,
    IPS,
    TOPICS,
    USERS,
    ConfigChange,
    ConfigEntry,
    Entity,
    EntityConfigs,
    EntityFilter,
)
from kafka_tools.model.java_hash_order import properties_order
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topic_names import check_name
from kafka_tools.zookeeper import topics
from kafka_tools.zookeeper.documents import (
    MalformedZnodeError,
    encode_config_change,
    encode_configs,
    read_configs,
    read_controller,
)
from kafka_tools.zookeeper.password_encoder import SECRET, PasswordEncoder
from kafka_tools.zookeeper.session import check_chroot
from kafka_tools.zookeeper.transactions import ANY_VERSION, change, create_parents, read, write
from kafka_tools.zookeeper.znodes import Znodes, is_znode_name

ROOT, CHANGES = "/config", "/config/changes"
DEFAULT_NAME = "<default>"
"""The znode of the default entity (kafka.server.ConfigEntityName)."""

BEFORE_BROKERS = (
    "Broker configuration updates using ZooKeeper are supported for bootstrapping before brokers are started to enable "
    "encrypted password configs to be stored in ZooKeeper."
)


class ZooKeeperConfigs:
    """The configs of a cluster's entities, through an open session with its ZooKeeper (kazoo).

    Each change is one transaction of the config znode and its notification. Where others change the same znode at the
    same time, it is checked and tried again; Kafka's own tool takes the last writer's.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._znodes = client, Znodes(client)
        self._malformed: dict[str, str] = {}

    def describe(self, wanted: EntityFilter, _everything: bool = False) -> Iterator[EntityConfigs]:
        """Yield the entities that are asked for, in the order of their znodes; static configs are not in ZooKeeper.

        Users who only have clients with configs are left out where all users are asked for
        (ConfigCommand.describeConfigWithZk), and so is what Kafka did not write: `malformed` names it.
        """
        check_chroot(self._client)
        entities = list(self._entities(wanted))
        for (entity, path), data in zip(entities, self._znodes.data([path for _, path in entities]), strict=True):
            try:
                entries = _entries(path, data)
            except MalformedZnodeError as error:
                self._malformed[path] = f"{error.message.removesuffix('.')}; its configs are left out."
                continue
            if entries or wanted != {USERS: None}:
                yield EntityConfigs(entity, entries)

    def current(self, entity: Entity) -> tuple[ConfigEntry, ...]:
        """Return the configs of one entity. Raises MalformedZnodeError."""
        path = _path(entity)
        return _entries(path, read(self._client, path)[0])

    def alter(self, change_: ConfigChange, validate_only: bool = False) -> None:
        """Set and delete configs of one entity, and notify the brokers.

        Raises UsageError and KafkaToolError in Kafka 2.8's words. Source: ConfigCommand.alterConfigWithZk.
        """
        entity, path = change_.entity, _path(change_.entity)
        check_chroot(self._client)
        # Once, not in each attempt: a password is hashed 4,096 times, and gets a new salt each time.
        stored = self._stored(entity, change_.set)

        def attempt() -> tuple[Any, None]:
            data, version = read(self._client, path)
            before = read_configs(path, data or None)
            absent = [name for name in change_.delete if name not in before]
            if absent:
                raise UsageError(f"Invalid config(s): {','.join(absent)}")
            # Deletion comes last, as in Kafka 2.8: a config that is both set and deleted is gone.
            after = {name: value for name, value in {**before, **stored}.items() if name not in change_.delete}
            self._check(entity, after, stored)
            transaction = self._client.transaction()
            if entity.type == TOPICS:
                # Configs of a topic that was deleted meanwhile would wait there for the next topic of this name.
                transaction.check(f"{topics.TOPICS}/{entity.name}", ANY_VERSION)
            create_parents(transaction, [path, f"{CHANGES}/"])
            write(transaction, path, encode_configs(after), version)
            notification = encode_config_change(path.removeprefix(f"{ROOT}/"))
            transaction.create(f"{CHANGES}/config_change_", notification, sequence=True)
            return transaction, None

        what = f"the config of {_shown(entity)}"
        change(what, "altered", attempt, validate_only, f"ktools configs --describe --entity-type {entity.type}")

    def notes(self) -> tuple[str, ...]:
        """Return nothing: what is not malformed can be read, or reading it fails the whole command."""
        return ()

    def malformed(self) -> tuple[str, ...]:
        """Return sentences about the znodes read so far that Kafka did not write."""
        return tuple(self._malformed.values())

    def _entities(self, wanted: EntityFilter) -> Iterator[tuple[Entity, str]]:
        """Yield the entities that are asked for, and their znodes; names that nobody gave are read from ZooKeeper."""
        if wanted.keys() != {USERS, CLIENTS}:
            [(kind, name)] = wanted.items()
            for znode in self._children(f"{ROOT}/{kind}")() if name is None else [_znode(kind, name)]:
                yield Entity(kind, _name(kind, znode)), f"{ROOT}/{kind}/{znode}"
            return
        user, client = wanted[USERS], wanted[CLIENTS]
        users = self._children(f"{ROOT}/{USERS}")() if user is None else [_znode(USERS, user)]
        paths = [f"{ROOT}/{USERS}/{each}" for each in users]
        # Asked for at once: with 10,000 users one round trip, not 10,000.
        asked = [self._children(f"{path}/{CLIENTS}") if client is None else None for path in paths]
        for each, path, children in zip(users, paths, asked, strict=True):
            for znode in children() if children else [_znode(CLIENTS, client or DEFAULT)]:
                entity = Entity(USERS, _name(USERS, each), _name(CLIENTS, znode))
                yield entity, f"{path}/{CLIENTS}/{znode}"

    def _children(self, path: str) -> Callable[[], Sequence[str]]:
        found = self._znodes.ask_for_children(path)
        return lambda: found() or ()

    def _stored(self, entity: Entity, configs: Mapping[str, str]) -> Mapping[str, str]:
        """Return configs as they are stored: passwords as SCRAM credentials, or encrypted; check what that needs."""
        if entity.type == USERS:
            return {
                name: scram.credential(name, value) if name in scram.MECHANISMS else value
                for name, value in configs.items()
            }
        if entity.type != BROKERS or configs.keys() <= dynamic_configs.ANYTIME:
            return configs
        # A running broker would take up what nobody has checked: only itself knows whether a keystore can be opened.
        self._check_not_running(entity.name, configs)
        kept = {name: value for name, value in configs.items() if not name.startswith(dynamic_configs.ENCODER)}
        dynamic_configs.check_broker(kept, entity.name == DEFAULT)
        passwords = [name for name in kept if dynamic_configs.is_password(name)]
        if not passwords:
            return kept
        if SECRET not in configs:
            raise UsageError(
                f"requirement failed: {SECRET} must be specified to update "
                f"{dynamic_configs.shown_set('Set', passwords)}. Other password encoder configs like cipher algorithm "
                "and iterations may also be specified to override the default encoding parameters. Password encoder "
                "configs will not be persisted in ZooKeeper."
            )
        encoder = PasswordEncoder(configs)
        return kept | {name: encoder.encode(kept[name]) for name in passwords}

    def _check_not_running(self, broker: str, configs: Mapping[str, str]) -> None:
        """Refuse what a running broker must check itself, as Kafka 2.8 does. Raises UsageError."""
        if broker != DEFAULT:
            running = f"when broker {broker} is running" if self._client.exists(f"{topics.BROKER_IDS}/{broker}") else ""
        else:
            there = self._znodes.ask_for_children(topics.BROKER_IDS)()
            running = "for default cluster if any broker is running" if there else ""
        if running:
            names = [name for name in configs if name not in dynamic_configs.ANYTIME]
            raise UsageError(
                "requirement failed: --bootstrap-server option must be specified to update broker configs "
                f"{dynamic_configs.shown_set('Set', names)}. {running}. {BEFORE_BROKERS}"
            )

    def _check(self, entity: Entity, after: Mapping[str, str], changed: Mapping[str, str]) -> None:
        """Check the configs that an entity would have. What is there already and not known here stays as it is."""
        if entity.type == TOPICS:
            self._check_topic(entity.name, after, changed)
        elif entity.type == USERS:
            dynamic_configs.check_user(changed, entity.client is not None or entity.name == DEFAULT)
        elif entity.type == CLIENTS:
            dynamic_configs.check_client(changed)
        elif entity.type == IPS:
            dynamic_configs.check_ip(changed)
        elif changed.keys() <= dynamic_configs.ANYTIME:
            dynamic_configs.check_broker(changed, is_default=False)

    def _check_topic(self, topic: str, after: Mapping[str, str], changed: Mapping[str, str]) -> None:
        check_name(topic)
        if self._client.exists(f"{topics.TOPICS}/{topic}") is None:
            raise KafkaToolError(f"Topic '{topic}' does not exist.")
        newer = sorted(topic_config.SINCE_3_6.intersection(changed))
        # Kafka 3.6 brought configs of topics that older clusters do not know. What the controller wrote tells no more
        # of its version than whether that is 3.4 or later.
        if newer:
            controller = read_controller(topics.CONTROLLER, read(self._client, topics.CONTROLLER)[0])
            if controller is not None and not controller.since_3_4:
                raise UsageError(f"Unknown topic config name: {newer[0]}")
        unknown = [name for name in changed if name not in topic_config.CHECKS]
        if unknown:
            near = nearest(unknown[0], topic_config.CHECKS)
            hint = f"Did you mean {near[0]}?" if near else ""
            raise UsageError(f"Unknown topic config name: {unknown[0]}", hint)
        topic_config.check({name: value for name, value in after.items() if name in topic_config.CHECKS})


def _entries(path: str, data: bytes | None) -> tuple[ConfigEntry, ...]:
    """Read a znode of configs; without data, as that of a user who only has clients with configs, it has none."""
    configs = read_configs(path, data or None)
    return tuple(
        ConfigEntry(name, configs[name], sensitive=name in scram.MECHANISMS or dynamic_configs.is_password(name))
        for name in properties_order(configs)
    )


def _path(entity: Entity) -> str:
    """Return the znode of an entity. Raises UsageError for a name that no znode can have."""
    names = [entity.type, _znode(entity.type, entity.name)]
    if entity.client is not None:
        names += [CLIENTS, _znode(CLIENTS, entity.client)]
    return "/".join((ROOT, *names))


def _znode(kind: str, name: str) -> str:
    if name == DEFAULT:
        return DEFAULT_NAME
    # As java.net.URLEncoder does, and a blank as %20, a star as %2A (org.apache.kafka.common.utils.Sanitizer).
    is_encoded = kind in (USERS, CLIENTS) and is_sendable(name)
    sanitized = quote(name, safe="").replace("~", "%7E") if is_encoded else name
    if not is_znode_name(sanitized):
        raise UsageError(f"'{name}' cannot be a name in ZooKeeper.")
    return sanitized


def _name(kind: str, znode: str) -> str:
    """Return the name of an entity from the name of its znode."""
    if znode == DEFAULT_NAME:
        return DEFAULT
    return unquote_plus(znode) if kind in (USERS, CLIENTS) else znode


def _shown(entity: Entity) -> str:
    of_client = "" if entity.client is None else f", client '{entity.client or DEFAULT_NAME}'"
    return f"{entity.type.removesuffix('s')} '{entity.name or DEFAULT_NAME}'{of_client}"
