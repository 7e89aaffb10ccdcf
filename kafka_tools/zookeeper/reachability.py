"""Why a ZooKeeper ensemble gives no session: each server is asked how it is."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from kafka_tools.errors import UnreachableError

PROBE_SECONDS = 1.0


def unreachable(connect: str, servers: Sequence[tuple[str, int]]) -> UnreachableError:
    """Ask each server how it is (the four letter word `srvr`) and say why there is no session."""
    with ThreadPoolExecutor(max_workers=len(servers)) as pool:
        states = list(pool.map(_probe, servers))
    if any(state == "not serving" for state in states):
        answering = sum(state == "not serving" for state in states)
        return UnreachableError(
            f"no quorum at {connect} ({answering} of {len(servers)} answers, {len(servers) // 2 + 1} needed).",
            "Nothing can be read or changed until a majority of the ZooKeeper servers is back.",
        )
    causes = ", ".join(sorted(set(states)))
    return UnreachableError(
        f"cannot reach ZooKeeper at {connect} ({causes}).",
        "Is it up? Kafka 4 has no ZooKeeper: use --bootstrap-server HOST:PORT.",
    )


def _probe(server: tuple[str, int]) -> str:
    try:
        with socket.create_connection((server[0].strip("[]"), server[1]), timeout=PROBE_SECONDS) as connection:
            connection.sendall(b"srvr")
            answer = connection.recv(4096)
    except socket.gaierror:
        return f"the name {server[0]} does not resolve"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    if b"not currently serving" in answer:
        return "not serving"
    if b"Zookeeper version" in answer or b"not in the whitelist" in answer:
        return "it runs but gave no session"
    return "this is not a ZooKeeper server"
