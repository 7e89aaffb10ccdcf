"""What the streaming tools ask a cluster before they start."""

import re
import time
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any

from kafka_tools.brokers.errors import refused_settings
from kafka_tools.brokers.library import confluent_kafka, new_client
from kafka_tools.brokers.session import check_proofs, client_settings
from kafka_tools.console.outages import Outages
from kafka_tools.console.process import note
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.model.topic_names import MAX_NAME_LENGTH

CONNECT_SECONDS = 5.0
"""How long an unreachable cluster is waited for."""

LIST_SECONDS = 0.7
"""How long librdkafka is waited for before our own connection is asked what is wrong."""

CONFIGS_SECONDS = 3.0
"""How long a topic's configs are waited for: they are optional here, and a broker without ZooKeeper never answers."""

GROUP_SECONDS = 6.0
"""How long a group takes to share out its partitions before the user is told what it waits for."""

COORDINATOR_SECONDS = 2.0
"""How long a group's coordinator is waited for before it is said not to be there."""

TOPIC_APPEARS_SECONDS = 1.0
"""How long a broker may not yet know a topic that was just created."""

TOPIC_IS_MADE_SECONDS = 10.0
"""How long brokers may take to make a topic by themselves."""

PARTITION_APPEARS_SECONDS = 3.0
"""How long a broker may not yet know a partition that was just added."""

GROUPS_TOPIC = "__consumer_offsets"
HINT = "`ktools topics --list` shows what is there; `ktools topics --create` makes a topic."


