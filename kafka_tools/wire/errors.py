"""What brokers refuse with, in the words of Java's clients (org.apache.kafka.common.protocol.Errors, 4.3)."""

from kafka_tools.errors import KafkaToolError

UNKNOWN_TOPIC_OR_PARTITION = 3
TOPIC_AUTHORIZATION_FAILED = 29
CLUSTER_AUTHORIZATION_FAILED = 31
UNSUPPORTED_VERSION = 35
TOPIC_ALREADY_EXISTS = 36
NOT_CONTROLLER = 41

NOT_AUTHORIZED = (TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED)

MESSAGES = {
    -1: "The server experienced an unexpected error when processing the request.",
    UNKNOWN_TOPIC_OR_PARTITION: "This server does not host this topic-partition.",
    5: "There is no leader for this topic-partition as we are in the middle of a leadership election.",
    7: "The request timed out.",
    8: "The broker is not available.",
    17: "The request attempted to perform an operation on an invalid topic.",
    TOPIC_AUTHORIZATION_FAILED: "Topic authorization failed.",
    CLUSTER_AUTHORIZATION_FAILED: "Cluster authorization failed.",
    UNSUPPORTED_VERSION: "The version of API is not supported.",
    TOPIC_ALREADY_EXISTS: "Topic with this name already exists.",
    37: "Number of partitions is below 1.",
    38: "Replication factor is below 1 or larger than the number of available brokers.",
    39: "Replica assignment is invalid.",
    40: "Configuration is invalid.",
    NOT_CONTROLLER: "This is not the correct controller for this cluster.",
    42: "This most likely occurs because of a request being malformed by the client library or the message was sent to "
    "an incompatible broker. See the broker logs for more details.",
    44: "Request parameters do not satisfy the configured policy.",
    60: "A partition reassignment is in progress.",
    73: "Topic deletion is disabled.",
    89: "The throttling quota has been exceeded.",
    129: "Client metadata is stale. The client should rebootstrap to obtain new metadata.",
}


class BrokerError(KafkaToolError):
    """What a broker answered instead of a result: its error `code`, and its own message where it sent one."""

    def __init__(self, code: int, message: str | None = None, hint: str = "") -> None:
        super().__init__(message or MESSAGES.get(code, f"The broker answered with error {code}."), hint)
        self.code = code


def check(code: int, message: str | None = None, needs: str = "") -> None:
    """Raise BrokerError unless the code is 0; `needs` is the right that the request asks for, told who lacks it."""
    if code:
        raise BrokerError(code, message, f"It needs {needs}." if needs and code in NOT_AUTHORIZED else "")
