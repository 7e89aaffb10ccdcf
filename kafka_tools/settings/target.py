"""Which cluster a tool talks to: the flag, else the environment, else a running sandbox, else localhost:9092."""

import os
import re

from kafka_tools.backends import Brokers, Target, ZooKeeper
from kafka_tools.errors import UsageError

DEFAULT_BOOTSTRAP_SERVERS = "localhost:9092"


def choose(bootstrap_server: str | None, zookeeper: str | None) -> Target:
    """Return the cluster that the flags, or what stands in for them, name.

    Raises UsageError where two are named, or where --bootstrap-server is no list of addresses.
    """
    if bootstrap_server is not None and zookeeper is not None:
        raise UsageError("Only one of --bootstrap-server or --zookeeper must be specified")
    if zookeeper is not None:
        return ZooKeeper(zookeeper)
    if bootstrap_server is None and os.environ.get("KTOOLS_ZOOKEEPER"):
        if os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"):
            raise UsageError("KTOOLS_BOOTSTRAP_SERVERS and KTOOLS_ZOOKEEPER are both set: name the cluster by a flag")
        return ZooKeeper(os.environ["KTOOLS_ZOOKEEPER"])
    return choose_brokers(bootstrap_server)


def choose_brokers(bootstrap_server: str | None) -> Brokers:
    """Return the cluster for a tool that talks to brokers only. Raises UsageError for what is no list of addresses."""
    if bootstrap_server is not None:
        return Brokers(_checked(bootstrap_server, "--bootstrap-server"))
    servers = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS")
    if servers:
        return Brokers(_checked(servers, "KTOOLS_BOOTSTRAP_SERVERS"))
    return Brokers(_sandbox() or DEFAULT_BOOTSTRAP_SERVERS)


def _sandbox() -> str | None:
    from kafka_tools.sandbox import state

    running = state.running()
    return running.bootstrap_servers if running else None


def _checked(servers: str, source: str) -> str:
    addresses = [address.strip() for address in servers.split(",") if address.strip()]
    if addresses and all(_is_address(address) for address in addresses):
        return ",".join(addresses)
    raise UsageError(f"{source}: '{servers}' is not HOST:PORT[,HOST:PORT…]")


def _is_address(address: str) -> bool:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]+)(?::(\d{1,5}))?", address)
    return match is not None and (match[2] is None or 0 < int(match[2]) < 65536)
