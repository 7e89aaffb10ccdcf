"""Moves partitions through ZooKeeper: `--execute` and `--verify` as Kafka 2.8 has them with `--zookeeper`.

Source: kafka.admin.ReassignPartitionsCommand, Kafka 2.8.2.
"""

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.configs import Entity
from kafka_tools.model.java_hash_order import scala_order, string_hash
from kafka_tools.model.reassignments import Placement, Replicas, Wanted, check_wanted, moves, parse_wanted
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import TopicPartition
from kafka_tools.report import Report
from kafka_tools.tools.reassign_partitions.throttles import Rates, clear_throttles, leave_no_throttle, set_throttles
from kafka_tools.tools.reassign_partitions.told import (
    EXISTING,
    INTERRUPTED,
    VERIFY,
    MoveRow,
    Told,
    ids,
    partition_state,
    plural,
)

if TYPE_CHECKING:
    from kafka_tools.zookeeper.reassignments import ZooKeeperReassignments

INCOMPLETE = (
    "Warning: because you are using the deprecated --zookeeper option, the results may be incomplete.  Use "
    "--bootstrap-server instead for more accurate results."
)


class Execute(NamedTuple):
    """Begins to move what a document says, at so many bytes/s at most (None: no limit)."""

    target: ZooKeeper
    document: str
    bytes_per_second: int | None


class Verify(NamedTuple):
    """Asks how far the moves of a document are; throttles are taken away where nothing moves, unless `preserves`."""

    target: ZooKeeper
    document: str
    preserves: bool


def execute(request: Execute) -> Report:
    """Begin the moves. Raises KafkaToolError before anything is changed; what fails later stands in the report."""
    from kafka_tools.zookeeper.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    after = check_wanted(wanted)
    _check_without_dirs(wanted)
    told, rates = Told(), Rates(request.bytes_per_second)
    with open_reassignments(request.target) as reassignments:
        # Before the check for moves under way, which is the order of Kafka 2.8's tool.
        before = _current(reassignments, after)
        if reassignments.is_reassigning():
            told.say(EXISTING)
            return told.report(status=1)
        told.show_way_back(before)
        status = 0
        try:
            if rates.limits:
                told.say(VERIFY)
                for line in set_throttles(reassignments, rates, moves({}, after, before)):
                    told.line(line)
            reassignments.reassign(after)
        except KafkaToolError as error:
            told.failure, status = error, 1
        except KeyboardInterrupt:
            status = INTERRUPTED
        if status:
            if rates.limits:
                topics = {name.topic for name in after}
                # Only these topics: through ZooKeeper each topic's znode has to be read to know.
                is_moving = partial(reassignments.ongoing, topics)
                leave_no_throttle(told, is_moving, lambda: _clear(reassignments, wanted, topics))
            return told.report(status)
    names = ",".join(f"{each.topic}-{each.partition}" for each in sorted(after))
    told.line(f"Successfully started partition reassignment{plural(after)} for {names}")
    told.rows += [MoveRow(*name, None, ids(before[name]), ids(after[name]), "started") for name in sorted(after)]
    return told.report()


def verify(request: Verify) -> Report:
    """Return how far the moves are; status 1 where something is neither done nor being moved.

    Raises KafkaToolError where ZooKeeper does not tell.
    """
    from kafka_tools.zookeeper.reassignments import open_reassignments

    wanted = parse_wanted(request.document)
    _check_without_dirs(wanted)
    told = Told()
    with open_reassignments(request.target) as reassignments:
        topics = list(dict.fromkeys(name.topic for name in wanted.names))
        there, ongoing = reassignments.placement(topics), reassignments.ongoing(topics)
        # Apache's words, although moves that brokers were asked for are told here, too (`ongoing`).
        told.say(INCOMPLETE)
        told.line("Status of partition reassignment:")
        told.show_states(
            _as_kafka_28(*partition_state(name, there.get(name, ()), replicas, name in ongoing))
            for name, replicas in sorted(dict(wanted.partitions).items())
        )
        status = told.note_undone()
        if not ongoing and not request.preserves:
            failures = _clear(reassignments, wanted, topics, told)
            if failures:
                told.tell_left(failures)
    return told.report(status)


def _as_kafka_28(row: MoveRow, line: str) -> tuple[MoveRow, str]:
    # The words of 2.8; 3.9 says "completed".
    return row, line.replace(" is completed.", " is complete.") if row.state == "completed" else line


def _check_without_dirs(wanted: Wanted) -> None:
    if wanted.log_dirs:
        raise KafkaToolError("bootstrap-server needs to be provided when replica reassignments are present.")


def _current(reassignments: "ZooKeeperReassignments", after: Placement) -> dict[TopicPartition, Replicas]:
    """Return where the partitions are now. Raises KafkaToolError for partitions and brokers that are not there."""
    there = reassignments.placement({name.topic for name in after})
    absent = [f"{name.topic}-{name.partition}" for name in after if name not in there]
    if absent:
        raise KafkaToolError(f"The proposed assignment contains non-existent partitions: List({', '.join(absent)})")
    live = {each.broker for each in reassignments.brokers()}
    unknown = [broker for broker in dict.fromkeys(sum(after.values(), ())) if broker not in live]
    if unknown:
        raise KafkaToolError(f"The proposed assignment contains non-existent brokerIDs: {ids(unknown)}")
    return {name: there[name] for name in after}


def _clear(
    reassignments: "ZooKeeperReassignments", wanted: Wanted, topics: Collection[str], told: Told | None = None
) -> dict[Entity, KafkaToolError]:
    brokers = [each.broker for each in reassignments.brokers()]
    brokers += [broker for _, replicas in wanted.partitions for broker in replicas]
    # Sets of Scala, where 3.9's tool has sets of Java.
    in_order, names = scala_order(brokers, int), scala_order(topics, string_hash)
    if told:
        told.begin_to_clear(in_order, names)
    return clear_throttles(reassignments, in_order, names)
