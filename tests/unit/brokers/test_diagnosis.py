"""Why brokers are not reached: the causes, and how soon they are told."""

import time

import pytest

from kafka_tools.brokers.diagnosis import brokers_reached, contacts, seconds_to_accept, unreached
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.security import Sasl, Security
from kafka_tools.model.target import Brokers
from kafka_tools.wire.messages import METADATA, SASL_AUTHENTICATE, SASL_HANDSHAKE
from kafka_tools.wire.sasl import AuthenticationError
from tests.support.servers import Broker, brokers, closing, refusing, serving, silent, starting

LOGIN = Security(sasl=Sasl("PLAIN", "me", "hunter2"))


def test_each_broker_at_its_address() -> None:
    with serving(Broker({METADATA: brokers})) as port, refusing() as closed, serving(silent) as mute:
        advertised = {3: ("127.0.0.1", port), 1: ("127.0.0.1", closed), 2: ("127.0.0.1", mute)}
        found = brokers_reached(Brokers(f"127.0.0.1:{port}"), advertised, seconds=1)
    assert list(found) == [1, 2, 3]
    assert isinstance(found[3], float)
    assert str(found[1]) == "connection refused"
    assert "no answer" in str(found[2])


def test_brokers_that_are_advertised_in_vain() -> None:
    with refusing() as closed:
        broker = Broker({})
        with serving(broker) as port:
            server = f"127.0.0.1:{port}"
            broker.answers = {METADATA: lambda _: brokers({1: port})}
            assert unreached(server, None, 5) is None
            broker.answers = {METADATA: lambda _: brokers({1: port, 2: closed})}
            some = unreached(server, None, 5)
            broker.answers = {METADATA: lambda _: brokers({2: closed})}
            every = unreached(server, None, 5)
    assert some is not None
    assert every is not None
    assert (some.brokers, some.every, every.every) == ({2}, False, True)
    assert every.failure.message == (
        f"{server} answers, but broker 2, which it advertises at 127.0.0.1:{closed}, cannot be reached "
        "(connection refused)."
    )


def test_nobody_who_could_advertise_one() -> None:
    with refusing() as closed, pytest.raises(UnreachableError, match=r"cannot reach .* \(connection refused\)"):
        unreached(f"127.0.0.1:{closed}", None, 0.5)


def test_a_wrong_password_is_a_cause() -> None:
    broker = Broker(
        {
            METADATA: lambda _: brokers({}),
            SASL_HANDSHAKE: lambda _: {"error_code": 0, "mechanisms": ["PLAIN"]},
            SASL_AUTHENTICATE: lambda _: {"error_code": 58, "error_message": "wrong", "auth_bytes": b""},
        }
    )
    with serving(broker) as port, pytest.raises(AuthenticationError, match="does not let me in with PLAIN: wrong"):
        unreached(f"127.0.0.1:{port}", LOGIN, seconds=5)


def test_refused_everywhere_is_told_within_a_second() -> None:
    with refusing() as one, refusing() as other:
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="connection refused"):
            unreached(f"127.0.0.1:{one},127.0.0.1:{other}", None, seconds=5)
        assert time.monotonic() - began < 1


def test_contacts_are_tried_again_while_a_server_may_be_starting() -> None:
    broker = Broker({METADATA: lambda _: brokers({})})
    with starting(broker, after_seconds=0.3) as port:
        [contact] = contacts(Brokers(f"127.0.0.1:{port}", wait_seconds=60), seconds=3)
        assert contact.connected
        contact.close()


def test_a_broker_that_hangs_up_may_want_a_login() -> None:
    with serving(Broker({METADATA: lambda _: None})) as port:
        [contact] = contacts(Brokers(f"127.0.0.1:{port}"), seconds=3)
        with pytest.raises(KafkaToolError, match="the broker hung up on a Metadata request") as failure:
            contact.ask(METADATA, {"topics": None})
        contact.close()
    assert "sasl.mechanism" in failure.value.hint


def test_somebody_accepts_or_nobody() -> None:
    with serving(closing) as port, refusing() as closed:
        assert seconds_to_accept(("127.0.0.1", port), seconds=5) < 5
        with pytest.raises(KafkaToolError, match="connection refused"):
            seconds_to_accept(("127.0.0.1", closed), seconds=5)
