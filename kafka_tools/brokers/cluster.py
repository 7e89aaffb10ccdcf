"""Reads from its servers what a cluster consists of, and has it forget brokers and controllers that have gone."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka_tools.brokers.errors import NoResponseError
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import KafkaToolError, check_code
from kafka_tools.model.cluster import ClusterDescription, Endpoint
from kafka_tools.model.target import Brokers
from kafka_tools.wire.cluster_messages import UNREGISTER_BROKER, UNREGISTER_CONTROLLER
from kafka_tools.wire.config_messages import BROKER_ENDPOINTS, CONTROLLER_ENDPOINTS, DESCRIBE_CLUSTER
from kafka_tools.wire.connection import SOFTWARE
from kafka_tools.wire.messages import API_VERSIONS
from kafka_tools.wire.schema import Message, Response

SECONDS = 5.0
"""How long each server is waited for where it is asked for its versions (BrokerApiVersionsCommand)."""

CONTROLLER_SECONDS = 3.0
"""How long the controller is waited for before any other broker is asked."""

Versions = dict[int, tuple[int, int]]
"""The number of a kind of request -> the oldest and newest version that a server knows."""


@contextmanager
def open_cluster(target: Brokers) -> "Iterator[BrokerCluster]":
    """Open a session with the servers of `target`, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerCluster(session)


class BrokerCluster:
    """The cluster behind a session, of brokers or of controllers."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._has_controllers = session.target.controllers

    def describe(self, include_fenced: bool = False) -> ClusterDescription:
        """Return the cluster's id and its brokers, or where controllers are asked its controllers, by id.

        With `include_fenced` there are brokers, too, that do not serve. Raises UnsupportedError where the brokers
        cannot tell (before Kafka 4.0), UnreachableError where nobody answers.
        """
        # AdminClient (2.16) asks no controllers (KIP-919), and not for brokers that are fenced (KIP-1073).
        if self._has_controllers or include_fenced:
            return self._described(DESCRIBE_CLUSTER.since(2) if include_fenced else DESCRIBE_CLUSTER, include_fenced)
        try:
            found = self._session.ask("DescribeCluster", lambda admin: admin.describe_cluster(), CONTROLLER_SECONDS)
        except NoResponseError:
            # librdkafka (2.16) asks the controller alone; each broker knows it, and one that is up has just told of it.
            return self._described(DESCRIBE_CLUSTER)
        # Sorted by id: brokers answer in no order that can be relied on.
        nodes = [Endpoint(node.id, node.host, node.port, node.rack) for node in found.nodes]
        return ClusterDescription(found.cluster_id, tuple(sorted(nodes)))

    def unregister_broker(self, broker: int) -> None:
        """Have the cluster forget a broker that is down. Raises BrokerError, UnsupportedError, UnreachableError."""
        self._change(UNREGISTER_BROKER, {"broker_id": broker}, "ALTER on the cluster")

    def unregister_controller(self, controller: int) -> None:
        """Have the cluster forget a controller that is down. Raises as `unregister_broker` does."""
        self._change(UNREGISTER_CONTROLLER, {"controller_id": controller}, "ALTER on the cluster")

    def versions(self) -> dict[Endpoint, Versions | KafkaToolError]:
        """Return for each server which versions of which requests it knows, or why it did not tell."""
        wire = self._session.wire
        endpoints = sorted(self._described(DESCRIBE_CLUSTER).endpoints if self._has_controllers else self._brokers())
        answers = wire.ask_brokers(API_VERSIONS, {each.id: SOFTWARE for each in endpoints}, SECONDS)
        return {each: _versions(answers[each.id]) for each in endpoints}

    def _brokers(self) -> tuple[Endpoint, ...]:
        # By Metadata, which brokers of all versions know: DescribeCluster came with Kafka 2.8 (KIP-700).
        return tuple(
            Endpoint(each["node_id"], each["host"], each["port"], each["rack"])
            for each in self._session.wire.metadata(())["brokers"]
        )

    def _described(self, message: Message, include_fenced: bool = False) -> ClusterDescription:
        kind = CONTROLLER_ENDPOINTS if self._has_controllers else BROKER_ENDPOINTS
        values = {"endpoint_type": kind, "include_fenced_brokers": include_fenced}
        response = self._session.wire.ask(message, values)
        check_code(response["error_code"], response["error_message"])
        nodes = [
            Endpoint(each["broker_id"], each["host"], each["port"], each["rack"], each["is_fenced"])
            for each in response["brokers"]
        ]
        return ClusterDescription(response["cluster_id"], tuple(sorted(nodes)))

    def _change(self, message: Message, values: dict[str, int], needs: str) -> None:
        self._session.check_controller()
        # To whichever server is connected: a broker passes it on, and where a controller says NOT_CONTROLLER wire looks
        # for the one that is.
        response = self._session.wire.change(message, values)
        check_code(response["error_code"], response["error_message"], needs)


def _versions(answer: Response | KafkaToolError) -> Versions | KafkaToolError:
    if isinstance(answer, KafkaToolError):
        return answer
    return {each["api_key"]: (each["min_version"], each["max_version"]) for each in answer["api_keys"]}
