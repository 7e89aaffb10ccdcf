"""Reads the consumer groups of a cluster from its brokers."""

from kafka_tools.brokers.session import open_session
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers

NAMES_SECONDS = 5.0
"""How long the brokers are waited for; each knows the groups that it coordinates."""


def consumer_group_names(target: Brokers) -> tuple[str, ...]:
    """Return the names of the consumer groups that the brokers which answer know, sorted.

    Share and streams groups are no consumer groups. Raises KafkaToolError where the cluster is not reached, or where
    none of its brokers answers.
    """
    with open_session(target) as session:
        found = session.ask("ListGroups", lambda admin: admin.list_consumer_groups(), NAMES_SECONDS)
    if found.errors and not found.valid:
        raise KafkaToolError(str(found.errors[0]))
    return tuple(sorted(group.group_id for group in found.valid))
