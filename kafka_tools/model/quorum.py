"""The controllers of a cluster without ZooKeeper: who votes, who follows, and how far each has come."""

from typing import NamedTuple

from kafka_tools.model.topic_names import checked_topic_id

NO_DIRECTORY = "AAAAAAAAAAAAAAAAAAAAAA"
"""The id of a directory that is not told: before kraft.version 1, and before Kafka 3.9 (Uuid.ZERO_UUID)."""


class VoterEndpoint(NamedTuple):
    """Where a controller listens (org.apache.kafka.clients.admin.RaftVoterEndpoint)."""

    listener: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.listener}://{host}:{self.port}"


class ReplicaState(NamedTuple):
    """One replica of the metadata log: where it ends, and when (ms since 1970, by the leader's clock) it last fetched
    and had all that was there; None where the leader does not tell."""

    id: int
    directory_id: str
    log_end_offset: int
    last_fetch: int | None
    last_caught_up: int | None
    endpoints: tuple[VoterEndpoint, ...] = ()


class QuorumInfo(NamedTuple):
    """The quorum as its leader, the active controller, knows it. `leader` is one of the `voters`."""

    leader: ReplicaState
    epoch: int
    high_watermark: int
    voters: tuple[ReplicaState, ...]
    observers: tuple[ReplicaState, ...]

    @property
    def slowest(self) -> ReplicaState:
        """The voter whose log ends first; of several the first."""
        return min(self.voters, key=lambda voter: voter.log_end_offset)

    def lag(self, replica: ReplicaState) -> int:
        """Return how many records a replica is behind the leader."""
        return self.leader.log_end_offset - replica.log_end_offset

    def lag_ms(self, replica: ReplicaState) -> int | None:
        """Return for how long a replica has not had all that the leader had, None where that is not known."""
        if replica is self.leader:
            return 0
        if self.leader.last_caught_up is None or replica.last_caught_up is None:
            return None
        # Both by the leader's clock, so that no other clock has a say.
        return self.leader.last_caught_up - replica.last_caught_up


class NewVoter(NamedTuple):
    """A controller that is to vote."""

    id: int
    directory_id: str
    endpoints: tuple[VoterEndpoint, ...]


def checked_directory_id(text: str) -> str:
    """Normalise a directory's id to Kafka's base64 form. Raises KafkaToolError in Kafka's words for any other text."""
    return checked_topic_id(text) or NO_DIRECTORY  # both are org.apache.kafka.common.Uuid
