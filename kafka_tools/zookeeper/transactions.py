"""Writes znodes in transactions: a change is made wholly or not at all, and never overwrites a change by others.

Each transaction names the versions of the znodes that it was computed from. Where one of them has another version by
then, ZooKeeper refuses the whole transaction, and it is computed again from what is there now.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from time import sleep
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.answers import NoAnswerError, UnreadableAnswerError

TRIES = 10
"""How often a change is tried while others keep changing its znodes (AclAuthorizer.maxUpdateRetries, Kafka 2.8)."""

LONGEST_PAUSE_SECONDS = 0.1
"""How long a change is put off at most after a conflict: those who change one znode at the same time must part."""

SENSITIVE = ("/config/users", "/config/brokers")
"""What nobody else may read where ZooKeeper knows its users (kafka.zk.ZkData.SensitiveRootPaths)."""

ANY_VERSION = -1
Result = TypeVar("Result")


def change(
    what: str,
    done: str,
    attempt: Callable[[], tuple[Any, Result]],
    validate_only: bool = False,
    tells: str = "",
) -> Result:
    """Call `attempt` for a transaction and a result, commit the transaction, and return the result.

    Where others changed one of its znodes meanwhile, `attempt` is called again, up to TRIES times. With `validate_only`
    it is called once and nothing is committed; an empty transaction has nothing to commit. For messages `what` names
    the thing ("topic 'orders'"), `done` is the word for what becomes of it ("created"), and `tells` the command that
    shows whether it did.

    Raises KafkaToolError where the last try failed, too, and where the connection broke so that nobody can tell
    whether the transaction was carried out.
    """
    from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

    for tries in range(TRIES):
        transaction, result = attempt()
        failure = None
        if transaction.operations and not validate_only:
            failure = _commit(transaction, what, done, tells)
        if failure is None:
            return result
        # These three mean that a znode was changed, created or deleted since `attempt` read it.
        if not isinstance(failure, (BadVersionError, NodeExistsError, NoNodeError)):
            raise failure
        _pause(tries)
    raise KafkaToolError(f"{what[:1].upper()}{what[1:]} was not {done}: others changed it each time it was tried.")


def _pause(tries: int) -> None:
    from random import uniform

    sleep(uniform(0, min(LONGEST_PAUSE_SECONDS, tries * LONGEST_PAUSE_SECONDS / TRIES * 2)))


def _commit(transaction: Any, what: str, done: str, tells: str) -> Exception | None:
    """Commit a transaction; return the error of the write that failed, None where all was written."""
    from kazoo.exceptions import (
        ConnectionClosedError,
        ConnectionLoss,
        RolledBackError,
        RuntimeInconsistency,
        SessionExpiredError,
    )

    try:
        results = transaction.commit()
    # Not tried again: the server may have carried it out and only the answer was lost. A second creation would then say
    # that the topic exists, which would be wrong about the first.
    except (ConnectionClosedError, ConnectionLoss, SessionExpiredError, NoAnswerError, UnreadableAnswerError) as error:
        raise KafkaToolError(
            f"The connection to ZooKeeper broke while {what} was being {done}: whether that was done is not known, but "
            "it was wholly or not at all.",
            f"`{tells}` tells." if tells else "",
        ) from error
    # The writes before the one that failed have RolledBackError, those after it RuntimeInconsistency.
    failures = [result for result in results if isinstance(result, Exception)]
    causes = (each for each in failures if not isinstance(each, (RolledBackError, RuntimeInconsistency)))
    return next(causes, failures[0] if failures else None)


def acl(client: Any, path: str) -> Any:
    """Return the ACL that Kafka gives a new znode (kafka.zk.ZkData.defaultAcls), None for the session's own."""
    if client.default_acl is None or not path.startswith(SENSITIVE):
        return None
    from kazoo.security import CREATOR_ALL_ACL

    return CREATOR_ALL_ACL


def write(transaction: Any, path: str, data: bytes, version: int | None) -> None:
    """Add the writing of a znode that was read in this version; None: it was not there, and is created."""
    if version is None:
        transaction.create(path, data, acl(transaction.client, path))
    else:
        transaction.set_data(path, data, version)


def create_parents(transaction: Any, paths: Iterable[str]) -> None:
    """Add the creation of what is missing above these znodes."""
    parents = {path[:end] for path in paths for end in range(1, len(path)) if path[end] == "/"}
    asked = [(path, transaction.client.exists_async(path)) for path in sorted(parents, key=len)]
    for path, found in asked:
        if found.get() is None:
            create_empty(transaction, path)


def read(client: Any, path: str) -> tuple[bytes | None, int | None]:
    """Return what a znode holds and its version; None and None where there is no such znode."""
    from kazoo.exceptions import NoNodeError

    try:
        data, stat = client.get(path)
    except NoNodeError:
        return None, None
    return data or b"", stat.version


def create_empty(transaction: Any, path: str) -> None:
    """Add the creation of a znode without data, as Kafka writes it; kazoo's own method writes at least b""."""
    from kazoo.protocol.serialization import Create
    from kazoo.security import OPEN_ACL_UNSAFE

    client = transaction.client
    rights = acl(client, path) or client.default_acl or OPEN_ACL_UNSAFE
    transaction.operations.append(Create(client.chroot + path, None, rights, 0))


def ensure_parent(client: Any, path: str) -> None:
    """Create a persistent znode without data, and its parents, where they are missing."""
    from kazoo.exceptions import NodeExistsError

    if client.exists(path) is not None:
        return
    above = path.rpartition("/")[0]
    if above:
        ensure_parent(client, above)
    with suppress(NodeExistsError):  # somebody else was quicker
        client.create(path, None)
