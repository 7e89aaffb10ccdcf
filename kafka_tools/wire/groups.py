"""The names of consumer groups: each broker knows those that it coordinates."""

from kafka_tools.errors import KafkaToolError
from kafka_tools.wire.messages import LIST_GROUPS
from kafka_tools.wire.session import WireSession

CONSUMERS = ("consumer", "")
"""The protocol types of consumer groups; one that only committed offsets has none (ConsumerGroupCommand 3.9)."""


def consumer_group_names(session: WireSession) -> tuple[str, ...]:
    """Return the names of the consumer groups of all brokers that answer, sorted. Raises KafkaToolError where none is
    known, as `WireSession.ask` does."""
    found: set[str] = set()
    for broker in session.metadata(())["brokers"]:
        try:
            answer = session.ask(LIST_GROUPS, {}, broker["node_id"])
        except KafkaToolError:
            continue
        found.update(group["group_id"] for group in answer["groups"] if group["protocol_type"] in CONSUMERS)
    return tuple(sorted(found))
