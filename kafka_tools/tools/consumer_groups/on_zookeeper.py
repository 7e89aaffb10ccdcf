"""`ktools consumer-groups --zookeeper`: the groups of consumers up to Kafka 1.x, which are kept in ZooKeeper.

Source: kafka.admin.ConsumerGroupCommand 1.1.1 (ZkConsumerGroupService); Kafka 2.0 took it away.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.groups import UNKNOWN, Log, OldGroup
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups.reading import MISSING

if TYPE_CHECKING:
    from kafka_tools.render.views import View

NOTE = (
    "Note: This will only show information about consumers that use ZooKeeper "
    "(not those using the Java consumer API).\n"
)
"""What the tool of 1.1 says first, on stderr, with an empty line behind it."""


class DescribeOldGroups(NamedTuple):
    """Asks how far these groups in ZooKeeper are, None: all. `seconds` is how long brokers are waited for."""

    target: ZooKeeper
    groups: Sequence[str] | None
    seconds: float


class OldGroupRow(NamedTuple):
    """A group's name."""

    group: str


class OldProgressRow(NamedTuple):
    """How far an old group is in a partition; topic and partition are None for a consumer that reads none."""

    group: str
    topic: str | None
    partition: int | None
    current_offset: int | None
    log_end_offset: int | None
    lag: int | None
    consumer_id: str | None


COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "current_offset": "Current",
    "log_end_offset": "End",
    "lag": "Lag",
    "consumer_id": "Consumer",
}


def list_groups(target: ZooKeeper) -> Report:
    """Return the names of the groups, sorted. Raises KafkaToolError where no server of ZooKeeper answers."""
    from kafka_tools.backends import open_old_consumers

    with open_old_consumers(target) as consumers:
        names = consumers.names()
    return Report(map(OldGroupRow, names), {"group": "Group"}, names, names_only=True, notes=[NOTE])


def describe(request: DescribeOldGroups) -> Report:
    """Return how far the groups are; offsets that a group keeps in Kafka, and the ends of logs, are asked of brokers.

    Raises KafkaToolError where no server of ZooKeeper answers.
    """
    from kafka_tools.backends import open_old_consumers

    with open_old_consumers(request.target) as consumers:
        names = consumers.names() if request.groups is None else sorted(set(request.groups))
        described = {name: consumers.describe(name) for name in names}
        # Read after the groups: it collects the znodes of theirs that no consumer can have written so.
        malformed = consumers.malformed
    found = [group for group in described.values() if group is not None]
    told = [f"The consumer group '{name}' does not exist." for name, group in described.items() if group is None]
    logs, in_kafka, notes = _of_brokers(request, found)
    rows = {group.group: _rows(group, in_kafka.get(group.group, {}), logs) for group in found}
    return Report(
        rows=[row for lot in rows.values() for row in lot],
        columns={"group": "Group", **COLUMNS},
        plain=[line for name, group in described.items() for line in _lines(name, rows.get(name) if group else None)],
        tables=lambda: [_table(group, rows[group.group]) for group in found],
        notes=[NOTE, *malformed, *notes],
        told=told,
        status=int(bool(told or malformed or notes)),
    )


def _of_brokers(
    request: DescribeOldGroups, groups: Sequence[OldGroup]
) -> tuple[dict[TopicPartition, Log], dict[str, dict[TopicPartition, int]], list[str]]:
    """Return logs, the offsets that groups keep in Kafka (offsets.storage=kafka), and what is not known.

    The brokers that ZooKeeper names get no login: no password goes where somebody else's znode points.
    """
    from kafka_tools.backends import registered_brokers
    from kafka_tools.brokers.groups import open_groups

    partitions = sorted({each for group in groups for each in group.partitions})
    if not partitions:
        return {}, {}, []
    try:
        # The whole of it fails softly: what ZooKeeper told stands, without the ends of the logs.
        with open_groups(Brokers(registered_brokers(request.target)), request.seconds) as brokers:
            committed = brokers.committed([group.group for group in groups])
            logs, failed = brokers.logs(partitions)
    except KafkaToolError as error:
        return {}, {}, [f"The ends of the logs are not known: {error.message}"]
    notes = [f"The end of {each.topic}-{each.partition} is not known: {why.message}" for each, why in failed.items()]
    # A failure here is no note: most groups keep nothing in Kafka (offsets.storage=zookeeper, the default then).
    in_kafka = {name: offsets for name, offsets in committed.items() if not isinstance(offsets, KafkaToolError)}
    return logs, in_kafka, notes


def _rows(
    group: OldGroup, in_kafka: Mapping[TopicPartition, int], logs: Mapping[TopicPartition, Log]
) -> list[OldProgressRow]:
    """Return a row for each partition, and then one for each consumer that reads none."""
    # Kafka's win, as in getPartitionOffsets (1.1.1), which reads a znode only where Kafka has no offset: a group that
    # moves from ZooKeeper to Kafka (dual.commit.enabled) may have both.
    offsets = {**group.offsets, **in_kafka}
    rows = []
    for each in group.partitions:
        offset, end = offsets.get(each), logs.get(each, UNKNOWN).end
        lag = None if offset is None or end is None else end - offset
        rows.append(OldProgressRow(group.group, *each, offset, end, lag, group.owners.get(each)))
    # More consumers than partitions: the rest of them owns none.
    idle = sorted(set(group.members) - set(group.owners.values()))
    return rows + [OldProgressRow(group.group, None, None, None, None, None, name) for name in idle]


def _lines(name: str, rows: Sequence[OldProgressRow] | None) -> Iterator[str]:
    """Yield the lines of 1.1.1, which names a missing offset in a line and goes on."""
    if rows is None:
        yield f"Error: The consumer group '{name}' does not exist."
        return
    for row in rows:
        if row.topic is not None and row.current_offset is None:
            where = f"partition '{row.topic}-{row.partition}' due to missing offset data in zookeeper."
            yield f"Error: Could not fetch offset from zookeeper for group '{name}' {where}"
    topic, consumer = (
        max([15, *(len(getattr(row, field) or MISSING) for row in rows)]) for field in ("topic", "consumer_id")
    )
    layout = f"%-{topic}s %-10s %-15s %-15s %-15s %-{consumer}s "
    yield ""
    yield layout % ("TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID")
    yield from (layout % tuple(MISSING if value is None else value for value in row[1:]) for row in rows)


def _table(group: OldGroup, rows: Sequence[OldProgressRow]) -> "View":
    from kafka_tools.render.views import Table

    lag = sum(max(0, row.lag or 0) for row in rows)
    facts = [count(len(group.members), "consumer"), f"lag {lag:,}"]
    return Table(rows, COLUMNS, title=group.group, facts=facts, spare=("consumer_id",))
