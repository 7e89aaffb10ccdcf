"""Writing znodes: all of a change or nothing of it, and never over what somebody else wrote meanwhile."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError

TRIES = 5
ANY_VERSION = -1
Result = TypeVar("Result")


def change(topic: str, done: str, attempt: Callable[[], tuple[Any, Result]], validate_only: bool = False) -> Result:
    """Commit the transaction that `attempt` returns and return what comes with it; where a znode is not any more what
    it saw, let it look again. With `validate_only` it looks once, and nothing is committed.

    `done` says what becomes of the topic ("created"). Raises KafkaToolError where that never holds still, and where
    nobody can tell whether it was carried out.
    """
    from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

    for _ in range(TRIES):
        transaction, result = attempt()
        failure = None if validate_only else _commit(transaction, topic, done)
        if failure is None:
            return result
        if not isinstance(failure, (BadVersionError, NodeExistsError, NoNodeError)):
            raise failure
    raise KafkaToolError(f"Topic '{topic}' was not {done}: others changed it each time it was tried.")


def _commit(transaction: Any, topic: str, done: str) -> Exception | None:
    """Write all or nothing; return what one of the writes failed of."""
    from kazoo.exceptions import (
        ConnectionClosedError,
        ConnectionLoss,
        RolledBackError,
        RuntimeInconsistency,
        SessionExpiredError,
    )

    try:
        results = transaction.commit()
    except (ConnectionClosedError, ConnectionLoss, SessionExpiredError) as error:
        raise KafkaToolError(
            f"The connection to ZooKeeper broke while topic '{topic}' was being {done}: whether that was done is not "
            "known, but it was wholly or not at all.",
            f"`ktools topics --describe --topic {topic}` tells.",
        ) from error
    failures = [result for result in results if isinstance(result, Exception)]
    return next((each for each in failures if not isinstance(each, (RolledBackError, RuntimeInconsistency))), None)


def create_empty(transaction: Any, path: str) -> None:
    """Add the creation of a znode without data; kazoo's own method for it insists on some, Kafka writes none."""
    from kazoo.protocol.serialization import Create
    from kazoo.security import OPEN_ACL_UNSAFE

    client = transaction.client
    transaction.operations.append(Create(client.chroot + path, None, client.default_acl or OPEN_ACL_UNSAFE, 0))


def ensure_parent(client: Any, path: str) -> None:
    """Create a znode that Kafka keeps others under, and those above it, where they are missing."""
    from kazoo.exceptions import NodeExistsError

    if client.exists(path) is not None:
        return
    above = path.rpartition("/")[0]
    if above:
        ensure_parent(client, above)
    with suppress(NodeExistsError):  # somebody else was quicker
        client.create(path, None)
