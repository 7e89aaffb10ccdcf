"""Why records of some partitions do not go on, from Metadata and the brokers that are not reached."""

from collections.abc import Mapping
from typing import Any

import pytest
from confluent_kafka.admin import BrokerMetadata, ClusterMetadata, PartitionMetadata, TopicMetadata

from kafka_tools.console.outages import Leaders, Outages, causes
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

PARTITIONS = [TopicPartition("t", number) for number in range(3)]


def metadata(leaders: Mapping[int, int], isr: int = 2, controller: int = 1) -> ClusterMetadata:
    """Return the metadata of topic t with these leaders of its partitions, and of the brokers 1 and 2."""
    found = ClusterMetadata()
    found.controller_id = controller
    found.brokers = {}
    for number in (1, 2):
        broker = BrokerMetadata()
        broker.id, broker.host, broker.port = number, "b", 9090 + number
        found.brokers[number] = broker
    topic = TopicMetadata()
    topic.partitions = {}
    for number, leader in leaders.items():
        partition = PartitionMetadata()
        partition.id, partition.leader, partition.isrs = number, leader, list(range(isr))
        partition.replicas = [0, 1, 2]
        topic.partitions[number] = partition
    found.topics = {"t": topic}
    return found


@pytest.mark.parametrize(
    ("known", "dead", "min_isr", "expected"),
    [
        (metadata({0: 1, 1: 2, 2: 1}), set(), 2, []),
        (metadata({0: -1, 1: 2, 2: 1}), set(), 0, ["t-0 has no leader."]),
        (
            metadata({0: -1, 1: -1}, controller=-1),
            set(),
            0,
            ["t-0, t-1 have no leader, as the cluster has no controller."],
        ),
        (
            metadata({0: 2, 1: 1, 2: 2}, controller=2),
            {2},
            0,
            [
                "t-0, t-2 have broker 2 at b:9092 as leader, which is not reached, and no other was elected, "
                "as the controller, broker 2, is not reached."
            ],
        ),
        (
            metadata({1: 1}, isr=1),
            set(),
            2,
            ["t-1 has fewer in-sync replicas than min.insync.replicas=2 (NOT_ENOUGH_REPLICAS)."],
        ),
    ],
)
def test_causes(known: ClusterMetadata, dead: set[int], min_isr: int, expected: list[str]) -> None:
    assert [cause.words for cause in causes(known, PARTITIONS, dead, min_isr)] == expected


def test_many_partitions_are_not_named_one_by_one() -> None:
    [cause] = causes(metadata(dict.fromkeys(range(8), -1)), [TopicPartition("t", number) for number in range(8)], ())
    assert cause.words == "t-0, t-1, t-2, t-3, t-4 and 3 more partitions have no leader."
    assert len(cause.partitions) == 8


class Client:
    """Answers with the next metadata."""

    def __init__(self, *answers: ClusterMetadata) -> None:
        self.answers = list(answers)

    def list_topics(self, _topic: str | None, **_options: Any) -> ClusterMetadata:
        return self.answers.pop(0)


def test_a_missing_leader_is_told_once_and_its_return(capsys: pytest.CaptureFixture[str]) -> None:
    without, whole = metadata({0: -1, 1: 2, 2: 1}), metadata({0: 1, 1: 2, 2: 1})
    leaders = Leaders(Client(without, without, whole, whole), Outages(Brokers("127.0.0.1:1")), "t")
    leaders.look(PARTITIONS)
    leaders.look(PARTITIONS)
    assert leaders.missing == {PARTITIONS[0]}
    assert capsys.readouterr().err == "ktools: t-0 has no leader. Waiting.\n"
    leaders.look(PARTITIONS)
    leaders.look(PARTITIONS)
    assert leaders.missing == frozenset()
    assert capsys.readouterr().err == "ktools: all partitions have their leaders again.\n"


def test_nobody_looks_before_it_is_time() -> None:
    leaders = Leaders(Client(), Outages(Brokers("127.0.0.1:1")), "t")
    assert not leaders.watch(PARTITIONS)
    assert leaders.missing == frozenset()


def test_a_failover_between_two_looks_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kafka_tools.console.outages.LOOK_SECONDS", 0.0)
    without, whole = metadata({0: -1, 1: 2, 2: 1}), metadata({0: 1, 1: 2, 2: 1})
    leaders = Leaders(Client(without, whole, without, without, whole), Outages(Brokers("127.0.0.1:1")), "t")
    said = []
    for _ in range(5):
        assert leaders.watch(PARTITIONS)
        said.append(capsys.readouterr().err)
    again = "ktools: all partitions have their leaders again.\n"
    assert said == ["", "", "", "ktools: t-0 has no leader. Waiting.\n", again]
