"""Writes znodes in transactions: a change is made wholly or not at all, and never overwrites a change by others.

Each transaction names the versions of the znodes that it was computed from. Where one of them has another version by
then, ZooKeeper refuses the whole transaction, and it is computed again from what is there now.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.answers import NoAnswerError, UnreadableAnswerError

TRIES = 5
"""How often a change is tried while others keep changing its znodes."""
ANY_VERSION = -1
Result = TypeVar("Result")


def change(topic: str, done: str, attempt: Callable[[], tuple[Any, Result]], validate_only: bool = False) -> Result:
    """Call `attempt` for a transaction and a result, commit the transaction, and return the result.

    Where others changed one of its znodes meanwhile, `attempt` is called again, up to TRIES times. With `validate_only`
    it is called once and nothing is committed. `done` is the word for messages: what becomes of the topic ("created").

    Raises KafkaToolError where the last try failed, too, and where the connection broke so that nobody can tell
    whether the transaction was carried out.
    """
    from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

    for _ in range(TRIES):
        transaction, result = attempt()
        failure = None if validate_only else _commit(transaction, topic, done)
        if failure is None:
            return result
        # These three mean that a znode was changed, created or deleted since `attempt` read it.
        if not isinstance(failure, (BadVersionError, NodeExistsError, NoNodeError)):
            raise failure
    raise KafkaToolError(f"Topic '{topic}' was not {done}: others changed it each time it was tried.")


def _commit(transaction: Any, topic: str, done: str) -> Exception | None:
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
            f"The connection to ZooKeeper broke while topic '{topic}' was being {done}: whether that was done is not "
            "known, but it was wholly or not at all.",
            f"`ktools topics --describe --topic {topic}` tells.",
        ) from error
    # The writes before the one that failed have RolledBackError, those after it RuntimeInconsistency.
    failures = [result for result in results if isinstance(result, Exception)]
    causes = (each for each in failures if not isinstance(each, (RolledBackError, RuntimeInconsistency)))
    return next(causes, failures[0] if failures else None)


def create_empty(transaction: Any, path: str) -> None:
    """Add the creation of a znode without data, as Kafka writes it; kazoo's own method writes at least b""."""
    from kazoo.protocol.serialization import Create
    from kazoo.security import OPEN_ACL_UNSAFE

    client = transaction.client
    transaction.operations.append(Create(client.chroot + path, None, client.default_acl or OPEN_ACL_UNSAFE, 0))


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
