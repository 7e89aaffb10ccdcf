"""Topics from brokers' answers, and which requests are made for them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.wire.errors import BrokerError
from kafka_tools.wire.messages import (
    DESCRIBE_CONFIGS,
    DESCRIBE_TOPIC_PARTITIONS,
    LIST_PARTITION_REASSIGNMENTS,
    METADATA,
)
from kafka_tools.wire.schema import Message
from kafka_tools.wire.session import open_session
from kafka_tools.wire.topics import TOPICS_A_REQUEST, WireTopics
from tests.support.servers import Answers, Broker, serving

ID = bytes([251, 255, 191]) * 5 + b"\1"
UNKNOWN_TOPIC, NOT_ALLOWED, CLUSTER_NOT_ALLOWED = 3, 29, 31


def _partition(index: int, leader: int = 1, **more: Any) -> dict[str, Any]:
    return {"partition_index": index, "leader_id": leader, "replica_nodes": (1, 2), "isr_nodes": (2, 1)} | more


def _topic(name: str, *partitions: dict[str, Any], code: int = 0, topic_id: bytes = ID) -> dict[str, Any]:
    return {"name": name, "error_code": code, "topic_id": topic_id, "partitions": partitions}


class Cluster(Broker):
    """A broker that has these topics, with a config each."""

    def __init__(self, *topics: dict[str, Any], more: Answers | None = None) -> None:
        self.topics = topics
        answers = {
            METADATA: self._metadata,
            DESCRIBE_CONFIGS: self._configs,
            LIST_PARTITION_REASSIGNMENTS: lambda _: {"topics": ()},
        }
        super().__init__(answers | dict(more or {}))

    def requests(self) -> list[str]:
        """Return the names of the requests that were made."""
        return [name for name, _ in self.asked if name != "ApiVersions"]

    def _metadata(self, values: dict[str, Any]) -> dict[str, Any]:
        assert values["allow_auto_topic_creation"] is False
        known = {topic["name"]: topic for topic in self.topics}
        wanted = known if values["topics"] is None else [topic["name"] for topic in values["topics"]]
        return {
            "brokers": [
                {"node_id": 2, "host": "b", "port": 1, "rack": None},
                {"node_id": 1, "host": "a", "port": 1, "rack": "r"},
            ],
            "topics": [known.get(name, _topic(name, code=UNKNOWN_TOPIC)) for name in wanted],
        }

    def _configs(self, values: dict[str, Any]) -> dict[str, Any]:
        def entry(name: str, value: str, source: int) -> dict[str, Any]:
            return {"name": name, "value": value, "config_source": source, "documentation": None}

        return {
            "results": [
                {
                    "resource_type": resource["resource_type"],
                    "resource_name": resource["resource_name"],
                    "error_message": None,
                    "configs": [
                        entry("retention.ms", "5", 1),
                        entry("min.insync.replicas", "2", 5),
                        entry("segment.bytes", "7", 4),
                    ],
                }
                for resource in values["resources"]
            ]
        }


@contextmanager
def _topics(broker: Broker, **options: Any) -> Iterator[WireTopics]:
    with serving(broker) as port, open_session(f"127.0.0.1:{port}") as session:
        yield WireTopics(session, **options)


def test_a_topic() -> None:
    broker = Cluster(_topic("b", _partition(1, -1), _partition(0)), _topic("a", topic_id=bytes(16)))
    with _topics(broker) as topics:
        assert topics.names() == ("a", "b")
        assert topics.brokers() == (BrokerRack(1, "r"), BrokerRack(2, None))
        described = topics.describe(["b", "a"])
    assert described == (
        TopicDescription(
            topic="b",
            topic_id="-_-_-_-_-_-_-_-_-_-_AQ",
            partitions=(Partition(0, 1, (1, 2), (2, 1)), Partition(1, None, (1, 2), (2, 1))),
            configs={"retention.ms": "5", "segment.bytes": "7"},
            min_isr=2,
        ),
        TopicDescription("a", None, (), {"retention.ms": "5", "segment.bytes": "7"}, 2),
    )
    assert broker.requests() == ["Metadata", "DescribeConfigs", "ListPartitionReassignments"]


def test_only_the_topics_that_are_described_are_asked_for() -> None:
    broker = Cluster(_topic("a"), _topic("b"))
    with _topics(broker) as topics:
        assert [topic.topic for topic in topics.describe(["b", "missing"])] == ["b"]
        assert [broker.broker for broker in topics.brokers()] == [1, 2]
        assert topics.describe([]) == ()
        assert topics.describe(["missing"]) == ()
    assert broker.asked[1][1]["topics"] == [{"name": name, "topic_id": bytes(16)} for name in ("b", "missing")]
    assert broker.requests() == ["Metadata", "DescribeConfigs", "ListPartitionReassignments", "Metadata"]


def test_the_brokers_alone() -> None:
    broker = Cluster()
    with _topics(broker) as topics:
        assert [broker.broker for broker in topics.brokers()] == [1, 2]
    assert broker.asked[1][1]["topics"] == []


def test_a_topic_by_its_id() -> None:
    with _topics(Cluster(_topic("a", topic_id=bytes(16)), _topic("b"))) as topics:
        assert topics.name_of("-_-_-_-_-_-_-_-_-_-_AQ") == "b"
        assert topics.name_of("AAAAAAAAAAAAAAAAAAAAAQ") is None
        assert topics.marked_for_deletion() == frozenset()


def _gone(values: dict[str, Any]) -> dict[str, Any]:
    results = [
        {
            "error_code": 0 if resource["resource_name"] == "b" else UNKNOWN_TOPIC,
            "error_message": None,
            "resource_name": resource["resource_name"],
            "configs": [],
        }
        for resource in values["resources"]
    ]
    return {"results": results}


def test_a_topic_that_is_deleted_meanwhile_is_left_out() -> None:
    with _topics(Cluster(_topic("a"), _topic("b"), more={DESCRIBE_CONFIGS: _gone})) as topics:
        assert topics.describe(["a", "b"]) == (TopicDescription("b", "-_-_-_-_-_-_-_-_-_-_AQ", (), {}),)


def test_configs_are_asked_for_in_batches() -> None:
    names = [f"t{number:04d}" for number in range(2 * TOPICS_A_REQUEST + 1)]
    broker = Cluster(*(_topic(name, _partition(0)) for name in names))
    with _topics(broker) as topics:
        described = topics.describe(names)
    assert [topic.topic for topic in described] == names
    assert {topic.min_isr for topic in described} == {2}
    assert broker.requests().count("DescribeConfigs") == 3


def test_partitions_that_are_moved() -> None:
    moved = {"partition_index": 1, "replicas": (1, 2, 3), "adding_replicas": (3,), "removing_replicas": (1,)}
    answer = {"topics": [{"name": "a", "partitions": [moved]}, {"name": "other", "partitions": [moved]}]}
    broker = Cluster(_topic("a", _partition(0), _partition(1)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: answer})
    with _topics(broker) as topics:
        [topic] = topics.describe(["a"])
    assert [(p.adding_replicas, p.removing_replicas) for p in topic.partitions] == [((), ()), ((3,), (1,))]


def test_who_may_not_see_a_topic_sees_none() -> None:
    with _topics(Cluster(_topic("a", code=NOT_ALLOWED))) as topics:
        assert topics.describe(["a"]) == ()


def test_a_controller_that_is_away_hides_no_leader() -> None:
    broker = Cluster(_topic("a", _partition(0)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: {"error_code": 41}})
    with _topics(broker) as topics:
        assert topics.describe(["a"])[0].partitions[0].leader == 1
        [note] = topics.notes()
    assert note.startswith("Running reassignments are not known: ")
    assert note.endswith("answers, but the cluster has no controller now.")


def test_who_may_not_know_of_reassignments_sees_none() -> None:
    answer = {"error_code": CLUSTER_NOT_ALLOWED, "error_message": "Cluster authorization failed.", "topics": []}
    broker = Cluster(_topic("a", _partition(0)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: answer})
    with _topics(broker) as topics:
        assert topics.describe(["a"])[0].partitions[0].adding_replicas == ()
    old = Cluster(_topic("a", _partition(0)))
    old.answers = {message: old.answers[message] for message in (METADATA, DESCRIBE_CONFIGS)}
    with _topics(old) as topics:
        assert topics.describe(["a"])[0].partitions[0].adding_replicas == ()


@pytest.mark.parametrize(
    ("message", "answer", "words"),
    [
        (METADATA, {"topics": [], "error_code": 129}, "Client metadata is stale. The client should rebootstrap"),
        (METADATA, {"topics": [_topic("a", code=9999)]}, "The broker answered with error 9999."),
        (
            DESCRIBE_CONFIGS,
            {"results": [{"error_code": NOT_ALLOWED, "error_message": "No.", "resource_name": "a", "configs": []}]},
            "No.",
        ),
        (
            LIST_PARTITION_REASSIGNMENTS,
            {"error_code": 7, "error_message": None, "topics": []},
            "The request timed out.",
        ),
    ],
)
def test_what_brokers_refuse_is_said_in_their_words(message: Message, answer: dict[str, Any], words: str) -> None:
    broker = Cluster(_topic("a"), more={message: lambda _: answer})
    with _topics(broker) as topics, pytest.raises(BrokerError) as caught:
        topics.describe(["a"])
    assert caught.value.message.startswith(words)


class Pages:
    """DescribeTopicPartitions as brokers answer it: topics by name, cut after so many partitions."""

    def __init__(self, topics: Sequence[dict[str, Any]]) -> None:
        self._topics = sorted(topics, key=lambda topic: str(topic["name"]))

    def __call__(self, values: dict[str, Any]) -> dict[str, Any]:
        wanted = [topic["name"] for topic in values["topics"]]
        cursor = values["cursor"] or {"topic_name": "", "partition_index": 0}
        room, topics = values["response_partition_limit"], []
        known = {topic["name"] for topic in self._topics}
        for topic in [*self._topics, *(_topic(name, code=UNKNOWN_TOPIC) for name in wanted if name not in known)]:
            if topic["name"] not in wanted or topic["name"] < cursor["topic_name"]:
                continue
            start = cursor["partition_index"] if topic["name"] == cursor["topic_name"] else 0
            topics.append(topic | {"partitions": topic["partitions"][start : start + room]})
            if start + room < len(topic["partitions"]):
                rest = {"topic_name": topic["name"], "partition_index": start + room}
                return {"topics": topics, "next_cursor": rest}
            room -= len(topic["partitions"]) - start
        return {"topics": topics}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 2000, None])
def test_pages_are_put_together(limit: int | None) -> None:
    elr = {"eligible_leader_replicas": (2,), "last_known_elr": None}
    listed = [_topic(name, *(_partition(i, **elr) for i in range(count))) for name, count in (("b", 5), ("a", 3))]
    broker = Cluster(*listed, more={DESCRIBE_TOPIC_PARTITIONS: Pages(listed)})
    with _topics(broker, partition_size_limit=limit) as topics:
        described = topics.describe(["b", "missing", "a"])
    assert [topic.topic for topic in described] == ["b", "a"]
    assert described[0].partitions == tuple(Partition(i, 1, (1, 2), (2, 1), (), (), (2,), None) for i in range(5))
    assert len(described[1].partitions) == 3
    limits = {values["response_partition_limit"] for name, values in broker.asked if name == "DescribeTopicPartitions"}
    assert limits == {limit or 2000}
    assert "Metadata" not in broker.requests()


def test_a_broker_whose_pages_do_not_end() -> None:
    stuck = {"topics": [], "next_cursor": {"topic_name": "a", "partition_index": 0}}
    broker = Cluster(_topic("a"), more={DESCRIBE_TOPIC_PARTITIONS: lambda _: stuck})
    with _topics(broker) as topics, pytest.raises(KafkaToolError, match="goes on where it was"):
        topics.describe(["a"])
