"""A session with a ZooKeeper ensemble."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

from kafka_tools.errors import KafkaToolError, UnreachableError, UsageError
from kafka_tools.zookeeper.library import kazoo_client

CONNECT_SECONDS = 3.0
SESSION_SECONDS = 10.0
DEFAULT_PORT = 2181


@contextmanager
def connected(connect: str) -> Iterator[Any]:
    """Open a kazoo client on `host:port[,host:port…][/chroot]`; close it at the end.

    Raises UsageError for what is no such string, UnreachableError where no server serves within about 5 s,
    KafkaToolError for a session that breaks while it is used.
    """
    servers, chroot = parse_connect(connect)
    client_class = kazoo_client().KazooClient
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
    client = client_class(
        hosts=",".join(f"{host}:{port}" for host, port in servers) + chroot,
        timeout=SESSION_SECONDS,
        connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=2, max_delay=0.5, max_jitter=0.1),
        command_retry=KazooRetry(max_tries=1),
    )
    if not client.start_async().wait(CONNECT_SECONDS):
        Thread(target=client.stop, daemon=True).start()  # it would wait for a server that gives no answer
        raise _unreachable(connect, servers)
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


def _unreachable(connect: str, servers: Sequence[tuple[str, int]]) -> UnreachableError:
    from kafka_tools.zookeeper.reachability import unreachable

    return unreachable(connect, servers)


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
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):  # no port, or the colons of an IPv6 address in brackets
        return text, DEFAULT_PORT
    if not (port.isdecimal() and 0 < int(port) < 65536) or not host:
        raise UsageError(f"--zookeeper: '{text}' is not HOST:PORT")
    return host, int(port)
