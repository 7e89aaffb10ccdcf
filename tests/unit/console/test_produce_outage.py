"""A producer that cannot go on: what it took is reported, and it ends."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from kafka_tools.console.cluster import Cluster
from kafka_tools.console.delivery import Deliveries
from kafka_tools.console.lines import ProduceRequest
from kafka_tools.console.process import Stop
from kafka_tools.console.produce import Loop
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.target import Brokers
from tests.support.records import record

BROKERS = Brokers("b:1")


class Client:
    """A producer that delivers nothing; what is purged is reported at the next flush."""

    def __init__(self, deliveries: Deliveries) -> None:
        self.deliveries = deliveries
        self.queue: list[bytes] = []
        self.purged = False
        self.fatal: list[KafkaException] = []

    def __len__(self) -> int:
        return len(self.queue)

    def produce(self, _topic: str, value: bytes, *_: object) -> None:
        self.queue.append(value)

    def flush(self, _seconds: float) -> int:
        if self.fatal:
            raise self.fatal.pop()
        while self.purged and self.queue:
            self.queue.pop()
            self.deliveries.on_delivery(KafkaError(KafkaError._PURGE_QUEUE), record(b""))
        return len(self.queue)

    def purge(self, in_flight: bool = True) -> None:  # noqa: ARG002
        self.purged = True


def test_what_was_taken_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def watch() -> None:
        raise UnreachableError("no broker at its address.")

    cluster, deliveries = Cluster(BROKERS), Deliveries()
    monkeypatch.setattr(cluster.outages, "watch", watch)
    client = Client(deliveries)
    loop = Loop(ProduceRequest(BROKERS, "t"), client, cluster, deliveries, Stop())
    loop._send([b"one", b"two"])
    with pytest.raises(UnreachableError):
        loop._flush()
    loop._report()
    assert client.queue == []
    assert capsys.readouterr().err == "ktools: 2 of 2 records not delivered to topic 't': no broker took them\n"


def test_a_fatal_error_while_the_last_records_are_delivered(capsys: pytest.CaptureFixture[str]) -> None:
    cluster, deliveries = Cluster(BROKERS), Deliveries()
    client = Client(deliveries)
    loop = Loop(ProduceRequest(BROKERS, "t"), client, cluster, deliveries, Stop())
    loop._send([b"one", b"two"])
    client.fatal = [KafkaException(KafkaError(KafkaError._FATAL, "Broker: Cluster authorization failed"))]
    with pytest.raises(KafkaToolError, match="cannot go on: Cluster authorization failed"):
        loop._flush()
    loop._report()
    assert capsys.readouterr().err == "ktools: 2 of 2 records not delivered to topic 't': no broker took them\n"
