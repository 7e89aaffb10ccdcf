"""Reads from brokers which directories they have and what is in them. confluent-kafka has no such request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import CLUSTER_AUTHORIZATION_FAILED, BrokerError, KafkaToolError, check_code
from kafka_tools.model.log_dirs import LogDirDescription, ReplicaInfo
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.wire.log_dir_messages import DESCRIBE_LOG_DIRS
from kafka_tools.wire.schema import Response

SECONDS = 15.0
"""How long each broker's answer is waited for: it adds up the sizes of all its segments."""


@contextmanager
def open_log_dirs(target: Brokers) -> "Iterator[BrokerLogDirs]":
    """Open a session with the brokers of `target` for their directories, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerLogDirs(session)


class BrokerLogDirs:
    """The directories of the brokers of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def brokers(self) -> list[int]:
        """Return the ids of the brokers that are alive, as any broker knows them. Raises UnreachableError."""
        return list(self._session.wire.brokers())

    def describe(self, brokers: Sequence[int]) -> dict[int, tuple[LogDirDescription, ...] | KafkaToolError]:
        """Return the directories of each of these brokers, or why they are not known."""
        # Null asks for everything; an empty list for nothing but the directories.
        requests = {broker: {"topics": None} for broker in brokers}
        answers = self._session.wire.ask_brokers(DESCRIBE_LOG_DIRS, requests, SECONDS)
        return {broker: described(answers[broker]) for broker in brokers}


def described(answer: Response | KafkaToolError) -> tuple[LogDirDescription, ...] | KafkaToolError:
    """Return the directories in the answer of a broker, or why they are not known."""
    if isinstance(answer, KafkaToolError):
        return answer
    # Before version 3 (Kafka 3.2) a broker tells a user without the right of no directory, and each broker has one.
    code = answer["error_code"] or (0 if answer["results"] else CLUSTER_AUTHORIZATION_FAILED)
    try:
        check_code(code, needs="DESCRIBE on the cluster")
    except BrokerError as error:
        return error
    return tuple(map(_log_dir, answer["results"]))


def _log_dir(found: Response) -> LogDirDescription:
    return LogDirDescription(
        found["log_dir"],
        # KAFKA_STORAGE_ERROR (56): this disk is offline, while the broker goes on with the others.
        BrokerError(found["error_code"]) if found["error_code"] else None,
        _known(found["total_bytes"]),
        _known(found["usable_bytes"]),
        tuple(
            ReplicaInfo(
                TopicPartition(topic["name"], each["partition_index"]),
                each["partition_size"],
                each["offset_lag"],
                each["is_future_key"],
            )
            for topic in found["topics"]
            for each in topic["partitions"]
        ),
    )


def _known(size: int) -> int | None:
    return None if size < 0 else size
