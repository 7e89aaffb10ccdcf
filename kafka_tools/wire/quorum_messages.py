"""Requests about the voters of the controllers' quorum and their responses (KIP-853): a table of fields for each."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.cluster_messages import CHANGED
from kafka_tools.wire.schema import Message

ADD_RAFT_VOTER = Message(
    80,
    "AddRaftVoter",
    first=0,
    last=1,
    flexible=0,
    request=(
        # Null fits any cluster; an id that is another than the cluster's is refused (INCONSISTENT_CLUSTER_ID).
        Field("cluster_id", "string", nullable=0),
        Field("timeout_ms", "int32"),
        Field("voter_id", "int32"),
        # The directory's id tells a controller that lost its disk from the one that was the voter before.
        Field("voter_directory_id", "uuid"),
        Field("listeners", "[]struct", (Field("name", "string"), Field("host", "string"), Field("port", "uint16"))),
        # False has the answer come before the other voters know the new one: the tool asks for proof, and keeps True.
        Field("ack_when_committed", "bool", since=1, default=True),
    ),
    response=CHANGED,
)
"""Makes a controller that is an observer a voter."""

REMOVE_RAFT_VOTER = Message(
    81,
    "RemoveRaftVoter",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("cluster_id", "string", nullable=0),
        Field("voter_id", "int32"),
        Field("voter_directory_id", "uuid"),
    ),
    response=CHANGED,
)
"""Makes a voter an observer; the active controller may be told so, too, and resigns."""
