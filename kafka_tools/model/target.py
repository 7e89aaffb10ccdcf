"""Which cluster is meant, and how it is reached: through its brokers, or through its ZooKeeper ensemble."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from kafka_tools.model.security import Security, ZooKeeperSecurity

DEFAULT_SOURCE = "the default"
"""The `source` of an address that nobody named."""

UNNAMED = "No cluster was named: use {}, `ktools context add`, or start one by `ktools sandbox up`."
"""The hint for a cluster at the default address that cannot be reached."""


class ContextRules(NamedTuple):
    """What a context allows on its cluster. `read_only`: nothing may be changed; `protected`: a change asks for the
    context's name first."""

    context: str
    read_only: bool = False
    protected: bool = False


class Brokers(NamedTuple):
    """A cluster reached through its brokers: `host:port[,host:port…]` and librdkafka's settings.

    `security` is the same TLS and SASL for every other road (None: plaintext), `rules` are those of the context that
    named the cluster, if one did. `java` has the settings that librdkafka has no word for, by their names in Java.
    `wait_seconds` is how long a cluster that refuses connections is asked again, because it may be starting (--wait).
    `source` says who named the cluster: a variable, a file, a context, the sandbox, or DEFAULT_SOURCE; "" is a flag.
    `controllers`: the addresses are those of controllers (--bootstrap-controller), which answer fewer requests.
    `on_cluster` is called with the cluster's id as soon as it is known, before anything is changed there; what it
    raises ends the command.
    """

    bootstrap_servers: str
    config: Mapping[str, str] = {}
    security: Security | None = None
    rules: ContextRules | None = None
    java: Mapping[str, str] = {}
    wait_seconds: float = 0.0
    source: str = ""
    on_cluster: Callable[[str], None] | None = None
    controllers: bool = False


class ZooKeeper(NamedTuple):
    """A cluster (up to Kafka 3.9) reached through its ZooKeeper ensemble: `host:port[,host:port…][/chroot]`.

    `rules` are those of the context that named it, if one did; `security` None: plaintext, nobody logs in.
    `wait_seconds` and `source` are as those of Brokers. `set_acl` says whether new znodes are protected
    (zookeeper.set.acl); None: where the ensemble knows who the client is. `read_only`: a server that has lost its
    quorum will do, too, where it can still be read (readonlymode.enabled).
    """

    connect: str
    rules: ContextRules | None = None
    security: ZooKeeperSecurity | None = None
    wait_seconds: float = 0.0
    source: str = ""
    set_acl: bool | None = None
    read_only: bool = False


Target = Brokers | ZooKeeper


def unreachable_hint(target: Target, hint: str) -> str:
    """Return what to try where the target cannot be reached: `hint`, or how to name a cluster where nobody did."""
    # Who named a cluster needs no lesson in how to name one.
    if target.source != DEFAULT_SOURCE:
        return hint
    return UNNAMED.format("--zookeeper" if isinstance(target, ZooKeeper) else "--bootstrap-server")
