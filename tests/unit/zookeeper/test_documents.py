"""The documents in znodes: orders of keys as recorded from Kafka 2.8.2, and no traceback for any text."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.documents import (
    StateDocument,
    TopicDocument,
    encode_config_change,
    encode_configs,
    encode_topic,
    read_configs,
    read_state,
    read_topic,
)

ORDERS = {
    11: "0 1 2 3 4 5 6 7 8 9 10",
    12: "11 0 1 2 3 4 5 6 7 8 9 10",
    14: "11 12 13 0 1 2 3 4 5 6 7 8 9 10",
    24: "22 23 10 11 12 13 14 15 16 17 18 19 0 1 2 3 4 5 6 7 8 9 20 21",
}
"""How many partitions -> the order in which kafka.admin.TopicCommand 2.8.2 wrote them."""


@pytest.mark.parametrize(("count", "order"), ORDERS.items())
def test_partitions_are_in_the_order_of_scala_s_hash_map(count: int, order: str) -> None:
    text = encode_topic(TopicDocument(dict.fromkeys(range(count), (1,))))
    assert " ".join(json.loads(text)["partitions"]) == order


def test_a_topic_is_written_as_kafka_writes_it() -> None:
    topic = TopicDocument({0: (1, 2, 5), 1: (2, 5)}, {0: (5,)}, {0: (1,)}, "2L5lQ4NGSgSmP2GPsJ8TTw")
    assert encode_topic(topic) == (
        b'{"partitions":{"0":[1,2,5],"1":[2,5]},"topic_id":"2L5lQ4NGSgSmP2GPsJ8TTw","adding_replicas":{"0":[5]},'
        b'"removing_replicas":{"0":[1]},"version":3}'
    )


def test_configs_are_written_as_kafka_writes_them() -> None:
    configs = {"segment.ms": "100000", "retention.ms": "5", "cleanup.policy": "compact", "flush.ms": "9"}
    assert encode_configs(configs) == (
        b'{"version":1,"config":{"cleanup.policy":"compact","flush.ms":"9","segment.ms":"100000","retention.ms":"5"}}'
    )
    assert encode_config_change("t") == b'{"version":2,"entity_path":"topics/t"}'


numbers = st.integers(0, 2**31 - 1)
replicas = st.dictionaries(numbers, st.lists(numbers, min_size=1).map(tuple))


@given(replicas, replicas, replicas, st.none() | st.text())
def test_a_written_topic_can_be_read(some: Any, adding: Any, removing: Any, topic_id: str | None) -> None:
    topic = TopicDocument(some, adding, removing, topic_id)
    read = read_topic("t", json.loads(encode_topic(topic)))
    assert read == topic
    assert list(read.replicas) == sorted(some)


@given(st.dictionaries(st.text(), st.text()))
def test_written_configs_can_be_read(configs: dict[str, str]) -> None:
    assert read_configs("t", json.loads(encode_configs(configs))) == configs


def test_documents_of_older_kafkas_can_be_read() -> None:
    assert read_topic("t", {"version": 1, "partitions": {"1": [2], "0": [1]}}) == TopicDocument({0: (1,), 1: (2,)})
    assert read_state("t", 0, {"leader": -1, "isr": [2]}) == StateDocument(None, (2,))


def test_missing_znodes() -> None:
    assert read_topic("t", None) is None
    assert read_configs("t", None) == {}
    assert read_state("t", 0, None) == StateDocument(None, ())


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["partitions", "adding_replicas", "config", "leader", "isr", "0"]), inner)
    ),
)


@given(anything)
def test_any_document_is_read_or_refused(document: Any) -> None:
    with suppress(KafkaToolError):
        read_topic("t", document)
    with suppress(KafkaToolError):
        read_configs("t", document)
    with suppress(KafkaToolError):
        read_state("t", 0, document)
