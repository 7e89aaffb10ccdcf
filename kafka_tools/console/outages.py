"""Why no record comes or goes: brokers that are not reached, and partitions that nobody leads.

librdkafka waits for both without a word. Here it is found out, told once, and told when it is over.
"""

import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.console.process import note
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

if TYPE_CHECKING:
    from kafka_tools.brokers.diagnosis import Unreached

OUTAGE_SECONDS = 3.0
"""How long brokers are away before anybody looks, and is told."""

AGAIN_SECONDS = 1.0
"""How long an answer holds, and is waited for."""

START_SECONDS = 10.0
"""So long after its start a tool ends where no broker is reached at the address that it advertises; later it waits."""

PART_SECONDS = 6.0
"""How long one of several brokers is not reached before the user is told: by then another leads what it led, if one
can be elected, and the dead one is no longer advertised."""


class Outages:
    """What is wrong with the connections of one client: pass `on_error` as its `error_cb`.

    librdkafka does not tell an expired certificate from one that is not trusted, nor TLS from plaintext: why it reaches
    nobody, our own connection finds out, with the same `security`.
    """

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._began = time.monotonic()
        self._trouble_since: float | None = None
        self._all_down = self._given_up = self._told = self._told_of_part = False
        self._looked = 0.0

    def on_error(self, error: Any) -> None:
        """Note since when librdkafka reports failures (confluent_kafka.KafkaError), and whether no broker answers."""
        # Called inside of poll, consume and flush, in the loop's thread. It only notes the time: nearly all of them
        # cure themselves, and what is behind takes a connection of our own to find out.
        if self._trouble_since is None:
            self._trouble_since = time.monotonic()
        self._all_down = self._all_down or error.code() == confluent_kafka().KafkaError._ALL_BROKERS_DOWN

    def check_contact(self, seconds: float) -> None:
        """Raise KafkaToolError with the cause where nobody answers in so many seconds, lets the client in, or is where
        it is advertised."""
        from kafka_tools.brokers.diagnosis import unreached

        found = unreached(self._brokers.bootstrap_servers, self._brokers.security, seconds, self._brokers.wait_seconds)
        if found is not None and found.every:
            raise found.failure

    def watch(self) -> None:
        """Tell once that no broker answers, and once that one answers again; called while nothing else happens.

        Raises UnreachableError where just after the start no broker is reached at the address that it advertises.
        """
        now = time.monotonic()
        if self._trouble_since is None or now - self._trouble_since < OUTAGE_SECONDS:
            return
        if now - self._looked < AGAIN_SECONDS:
            return
        try:
            found = self._unreached()
        except KafkaToolError as error:
            self._tell(error)
        else:
            self._judge(found, now - self._trouble_since)
        self._looked = time.monotonic()  # not `now`: the look itself may have taken a second

    @property
    def seen(self) -> bool:
        """Whether anything failed that has not been cleared up."""
        return self._trouble_since is not None

    def check_leaders(self, leaders: Collection[int]) -> None:
        """Raise KafkaToolError where one of these brokers is not reached, or nobody is."""
        found = self._unreached()
        if found is not None and (found.every or not found.brokers.isdisjoint(leaders)):
            raise found.failure

    def unreached_brokers(self) -> frozenset[int]:
        """Look which brokers are not reached at the moment. Raises KafkaToolError where nobody is."""
        found = self._unreached()
        return frozenset() if found is None else found.brokers

    def _unreached(self) -> "Unreached | None":
        """Return the brokers that are not reached. Raises KafkaToolError where nobody is.

        The servers that were named first may be away where librdkafka knows others: that is no outage.
        """
        from kafka_tools.brokers.diagnosis import unreached

        # librdkafka's own list of brokers is not to be had: those that the bootstrap servers name are looked at.
        try:
            return unreached(self._brokers.bootstrap_servers, self._brokers.security, AGAIN_SECONDS)
        except KafkaToolError:
            if self._all_down:
                raise
            return None

    def _judge(self, found: "Unreached | None", seconds: float) -> None:
        if found is not None and found.every:
            # Just after the start an advertised address that is not reached is a wrong listener, which no wait cures.
            # Later it is a cluster that is restarted, and what was read or sent so far must not be given up.
            self._given_up = self._given_up or time.monotonic() - self._began < START_SECONDS
            if self._given_up:
                raise found.failure
            self._tell(found.failure)
            return
        if self._told:
            note("ktools: the cluster answers again.")
        self._all_down = self._told = False
        if found is None:
            self._trouble_since = None
        elif seconds > PART_SECONDS:
            self._trouble_since = None
            if not self._told_of_part:
                note(f"ktools: {found.failure.message} What it leads has to wait.")
            self._told_of_part = True

    def _tell(self, cause: KafkaToolError) -> None:
        if not self._told:
            note(f"ktools: {cause.message} Waiting for the cluster to come back.")
        self._told = True


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
        self._last: tuple[str, ...] = ()
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
        before = self._found
        if not self._find(partitions, min_isr, unreached):
            return  # nobody answers: `Outages.watch` tells of it
        # A cause is told at once where somebody waits for the answer, else only when two looks in a row find it.
        now = self._found
        told = now if at_once else tuple(words for words in now if words in before)
        if told != self._told:
            for words in told:
                note(f"ktools: {words} Waiting.")
            if not now:
                note("ktools: all partitions have their leaders again.")
        self._told = told

    def last_causes(self, partitions: Collection[TopicPartition], min_isr: int) -> str:
        """Return the causes that were found last, without telling them; look now where none was found yet."""
        if not self._last:
            self._find(partitions, min_isr, unreached=True)
        return " ".join(self._last).rstrip(".")

    def _find(self, partitions: Collection[TopicPartition], min_isr: int, unreached: bool) -> bool:
        """Find out which partitions have no leader; return whether anybody answered."""
        try:
            metadata = self._client.list_topics(self._topic, timeout=RESPONSE_SECONDS)
            # What was found before is looked at again: librdkafka reports a broken connection only when it tries anew.
            doubt = unreached or self._found or self._outages.seen
            dead = self._outages.unreached_brokers() if doubt else frozenset()
        except (confluent_kafka().KafkaException, KafkaToolError):
            return False
        found = list(causes(metadata, partitions, dead, min_isr))
        self.has_looked = True
        self.missing = frozenset(each for cause in found for each in cause.partitions)
        self._found = tuple(cause.words for cause in found)
        self._last = self._found or self._last
        return True


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
    few = frozenset(each for each, leader in led.items() if leader >= 0 and _lacks(known[each], min_isr))
    if few:
        yield Cause(
            f"{_names(few)} fewer in-sync replicas than min.insync.replicas={min_isr} (NOT_ENOUGH_REPLICAS).", few
        )


def _lacks(partition: Any, min_isr: int) -> bool:
    """Tell whether a partition has too few in-sync replicas; of a single replica none more is asked for.

    Source: kafka.cluster.Partition.effectiveMinIsr, 3.9.
    """
    return len(partition.isrs) < min(min_isr, len(partition.replicas))


def _names(partitions: Collection[TopicPartition]) -> str:
    """Return the partitions and the verb: `t-0, t-2 have`."""
    names = [f"{each.topic}-{each.partition}" for each in sorted(partitions)]
    more = f" and {len(names) - SHOWN} more partitions" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more} {'has' if len(names) == 1 else 'have'}"


def _controller(metadata: Any, dead: Collection[int]) -> str:
    """Return what is known of who would elect another leader."""
    # KRaft brokers name any live broker as controller (KIP-590); where they say -1, they see none alive.
    if metadata.controller_id < 0:
        return ", as the cluster has no controller"
    if metadata.controller_id in dead:
        return f", as the controller, broker {metadata.controller_id}, is not reached"
    return ""


def _address(brokers: Mapping[int, Any], broker: int) -> str:
    known = brokers.get(broker)
    return f" at {known.host}:{known.port}" if known else ""
