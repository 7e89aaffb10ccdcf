"""e2e-latency where a leader is down."""

import pytest

from kafka_tools.console.perf import RoundTripTest
from kafka_tools.console.perf.round_trips import run
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.wire.offset_messages import LIST_OFFSETS
from tests.support.one_broker import OneBroker, a_partition, a_topic
from tests.support.servers import serving


def test_a_leader_that_is_down_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a bug in ktools, with status 70."""
    monkeypatch.setattr("kafka_tools.console.perf.round_trips.ENDS_SECONDS", 0.5)
    broker = OneBroker(a_topic("a", a_partition(0, leader=2)), more={LIST_OFFSETS: lambda _: None})
    with serving(broker) as port:
        broker.port = port
        test = RoundTripTest(Brokers(f"127.0.0.1:{port}"), "a", 1, 1, 0, 0, 0, 0)
        with pytest.raises(KafkaToolError, match=r"broker 2.*127\.0\.0\.1:1.*cannot be reached"):
            run(test, lambda _number, _ns: None)
