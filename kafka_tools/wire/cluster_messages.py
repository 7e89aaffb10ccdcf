"""Requests about the servers of a cluster and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

CHANGED = (
    Field("throttle_time_ms", "int32"),
    Field("error_code", "int16"),
    Field("error_message", "string", nullable=0),
)
"""What answers a change that either is made as a whole or is not made."""

# Only KRaft knows it: with ZooKeeper a broker that is gone leaves nothing that could be forgotten.
UNREGISTER_BROKER = Message(
    64, "UnregisterBroker", first=0, last=0, flexible=0, request=(Field("broker_id", "int32"),), response=CHANGED
)
"""Has the controllers forget a broker that has gone for good (KIP-500)."""

UNREGISTER_CONTROLLER = Message(
    94,
    "UnregisterController",
    first=0,
    last=0,
    flexible=0,
    request=(Field("controller_id", "int32"),),
    response=CHANGED,
)
"""Has the controllers forget a controller that has gone for good (Kafka 4.4)."""
