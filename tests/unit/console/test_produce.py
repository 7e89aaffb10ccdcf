"""The producer's loop, without a cluster."""

import signal
import time
from collections.abc import Iterable
from itertools import repeat
from tempfile import TemporaryFile
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ClusterMetadata, PartitionMetadata, TopicMetadata
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.cluster import Cluster
from kafka_tools.console.delivery import Deliveries, Destination
from kafka_tools.console.lines import LineFormat, ProduceRequest
from kafka_tools.console.process import Stop
from kafka_tools.console.produce import Loop
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from tests.support.records import record

REQUEST = ProduceRequest(Brokers("127.0.0.1:9092"), "t")
DESTINATION = Destination((0,), min_isr=2, size_limits="max.message.bytes=4", is_compacted=True)


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


def send(
    request: ProduceRequest, lines: Iterable[bytes], client: Any = None, stop: Stop | None = None
) -> tuple[Loop, Any, int]:
    """Produce these lines; return the loop, its client and the exit status."""
    client = Client() if client is None else client
    with TemporaryFile() as stdin:
        stdin.write(b"".join(line + b"\n" for line in lines))
        stdin.seek(0)
        deliveries = getattr(client, "deliveries", None) or Deliveries()
        running = Loop(
            request,
            client,
            Cluster(request.brokers),
            deliveries,
            Stop() if stop is None else stop,
            destination=DESTINATION,
            stdin=stdin.fileno(),
        )
        return running, client, running.run()


def test_a_full_queue_waits_and_keeps_the_order() -> None:
    running, client, status = send(REQUEST, [b"%d" % number for number in range(20)])
    assert [value for _, value in client.sent] == [b"%d" % number for number in range(20)]
    assert running.deliveries.taken == running.deliveries.delivered == 20
    assert status == 0


@given(st.lists(st.sampled_from([b"a", b"b", b"large"]), max_size=40), st.lists(st.integers(0, 4)))
def test_whatever_is_refused_and_however_full_it_is(lines: list[bytes], rooms: list[int]) -> None:
    running, client, status = send(REQUEST, lines, Client(rooms))
    assert [value for _, value in client.sent] == [line for line in lines if line != b"large"]
    assert (running.deliveries.taken, running.deliveries.delivered) == (len(lines), len(client.sent))
    assert status == (1 if b"large" in lines else 0)


def test_what_was_sent_before_a_line_that_is_none_counts() -> None:
    client = Client()
    with pytest.raises(KafkaToolError, match="line number 3"):
        send(REQUEST._replace(line_format=LineFormat(parse_key=True)), [b"k\ta", b"k\tb", b"none", b"k\tc"], client)
    assert len(client.sent) == 2


def test_what_is_too_large_is_counted_and_the_rest_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    _, client, status = send(REQUEST, [b"a", b"large", b"b", b"large"])
    assert [value for _, value in client.sent] == [b"a", b"b"]
    assert (capsys.readouterr().err, status) == (
        "ktools: 2 of 4 records not delivered to topic 't': Message size too large: key and value of the largest have "
        "5 bytes, max.message.bytes=4\n",
        1,
    )


def test_a_fatal_error_ends_it(capsys: pytest.CaptureFixture[str]) -> None:
    client = Client()
    with pytest.raises(KafkaToolError, match="cannot go on: Fatal error"):
        send(REQUEST, [b"a", b"fatal", b"b"], client)
    assert len(client.sent) == 1
    assert capsys.readouterr().err == "ktools: 1 of 2 records not delivered to topic 't': Fatal error\n"


class Failing(Client):
    """A producer that delivers nothing, and says so at the first flush."""

    def __init__(self, *errors: KafkaError) -> None:
        super().__init__()
        self.deliveries = Deliveries()
        self.errors = list(errors)

    def flush(self, timeout: float) -> int:
        for error in self.errors:
            self.deliveries.on_delivery(error, record(b"v", b"k"))
        self.errors.clear()
        return super().flush(timeout)

    def list_topics(self, _topic: str, timeout: float) -> ClusterMetadata:
        """Return partition 0, which has its leader, broker 1, alone in sync."""
        assert timeout
        metadata, topic, partition = ClusterMetadata(), TopicMetadata(), PartitionMetadata()
        partition.leader, partition.isrs, partition.replicas = 1, [1], [1, 2, 3]
        topic.partitions = {0: partition}
        metadata.topics, metadata.brokers, metadata.controller_id = {"t": topic}, {}, 1
        return metadata


def test_failures_are_counted_by_reason_and_told_with_what_librdkafka_keeps_to_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka_tools.console.outages.Outages.unreached_brokers", lambda _: frozenset())
    late = KafkaError(KafkaError._MSG_TIMED_OUT, "Local: Message timed out")
    keyless = KafkaError(KafkaError.INVALID_RECORD, "Broker: Broker failed to validate record")
    unknown = KafkaError(KafkaError.UNKNOWN, "Broker: Unknown broker error")
    _, _, status = send(REQUEST, [b"a", b"b", b"c", b"d"], Failing(late, late, unknown, keyless))
    assert status == 1
    assert capsys.readouterr().err.splitlines() == [
        "ktools: 1 of 4 records not delivered to topic 't': Broker failed to validate record: the topic is compacted "
        "(cleanup.policy), and takes only records with a key",
        "ktools: 1 of 4 records not delivered to topic 't': Unknown broker error",
        "ktools: 2 of 4 records not delivered to topic 't': no broker acknowledged them in time: t-0 has fewer in-sync "
        "replicas than min.insync.replicas=2 (NOT_ENOUGH_REPLICAS)",
    ]


class Stuck(Client):
    """A producer that delivers nothing until it is purged, and is stopped by the user at the first flush."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.deliveries = Deliveries()
        self.stop = stop
        self.waiting = 0

    def __len__(self) -> int:
        return self.waiting

    def produce(self, _topic: str, _value: bytes | None, _key: bytes | None = None) -> None:
        self.waiting += 1

    def flush(self, timeout: float) -> int:
        time.sleep(timeout)
        self.stop.signal = signal.SIGTERM
        return self.waiting

    def purge(self) -> None:
        for _ in range(self.waiting):
            self.deliveries.on_delivery(KafkaError(KafkaError._PURGE_INFLIGHT), record(b""))
        self.waiting = 0


def test_a_wish_to_end_does_not_wait_for_brokers_that_acknowledge_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    stop = Stop()
    began = time.monotonic()
    _, _, status = send(REQUEST, [b"a", b"b"], Stuck(stop), stop)
    assert time.monotonic() - began < 4
    assert status == 128 + signal.SIGTERM
    assert capsys.readouterr().err.splitlines() == [
        "ktools: 2 of 2 records not delivered to topic 't': no broker acknowledged them, they may be there or not",
        "ktools: stopped after 0 records delivered to topic 't'",
    ]


def test_keys_and_nulls_reach_the_client() -> None:
    line_format = LineFormat(parse_key=True, null_marker=b"-")
    _, client, _ = send(REQUEST._replace(line_format=line_format), [b"k\tv", b"k\t-", b"\t"])
    assert client.sent == [(b"k", b"v"), (b"k", None), (b"", b"")]


def test_sync_waits_for_each_record() -> None:
    _, client, _ = send(REQUEST._replace(sync=True), [b"a", b"b"])
    assert client.flushed == 3  # once for each, once at the end
    client = Client()
    with pytest.raises(KafkaToolError, match="first record that was not delivered"):
        send(REQUEST._replace(sync=True), [b"large", b"c"], client)
    assert client.sent == []
