"""Which cluster a tool talks to: flags, files, the environment, the current context, a running sandbox, the default.

An address without any setting is answered here, because start-up time is what users feel; what reads files is in
kafka_tools.settings.layers and is imported only for them.
"""

import os
from collections.abc import Sequence

from kafka_tools.errors import UsageError
from kafka_tools.model import addresses
from kafka_tools.model.target import Brokers, Target, ZooKeeper

DEFAULT_BOOTSTRAP_SERVERS = "localhost:9092"
DEFAULT_ZOOKEEPER = "localhost:2181"
DEFAULT_PORT = 9092


def choose(
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None = None,
    overrides: Sequence[str] = (),
) -> Target:
    """Return the cluster that the flags, or what stands in for them, name, with its settings.

    `command_config` is a properties file by Java's or librdkafka's names, `overrides` are `NAME=VALUE` texts that go
    before it. Raises UsageError where two clusters are named or one is no list of addresses, KafkaToolError for
    settings that cannot be read or used.
    """
    if bootstrap_server is not None and zookeeper is not None:
        raise UsageError("Only one of --bootstrap-server or --zookeeper must be specified")
    ensemble = zookeeper
    if zookeeper is None and bootstrap_server is None:
        ensemble = os.environ.get("KTOOLS_ZOOKEEPER") or None
    if ensemble is None:
        plain = _plain_brokers(bootstrap_server, command_config, overrides)
        if plain is not None:
            return plain
    elif _plain_zookeeper(command_config, overrides) and (zookeeper or not os.environ.get("KTOOLS_BOOTSTRAP_SERVERS")):
        return ZooKeeper(ensemble)
    from kafka_tools.settings import layers, resolve

    return resolve.target(layers.Flags(bootstrap_server, command_config, overrides, zookeeper))


def choose_brokers(
    bootstrap_server: str | None, command_config: str | None = None, overrides: Sequence[str] = ()
) -> Brokers:
    """Return the cluster for a tool that talks to brokers only; else as `choose`."""
    plain = _plain_brokers(bootstrap_server, command_config, overrides)
    if plain is not None:
        return plain
    from kafka_tools.settings import layers, resolve

    return resolve.brokers(layers.Flags(bootstrap_server, command_config, overrides))


def choose_zookeeper(
    zookeeper: str | None, command_config: str | None = None, overrides: Sequence[str] = ()
) -> ZooKeeper:
    """Return the ensemble for a tool that talks to ZooKeeper only: the flag, KTOOLS_ZOOKEEPER, the current context's, a
    running sandbox's, localhost:2181. Raises KafkaToolError where a context or a sandbox is chosen that has none."""
    from kafka_tools.settings import layers, resolve

    flags = layers.Flags(None, command_config, overrides, zookeeper)
    return resolve.of_zookeeper(layers.choose_zookeeper(flags))


def default_output(
    bootstrap_server: str | None,
    zookeeper: str | None,
    command_config: str | None = None,
    overrides: Sequence[str] = (),
) -> str | None:
    """Return the format that the context names whose cluster `choose` would return; None where it says none, or no
    context names the cluster. Raises as `choose` does."""
    if bootstrap_server is not None or zookeeper is not None:
        return None
    from kafka_tools.settings.current import current

    if current() is None:
        return None
    from kafka_tools.settings import layers

    context = layers.choose(layers.Flags(None, command_config, overrides)).context
    return context.output if context else None


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
        return Brokers(checked(servers, "KTOOLS_BOOTSTRAP_SERVERS"))
    from kafka_tools.settings.current import current

    if current() is not None:
        return None
    from kafka_tools.sandbox import state

    running = state.running()
    if running is None:
        return Brokers(DEFAULT_BOOTSTRAP_SERVERS)
    return None if running.client_config else Brokers(running.bootstrap_servers)


def checked(servers: str, source: str) -> str:
    """Return the list of addresses without blanks. Raises UsageError for what is none."""
    listed = [address.strip() for address in servers.split(",") if address.strip()]
    if listed and all(addresses.parse(address, DEFAULT_PORT) for address in listed):
        return ",".join(listed)
    raise UsageError(f"{source}: '{servers}' is not HOST:PORT[,HOST:PORT…]")
