"""Why a ZooKeeper ensemble gives no session: each server is asked how it is."""

from collections.abc import Sequence
from functools import partial
from time import monotonic

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.addresses import Address
from kafka_tools.model.security import Tls
from kafka_tools.parallel import in_parallel
from kafka_tools.zookeeper.server import NoQuorumError, ask

PROBE_SECONDS = 2.0

LEEWAY_SECONDS = 0.3
"""So much longer is waited for a server's cause, which may be known just when its time is over."""


def unreachable(connect: str, servers: Sequence[Address], tls: Tls | None = None) -> UnreachableError:
    """Ask each server how it is, for PROBE_SECONDS, and say why there is no session."""
    probes = enumerate(partial(_cause, server, tls) for server in servers)
    causes = in_parallel(dict(probes), monotonic() + PROBE_SECONDS + LEEWAY_SECONDS).values()
    waiting = sum(isinstance(cause, NoQuorumError) for cause in causes)
    if waiting:
        return UnreachableError(
            f"no quorum at {connect} ({waiting} of {len(servers)} answers, {len(servers) // 2 + 1} needed).",
            "Nothing can be read or changed until a majority of the ZooKeeper servers is back.",
        )
    return UnreachableError(
        f"cannot reach ZooKeeper at {connect} ({', '.join(sorted({cause.message for cause in causes}))}).",
        "Is it up? Kafka 4 has no ZooKeeper: use --bootstrap-server HOST:PORT.",
    )


def _cause(server: Address, tls: Tls | None) -> KafkaToolError:
    try:
        ask(server, tls, PROBE_SECONDS)
    except KafkaToolError as error:
        return error
    return KafkaToolError("it runs but gave no session")