class Cluster:
    """One client's view of its cluster: pass `outages.on_error` as its `error_cb`."""

    def __init__(self, brokers: Brokers) -> None:
        check_proofs(brokers)
        self._brokers = brokers
        self.outages = Outages(brokers)

    def open(self, make: Callable[[dict[str, Any]], Any], settings: dict[str, Any]) -> Any:
        """Return a client (confluent_kafka.Consumer or Producer). Raises KafkaToolError for settings it refuses."""
        try:
            return new_client(make, settings)
        except confluent_kafka().KafkaException as error:
            raise refused_settings(error.args[0], self._brokers.security) from error

    def topics(self, client: Any) -> Mapping[str, Any]:
        """Return all topics (confluent_kafka's, by name).

        Raises UnreachableError where no broker answers in CONNECT_SECONDS.
        """
        topics: Mapping[str, Any] = self._metadata(client, None)
        return topics

    def partitions(self, client: Any, topic: str, named: Collection[int] = (), makes: bool = False) -> tuple[int, ...]:
        """Return the topic's partitions; those `named` get some time to appear.

        With `makes` a topic that is not there comes into being where the brokers make topics by themselves
        (auto.create.topics.enable), as with Java's producer. Raises UnreachableError where no broker answers in
        CONNECT_SECONDS, KafkaToolError where there is no such topic.
        """
        # Of a name that is too long for the protocol confluent-kafka (2.16) makes a RuntimeError.
        if not is_sendable(topic) or len(topic) > MAX_NAME_LENGTH:
            raise KafkaToolError(f"'{topic}' is not a valid topic name", HINT)
        found = self._metadata(client, topic)[topic]
        is_new = makes and found.error is not None and _may_appear(found.error)
        patience = self._ask_for(topic) if is_new else TOPIC_APPEARS_SECONDS
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            if found.partitions:
                if waited > PARTITION_APPEARS_SECONDS or found.partitions.keys() >= set(named):
                    break
            elif waited > patience or (found.error and not _may_appear(found.error)):
                raise _unusable(topic, found.error)
            time.sleep(0.1)
            found = self._metadata(client, topic)[topic]
        if is_new:
            note(f"ktools: topic '{topic}' was not there; the brokers made it (auto.create.topics.enable).")
        return tuple(sorted(found.partitions))

    def _ask_for(self, topic: str) -> float:
        """Ask the brokers for a topic so that they may make it; return how many seconds it may take to appear."""
        # Java's producer asks for metadata with allow_auto_topic_creation, and the broker answers that it knows no such
        # topic while it is being made. Who may not read the broker's configs waits as if it made none.
        admin = self._admin(**{"allow.auto.create.topics": True})
        try:
            brokers = list(admin.list_topics(topic, timeout=CONNECT_SECONDS).brokers)
        except confluent_kafka().KafkaException:
            return TOPIC_APPEARS_SECONDS
        configs = self._configs("BROKER", str(brokers[0])) if brokers else {}
        return TOPIC_IS_MADE_SECONDS if configs.get("auto.create.topics.enable") == "true" else TOPIC_APPEARS_SECONDS

    def topic_configs(self, topic: str) -> dict[str, str]:
        """Return the topic's configs, those that are not set included; nothing where they cannot be had."""
        return self._configs("TOPIC", topic)

    def _configs(self, kind: str, name: str) -> dict[str, str]:
        kafka, admin_module = confluent_kafka(), import_module("confluent_kafka.admin")
        admin = self._admin()
        asked = admin_module.ConfigResource(admin_module.ResourceType[kind], name)
        began = time.monotonic()
        while True:
            [answer] = admin.describe_configs([asked], request_timeout=CONFIGS_SECONDS).values()
            # A broker may not know a topic yet that another has just made.
            try:
                return {name: entry.value for name, entry in answer.result().items() if entry.value is not None}
            except kafka.KafkaException as error:
                if not _may_appear(error.args[0]) or time.monotonic() - began > TOPIC_APPEARS_SECONDS:
                    return {}
            time.sleep(0.01)

    def why_group_waits(self, client: Any, group: str) -> str:
        """Return, in words, why a group does not share out its partitions: no coordinator, or another member."""
        [answer] = self._admin().describe_consumer_groups([group], request_timeout=COORDINATOR_SECONDS).values()
        # Describing a group needs its coordinator, and nothing else: that it fails is the answer here.
        try:
            answer.result(COORDINATOR_SECONDS)  # librdkafka looks for a coordinator longer than it was told to
        except (confluent_kafka().KafkaException, TimeoutError):
            return self._why_no_coordinator(client, group)
        return (
            "waiting for the group to share out its partitions (a member that was killed leaves it when "
            "its session.timeout.ms have passed)"
        )

    def _why_no_coordinator(self, client: Any, group: str) -> str:
        """Return why nobody coordinates a group: its partition has no leader, or the topic cannot even be made."""
        gone = f"the coordinator of group '{group}' is not there: "
        try:
            cluster = client.list_topics(timeout=LIST_SECONDS)
        except confluent_kafka().KafkaException:
            return f"{gone}nobody answers. Waiting."
        if GROUPS_TOPIC in cluster.topics or not cluster.brokers:
            led = f"the partition of {GROUPS_TOPIC} that keeps the group has no leader that is reached"
            return f"{gone}{led}. Waiting."
        # A broker makes the topic when the first group is asked for, and refuses, in its log only, where it is too few
        # (kafka.server.DefaultAutoTopicCreationManager 3.9).
        needed = self._configs("BROKER", str(next(iter(cluster.brokers)))).get("offsets.topic.replication.factor", "?")
        return (
            f"{gone}the topic {GROUPS_TOPIC}, which keeps groups, cannot be made: it needs "
            f"offsets.topic.replication.factor={needed} brokers, and {len(cluster.brokers)} are there. Waiting."
        )

    def _admin(self, **settings: Any) -> Any:
        settings = client_settings(self._brokers.bootstrap_servers, self._brokers.config) | settings
        return new_client(import_module("confluent_kafka.admin").AdminClient, settings)

    def check_read(self, client: Any, topic: str | None) -> None:
        """Raise KafkaToolError where no record came because brokers that lead the topic (None: any) are not reached."""
        if self.outages.seen:
            topics = self._metadata(client, topic).values()
            leaders = {partition.leader for each in topics for partition in each.partitions.values()}
            self.outages.check_leaders(leaders)

    def _metadata(self, client: Any, topic: str | None) -> Any:
        import_module("confluent_kafka.admin")  # list_topics would do it in C, where Ctrl-C looks like a missing module
        # In slices: librdkafka says of nearly every failed connection that there is no answer, and that only when the
        # time is up. Our own connection tells a refused port, TLS and a wrong password within a second.
        deadline = time.monotonic() + CONNECT_SECONDS + self._brokers.wait_seconds
        while True:
            try:
                found = client.list_topics(topic, timeout=LIST_SECONDS)
            except confluent_kafka().KafkaException as error:
                client.poll(0)
                left = deadline - time.monotonic()
                self.outages.check_contact(max(left, LIST_SECONDS / 2))
                if left <= 0:
                    text = words(error.args[0])
                    raise UnreachableError(
                        f"{self._brokers.bootstrap_servers} answers, but not in time ({text})."
                    ) from error
            else:
                if self._brokers.on_cluster is not None and found.cluster_id:
                    self._brokers.on_cluster(found.cluster_id)
                if topic is not None and topic not in found.topics:
                    servers = self._brokers.bootstrap_servers
                    raise KafkaToolError(f"{servers} was asked for topic '{topic}' and does not speak of it.")
                return found.topics


