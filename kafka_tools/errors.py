"""The errors that a user can meet, and the words of Java's clients for the error codes of brokers.

Any other exception is a bug in ktools.
"""

from collections.abc import Iterable

# Codes have a name where something here acts on them; the others need their words only.
OFFSET_OUT_OF_RANGE = 1
UNKNOWN_TOPIC_OR_PARTITION = 3
INVALID_TOPIC = 17
INVALID_GROUP_ID = 24
TOPIC_AUTHORIZATION_FAILED = 29
GROUP_AUTHORIZATION_FAILED = 30
CLUSTER_AUTHORIZATION_FAILED = 31
UNSUPPORTED_VERSION = 35
TOPIC_ALREADY_EXISTS = 36
NOT_CONTROLLER = 41
SECURITY_DISABLED = 54
DELEGATION_TOKEN_REQUEST_NOT_ALLOWED = 64
NON_EMPTY_GROUP = 68
GROUP_ID_NOT_FOUND = 69
ELECTION_NOT_NEEDED = 84

NOT_AUTHORIZED = (TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED)

JAVA_WORDS = {
    -1: "The server experienced an unexpected error when processing the request.",
    OFFSET_OUT_OF_RANGE: "The requested offset is not within the range of offsets maintained by the server.",
    2: "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted topic, or is "
    "otherwise corrupt.",
    UNKNOWN_TOPIC_OR_PARTITION: "This server does not host this topic-partition.",
    5: "There is no leader for this topic-partition as we are in the middle of a leadership election.",
    6: "For requests intended only for the leader, this error indicates that the broker is not the current leader. For "
    "requests intended for any replica, this error indicates that the broker is not a replica of the topic partition.",
    7: "The request timed out.",
    8: "The broker is not available.",
    10: "The request included a message larger than the max message size the server will accept.",
    14: "The coordinator is loading and hence can't process requests.",
    15: "The coordinator is not available.",
    16: "This is not the correct coordinator.",
    INVALID_TOPIC: "The request attempted to perform an operation on an invalid topic.",
    INVALID_GROUP_ID: "The configured groupId is invalid.",
    19: "Messages are rejected since there are fewer in-sync replicas than required.",
    20: "Messages are written to the log, but to fewer in-sync replicas than required.",
    TOPIC_AUTHORIZATION_FAILED: "Topic authorization failed.",
    GROUP_AUTHORIZATION_FAILED: "Group authorization failed.",
    CLUSTER_AUTHORIZATION_FAILED: "Cluster authorization failed.",
    32: "The timestamp of the message is out of acceptable range.",
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
    47: "Producer attempted to produce with an old epoch.",
    48: "The producer attempted a transactional operation in an invalid state.",
    51: "The producer attempted to update a transaction while another concurrent operation on the same transaction was "
    "ongoing.",
    52: "Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current coordinator for "
    "a given producer.",
    53: "Transactional Id authorization failed.",
    SECURITY_DISABLED: "Security features are disabled.",
    56: "Disk error when trying to access log file on the disk.",
    60: "A partition reassignment is in progress.",
    61: "Delegation Token feature is not enabled.",
    62: "Delegation Token is not found on server.",
    63: "Specified Principal is not valid Owner/Renewer.",
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: "Delegation Token requests are not allowed on PLAINTEXT/1-way SSL channels "
    "and on delegation token authenticated channels.",
    65: "Delegation Token authorization failed.",
    66: "Delegation Token is expired.",
    67: "Supplied principalType is not supported.",
    NON_EMPTY_GROUP: "The group is not empty.",
    GROUP_ID_NOT_FOUND: "The group id does not exist.",
    73: "Topic deletion is disabled.",
    80: "The preferred leader was not available.",
    83: "Eligible topic partition leaders are not available.",
    ELECTION_NOT_NEEDED: "Leader election not needed for topic partition.",
    86: "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.",
    87: "This record has failed the validation on broker and hence will be rejected.",
    89: "The throttling quota has been exceeded.",
    102: "The given broker ID was not registered.",
    105: "The transactionalId could not be found.",
    128: "The regular expression is not valid.",
    129: "Client metadata is stale. The client should rebootstrap to obtain new metadata.",
    136: "The given controller ID was not registered.",
}
"""The words of Java's clients for an error code, used where the broker sends no message of its own.

librdkafka has other words for the same codes. Source: org.apache.kafka.common.protocol.Errors, Kafka 4.3.
"""

