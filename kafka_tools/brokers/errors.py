"""What a broker or librdkafka refused, in words for a user."""

from typing import Any

from kafka_tools.brokers.session import AdminSession
from kafka_tools.errors import KafkaToolError

UNREACHABLE = ("_TRANSPORT", "_ALL_BROKERS_DOWN", "_RESOLVE", "_TIMED_OUT")
"""Names of librdkafka's own errors that mean: no broker answers."""


def as_tool_error(error: Any, session: AdminSession) -> KafkaToolError:
    """Return the KafkaToolError for a confluent_kafka.KafkaError: the broker's own message where it sent one."""
    if error.name() in UNREACHABLE:
        session.client.poll(0)
        return session.causes.unreachable(session.bootstrap_servers)
    return KafkaToolError(error.str().removeprefix("Broker: "))
