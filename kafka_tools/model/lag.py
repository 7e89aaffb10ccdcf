"""The lag of groups by topic, in records and in seconds, the limits of monitoring, and how fast it changes."""

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from kafka_tools.errors import UsageError
from kafka_tools.model.groups import Progress
from kafka_tools.model.times import PART, UNITS
from kafka_tools.model.topics import TopicPartition

RATE_SECONDS = 30.0
"""Rates are taken over so long: a group that commits every 5 s (auto.commit.interval.ms) stands still in between."""


class TopicLag(NamedTuple):
    """How far a group is behind in one topic, all of its partitions together.

    `lag` is None where it is known of no partition, `unknown` counts those of which it is not known. `lag_seconds` is
    that of the partition that is furthest behind; None where it was not asked for, or is not known.
    """

    group: str
    topic: str
    partitions: int
    lag: int | None
    unknown: int
    lag_seconds: float | None


class Limits(NamedTuple):
    """The lag that is too much above `records`, or above `seconds`; None: there is no such limit."""

    records: int | None = None
    seconds: float | None = None

    @property
    def are_set(self) -> bool:
        """Whether there is a limit."""
        return self != Limits()

    def are_exceeded(self, lag: TopicLag) -> bool:
        """Tell whether it is too much; what is not known is not."""
        is_long = self.records is not None and lag.lag is not None and lag.lag > self.records
        return is_long or (self.seconds is not None and lag.lag_seconds is not None and lag.lag_seconds > self.seconds)


def parse_records(text: str) -> int | None:
    """Return the limit in `>1000` (or `1000`), None for "". Raises UsageError for anything else."""
    # The > is as monitoring's thresholds have it; 18 digits always fit in a long.
    found = re.fullmatch(r"(?:>\s*)?(\d{1,18})", text.strip(), re.ASCII)
    if text and not found:
        raise UsageError(f"--lag: '{text}' is no number of records", "Such are: '>1000', 1000. The > needs quotes.")
    return int(found[1]) if found else None


def parse_seconds(text: str) -> float | None:
    """Return the limit in `>5m` (or `5m`, `1h30m`, `90`) in seconds, None for "". Raises UsageError."""
    word = text.strip().removeprefix(">").strip()
    if re.fullmatch(r"\d{1,12}", word, re.ASCII):
        return float(word)
    if text and not re.fullmatch(rf"(?:{PART.pattern})+", word, re.ASCII):
        raise UsageError(f"--lag-seconds: '{text}' is no time", "Such are: '>5m', 90, 1h30m. The > needs quotes.")
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(word)) / 1000 if text else None


def totals(rows: Iterable[Progress], seconds: Mapping[tuple[str, TopicPartition], float]) -> list[TopicLag]:
    """Return the lag of each group in each topic, sorted; `seconds` is the lag in time of a group in a partition.

    An offset beyond the log's end, as a topic that was made anew leaves it, takes nothing off the lag of others.
    """
    found = []
    for (group, topic), lot in groupby(sorted(rows, key=lambda row: row[:3]), lambda row: row[:2]):
        parts = list(lot)
        lags = [max(0, row.lag) for row in parts if row.lag is not None]
        behind = [time for row in parts if (time := seconds.get((group, row.topic_partition))) is not None]
        lag = sum(lags) if lags else None
        found.append(TopicLag(group, topic, len(parts), lag, len(parts) - len(lags), max(behind) if behind else None))
    return found


class Pace(NamedTuple):
    """How many offsets a second a group reads in some partitions, and how many are written there."""

    read: float
    written: float

    def catches_up(self, lag: int | None) -> float | None:
        """Return after how many seconds nothing is left to read if it goes on so; None where that never comes."""
        if lag is None or (lag > 0 and self.read <= self.written):
            return None
        return max(0, lag) / (self.read - self.written) if lag > 0 else 0.0


class Sample(NamedTuple):
    """What groups had read, and what was there to read, at a time (s of a clock that is never set)."""

    time: float
    offsets: Mapping[tuple[str, TopicPartition], tuple[int, int]]


class Pacer:
    """Remembers how far groups were, so that the next look tells how fast they are."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def take(self, rows: Sequence[Progress], now: float) -> None:
        """Remember these rows, and forget all but the last look that is older than RATE_SECONDS."""
        offsets = {
            (row.group, row.topic_partition): (row.current_offset, row.log_end_offset)
            for row in rows
            if row.current_offset is not None and row.log_end_offset is not None
        }
        self._samples.append(Sample(now, offsets))
        # One that is older stays, so that the first and the last are at least RATE_SECONDS apart as soon as that is
        # possible.
        while len(self._samples) > 2 and self._samples[1].time <= now - RATE_SECONDS:
            self._samples.popleft()

    def pace(self, rows: Iterable[Progress]) -> Pace | None:
        """Return the pace in the partitions of these rows, None before the second look."""
        first, last = self._samples[0], self._samples[-1]
        # Partitions that both looks know: one that came in between would count all that was ever read.
        keys = [
            key for row in rows if (key := (row.group, row.topic_partition)) in first.offsets and key in last.offsets
        ]
        if not keys or last.time <= first.time:
            return None
        # Both over the same time and partitions, so that their difference is how fast the lag shrinks.
        read, written = (
            sum(last.offsets[key][side] - first.offsets[key][side] for key in keys) / (last.time - first.time)
            for side in (0, 1)
        )
        return Pace(read, written)
