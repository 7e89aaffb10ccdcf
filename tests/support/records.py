"""Records for tests of the loops."""

from confluent_kafka import Message


def record(
    value: bytes | None,
    key: bytes | None = None,
    partition: int = 0,
    offset: int = 0,
    headers: list[tuple[str, str | bytes | None]] | None = None,
    timestamp: tuple[int, int] = (1, 1_700_000_000_123),
) -> Message:
    """Return a record of topic `t`."""
    return Message(
        topic="t", partition=partition, offset=offset, key=key, value=value, headers=headers, timestamp=timestamp
    )
