"""Share groups for recorded cases, as the brokers know them: confluent-kafka cannot ask for them."""

from kafka_tools.brokers.all_groups import list_all_groups
from kafka_tools.brokers.share_groups import open_share_groups
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.share_groups import ShareMember
from kafka_tools.model.target import Brokers

SECONDS = 15.0


def names(brokers: Brokers, prefix: str) -> list[str]:
    """Return the groups of all types whose names begin with `prefix`."""
    return [each.group for each in list_all_groups(brokers, SECONDS)[0] if each.group.startswith(prefix)]


def members(brokers: Brokers, group: str) -> tuple[ShareMember, ...]:
    """Return the members of a share group; none where it is not there."""
    with open_share_groups(brokers, SECONDS) as groups:
        found = groups.described([group])[group]
    return () if isinstance(found, KafkaToolError) else found.members


def offsets(brokers: Brokers, group: str) -> list[str]:
    """Return a line for each partition that the group has an offset for; nothing where it is not there."""
    with open_share_groups(brokers, SECONDS) as groups:
        found = groups.committed([group])[group]
    if isinstance(found, KafkaToolError):
        return []
    return [f"committed {group} {topic} {number} {offset}\n" for (topic, number), offset in sorted(found.items())]


def delete(brokers: Brokers, group: str) -> None:
    """Delete a group of any type, if it is there."""
    with open_share_groups(brokers, SECONDS) as groups:
        groups.delete([group])
