"""Which cluster a tool talks to, ready to be connected to: the door to the settings for every tool.

An address without any setting is answered here, because start-up time is what users feel; what reads files is in
kafka_tools.settings.precedence and is imported only for them.
"""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from kafka_tools.errors import UsageError
from kafka_tools.model.addresses import DEFAULT_BOOTSTRAP_SERVERS, checked
from kafka_tools.model.shown import safe
from kafka_tools.model.target import DEFAULT_SOURCE, Brokers, Target, ZooKeeper

if TYPE_CHECKING:
    from kafka_tools.model.target import ContextRules
    from kafka_tools.settings.precedence import Choice

ZOOKEEPERS = ("zookeeper.", "java.security.")
"""How the names of what a client of ZooKeeper wants to know begin: no program that prints another password is run."""

SAID: set[str] = set()
"""What was said on stderr already."""

FLAGS = ("--bootstrap-server", "--zookeeper")
"""Sources of an address that a target does not repeat."""


class Masked(dict[str, str]):
    """Settings of which some may be secret: none shows in a repr."""

    def __repr__(self) -> str:
        return f"<{len(self)} settings>"


def choose(
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None = None,
    overrides: Sequence[str] = (),
    wait_seconds: float = 0.0,
) -> Target:
    """Return the cluster that the flags, or what stands in for them, name, with its settings.

    `command_config` is a properties file by Java's or librdkafka's names, `overrides` are `NAME=VALUE` texts that go
    before it, `wait_seconds` (--wait) is passed on. Raises UsageError where two clusters are named or one is no list of
    addresses, KafkaToolError for settings that cannot be read or used.
    """
    if bootstrap_server is not None and zookeeper is not None:
        raise UsageError("Only one of --bootstrap-server or --zookeeper must be specified")
    return _chosen(bootstrap_server, zookeeper, command_config, overrides)._replace(wait_seconds=wait_seconds)


def choose_brokers(
    bootstrap_server: str | None,
    command_config: str | None = None,
    overrides: Sequence[str] = (),
    wait_seconds: float = 0.0,
    bootstrap_controller: str | None = None,
) -> Brokers:
    """Return the cluster for a tool that talks to brokers only, or to controllers where these are named.

    Else as `choose`.
    """
    servers = bootstrap_controller or bootstrap_server
    found = _plain_brokers(servers, command_config, overrides)
    if found is None:
        from kafka_tools.settings import precedence

        flags = precedence.Flags(servers, command_config, overrides)
        found = of_brokers(precedence.choose(flags, brokers_only=True))
    return found._replace(wait_seconds=wait_seconds, controllers=bootstrap_controller is not None)


def brokers_of_context(name: str, wait_seconds: float = 0.0) -> Brokers:
    """Return the brokers of the context `name`. Raises KafkaToolError for one that is not there or has no brokers."""
    from kafka_tools.settings import precedence

    return of_brokers(precedence.choose_context(name))._replace(wait_seconds=wait_seconds)


def choose_zookeeper(
    zookeeper: str | None,
    command_config: str | None = None,
    overrides: Sequence[str] = (),
    wait_seconds: float = 0.0,
) -> ZooKeeper:
    """Return the ensemble for a tool that talks to ZooKeeper only: the flag, KTOOLS_ZOOKEEPER, the current context's, a
    running sandbox's, localhost:2181. Raises KafkaToolError where a context or a sandbox is chosen that has none."""
    named = os.environ.get("KTOOLS_ZOOKEEPER") if zookeeper is None else zookeeper
    if named and _plain_zookeeper(command_config, overrides):
        return ZooKeeper(named, wait_seconds=wait_seconds, source="" if zookeeper else "KTOOLS_ZOOKEEPER")
    from kafka_tools.settings import precedence

    flags = precedence.Flags(None, command_config, overrides, zookeeper)
    return of_zookeeper(precedence.choose_zookeeper(flags))._replace(wait_seconds=wait_seconds)


def default_output(
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None = None,
    overrides: Sequence[str] = (),
) -> str | None:
    """Return the format that the folder's .ktools.toml asks for, else that of the context whose cluster `choose` would
    return; None where neither says one, or a flag names the cluster. Raises as `choose` does."""
    # A context's output belongs to its cluster: with an address on the command line it would be somebody else's.
    if bootstrap_server is not None or zookeeper is not None:
        return None
    from kafka_tools.settings import contexts

    of_folder = contexts.project_output()
    if of_folder is not None or contexts.current() is None:
        return of_folder
    from kafka_tools.settings import precedence

    context = precedence.context_of(precedence.Flags(None, command_config, overrides))
    return context.output if context else None


def of_zookeeper(choice: "Choice") -> ZooKeeper:
    """Return the ensemble of `choice`, and how it is reached. Says on stderr what `of_brokers` says.

    Raises KafkaToolError.
    """
    from kafka_tools.settings import secrets, zookeeper
    from kafka_tools.settings.values import Values, commands_run

    # Settings of brokers are left alone here: a password_command for them must not run for a look into ZooKeeper.
    own = [setting for setting in choice.settings if setting.name.startswith(ZOOKEEPERS)]
    settings = commands_run({each.name: each.value for each in own}, choice.access)
    how = zookeeper.security(settings, secrets.asking(choice.address, choice.source), choice.access)
    exposed = secrets.exposed(own, Values(settings, choice.access), _context_files(choice))
    unchecked = secrets.unchecked(how.tls) if how and how.tls else ()
    _warn((*choice.notes, *zookeeper.unknown(settings), *exposed, *unchecked))
    rules = choice.context.rules if choice.context else None
    return ZooKeeper(choice.address, rules, how, source=_source(choice))


