"""Which cluster, and where each setting came from: every place that may say so, the highest first.

Flags and NAME=VALUE options; --command-config FILE; KTOOLS_BOOTSTRAP_SERVERS, KTOOLS_ZOOKEEPER, KTOOLS_COMMAND_CONFIG,
KTOOLS_CONTEXT; the current context; a running sandbox; localhost:9092. The settings of a context or a sandbox go with
its address: who names another cluster never sends it their passwords.
"""

import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.addresses import DEFAULT_BOOTSTRAP_SERVERS, DEFAULT_ZOOKEEPER
from kafka_tools.model.target import DEFAULT_SOURCE
from kafka_tools.settings import context_policy, contexts, properties
from kafka_tools.settings.contexts import Context, current

SERVERS = ("bootstrap.servers", "metadata.broker.list")


class Setting(NamedTuple):
    """One client setting by Java's or librdkafka's name, as it was written, and where; `file` is "" without one."""

    name: str
    value: str
    source: str
    file: str = ""

    def __repr__(self) -> str:
        return f"Setting({self.name!r}, {self.source!r})"


class Choice(NamedTuple):
    """The cluster: `address` is a list of brokers, or with `is_zookeeper` a ZooKeeper connect string; `source` says who
    named it. `settings` are those that apply, one for each name. `context` is the context it is, if it is one."""

    address: str
    source: str
    is_zookeeper: bool
    settings: tuple[Setting, ...]
    context: Context | None = None


class Flags(NamedTuple):
    """What the command line says: every part may be missing. `overrides` are `NAME=VALUE` texts."""

    bootstrap_server: str | None = None
    command_config: str | None = None
    overrides: Sequence[str] = ()
    zookeeper: str | None = None


def choose(flags: Flags, brokers_only: bool = False) -> Choice:
    """Return the cluster that the highest place names, and its settings; `brokers_only`: ZooKeeper will not do.

    Raises UsageError for a wrong flag or variable, KafkaToolError for a file that cannot be read.
    """
    own = [*_overrides(flags.overrides), *_file(flags.command_config, "--command-config")]
    environment = _file(os.environ.get("KTOOLS_COMMAND_CONFIG"), "KTOOLS_COMMAND_CONFIG")
    address: tuple[str, str, bool] | None
    if flags.bootstrap_server is not None:
        address = flags.bootstrap_server, "--bootstrap-server", False
    elif flags.zookeeper is not None:
        address = flags.zookeeper, "--zookeeper", True
    else:
        address = _servers(own) or _from_environment(brokers_only) or _servers(environment)
    if address is not None:
        where, source, is_zookeeper = address
        return Choice(where, source, is_zookeeper, _highest([*own, *environment]))
    context = current_context()
    if context is not None:
        base = of_context(context)
        where, is_zookeeper = _address(context, brokers_only)
        return Choice(where, f"context {context.name}", is_zookeeper, _highest([*own, *environment, *base]), context)
    return _sandbox_or_default([*own, *environment])


def choose_zookeeper(flags: Flags) -> Choice:
    """Return the ensemble that the highest place names, and its settings. Raises as `choose` does, and KafkaToolError
    where a context or a sandbox is chosen that has none."""
    own = [*_overrides(flags.overrides), *_file(flags.command_config, "--command-config")]
    own += _file(os.environ.get("KTOOLS_COMMAND_CONFIG"), "KTOOLS_COMMAND_CONFIG")
    named = {"--zookeeper": flags.zookeeper, "KTOOLS_ZOOKEEPER": os.environ.get("KTOOLS_ZOOKEEPER")}
    for source, address in named.items():
        if address:
            return Choice(address, source, True, _highest(own))
    context = current_context()
    if context is not None:
        if not context.zookeeper:
            raise KafkaToolError(f"context {context.name} names no zookeeper", "Name it by --zookeeper.")
        settings = _highest([*own, *of_context(context)])
        return Choice(context.zookeeper, f"context {context.name}", True, settings, context)
    from kafka_tools.sandbox import state

    running = state.running()
    if running is None:
        return Choice(DEFAULT_ZOOKEEPER, DEFAULT_SOURCE, True, _highest(own))
    if running.zookeeper is None:
        raise KafkaToolError("the sandbox has no ZooKeeper", "`ktools sandbox up --mode zookeeper` starts one with it.")
    settings = _highest([*own, *_file(running.zookeeper_config, "the sandbox")])
    return Choice(running.zookeeper, "the sandbox", True, settings)