class GroupWait:
    """Tells once why a group does not share out its partitions, and once that it has.

    `is_told`: it is waited for, and was said so.
    """

    def __init__(self, cluster: Cluster, client: Any, group: str) -> None:
        self.is_told = False
        self._cluster = cluster
        self._client = client
        self._group = group

    def look(self, since: float | None) -> None:
        """Take since when (time.monotonic) the group is waited for; None: it has shared out its partitions."""
        if since is None:
            if self.is_told:
                note("ktools: the group has shared out its partitions.")
            self.is_told = False
        elif not self.is_told and time.monotonic() - since > GROUP_SECONDS:
            self.is_told = True
            note(f"ktools: {self._cluster.why_group_waits(self._client, self._group)}")


def _may_appear(error: Any) -> bool:
    kafka = confluent_kafka().KafkaError
    return error.code() in (kafka.UNKNOWN_TOPIC_OR_PART, kafka.LEADER_NOT_AVAILABLE)


def _unusable(topic: str, error: Any) -> KafkaToolError:
    match error.name() if error else "":
        case "UNKNOWN_TOPIC_OR_PART":
            return KafkaToolError(f"topic '{topic}' does not exist", HINT)
        case "TOPIC_EXCEPTION":
            return KafkaToolError(f"'{topic}' is not a valid topic name", HINT)
        case "TOPIC_AUTHORIZATION_FAILED":
            return KafkaToolError(f"not authorized to access topic '{topic}'", f"It needs DESCRIBE on topic '{topic}'.")
        case _:
            return KafkaToolError(
                f"topic '{topic}' cannot be used: {words(error) if error else 'it has no partitions'}"
            )


def words(error: Any) -> str:
    """Return the reason of a confluent_kafka.KafkaError without its origin: `Message size too large`."""
    text: str = error.str()
    return re.sub(
        r"Unable to produce message: |Broker: |Local: |FindCoordinator response error: | from broker \S+(?=:)", "", text
    ).rstrip(".")


def missing_right(error: Any, topic: str, operation: str, group: str | None = None) -> str:
    """Return what a confluent_kafka.KafkaError says that the user may not do, as an ACL would name it; "" for another.

    `operation` is READ or WRITE. A producer that may write to no topic gets no producer id
    (kafka.server.KafkaApis.handleInitProducerIdRequest 3.9).
    """
    rights = {
        "Topic authorization failed": f"{operation} on topic '{topic}'",
        "Group authorization failed": f"READ on group '{group}'",
        "Cluster authorization failed": f"{operation} on topic '{topic}', or IDEMPOTENT_WRITE on the cluster",
    }
    return next((f"It needs {right}." for text, right in rights.items() if text in error.str()), "")
