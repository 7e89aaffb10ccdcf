"""What `ktools transactions` shows: rows, Apache's lines, and tables for a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import duration
from kafka_tools.render.views import Level, Mark, Table

LIST_COLUMNS = {
    "transactional_id": "TransactionalId",
    "coordinator": "Coordinator",
    "producer_id": "ProducerId",
    "state": "TransactionState",
}
DESCRIBE_COLUMNS = {
    "coordinator_id": "CoordinatorId",
    "transactional_id": "TransactionalId",
    "producer_id": "ProducerId",
    "producer_epoch": "ProducerEpoch",
    "state": "TransactionState",
    "timeout_ms": "TransactionTimeoutMs",
    "start_time_ms": "CurrentTransactionStartTimeMs",
    "duration_ms": "TransactionDurationMs",
    "partitions": "TopicPartitions",
}
PRODUCER_COLUMNS = {
    "producer_id": "ProducerId",
    "producer_epoch": "ProducerEpoch",
    "coordinator_epoch": "LatestCoordinatorEpoch",
    "last_sequence": "LastSequence",
    "last_timestamp": "LastTimestamp",
    "transaction_start_offset": "CurrentTransactionStartOffset",
}
HANGING_COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "producer_id": "ProducerId",
    "producer_epoch": "ProducerEpoch",
    "coordinator_epoch": "CoordinatorEpoch",
    "start_offset": "StartOffset",
    "last_timestamp": "LastTimestamp",
    "duration_min": "Duration(min)",
}


@dataclass(frozen=True, slots=True)
class ListingRow:
    """One transactional id."""

    transactional_id: str
    coordinator: int
    producer_id: int
    state: str


@dataclass(frozen=True, slots=True)
class DescriptionRow:
    """One transaction; times are null where none is open."""

    coordinator_id: int
    transactional_id: str
    producer_id: int
    producer_epoch: int
    state: str
    timeout_ms: int
    start_time_ms: int | None
    duration_ms: int | None
    partitions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProducerRow:
    """One producer of a partition; the start offset is null where it has no transaction open there."""

    producer_id: int
    producer_epoch: int
    coordinator_epoch: int
    last_sequence: int
    last_timestamp: int
    transaction_start_offset: int | None


@dataclass(frozen=True, slots=True)
class HangingRow:
    """One transaction that no coordinator will end."""

    topic: str
    partition: int
    producer_id: int
    producer_epoch: int
    coordinator_epoch: int
    start_offset: int
    last_timestamp: int
    duration_min: int


@dataclass(frozen=True, slots=True)
class EndedRow:
    """A transaction that was ended: in a partition, or of a transactional id."""

    transaction: str


def named(partition: TopicPartition) -> str:
    """Return a partition as Java prints it."""
    return f"{partition.topic}-{partition.partition}"


def table_lines(columns: Mapping[str, str], rows: Sequence[object]) -> Iterator[str]:
    """Yield the table of ToolsUtils.prettyPrintTable (3.9)."""
    # Each cell is padded and followed by a tab, the last one, too.
    cells = [list(columns.values()), *([_cell(getattr(row, name)) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "".join(f"{cell:<{width}}\t" for cell, width in zip(line, widths, strict=True))


def _cell(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def listed(rows: Sequence[ListingRow]) -> Table:
    """Return the table of transactional ids."""
    columns = {
        "transactional_id": "Transactional id",
        "state": "State",
        "producer_id": "Producer",
        "coordinator": "Coordinator",
    }
    return Table(rows, columns, notes=() if rows else [Mark("There are none.")])


@dataclass(frozen=True, slots=True)
class DescriptionView:
    """One transaction for a person."""

    transactional_id: str
    state: str
    open_for: Mark
    timeout: str
    producer: str
    coordinator_id: int
    partitions: str


def described(row: DescriptionRow) -> Table:
    """Return the table of one transaction; one that is open for longer than its timeout is told apart."""
    # The coordinator aborts it within seconds (transaction.abort.timed.out.transaction.cleanup.interval.ms, 10 s).
    late = row.duration_ms is not None and row.duration_ms > row.timeout_ms
    age = "-" if row.duration_ms is None else duration(row.duration_ms / 1000)
    view = DescriptionView(
        row.transactional_id,
        row.state,
        Mark(age, Level.RISK if late else Level.QUIET),
        duration(row.timeout_ms / 1000),
        f"{row.producer_id}, epoch {row.producer_epoch}",
        row.coordinator_id,
        ", ".join(row.partitions) or "-",
    )
    columns = {
        "transactional_id": "Transactional id",
        "state": "State",
        "open_for": "Open for",
        "timeout": "Timeout",
        "producer": "Producer",
        "coordinator_id": "Coordinator",
        "partitions": "Partitions",
    }
    return Table([view], columns, breakable=("partitions",))


@dataclass(frozen=True, slots=True)
class ProducerView:
    """One producer for a person."""

    producer_id: int
    epochs: str
    last_sequence: int
    written: str
    open_from: str


def producers(rows: Sequence[ProducerRow], now: int) -> Table:
    """Return the table of a partition's producers; `now` is the time in ms."""
    views = [
        ProducerView(
            row.producer_id,
            # That of the producer, and that of the coordinator which wrote the last marker (-1: none yet).
            f"{row.producer_epoch}, {row.coordinator_epoch}",
            row.last_sequence,
            _ago(row.last_timestamp, now),
            "-" if row.transaction_start_offset is None else f"offset {row.transaction_start_offset}",
        )
        for row in rows
    ]
    columns = {
        "producer_id": "Producer",
        "epochs": "Epochs",
        "last_sequence": "Sequence",
        "written": "Last record",
        "open_from": "Open from",
    }
    return Table(views, columns, notes=() if rows else [Mark("There are none.")])


@dataclass(frozen=True, slots=True)
class HangingView:
    """One transaction that hangs, for a person."""

    topic: str
    partition: int
    start_offset: int
    producer: str
    written: str


def hanging(rows: Sequence[HangingRow], now: int) -> Table:
    """Return the table of transactions that hang, and what to type; `now` is the time in ms."""
    views = [
        HangingView(
            row.topic,
            row.partition,
            row.start_offset,
            f"{row.producer_id}, epoch {row.producer_epoch}",
            _ago(row.last_timestamp, now),
        )
        for row in rows
    ]
    columns = {
        "topic": "Topic",
        "partition": "Partition",
        "start_offset": "Open from offset",
        "producer": "Producer",
        "written": "Last record",
    }
    if not rows:
        return Table(views, columns, notes=[Mark("No transaction hangs.")])
    # One at a time: behind the first readers stand still, and what is behind it may end by itself.
    first = rows[0]
    where = f"--topic {first.topic} --partition {first.partition} --start-offset {first.start_offset}"
    # isolation.level=read_committed: the last stable offset is where the oldest open transaction begins.
    note = Mark(f"Readers of committed records wait there. To end one: ktools transactions abort {where}", Level.RISK)
    return Table(views, columns, notes=[note])


def _ago(timestamp: int, now: int) -> str:
    # -1 is RecordBatch.NO_TIMESTAMP. The clock of who wrote may be ahead of ours: then it is 0 s ago.
    return "-" if timestamp < 0 else f"{duration(max(0, now - timestamp) / 1000)} ago"
