"""Share groups (KIP-932): their members, and the offset from which they still have records to deliver."""

from typing import NamedTuple

from kafka_tools.model.groups import DEAD, EMPTY, STABLE, Coordinator
from kafka_tools.model.topics import TopicPartition

STATES = (EMPTY, STABLE, DEAD)
"""The states of share groups (org.apache.kafka.common.GroupState.groupStatesForType, Kafka 4.4)."""


class ShareMember(NamedTuple):
    """A consumer in a share group; other members may read the same partitions."""

    member_id: str
    client_id: str
    host: str
    epoch: int
    partitions: tuple[TopicPartition, ...]


class ShareGroup(NamedTuple):
    """A share group as its coordinator knows it; `epoch` counts its changes, `target_epoch` is of its assignment."""

    group: str
    state: str
    coordinator: Coordinator
    epoch: int
    target_epoch: int
    members: tuple[ShareMember, ...]


class ShareOffset(NamedTuple):
    """How far a share group is in one partition; None where its coordinator does not know it.

    All records before `start_offset` are done with. `lag` is how many from there on are not.
    """

    start_offset: int | None
    leader_epoch: int | None
    lag: int | None
