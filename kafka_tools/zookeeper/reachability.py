"""Why a ZooKeeper ensemble gives no session: each server is asked how it is."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from kafka_tools.errors import UnreachableError
from kafka_tools.model.security import Tls

PROBE_SECONDS = 1.0
QUESTION = b"srvr\n"
"""With less than five bytes a server that speaks TLS waits for more."""

TLS_ALERT = b"\x15\x03"
WANTS_TLS = "it speaks TLS only, which zookeeper.ssl.client.enable=true asks for"


def unreachable(connect: str, servers: Sequence[tuple[str, int]], tls: Tls | None = None) -> UnreachableError:
    """Ask each server how it is (the four letter word `srvr`) and say why there is no session."""
    with ThreadPoolExecutor(max_workers=len(servers)) as pool:
        states = list(pool.map(lambda server: _probe(server, tls), servers))
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


def _probe(server: tuple[str, int], tls: Tls | None) -> str:
    try:
        with socket.create_connection(server, timeout=PROBE_SECONDS) as connection:
            answer = _answer(connection, server[0], tls)
    except socket.gaierror:
        return f"the name {server[0]} does not resolve"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return _words(error, tls)
    if b"not currently serving" in answer:
        return "not serving"
    if b"Zookeeper version" in answer or b"not in the whitelist" in answer:
        return "it runs but gave no session"
    if answer.startswith(TLS_ALERT) or (not answer and tls is None):
        return WANTS_TLS
    return "this is not a ZooKeeper server"


def _answer(connection: socket.socket, host: str, tls: Tls | None) -> bytes:
    if tls is None:
        connection.sendall(QUESTION)
        return connection.recv(4096)
    from kafka_tools.tls import context

    with context(tls).wrap_socket(connection, server_hostname=host) as secured:
        secured.sendall(QUESTION)
        return secured.recv(4096)


def _words(error: OSError, tls: Tls | None) -> str:
    if tls is not None:
        import ssl

        from kafka_tools.tls import CLOSED, cause

        if isinstance(error, ssl.SSLEOFError | ConnectionResetError):
            return CLOSED
        if isinstance(error, ssl.SSLError):
            return cause(error, "server")
    return (error.strerror or str(error)).lower()