def of_brokers(choice: "Choice") -> Brokers:
    """Return the brokers of `choice`: how librdkafka, and how every other road, reaches them.

    Says on stderr what has no effect, and which file with a password others can read. Raises KafkaToolError.
    """
    address = checked(choice.address, choice.source)
    rules = choice.context.rules if choice.context else None
    remembers = _remembering(rules) if choice.context and not choice.context.project else None
    if not choice.settings:
        _warn(choice.notes)
        return Brokers(address, rules=rules, source=_source(choice), on_cluster=remembers)
    from kafka_tools.settings import librdkafka, secrets
    from kafka_tools.settings.security import security
    from kafka_tools.settings.values import Values, commands_run

    settings = commands_run({setting.name: setting.value for setting in choice.settings}, choice.access)
    values = Values(settings, choice.access)
    how = security(values, secrets.asking(address, choice.source))
    config = Masked(librdkafka.settings(values, settings, how))
    exposed = secrets.exposed(choice.settings, values, _context_files(choice))
    _warn((*choice.notes, *librdkafka.unknown(settings), *exposed, *secrets.unprotected(how, address)))
    # What only Java's clients know (buffer.memory, partitioner.class, …) still counts for console-producer.
    java = Masked(librdkafka.without_word(values, settings))
    return Brokers(address, config, how, rules, java, source=_source(choice), on_cluster=remembers)


def _chosen(
    bootstrap_server: str | None, zookeeper: str | None, command_config: str | None, overrides: Sequence[str]
) -> Target:
    ensemble = zookeeper
    if zookeeper is None and bootstrap_server is None:
        ensemble = os.environ.get("KTOOLS_ZOOKEEPER") or None
    if ensemble is None:
        # The short way: no file is read, and kafka_tools.settings.precedence is not imported.
        plain = _plain_brokers(bootstrap_server, command_config, overrides)
        if plain is not None:
            return plain
    elif _plain_zookeeper(command_config, overrides) and (zookeeper or not os.environ.get("KTOOLS_BOOTSTRAP_SERVERS")):
        return ZooKeeper(ensemble, source="" if zookeeper else "KTOOLS_ZOOKEEPER")
    from kafka_tools.settings import precedence

    choice = precedence.choose(precedence.Flags(bootstrap_server, command_config, overrides, zookeeper))
    return of_zookeeper(choice) if choice.is_zookeeper else of_brokers(choice)


def _plain(command_config: str | None, overrides: Sequence[str]) -> bool:
    return command_config is None and not overrides and not os.environ.get("KTOOLS_COMMAND_CONFIG")


def _plain_zookeeper(command_config: str | None, overrides: Sequence[str]) -> bool:
    return _plain(command_config, overrides) and not os.environ.get("KAFKA_OPTS")


def _plain_brokers(
    bootstrap_server: str | None, command_config: str | None, overrides: Sequence[str]
) -> Brokers | None:
    """Return brokers that are named without any setting; None where files have a say."""
    if not _plain(command_config, overrides):
        return None
    if bootstrap_server is not None:
        return Brokers(checked(bootstrap_server, "--bootstrap-server"))
    servers = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS")
    if servers:
        return Brokers(checked(servers, "KTOOLS_BOOTSTRAP_SERVERS"), source="KTOOLS_BOOTSTRAP_SERVERS")
    from kafka_tools.settings.contexts import current

    if current() is not None:
        return None
    from kafka_tools.sandbox import endpoints

    running = endpoints.running()
    if running is None:
        return Brokers(DEFAULT_BOOTSTRAP_SERVERS, source=DEFAULT_SOURCE)
    return None if running.client_config else Brokers(running.bootstrap_servers, source="the sandbox")


def _remembering(rules: "ContextRules | None") -> "Callable[[str], None] | None":
    """Return what remembers the cluster of a context that guards it; None for other contexts."""
    if rules is None or not (rules.protected or rules.read_only):
        return None
    from kafka_tools.settings.context_policy import remember_cluster

    return lambda cluster: remember_cluster(rules.context, cluster)


def _source(choice: "Choice") -> str:
    return "" if choice.source in FLAGS else choice.source


def _context_files(choice: "Choice") -> tuple[str, ...]:
    return (choice.context.origin,) if choice.context else ()


def _warn(sentences: Iterable[str]) -> None:
    """Write each sentence on stderr, once in a process: --watch resolves the same cluster again and again."""
    for sentence in dict.fromkeys(sentences):
        # A sentence may hold text of a repository's file: it is made printable before a terminal sees it.
        if sentence not in SAID and sys.stderr is not None:
            SAID.add(sentence)
            sys.stderr.write(f"ktools: {safe(sentence)}\n")
