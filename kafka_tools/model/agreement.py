"""Compares what ZooKeeper keeps of a cluster with what each of its brokers answers clients; pure functions.

Both sides are read while the cluster goes on, so that one look may find differences that the next no longer does: it is
`Watch` that tells those that last from those that heal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from kafka_tools.model.addresses import Address, text
from kafka_tools.model.dynamic_configs import may_be_secret
from kafka_tools.model.units import count

UNTOLD_LEADER = -3
"""Stands for a leader that a broker does not tell: it has no listener of the kind that was asked on."""

CREATION_MS, DELETION_MS, NOTIFICATION_MS = 20_000, 30_000, 60_000
"""How long the controller may take to make a topic, to delete one, and to read a notification, before that is stuck."""

MADE_TWICE_MS = 3_000
"""How much later than a topic its configs may have been written by somebody who wanted to make it, too."""

LASTING_SECONDS = 5.0
"""A difference that is seen unchanged for so long lasts, unless others of its kind come and go.

A broker hears of a change within milliseconds. Where hundreds of topics are being made on a busy machine it may take
many seconds, but then some of them are heard of from look to look.
"""


class Kind(Enum):
    """What differs; the value is a person's word for it."""

    SERVER = "ZooKeeper server"
    MALFORMED = "malformed znode"
    CONTROLLER = "controller"
    UNREACHED = "broker gives no answer"
    REGISTRATION = "broker registration"
    ABSENT = "broker with replicas"
    ADDRESS = "broker address"
    RACK = "broker rack"
    NEW_TOPIC = "new topic"
    TOPIC = "topic"
    TOPIC_ID = "topic id"
    PARTITION = "partition"
    REPLICAS = "replicas"
    LEADER = "leader"
    ISR = "in-sync replicas"
    EPOCH = "leader epoch"
    DELETION = "topic deletion"
    UNTOLD = "config change"
    ORPHAN = "configs without a topic"
    BROKER_CONFIG = "broker config"
    NOTIFICATION = "notification"


WITHOUT_VALUES = frozenset((Kind.SERVER, Kind.MALFORMED, Kind.UNREACHED, Kind.ABSENT, Kind.DELETION))
"""What is wrong as such: of which brokers a deletion waits for, more may go while it is looked at."""


class PartitionSide(NamedTuple):
    """A partition as one side has it; `isr` is sorted, as its order says nothing. None: that side does not tell."""

    replicas: tuple[int, ...]
    leader: int | None
    isr: tuple[int, ...]
    leader_epoch: int | None = None


class TopicSide(NamedTuple):
    """A topic as one side has it, its partitions by number."""

    topic_id: str | None
    partitions: Mapping[int, PartitionSide]


class BrokerAnswer(NamedTuple):
    """What one broker answers: who is there and where, with racks, and the topics, as far as the user may see them."""

    cluster_id: str | None
    controller: int | None
    brokers: Mapping[int, Address]
    racks: Mapping[int, str | None]
    topics: Mapping[str, TopicSide]


class Registration(NamedTuple):
    """A broker's znode: its listeners, its rack, and the transaction (zxid) that made it: when it started."""

    addresses: tuple[Address, ...]
    rack: str | None
    zxid: int


class ChangedConfig(NamedTuple):
    """A znode of configs (`topics/orders` below /config): when it was last changed, as zxid and in ms since 1970."""

    entity: str
    zxid: int
    changed_ms: int


class Notifications(NamedTuple):
    """The notifications of config changes that are still there, by entity with the newest zxid of each, and the zxid of
    the last that came or went."""

    newest: Mapping[str, int]
    last_zxid: int


class Made(NamedTuple):
    """When a topic's znode was made: by which transaction, and in ms since 1970."""

    zxid: int
    at_ms: int


class Kept(NamedTuple):
    """What ZooKeeper keeps. `made` has when each topic was made, `deletions` since when each is marked for
    deletion (ms since 1970), `unread` the notifications that only the controller reads and deletes, likewise.

    `is_kraft`: the controller is one of KRaft, and tells the brokers of configs by itself. `refused` are znodes that
    the user may not read.
    """

    cluster_id: str | None
    controller: int | None
    is_kraft: bool
    brokers: Mapping[int, Registration]
    topics: Mapping[str, TopicSide]
    made: Mapping[str, Made]
    deletions: Mapping[str, int]
    configs: Sequence[ChangedConfig]
    notifications: Notifications
    unread: Mapping[str, int]
    broker_configs: Mapping[int | None, Mapping[str, str]]
    malformed: Mapping[str, str]
    refused: tuple[str, ...] = ()


