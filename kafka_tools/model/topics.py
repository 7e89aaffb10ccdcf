"""Topics as every back end knows them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kafka_tools.errors import KafkaToolError

INTERNAL_TOPICS = frozenset({"__consumer_offsets", "__transaction_state", "__share_group_state"})
"""org.apache.kafka.common.internals.Topic.INTERNAL_TOPICS, Kafka 4.1."""

MAX_NAME_LENGTH = 249


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition; ids are broker ids, `replicas` in assignment order: the first is the preferred leader."""

    partition: int
    leader: int | None
    replicas: tuple[int, ...]
    isr: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """One topic: its partitions in ascending order and the configs that were set for it, by name.

    `topic_id` is Kafka's base64 form; None where the cluster gives none (before 2.8).
    """

    topic: str
    topic_id: str | None
    partitions: tuple[Partition, ...]
    configs: Mapping[str, str]

    @property
    def replication_factor(self) -> int:
        """The number of replicas of the first partition, as Apache's tool counts it."""
        return len(self.partitions[0].replicas) if self.partitions else 0


@dataclass(frozen=True, slots=True)
class NewTopic:
    """A topic to create: by count and factor (None: the broker's default), or by one replica list a partition."""

    topic: str
    partitions: int | None = None
    replication_factor: int | None = None
    assignment: tuple[tuple[int, ...], ...] | None = None
    configs: Mapping[str, str] = field(default_factory=dict)
    rack_aware: bool = True


class TopicExistsError(KafkaToolError):
    """A topic of this name is there already."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"Topic '{topic}' already exists.")


def has_collision_chars(topic: str) -> bool:
    """Tell whether metric names could confuse this name with another (Topic.hasCollisionChars)."""
    return "." in topic or "_" in topic


def collisions(topic: str, others: Iterable[str]) -> list[str]:
    """Return the names that differ from `topic` only by `.` for `_` (Topic.hasCollision)."""
    unified = topic.replace(".", "_")
    return [other for other in others if other != topic and other.replace(".", "_") == unified]


def check_name(topic: str) -> None:
    """Raise KafkaToolError in Kafka 2.8's words unless the name is legal (common.internals.Topic.validate)."""
    if not topic:
        raise KafkaToolError("Topic name is illegal, it can't be empty")
    if topic in (".", ".."):
        raise KafkaToolError('Topic name cannot be "." or ".."')
    if len(topic) > MAX_NAME_LENGTH:
        raise KafkaToolError(
            f"Topic name is illegal, it can't be longer than {MAX_NAME_LENGTH} characters, topic name: {topic}"
        )
    if not re.fullmatch(r"[a-zA-Z0-9._-]+", topic):
        raise KafkaToolError(
            f'Topic name "{topic}" is illegal, '
            "it contains a character other than ASCII alphanumerics, '.', '_' and '-'"
        )


def matching(names: Iterable[str], pattern: str | None, exclude_internal: bool) -> tuple[str, ...]:
    """Return the names that Apache's topic filter lets through (kafka.utils.IncludeList): `,` means `|`, blanks are
    dropped.

    Raises KafkaToolError for what is no regular expression.
    """
    kept = [name for name in names if not (exclude_internal and name in INTERNAL_TOPICS)]
    if pattern is None:
        return tuple(kept)
    regex = pattern.strip().replace(",", "|").replace(" ", "").strip("\"'")
    try:
        compiled = re.compile(regex)
    except re.error as error:
        raise KafkaToolError(f"{regex} is an invalid regex.") from error
    return tuple(name for name in kept if compiled.fullmatch(name))
