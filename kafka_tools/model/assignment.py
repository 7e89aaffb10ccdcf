"""Assigns replicas to brokers: by Kafka's own algorithm (kafka.admin.AdminUtils, Kafka 2.8), or as a user wrote it.

Preferred leaders go round the brokers, so that all lead equally many partitions. The followers of a partition are the
brokers after its leader, at a distance that grows by one with each round, so that the partitions of a broker that dies
are taken over by all others and not by its neighbour alone.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError

Assignment = tuple[tuple[int, ...], ...]
"""The replicas (broker ids, preferred leader first) of partition 0, 1, …"""


class BrokerRack(NamedTuple):
    """A live broker and its rack (`broker.rack`), if it has one."""

    broker: int
    rack: str | None


def rack_words(rack: str | None) -> str:
    """Return a rack for a person: `rack b`, and as it is where its name says that it is one (`rack-1`)."""
    if rack is None:
        return "rack not known"
    return rack if "rack" in rack.lower() else f"rack {rack}"


class Start(NamedTuple):
    """The index of the first partition's leader, and the distance of its followers; Kafka draws both at random."""

    begin: int
    shift: int


def assign(
    brokers: Sequence[BrokerRack],
    partitions: int,
    replication_factor: int,
    rack_aware: bool,
    start: Start | None = None,
    first: int = 0,
) -> Assignment:
    """Assign the replicas of partitions `first`, `first` + 1, … to brokers.

    With `rack_aware` the replicas of a partition are on as many racks as there are. Raises KafkaToolError in Kafka's
    words where that is impossible. Source: AdminUtils.assignReplicasToBrokers.
    """
    _check_counts(partitions, replication_factor, len(brokers))
    ordered = sorted(brokers, key=lambda broker: broker.broker)
    if rack_aware:
        check_racks(ordered)
    racks = {broker.broker: broker.rack for broker in ordered if broker.rack is not None} if rack_aware else {}
    rounds = _rounds(range(first, first + partitions), len(ordered), start or _drawn(len(ordered)))
    if racks:
        return tuple(_rack_aware(racks, rounds, replication_factor))
    return tuple(_round_robin([broker.broker for broker in ordered], rounds, replication_factor))


def assign_more(brokers: Sequence[BrokerRack], existing: Assignment, partitions: int, rack_aware: bool) -> Assignment:
    """Assign the replicas of partitions that are added to those that exist.

    Raises KafkaToolError in Kafka's words where that is impossible. Source: AdminZkClient.addPartitions.
    """
    # The preferred leader of partition 0 tells where the round began when the topic was created.
    leader = existing[0][0]
    index = next((n for n, broker in enumerate(sorted(brokers)) if broker.broker >= leader), 0)
    return assign(brokers, partitions, len(existing[0]), rack_aware, Start(index, index), len(existing))


def check_racks(brokers: Iterable[BrokerRack]) -> None:
    """Check that all brokers have a rack, or none has. Raises KafkaToolError in Kafka's words."""
    # Brokers without a rack beside some with one are most likely a mistake in their configuration, so Kafka refuses.
    if len({broker.rack is None for broker in brokers}) > 1:
        raise KafkaToolError(
            "Not all brokers have rack information. Add --disable-rack-aware in command line to make replica "
            "assignment without rack information."
        )


def _drawn(brokers: int) -> Start:
    import random  # slow to import, and only a creation through ZooKeeper needs it

    return Start(random.randrange(brokers), random.randrange(brokers))


def _check_counts(partitions: int, replication_factor: int, brokers: int) -> None:
    if partitions <= 0:
        raise KafkaToolError("Number of partitions must be larger than 0.")
    if replication_factor <= 0:
        raise KafkaToolError("Replication factor must be larger than 0.")
    if replication_factor > brokers:
        raise KafkaToolError(f"Replication factor: {replication_factor} larger than available brokers: {brokers}.")


Rounds = Iterator[tuple[int, int]]
"""For each partition: the index of its preferred leader in the list of brokers, and the distance of its followers."""


def _rounds(partitions: Iterable[int], brokers: int, start: Start) -> Rounds:
    shift = start.shift
    for partition in partitions:
        # A new round has the same leaders again, with their followers one broker further on.
        if partition > 0 and partition % brokers == 0:
            shift += 1
        yield (partition + start.begin) % brokers, shift