class Difference(NamedTuple):
    """Something that the two sides do not agree about: what each has ("" where it has nothing of the kind).

    `who` are the brokers that answer so; none where the difference is not about an answer.
    """

    kind: Kind
    subject: str
    zookeeper: str
    brokers: str
    who: tuple[int, ...] = ()


class Answers(NamedTuple):
    """The other side: what each broker answers, or why it does not. `hidden` are topics that the user may not see.

    `configs` are the configs of each broker that was asked that were set at runtime: its own, and under None those that
    it takes as the default of all brokers; what is secret has the value None.
    """

    brokers: Mapping[int, BrokerAnswer]
    silent: Mapping[int, str]
    hidden: frozenset[str] = frozenset()
    configs: Mapping[int, Mapping[int | None, Mapping[str, str | None]]] = {}


def compare(kept: Kept, answers: Answers, now_ms: int) -> tuple[Difference, ...]:
    """Return what differs at this moment, what concerns the whole cluster first."""
    # What several brokers answer alike is one difference, with all of them in `who`: most often all or one do.
    by_answer: dict[Difference, list[int]] = {}
    for broker, answer in answers.brokers.items():
        for difference in _of_answer(kept, answer, answers.hidden, now_ms):
            by_answer.setdefault(difference, []).append(broker)
    found = [
        *_malformed(kept),
        *_controller(kept),
        *_absent(kept),
        *(
            Difference(Kind.UNREACHED, f"broker {broker}", "registered", why)
            for broker, why in answers.silent.items()
            if broker in kept.brokers
        ),
        *(difference._replace(who=tuple(who)) for difference, who in by_answer.items()),
        *_deletions(kept, now_ms),
        *_untold(kept, now_ms),
        *_broker_configs(kept, answers),
        *_unread(kept, now_ms),
    ]
    # Kinds are declared in the order in which a report has them.
    order = list(Kind)
    return tuple(sorted(found, key=lambda each: order.index(each.kind)))


def _malformed(kept: Kept) -> Iterator[Difference]:
    for path, why in kept.malformed.items():
        yield Difference(Kind.MALFORMED, path, why, "")


def _controller(kept: Kept) -> Iterator[Difference]:
    if kept.controller is None:
        yield Difference(Kind.CONTROLLER, "controller", "none is elected", "")
    elif not kept.is_kraft and kept.controller not in kept.brokers:
        yield Difference(Kind.CONTROLLER, "controller", f"broker {kept.controller}, which is not registered", "")


def _absent(kept: Kept) -> Iterator[Difference]:
    held: dict[int, int] = {}
    for topic in kept.topics.values():
        for partition in topic.partitions.values():
            for broker in partition.replicas:
                held[broker] = held.get(broker, 0) + 1
    for broker in sorted(held.keys() - kept.brokers.keys()):
        yield Difference(Kind.ABSENT, f"broker {broker}", f"{count(held[broker], 'replica')}, not registered", "")


def _of_answer(kept: Kept, answer: BrokerAnswer, hidden: frozenset[str], now_ms: int) -> Iterator[Difference]:
    yield from _of_brokers(kept, answer)
    # One of KRaft is no broker, and brokers know nothing of one that is not there, which is told by itself.
    if not kept.is_kraft and kept.controller in kept.brokers and answer.controller != kept.controller:
        yield Difference(Kind.CONTROLLER, "controller", f"broker {kept.controller}", _broker(answer.controller))
    unread = _unread_topics(kept)
    for name in sorted(kept.topics.keys() - answer.topics.keys()):
        # Brokers hide a topic as soon as the controller begins to delete it.
        if name not in hidden and name not in kept.deletions:
            partitions = count(len(kept.topics[name].partitions), "partition")
            is_new = name in kept.made and now_ms - kept.made[name].at_ms < CREATION_MS
            yield Difference(Kind.NEW_TOPIC if is_new else Kind.TOPIC, name, partitions, "unknown")
    for name in sorted(answer.topics.keys() - kept.topics.keys() - unread):
        yield Difference(Kind.TOPIC, name, "no znode", count(len(answer.topics[name].partitions), "partition"))
    for name, topic in kept.topics.items():
        answered = answer.topics.get(name)
        # Nearly all topics are equal, and to find that out so costs no loop of Python's.
        if answered is not None and answered != topic and name not in kept.deletions:
            yield from _of_topic(name, topic, answered)


def _unread_topics(kept: Kept) -> frozenset[str]:
    """Return the topics of which a znode is malformed: they are told as such, and not compared."""
    return frozenset(path.split("/")[3] for path in kept.malformed if path.startswith("/brokers/topics/"))


