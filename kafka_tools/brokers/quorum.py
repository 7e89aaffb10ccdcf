"""Reads who votes in the controllers' quorum, and changes that. confluent-kafka has no such requests."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kafka_tools.brokers.cluster import BrokerCluster
from kafka_tools.brokers.errors import unreadable
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import KafkaToolError, check_code
from kafka_tools.model.quorum import NewVoter, QuorumInfo, ReplicaState, VoterEndpoint
from kafka_tools.model.target import Brokers
from kafka_tools.wire.config_messages import CONTROLLER_ENDPOINTS, DESCRIBE_CLUSTER
from kafka_tools.wire.messages import DESCRIBE_QUORUM, QUORUM
from kafka_tools.wire.quorum_messages import ADD_RAFT_VOTER, REMOVE_RAFT_VOTER
from kafka_tools.wire.schema import Message, Response

# How long the active controller may wait until a majority has the new voters.
TIMEOUT_MS = 30_000

CONTROLLER_SECONDS = 10.0
"""How long the controller is waited for; without a majority of controllers a broker does not answer in 35 s (4.4)."""


class ControllersLog(NamedTuple):
    """The replicas of the controllers' log, as DescribeQuorum tells of them; `leader_id` is -1 where none leads."""

    leader_id: int
    epoch: int
    high_watermark: int
    voters: tuple[ReplicaState, ...]
    observers: tuple[ReplicaState, ...]

    @property
    def leader(self) -> ReplicaState | None:
        """The voter that leads: the active controller."""
        return next((each for each in self.voters if each.id == self.leader_id), None)


@contextmanager
def open_quorum(target: Brokers) -> "Iterator[BrokerQuorum]":
    """Open a session with the servers of `target`, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerQuorum(session)


class BrokerQuorum:
    """The quorum of the controllers behind a session, asked through brokers or directly."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def cluster_id(self) -> str | None:
        """Return the cluster's id. Raises UnreachableError where nobody answers."""
        return BrokerCluster(self._session).describe().cluster_id

    def describe(self) -> QuorumInfo:
        """Return what the active controller knows of the quorum.

        Raises UnsupportedError for a cluster with ZooKeeper, KafkaToolError where there is no active controller.
        """
        with self._session.with_controller():
            response = self._session.wire.ask(DESCRIBE_QUORUM, QUORUM, self._active(), CONTROLLER_SECONDS)
        log = read_quorum(response, self._session.target.bootstrap_servers)
        # Also where the leader is no voter any more, as one that has just been removed.
        if log.leader is None:
            raise KafkaToolError("The controllers have no leader now.", "Are a majority of them up?")
        return QuorumInfo(log.leader, log.epoch, log.high_watermark, log.voters, log.observers)

    def add_voter(self, voter: NewVoter) -> None:
        """Make a controller a voter. Raises BrokerError, UnsupportedError, UnreachableError."""
        listeners = [{"name": each.listener, "host": each.host, "port": each.port} for each in voter.endpoints]
        values = {"timeout_ms": TIMEOUT_MS, "listeners": listeners}
        self._change(ADD_RAFT_VOTER, values | _voter(voter.id, voter.directory_id))

    def remove_voter(self, controller: int, directory_id: str) -> None:
        """Make a voter an observer. Raises as `add_voter` does."""
        self._change(REMOVE_RAFT_VOTER, _voter(controller, directory_id))

    def unregister(self, controller: int) -> None:
        """Have the cluster forget a controller that is no voter (Kafka 4.4). Raises as `add_voter` does."""
        BrokerCluster(self._session).unregister_controller(controller)

    def _change(self, message: Message, values: dict[str, Any]) -> None:
        self._session.check_controller()
        response = self._session.wire.change(message, values, broker=self._active())
        check_code(response["error_code"], response["error_message"], "ALTER on the cluster")

    def _active(self) -> int | None:
        """Return the active controller where controllers are asked: the others refuse. A broker passes it on."""
        if not self._session.target.controllers:
            return None
        response = self._session.wire.ask(DESCRIBE_CLUSTER, {"endpoint_type": CONTROLLER_ENDPOINTS})
        check_code(response["error_code"], response["error_message"])
        controller: int = response["controller_id"]
        return controller if controller >= 0 else None


def read_quorum(response: Response, server: str) -> ControllersLog:
    """Return what the `response` of a `server` to DescribeQuorum says.

    Raises BrokerError, KafkaToolError where the controllers' log is not in it.
    """
    check_code(response["error_code"], response["error_message"], "DESCRIBE on the cluster")
    # One partition of one topic, __cluster_metadata: nothing else was asked for.
    partitions = [partition for topic in response["topics"] for partition in topic["partitions"]]
    if not partitions:
        raise unreadable(server, "DescribeQuorum", "the controllers' log is not in it")
    log = partitions[0]
    check_code(log["error_code"], log["error_message"])
    where = {each["node_id"]: tuple(map(_endpoint, each["listeners"])) for each in response["nodes"]}
    voters, observers = (tuple(_replica(each, where) for each in log[name]) for name in ("current_voters", "observers"))
    return ControllersLog(log["leader_id"], log["leader_epoch"], log["high_watermark"], voters, observers)


def _voter(controller: int, directory_id: str) -> dict[str, Any]:
    # A cluster id of null is not compared (KafkaRaftClient.hasValidClusterId 4.x). Kafka writes ids without padding;
    # Python wants it, and takes more than is needed.
    return {"cluster_id": None, "voter_id": controller, "voter_directory_id": urlsafe_b64decode(f"{directory_id}==")}


def _endpoint(listener: Response) -> VoterEndpoint:
    return VoterEndpoint(listener["name"], listener["host"], listener["port"])


def _replica(state: Response, where: dict[int, tuple[VoterEndpoint, ...]]) -> ReplicaState:
    return ReplicaState(
        state["replica_id"],
        urlsafe_b64encode(state["replica_directory_id"]).decode().rstrip("="),
        state["log_end_offset"],
        _known(state["last_fetch_timestamp"]),
        _known(state["last_caught_up_timestamp"]),
        where.get(state["replica_id"], ()),
    )


def _known(timestamp: int) -> int | None:
    return None if timestamp < 0 else timestamp
