"""What a performance test is asked for: which records, how fast, and for how long; and what it finds."""

import json
from collections.abc import Callable
from typing import NamedTuple

from kafka_tools.console.consume import Source
from kafka_tools.model.performance import Read, Sent
from kafka_tools.model.target import Brokers


class ProduceTest(NamedTuple):
    """`records` records to send to a topic: of `size` bytes each, or one of `payloads` by chance, or else numbers.

    `throughput` is the most records a second (below 0: no limit). The first `warmup` records are left out of a sum of
    their own, and every `interval` ms there is one of the interval. With a `transaction` (ms) the records are sent in
    transactions of that length. With `metrics` the client's own figures are asked for, too.
    """

    brokers: Brokers
    topic: str
    records: int
    size: int | None = None
    payloads: tuple[bytes, ...] = ()
    throughput: float = -1.0
    warmup: int = 0
    interval: int = 5000
    transaction: int | None = None
    metrics: bool = False


class Produced(NamedTuple):
    """What a test measured: all records, those behind the warm-up where there is one, and how many failed.

    `metrics` are figures of the client by their names, `status` is the exit status.
    """

    total: Sent
    steady: Sent | None
    failed: int
    metrics: dict[str, float]
    status: int


OnInterval = Callable[[Sent, bool], None]
"""Takes what was sent in an interval, and whether it lies behind the warm-up."""


class ConsumeTest(NamedTuple):
    """At most `records` records to read, until none comes for `patience` ms.

    With a `group` its offsets are gone on from and committed, else the partitions are read without a group. `latest`:
    begin at the end where there is no offset. `interval` is how often (ms) the reading is reported.
    """

    source: Source
    records: int
    group: str | None = None
    latest: bool = False
    patience: int = 10_000
    interval: int = 5000
    metrics: bool = False


class Consumed(NamedTuple):
    """What a test measured; `is_late`: it ended as no record came. `status` is the exit status."""

    read: Read
    is_late: bool
    metrics: dict[str, float]
    status: int


class ShareTest(NamedTuple):
    """`records` records to read as `consumers` members of a share group, until none comes for `patience` ms.

    `interval` is how often (ms) the reading of each member is reported.
    """

    brokers: Brokers
    topic: str
    group: str
    records: int
    consumers: int = 1
    patience: int = 10_000
    interval: int = 5000
    metrics: bool = False

    @property
    def client_ids(self) -> tuple[str, ...]:
        """The id of each member as a client: the user's, numbered where there are several (Kafka 4.4)."""
        name = self.brokers.config.get("client.id", "perf-share-consumer-client")
        numbered = tuple(f"{name}-{number}" for number in range(1, self.consumers + 1))
        return numbered if self.consumers > 1 else (name,)


class Shared(NamedTuple):
    """What a test measured: all members together, and each; `is_late`: it ended as no record came.

    `metrics` are figures of each client by their names, `status` is the exit status.
    """

    read: Read
    members: tuple[Read, ...]
    is_late: bool
    metrics: tuple[dict[str, float], ...]
    status: int


class RoundTripTest(NamedTuple):
    """`records` records to send, each when the one before was read. Sizes are in bytes.

    Without a `key_size` they have no key; a `header_value_size` below 0 makes the values of the `headers` null.
    """

    brokers: Brokers
    topic: str
    records: int
    size: int
    key_size: int = 0
    headers: int = 0
    header_key_size: int = 0
    header_value_size: int = 0


class RoundTrips(NamedTuple):
    """How long (ns) each record took to be sent, acknowledged and read; `status` is the exit status."""

    latencies: tuple[int, ...]
    status: int


OnRead = Callable[[Read, int, int], None]
"""Takes what was read in an interval, and how many bytes and records in all."""


OnMemberRead = Callable[[Read, int, int, int], None]
"""Takes what a member read in an interval, how many bytes and records in all, and its number."""


def figures_of(text: str) -> dict[str, float]:
    """Return the figures of the whole client out of librdkafka's statistics."""
    # {"name":"…","txmsgs":5,"brokers":{…},"topics":{…}} (librdkafka's STATISTICS.md): those of brokers and topics are
    # objects, and there are hundreds of them.
    return {name: value for name, value in json.loads(text).items() if isinstance(value, int | float)}
