"""A session with a ZooKeeper ensemble, and why there is none."""

import logging
import re
import socket
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from kafka_tools.errors import KafkaToolError, UnreachableError, UsageError

CONNECT_SECONDS = 4.0
PROBE_SECONDS = 1.0
SESSION_SECONDS = 10.0
DEFAULT_PORT = 2181


@contextmanager
def connected(connect: str) -> Iterator[Any]:
    """Open a kazoo client on `host:port[,host:port…][/chroot]`; close it at the end.

    Raises UsageError for what is no such string, UnreachableError where no server serves within about 5 s,
    KafkaToolError for a session that breaks while it is used.
    """
    servers, chroot = parse_connect(connect)
    from kazoo.client import KazooClient
    from kazoo.exceptions import (
        ConnectionClosedError,
        ConnectionLoss,
        KazooException,
        NoAuthError,
        SessionExpiredError,
    )
    from kazoo.handlers.threading import KazooTimeoutError
    from kazoo.retry import KazooRetry

    warnings.filterwarnings("ignore", "No chroot path exists")  # kazoo's: a chroot without a cluster is just empty
    logging.getLogger("kazoo").addHandler(logging.NullHandler())
    logging.getLogger("kazoo").propagate = False
    client = KazooClient(
        hosts=",".join(f"{host}:{port}" for host, port in servers) + chroot,
        timeout=SESSION_SECONDS,
        connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=2, max_delay=0.5, max_jitter=0.1),
        command_retry=KazooRetry(max_tries=1),
    )
    try:
        try:
            client.start(timeout=CONNECT_SECONDS)
        except KazooTimeoutError as error:
            raise _unreachable(connect, servers) from error
        try:
            yield client
        except (ConnectionClosedError, ConnectionLoss, SessionExpiredError, KazooTimeoutError) as error:
            raise _unreachable(connect, servers) from error
        except NoAuthError as error:
            raise KafkaToolError(f"ZooKeeper at {connect} does not allow this: the znode's ACL refuses it.") from error
        except KazooException as error:
            raise KafkaToolError(f"ZooKeeper at {connect} refused: {type(error).__name__} {error}".rstrip()) from error
    finally:
        client.stop()
        client.close()


def parse_connect(connect: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Split `host:port,host:port/chroot` into servers and chroot (`""` for none); 2181 where a port is missing.

    Raises UsageError.
    """
    hosts, slash, path = connect.partition("/")
    chroot = f"/{path}".rstrip("/") if slash else ""
    servers = tuple(_server(host.strip()) for host in hosts.split(",") if host.strip())
    if not servers:
        raise UsageError(f"--zookeeper '{connect}' names no server", "Give HOST:PORT[,HOST:PORT…][/chroot]")
    return servers, chroot


def _server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":") if re.search(r":[^\]]*$", text) else (text, "", "")
    if not colon:
        return text, DEFAULT_PORT
    if not (port.isdecimal() and 0 < int(port) < 65536) or not host:
        raise UsageError(f"--zookeeper: '{text}' is not HOST:PORT")
    return host, int(port)


def _unreachable(connect: str, servers: Sequence[tuple[str, int]]) -> UnreachableError:
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
        with socket.create_connection(server, timeout=PROBE_SECONDS) as connection:
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
