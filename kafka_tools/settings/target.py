"""Which cluster a tool talks to: flags, files, the environment, the current context, a running sandbox, the default.

An address without any setting is answered here, because start-up time is what users feel; what reads files is in
kafka_tools.settings.layers and is imported only for them.
"""

import os
from collections.abc import Sequence

from kafka_tools.backends import Brokers, Target, ZooKeeper
from kafka_tools.errors import KafkaToolError, UsageError

DEFAULT_BOOTSTRAP_SERVERS = "localhost:9092"
DEFAULT_ZOOKEEPER = "localhost:2181"
IPV6_LETTERS = frozenset("0123456789abcdefABCDEF:.%")


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
    if zookeeper is not None:
        return ZooKeeper(zookeeper)
    ensemble = os.environ.get("KTOOLS_ZOOKEEPER")
    if ensemble and bootstrap_server is None and _plain(command_config, overrides):
        if os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"):
            raise UsageError("KTOOLS_BOOTSTRAP_SERVERS and KTOOLS_ZOOKEEPER are both set: name the cluster by a flag")
        return ZooKeeper(ensemble)
    plain = _plain_brokers(bootstrap_server, command_config, overrides)
    if plain is not None:
        return plain
    from kafka_tools.settings import resolve

    return resolve.target(bootstrap_server, command_config, overrides)


def choose_brokers(
    bootstrap_server: str | None, command_config: str | None = None, overrides: Sequence[str] = ()
) -> Brokers:
    """Return the cluster for a tool that talks to brokers only; else as `choose`."""
    plain = _plain_brokers(bootstrap_server, command_config, overrides)
    if plain is not None:
        return plain
    from kafka_tools.settings import resolve

    return resolve.brokers(bootstrap_server, command_config, overrides)


def choose_zookeeper(zookeeper: str | None) -> ZooKeeper:
    """Return the ensemble for a tool that talks to ZooKeeper only: the flag, KTOOLS_ZOOKEEPER, the current context's, a
    running sandbox's, localhost:2181. Raises KafkaToolError where a context or a sandbox is chosen that has none."""
    named = zookeeper if zookeeper is not None else os.environ.get("KTOOLS_ZOOKEEPER")
    if named:
        return ZooKeeper(named)
    from kafka_tools.settings.current import current

    if current() is not None:
        from kafka_tools.settings import resolve

        return resolve.zookeeper()
    from kafka_tools.sandbox import state

    running = state.running()
    if running is None:
        return ZooKeeper(DEFAULT_ZOOKEEPER)
    if running.zookeeper is None:
        raise KafkaToolError("the sandbox has no ZooKeeper", "`ktools sandbox up --mode zookeeper` starts one with it.")
    return ZooKeeper(running.zookeeper)


def _plain(command_config: str | None, overrides: Sequence[str]) -> bool:
    return command_config is None and not overrides and not os.environ.get("KTOOLS_COMMAND_CONFIG")


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
    addresses = [address.strip() for address in servers.split(",") if address.strip()]
    if addresses and all(_is_address(address) for address in addresses):
        return ",".join(addresses)
    raise UsageError(f"{source}: '{servers}' is not HOST:PORT[,HOST:PORT…]")


def _is_address(address: str) -> bool:
    host, colon, port = address.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = address, "9092"
    if not (port.isdecimal() and port.isascii() and len(port) <= 5 and 0 < int(port) < 65536):
        return False
    if host.startswith("[") and host.endswith("]"):
        return len(host) > 2 and set(host[1:-1]) <= IPV6_LETTERS
    return host != "" and not any(letter.isspace() or letter in ":[]" for letter in host)
