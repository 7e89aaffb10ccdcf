"""What performance tests measure, in the arithmetic of Apache's tools: rates, averages and percentiles."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MOST_SAMPLES = 500_000
"""Of more records only each n-th latency is kept for the percentiles (ProducerPerformance.Stats, 3.9)."""

SHARES = (0.5, 0.95, 0.99, 0.999)
MEGABYTE = 1024.0 * 1024.0


def ratio(number: float, divisor: float) -> float:
    """Divide as Java does with doubles: by 0 the result is infinite, or no number (NaN)."""
    if divisor:
        return number / divisor
    # Java's 0.0 / 0 is NaN, anything else infinite with its sign; Python would raise ZeroDivisionError.
    return float("nan") if not number or number != number else number * float("inf")


def finite(number: float) -> float | None:
    """Return a rate rounded to three digits behind the point, None where it is none: json knows no infinity."""
    return round(number, 3) if abs(number) < float("inf") else None


def percentiles(latencies: Sequence[int], shares: Sequence[float] = SHARES) -> tuple[int, ...]:
    """Return for each share the latency at that place of all, sorted; 0 where there is none.

    Source: ProducerPerformance.Stats.percentiles, EndToEndLatency.printResults (3.9): the place is rounded down.
    """
    in_order = sorted(latencies)
    return tuple(in_order[min(int(share * len(in_order)), len(in_order) - 1)] if in_order else 0 for share in shares)


def metric_lines(metrics: Mapping[str, float]) -> Iterator[str]:
    """Yield a client's figures as Apache's tools print those of Java's clients (ToolsUtils.printMetrics, 3.9)."""
    names = {f"librdkafka:{name}:{{}}": value for name, value in sorted(metrics.items())}
    if names:
        width = max(map(len, names))
        yield ""
        yield f"{'Metric Name':<{width}}   Value"
        yield from (f"{name:<{width}} : {value}" for name, value in names.items())


@dataclass(frozen=True, slots=True)
class Sent:
    """Records that brokers acknowledged in `elapsed` ms: their latencies (ms) in sum, and the worst of them."""

    records: int = 0
    bytes: int = 0
    elapsed: int = 0
    latency: int = 0
    worst: int = 0
    percentiles: tuple[int, ...] = ()

    @property
    def records_per_second(self) -> float:
        """The rate of records."""
        return ratio(1000.0 * self.records, self.elapsed)

    @property
    def megabytes_per_second(self) -> float:
        """The rate of bytes, in units of 1024 * 1024 bytes."""
        return ratio(ratio(1000.0 * self.bytes, self.elapsed), MEGABYTE)

    @property
    def average(self) -> float:
        """The average latency (ms)."""
        return ratio(self.latency, self.records)

    def with_more(self, latencies: Sequence[int], size: int) -> "Sent":
        """Return it with records that were acknowledged after these times (ms), of `size` bytes in all."""
        return Sent(
            self.records + len(latencies),
            self.bytes + size,
            self.elapsed,
            self.latency + sum(latencies),
            max(self.worst, *latencies) if latencies else self.worst,
        )

    def lasting(self, elapsed: int, percentiles: tuple[int, ...] = ()) -> "Sent":
        """Return it with the time that it took (ms)."""
        return Sent(self.records, self.bytes, elapsed, self.latency, self.worst, percentiles)


@dataclass(frozen=True, slots=True)
class Read:
    """Records that were read between two times (ms since 1970), of which `rebalance` ms passed without partitions."""

    bytes: int
    records: int
    start: int
    end: int
    rebalance: int

    @property
    def megabytes(self) -> float:
        """How much was read, in units of 1024 * 1024 bytes."""
        return self.bytes / MEGABYTE

    @property
    def megabytes_per_second(self) -> float:
        """The rate of bytes."""
        return ratio(1000.0 * self.megabytes, self.end - self.start)

    @property
    def records_per_second(self) -> float:
        """The rate of records."""
        return ratio(1000.0 * self.records, self.end - self.start)

    @property
    def fetch_ms(self) -> int:
        """How long it took without the wait for partitions."""
        return self.end - self.start - self.rebalance

    @property
    def fetch_megabytes_per_second(self) -> float:
        """The rate of bytes in that time."""
        return ratio(1000.0 * self.megabytes, self.fetch_ms)

    @property
    def fetch_records_per_second(self) -> float:
        """The rate of records in that time."""
        return ratio(1000.0 * self.records, self.fetch_ms)


class SendStats:
    """Sums up the acknowledgements of a run of so many `expected` records, and of each interval (ms) in it.

    `clock` gives milliseconds. Source: ProducerPerformance.Stats (3.9).
    """

    def __init__(self, expected: int, interval: int, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._interval = interval
        self._began = self._window_began = clock()
        self._all = self._window = Sent()
        # At least 1 in both places: a run of no records divides by nothing.
        self._step = max(1, expected // min(max(1, expected), MOST_SAMPLES))
        self._samples: list[int] = []

    def add(self, latencies: Sequence[int], size: int) -> Sent | None:
        """Take acknowledgements; return what came in the interval that is over with them, None while it lasts."""
        # The distance to the next record that counts, over the borders of batches.
        first = -self._all.records % self._step
        self._samples += latencies[first :: self._step]
        self._all = self._all.with_more(latencies, size)
        self._window = self._window.with_more(latencies, size)
        now = self._clock()
        # An interval ends with an acknowledgement, as in Apache's tool: silence prints no line.
        if not latencies or now - self._window_began < self._interval:
            return None
        # The window begins now, not where the last one should have ended: an interval may be longer than it was asked
        # to be.
        over, self._window = self._window.lasting(now - self._window_began), Sent()
        self._window_began = now
        return over

    @property
    def records(self) -> int:
        """How many records are acknowledged."""
        return self._all.records

    def total(self) -> Sent:
        """Return all, with the percentiles of SHARES."""
        return self._all.lasting(self._clock() - self._began, percentiles(self._samples))
