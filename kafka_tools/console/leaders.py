"""Finds partitions without a leader that is reached: librdkafka waits for them without a word."""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.notes import note
from kafka_tools.console.outages import Outages
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import TopicPartition

LOOK_SECONDS = 3.5
"""How often the leaders are looked at. What two looks in a row find is told: another leader is elected meanwhile, where
one can be, and nobody wants to hear of that."""

RESPONSE_SECONDS = 1.0

SHOWN = 5
"""So many partitions are named one by one."""


class Cause(NamedTuple):
    """Why records of these partitions do not go on, as a sentence."""

    words: str
    partitions: frozenset[TopicPartition]


class Leaders:
    """Watches who leads the partitions that one client reads or writes, and tells when that is nobody.

    `missing` are the partitions without a leader that is reached, as of the last look. A look is a Metadata request of
    `client` (confluent_kafka.Consumer or Producer), some milliseconds where the cluster is well.
    """

    def __init__(self, client: Any, outages: Outages, topic: str | None) -> None:
        self.has_looked = False
        self.missing: frozenset[TopicPartition] = frozenset()
        self._client = client
        self._outages = outages
        self._topic = topic
        self._found: tuple[str, ...] = ()
        self._told: tuple[str, ...] = ()
        self._next = time.monotonic() + LOOK_SECONDS

    def watch(self, partitions: Collection[TopicPartition], min_isr: int = 0) -> bool:
        """Look every LOOK_SECONDS, and tell of a cause that is new, and once of its end; return whether it looked."""
        now = time.monotonic()
        if now < self._next:
            return False
        self.look(partitions, min_isr, at_once=False)
        self._next = time.monotonic() + LOOK_SECONDS
        return True

    def look(
        self,
        partitions: Collection[TopicPartition],
        min_isr: int = 0,
        unreached: bool = False,
        at_once: bool = True,
    ) -> None:
        """Find out which of the partitions have no leader, and tell.

        With `unreached`, or where a connection failed, leaders that are not reached count as none. In-sync replicas
        are fewer than the topic's `min_isr` where acks=all is refused (NOT_ENOUGH_REPLICAS), which librdkafka repeats
        silently until delivery.timeout.ms.
        """
        try:
            metadata = self._client.list_topics(self._topic, timeout=RESPONSE_SECONDS)
            # What was told before is looked at again: librdkafka reports a broken connection only when it tries anew.
            doubt = unreached or self._found or self._outages.seen
            dead = self._outages.unreached_brokers() if doubt else frozenset()
        except (confluent_kafka().KafkaException, KafkaToolError):
            return  # nobody answers: `Outages.watch` tells of it
        found = list(causes(metadata, partitions, dead, min_isr))
        self.has_looked = True
        self.missing = frozenset(each for cause in found for each in cause.partitions)
        now = tuple(cause.words for cause in found)
        told = now if at_once else tuple(words for words in now if words in self._found)
        self._found = now
        if told != self._told:
            for words in told:
                note(f"ktools: {words} Waiting.")
            if not now:
                note("ktools: all partitions have their leaders again.")
        self._told = told


def causes(
    metadata: Any, partitions: Collection[TopicPartition], dead: Collection[int], min_isr: int = 0
) -> Iterable[Cause]:
    """Yield why records of these partitions do not go on, from Metadata and the brokers that are not reached."""
    known = {
        TopicPartition(topic, number): partition
        for topic, content in metadata.topics.items()
        for number, partition in content.partitions.items()
    }
    led = {each: known[each].leader for each in partitions if each in known}
    without = frozenset(each for each, leader in led.items() if leader < 0)
    if without:
        yield Cause(f"{_names(without)} no leader{_controller(metadata, dead)}.", without)
    for broker in sorted(set(led.values()) & set(dead)):
        its = frozenset(each for each, leader in led.items() if leader == broker)
        address = _address(metadata.brokers, broker)
        yield Cause(
            f"{_names(its)} broker {broker}{address} as leader, which is not reached, and no other was elected"
            f"{_controller(metadata, dead)}.",
            its,
        )
    few = frozenset(each for each, leader in led.items() if leader >= 0 and len(known[each].isrs) < min_isr)
    if few:
        yield Cause(
            f"{_names(few)} fewer in-sync replicas than min.insync.replicas={min_isr} (NOT_ENOUGH_REPLICAS).", few
        )


def _names(partitions: Collection[TopicPartition]) -> str:
    """Return the partitions and the verb: `t-0, t-2 have`."""
    names = [f"{each.topic}-{each.partition}" for each in sorted(partitions)]
    more = f" and {len(names) - SHOWN} more partitions" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more} {'has' if len(names) == 1 else 'have'}"


def _controller(metadata: Any, dead: Collection[int]) -> str:
    """Return what is known of who would elect another leader."""
    if metadata.controller_id < 0:
        return ", as the cluster has no controller"
    if metadata.controller_id in dead:
        return f", as the controller, broker {metadata.controller_id}, is not reached"
    return ""


def _address(brokers: Mapping[int, Any], broker: int) -> str:
    known = brokers.get(broker)
    return f" at {known.host}:{known.port}" if known else ""
