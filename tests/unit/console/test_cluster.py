"""What brokers say of a topic before the console tools read or write: an answer that leaves it out is one line."""

import pytest

from kafka_tools import main
from kafka_tools.wire.messages import METADATA
from tests.support.one_broker import OneBroker, a_topic
from tests.support.servers import serving


@pytest.mark.parametrize(
    "tool", [("console-producer",), ("console-consumer", "--timeout-ms", "3000"), ("console-consumer", "--until-end")]
)
def test_an_answer_without_the_topic_that_was_asked_for(
    tool: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    broker = OneBroker(a_topic("another"))
    whole = broker.answers[METADATA]

    def without(values: dict[str, object]) -> object:
        return whole(values | {"topics": None})

    broker.answers = {**broker.answers, METADATA: without}  # type: ignore[dict-item]
    with serving(broker) as port:
        broker.port = port
        assert main.run([*tool, "--topic", "orders", "--bootstrap-server", f"127.0.0.1:{port}"]) == 1
    assert (
        capfd.readouterr().err == f"ktools: 127.0.0.1:{port} was asked for topic 'orders' and does not speak of it.\n"
    )
