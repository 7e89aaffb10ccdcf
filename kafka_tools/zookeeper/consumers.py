"""Reads the groups of consumers up to Kafka 1.x, which kept members, owners and offsets below /consumers.

Source: kafka.utils.ZkUtils and ZKGroupTopicDirs, Kafka 1.1.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.groups import OldGroup
from kafka_tools.model.topics import TopicPartition
from kafka_tools.zookeeper.documents import MalformedZnodeError, parsed, read_topic, refuse, text_of
from kafka_tools.zookeeper.topics import TOPICS
from kafka_tools.zookeeper.znodes import Znodes

CONSUMERS = "/consumers"
Read = TypeVar("Read")


class ZooKeeperConsumers:
    """The groups below /consumers, read through an open session (kazoo)."""

    def __init__(self, client: Any) -> None:
        self._znodes = Znodes(client)
        self.malformed: list[str] = []
        """Sentences about znodes read so far that Kafka did not write; what they are of is left out."""

    def names(self) -> tuple[str, ...]:
        """Return the names of the groups, sorted; none where no such consumer was ever there."""
        return tuple(sorted(self._znodes.ask_for_children(CONSUMERS)() or ()))

    def describe(self, group: str) -> OldGroup | None:
        """Return a group, None where it is not there."""
        folder = f"{CONSUMERS}/{group}"
        # All four are under way before the first is waited for.
        there = self._znodes.ask_for_children(folder)
        asked = [self._znodes.ask_for_children(f"{folder}/{name}") for name in ("ids", "owners", "offsets")]
        if there() is None:
            return None
        ids, owned, with_offsets = (sorted(children() or ()) for children in asked)
        topics = sorted({*owned, *with_offsets})
        partitions = self._partitions(topics)
        owners = self._of_partitions(f"{folder}/owners", partitions, _read_owner)
        offsets = self._of_partitions(f"{folder}/offsets", partitions, _read_offset)
        paths = [f"{folder}/ids/{name}" for name in ids]
        documents = zip(ids, zip(paths, self._znodes.data(paths), strict=True), strict=True)
        subscribed = {name: self._read(_read_subscription, *each) for name, each in documents}
        members = {name: topics for name, topics in subscribed.items() if topics is not None}
        return OldGroup(group, members, tuple(partitions), owners, offsets)

    def _partitions(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Return the partitions of these topics, as the cluster has them; a topic that was deleted has none."""
        paths = [f"{TOPICS}/{topic}" for topic in topics]
        found = []
        for topic, path, data in zip(topics, paths, self._znodes.data(paths), strict=True):
            document = self._read(read_topic, path, data)
            found += [TopicPartition(topic, number) for number in sorted(document.replicas)] if document else []
        return found

    def _of_partitions(
        self, folder: str, partitions: Sequence[TopicPartition], read: Callable[[str, bytes | None], Read | None]
    ) -> dict[TopicPartition, Read]:
        paths = [f"{folder}/{each.topic}/{each.partition}" for each in partitions]
        znodes = zip(partitions, paths, self._znodes.data(paths), strict=True)
        found = ((each, self._read(read, path, data)) for each, path, data in znodes)
        return {each: value for each, value in found if value is not None}

    def _read(self, read: Callable[[str, bytes | None], Read | None], path: str, data: bytes | None) -> Read | None:
        try:
            return read(path, data)
        except KafkaToolError as error:
            self.malformed.append(f"{error.message} It is left out.")
            return None


def _read_owner(path: str, data: bytes | None) -> str | None:
    """Return the consumer that owns a partition: the znode has its id and, behind the last dash, a thread's number."""
    if data is None:
        return None
    text = _text(path, data)
    consumer, dash, _ = text.rpartition("-")
    if not dash:
        raise MalformedZnodeError(path, f"{data[:80]!r} is no owner")
    return consumer


def _read_offset(path: str, data: bytes | None) -> int | None:
    if data is None:
        return None
    text = _text(path, data)
    # A Java `long` has 19 digits at most.
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise MalformedZnodeError(path, f"{data[:80]!r} is no offset")
    return int(text)


def _read_subscription(path: str, data: bytes | None) -> tuple[str, ...] | None:
    """Return the topics that a consumer reads (or the pattern that names them)."""
    if data is None:
        return None
    # {"version":1,"subscription":{"orders":1},"pattern":"white_list","timestamp":"…"}: topic -> number of its threads.
    subscription: Mapping[str, Any] | Any = parsed(path, data).get("subscription")
    if not isinstance(subscription, dict):
        refuse(path, "subscription", subscription)
    return tuple(sorted(text_of(path, "subscription", topic) for topic in subscription))


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedZnodeError(path, f"{data[:80]!r} is no text") from None