def _of_brokers(kept: Kept, answer: BrokerAnswer) -> Iterator[Difference]:
    for broker in sorted(kept.brokers.keys() - answer.brokers.keys()):
        yield Difference(Kind.REGISTRATION, f"broker {broker}", "registered", "not known")
    for broker in sorted(answer.brokers.keys() - kept.brokers.keys()):
        yield Difference(Kind.REGISTRATION, f"broker {broker}", "not registered", text(answer.brokers[broker]))
    for broker in sorted(answer.brokers.keys() & kept.brokers.keys()):
        registered, address = kept.brokers[broker], answer.brokers[broker]
        if address not in registered.addresses:
            listeners = ", ".join(map(text, registered.addresses))
            yield Difference(Kind.ADDRESS, f"broker {broker}", listeners, text(address))
        if answer.racks.get(broker) != registered.rack:
            racks = (registered.rack, answer.racks.get(broker))
            yield Difference(Kind.RACK, f"broker {broker}", racks[0] or "none", racks[1] or "none")


def _of_topic(name: str, kept: TopicSide, answered: TopicSide) -> Iterator[Difference]:
    # An id that one side does not tell is no difference: before Kafka 2.8 there was none.
    if kept.topic_id and answered.topic_id and kept.topic_id != answered.topic_id:
        yield Difference(Kind.TOPIC_ID, name, kept.topic_id, answered.topic_id)
    for number in sorted(kept.partitions.keys() | answered.partitions.keys()):
        ours, theirs = kept.partitions.get(number), answered.partitions.get(number)
        subject = f"{name}-{number}"
        if ours is None or theirs is None:
            yield Difference(Kind.PARTITION, subject, _there(ours), _there(theirs))
        elif ours != theirs:
            yield from _of_partition(subject, ours, theirs)


def _of_partition(subject: str, ours: PartitionSide, theirs: PartitionSide) -> Iterator[Difference]:
    if ours.replicas != theirs.replicas:
        yield Difference(Kind.REPLICAS, subject, _ids(ours.replicas), _ids(theirs.replicas))
    if ours.leader != theirs.leader and theirs.leader != UNTOLD_LEADER:
        yield Difference(Kind.LEADER, subject, _broker(ours.leader), _broker(theirs.leader))
    if ours.isr != theirs.isr:
        yield Difference(Kind.ISR, subject, _ids(ours.isr), _ids(theirs.isr))
    epochs = (ours.leader_epoch, theirs.leader_epoch)
    if None not in epochs and ours.leader_epoch != theirs.leader_epoch:
        yield Difference(Kind.EPOCH, subject, str(ours.leader_epoch), str(theirs.leader_epoch))


def _deletions(kept: Kept, now_ms: int) -> Iterator[Difference]:
    for name, since in kept.deletions.items():
        topic = kept.topics.get(name)
        replicas = {broker for each in topic.partitions.values() for broker in each.replicas} if topic else set()
        away = sorted(replicas - kept.brokers.keys())
        # The controller deletes a topic when all brokers have deleted their replicas, so it waits for those away.
        if away or now_ms - since > DELETION_MS:
            why = f"marked for deletion, with replicas on {_ids(away)}" if away else "marked for deletion"
            yield Difference(Kind.DELETION, name, why, "")


def _untold(kept: Kept, now_ms: int) -> Iterator[Difference]:
    """Yield the configs that were changed while nobody told the brokers, and those of topics that are not there.

    Brokers answer DescribeConfigs for topics and users out of ZooKeeper (ConfigHelper and ZkAdminManager 3.9), so that
    to compare these answers would compare ZooKeeper with itself. What they act by they read when they start, and when a
    notification tells them.
    """
    unread = _unread_topics(kept)
    for entity, zxid, changed_ms in kept.configs:
        kind, _, name = entity.partition("/")
        if kind == "topics" and name not in kept.topics and name not in kept.deletions:
            if name not in unread:
                yield Difference(Kind.ORPHAN, name, f"/config/{entity}", "")
            continue
        # Brokers read the configs of a new topic by themselves when they make its replicas.
        if kept.is_kraft or (kind == "topics" and _came_with_topic(kept.made.get(name), zxid, changed_ms)):
            continue
        who = tuple(sorted(broker for broker, each in kept.brokers.items() if each.zxid < zxid))
        if who and _is_untold(kept.notifications, entity, zxid, now_ms - changed_ms):
            yield Difference(Kind.UNTOLD, entity, "changed", "not told", who)


def _came_with_topic(made: Made | None, zxid: int, changed_ms: int) -> bool:
    # Brokers make a topic by themselves when the first client asks for it, such as __consumer_offsets. Where clients
    # ask several at once, each request writes the same configs once more, and only then finds the topic to be there
    # (AdminZkClient.createTopicWithAssignment 3.9).
    return made is None or zxid <= made.zxid or 0 <= changed_ms - made.at_ms < MADE_TWICE_MS


