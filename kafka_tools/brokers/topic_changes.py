"""Creates and deletes topics, and adds partitions to them, through a cluster's brokers."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kafka_tools.brokers.errors import NoResponseError
from kafka_tools.brokers.session import RESPONSE_SECONDS, Session
from kafka_tools.brokers.topics import BrokerTopics
from kafka_tools.errors import (
    NOT_AUTHORIZED,
    NOT_CONTROLLER,
    NOTHING_CHANGED,
    OUTCOME_UNKNOWN,
    TOPIC_ALREADY_EXISTS,
    UNKNOWN_TOPIC_OR_PARTITION,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    check_code,
)
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicExistsError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka.admin import AdminClient

    from kafka_tools.model.assignment import Assignment

OPERATION_SECONDS = 30.0
"""How long the controller may take to carry a change out; Java's request.timeout.ms."""

REHEARSAL_SECONDS = 3.5
"""How long the controller may take to check a change. One that has no ZooKeeper, or no majority, never answers: better
to hear of it by a request that changes nothing."""

TOPIC_SECONDS = 0.2
"""How much longer it may take for each further topic: a controller with ZooKeeper writes them one after the other."""

ELECTION_SECONDS = 2.0
"""How long a change is sent again to brokers that are no controller, or no longer."""

KNOWN_SECONDS, PAUSE_SECONDS = 2.0, 0.02
"""How long brokers may take to hear of a change, and how often they are asked."""

SHORT_MAX = 32767
LIBRDKAFKA_PARTITIONS, LIBRDKAFKA_REPLICAS = range(1, 100_001), range(1, 10_001)
"""The counts that librdkafka sends (RD_KAFKAP_PARTITIONS_MAX, RD_KAFKAP_BROKERS_MAX)."""