def _round_robin(brokers: list[int], rounds: Rounds, replication_factor: int) -> Iterator[tuple[int, ...]]:
    count = len(brokers)
    for leader, shift in rounds:
        followers = (brokers[_replica_index(leader, shift, k, count)] for k in range(replication_factor - 1))
        yield (brokers[leader], *followers)


def _rack_aware(racks: dict[int, str], rounds: Rounds, replication_factor: int) -> Iterator[tuple[int, ...]]:
    brokers = _alternate_racks(racks)
    rack_count, count = len(set(racks.values())), len(brokers)
    for leader, shift in rounds:
        # Brokers alternate between racks in the list, so the next broker is on another rack. One round of racks further
        # is the same rack again: that is why the shift counts in racks here.
        candidates = (brokers[_replica_index(leader, shift * rack_count, k, count)] for k in itertools.count())
        # A rack is used twice only after all racks have a replica. `candidates` goes on where the last one was found.
        replicas = [brokers[leader]]
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


def _replica_index(leader: int, shift: int, replica: int, count: int) -> int:
    return (leader + 1 + (shift + replica) % (count - 1)) % count


def _alternate_racks(racks: dict[int, str]) -> list[int]:
    """Return the brokers in turn from each rack (AdminUtils.getRackAlternatedBrokerList)."""
    queues = {
        rack: [broker for broker in sorted(racks) if racks[broker] == rack] for rack in sorted(set(racks.values()))
    }
    result: list[int] = []
    while any(queues.values()):
        result += [queue.pop(0) for queue in queues.values() if queue]
    return result


def parse(text: str) -> Assignment:
    """Parse `--replica-assignment`: `1:2,2:3` means two partitions with two replicas each.

    Raises KafkaToolError in Kafka's words for any other text. Source: TopicCommand.parseReplicaAssignment.
    """
    lists = text.split(",")
    while lists and not lists[-1]:  # Java's String.split drops empty strings at the end
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
            raise KafkaToolError(f"Partition {partition} has different replication factor: [{_ids(replicas)}]")
    return assignment


def _broker_id(text: str) -> int:
    # The words are those of Java's NumberFormatException, which Kafka's tool shows as they are.
    stripped = text.strip()
    if not (stripped.isdecimal() and stripped.isascii()):
        raise KafkaToolError(f'For input string: "{stripped}"')
    return int(stripped)


def check_brokers(assignment: Assignment, live: Iterable[int]) -> None:
    """Check that every replica is on a live broker; raise KafkaToolError otherwise.

    A controller in ZooKeeper mode (3.9) accepts such a topic, but it never works and cannot be deleted again.
    """
    known = sorted(live)
    missing = sorted({broker for replicas in assignment for broker in replicas} - set(known))
    if missing:
        raise KafkaToolError(
            f"The replica assignment names broker {_ids(missing)}, which is not there (brokers: {_ids(known)}).",
            "Add --force to create the topic all the same.",
        )


def check_added(added: Assignment, existing: Assignment, live: Iterable[int]) -> None:
    """Check that the replicas `added` are possible for the partitions after `existing`.

    Raises KafkaToolError in Kafka's words. Source: AdminZkClient.validateReplicaAssignment.
    """
    known, factor = sorted(live), len(existing[0])
    numbered = dict(enumerate(added, start=len(existing)))
    for partition, replicas in numbered.items():
        if len(set(replicas)) < len(replicas):
            raise KafkaToolError(
                f"Duplicate brokers not allowed in replica assignment: {_ids(replicas)} for partition id {partition}."
            )
        if not set(replicas) <= set(known):
            raise KafkaToolError(
                f"Some brokers specified for partition id {partition} are not available. "
                f"Specified brokers: {_ids(replicas)}, available brokers: {_ids(known)}."
            )
    # Kafka complains of duplicates and of dead brokers first, partition by partition, and of counts last, all at once.
    wrong = {partition: len(replicas) for partition, replicas in numbered.items() if len(replicas) != factor}
    if wrong:
        raise KafkaToolError(
            f"Inconsistent replication factor between partitions, partition 0 has {factor} while partitions "
            f"[{_ids(wrong)}] have replication factors [{_ids(wrong.values())}], respectively."
        )


def _ids(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
