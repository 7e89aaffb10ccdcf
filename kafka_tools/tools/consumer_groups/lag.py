"""Shows how far groups are behind, topic by topic, to people and to monitoring: `ktools consumer-groups --lag`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import monitoring
from kafka_tools.model.groups import DEAD, ConsumerGroup, Progress
from kafka_tools.model.lag import Limits, Pacer, TopicLag, totals
from kafka_tools.model.offsets import MAX_TIMESTAMP, Offset
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count, duration
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups import asking

if TYPE_CHECKING:
    from kafka_tools.brokers.groups import BrokerGroups
    from kafka_tools.render.views import Mark, View

Shape = Literal["lines", "nagios", "prometheus"]
Seconds = Mapping[tuple[str, TopicPartition], float]

EXCEEDED = 2
"""The exit status where a limit is exceeded: CRITICAL in Nagios' words."""

NAGIOS_UNKNOWN = 3

UNREAD = "The time of the next record in {partitions} is not known: it did not come, or needs READ on the topic."


class ShowLag(NamedTuple):
    """Asks how far these groups (None: all) are behind in these topics (`orders:0,2`; None: in all).

    With limits only what exceeds one is shown. `in_time` asks for the lag in time, too. `seconds` is how long answers
    are waited for; a `pacer` adds how fast groups are.
    """

    target: Brokers
    groups: Sequence[str] | None
    topics: Sequence[str] | None
    limits: Limits
    in_time: bool
    shape: Shape
    seconds: float
    pacer: Pacer | None = None


COLUMNS = {
    "group": "Group",
    "topic": "Topic",
    "partitions": "Partitions",
    "lag": "Lag",
    "unknown": "Not known",
    "lag_seconds": "Behind",
}


class LagRow(NamedTuple):
    """A row of the table for a person: numbers as words, loud where a limit is exceeded."""

    group: str
    topic: str
    partitions: int
    lag: "Mark | None"
    unknown: int | None
    lag_seconds: "Mark | None"
    read_per_second: "Mark | None" = None
    written_per_second: "Mark | None" = None
    catches_up: "Mark | None" = None


class Found(NamedTuple):
    """What brokers told: groups, their progress by partition (`rows`), the lag in s, and the lag by topic (`lags`)."""

    groups: Sequence[ConsumerGroup]
    rows: Sequence[Progress]
    seconds: Seconds
    lags: Sequence[TopicLag]


def lag(request: ShowLag) -> Report:
    """Return the lag of the groups; status 2 where a limit is exceeded, 1 where not all is known.

    Nagios has a status of its own for what is not known: 3. Raises KafkaToolError where no broker answers.
    """
    # A plug-in has to print one line and a status even if nothing answers: Nagios takes 1 for a warning.
    if request.shape != "nagios":
        return _lag(request)
    try:
        return _lag(request)
    except KafkaToolError as error:
        line = monitoring.nagios("LAG", "UNKNOWN", error.message)
        return Report([], COLUMNS, [line], names_only=True, status=NAGIOS_UNKNOWN)


def _lag(request: ShowLag) -> Report:
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        asked = asking.ask(groups, request.groups, request.topics)
        # Inside the session: times are waited for as long as what came before has left of --timeout.
        seconds, notes = _seconds_behind(groups, asked.rows) if request.in_time else ({}, [])
    found = Found(asked.groups, asked.rows, seconds, totals(asked.rows, seconds))
    missing = [f"Consumer group '{each.group}' does not exist." for each in asked.groups if each.state == DEAD]
    notes = [*missing, *asked.notes, *notes]
    over = [each for each in found.lags if request.limits.are_exceeded(each)]
    shown = over if request.limits.are_set else found.lags
    if request.pacer is not None:
        request.pacer.take(found.rows, monotonic())
    return Report(
        rows=shown,
        columns=COLUMNS,
        plain=LINES[request.shape](request, found, notes),
        tables=lambda: [_table(request, found, shown)],
        names_only=request.shape != "lines",
        notes=notes,
        # A limit that is exceeded counts more than what is not known: an alarm is not to be lost in a note.
        status=EXCEEDED if over else _status_of(notes, request.shape),
    )


def _status_of(notes: Sequence[str], shape: Shape) -> int:
    if not notes:
        return 0
    return NAGIOS_UNKNOWN if shape == "nagios" else 1


