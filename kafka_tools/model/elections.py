"""Who would lead a partition after an election, and which partitions a file asks to be led by others."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from kafka_tools.errors import ELECTION_NOT_NEEDED, BrokerError, KafkaToolError
from kafka_tools.model.java_hash_order import partition_order
from kafka_tools.model.topics import Partition, TopicPartition

ElectionType = Literal["PREFERRED", "UNCLEAN"]
"""org.apache.kafka.common.ElectionType: the first replica where it is in sync; any that is alive where nobody leads."""


class Forecast(NamedTuple):
    """What an election would do with one partition; all numbers are broker ids.

    `leader` leads it now (None: nobody), `expected` afterwards. Where that is nobody, or stays who it is, `reason` says
    why. `is_unclean`: the new leader is not in sync, so that records which only `isr` had are lost.
    """

    partition: TopicPartition
    leader: int | None
    expected: int | None
    isr: tuple[int, ...]
    is_unclean: bool = False
    reason: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether the leader would change, or there should be one and no replica can lead."""
        return self.expected is None or self.expected != self.leader


class Ends(NamedTuple):
    """Where the logs of the live replicas of a leaderless partition end: offsets by broker id."""

    by_broker: Mapping[int, int]

    def lost(self, leader: int) -> int | None:
        """Return how many records other replicas are known to have that `leader` has not; None where its log is not
        known. The replicas that are down may have had more."""
        own = self.by_broker.get(leader)
        # Compared with the replica that has come furthest of those that are up.
        return None if own is None else max(self.by_broker.values()) - own


def forecast(kind: ElectionType, name: TopicPartition, partition: Partition, live: Collection[int]) -> Forecast:
    """Return what an election would do with a partition, while the brokers `live` are up.

    Source: kafka.controller.PartitionLeaderElectionAlgorithms (3.9), PartitionChangeBuilder of the KRaft controller.
    """
    return (_preferred if kind == "PREFERRED" else _unclean)(name, partition, live)


def _preferred(name: TopicPartition, partition: Partition, live: Collection[int]) -> Forecast:
    wanted = partition.replicas[0]
    stays = Forecast(name, partition.leader, partition.leader, partition.isr)
    if partition.leader == wanted:
        return stays._replace(reason="its preferred replica leads it")
    # Here and for one out of sync the controller answers PREFERRED_LEADER_NOT_AVAILABLE (80), and changes nothing.
    if wanted not in live:
        return stays._replace(reason=f"its preferred replica {wanted} is down", expected=None)
    if wanted not in partition.isr:
        return stays._replace(reason=f"its preferred replica {wanted} is not in sync", expected=None)
    return stays._replace(expected=wanted)


def _unclean(name: TopicPartition, partition: Partition, live: Collection[int]) -> Forecast:
    alive = [broker for broker in partition.replicas if broker in live]
    stays = Forecast(name, partition.leader, partition.leader, partition.isr)
    if partition.leader is not None:
        return stays._replace(reason="it has a leader")
    if not alive:
        return stays._replace(reason="none of its replicas is alive")
    # One in sync is taken before any other; both in the order of the assignment.
    in_sync = [broker for broker in alive if broker in partition.isr]
    return stays._replace(expected=(in_sync or alive)[0], is_unclean=not in_sync)


def is_not_needed(error: KafkaToolError) -> bool:
    """Tell whether there was no election because the leader is the right one."""
    return isinstance(error, BrokerError) and error.code == ELECTION_NOT_NEEDED


class FileWords(NamedTuple):
    """How a tool of Apache's calls its file, what the file is without partitions, and how it lists duplicates."""

    election_data: str
    without_partitions: str
    duplicates: str
    comma: str


REPLICA = FileWords("Replica election data", 'missing "partitions" field', "[{}]", ", ")
PREFERRED_REPLICA = FileWords("Preferred replica election data", "empty", "{}", ",")


def parse_election_file(text: str, words: FileWords = REPLICA) -> tuple[TopicPartition, ...]:
    """Return the partitions in `{"partitions": [{"topic": "t", "partition": 0}]}`, in the order of the file.

    Raises KafkaToolError in the words of LeaderElectionCommand (3.9), or of another tool.
    """
    from kafka_tools.model.java_json import field, parsed, shown, typed

    try:
        # Jackson reads an empty text as a missing document, and shows nothing after "received".
        document = parsed(text) if text.strip() else None
    except ValueError:
        raise KafkaToolError(f"{words.election_data} is empty", "The file is not JSON.") from None
    if not isinstance(document, dict):
        raise KafkaToolError(f"Expected JSON object, received {shown(document) if text.strip() else ''}")
    if "partitions" not in document:
        raise KafkaToolError(f"{words.election_data} is {words.without_partitions}")
    found = []
    for each in typed(document["partitions"], list, "JSON array"):
        entry = typed(each, dict, "JSON object")
        topic = typed(field(entry, "topic"), str, "String")
        found.append(TopicPartition(topic, typed(field(entry, "partition"), int, "Integer")))
    # In the order of a HashMap, in which Apache's tool collects them.
    twice = partition_order(dict.fromkeys(each for each in found if found.count(each) > 1))
    if twice:
        names = words.duplicates.format(words.comma.join(f"{each.topic}-{each.partition}" for each in twice))
        raise KafkaToolError(f"{words.election_data} contains duplicate partitions: {names}")
    return tuple(found)
