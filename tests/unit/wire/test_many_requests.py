"""Many requests to one broker, some of them at once."""

import threading
from typing import Any

import pytest

from kafka_tools.errors import UnreachableError
from kafka_tools.wire import session as sessions
from kafka_tools.wire.messages import DESCRIBE_CONFIGS
from kafka_tools.wire.session import WireSession
from tests.support.servers import Broker, serving


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 30])
def test_many_requests_are_answered_in_order(count: int) -> None:
    broker = Broker({DESCRIBE_CONFIGS: lambda values: {"throttle_time_ms": len(values["resources"])}})
    resource = {"resource_type": 2, "resource_name": "t"}
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
        answers = session.ask_each(DESCRIBE_CONFIGS, [{"resources": [resource] * number} for number in range(count)])
        assert [answer["throttle_time_ms"] for answer in answers] == list(range(count))
        assert list(session.ask_each(DESCRIBE_CONFIGS, [{}]))


def test_many_requests_are_worked_on_at_once() -> None:
    together = threading.Barrier(sessions.LANES)

    def answer(_: dict[str, Any]) -> dict[str, Any]:
        together.wait(60)
        return {}

    broker = Broker({DESCRIBE_CONFIGS: answer})
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
        assert len(list(session.ask_each(DESCRIBE_CONFIGS, [{}] * sessions.LANES))) == sessions.LANES


def test_one_of_many_requests_gets_no_answer() -> None:
    broker = Broker({DESCRIBE_CONFIGS: lambda values: {} if values["resources"] else None})
    with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
        some = {"resources": [{"resource_type": 2, "resource_name": "t"}]}
        with pytest.raises(UnreachableError, match="DescribeConfigs request"):
            list(session.ask_each(DESCRIBE_CONFIGS, [some, {}, some]))
