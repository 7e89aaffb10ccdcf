"""Events: one line of JSON each, in Apache's order, and what is kept until a slow reader takes it."""

import json
import os

import pytest

from kafka_tools.console.consume.writing import Output
from kafka_tools.console.verifiable.events import Events, EventWriter, send_failure
from kafka_tools.errors import BrokerError
from kafka_tools.model.topics import TopicPartition

EVENTS = Events(lambda: 5)


def test_a_rate_is_written_as_java_does() -> None:
    begin = '{"timestamp":5,"name":"tool_data","sent":2,"acked":1,"target_throughput":-1,"avg_throughput":'
    assert EVENTS.tool_data(2, 1, -1, 12345678.5) == begin + "1.23456785E7}\n"


@pytest.mark.parametrize("value", [b'"\\\x00\x1f\x7f\n', "ü😀".encode(), b""])
def test_any_value_comes_back_from_its_json(value: bytes) -> None:
    event = EVENTS.record_data(TopicPartition("t", 0), 1, None, value)
    assert event.count("\n") == 1
    assert json.loads(event)["value"] == value.decode()


def test_bytes_that_are_no_text_are_replaced_as_java_does() -> None:
    assert json.loads(EVENTS.record_data(TopicPartition("t", 0), 1, b"a\xff", None))["key"] == "a\ufffd"


def test_a_commit_that_failed_says_why() -> None:
    event = EVENTS.offsets_committed([(TopicPartition("t", 0), 3)], "too late")
    offsets = '"offsets":[{"topic":"t","partition":0,"offset":3}]'
    assert event == f'{{"timestamp":5,"name":"offsets_committed",{offsets},"error":"too late","success":false}}\n'


@pytest.mark.parametrize(
    ("name", "code", "java", "message"),
    [
        (
            "NOT_ENOUGH_REPLICAS",
            19,
            "errors.NotEnoughReplicasException",
            "Messages are rejected since there are fewer in-sync replicas than required.",
        ),
        (
            "TOPIC_AUTHORIZATION_FAILED",
            29,
            "errors.TopicAuthorizationException",
            "Not authorized to access topics: [t]",
        ),
        ("_PURGE_QUEUE", -152, "KafkaException", "Producer is closed forcefully."),
        (
            "INVALID_RECORD",
            87,
            "InvalidRecordException",
            "This record has failed the validation on broker and hence will be rejected.",
        ),
        ("SOMETHING_NEW", 999, "KafkaException", "The broker answered with error 999."),
    ],
)
def test_failures_have_the_classes_of_javas_producer(name: str, code: int, java: str, message: str) -> None:
    assert send_failure(name, BrokerError(code), "t") == (f"org.apache.kafka.common.{java}", message)


def test_what_a_slow_reader_does_not_take_is_written_later() -> None:
    reading, writing = os.pipe()
    with Output(writing) as output:
        writer = EventWriter(output)
        output.release()  # as a signal does: from now on no write waits
        event = "x" * 100_000 + "\n"
        assert not writer.write([event])
        taken = os.read(reading, 100_000)
        assert writer.end(["y\n"])
        assert (taken + os.read(reading, 200_000)).decode() == event + "y\n"
    os.close(reading)
    os.close(writing)


def test_a_reader_that_is_gone_gets_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with Output(writing) as output:
        assert not EventWriter(output).write(["x\n"])
        assert not output.is_open
    os.close(writing)
