"""Reads the topics of a cluster from its brokers.

Leaders and in-sync replicas come from Metadata, which every broker answers from memory. Everything else is optional:
configs, ids, running reassignments and eligible leader replicas (ELR) need a controller, ZooKeeper or a quorum, so each
has a short limit, and what could not be had is told in `notes`.
"""

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from kafka_tools.brokers.errors import NoResponseError, broker_error, unreadable, whole_number
from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.brokers.session import Session
from kafka_tools.errors import (
    CLUSTER_AUTHORIZATION_FAILED,
    TOPIC_AUTHORIZATION_FAILED,
    UNKNOWN_TOPIC_OR_PARTITION,
    AuthenticationError,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    UnsupportedError,
    check_code,
)
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.wire.messages import (
    DEFAULT_CONFIG,
    DESCRIBE_CONFIGS,
    DESCRIBE_QUORUM,
    DESCRIBE_TOPIC_PARTITIONS,
    LIST_PARTITION_REASSIGNMENTS,
    TOPIC,
)
from kafka_tools.wire.schema import Response

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka.admin import ClusterMetadata, TopicMetadata

    from kafka_tools.model.addresses import Address
    from kafka_tools.model.assignment import BrokerRack

Result = TypeVar("Result")
Configs = tuple[Mapping[str, str], int | None]
"""What is set for a topic, and min.insync.replicas as it is in force."""

MANY_TOPICS, MANY_PARTITIONS = 200, 2000
"""With more topics configs come from wire, with more topics or partitions ids do: figures in `kafka_tools.brokers`."""

TOPICS_A_REQUEST = 200
"""For how many topics wire asks for configs at once: a broker takes 1 ms for each where it looks into ZooKeeper."""

PARTITIONS_A_RESPONSE = 2000
"""What Apache's tool asks for, and the most that brokers give (max.request.partition.size.limit)."""

MORE_PARTITIONS = 1000
"""So many partitions, besides twice as many as Metadata names, may be in pages: topics grow meanwhile."""

OPTIONAL_SECONDS = 2.0
"""How long configs and ids are waited for, together; a broker without ZooKeeper would never answer."""

CONTROLLER_SECONDS = 1.5
"""How long the controller is waited for where it is asked for reassignments, while the former are under way."""

LEAST_SECONDS = 0.1
"""How long a response is waited for where that time is up: this process may have stood still meanwhile."""

REACH_SECONDS = 1.0
"""How long brokers are waited for where nobody keeps the list of those that are alive."""

NOT_SEEN = (UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED)
"""A topic that a user may not see is as good as none: brokers leave it out where all topics are asked for."""

MIN_ISR = "min.insync.replicas"
UNKNOWN_CONFIGS: Configs = ({}, None)


