"""Which brokers hold which replicas: Kafka's own algorithm (kafka.admin.AdminUtils, 2.8), or a choice by hand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kafka_tools.errors import KafkaToolError

Assignment = tuple[tuple[int, ...], ...]
"""The replicas (broker ids, preferred leader first) of partition 0, 1, …"""


@dataclass(frozen=True, slots=True)
class BrokerRack:
    """A live broker and its rack (`broker.rack`), if it has one."""

    broker: int
    rack: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """Where the round of brokers begins and how far followers are shifted; Kafka draws both at random."""

    index: int
    shift: int


def assign(
    brokers: Sequence[BrokerRack],
    partitions: int,
    replication_factor: int,
    rack_aware: bool,
    start: Start | None = None,
) -> Assignment:
    """Spread the replicas of a new topic over `brokers` (AdminUtils.assignReplicasToBrokers).

    Raises KafkaToolError in Kafka's words where that cannot be done.
    """
    _check_counts(partitions, replication_factor, len(brokers))
    ordered = sorted(brokers, key=lambda broker: broker.broker)
    racks = {broker.broker: broker.rack for broker in ordered if broker.rack is not None} if rack_aware else {}
    if racks and len(racks) < len(ordered):
        raise KafkaToolError(
            "Not all brokers have rack information. Add --disable-rack-aware in command line to make replica "
            "assignment without rack information."
        )
    begin = start or _drawn(len(ordered))
    if racks:
        return tuple(_rack_aware(racks, partitions, replication_factor, begin))
    return tuple(_round_robin([broker.broker for broker in ordered], partitions, replication_factor, begin))


def _drawn(brokers: int) -> Start:
    import random  # only a creation needs it, and it takes longer to import than everything else here

    return Start(random.randrange(brokers), random.randrange(brokers))


def _check_counts(partitions: int, replication_factor: int, brokers: int) -> None:
    if partitions <= 0:
        raise KafkaToolError("Number of partitions must be larger than 0.")
    if replication_factor <= 0:
        raise KafkaToolError("Replication factor must be larger than 0.")
    if replication_factor > brokers:
        raise KafkaToolError(f"Replication factor: {replication_factor} larger than available brokers: {brokers}.")


def _round_robin(
    brokers: list[int], partitions: int, replication_factor: int, start: Start
) -> Iterator[tuple[int, ...]]:
    count = len(brokers)
    for partition in range(partitions):
        first = (partition + start.index) % count
        shift = start.shift + partition // count
        followers = (brokers[_replica_index(first, shift, replica, count)] for replica in range(replication_factor - 1))
        yield (brokers[first], *followers)


def _rack_aware(
    racks: dict[int, str], partitions: int, replication_factor: int, start: Start
) -> Iterator[tuple[int, ...]]:
    brokers = _alternate_racks(racks)
    rack_count, count = len(set(racks.values())), len(brokers)
    for partition in range(partitions):
        first = (partition + start.index) % count
        shift = (start.shift + partition // count) * rack_count
        candidates = (brokers[_replica_index(first, shift, k, count)] for k in _forever())
        replicas = [brokers[first]]
        while len(replicas) < replication_factor:
            used = {racks[broker] for broker in replicas}
            replicas.append(
                next(
                    broker
                    for broker in candidates
                    if broker not in replicas and (racks[broker] not in used or len(used) == rack_count)
                )
            )
        yield tuple(replicas)


def _forever() -> Iterator[int]:
    k = 0
    while True:
        yield k
        k += 1


def _replica_index(first: int, shift: int, replica: int, count: int) -> int:
    return (first + 1 + (shift + replica) % (count - 1)) % count


def _alternate_racks(racks: dict[int, str]) -> list[int]:
    """Return the brokers taking one from each rack in turn (AdminUtils.getRackAlternatedBrokerList)."""
    queues = {
        rack: [broker for broker in sorted(racks) if racks[broker] == rack] for rack in sorted(set(racks.values()))
    }
    result: list[int] = []
    while any(queues.values()):
        result += [queue.pop(0) for queue in queues.values() if queue]
    return result


def parse(text: str) -> Assignment:
    """Read `--replica-assignment`: `1:2,2:3` is two partitions of two replicas each
    (TopicCommand.parseReplicaAssignment).

    Raises KafkaToolError in Kafka's words for what is no such list.
    """
    lists = text.split(",")
    while lists and not lists[-1]:  # Java's split drops what is empty at the end
        lists.pop()
    if not lists:
        raise KafkaToolError("The replica assignment is empty.", "One list of broker ids a partition: 1:2,2:3")
    assignment = tuple(tuple(_broker_id(broker) for broker in replicas.split(":")) for replicas in lists)
    for partition, replicas in enumerate(assignment):
        duplicates = sorted({broker for broker in replicas if replicas.count(broker) > 1})
        if duplicates:
            raise KafkaToolError(
                f"Partition replica lists may not contain duplicate entries: {','.join(map(str, duplicates))}"
            )
        if len(replicas) != len(assignment[0]):
            raise KafkaToolError(
                f"Partition {partition} has different replication factor: [{', '.join(map(str, replicas))}]"
            )
    return assignment


def _broker_id(text: str) -> int:
    stripped = text.strip()
    if not (stripped.isdecimal() and stripped.isascii()):
        raise KafkaToolError(f'For input string: "{stripped}"')
    return int(stripped)


def check_brokers(assignment: Assignment, live: Iterable[int]) -> None:
    """Raise KafkaToolError for a replica on a broker that is not there: Kafka 3.9 would make a topic that never
    works.
    """
    known = sorted(live)
    missing = sorted({broker for replicas in assignment for broker in replicas} - set(known))
    if missing:
        raise KafkaToolError(
            f"The replica assignment names broker {', '.join(map(str, missing))}, which is not there "
            f"(brokers: {', '.join(map(str, known))}).",
            "Add --force to create the topic all the same.",
        )