def _seconds_behind(groups: "BrokerGroups", rows: Sequence[Progress]) -> tuple[Seconds, list[str]]:
    """Return how many seconds the next record to be read is older than the newest one, and what is not known."""
    from kafka_tools.brokers.record_times import times_of_next

    known = [row for row in rows if row.lag is not None]
    # A group that committed an offset before the log's start goes on at the start: what was deleted is not waited
    # for. Only groups with a lag need a time; the others are 0 s behind.
    next_ones = {
        (row.group, row.topic_partition): max(row.current_offset or 0, row.log_start_offset or 0)
        for row in known
        if row.lag is not None and row.lag > 0
    }
    ends = {
        row.topic_partition: row.log_end_offset or 0 for row in known if (row.group, row.topic_partition) in next_ones
    }
    newest = _newest(groups, sorted(ends))
    # Brokers before 3.0 do not tell the newest time (KIP-734): there the last record is read, too.
    last = {each: (each, end - 1) for each, end in ends.items() if each not in newest}
    # A set: groups that stand at the same offset share one read.
    positions = {(each, offset) for (_, each), offset in next_ones.items()}
    times = times_of_next(groups.target, {*positions, *last.values()}, groups.patience)
    newest |= {each: time for each, position in last.items() if (time := times.get(position)) is not None}
    # Of rows whose lag is not known nothing is put in, and they are shown without a time.
    found = {(row.group, row.topic_partition): 0.0 for row in known}
    missing = []
    for (group, each), offset in next_ones.items():
        time = times.get((each, offset))
        if time is not None and each in newest:
            # One producer's clock (CreateTime) may be ahead of another's: at least 0. Kafka's times are ms, this is s.
            found[group, each] = max(0, newest[each] - time) / 1000
        # A time of None was read: there are only transaction markers left, or records without a time, and nothing is
        # behind. What did not come at all, or has no newest time to compare with, is not known.
        elif (each, offset) not in times or time is not None:
            del found[group, each]
            missing.append(f"{each.topic}-{each.partition}")
    return found, [UNREAD.format(partitions=asking.names(missing))] if missing else []