class BrokerTopics:
    """The topics of the cluster behind a session, as they were when they were first asked for."""

    def __init__(self, session: Session, partition_size_limit: int | None = None) -> None:
        """Take at most so many partitions in one response where brokers give them page by page (Kafka 4)."""
        self._session = session
        self._partition_size_limit = PARTITIONS_A_RESPONSE if partition_size_limit is None else partition_size_limit
        self._all: ClusterMetadata | None = None
        self._unknown: list[str] = []
        self._trouble = ""
        self._dead: Mapping[int, str] | None = None  # None: nobody looked yet, which is not the same as none found

    def names(self) -> tuple[str, ...]:
        """Return the names of all topics, sorted. Raises KafkaToolError."""
        return tuple(sorted(self._metadata().topics))

    def name_of(self, topic_id: str) -> str | None:
        """Return the name of the topic with this id, None where there is none. Raises KafkaToolError."""
        names = self.names()
        # AdminClient cannot ask for one id (KIP-516): those of all topics are asked for.
        asked = self._ask_for_ids(names) if names and len(names) <= MANY_TOPICS else {}
        ids = self._topic_ids(names, asked, monotonic() + OPTIONAL_SECONDS)
        return next((name for name, each in ids.items() if each == topic_id), None)

    def marked_for_deletion(self) -> frozenset[str]:
        """Return nothing: brokers hide a topic as soon as it is to be deleted."""
        return frozenset()

    def brokers(self) -> "tuple[BrokerRack, ...]":
        """Return the brokers that are alive, by id. Raises KafkaToolError.

        Where no controller answers, nobody takes a dead broker off the list: those that take no connection are left
        out then.
        """
        from kafka_tools.model.assignment import BrokerRack

        racks = self._racks()
        # Looked at only in an outage: it takes a connection to each broker.
        dead = self._not_reached() if self._trouble else ()
        return tuple(BrokerRack(broker, rack) for broker, rack in sorted(racks.items()) if broker not in dead)

    def registered(self) -> "tuple[Mapping[int, Address], int | None]":
        """Return where the brokers that are registered are advertised, by id, and which of them is the controller.

        None where none is; without ZooKeeper brokers name any of them. Raises KafkaToolError.
        """
        found = self._metadata()
        addresses = {each.id: (str(each.host), each.port) for each in found.brokers.values()}
        return addresses, found.controller_id if found.controller_id >= 0 else None

    def describe(self, names: Sequence[str], in_full: bool = True, /) -> tuple[TopicDescription, ...]:
        """Return these topics, in this order, without those deleted meanwhile. Raises KafkaToolError.

        Unless `in_full`, that is their partitions alone: reading configs is a right of its own (DESCRIBE_CONFIGS).

        Where names() was not called before, a single topic alone is asked for: the quick way where there are thousands.
        """
        topics = self._found(names)
        there = [name for name in names if name in topics]
        if not there:
            return ()
        if not in_full:
            return tuple(TopicDescription(name, None, tuple(_partitions(topics[name], None, {})), {}) for name in there)
        partitions = sum(len(topics[name].partitions) for name in there)
        many = len(there) > MANY_TOPICS
        large = many or partitions > MANY_PARTITIONS
        # Pages first: where brokers give them (Kafka 4), ids come with them and need no request.
        pages: dict[str, dict[str, Any]] = self._optional(
            "eligible leader replicas", lambda: self._pages(there, partitions), {}
        )
        # Ids before configs: a broker takes one request of a connection at a time, and the one that stops without
        # ZooKeeper holds up what comes after it. While both are under way, wire asks for reassignments.
        ids = {} if large or pages else self._ask_for_ids(there)
        asked = {} if many else self._ask_for_configs(there)
        deadline = monotonic() + OPTIONAL_SECONDS
        moves: dict[str, dict[int, Response]] = self._optional("running reassignments", self._reassignments, {})
        topic_ids = {name: page["topic_id"] for name, page in pages.items()} or self._topic_ids(there, ids, deadline)
        configs = self._configs(there, asked, deadline)
        return tuple(
            TopicDescription(
                name,
                topic_ids.get(name),
                tuple(_partitions(topics[name], pages.get(name), moves.get(name, {}))),
                *configs[name],
            )
            for name in there
            if name in configs
        )

    def notes(self) -> tuple[str, ...]:
        """Return what could not be found out and why, in words for a user."""
        notes = [f"Not known: {', '.join(self._unknown)}. {self._trouble}"] if self._unknown else []
        notes += [
            f"Broker {broker} is not reached ({cause}), though no controller has taken it off the list: what it led "
            "stays without a leader until there is one."
            for broker, cause in sorted((self._dead or {}).items())
            if self._trouble
        ]
        return tuple(notes)

    def malformed(self) -> tuple[str, ...]:
        """Return nothing: an answer that makes no sense fails the whole command."""
        return ()

    def no_election(self) -> str:
        """Return why no controller could elect a leader now, as far as that was noticed; "" where nothing was."""
        return self._trouble

    def unreached_brokers(self) -> Mapping[int, str]:
        """Return the brokers that are listed as alive and take no connection, by id, each with the cause."""
        return self._not_reached()

    def _metadata(self) -> "ClusterMetadata":
        if self._all is None:
            self._all = self._session.metadata()
        return self._all

    def _found(self, names: Sequence[str]) -> "dict[str, TopicMetadata]":
        """Return those of the topics that are there. Raises BrokerError for one that brokers cannot tell of."""
        if not names:
            return {}
        known = self._metadata() if self._all or len(names) > 1 else self._session.metadata(names[0])
        found = {}
        for name in names:
            topic = known.topics.get(name)
            if topic is None or (topic.error is not None and topic.error.code() in NOT_SEEN):
                continue
            if topic.error is not None:
                raise broker_error(topic.error)
            found[name] = topic
        return found

    def _optional(self, what: str, ask: Callable[[], Result], otherwise: Result) -> Result:
        """Return what is asked for, or `otherwise`, with a note, where nobody answers in time."""
        try:
            return ask()
        except (UnreachableError, AuthenticationError) as error:
            self._lost(what, error)
            return otherwise

    def _lost(self, what: str, error: KafkaToolError) -> None:
        self._unknown.append(what)
        # The first failure is told: the later ones follow from it.
        self._trouble = self._trouble or f"{error.message} {self._session.question()}".rstrip()

    def _ask_for_configs(self, names: Iterable[str]) -> "Mapping[Any, Future[Any]]":
        from confluent_kafka.admin import ConfigResource

        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        return self._session.admin.describe_configs(resources)

    def _configs(
        self, names: Sequence[str], asked: "Mapping[Any, Future[Any]]", deadline: float
    ) -> Mapping[str, Configs]:
        """Return the configs of each topic that is still there. Raises BrokerError where a user may not read them."""
        unknown = dict.fromkeys(names, UNKNOWN_CONFIGS)
        if not asked:
            return self._optional("configs", lambda: self._configs_by_wire(names, OPTIONAL_SECONDS), unknown)
        try:
            answered = self._session.collect("DescribeConfigs", asked, max(deadline - monotonic(), LEAST_SECONDS))
        # ZooKeeper may be gone, or only the controller: another way is tried where one is left.
        except NoResponseError as error:
            if self._session.wire.supports(DESCRIBE_QUORUM):  # without ZooKeeper every broker knows configs itself
                return self._optional("configs", lambda: self._configs_by_wire(names, REACH_SECONDS), unknown)
            self._lost("configs", error)
            return unknown
        found = {}
        for resource, result in answered.items():
            if not isinstance(result, BrokerError):
                entries = ((entry.name, entry.value, entry.source) for entry in result.values())
                found[resource.name] = _settings(resource.name, entries)
            elif result.code != UNKNOWN_TOPIC_OR_PARTITION:
                check_code(result.code, result.message, f"DESCRIBE_CONFIGS on topic '{resource.name}'")
        return found

    def _configs_by_wire(self, names: Sequence[str], seconds: float) -> Mapping[str, Configs]:
        batches = [names[start : start + TOPICS_A_REQUEST] for start in range(0, len(names), TOPICS_A_REQUEST)]
        requests = [
            {"resources": [{"resource_type": TOPIC, "resource_name": name} for name in each]} for each in batches
        ]
        found = {}
        responses = self._session.wire.ask_each(DESCRIBE_CONFIGS, requests, seconds)
        for batch, response in zip(batches, responses, strict=True):
            results = {result["resource_name"]: result for result in response["results"]}
            for name in batch:
                if name not in results:  # a topic that was deleted meanwhile has a result that says so
                    raise self._unreadable("DescribeConfigs", f"topic '{name}' is not in it")
                code = results[name]["error_code"]
                if code != UNKNOWN_TOPIC_OR_PARTITION:
                    check_code(code, results[name]["error_message"], f"DESCRIBE_CONFIGS on topic '{name}'")
                    configs = results[name]["configs"]
                    entries = ((each["name"], each["value"], each["config_source"]) for each in configs)
                    found[name] = _settings(name, entries)
        return found

    def _ask_for_ids(self, names: Sequence[str]) -> "Mapping[str, Future[Any]]":
        topics = confluent_kafka().TopicCollection(list(names))
        return self._session.admin.describe_topics(topics)

    def _topic_ids(
        self, names: Sequence[str], asked: "Mapping[str, Future[Any]]", deadline: float
    ) -> Mapping[str, str | None]:
        """Return the ids of the topics: from AdminClient where it was asked for them and reaches the controller."""
        if asked and not self._trouble:
            with suppress(NoResponseError):
                described = self._session.collect("Metadata", asked, max(deadline - monotonic(), LEAST_SECONDS))
                return {
                    name: kafka_uuid(str(topic.topic_id))
                    for name, topic in described.items()
                    if not isinstance(topic, BrokerError)
                }
        wanted = names if len(names) <= MANY_TOPICS else None
        topics = self._session.wire.metadata(wanted)["topics"]
        return {topic["name"]: kafka_uuid(b2a_base64(topic["topic_id"]).decode()) for topic in topics}

    def _pages(self, names: Sequence[str], partitions: int) -> dict[str, dict[str, Any]]:
        """Return the topics with their ELR; none where brokers keep none (before Kafka 4, KIP-966).

        `partitions` is how many the topics have, as Metadata has just told.
        """
        wire = self._session.wire
        if not wire.supports(DESCRIBE_TOPIC_PARTITIONS):
            return {}
        found: dict[str, dict[str, Any]] = {}
        missing = set(names)
        for topic in self._paged(names, partitions):
            missing.discard(topic["name"])
            if topic["error_code"] in NOT_SEEN:
                continue
            check_code(topic["error_code"])
            # The page before ended within this topic.
            if topic["name"] in found:
                found[topic["name"]]["partitions"] += topic["partitions"]
            else:
                found[topic["name"]] = topic | {"topic_id": kafka_uuid(b2a_base64(topic["topic_id"]).decode())}
        if missing:
            raise self._unreadable("DescribeTopicPartitions", f"topic '{min(missing)}' is not in it")
        return found

    def _paged(self, names: Sequence[str], partitions: int) -> Iterator[Response]:
        """Yield topics, one that is cut by the end of a page twice. Brokers go through them by name."""
        left, cursor = sorted(names), None
        # Every page moves the cursor on and brings a partition, and there are not many more of these than Metadata has
        # just named: whose pages go on and on is no broker of Apache's, and would never let us go.
        room = 2 * partitions + MORE_PARTITIONS
        while left:
            asked = left[: self._partition_size_limit]  # no topic is without partitions
            request = {
                "topics": [{"name": name} for name in asked],
                "response_partition_limit": self._partition_size_limit,
                "cursor": cursor,
            }
            page = self._session.wire.ask(DESCRIBE_TOPIC_PARTITIONS, request)
            yield from page["topics"]
            brought = sum(len(topic["partitions"]) for topic in page["topics"])
            room -= brought
            if page["next_cursor"] and (not brought or room < 0 or _position(page["next_cursor"]) <= _position(cursor)):
                at = page["next_cursor"]["topic_name"]
                raise self._unreadable("DescribeTopicPartitions", f"its pages do not end, the next begins at {at}")
            cursor = page["next_cursor"]
            left = [name for name in left if name >= cursor["topic_name"]] if cursor else left[len(asked) :]

    def _unreadable(self, request: str, why: str) -> KafkaToolError:
        return unreadable(self._session.target.bootstrap_servers, request, why)

    def _reassignments(self) -> dict[str, dict[int, Response]]:
        """Return the partitions that are being moved; none where nobody may know, as Apache's tool has it."""
        try:
            response = self._session.wire.ask_controller(LIST_PARTITION_REASSIGNMENTS, {}, CONTROLLER_SECONDS)
        except UnsupportedError:
            return {}
        # Reassignments need DESCRIBE on the cluster. Apache's tool (3.9) leaves them out for those who lack it, and so
        # they see under-replicated what is only being moved.
        if response["error_code"] == CLUSTER_AUTHORIZATION_FAILED:
            return {}
        check_code(response["error_code"], response["error_message"])
        return {
            topic["name"]: {partition["partition_index"]: partition for partition in topic["partitions"]}
            for topic in response["topics"]
        }

    def _racks(self) -> dict[int, str | None]:
        if not self._trouble:
            try:
                cluster = self._session.ask("DescribeCluster", lambda admin: admin.describe_cluster(), OPTIONAL_SECONDS)
            except NoResponseError as error:
                self._trouble = f"{error.message} {self._session.question()}".rstrip()
            else:
                return {broker.id: broker.rack for broker in cluster.nodes}
        return {broker["node_id"]: broker["rack"] for broker in self._session.wire.metadata(())["brokers"]}

    def _not_reached(self) -> Mapping[int, str]:
        """Return the brokers that take no connection, and why; none where that is so of all: it lies with us then."""
        from kafka_tools.brokers.diagnosis import causes_unreached

        if self._dead is None:
            brokers = self._session.wire.brokers()
            dead = causes_unreached(brokers, self._session.target.security, monotonic() + REACH_SECONDS)
            self._dead = dead if len(dead) < len(brokers) else {}
        return self._dead


