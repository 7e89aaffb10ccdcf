"""Which replicas are to move where: the JSON of Apache's tool, what throttles a move, and how far it is.

Source: org.apache.kafka.tools.reassign.ReassignPartitionsCommand, Kafka 3.9.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack, assign
from kafka_tools.model.topics import TopicPartition

ANY_LOG_DIR = "any"
VERSION = 1
MOST_DIGITS = 11

Replicas = tuple[int, ...]
Placement = Mapping[TopicPartition, Replicas]
"""The replicas of partitions: broker ids, preferred leader first."""


class Replica(NamedTuple):
    """One replica of a partition (org.apache.kafka.common.TopicPartitionReplica)."""

    topic: str
    partition: int
    broker: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}-{self.broker}"


NO_DIRS: Mapping[Replica, str] = {}


class PartitionReassignment(NamedTuple):
    """A partition that is being moved: all its replicas, those that are being added, and those that will go."""

    replicas: Replicas
    adding: Replicas
    removing: Replicas


class ReplicaDirs(NamedTuple):
    """The directory in which a replica is, and the one to which it is being copied; None where there is none."""

    current: str | None
    future: str | None


class Wanted(NamedTuple):
    """What a file asks for: the replicas of partitions in the order of the file, and directories for some replicas."""

    partitions: tuple[tuple[TopicPartition, Replicas], ...]
    log_dirs: Mapping[Replica, str]

    @property
    def names(self) -> tuple[TopicPartition, ...]:
        """The partitions, each once."""
        return tuple(dict.fromkeys(partition for partition, _ in self.partitions))


def parse_wanted(text: str) -> Wanted:
    """Return what a reassignment file asks for. Raises KafkaToolError in Apache's words.

    `{"version": 1, "partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2], "log_dirs": ["any", "/d"]}]}`;
    version and log_dirs may be left out.
    """
    from kafka_tools.model.java_json import field, typed

    partitions: list[tuple[TopicPartition, Replicas]] = []
    log_dirs: dict[Replica, str] = {}
    for each in typed(_document(text).get("partitions", []), list, "JSON array"):
        entry = typed(each, dict, "JSON object")
        topic = typed(field(entry, "topic"), str, "String")
        name = TopicPartition(topic, typed(field(entry, "partition"), int, "Integer"))
        replicas = tuple(
            typed(broker, int, "Integer") for broker in typed(field(entry, "replicas"), list, "JSON array")
        )
        # "any" leaves the choice of a directory to the broker.
        given = typed(entry.get("log_dirs", [ANY_LOG_DIR] * len(replicas)), list, "JSON array")
        paths = [typed(path, str, "String") for path in given]
        if len(paths) != len(replicas):
            raise KafkaToolError(
                f"Size of replicas list [{_blanks(replicas)}] is different from size of log dirs list "
                f"[{_blanks(paths)}] for partition {name.topic}-{name.partition}"
            )
        partitions.append((name, replicas))
        pairs = zip(replicas, paths, strict=True)
        log_dirs |= {Replica(*name, broker): path for broker, path in pairs if path != ANY_LOG_DIR}
    return Wanted(tuple(partitions), log_dirs)


def check_wanted(wanted: Wanted) -> dict[TopicPartition, Replicas]:
    """Return the replicas that each partition is to have. Raises KafkaToolError for what cannot be carried out."""
    if not wanted.partitions:
        raise KafkaToolError("Partition reassignment list cannot be empty")
    # The order of the complaints is that of Apache's tool.
    if not all(replicas for _, replicas in wanted.partitions):
        raise KafkaToolError("Partition replica list cannot be empty")
    names = [name for name, _ in wanted.partitions]
    twice = [f"{each.topic}-{each.partition}" for each in dict.fromkeys(names) if names.count(each) > 1]
    if twice:
        raise KafkaToolError(f"Partition reassignment contains duplicate topic partitions: {','.join(twice)}")
    repeated = {
        f"{name.topic}-{name.partition}": [broker for broker in dict.fromkeys(replicas) if replicas.count(broker) > 1]
        for name, replicas in wanted.partitions
    }
    told = [f"{name} contains multiple entries for {_commas(brokers)}" for name, brokers in repeated.items() if brokers]
    if told:
        raise KafkaToolError(f"Partition replica lists may not contain duplicate entries: {'. '.join(told)}")
    return dict(wanted.partitions)


def parse_brokers(text: str) -> tuple[int, ...]:
    """Return the brokers in a list `1,2,3`. Raises KafkaToolError in Java's words."""
    words = text.split(",")
    while words and not words[-1]:  # Java's String.split drops empty strings at the end
        words.pop()
    # An empty list is Java's one empty word, which is no number.
    for word in words or [""]:
        if not (word.isdecimal() and word.isascii() and len(word) < MOST_DIGITS):
            raise KafkaToolError(f'For input string: "{word}"')
    brokers = tuple(map(int, words))
    twice = [broker for broker in dict.fromkeys(brokers) if brokers.count(broker) > 1]
    if twice:
        raise KafkaToolError(f"Broker list contains duplicate entries: [{_blanks(twice)}]")
    return brokers


