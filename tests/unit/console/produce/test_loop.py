"""The producer's loop, without a cluster."""

from collections.abc import Iterable
from itertools import repeat
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.cluster import Cluster
from kafka_tools.console.process import Stop
from kafka_tools.console.produce.loop import Deliveries, Loop
from kafka_tools.console.produce.request import LineFormat, ProduceRequest
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers

REQUEST = ProduceRequest(Brokers("127.0.0.1:9092"), "t")


class Client:
    """A producer with room for three records until it is polled."""

    def __init__(self, rooms: Iterable[int] = repeat(3)) -> None:
        self.sent: list[tuple[bytes | None, bytes | None]] = []
        self.rooms = iter(rooms)
        self.room = 3
        self.flushed = 0

    def __len__(self) -> int:
        return 0

    def produce(self, _topic: str, value: bytes | None, key: bytes | None = None) -> None:
        if self.room == 0:
            raise BufferError
        if value == b"large":
            raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, "Broker: Message size too large"))
        if value == b"fatal":
            raise KafkaException(KafkaError(KafkaError._FATAL, "Local: Fatal error"))
        self.room -= 1
        self.sent.append((key, value))

    def poll(self, _timeout: float) -> int:
        self.room = next(self.rooms, 3)
        return 0

    def flush(self, _timeout: float) -> int:
        self.flushed += 1
        return 0


def loop(request: ProduceRequest, client: Any = None) -> tuple[Loop, Any]:
    client = Client() if client is None else client
    return Loop(request, client, Cluster(request.brokers), Deliveries(), Stop()), client


def test_a_full_queue_waits_and_keeps_the_order() -> None:
    running, client = loop(REQUEST)
    running._send([b"%d" % number for number in range(20)])
    assert [value for _, value in client.sent] == [b"%d" % number for number in range(20)]
    assert running.deliveries.taken == running.deliveries.delivered == 20


@given(st.lists(st.sampled_from([b"a", b"b", b"large"]), max_size=40), st.lists(st.integers(0, 4)), st.integers(1, 9))
def test_whatever_is_refused_and_however_full_it_is(lines: list[bytes], rooms: list[int], size: int) -> None:
    running, client = loop(REQUEST, Client(rooms))
    for start in range(0, len(lines), size):
        running._send(lines[start : start + size])
    assert [value for _, value in client.sent] == [line for line in lines if line != b"large"]
    assert (running.deliveries.taken, running.deliveries.delivered) == (len(lines), len(client.sent))


def test_what_was_sent_before_a_line_that_is_none_counts() -> None:
    running, _ = loop(REQUEST._replace(line_format=LineFormat(parse_key=True)))
    with pytest.raises(KafkaToolError, match="line number 3"):
        running._send([b"k\ta", b"k\tb", b"none", b"k\tc"])
    assert running.deliveries.taken == 2


def test_what_is_too_large_is_counted_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    running, client = loop(REQUEST)
    running._send([b"a", b"large", b"b", b"large"])
    running._report()
    assert [value for _, value in client.sent] == [b"a", b"b"]
    words = "ktools: 2 of 4 records not delivered to topic 't': Message size too large\n"
    assert capsys.readouterr().err == words


def test_a_fatal_error_ends_it() -> None:
    running, client = loop(REQUEST)
    with pytest.raises(KafkaToolError, match="cannot go on: Fatal error"):
        running._send([b"a", b"fatal", b"b"])
    assert len(client.sent) == 1
    assert (running.deliveries.taken, running.deliveries.delivered) == (2, 1)


def test_failures_are_counted_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    running, _ = loop(REQUEST)
    running._send([b"a", b"b", b"c"])
    running.deliveries.on_delivery(KafkaError(KafkaError._MSG_TIMED_OUT, "Local: Message timed out"), None)
    running.deliveries.on_delivery(KafkaError(KafkaError._MSG_TIMED_OUT, "Local: Message timed out"), None)
    running.deliveries.on_delivery(KafkaError(KafkaError.UNKNOWN, "Broker: Unknown broker error"), None)
    running.stop.signal = 2
    running._report()
    assert capsys.readouterr().err.splitlines() == [
        "ktools: 1 of 3 records not delivered to topic 't': Unknown broker error",
        "ktools: 2 of 3 records not delivered to topic 't': no broker acknowledged them in time",
        "ktools: stopped after 0 records delivered to topic 't'",
    ]


def test_keys_and_nulls_reach_the_client() -> None:
    running, client = loop(REQUEST._replace(line_format=LineFormat(parse_key=True, null_marker=b"-")))
    running._send([b"k\tv", b"k\t-", b"\t"])
    assert client.sent == [(b"k", b"v"), (b"k", None), (b"", b"")]


@pytest.mark.parametrize(("config", "flushed"), [({}, 1), ({"linger.ms": "50"}, 0)])
def test_no_batch_waits_for_more_where_no_more_comes(config: dict[str, str], flushed: int) -> None:
    running, client = loop(REQUEST._replace(brokers=Brokers("127.0.0.1:9092", config)))
    running._send([b"a"])
    running._send_now()
    assert client.flushed == flushed


def test_sync_waits_for_each_record() -> None:
    running, client = loop(REQUEST._replace(sync=True))
    running._send_one_by_one([b"a", b"b"])
    assert client.flushed == 2
    with pytest.raises(KafkaToolError, match="first record that was not delivered"):
        running._send_one_by_one([b"large", b"c"])
    assert [value for _, value in client.sent] == [b"a", b"b"]
