"""The checks of configs before they go to ZooKeeper: the words are those that Kafka 2.8.2's tool printed."""

from collections.abc import Callable, Mapping
from functools import partial

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.dynamic_configs import (
    OF_BROKERS,
    check_broker,
    check_client,
    check_ip,
    check_user,
    is_password,
)

of_broker, of_all = partial(check_broker, is_default=False), partial(check_broker, is_default=True)


@pytest.mark.parametrize(
    ("check", "configs", "words"),
    [
        (
            check_client,
            {"foo": "1", "bar": "2"},
            "requirement failed: Unknown Dynamic Configuration: HashSet(bar, foo).",
        ),
        (
            partial(check_user, quotas_only=True),
            {"SCRAM-SHA-256": "x"},
            "requirement failed: Unknown Dynamic Configuration: HashSet(SCRAM-SHA-256).",
        ),
        (
            check_user,
            {"producer_byte_rate": "1.5"},
            "Invalid value 1.5 for configuration producer_byte_rate: Not a number of type LONG",
        ),
        (
            check_ip,
            {"connection_creation_rate": "-5"},
            "Invalid value -5 for configuration connection_creation_rate: Value must be at least 0",
        ),
        (
            of_broker,
            {"broker.id": "8", "log.dirs": "x", "zookeeper.connect": "b"},
            "Cannot update these configs dynamically: Set(zookeeper.connect, broker.id, log.dirs)",
        ),
        (
            of_broker,
            {"ssl.keystore.password": "8", "ssl.key.password": "7"},
            "These security configs can be dynamically updated only per-listener using the listener prefix: "
            "HashSet(ssl.keystore.password, ssl.key.password)",
        ),
        (
            of_broker,
            {"listener.name.external.max.connections": "-10"},
            "Invalid value -10 for configuration max.connections: Value must be at least 0",
        ),
        (
            of_broker,
            {"sasl.login.refresh.buffer.seconds": "99999"},
            "Invalid value 99999 for configuration sasl.login.refresh.buffer.seconds: Not a number of type SHORT",
        ),
        (
            of_broker,
            {"log.cleanup.policy": "foo"},
            "Invalid value foo for configuration log.cleanup.policy: String must be one of: compact, delete",
        ),
        (
            of_all,
            {"listener.name.x.ssl.client.auth": "required", "listeners": "a", "max.connections": "4"},
            "Cannot update these configs at default cluster level, broker id must be specified: "
            "Set(listeners, listener.name.x.ssl.client.auth)",
        ),
    ],
)
def test_what_kafka_refuses_is_refused_in_its_words(
    check: Callable[[Mapping[str, str]], None], configs: Mapping[str, str], words: str
) -> None:
    with pytest.raises(KafkaToolError) as raised:
        check(configs)
    assert raised.value.message == words


def test_what_kafka_takes_is_taken() -> None:
    check_user({"SCRAM-SHA-512": "salt=…", "request_percentage": "12.5", "consumer_byte_rate": "-1"})
    check_ip({"connection_creation_rate": "0"})
    of_broker({"listener.name.a.ssl.keystore.type": "JKS", "of.a.plug-in": "x", "listener.name.a.log.dirs": "x"})
    of_all({"listener.name.a.max.connections": "7", "num.io.threads": "3", "log.retention.ms": "-1"})


def test_passwords_are_known_with_any_prefix() -> None:
    assert is_password("listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config")
    assert is_password("listener.name.a.ssl.key.password")
    assert not is_password("listener.name.a.ssl.keystore.location")
    assert not any(map(is_password, OF_BROKERS))
