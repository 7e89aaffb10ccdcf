"""Topics from brokers' answers, which requests are made for them, and what is told where nobody answers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from kafka_tools.brokers.topics import MANY_TOPICS, BrokerTopics
from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.wire.messages import (
    DESCRIBE_CONFIGS,
    DESCRIBE_TOPIC_PARTITIONS,
    LIST_PARTITION_REASSIGNMENTS,
    METADATA,
)
from kafka_tools.wire.schema import Message
from tests.support.one_broker import UNKNOWN_TOPIC, OneBroker, a_partition, a_topic, session_with

NOT_ALLOWED, CLUSTER_NOT_ALLOWED = 29, 31


@contextmanager
def topics_of(broker: OneBroker, **options: Any) -> Iterator[BrokerTopics]:
    with session_with(broker) as session:
        yield BrokerTopics(session, **options)


def test_a_topic() -> None:
    broker = OneBroker(a_topic("b", a_partition(1, -1), a_partition(0)), a_topic("a", topic_id=bytes(16)))
    with topics_of(broker) as topics:
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
    asked = broker.requests()
    assert set(asked) == {"Metadata", "DescribeConfigs", "ListPartitionReassignments"}
    assert (asked.count("DescribeConfigs"), asked.count("ListPartitionReassignments")) == (1, 1)


def test_only_the_topics_that_are_described_are_asked_for() -> None:
    broker = OneBroker(a_topic("a"), a_topic("b"))
    with topics_of(broker) as topics:
        assert [topic.topic for topic in topics.describe(["b"])] == ["b"]
        assert [broker.broker for broker in topics.brokers()] == [1, 2]
        assert topics.describe([]) == ()
        assert topics.describe(["missing"]) == ()
    asked = [values["topics"] for name, values in broker.asked if name == "Metadata"]
    assert {topic["name"] for topics in asked for topic in topics or ()} <= {"b", "missing"}
    assert None not in asked, "a single topic is not looked for among thousands"


def test_the_brokers_alone() -> None:
    broker = OneBroker(a_topic("a"))
    with topics_of(broker) as topics:
        assert [broker.broker for broker in topics.brokers()] == [1, 2]
    assert all(values["topics"] == [] for name, values in broker.asked if name == "Metadata")


def test_a_topic_by_its_id() -> None:
    with topics_of(OneBroker(a_topic("a", topic_id=bytes(16)), a_topic("b"))) as topics:
        assert topics.name_of("-_-_-_-_-_-_-_-_-_-_AQ") == "b"
        assert topics.name_of("AAAAAAAAAAAAAAAAAAAAAQ") is None
        assert topics.marked_for_deletion() == frozenset()


def _gone(values: dict[str, Any]) -> dict[str, Any]:
    results = [
        {
            "error_code": 0 if resource["resource_name"] == "b" else UNKNOWN_TOPIC,
            "error_message": None,
            "resource_type": resource["resource_type"],
            "resource_name": resource["resource_name"],
            "configs": [],
        }
        for resource in values["resources"]
    ]
    return {"results": results}


def test_a_topic_that_is_deleted_meanwhile_is_left_out() -> None:
    with topics_of(OneBroker(a_topic("a"), a_topic("b"), more={DESCRIBE_CONFIGS: _gone})) as topics:
        assert topics.describe(["a", "b"]) == (TopicDescription("b", "-_-_-_-_-_-_-_-_-_-_AQ", (), {}),)


def test_configs_are_asked_for_in_batches() -> None:
    names = [f"t{number:04d}" for number in range(2 * MANY_TOPICS + 1)]
    broker = OneBroker(*(a_topic(name, a_partition(0)) for name in names))
    with topics_of(broker) as topics:
        described = topics.describe(names)
    assert [topic.topic for topic in described] == names
    assert {topic.min_isr for topic in described} == {2}
    assert broker.requests().count("DescribeConfigs") == 3


def test_partitions_that_are_moved() -> None:
    moved = {"partition_index": 1, "replicas": (1, 2, 3), "adding_replicas": (3,), "removing_replicas": (1,)}
    answer = {"topics": [{"name": "a", "partitions": [moved]}, {"name": "other", "partitions": [moved]}]}
    listed = a_topic("a", a_partition(0), a_partition(1))
    broker = OneBroker(listed, more={LIST_PARTITION_REASSIGNMENTS: lambda _: answer})
    with topics_of(broker) as topics:
        [topic] = topics.describe(["a"])
    assert [(p.adding_replicas, p.removing_replicas) for p in topic.partitions] == [((), ()), ((3,), (1,))]


def test_who_may_not_see_a_topic_sees_none() -> None:
    with topics_of(OneBroker(a_topic("a", code=NOT_ALLOWED))) as topics:
        assert topics.describe(["a"]) == ()


def test_a_controller_that_is_away_hides_no_leader() -> None:
    broker = OneBroker(a_topic("a", a_partition(0)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: {"error_code": 41}})
    with topics_of(broker) as topics:
        assert topics.describe(["a"])[0].partitions[0].leader == 1
        [note] = topics.notes()
    assert note.startswith("Not known: running reassignments. ")
    assert "answers, but the cluster has no controller now." in note


def test_who_may_not_know_of_reassignments_sees_none() -> None:
    answer = {"error_code": CLUSTER_NOT_ALLOWED, "error_message": "Cluster authorization failed.", "topics": []}
    broker = OneBroker(a_topic("a", a_partition(0)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: answer})
    with topics_of(broker) as topics:
        assert topics.describe(["a"])[0].partitions[0].adding_replicas == ()
    old = OneBroker(a_topic("a", a_partition(0)))
    old.answers = {message: old.answers[message] for message in (METADATA, DESCRIBE_CONFIGS)}
    with topics_of(old) as topics:
        assert topics.describe(["a"])[0].partitions[0].adding_replicas == ()


@pytest.mark.parametrize(
    ("message", "answer", "words"),
    [
        (METADATA, {"topics": [], "error_code": 129}, "Client metadata is stale. The client should rebootstrap"),
        (METADATA, {"topics": [a_topic("a", code=9999)]}, "The broker answered with error 9999."),
        (
            DESCRIBE_CONFIGS,
            {
                "results": [
                    {
                        "error_code": NOT_ALLOWED,
                        "error_message": "No.",
                        "resource_type": 2,
                        "resource_name": "a",
                        "configs": [],
                    }
                ]
            },
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
    broker = OneBroker(a_topic("a"), more={message: lambda _: answer})
    with topics_of(broker) as topics, pytest.raises(BrokerError) as caught:
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
        for topic in [*self._topics, *(a_topic(name, code=UNKNOWN_TOPIC) for name in wanted if name not in known)]:
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
    listed = [a_topic(name, *(a_partition(i, **elr) for i in range(count))) for name, count in (("b", 5), ("a", 3))]
    broker = OneBroker(*listed, more={DESCRIBE_TOPIC_PARTITIONS: Pages(listed)})
    with topics_of(broker, partition_size_limit=limit) as topics:
        described = topics.describe(["b", "missing", "a"])
    assert [topic.topic for topic in described] == ["b", "a"]
    assert described[0].partitions == tuple(Partition(i, 1, (1, 2), (2, 1), (), (), (2,), None) for i in range(5))
    assert len(described[1].partitions) == 3
    limits = {values["response_partition_limit"] for name, values in broker.asked if name == "DescribeTopicPartitions"}
    assert limits == {limit or 2000}


def _forward(values: dict[str, Any]) -> dict[str, Any]:
    """Answer with a page that brings nothing, and a cursor that has moved on."""
    cursor = values["cursor"] or {"topic_name": "a", "partition_index": 0}
    return {"topics": [], "next_cursor": cursor | {"partition_index": cursor["partition_index"] + 1}}


def _one_more(values: dict[str, Any]) -> dict[str, Any]:
    """Answer with one partition more, whatever was told before."""
    index = values["cursor"]["partition_index"] if values["cursor"] else 0
    next_one = {"topic_name": "a", "partition_index": index + 1}
    return {"topics": [a_topic("a", a_partition(index))], "next_cursor": next_one}


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: {"topics": [], "next_cursor": {"topic_name": "a", "partition_index": 0}},
        _forward,
        _one_more,
    ],
)
def test_a_broker_whose_pages_do_not_end(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    broker = OneBroker(a_topic("a", a_partition(0)), more={DESCRIBE_TOPIC_PARTITIONS: answer})
    with topics_of(broker) as topics, pytest.raises(KafkaToolError, match="its pages do not end"):
        topics.describe(["a"])
    assert broker.requests().count("DescribeTopicPartitions") < 2000


def _without_topics(values: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    return {"topics": [], "results": [], "next_cursor": None}


def _no_number(values: dict[str, Any]) -> dict[str, Any]:
    config = {"name": "min.insync.replicas", "value": "many", "config_source": 5, "documentation": None}
    results = [
        {**resource, "error_code": 0, "error_message": None, "configs": [config]} for resource in values["resources"]
    ]
    return {"results": results}


@pytest.mark.parametrize(
    ("message", "answer", "words"),
    [
        (DESCRIBE_TOPIC_PARTITIONS, _without_topics, "DescribeTopicPartitions request .* topic 'a' is not in it"),
        (METADATA, lambda _: {"topics": []}, "answer to a Metadata request that cannot be read: .*Partial response"),
        (DESCRIBE_CONFIGS, _no_number, "min.insync.replicas of topic 'a' is 'many', which is no number"),
    ],
)
def test_an_answer_that_is_none_is_told_in_one_line(
    message: Message, answer: Callable[[dict[str, Any]], dict[str, Any]], words: str
) -> None:
    broker = OneBroker(a_topic("a"), more={message: answer})
    with topics_of(broker) as topics, pytest.raises(KafkaToolError, match=words) as caught:
        topics.describe(["a"])
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [(_without_topics, "DescribeConfigs request .* topic 't0000' is not in it"), (_no_number, "which is no number")],
)
def test_configs_by_wire_are_looked_at_as_closely(
    answer: Callable[[dict[str, Any]], dict[str, Any]], words: str
) -> None:
    names = [f"t{number:04d}" for number in range(MANY_TOPICS + 1)]
    broker = OneBroker(*(a_topic(name, a_partition(0)) for name in names), more={DESCRIBE_CONFIGS: answer})
    with topics_of(broker) as topics, pytest.raises(KafkaToolError, match=words):
        topics.describe(names)


@pytest.mark.parametrize("name", [None, ""])
def test_a_topic_without_a_name(name: str | None) -> None:
    broker = OneBroker(a_topic("a"))
    with session_with(broker) as session:
        broker.topics = ({**a_topic("b"), "name": name},)
        with pytest.raises(KafkaToolError, match="a topic has no name"):
            session.wire.metadata(None)


@pytest.mark.parametrize("topic", [a_topic(""), a_topic("a", a_partition(-1))])
def test_names_and_numbers_that_admin_client_does_not_ask_for(topic: dict[str, Any]) -> None:
    with topics_of(OneBroker(topic)) as topics, pytest.raises(KafkaToolError, match="cannot be read: a topic has no"):
        topics.names()


def test_brokers_that_take_no_connection_are_looked_for_once() -> None:
    broker = OneBroker(a_topic("a", a_partition(0)), more={LIST_PARTITION_REASSIGNMENTS: lambda _: {"error_code": 41}})
    with topics_of(broker) as topics:
        topics.describe(["a"])
        assert [broker.broker for broker in topics.brokers()] == [1]
        before = len(broker.asked)
        assert list(topics.unreached_brokers()) == [2]
        assert len(broker.asked) == before
