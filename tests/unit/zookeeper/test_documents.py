"""The documents in znodes: orders of keys as recorded from Kafka 2.8.2, and no traceback for any text."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.zookeeper.documents import (
    BrokerDocument,
    ControllerDocument,
    FeatureDocument,
    MalformedZnodeError,
    MigrationDocument,
    StateDocument,
    TopicDocument,
    encode_config_change,
    encode_configs,
    encode_topic,
    read_broker,
    read_cluster_id,
    read_configs,
    read_controller,
    read_epoch,
    read_features,
    read_migration,
    read_reassigned,
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
    assert encode_config_change("topics/t") == b'{"version":2,"entity_path":"topics/t"}'


numbers = st.integers(0, 2**31 - 1)
replicas = st.dictionaries(numbers, st.lists(numbers, min_size=1).map(tuple))


@given(replicas, replicas, replicas, st.none() | st.text())
def test_a_written_topic_can_be_read(some: Any, adding: Any, removing: Any, topic_id: str | None) -> None:
    topic = TopicDocument(some, adding, removing, topic_id)
    read = read_topic("/t", encode_topic(topic))
    assert read == topic
    assert list(read.replicas) == sorted(some)


@given(st.dictionaries(st.text(), st.text()))
def test_written_configs_can_be_read(configs: dict[str, str]) -> None:
    assert read_configs("/t", encode_configs(configs)) == configs


def test_documents_of_older_kafkas_can_be_read() -> None:
    assert read_topic("/t", b'{"version":1,"partitions":{"1":[2],"0":[1]}}') == TopicDocument({0: (1,), 1: (2,)})
    assert read_state("/t", b'{"leader":-1,"isr":[2]}') == StateDocument(None, (2,))
    assert read_state("/t", b'{"leader":-2,"isr":[2]}') == StateDocument(None, (2,))
    of_0_8 = b'{"jmx_port":-1,"timestamp":"1","host":"b1","version":1,"port":9092}'
    assert read_broker("/b", of_0_8) == BrokerDocument(None, ("b1", 9092), ("b1", 9092), ("PLAINTEXT://b1:9092",))


def test_missing_znodes() -> None:
    assert read_topic("/t", None) is None
    assert read_configs("/t", None) == {}
    assert read_state("/t", None) == StateDocument(None, ())
    assert read_broker("/b", None) is None
    assert read_controller("/c", None) is None
    assert read_epoch("/e", None) is None
    assert read_features("/f", None) is None
    assert read_migration("/m", None) is None
    assert read_cluster_id("/i", None) is None
    assert read_reassigned("/r", None) == frozenset()


def test_what_every_reader_understands_is_taken() -> None:
    configs = b'{"version":1,"config":{"retention.ms":86400000,"preallocate":true,"min.cleanable.dirty.ratio":0.50}}'
    assert read_configs("/c", configs) == {
        "retention.ms": "86400000",
        "preallocate": "true",
        "min.cleanable.dirty.ratio": "0.50",
    }
    assert read_state("/s", b'{"leader":"2","isr":["2",1]}') == StateDocument(2, (2, 1))
    assert read_topic("/t", b'{"partitions":{"0":["1"]}}') == TopicDocument({0: (1,)})
    broker = read_broker("/b", b'{"rack":7,"host":null,"port":-1,"endpoints":["SSL://b1:9093"]}')
    assert broker == BrokerDocument("7", ("b1", 9093), ("b1", 9093), ("SSL://b1:9093",))
    assert read_controller("/c", b'{"brokerid":"3"}') == ControllerDocument(3, False)


def test_a_controller_of_kraft_has_taken_over() -> None:
    """KIP-866: a KRaft controller names itself in /controller, with an epoch of its own."""
    assert read_controller("/c", b'{"brokerid":3,"kraftControllerEpoch":-1}') == ControllerDocument(3, True, None)
    assert read_controller("/c", b'{"brokerid":3000,"kraftControllerEpoch":7}') == ControllerDocument(3000, True, 7)
    written = (
        b'{"version":0,"kraft_metadata_offset":4711,"kraft_controller_id":3000,"kraft_metadata_epoch":2,'
        b'"kraft_controller_epoch":7}'
    )
    assert read_migration("/m", written) == MigrationDocument(3000, 7, 4711, 2)


def test_features_of_both_versions() -> None:
    ranges = b'{"version":1,"status":0,"features":{"a":{"min_version_level":1,"max_version_level":3}}}'
    assert read_features("/f", ranges) == FeatureDocument(False, {"a": 3})
    levels = b'{"version":2,"status":1,"features":{"metadata.version":11}}'
    assert read_features("/f", levels) == FeatureDocument(True, {"metadata.version": 11})


@pytest.mark.parametrize(
    ("endpoints", "plaintext"),
    [
        (b'"host":"b1","port":9092,"endpoints":["SSL://b1:9093","PLAINTEXT://b1:9092"]', ("b1", 9092)),
        (b'"host":"::1","port":9092,"endpoints":["PLAINTEXT://[::1]:9092"]', ("::1", 9092)),
        (b'"host":null,"port":-1,"endpoints":["INTERNAL://b1:9094","SSL://b1:9093"]', ("b1", 9094)),
    ],
)
def test_the_plaintext_listener_of_a_broker(endpoints: bytes, plaintext: tuple[str, int]) -> None:
    broker = read_broker("/b", b"{" + endpoints + b"}")
    assert broker is not None
    assert broker.plaintext == plaintext


MALFORMED = {
    read_topic: [
        b"", b"{", b"[]", b"null", b"NaN", b"{}", b"\xff", b'{"partitions":[]}', b'{"partitions":{"0":[]}}',
        b'{"partitions":{"0":1}}', b'{"partitions":{"x":[1]}}', b'{"partitions":{"-1":[1]}}',
        b'{"partitions":{"0":[1.5]}}', b'{"partitions":{"0":[true]}}', b'{"partitions":{"0":[2147483648]}}',
        b'{"partitions":{"0":[1]},"topic_id":[]}', b'{"partitions":{"0":[1]},"topic_id":"\\ud800"}',
        b'{"partitions":{"0":[1]},"adding_replicas":1}', b"[" * 100_000,
    ],
    read_state: [
        b"{}", b'{"leader":1}', b'{"leader":null,"isr":[1]}', b'{"leader":true,"isr":[1]}', b'{"leader":-3,"isr":[1]}',
        b'{"leader":1,"isr":"12"}', b'{"leader":1,"isr":[null]}', b'{"leader":1,"isr":{"1":2}}',
    ],
    read_configs: [b"{}", b'{"config":[]}', b'{"config":{"a":null}}', b'{"config":{"a":{}}}', b'{"config":{"a":[1]}}'],
    read_broker: [
        b"[]", b"{}", b'{"host":null,"port":-1}', b'{"host":null,"port":-1,"endpoints":[]}', b'{"endpoints":"a"}',
        b'{"endpoints":[1]}', b'{"endpoints":["PLAINTEXT"]}', b'{"endpoints":["PLAINTEXT://a:99999"]}',
        b'{"host":"a b","port":1}', b'{"host":"a","port":"x"}', b'{"host":"a","port":1,"rack":[]}',
    ],
    read_controller: [b"{}", b'{"brokerid":"x"}', b'{"brokerid":-1}'],
    read_epoch: [b"", b"x", b"-1", b"1.0", b"99999999999"],
    read_features: [b"{}", b'{"status":1}', b'{"status":1,"features":{"a":{}}}', b'{"status":1,"features":{"a":"x"}}'],
    read_migration: [b"7", b"{}", b'{"kraft_controller_id":"x"}'],
    read_cluster_id: [b"{}", b'{"id":null}', b'{"id":[]}'],
    read_reassigned: [b"{}", b'{"partitions":{}}', b'{"partitions":[1]}', b'{"partitions":[{}]}'],
}  # fmt: skip


@pytest.mark.parametrize(("read", "data"), [(read, data) for read, all_of in MALFORMED.items() for data in all_of])
def test_a_znode_that_kafka_did_not_write_is_named(read: Callable[[str, bytes], object], data: bytes) -> None:
    with pytest.raises(MalformedZnodeError, match=r"^The znode /a/b is not as Kafka writes it: "):
        read("/a/b", data)


FIELDS = [
    "status",
    "features",
    "kraft_controller_id",
    "partitions",
    "config",
    "leader",
    "isr",
    "0",
    "endpoints",
    "host",
    "port",
    "id",
    "topic",
]

anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
        )
    ),
)


@given(anything.map(json.dumps).map(str.encode) | st.binary(), st.sampled_from(list(MALFORMED)))
def test_any_document_is_read_or_refused(data: bytes, read: Callable[[str, bytes], object]) -> None:
    with suppress(MalformedZnodeError):
        read("/t", data)
