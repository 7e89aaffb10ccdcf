"""Which cluster is meant, and how it is reached: through its brokers, or through its ZooKeeper ensemble."""

from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.model.rules import ContextRules
from kafka_tools.model.security import Security, ZooKeeperSecurity


class Brokers(NamedTuple):
    """A cluster reached through its brokers: `host:port[,host:port…]` and librdkafka's settings.

    `security` is the same TLS and SASL for every other road (None: plaintext), `rules` are those of the context that
    named the cluster, if one did. `java` has the settings that librdkafka has no word for, by their names in Java.
    `wait_seconds` is how long a cluster that refuses connections is asked again, because it may be starting (--wait).
    """

    bootstrap_servers: str
    config: Mapping[str, str] = {}
    security: Security | None = None
    rules: ContextRules | None = None
    java: Mapping[str, str] = {}
    wait_seconds: float = 0.0


class ZooKeeper(NamedTuple):
    """A cluster (up to Kafka 3.9) reached through its ZooKeeper ensemble: `host:port[,host:port…][/chroot]`.

    `rules` are those of the context that named it, if one did; `security` None: plaintext, nobody logs in.
    `wait_seconds` is as that of Brokers.
    """

    connect: str
    rules: ContextRules | None = None
    security: ZooKeeperSecurity | None = None
    wait_seconds: float = 0.0


Target = Brokers | ZooKeeper