class BrokerTopicChanges:
    """Changes of topics of the cluster behind a session. Each is sent to the controller once, or not at all."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.topics = BrokerTopics(session)

    def create(self, topic: NewTopic, validate_only: bool = False) -> "Assignment | None":
        """Create one topic. Raises TopicExistsError, KafkaToolError in the broker's words, UnreachableError."""
        _check_counts(topic)
        self._session.metadata(topic.topic)  # first contact: what fails from here on lies with the controller
        if not _sendable(topic):
            self._session.check_controller()
            self._session.wire.change(*_create_request(topic, validate_only), _first_error)
            return topic.assignment
        new = _new_topic(topic)

        def send(rehearsal: bool) -> Results:
            return self._sent(
                "CreateTopics",
                lambda admin, limits: admin.create_topics([new], validate_only=rehearsal, **limits),
                rehearsal,
            )

        # First with validate_only: a controller that cannot write never answers, and only a rehearsal can be given up
        # without doubt whether the topic is there.
        results = send(True)
        # What the rehearsal refused is not sent again: the answer would be the same.
        if results[topic.topic] is None and not validate_only:
            results = send(False)
        error = results[topic.topic]
        if error is not None:
            if error.code == TOPIC_ALREADY_EXISTS:
                raise TopicExistsError(topic.topic)
            check_code(error.code, error.message, f"CREATE on topic '{topic.topic}' or on the cluster")
        if not validate_only:
            self._wait_until_known({topic.topic: 1})
        return topic.assignment

    def create_partitions(
        self, partitions: Sequence[NewPartitions], validate_only: bool = False
    ) -> "dict[str, Assignment | KafkaToolError | None]":
        """Add partitions to topics, all in one request; return for each its new replicas or the failure.

        Raises UnreachableError where no controller answers: nothing was changed then, unless the hint says otherwise.
        """
        # As in `create`: first contact, and by it librdkafka knows the controller.
        self._session.metadata(partitions[0].topic)
        results: dict[str, Assignment | KafkaToolError | None] = {each.topic: each.assignment for each in partitions}
        # An assignment of () adds nothing: librdkafka refuses an empty list, brokers say what is wrong.
        odd = [each for each in partitions if each.total_count not in LIBRDKAFKA_PARTITIONS or each.assignment == ()]
        for each in odd:
            results |= self._refused(each, validate_only)
        even = [each for each in partitions if each not in odd]
        if even:
            results |= self._added(even, validate_only)
        grown = {each.topic: each.total_count for each in even if not isinstance(results[each.topic], KafkaToolError)}
        if not validate_only:
            self._wait_until_known(grown)
        return results

    def delete_topics(self, topics: Sequence[str]) -> dict[str, KafkaToolError | None]:
        """Delete topics, all in one request; return for each the failure, None where it is deleted.

        Raises UnreachableError as `create_partitions` does.
        """
        self._session.metadata(topics[0])
        self._session.check_controller()
        results = self._sent(
            "DeleteTopics",
            lambda admin, limits: admin.delete_topics(list(topics), **limits),
            rehearsal=False,
            count=len(topics),
        )
        self._wait_until_known({topic: 0 for topic, error in results.items() if error is None})
        return {topic: _with_right(error, f"DELETE on topic '{topic}'") for topic, error in results.items()}

    def has_controller(self) -> bool:
        """Tell that a cluster which carried out such a request has a controller."""
        return True

    def _added(self, partitions: Sequence[NewPartitions], validate_only: bool) -> dict[str, KafkaToolError]:
        """Return the failures. The first topic is a rehearsal for all: it tells whether there is a controller."""
        from confluent_kafka.admin import NewPartitions as AdminNewPartitions

        def send(some: Sequence[NewPartitions], rehearsal: bool) -> Results:
            requests = [_admin_partitions(AdminNewPartitions, each) for each in some]
            return self._sent(
                "CreatePartitions",
                lambda admin, limits: admin.create_partitions(requests, validate_only=rehearsal, **limits),
                rehearsal,
                len(some),
            )

        if validate_only:
            results = send(partitions, True)
        else:
            # One topic is enough to hear whether there is a controller: to rehearse all would double the time.
            results = send(partitions[:1], True)
            fit = [each for each in partitions if results.get(each.topic) is None]
            results |= send(fit, False) if fit else {}
        found = {topic: _with_right(error, f"ALTER on topic '{topic}'") for topic, error in results.items()}
        return {topic: error for topic, error in found.items() if error is not None}

    def _refused(self, partitions: NewPartitions, validate_only: bool) -> dict[str, KafkaToolError]:
        """Return what brokers say to a count, or to a list of replicas, that librdkafka would not send."""
        self._session.check_controller()
        try:
            self._session.wire.change(*_partitions_request(partitions, validate_only), _first_error)
        except UnreachableError:
            raise
        except KafkaToolError as error:
            return {partitions.topic: error}
        return {}

    def _sent(
        self,
        request: str,
        send: "Callable[[AdminClient, Mapping[str, float]], Mapping[str, Future[None]]]",
        rehearsal: bool,
        count: int = 1,
    ) -> "Results":
        """Send a change of `count` topics, again where a broker is no controller any more; return errors by topic.

        Raises UnreachableError: with `rehearsal` nothing was changed, else the hint says whether that is known.
        """
        deadline = monotonic() + ELECTION_SECONDS
        seconds = (REHEARSAL_SECONDS if rehearsal else RESPONSE_SECONDS) + (count - 1) * TOPIC_SECONDS
        # In s. librdkafka waits longer than we do: our own wait ends first, and its message says more.
        limits = {"operation_timeout": OPERATION_SECONDS, "request_timeout": seconds + OPERATION_SECONDS}
        while True:
            try:
                results = self._session.change_each(request, lambda admin: send(admin, limits), seconds)
            except NoResponseError as error:
                if rehearsal:
                    raise self._unchanged(error) from error
                raise
            codes = {error.code for error in results.values() if error is not None}
            # Only where all were refused so: a change that was carried out in part must not be sent again.
            if codes != {NOT_CONTROLLER} or monotonic() > deadline:
                return results
            sleep(PAUSE_SECONDS)
            self._session.metadata(next(iter(results)))  # librdkafka learns by it who the controller is

    def _unchanged(self, error: UnreachableError) -> UnreachableError:
        """Return the failure to reach a controller, with its cause where that is known, and that nothing was done."""
        from kafka_tools.wire.connection import LostResponseError
        from kafka_tools.wire.messages import LIST_PARTITION_REASSIGNMENTS

        message = error.message
        try:
            self._session.wire.ask_controller(LIST_PARTITION_REASSIGNMENTS, {"topics": []}, seconds=1.0)
        except LostResponseError:  # it is silent in other things, too
            pass
        except UnreachableError as found:
            message = found.message
        return UnreachableError(f"{message} {NOTHING_CHANGED}", self._session.question())

    def _wait_until_known(self, at_least: Mapping[str, int]) -> None:
        """Wait until the named servers have heard of a change.

        `at_least`: topic -> so many partitions; 0: no topic. A script's next line looks for it there.
        """
        names = list(at_least)
        if names:
            self._session.wait_until_heard(
                lambda session: _known(session.metadata(names)["topics"], at_least), KNOWN_SECONDS, PAUSE_SECONDS
            )


Results = dict[str, BrokerError | None]
"""Topic -> what the controller refuses with, None where it does not."""