def _position(cursor: Mapping[str, Any] | None) -> tuple[str, int]:
    """Return where a page begins, in the order in which brokers go through topics."""
    return (cursor["topic_name"], cursor["partition_index"]) if cursor else ("", -1)


def _settings(topic: str, entries: Iterable[tuple[str, str | None, int]]) -> Configs:
    """Return what is not Kafka's own default, and the value of min.insync.replicas (TopicCommand 3.9 and 4.3)."""
    configs: dict[str, str] = {}
    min_isr = None
    for name, value, source in entries:
        # What is set on the broker counts as a config of the topic here: Apache's tool (3.9) prints it so.
        if source != DEFAULT_CONFIG:
            configs[name] = value  # type: ignore[assignment]  # None: a value that is secret
        if name == MIN_ISR:
            min_isr = whole_number(value, f"{MIN_ISR} of topic '{topic}'")
    return configs, min_isr


def _partitions(topic: "TopicMetadata", page: Response | None, moves: Mapping[int, Response]) -> Iterator[Partition]:
    """Yield the partitions in ascending order: as the page tells them, which has ELR and ISR of the same moment."""
    if page is None:
        known = [(each.id, each.leader, tuple(each.replicas), tuple(each.isrs)) for each in topic.partitions.values()]
        found = [Partition(*each) for each in sorted(known)]
    else:
        found = [
            Partition(
                each["partition_index"],
                each["leader_id"],
                each["replica_nodes"],
                each["isr_nodes"],
                elr=each["eligible_leader_replicas"],
                last_known_elr=each["last_known_elr"],
            )
            for each in sorted(page["partitions"], key=itemgetter("partition_index"))
        ]
    for partition in found:
        if partition.leader is not None and partition.leader < 0:
            partition = partition._replace(leader=None)
        if (move := moves.get(partition.partition)) is not None:
            adding, removing = move["adding_replicas"], move["removing_replicas"]
            partition = partition._replace(adding_replicas=adding, removing_replicas=removing)
        yield partition


def kafka_uuid(text: str) -> str | None:
    """Return a uuid as Kafka prints it (org.apache.kafka.common.Uuid), None for the one that stands for none.

    `text` is standard base64, as `str(confluent_kafka.Uuid)` gives it: `+/` where Kafka has `-_`.
    """
    # Java prints no padding, and the alphabet that may stand in a URL.
    url_safe = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    return url_safe if url_safe.strip("A") else None