def _newest(groups: "BrokerGroups", partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Return the newest time (ms since 1970) in each partition whose leader tells it."""
    try:
        found = groups.offsets.at(MAX_TIMESTAMP, partitions, groups.patience)
    # Not a failure: `_seconds_behind` reads the last record of those partitions instead.
    except KafkaToolError:
        return {}
    return {
        each: offset.timestamp
        for each, offset in found.items()
        if isinstance(offset, Offset) and offset.timestamp is not None
    }


def _lines(request: ShowLag, found: Found, _: Sequence[str]) -> Iterator[str]:
    """Yield a heading and a line for each group and topic, or for those that exceed a limit."""
    shown = [each for each in found.lags if not request.limits.are_set or request.limits.are_exceeded(each)]
    if not shown:
        return
    # At least 15, as the columns of Apache's tool in the other views.
    group, topic = (max([15, *(len(getattr(each, name)) for each in shown)]) for name in ("group", "topic"))
    layout = f"%-{group}s %-{topic}s %-10s %-15s%s"
    yield layout % ("GROUP", "TOPIC", "PARTITIONS", "LAG", " LAG-SECONDS" if request.in_time else "")
    for each in shown:
        seconds = "-" if each.lag_seconds is None else f"{each.lag_seconds:.3f}"
        records = "-" if each.lag is None else each.lag
        yield layout % (each.group, each.topic, each.partitions, records, f" {seconds}" if request.in_time else "")


def _nagios(request: ShowLag, found: Found, notes: Sequence[str]) -> Iterator[str]:
    """Yield one line: the state, what is wrong or the largest lag, and all lags as performance data."""
    over = [each for each in found.lags if request.limits.are_exceeded(each)]
    state = "CRITICAL" if over else "UNKNOWN" if notes else "OK"
    if over:
        words = "; ".join(_words(each, request) for each in over)
    elif notes:
        words = " ".join(notes)
    else:
        most = max(found.lags, key=lambda each: each.lag or 0, default=None)
        words = "no group has committed anything" if most is None else f"at most {_words(most, request)}"
    yield monitoring.nagios("LAG", state, words, (_measured(each, request) for each in found.lags))


def _words(lag: TopicLag, request: ShowLag) -> str:
    records = count(lag.lag, "record") if lag.lag is not None else "no known number of records"
    behind = f", {duration(lag.lag_seconds)} behind" if request.in_time and lag.lag_seconds is not None else ""
    return f"{lag.group} in {lag.topic}: {records}{behind}"


def _measured(lag: TopicLag, request: ShowLag) -> str:
    # `'label'=value[unit];[warn];[crit];[min]`; `U` is the guidelines' word for a value that is not known. Limits are
    # critical ones, and there is no warning.
    label = monitoring.nagios_label(f"{lag.group}/{lag.topic}")
    records, seconds = request.limits
    found = f"'{label}'={'U' if lag.lag is None else lag.lag};;{'' if records is None else records};0"
    if not request.in_time:
        return found
    value = "U" if lag.lag_seconds is None else f"{lag.lag_seconds:.3f}s"
    return f"{found} '{label} time'={value};;{'' if seconds is None else f'{seconds:g}'};0"


def _prometheus(request: ShowLag, found: Found, _: Sequence[str]) -> Iterator[str]:
    """Yield metrics in Prometheus' text format, with the names and labels of kafka_exporter."""

    def metric(name: str, words: str, samples: Iterable[monitoring.Sample]) -> Iterator[str]:
        return monitoring.prometheus(f"kafka_consumergroup_{name}", words, samples)

    def of_rows(value: Callable[[Progress], float | None]) -> Iterator[monitoring.Sample]:
        for row in found.rows:
            yield {"consumergroup": row.group, "topic": row.topic, "partition": row.partition}, value(row)

    yield from metric(
        "current_offset", "The offset that a group has committed.", of_rows(lambda row: row.current_offset)
    )
    yield from metric("lag", "Offsets that a group has not read yet.", of_rows(lambda row: row.lag))
    sums = (({"consumergroup": each.group, "topic": each.topic}, each.lag) for each in found.lags)
    yield from metric("lag_sum", "Offsets that a group has not read yet in a topic.", sums)
    if request.in_time:
        words = "Seconds between the next record that a group reads and the newest one."
        yield from metric(
            "lag_seconds", words, of_rows(lambda row: found.seconds.get((row.group, row.topic_partition)))
        )
    # The one metric of groups that committed nothing yet.
    members = (({"consumergroup": each.group}, len(each.members)) for each in found.groups if each.state != DEAD)
    yield from metric("members", "Members of a group.", members)


LINES: Mapping[Shape, Callable[[ShowLag, Found, Sequence[str]], Iterator[str]]] = {
    "lines": _lines,
    "nagios": _nagios,
    "prometheus": _prometheus,
}


def _table(request: ShowLag, found: Found, shown: Sequence[TopicLag]) -> "View":
    from kafka_tools.render.views import Level, Mark, Table
    from kafka_tools.tools.consumer_groups.reading import PACE_COLUMNS, pace_cells

    loud = Level.BROKEN if request.limits.are_set else Level.QUIET
    rows = []
    for each in shown:
        records = None if each.lag is None else Mark(f"{each.lag:,}", loud)
        behind = None if each.lag_seconds is None else Mark(duration(each.lag_seconds), loud)
        pace: Any = ()
        if request.pacer is not None:
            parts = [row for row in found.rows if (row.group, row.topic) == (each.group, each.topic)]
            pace = pace_cells(request.pacer.pace(parts), each.lag)
        rows.append(LagRow(each.group, each.topic, each.partitions, records, each.unknown or None, behind, *pace))
    there = {"unknown": any(each.unknown for each in shown), "lag_seconds": request.in_time}
    columns = {name: heading for name, heading in COLUMNS.items() if there.get(name, True)}
    total = sum(each.lag or 0 for each in shown)
    # `lag` of a topic is None where no partition is known; it adds nothing, and its row says how many are not known.
    summary = f"{count(len({each.group for each in shown}), 'group')}, lag {total:,}"
    if request.limits.are_set and not shown:
        summary = f"No limit is exceeded: {count(len({each.group for each in found.lags}), 'group')}."
    return Table(
        rows=rows,
        columns=columns if request.pacer is None else {**columns, **PACE_COLUMNS},
        summary=Mark(summary, loud if shown else Level.QUIET),
        spare=("partitions",),
    )