def parse_topics(text: str) -> tuple[str, ...]:
    """Return the topics in `{"version": 1, "topics": [{"topic": "t"}]}`. Raises KafkaToolError in Apache's words."""
    from kafka_tools.model.java_json import field, typed

    topics = tuple(
        typed(field(typed(each, dict, "JSON object"), "topic"), str, "String")
        for each in typed(_document(text).get("topics", []), list, "JSON array")
    )
    twice = [topic for topic in dict.fromkeys(topics) if topics.count(topic) > 1]
    if twice:
        raise KafkaToolError(f"List of topics to reassign contains duplicate entries: [{_blanks(twice)}]")
    return topics


def _document(text: str) -> dict[str, Any]:
    from kafka_tools.model.java_json import parsed, shown, typed

    try:
        document = parsed(text)
    except ValueError:
        raise KafkaToolError("The input string is not a valid JSON") from None
    if not isinstance(document, dict):
        raise KafkaToolError(f"Expected JSON object, received {shown(document)}")
    # A file without a version is one of version 1.
    version = typed(document.get("version", VERSION), int, "Integer")
    if version != VERSION:
        raise KafkaToolError(f"Not supported version field value {version}")
    return document


def as_json(placement: Placement, log_dirs: Mapping[Replica, str] = NO_DIRS) -> str:
    """Return the document that Apache's tool reads, as it writes it; replicas without a directory may go into any."""
    import json

    partitions = [
        {
            "topic": name.topic,
            "partition": name.partition,
            "replicas": list(replicas),
            "log_dirs": [log_dirs.get(Replica(*name, broker), ANY_LOG_DIR) for broker in replicas],
        }
        for name, replicas in sorted(placement.items())
    ]
    return json.dumps({"version": VERSION, "partitions": partitions}, separators=(",", ":"), ensure_ascii=False)


def proposed(current: Placement, brokers: Sequence[BrokerRack], rack_aware: bool) -> dict[TopicPartition, Replicas]:
    """Return new replicas on these brokers for all partitions of topics, as Kafka assigns those of a new topic.

    Where replicas are now has no say in it. Raises KafkaToolError in Kafka's words where it is impossible.
    """
    found: dict[TopicPartition, Replicas] = {}
    topics: dict[str, list[TopicPartition]] = defaultdict(list)
    # By topic and number: partition 0 of each gets the first place of the assignment.
    for name in sorted(current):
        topics[name.topic].append(name)
    for topic, names in topics.items():
        # As many replicas as the first partition has: Apache's tool looks at no other.
        replicas = assign(brokers, len(names), len(current[names[0]]), rack_aware)
        found |= {TopicPartition(topic, number): each for number, each in enumerate(replicas)}
    return found


class Move(NamedTuple):
    """From which brokers a partition is copied, and to which."""

    sources: frozenset[int]
    destinations: frozenset[int]


def moves(
    ongoing: Mapping[TopicPartition, PartitionReassignment], wanted: Placement, current: Placement
) -> dict[TopicPartition, Move]:
    """Return the moves that are under way, and those that a plan adds to them or puts in their place."""
    found = {
        name: Move(frozenset(each.replicas) - frozenset(each.adding), frozenset(each.adding))
        for name, each in ongoing.items()
    }
    for name, replicas in wanted.items():
        # Of a move under way the sources stay what they were: what it has added is not there yet.
        sources = found[name].sources if name in found else frozenset(current[name])
        found[name] = Move(sources, frozenset(replicas) - sources)
    return found


def throttled_replicas(found: Mapping[TopicPartition, Move]) -> dict[str, tuple[str, str]]:
    """Return for each topic the values of leader. and follower.replication.throttled.replicas: `0:1,0:2`."""
    leaders: dict[str, set[str]] = {name.topic: set() for name in found}
    followers: dict[str, set[str]] = {name.topic: set() for name in found}
    for name, move in found.items():
        leaders[name.topic] |= {f"{name.partition}:{broker}" for broker in move.sources}
        followers[name.topic] |= {f"{name.partition}:{broker}" for broker in move.destinations}
    return {topic: (_commas(sorted(leaders[topic])), _commas(sorted(followers[topic]))) for topic in leaders}


def moving_brokers(found: Mapping[TopicPartition, Move]) -> list[int]:
    """Return the brokers that send or get replicas, sorted."""
    return sorted({broker for move in found.values() for broker in move.sources | move.destinations})


def _commas(values: Iterable[object]) -> str:
    return ",".join(map(str, values))


def _blanks(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
