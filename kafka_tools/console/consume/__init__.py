"""What a console consumer is asked for: which records of which cluster, with which group, and how to write them."""

from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.console.formats import DEFAULT, RecordFormat
from kafka_tools.model.target import Brokers

EARLIEST, LATEST = -2, -1
"""Offsets that mean the beginning and the end of a partition (librdkafka's OFFSET_BEGINNING and OFFSET_END)."""

DISCOVERY_SECONDS = 10.0
"""How often new partitions are looked for; Apache's consumer does so every five minutes (metadata.max.age.ms)."""


class Source(NamedTuple):
    """The partitions to read: of one topic, or of all topics whose whole names fit the pattern `include`.

    `internal` lets the pattern fit Kafka's internal topics, too. `partitions` picks some of the topic's partitions
    (empty: all).
    """

    brokers: Brokers
    topic: str | None = None
    include: str | None = None
    internal: bool = False
    partitions: tuple[int, ...] = ()
    discovery_seconds: float = DISCOVERY_SECONDS

    @property
    def name(self) -> str:
        """The topic, or the pattern of topics."""
        return self.topic or ascii(self.include)

    @property
    def words(self) -> str:
        """The topic or topics as a message names them."""
        return f"topic '{self.topic}'" if self.topic is not None else f"the topics '{self.include}'"


class Window(NamedTuple):
    """Which records of each partition are read.

    The reading starts at `start` (EARLIEST, LATEST or an offset), or `last` offsets before the end, or at the time
    `from_time`; with a group, at the group's committed offsets. It ends before the first record of the time `to_time`,
    or with `until_end` at the end that a partition had at the start, or after `max_messages` records in all, or when no
    record came for `timeout_ms`. `reset` says where to go on where the group has no offset yet or an offset does not
    exist: EARLIEST, LATEST, or None for an error. Times are ms since 1970.
    """

    # `start` and `reset` are two things: a consumer without a group always starts at `start`, and comes to `reset` only
    # where that offset is gone; a group's member comes to `reset` for each partition that the group has no offset of.
    start: int = LATEST
    last: int | None = None
    from_time: int | None = None
    to_time: int | None = None
    until_end: bool = False
    reset: int | None = LATEST
    max_messages: int | None = None
    timeout_ms: int | None = None

    @property
    def has_end(self) -> bool:
        """Whether the reading of each partition ends at a known offset."""
        return self.until_end or self.to_time is not None

    @property
    def patience(self) -> float:
        """For how many seconds no record may come."""
        # A negative number waits for ever, as in ConsoleConsumer.run (3.9).
        return float("inf") if self.timeout_ms is None or self.timeout_ms < 0 else self.timeout_ms / 1000


class Membership(NamedTuple):
    """The consumer group to join.

    Without `commits` the group's offsets are read but never changed. A `cooperative` group takes single partitions
    away from a member (KIP-429, KIP-848), others take all and give some back.
    """

    group: str
    commits: bool = True
    cooperative: bool = False

    @classmethod
    def of(cls, group: str, config: Mapping[str, str]) -> "Membership":
        """Return the membership that librdkafka's settings ask for."""
        return cls(
            group,
            commits=config.get("enable.auto.commit", "true").lower() == "true",
            cooperative=config.get("partition.assignment.strategy") == "cooperative-sticky"
            or config.get("group.protocol", "").lower() == "consumer",
        )


class RecordOutput(NamedTuple):
    """How records are written to stdout.

    `form` is json (one array), jsonl (an object a line), table, or plain: then Apache's class `formatter` writes them,
    the default one as `record_format` says. A record that cannot be read ends the reading, or is left out with
    `skip_unreadable`. With `says_end` the last line of stdout is `shutdown_complete`.
    """

    form: str = "plain"
    formatter: str = DEFAULT
    record_format: RecordFormat = RecordFormat()
    skip_unreadable: bool = False
    says_end: bool = False


class ConsumeRequest(NamedTuple):
    """What to read and how to write it; without a `membership` no group is joined and no offset committed."""

    source: Source
    window: Window = Window()
    membership: Membership | None = None
    output: RecordOutput = RecordOutput()
