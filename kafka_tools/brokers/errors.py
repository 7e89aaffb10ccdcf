"""Turns librdkafka's errors into failures that a user can read."""

import re
from typing import TYPE_CHECKING

from kafka_tools.errors import (
    NOT_AUTHORIZED,
    NOTHING_CHANGED,
    OUTCOME_UNKNOWN,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    a_request,
)

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

    from kafka_tools.model.security import Security

LOCAL = -100
"""Codes up to this one are librdkafka's own (RD_KAFKA_RESP_ERR__END): no broker answered."""

NEVER_SENT = "Failed while waiting for controller", "Failed while waiting for broker"
"""How librdkafka 2.16 words a request that found no connection to go out on (rd_kafka_admin_worker)."""


REFUSALS = frozenset({"_INVALID_ARG", "_INVALID_TYPE", "_CONFLICT", "_NOT_IMPLEMENTED", "_UNSUPPORTED_FEATURE"})
"""Names of librdkafka's errors about the request itself, or about brokers that are too old for it."""


UNREADABLE = (ValueError, TypeError, RuntimeError, SystemError, MemoryError)
"""What confluent-kafka 2.16 raises, in place of a KafkaException, where it cannot turn a broker's answer into Python's
objects: a name that is no UTF-8, another number of results than of questions, an unknown kind of config."""

CANNOT_BE_READ = frozenset({"_BAD_MSG", "_UNDERFLOW", "_PARTIAL"})
"""Names of librdkafka's own errors about an answer that came and makes no sense."""


def unreadable(servers: str, request: str, why: object) -> KafkaToolError:
    """Return the failure to make sense of the answer to a request: no broker of Apache's answers so."""
    return KafkaToolError(f"{servers} gave an answer to {a_request(request)} that cannot be read: {why}.")


def whole_number(value: str | None, what: str) -> int:
    """Return the number that a config is. Raises KafkaToolError that names the config where it is none."""
    try:
        return int(value or 0)
    except ValueError:
        raise KafkaToolError(f"{what} is '{value}', which is no number.") from None


class NoResponseError(UnreachableError):
    """A request was not answered in time. Unless it was not even `sent`, nobody knows whether it was carried out."""

    def __init__(self, message: str, hint: str = "", sent: bool = True) -> None:
        super().__init__(message, hint)
        self.sent = sent

    def of_change(self) -> "NoResponseError":
        """Return the same failure of a request that was to change something, with what is known of the change."""
        return NoResponseError(self.message, OUTCOME_UNKNOWN if self.sent else NOTHING_CHANGED, self.sent)


def is_local(error: "KafkaError") -> bool:
    """Tell whether librdkafka itself reports this, because no broker answered."""
    return error.code() <= LOCAL


def is_refused(error: "KafkaError") -> bool:
    """Tell whether librdkafka itself refused to send the request."""
    return error.name() in REFUSALS


def was_sent(error: "KafkaError") -> bool:
    """Tell whether the request that failed with this error of librdkafka's own may have reached a broker."""
    return not error.str().startswith(NEVER_SENT)


def broker_error(error: "KafkaError", needs: str = "") -> BrokerError:
    """Return what a broker answered: its own message, and where it sent none, Java's words for the code.

    `needs` is the right that the request asks for (`ALTER on topic 'a'`): it is told to a user who lacks it.
    """
    code = error.code()
    # Kafka's brokers often say more than the code (`Replication factor: 4 larger than available brokers: 3.`).
    own = error.str().removeprefix("Failed to get metadata: ")  # what list_topics puts before it
    message = None if own == type(error)(code).str() else own  # librdkafka puts words of its own where there are none
    return BrokerError(code, message, f"It needs {needs}." if needs and code in NOT_AUTHORIZED else "")


def words(error: "KafkaError") -> str:
    """Return what librdkafka says of a connection, without the broker's name and its own bookkeeping."""
    # From `host:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)`
    # remains what a person needs; `Local: ` is before words of librdkafka's own.
    said = re.sub(r"^\S+/(bootstrap|\d+): |Local: | \(after \d+ms in state .*\)$", "", error.str())
    return said[:1].lower() + said[1:]


def refused_settings(error: "KafkaError", security: "Security | None") -> KafkaToolError:
    """Return why librdkafka makes no client of its settings.

    Of certificates and keys it says such as `ssl.key.pem failed: error:05800074`, whatever was the matter and wherever
    they came from: OpenSSL itself is asked for those.
    """
    if security is not None and security.tls is not None:
        from kafka_tools.openssl import context

        try:
            context(security.tls)
        except KafkaToolError as plainer:
            return plainer
    return KafkaToolError(words(error))