def of_context(context: Context) -> list[Setting]:
    """Return a context's own settings, then those of its command-config.

    Raises KafkaToolError; also where a context that came with a repository asks for what only the user may.
    """
    settings = [
        Setting(name, value, f"context {context.name}", context.origin) for name, value in context.settings.items()
    ]
    settings += _file(context.command_config, f"context {context.name}")
    if context.project:
        context_policy.check(context, {setting.name: setting.value for setting in reversed(settings)})
    return settings


def _from_environment(brokers_only: bool) -> tuple[str, str, bool] | None:
    servers, zookeeper = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"), os.environ.get("KTOOLS_ZOOKEEPER")
    if zookeeper and not brokers_only:
        if servers:
            raise UsageError("KTOOLS_BOOTSTRAP_SERVERS and KTOOLS_ZOOKEEPER are both set: name the cluster by a flag")
        return zookeeper, "KTOOLS_ZOOKEEPER", True
    return (servers, "KTOOLS_BOOTSTRAP_SERVERS", False) if servers else None


def _servers(settings: Iterable[Setting]) -> tuple[str, str, bool] | None:
    for setting in settings:
        if setting.name in SERVERS and setting.value.strip():
            return setting.value.strip(), setting.source, False
    return None


def current_context() -> Context | None:
    """Return the current context, None without one. Raises KafkaToolError for one that is not there."""
    named = current()
    if named is None:
        return None
    try:
        return contexts.find(named.name)
    except KafkaToolError as error:
        raise KafkaToolError(f"{named.source}: {error.message}", error.hint) from None


def _address(context: Context, brokers_only: bool) -> tuple[str, bool]:
    """Return the brokers, which its settings may name too, else ZooKeeper, and whether it is that."""
    servers = context.bootstrap_servers or (_servers(of_context(context)) or ("",))[0]
    if servers:
        return servers, False
    if brokers_only:
        raise KafkaToolError(f"context {context.name} names no brokers", "Give it bootstrap-servers.")
    if not context.zookeeper:
        raise KafkaToolError(f"context {context.name} names no cluster", "Give it bootstrap-servers or zookeeper.")
    return context.zookeeper, True


def _sandbox_or_default(own: list[Setting]) -> Choice:
    from kafka_tools.sandbox import state

    running = state.running()
    if running is None:
        return Choice(DEFAULT_BOOTSTRAP_SERVERS, DEFAULT_SOURCE, False, _highest(own))
    settings = [*own, *_file(running.client_config, "the sandbox")]
    return Choice(running.bootstrap_servers, "the sandbox", False, _highest(settings))


def _overrides(texts: Iterable[str]) -> list[Setting]:
    settings = []
    for text in reversed(list(texts)):
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"'{name}' is no setting: NAME=VALUE is needed")
        settings.append(Setting(name.strip(), value, "the command line"))
    return settings


def _file(path: str | None, source: str) -> list[Setting]:
    if not path:
        return []
    return [Setting(name, value, f"{path} ({source})", path) for name, value in properties.read(path).items()]


def _highest(settings: Iterable[Setting]) -> tuple[Setting, ...]:
    """Keep the first setting of each name: the highest place."""
    found: dict[str, Setting] = {}
    for setting in settings:
        found.setdefault(setting.name, setting)
    return tuple(found.values())
