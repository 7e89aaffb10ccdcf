"""Changes of topics: what is sent, how often, and what is told where nobody carries them out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kafka_tools.brokers import topic_changes
from kafka_tools.brokers.topic_changes import BrokerTopicChanges
from kafka_tools.errors import BrokerError, KafkaToolError, UnreachableError
from kafka_tools.model.codec import Field
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicExistsError
from kafka_tools.wire.config_messages import DESCRIBE_CLIENT_QUOTAS
from kafka_tools.wire.messages import CREATE_PARTITIONS, CREATE_TOPICS, DESCRIBE_QUORUM, LIST_PARTITION_REASSIGNMENTS
from kafka_tools.wire.schema import Message
from tests.support.one_broker import OneBroker, a_partition, a_topic, session_with
from tests.support.servers import Answers

DELETE_TOPICS = Message(
    20,
    "DeleteTopics",
    first=1,
    last=5,
    flexible=4,
    request=(Field("topic_names", "[]string"), Field("timeout_ms", "int32")),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "responses",
            "[]struct",
            (
                Field("name", "string"),
                Field("error_code", "int16"),
                Field("error_message", "string", since=5, nullable=5, default=None),
            ),
        ),
    ),
)
"""A request that librdkafka alone sends."""

NOT_CONTROLLER, EXISTS, NOT_ALLOWED = 41, 36, 29


class Controller(OneBroker):
    """A broker that carries out changes, and refuses those of the topics in `refused` with a code."""

    def __init__(self, *names: str, refused: dict[str, int] | None = None, more: Answers | None = None) -> None:
        self.refused = refused or {}
        changes: Answers = {CREATE_TOPICS: self._create, CREATE_PARTITIONS: self._grow, DELETE_TOPICS: self._delete}
        super().__init__(*(a_topic(name, a_partition(0)) for name in names), more={**changes, **(more or {})})

    def sent(self, request: str) -> list[tuple[bool, list[str]]]:
        """Return of each request whether it was a rehearsal, and the topics that it named."""
        return [
            (values.get("validate_only", False), [each["name"] for each in values["topics"]])
            for name, values in self.asked
            if name == request
        ]

    def _result(self, name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "error_code": self.refused.get(name, 0), "error_message": None} | more

    def _create(self, values: dict[str, Any]) -> dict[str, Any]:
        results = [self._result(each["name"], configs=None, topic_id=bytes(16)) for each in values["topics"]]
        if not values["validate_only"]:
            done = [each["name"] for each in results if not each["error_code"]]
            self.topics = (*self.topics, *(a_topic(name, a_partition(0)) for name in done))
        return {"topics": results}

    def _grow(self, values: dict[str, Any]) -> dict[str, Any]:
        counts = {each["name"]: each["count"] for each in values["topics"]}
        if not values["validate_only"]:
            self.topics = tuple(
                a_topic(each["name"], *map(a_partition, range(counts.get(each["name"], 1)))) for each in self.topics
            )
        return {"results": [self._result(name) for name in counts]}

    def _delete(self, values: dict[str, Any]) -> dict[str, Any]:
        names = values["topic_names"]
        self.topics = tuple(each for each in self.topics if each["name"] not in names or each["name"] in self.refused)
        return {"responses": [self._result(name) for name in names]}


@contextmanager
def changes_of(broker: OneBroker) -> Iterator[BrokerTopicChanges]:
    with session_with(broker) as session:
        yield BrokerTopicChanges(session)


def test_a_topic_is_created_after_a_rehearsal() -> None:
    broker = Controller()
    with changes_of(broker) as changes:
        assert changes.create(NewTopic("a", 1, 1, configs={"retention.ms": "5"})) is None
        assert changes.create(NewTopic("b", assignment=((1,),)), validate_only=True) == ((1,),)
    assert broker.sent("CreateTopics") == [(True, ["a"]), (False, ["a"]), (True, ["b"])]


def test_a_topic_that_is_refused_is_sent_once() -> None:
    broker = Controller("a", refused={"a": EXISTS, "b": NOT_ALLOWED})
    with changes_of(broker) as changes:
        with pytest.raises(TopicExistsError):
            changes.create(NewTopic("a", 1, 1))
        with pytest.raises(BrokerError, match="Topic authorization failed") as caught:
            changes.create(NewTopic("b", 1, 1))
    assert caught.value.hint == "It needs CREATE on topic 'b' or on the cluster."
    assert broker.sent("CreateTopics") == [(True, ["a"]), (True, ["b"])]


def test_many_topics_grow_in_one_request() -> None:
    names = [f"t{number}" for number in range(50)]
    broker = Controller(*names, refused={"t7": NOT_ALLOWED})
    with changes_of(broker) as changes:
        results = changes.create_partitions([NewPartitions(name, 2) for name in names])
    [(topic, error)] = [(name, each) for name, each in results.items() if each is not None]
    assert (topic, isinstance(error, BrokerError)) == ("t7", True)
    assert [(rehearsal, len(asked)) for rehearsal, asked in broker.sent("CreatePartitions")] == [
        (True, 1),
        (False, 50),
    ]


def test_a_count_that_librdkafka_would_not_send_is_refused_by_the_broker() -> None:
    broker = Controller("a", refused={"a": 37})
    with changes_of(broker) as changes:
        results = changes.create_partitions([NewPartitions("a", 0)])
    assert isinstance(results["a"], BrokerError)
    assert results["a"].message == "Number of partitions is below 1."


def test_many_topics_are_deleted_in_one_request() -> None:
    names = [f"t{number}" for number in range(50)]
    broker = Controller(*names, refused={"t7": NOT_ALLOWED})
    with changes_of(broker) as changes:
        failures = changes.delete_topics(names)
    assert [(name, error.hint) for name, error in failures.items() if error] == [
        ("t7", "It needs DELETE on topic 't7'.")
    ]
    assert broker.requests().count("DeleteTopics") == 1


def test_a_broker_that_is_no_controller_any_more_is_asked_again() -> None:
    answers = iter([NOT_CONTROLLER, NOT_CONTROLLER, 0, 0])
    broker = Controller()

    def late(values: dict[str, Any]) -> dict[str, Any]:
        broker.refused = {"a": next(answers)}
        return broker._create(values)

    broker.answers = {**broker.answers, CREATE_TOPICS: late}
    with changes_of(broker) as changes:
        changes.create(NewTopic("a", 1, 1))
    assert [rehearsal for rehearsal, _ in broker.sent("CreateTopics")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("message", "change"),
    [
        (CREATE_TOPICS, lambda changes: changes.create(NewTopic("b", 1, 1))),
        (CREATE_TOPICS, lambda changes: changes.create(NewTopic("b", 1, 1), validate_only=True)),
        (CREATE_PARTITIONS, lambda changes: changes.create_partitions([NewPartitions("a", 2)])),
        (LIST_PARTITION_REASSIGNMENTS, lambda changes: changes.delete_topics(["a"])),
        (DESCRIBE_CLIENT_QUOTAS, lambda changes: changes.delete_topics(["a"])),
        (DESCRIBE_QUORUM, lambda changes: changes.delete_topics(["a"])),
    ],
)
def test_nothing_is_changed_where_the_controller_is_silent(
    message: Any, change: Callable[[BrokerTopicChanges], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_changes, "REHEARSAL_SECONDS", 0.3)
    monkeypatch.setattr("kafka_tools.brokers.session.CONTROLLER_SECONDS", 0.3)
    broker = Controller("a")

    def silence(_: dict[str, Any]) -> None:
        import time

        time.sleep(2)

    broker.answers = {**broker.answers, message: silence}
    with changes_of(broker) as changes, pytest.raises(UnreachableError, match="Nothing was changed") as caught:
        change(changes)
    assert "not known" not in caught.value.hint
    assert broker.requests().count("DeleteTopics") == 0
    assert all(rehearsal for rehearsal, _ in broker.sent("CreateTopics") + broker.sent("CreatePartitions"))


def test_a_change_that_was_sent_and_not_answered() -> None:
    broker = Controller()

    def hang_up(values: dict[str, Any]) -> dict[str, Any] | None:
        return broker._create(values) if values["validate_only"] else None

    broker.answers = {**broker.answers, CREATE_TOPICS: hang_up}
    with changes_of(broker) as changes, pytest.raises(KafkaToolError) as caught:
        changes.create(NewTopic("a", 1, 1))
    assert caught.value.hint == "Whether it was carried out is not known: look before you try again."
    assert [rehearsal for rehearsal, _ in broker.sent("CreateTopics")] == [True, False], "never sent twice"
