"""A session with a ZooKeeper ensemble."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.zookeeper.connect_string import parse_connect
from kafka_tools.zookeeper.library import Silence, handler, kazoo_client

if TYPE_CHECKING:
    from kafka_tools.model.security import ZooKeeperSecurity

CONNECT_SECONDS = 3.0
SESSION_SECONDS = 10.0

END_SECONDS = 2.0
"""How long a server that is connected is waited for, while it ends the session."""

LOGIN_WANTED = -124
"""ZooKeeper's error SESSIONCLOSEDREQUIRESASLAUTH (3.6 and later), which kazoo does not know."""

LOGIN_HINT = (
    "A login: KAFKA_OPTS=-Djava.security.auth.login.config=FILE with a section Client, or zookeeper.sasl.username and "
    "zookeeper.sasl.password among the settings."
)


@contextmanager
def connected(connect: str, security: "ZooKeeperSecurity | None" = None) -> Iterator[Any]:
    """Open a kazoo client on `host:port[,host:port…][/chroot]`, as `security` says; close it at the end.

    What it creates has the ACL that Kafka gives its znodes: where the ensemble knows who the client is, only that one
    may change them, and everybody may read. (kafka.zk.ZkData.defaultAcls 2.8.2; below /config/users, /config/brokers
    and /delegation_token Kafka lets nobody else read: who writes there names CREATOR_ALL_ACL.)

    Raises UsageError for what is no such string, UnreachableError where no server serves within about 5 s,
    KafkaToolError where it does not let the client in, and for a session that breaks while it is used.
    """
    servers, _ = parse_connect(connect)
    client = _client(connect, security)
    from kazoo.exceptions import (
        AuthFailedError,
        ConnectionClosedError,
        ConnectionLoss,
        InvalidACLError,
        KazooException,
        NoAuthError,
        SessionExpiredError,
    )
    from kazoo.handlers.threading import KazooTimeoutError

    try:
        if not client.start_async().wait(CONNECT_SECONDS):
            raise _unreachable(connect, servers, security)
        if security is not None and security.username:
            from kafka_tools.zookeeper.login import log_in

            log_in(client, connect, security.username, security.password)
        yield client
    except (ConnectionClosedError, ConnectionLoss, SessionExpiredError, KazooTimeoutError) as error:
        raise _unreachable(connect, servers, security) from error
    except AuthFailedError as error:
        raise KafkaToolError(f"ZooKeeper at {connect} lets nobody in without a login.", LOGIN_HINT) from error
    except NoAuthError as error:
        hint = "" if security is not None and security.names_client else LOGIN_HINT
        raise KafkaToolError(
            f"ZooKeeper at {connect} does not allow this: the znode's ACL refuses it.", hint
        ) from error
    except InvalidACLError as error:
        raise KafkaToolError(f"ZooKeeper at {connect} cannot protect znodes: it does not know the client.") from error
    except KazooException as error:
        raise KafkaToolError(f"ZooKeeper at {connect} refused: {type(error).__name__} {error}".rstrip()) from error
    finally:
        client.handler.spawn(_end, client).join(END_SECONDS if client.connected else 0)


def _end(client: Any) -> None:
    """End the session on the server, or else the search for one, which kazoo gives up in SESSION_SECONDS."""
    client.stop()
    client.close()


def _client(connect: str, security: "ZooKeeperSecurity | None") -> Any:
    client_class = kazoo_client().KazooClient
    from kazoo.exceptions import EXCEPTIONS, AuthFailedError
    from kazoo.retry import KazooRetry

    EXCEPTIONS.setdefault(LOGIN_WANTED, AuthFailedError)
    tls = acl = None
    if security is not None and security.tls is not None:
        from kafka_tools.openssl import context

        tls = context(security.tls)
    if security is not None and security.names_client:
        from kazoo.security import CREATOR_ALL_ACL, READ_ACL_UNSAFE

        acl = [*CREATOR_ALL_ACL, *READ_ACL_UNSAFE]
    return client_class(
        hosts=connect,
        timeout=SESSION_SECONDS,
        handler=handler(tls),
        default_acl=acl,
        connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=2, max_delay=0.5, max_jitter=0.1),
        command_retry=KazooRetry(max_tries=1),
        logger=Silence(),
    )


def _unreachable(
    connect: str, servers: Sequence[tuple[str, int]], security: "ZooKeeperSecurity | None"
) -> UnreachableError:
    from kafka_tools.zookeeper.reachability import unreachable

    return unreachable(connect, servers, security.tls if security else None)
