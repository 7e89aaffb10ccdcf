"""A session with a ZooKeeper ensemble."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.zookeeper.connect_string import parse_connect
from kafka_tools.zookeeper.library import Silence, handler, kazoo_client

CONNECT_SECONDS = 3.0
SESSION_SECONDS = 10.0


@contextmanager
def connected(connect: str) -> Iterator[Any]:
    """Open a kazoo client on `host:port[,host:port…][/chroot]`; close it at the end.

    Raises UsageError for what is no such string, UnreachableError where no server serves within about 5 s,
    KafkaToolError for a session that breaks while it is used.
    """
    servers, chroot = parse_connect(connect)
    client = _client(",".join(f"{host}:{port}" for host, port in servers) + chroot)
    from kazoo.exceptions import (
        ConnectionClosedError,
        ConnectionLoss,
        KazooException,
        NoAuthError,
        SessionExpiredError,
    )
    from kazoo.handlers.threading import KazooTimeoutError

    if not client.start_async().wait(CONNECT_SECONDS):
        client.handler.spawn(client.stop)  # it would wait for a server that gives no answer
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


def _client(hosts: str) -> Any:
    client_class = kazoo_client().KazooClient
    from kazoo.retry import KazooRetry

    return client_class(
        hosts=hosts,
        timeout=SESSION_SECONDS,
        handler=handler(),
        connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=2, max_delay=0.5, max_jitter=0.1),
        command_retry=KazooRetry(max_tries=1),
        logger=Silence(),
    )


def _unreachable(connect: str, servers: Sequence[tuple[str, int]]) -> UnreachableError:
    from kafka_tools.zookeeper.reachability import unreachable

    return unreachable(connect, servers)