def _is_untold(notifications: Notifications, entity: str, zxid: int, age_ms: int) -> bool:
    if notifications.newest.get(entity, -1) >= zxid:
        return False
    # A notification stands for 15 minutes at least (ZkNodeChangeNotificationListener 3.9): the one for a change that is
    # younger would still be there. One minute of it is for clocks that differ.
    return notifications.last_zxid < zxid or age_ms < 14 * 60_000


def _broker_configs(kept: Kept, answers: Answers) -> Iterator[Difference]:
    for broker, by_source in answers.configs.items():
        for source in (broker, None):
            ours, theirs = kept.broker_configs.get(source, {}), by_source.get(source, {})
            subject = f"broker {broker}" if source is not None else f"broker {broker}, default of all"
            for name in sorted(ours.keys() | theirs.keys()):
                mine, answered = ours.get(name), theirs.get(name)
                # A secret is only known to be there: brokers answer no value, and ZooKeeper has it encrypted.
                if (name in ours) == (name in theirs) and answered in (None, mine):
                    continue
                sides = [f"{name} not set" if each is None else f"{name}={each}" for each in (mine, answered)]
                if answered is None and name in theirs:
                    sides[1] = f"{name} is set"
                if may_be_secret(name) and mine is not None:
                    sides[0] = f"{name} is set"
                yield Difference(Kind.BROKER_CONFIG, subject, sides[0], sides[1])


def _unread(kept: Kept, now_ms: int) -> Iterator[Difference]:
    for path, since in kept.unread.items():
        if now_ms - since > NOTIFICATION_MS:
            yield Difference(Kind.NOTIFICATION, path, "the controller has not read it", "")


def _there(partition: PartitionSide | None) -> str:
    return "no partition" if partition is None else f"replicas {_ids(partition.replicas)}"


def _ids(brokers: Iterable[int]) -> str:
    return ", ".join(map(str, brokers)) or "none"


def _broker(broker: int | None) -> str:
    return "none" if broker is None else f"broker {broker}"


class Watch:
    """Compares one look with the next, and tells differences that last from those that healed.

    A difference is the same as that of an earlier look where both sides still have what they had.
    """

    def __init__(self) -> None:
        self._since: dict[Difference, float] = {}
        self._last: tuple[Difference, ...] = ()
        self._seconds = 0.0
        self.looks = 0
        self._moving: frozenset[Kind] = frozenset()
        self._gone: dict[Difference, Difference] = {}

    def look(self, found: Sequence[Difference], seconds: float) -> None:
        """Take the differences of one look, at this time (s, of a clock that is never set back)."""
        self.looks += 1
        keys = {_key(each) for each in found}
        before = {_key(each) for each in self._last} if self.looks > 1 else keys
        # Where something of a kind came or went since the last look, others of that kind are likely to go, too.
        self._moving = frozenset(each.kind for each in keys ^ before) | {Kind.NEW_TOPIC}
        self._gone |= {_key(each): each for each in self._last if _key(each) not in keys}
        self._gone = {key: each for key, each in self._gone.items() if key not in keys}
        self._since = {_key(each): self._since.get(_key(each), seconds) for each in found}
        self._last, self._seconds = tuple(found), seconds

    @property
    def is_settled(self) -> bool:
        """Whether another look would tell nothing else: nothing differs, or all that does lasts, or is a new topic."""
        return len(self.lasting) + sum(each.kind is Kind.NEW_TOPIC for each in self._old()) == len(self._last)

    def _old(self) -> Iterator[Difference]:
        return (each for each in self._last if self._seconds - self._since[_key(each)] >= LASTING_SECONDS)

    @property
    def lasting(self) -> tuple[Difference, ...]:
        """The differences that were there, unchanged, for long enough to be no matter of time."""
        return tuple(each for each in self._old() if each.kind not in self._moving)

    @property
    def changing(self) -> tuple[Difference, ...]:
        """The differences of the last look that are too young to be judged."""
        lasting = set(self.lasting)
        return tuple(each for each in self._last if each not in lasting)

    @property
    def healed(self) -> tuple[Difference, ...]:
        """The differences that were seen, and were gone at the last look."""
        return tuple(self._gone.values())


def _key(difference: Difference) -> Difference:
    # Brokers hear of a change one after the other: who has not yet is no part of what differs.
    if difference.kind in WITHOUT_VALUES:
        return Difference(difference.kind, difference.subject, "", "")
    return difference._replace(who=())
