"""What the verifiable clients are asked for, and what became of the records; they print an event of JSON a line."""

from typing import NamedTuple

from kafka_tools.console.consume import Source
from kafka_tools.model.target import Brokers


class ProduceTask(NamedTuple):
    """Numbers to send to a topic from 0 on: `records` of them, or (below 0) until a signal comes.

    `throughput` is the most records a second (below 0: no limit). Values begin with `value_prefix` and a dot where
    there is one. Keys count from 0 and begin anew after `repeating_keys` of them; with None there are none. The first
    record has `create_time` (ms since 1970), the others later ones. `prints`: an event is printed for each record.
    """

    brokers: Brokers
    topic: str
    records: int = -1
    throughput: int = -1
    value_prefix: int | None = None
    repeating_keys: int | None = None
    create_time: int | None = None
    prints: bool = True


class Produced(NamedTuple):
    """How many records were sent, how many of them brokers acknowledged, and how long (ms) it took.

    `status` is the exit status.
    """

    sent: int
    acked: int
    milliseconds: int
    status: int

    @property
    def throughput(self) -> float:
        """How many records were acknowledged a second."""
        # Divided first, as in VerifiableProducer.main (3.9): else the last digit that is printed may be another one.
        return 1000 * (self.acked / max(1, self.milliseconds))


class ConsumeTask(NamedTuple):
    """Records to read as a member of a group: `records` of them, or (below 0) until a signal comes.

    With `verbose` there is an event for each record, and not only for those of a poll together. Offsets are committed
    for each poll by the tool, else (`auto_commit`) now and then by the client. `close_seconds` is how long leaving the
    group may take; None: as long as for console-consumer. `prints`: events are printed.
    """

    source: Source
    group: str
    records: int = -1
    verbose: bool = False
    auto_commit: bool = False
    close_seconds: float | None = None
    prints: bool = True


class PartitionRead(NamedTuple):
    """How many records of a partition were read, the offsets of the first and the last one, and up to where it was
    committed (None: not)."""

    topic: str
    partition: int
    records: int
    first_offset: int
    last_offset: int
    committed: int | None


class Consumed(NamedTuple):
    """What was read, by partition; `status` is the exit status."""

    partitions: tuple[PartitionRead, ...]
    status: int
