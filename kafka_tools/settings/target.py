"""Which cluster a tool talks to: the flag, else the environment, else a running sandbox, else localhost:9092."""

import os

from kafka_tools.backends import Brokers, Target, ZooKeeper
from kafka_tools.errors import UsageError
from kafka_tools.sandbox import state

DEFAULT_BOOTSTRAP_SERVERS = "localhost:9092"


def choose(bootstrap_server: str | None, zookeeper: str | None) -> Target:
    """Return the cluster that the flags, or what stands in for them, name. Raises UsageError where two are named."""
    if bootstrap_server and zookeeper:
        raise UsageError("Only one of --bootstrap-server or --zookeeper must be specified")
    if zookeeper:
        return ZooKeeper(zookeeper)
    if bootstrap_server:
        return Brokers(bootstrap_server)
    return _from_environment() or choose_brokers(None)


def choose_brokers(bootstrap_server: str | None) -> Brokers:
    """Return the cluster for a tool that talks to brokers only."""
    servers = bootstrap_server or os.environ.get("KTOOLS_BOOTSTRAP_SERVERS")
    if servers:
        return Brokers(servers)
    sandbox = state.running()
    return Brokers(sandbox.bootstrap_servers if sandbox else DEFAULT_BOOTSTRAP_SERVERS)


def _from_environment() -> Target | None:
    servers, zookeeper = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"), os.environ.get("KTOOLS_ZOOKEEPER")
    if servers and zookeeper:
        raise UsageError(
            "KTOOLS_BOOTSTRAP_SERVERS and KTOOLS_ZOOKEEPER are both set: keep one, or name the cluster by a flag"
        )
    return ZooKeeper(zookeeper) if zookeeper else Brokers(servers) if servers else None
