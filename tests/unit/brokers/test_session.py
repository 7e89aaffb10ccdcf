"""A session with brokers: what is asked, what keeps us from them, and how soon that is told."""

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource

from kafka_tools.brokers import session as sessions
from kafka_tools.brokers.errors import NoResponseError
from kafka_tools.brokers.session import open_session
from kafka_tools.errors import BrokerError, KafkaToolError, UnreachableError
from kafka_tools.model.target import DEFAULT_SOURCE, Brokers
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, METADATA
from tests.support.one_broker import OneBroker, a_partition, a_topic, session_with
from tests.support.servers import refusing, serving, silent


def configs_of(name: str) -> Any:
    return lambda admin: admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)])


def test_requests_with_one_result_and_with_one_for_each_thing() -> None:
    with session_with(OneBroker(a_topic("a", a_partition(0)))) as session:
        assert [broker.id for broker in session.ask("DescribeCluster", lambda admin: admin.describe_cluster()).nodes]
        [(resource, configs)] = session.ask_each("DescribeConfigs", configs_of("a")).items()
        assert resource.name == "a"
        assert not isinstance(configs, BrokerError)
        assert configs["retention.ms"].value == "5"


def test_what_a_broker_refuses_is_said_in_its_words_or_in_javas() -> None:
    def refuse(message: str | None) -> Any:
        result = {"error_code": 44, "error_message": message, "resource_type": 2, "resource_name": "a", "configs": []}
        return {DESCRIBE_CONFIGS: lambda _: {"results": [result]}}

    for message, said in (("Not on Sundays.", "Not on Sundays."), (None, "Request parameters do not satisfy")):
        with session_with(OneBroker(a_topic("a"), more=refuse(message))) as session:
            [error] = session.ask_each("DescribeConfigs", configs_of("a")).values()
        assert isinstance(error, BrokerError)
        assert error.code == 44
        assert error.message.startswith(said)


def test_a_request_that_is_not_answered_in_time() -> None:
    quiet = threading.Event()
    broker = OneBroker(a_topic("a"), more={DESCRIBE_CONFIGS: lambda _: {"results": []} if quiet.wait(10) else None})
    with session_with(broker) as session:
        session.metadata()
        with pytest.raises(NoResponseError, match="gave no answer to a DescribeConfigs request"):
            session.ask_each("DescribeConfigs", configs_of("a"), seconds=0.2)
        quiet.set()


def test_nothing_listens_and_that_is_told_at_once() -> None:
    with refusing() as port, refusing() as other:
        servers = f"127.0.0.1:{port},127.0.0.1:{other}"
        began = time.monotonic()
        with pytest.raises(UnreachableError, match="connection refused"), open_session(Brokers(servers)) as session:
            session.metadata()
        assert time.monotonic() - began < 4


def test_who_named_no_cluster_is_told_how() -> None:
    with refusing() as port:
        target = Brokers(f"127.0.0.1:{port}", source=DEFAULT_SOURCE)
        with pytest.raises(UnreachableError) as failed, open_session(target) as session:
            session.metadata()
        assert "ktools context add" in failed.value.hint
        assert "ktools sandbox up" in failed.value.hint


def test_a_cluster_that_is_starting_is_waited_for() -> None:
    broker = OneBroker(a_topic("a"))
    with socket.socket() as holder:  # the port is taken, and nobody listens yet
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        broker.port = holder.getsockname()[1]

        def start() -> None:
            time.sleep(1)
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                listener.bind(("127.0.0.1", broker.port))
                listener.listen()
                while True:
                    connection, _ = listener.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                broker(connection)

        threading.Thread(target=start, daemon=True).start()
        with open_session(Brokers(f"127.0.0.1:{broker.port}", wait_seconds=30)) as session:
            assert list(session.metadata().topics) == ["a"]


def test_a_silent_server_is_no_cluster_and_hides_none() -> None:
    broker = OneBroker(a_topic("a"))
    with serving(silent) as quiet, serving(broker) as port:
        broker.port = port
        with open_session(Brokers(f"127.0.0.1:{quiet},127.0.0.1:{port}")) as session:
            assert list(session.metadata().topics) == ["a"]
        with (
            pytest.raises(UnreachableError, match="no answer within"),
            open_session(Brokers(f"127.0.0.1:{quiet}")) as session,
        ):
            session.metadata()


def test_a_request_that_brokers_do_not_know_is_no_silence() -> None:
    with session_with(OneBroker(a_topic("a"))) as session, pytest.raises(KafkaToolError) as caught:
        session.ask_each("DeleteTopics", lambda admin: admin.delete_topics(["a"]))
    assert "not supported by broker" in caught.value.message
    assert not isinstance(caught.value, UnreachableError)


def test_settings_that_librdkafka_refuses() -> None:
    with pytest.raises(KafkaToolError), open_session(Brokers("127.0.0.1:1", {"socket.timeout.ms": "soon"})):
        pass


def test_no_log_line_of_librdkafka_reaches_anybody(capfd: pytest.CaptureFixture[str]) -> None:
    with refusing() as port, open_session(Brokers(f"127.0.0.1:{port}")) as session:
        with pytest.raises(KafkaException):
            session.admin.list_topics(timeout=0.5)
        session.admin.poll(0)
    assert capfd.readouterr() == ("", "")


def test_a_cluster_of_too_many_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_BROKERS", 1)
    with (
        session_with(OneBroker(a_topic("a"))) as session,
        pytest.raises(KafkaToolError, match="names 2 brokers; more than 1 are too many"),
    ):
        session.metadata()


def test_a_response_that_is_too_long() -> None:
    """95 MB of topics took 2.4 GB of memory."""
    with session_with(OneBroker(more={METADATA: lambda _: bytes(12_000_001)})) as session:
        with pytest.raises(KafkaToolError, match=r"cannot be read: it has 12,000,00\d bytes, more than 12,000,000"):
            session.wire.metadata(None)
        with pytest.raises(KafkaToolError, match="Metadata request"):
            session.metadata()


def test_a_name_that_is_no_text() -> None:
    """confluent-kafka 2.16 raises UnicodeDecodeError or RuntimeError of such answers, or dies of them."""
    bare = {"error_code": 0, "error_message": None, "resource_type": 9, "resource_name": "a", "configs": []}
    broker = OneBroker(a_topic("a"), more={DESCRIBE_CONFIGS: lambda _: {"results": [bare, bare]}})
    with (
        session_with(broker) as session,
        pytest.raises(NoResponseError, match="DescribeConfigs request that cannot be"),
    ):
        session.ask_each("DescribeConfigs", configs_of("a"))
