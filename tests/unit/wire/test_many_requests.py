"""Many requests to one broker, some of them at once, and one request to each of many brokers."""

import sys
import threading
from contextlib import suppress
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError, UnreachableError, UnsupportedError
from kafka_tools.wire import session as sessions
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, METADATA
from kafka_tools.wire.offset_messages import LIST_OFFSETS
from kafka_tools.wire.session import WireSession
from tests.support.servers import Broker, brokers, serving

RESOURCE = {"resource_type": 2, "resource_name": "t"}


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


def test_several_brokers_are_asked_at_once_and_one_that_fails_hides_no_other() -> None:
    together, over = threading.Barrier(2), threading.Event()

    def answer(values: dict[str, Any]) -> dict[str, Any]:
        together.wait(60)
        return {"throttle_time_ms": len(values["resources"])}

    one, two = (Broker({DESCRIBE_CONFIGS: answer}) for _ in range(2))
    silent = Broker({DESCRIBE_CONFIGS: lambda _: {} if over.wait(60) else None})
    old = Broker({METADATA: lambda _: {}})
    with serving(one) as first, serving(two) as second, serving(silent) as third, serving(old) as fourth:
        ports = {1: first, 2: second, 3: third, 4: fourth}
        broker = Broker({METADATA: lambda _: brokers(ports)})
        requests = {number: {"resources": [RESOURCE] * number} for number in (1, 2, 3, 4, 5)}
        with serving(broker) as port, WireSession(f"127.0.0.1:{port}") as session:
            found = session.ask_brokers(DESCRIBE_CONFIGS, requests, seconds=0.6)
            over.set()
    responses = {number: each["throttle_time_ms"] for number, each in found.items() if isinstance(each, dict)}
    assert responses == {1: 1, 2: 2}
    errors = {number: str(each) for number, each in found.items() if isinstance(each, KafkaToolError)}
    assert errors == {
        3: f"127.0.0.1:{third} gave no answer to a DescribeConfigs request within 1 s.",
        4: f"The broker at 127.0.0.1:{fourth} does not support DescribeConfigs requests.",
        5: f"127.0.0.1:{port} answers, but broker 5 is not there.",
    }


def test_a_broker_that_is_too_old_for_what_is_asked_is_not_asked() -> None:
    broker = Broker({LIST_OFFSETS: lambda _: {}})
    newer = LIST_OFFSETS.since(LIST_OFFSETS.last + 1)
    with (
        serving(broker) as port,
        WireSession(f"127.0.0.1:{port}") as session,
        pytest.raises(UnsupportedError, match=r"does not support ListOffsets requests of version 12 or later\.$"),
    ):
        session.ask(newer, {})
    assert [name for name, _ in broker.asked] == ["ApiVersions"]


def test_a_session_is_closed_while_brokers_are_asked() -> None:
    """As where Ctrl-C ends the wait for them: status 70, as threads still added connections to those to be closed."""
    broker = Broker({DESCRIBE_CONFIGS: lambda _: {}})
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as they can
    try:
        with serving(broker) as port:
            all_ = Broker({METADATA: lambda _: brokers(dict.fromkeys(range(30), port))})
            with serving(all_) as first:
                for _ in range(20):
                    session = WireSession(f"127.0.0.1:{first}")
                    asking = threading.Thread(target=_ask_until_closed, args=(session,))
                    asking.start()
                    session.close()
                    asking.join()
                    session.close()  # those that came later
    finally:
        sys.setswitchinterval(interval)


def _ask_until_closed(session: WireSession) -> None:
    with suppress(KafkaToolError, OSError):
        session.ask_brokers(DESCRIBE_CONFIGS, {broker: {} for broker in range(30)}, seconds=5)