JAVA_EXCEPTIONS = {
    -1: "UnknownServerException",
    OFFSET_OUT_OF_RANGE: "OffsetOutOfRangeException",
    2: "CorruptRecordException",
    UNKNOWN_TOPIC_OR_PARTITION: "UnknownTopicOrPartitionException",
    5: "LeaderNotAvailableException",
    6: "NotLeaderOrFollowerException",
    7: "TimeoutException",
    10: "RecordTooLargeException",
    19: "NotEnoughReplicasException",
    20: "NotEnoughReplicasAfterAppendException",
    TOPIC_AUTHORIZATION_FAILED: "TopicAuthorizationException",
    GROUP_AUTHORIZATION_FAILED: "GroupAuthorizationException",
    CLUSTER_AUTHORIZATION_FAILED: "ClusterAuthorizationException",
    32: "InvalidTimestampException",
    UNSUPPORTED_VERSION: "UnsupportedVersionException",
    NOT_CONTROLLER: "NotControllerException",
    42: "InvalidRequestException",
    44: "PolicyViolationException",
    SECURITY_DISABLED: "SecurityDisabledException",
    56: "KafkaStorageException",
    61: "DelegationTokenDisabledException",
    62: "DelegationTokenNotFoundException",
    63: "DelegationTokenOwnerMismatchException",
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: "UnsupportedByAuthenticationException",
    65: "DelegationTokenAuthorizationException",
    66: "DelegationTokenExpiredException",
    67: "InvalidPrincipalTypeException",
    NON_EMPTY_GROUP: "GroupNotEmptyException",
    GROUP_ID_NOT_FOUND: "GroupIdNotFoundException",
    80: "PreferredLeaderNotAvailableException",
    83: "EligibleLeadersNotAvailableException",
    ELECTION_NOT_NEEDED: "ElectionNotNeededException",
    86: "GroupSubscribedToTopicException",
    102: "BrokerIdNotRegisteredException",
    126: "DuplicateVoterException",
    127: "VoterNotFoundException",
    136: "ControllerIdNotRegisteredException",
}
"""The classes of Java's exceptions, in org.apache.kafka.common.errors, where a tool of Apache's prints them."""


NOTHING_CHANGED = "Nothing was changed."
OUTCOME_UNKNOWN = "Whether it was carried out is not known: look before you try again."
"""What is told with a change that failed, so that nobody has to wonder."""


class KafkaToolError(Exception):
    """An expected failure: the cluster refused, a topic does not exist, nothing listens at the address.

    `message` is one line that names the cause, `hint` tells what to try (may be empty), `status` is the exit status.
    """

    def __init__(self, message: str, hint: str = "", status: int = 1) -> None:

        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status


class UsageError(KafkaToolError):
    """The command line is wrong, which was found before any cluster was asked."""


class UnreachableError(KafkaToolError):
    """No server of the cluster answers in time."""


class AuthenticationError(KafkaToolError):
    """The broker does not let this user in, or is not the one it says it is."""


class UnsupportedError(KafkaToolError):
    """The broker knows no version of a request that is known here."""


class BrokerError(KafkaToolError):
    """A broker answered with an error `code` instead of a result, and maybe with a message of its own."""

    def __init__(self, code: int, message: str | None = None, hint: str = "") -> None:
        # Brokers send no message (null) or an empty one with most codes. A code that is not in the table is one of a
        # newer Kafka, or one that no request of ktools is answered with.
        super().__init__(message or JAVA_WORDS.get(code, f"The broker answered with error {code}."), hint)
        self.code = code


def as_java_prints(error: KafkaToolError) -> str:
    """Return an error as Java prints an exception: with its class, where that is known."""
    name = java_class(error)
    return f"{name}: {error.message}" if name else error.message


def java_class(error: KafkaToolError) -> str:
    """Return the class of Java's exception for what a broker answered, with its package; "" where it is not known."""
    name = JAVA_EXCEPTIONS.get(error.code) if isinstance(error, BrokerError) else None
    return f"org.apache.kafka.common.errors.{name}" if name else ""


def check_code(code: int, message: str | None = None, needs: str = "") -> None:
    """Raise BrokerError unless the code is 0.

    `needs` is the right that the request asks for (`ALTER on topic 'a'`): it is told to a user who lacks it.
    """
    if code:
        # KafkaApis (3.9) describes the request there as a Java object, with addresses in memory.
        if message is not None and message.startswith("Request Request("):
            message = None
        raise BrokerError(code, message, f"It needs {needs}." if needs and code in NOT_AUTHORIZED else "")


def a_request(name: str) -> str:
    """Return `a Metadata request`, `an OffsetCommit request`: a request by its name in Kafka's protocol."""
    return f"{'an' if name.startswith(tuple('AEIOU')) else 'a'} {name} request"


def nearest(word: str, known: Iterable[str], most: int = 1, likeness: float = 0.6) -> list[str]:
    """Return up to `most` of the known words that are similar to `word`, the most similar first.

    `likeness` is how similar they must be, from 0 to 1 (difflib's ratio).
    """
    import difflib  # only a mistyped word needs it

    return difflib.get_close_matches(word, list(known), n=most, cutoff=likeness)
