"""Opens a session with a ZooKeeper ensemble through kazoo, and turns kazoo's errors into ktools' own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka_tools.errors import KafkaToolError, UnreachableError, UsageError
from kafka_tools.model.addresses import Address
from kafka_tools.model.target import ZooKeeper, unreachable_hint
from kafka_tools.slim import Silence
from kafka_tools.zookeeper.answers import UnreadableAnswerError
from kafka_tools.zookeeper.connect_string import parse_connect
from kafka_tools.zookeeper.diagnosis import NO_SESSION, nobody_is_there, unreachable
from kafka_tools.zookeeper.library import kazoo_client

CONNECT_SECONDS = 3.0
SESSION_SECONDS = 10.0

FIRST_TRY_SECONDS = 0.3
"""How long a session may take before it is looked whether anybody is there at all. On loopback it takes 7 ms."""

END_SECONDS = 2.0
"""How long a connected server has to confirm that the session ended."""

BROKEN, UNREADABLE_SESSION = "it runs but ended the session", "it runs, but its answer to a new session cannot be read"

LOGIN_WANTED = -124
"""ZooKeeper's error SESSIONCLOSEDREQUIRESASLAUTH (3.6 and later), which kazoo does not know."""

LOGIN_HINT = (
    "A login: KAFKA_OPTS=-Djava.security.auth.login.config=FILE with a section Client, or zookeeper.sasl.username and "
    "zookeeper.sasl.password among the settings."
)


@contextmanager
def connected(target: ZooKeeper) -> Iterator[Any]:
    """Open a kazoo client on an ensemble, with its TLS and login; close it at the end.

    Znodes that the client creates get the ACL that Kafka gives them: where the ensemble knows who the client is, only
    this user may change them, and everybody may read (kafka.zk.ZkData.defaultAcls 2.8.2). Below /config/users and
    /config/brokers nobody else may read: `transactions.acl`. The target's `set_acl` has the last word.

    Raises UsageError where the connect string cannot be read, KafkaToolError where the ensemble does not let the client
    in, UnreadableAnswerError where a server sends what no ZooKeeper sends. Raises UnreachableError within 1 s where all
    servers refuse the connection, within about 5 s where they are silent or have no quorum (for the target's
    `wait_seconds` it is tried again), when the session breaks while it is used, and as NoAnswerError for a request that
    is not answered.
    """
    connect, security = target.connect, target.security
    servers, _ = parse_connect(connect)
    client = _client(target)
    from kazoo.exceptions import (
        AuthFailedError,
        ConnectionClosedError,
        ConnectionLoss,
        InvalidACLError,
        KazooException,
        NoAuthError,
        SessionExpiredError,
    )

    try:
        if not _has_started(client, servers, target.wait_seconds):
            raise _unreachable(target, servers, UNREADABLE_SESSION if client.failure else NO_SESSION)
        if security is not None and security.username:
            from kafka_tools.zookeeper.login import log_in

            log_in(client, connect, security.username, security.password)
        yield client
    # KazooException is the base of all of these, so it comes last.
    except (ConnectionClosedError, ConnectionLoss, SessionExpiredError) as error:
        if client.failure is not None:
            raise UnreadableAnswerError(connect, client.failure) from error
        raise _unreachable(target, servers, BROKEN) from error
    except AuthFailedError as error:
        raise KafkaToolError(f"ZooKeeper at {connect} lets nobody in without a login.", LOGIN_HINT) from error
    except NoAuthError as error:
        hint = "" if security is not None and security.names_client else LOGIN_HINT
        raise KafkaToolError(
            f"ZooKeeper at {connect} does not allow this: the znode's ACL refuses it.", hint
        ) from error
    # A certificate was shown, but the server maps none to a user: CREATOR_ALL_ACL then names nobody.
    except InvalidACLError as error:
        raise KafkaToolError(f"ZooKeeper at {connect} cannot protect znodes: it does not know the client.") from error
    except KazooException as error:
        raise KafkaToolError(f"ZooKeeper at {connect} refused: {type(error).__name__} {error}".rstrip()) from error
    finally:
        # In a thread of its own: without a server, stop() waits SESSION_SECONDS, which nobody at a prompt would.
        answers = client.connected and client.handler.silence is None
        client.handler.spawn(client.end).join(END_SECONDS if answers else 0)


def check_chroot(client: Any) -> None:
    """Raise UsageError where the chroot is not there: what is asked for below it would look empty."""
    if client.chroot and client.exists("/") is None:
        raise UsageError(f"The chroot {client.chroot} does not exist.", "Is it right?")


def _has_started(client: Any, servers: Sequence[Address], wait_seconds: float) -> bool:
    """Start the session; return False where there is none in time.

    kazoo itself tries again for ever, whatever a server answers. Refusals are therefore looked for beside it.
    """
    started = client.start_async()
    # At first alone: looking for refusals costs connections that a server which is well need not see.
    if started.wait(FIRST_TRY_SECONDS):
        return True
    if client.failure is not None or (not wait_seconds and nobody_is_there(servers)):
        return False
    in_time: bool = started.wait(max(CONNECT_SECONDS, wait_seconds) - FIRST_TRY_SECONDS)
    return in_time


def _client(target: ZooKeeper) -> Any:
    connect, security = target.connect, target.security
    kazoo_client()
    from kazoo.exceptions import EXCEPTIONS, AuthFailedError
    from kazoo.retry import KazooRetry

    from kafka_tools.zookeeper.client import Client, Handler

    # kazoo's thread dies of an error code that it does not know, and nobody would ever get an answer.
    EXCEPTIONS.setdefault(LOGIN_WANTED, AuthFailedError)
    tls = acl = None
    if security is not None and security.tls is not None:
        from kafka_tools.openssl import context

        tls = context(security.tls)
    names_client = security is not None and security.names_client
    if names_client if target.set_acl is None else target.set_acl:
        from kazoo.security import CREATOR_ALL_ACL, READ_ACL_UNSAFE

        acl = [*CREATOR_ALL_ACL, *READ_ACL_UNSAFE]
    return Client(
        hosts=connect,
        timeout=SESSION_SECONDS,
        handler=Handler(connect, tls),
        default_acl=acl,
        read_only=target.read_only,
        # kazoo tries again for ever: the limits are those of `connected`. Its own delays grow to a minute, which would
        # miss a server that comes up meanwhile.
        connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=2, max_delay=0.5, max_jitter=0.1),
        command_retry=KazooRetry(max_tries=1),
        logger=Silence(),
    )


def _unreachable(target: ZooKeeper, servers: Sequence[Address], otherwise: str) -> UnreachableError:
    tls = target.security.tls if target.security else None
    error = unreachable(target.connect, servers, tls, otherwise)
    return UnreachableError(error.message, unreachable_hint(target, error.hint))