def _known(topics: Sequence[Mapping[str, Any]], at_least: Mapping[str, int]) -> bool:
    for topic in topics:
        wanted, code = at_least.get(topic["name"], 0), topic["error_code"]
        if topic["name"] not in at_least or code not in (0, UNKNOWN_TOPIC_OR_PARTITION):
            continue  # not asked for, or not for this user's eyes
        # -1 stands for a topic that is not there, which is less than any number of partitions.
        found = len(topic["partitions"]) if code == 0 else -1
        if found >= 0 if wanted == 0 else found < wanted:
            return False
    return True


def _with_right(error: BrokerError | None, needs: str) -> KafkaToolError | None:
    """Return the error with the right that a user lacks, where that is what it says."""
    if error is None:
        return None
    hint = f"It needs {needs}." if error.code in NOT_AUTHORIZED else error.hint
    return BrokerError(error.code, error.message, hint)


def _check_counts(topic: NewTopic) -> None:
    """Check what Java's client checks before it sends anything (TopicCommand.createTopic, 3.9)."""
    if topic.replication_factor is not None and not 1 <= topic.replication_factor <= SHORT_MAX:
        raise KafkaToolError(f"The replication factor must be between 1 and {SHORT_MAX} inclusive")
    if topic.partitions is not None and topic.partitions < 1:
        raise KafkaToolError("The partitions must be greater than 0")
    if not topic.topic:
        raise KafkaToolError("The given topic name '' cannot be represented in a request.")
    if not is_sendable(topic.topic):
        raise KafkaToolError(f"The topic name '{topic.topic}' is not UTF-8 text.")


def _sendable(topic: NewTopic) -> bool:
    """Tell whether librdkafka sends such counts: brokers refuse greater ones in words of their own."""
    partitions = topic.partitions if topic.assignment is None else len(topic.assignment)
    return (partitions or 1) in LIBRDKAFKA_PARTITIONS and (topic.replication_factor or 1) in LIBRDKAFKA_REPLICAS


def _new_topic(topic: NewTopic) -> Any:
    from confluent_kafka.admin import NewTopic as AdminNewTopic

    if topic.assignment is not None:  # librdkafka wants the count beside the list
        lists = [list(brokers) for brokers in topic.assignment]
        return AdminNewTopic(topic.topic, len(lists), replica_assignment=lists, config=dict(topic.configs))
    counts = topic.partitions or -1, topic.replication_factor or -1  # -1: the broker's default
    return AdminNewTopic(topic.topic, *counts, config=dict(topic.configs))


def _admin_partitions(make: Callable[..., Any], partitions: NewPartitions) -> Any:
    if partitions.assignment is None:
        return make(partitions.topic, partitions.total_count)
    lists = [list(brokers) for brokers in partitions.assignment]
    return make(partitions.topic, partitions.total_count, replica_assignment=lists)


def _create_request(topic: NewTopic, validate_only: bool) -> tuple[Any, Mapping[str, Any]]:
    from kafka_tools.wire.messages import CREATE_TOPICS

    by_hand = topic.assignment is not None
    request = {
        "name": topic.topic,
        "num_partitions": -1 if by_hand or topic.partitions is None else topic.partitions,
        "replication_factor": -1 if by_hand or topic.replication_factor is None else topic.replication_factor,
        "assignments": [
            {"partition_index": partition, "broker_ids": brokers}
            for partition, brokers in enumerate(topic.assignment or ())
        ],
        "configs": [{"name": name, "value": value} for name, value in topic.configs.items()],
    }
    timeout = int(OPERATION_SECONDS * 1000)
    return CREATE_TOPICS, {"topics": [request], "timeout_ms": timeout, "validate_only": validate_only}


def _partitions_request(partitions: NewPartitions, validate_only: bool) -> tuple[Any, Mapping[str, Any]]:
    from kafka_tools.wire.messages import CREATE_PARTITIONS

    by_hand = partitions.assignment
    request = {
        "name": partitions.topic,
        "count": partitions.total_count,
        "assignments": None if by_hand is None else [{"broker_ids": brokers} for brokers in by_hand],
    }
    timeout = int(OPERATION_SECONDS * 1000)
    return CREATE_PARTITIONS, {"topics": [request], "timeout_ms": timeout, "validate_only": validate_only}


def _first_error(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the only topic's result. Raises BrokerError unless it is a success, or to be asked of another broker."""
    results = response["topics"] if "topics" in response else response["results"]
    if len(results) != 1:
        raise KafkaToolError(
            f"The controller answered with {len(results)} results to a change of one topic.", OUTCOME_UNKNOWN
        )
    [result] = results
    if result["error_code"] != NOT_CONTROLLER:
        check_code(result["error_code"], result["error_message"])
    found: dict[str, Any] = result
    return found
