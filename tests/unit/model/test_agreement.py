"""What ZooKeeper keeps against what brokers answer: every difference is named, and told from one that heals."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.agreement import (
    DELETION_MS,
    NOTIFICATION_MS,
    UNTOLD_LEADER,
    Answers,
    BrokerAnswer,
    ChangedConfig,
    Difference,
    Kept,
    Kind,
    Made,
    Notifications,
    PartitionSide,
    Registration,
    TopicSide,
    Watch,
    compare,
)
from kafka_tools.model.agreement_advice import advice

NOW = 1_800_000_000_000
QUARTER = 15 * 60_000
ADDRESSES = {broker: (f"b{broker}", 9092) for broker in (1, 2)}
ORDERS = TopicSide("id", {0: PartitionSide((1, 2), 1, (1, 2), 5), 1: PartitionSide((2, 1), 2, (1, 2), 5)})
KEPT = Kept(
    cluster_id="c",
    controller=1,
    is_kraft=False,
    brokers={broker: Registration((ADDRESSES[broker],), None, 10 + broker) for broker in (1, 2)},
    topics={"orders": ORDERS},
    made={"orders": Made(100, NOW - 60_000)},
    deletions={},
    configs=(ChangedConfig("topics/orders", 99, NOW),),
    notifications=Notifications({}, -1),
    unread={},
    broker_configs={},
    malformed={},
)
ANSWER = BrokerAnswer("c", 1, ADDRESSES, {1: None, 2: None}, {"orders": ORDERS})
ANSWERS = Answers({1: ANSWER, 2: ANSWER}, {})


def of(kept: Kept = KEPT, answers: Answers = ANSWERS) -> list[Difference]:
    return list(compare(kept, answers, NOW))


def partition(**changes: Any) -> TopicSide:
    return TopicSide("id", {**ORDERS.partitions, 0: ORDERS.partitions[0]._replace(**changes)})


def answering(answer: BrokerAnswer, *brokers: int) -> Answers:
    """Return the answers where these brokers say something else than the others."""
    return ANSWERS._replace(brokers={broker: answer if broker in brokers else ANSWER for broker in (1, 2)})


def topics(**named: TopicSide) -> BrokerAnswer:
    return ANSWER._replace(topics=named)


def test_two_sides_that_agree() -> None:
    assert of() == []


BOTH = (1, 2)
BROKERS = [
    (topics(), Difference(Kind.TOPIC, "orders", "2 partitions", "unknown", BOTH)),
    (topics(orders=ORDERS, more=partition()), Difference(Kind.TOPIC, "more", "no znode", "2 partitions", BOTH)),
    (topics(orders=ORDERS._replace(topic_id="x")), Difference(Kind.TOPIC_ID, "orders", "id", "x", BOTH)),
    (topics(orders=partition(replicas=(2, 1))), Difference(Kind.REPLICAS, "orders-0", "1, 2", "2, 1", BOTH)),
    (topics(orders=partition(leader=None)), Difference(Kind.LEADER, "orders-0", "broker 1", "none", BOTH)),
    (topics(orders=partition(isr=(1,))), Difference(Kind.ISR, "orders-0", "1, 2", "1", BOTH)),
    (topics(orders=partition(leader_epoch=4)), Difference(Kind.EPOCH, "orders-0", "5", "4", BOTH)),
    (
        topics(orders=TopicSide("id", {0: ORDERS.partitions[0]})),
        Difference(Kind.PARTITION, "orders-1", "replicas 2, 1", "no partition", BOTH),
    ),
    (ANSWER._replace(controller=2), Difference(Kind.CONTROLLER, "controller", "broker 1", "broker 2", BOTH)),
    (ANSWER._replace(racks={1: "a", 2: None}), Difference(Kind.RACK, "broker 1", "none", "a", BOTH)),
    (
        ANSWER._replace(brokers={**ADDRESSES, 2: ("other", 1)}),
        Difference(Kind.ADDRESS, "broker 2", "b2:9092", "other:1", BOTH),
    ),
    (
        ANSWER._replace(brokers={1: ADDRESSES[1]}),
        Difference(Kind.REGISTRATION, "broker 2", "registered", "not known", BOTH),
    ),
    (
        ANSWER._replace(brokers={**ADDRESSES, 3: ("b3", 9092)}, racks={1: None, 2: None, 3: None}),
        Difference(Kind.REGISTRATION, "broker 3", "not registered", "b3:9092", BOTH),
    ),
]


@pytest.mark.parametrize(("answer", "difference"), BROKERS)
def test_what_brokers_answer_otherwise(answer: BrokerAnswer, difference: Difference) -> None:
    assert of(KEPT, answering(answer, 1, 2)) == [difference]
    # One broker that is behind is named, and restarting it is the advice.
    [alone] = of(KEPT, answering(answer, 2))
    assert alone == difference._replace(who=(2,))
    assert "restart" in advice(alone, 2, "zk:2181").words.lower()


ZOOKEEPER = [
    (KEPT._replace(controller=None), "controller", "none is elected"),
    (KEPT._replace(controller=9), "controller", "broker 9, which is not registered"),
    (KEPT._replace(malformed={"/brokers/ids/x": "its name is no id"}), "/brokers/ids/x", "its name is no id"),
    (KEPT._replace(deletions={"orders": NOW - DELETION_MS - 1}), "orders", "marked for deletion"),
    (KEPT._replace(unread={"/isr_change_notification/a": NOW - NOTIFICATION_MS - 1}), "/isr_change_notification/a", ""),
    (KEPT._replace(configs=(ChangedConfig("topics/gone", 9, NOW),)), "gone", "/config/topics/gone"),
]


@pytest.mark.parametrize(("kept", "subject", "words"), ZOOKEEPER)
def test_what_is_wrong_in_zookeeper_itself(kept: Kept, subject: str, words: str) -> None:
    assert [(each.subject, each.who) for each in of(kept) if words in each.zookeeper] == [(subject, ())]


def test_replicas_on_a_broker_that_is_gone() -> None:
    """Brokers and ZooKeeper agree about that: it is told all the same."""
    kept = KEPT._replace(brokers={1: KEPT.brokers[1]}, deletions={"orders": NOW})
    gone = ANSWER._replace(brokers={1: ADDRESSES[1]}, racks={1: None}, topics={})
    found = of(kept, Answers({1: gone}, {}))
    assert found == [
        Difference(Kind.ABSENT, "broker 2", "2 replicas, not registered", ""),
        Difference(Kind.DELETION, "orders", "marked for deletion, with replicas on 2", ""),
    ]


def test_a_broker_that_gives_no_answer() -> None:
    silent = ANSWERS._replace(brokers={1: ANSWER}, silent={2: "connection refused"})
    assert of(KEPT, silent) == [Difference(Kind.UNREACHED, "broker 2", "registered", "connection refused")]


@pytest.mark.parametrize(
    "answer",
    [
        topics(orders=ORDERS._replace(topic_id=None)),  # before Kafka 2.8 and Metadata 10
        topics(orders=partition(leader=UNTOLD_LEADER)),
        topics(orders=partition(leader_epoch=None)),
    ],
)
def test_what_one_side_does_not_tell_is_no_difference(answer: BrokerAnswer) -> None:
    assert of(KEPT, answering(answer, 1, 2)) == []


def test_what_a_user_may_not_see_is_not_compared() -> None:
    assert of(KEPT, Answers({1: topics(), 2: topics()}, {}, frozenset({"orders"}))) == []


def test_a_topic_that_is_being_deleted_is_hidden_by_brokers() -> None:
    kept = KEPT._replace(deletions={"orders": NOW - 100})
    assert of(kept, answering(topics(), 1, 2)) == []
    assert of(kept, answering(topics(orders=partition(leader=None)), 1)) == []


def test_a_malformed_topic_is_told_once() -> None:
    path = "/brokers/topics/orders/partitions/0/state"
    kept = KEPT._replace(topics={}, malformed={path: "no leader"})
    assert of(kept) == [Difference(Kind.MALFORMED, path, "no leader", "")]


def test_a_controller_of_kraft_writes_no_notifications_and_is_no_broker() -> None:
    changed = (ChangedConfig("topics/orders", 200, NOW),)
    assert of(KEPT._replace(is_kraft=True, controller=3000, configs=changed)) == []


CHANGED = ChangedConfig("topics/orders", 200, NOW - 1000)


@pytest.mark.parametrize(
    ("config", "notifications", "is_told"),
    [
        (CHANGED._replace(zxid=100), Notifications({}, -1), True),  # made with the topic, in one transaction
        (CHANGED, Notifications({}, -1), False),
        (CHANGED._replace(changed_ms=NOW - 59_000), Notifications({}, -1), True),  # two brokers had it made at once
        (CHANGED, Notifications({"topics/orders": 200}, 200), True),  # ktools writes both in one transaction
        (CHANGED, Notifications({"topics/orders": 201}, 201), True),
        (CHANGED, Notifications({"topics/orders": 150, "topics/audit": 300}, 300), False),
        # Older than notifications stand: nobody can tell, unless no notification came at all since.
        (CHANGED._replace(changed_ms=NOW - QUARTER), Notifications({}, 300), True),
        (CHANGED._replace(changed_ms=NOW - QUARTER), Notifications({}, 199), False),
        (ChangedConfig("users/alice", 200, NOW), Notifications({}, -1), False),
        (ChangedConfig("users/alice", 200, NOW), Notifications({"users/alice": 201}, 201), True),
    ],
)
def test_a_config_that_was_changed_without_a_notification(
    config: ChangedConfig, notifications: Notifications, is_told: bool
) -> None:
    found = of(KEPT._replace(configs=(config,), notifications=notifications))
    assert found == ([] if is_told else [Difference(Kind.UNTOLD, config.entity, "changed", "not told", BOTH)])


def test_a_broker_that_was_started_since_has_read_the_configs() -> None:
    kept = KEPT._replace(configs=(CHANGED,))
    started = {1: KEPT.brokers[1], 2: KEPT.brokers[2]._replace(zxid=300)}
    assert [each.who for each in of(kept._replace(brokers=started))] == [(1,)]
    assert of(kept._replace(brokers={broker: each._replace(zxid=300) for broker, each in started.items()})) == []


def test_configs_that_a_broker_was_given_at_runtime() -> None:
    kept = KEPT._replace(broker_configs={1: {"a": "1", "b": "2", "ssl.key.password": "ENCRYPTED"}, None: {"c": "3"}})
    same = {1: {"a": "1", "b": "2", "ssl.key.password": None}, None: {"c": "3"}}
    assert of(kept, ANSWERS._replace(configs={1: same})) == []
    other = {1: {"a": "9", "d": None}, None: {}}
    found = of(kept, ANSWERS._replace(configs={1: other}))
    assert [(each.subject, each.zookeeper, each.brokers) for each in found] == [
        ("broker 1", "a=1", "a=9"),
        ("broker 1", "b=2", "b not set"),
        ("broker 1", "d not set", "d is set"),
        ("broker 1", "ssl.key.password is set", "ssl.key.password not set"),
        ("broker 1, default of all", "c=3", "c not set"),
    ]


# Looking again

FIRST = Difference(Kind.LEADER, "orders-0", "broker 1", "broker 2", (1, 2))


def test_what_lasts_and_what_heals() -> None:
    watch = Watch()
    passing = FIRST._replace(subject="orders-1")
    watch.look((FIRST, passing), 0)
    assert (watch.lasting, watch.changing, watch.healed) == ((), (FIRST, passing), ())
    # That fewer brokers say so now is the same difference.
    watch.look((FIRST._replace(who=(2,)),), 1)
    assert (watch.is_settled, watch.healed) == (False, (passing,))
    watch.look((FIRST._replace(who=(2,)),), 5)
    assert (watch.is_settled, watch.lasting) == (True, (FIRST._replace(who=(2,)),))


def test_while_others_of_the_kind_heal_none_is_judged() -> None:
    """Fifty topics are being made, and a broker hears of one after the other: the last one may take its time."""
    watch = Watch()
    damage = Difference(Kind.TOPIC_ID, "orders", "a", "b")
    for second in range(0, 16, 2):
        watch.look([damage, *(FIRST._replace(subject=f"orders-{each}") for each in range(16 - second))], second)
        assert watch.lasting == ((damage,) if second > 5 else ())
    watch.look(still := [damage, FIRST._replace(subject="orders-0"), FIRST._replace(subject="orders-1")], 16)
    assert watch.lasting == tuple(still)


def test_a_topic_that_was_made_this_moment_is_given_time() -> None:
    kept = KEPT._replace(made={"orders": Made(100, NOW - 1000)})
    [new] = of(kept, answering(topics(), 1, 2))
    assert new.kind is Kind.NEW_TOPIC
    watch = Watch()
    watch.look([new], 0)
    watch.look([new], 9)
    assert (watch.lasting, watch.changing, watch.is_settled) == ((), (new,), True)


def test_what_changes_is_another_difference_each_time() -> None:
    watch = Watch()
    for second, leader in enumerate(("broker 2", "broker 3", "none", "broker 1, again")):
        watch.look((FIRST._replace(brokers=leader),), second * 2)
    assert watch.lasting == ()
    assert len(watch.changing) == 1
    assert not watch.is_settled


def test_a_deletion_that_waits_for_more_brokers_is_the_same() -> None:
    watch = Watch()
    stuck = Difference(Kind.DELETION, "orders", "marked for deletion, with replicas on 2", "")
    watch.look((stuck,), 0)
    watch.look((more := stuck._replace(zookeeper="marked for deletion, with replicas on 2, 3"),), 5)
    assert watch.lasting == (more,)


def test_nothing_differs() -> None:
    watch = Watch()
    watch.look((), 0)
    assert watch.is_settled
    assert watch.healed == ()


def test_what_comes_back_is_young_again() -> None:
    watch = Watch()
    for second, found in enumerate([(FIRST,), (), (FIRST,), (FIRST,)]):
        watch.look(found, second * 2)
    assert watch.lasting == ()
    assert watch.healed == ()


# What to do


@pytest.mark.parametrize("kind", list(Kind))
def test_every_difference_has_an_advice(kind: Kind) -> None:
    for who in ((), (1,), BOTH):
        for kept in ("none is elected", "no znode", "x"):
            found = advice(Difference(kind, "topics/a b", kept, "y", who), 2, "zk:2181/kafka")
            assert found.words[-1] in ".?"
            assert found.command == "" or found.command.startswith("ktools ")


def test_a_command_can_be_typed_whatever_a_name_has_in_it() -> None:
    found = advice(Difference(Kind.UNTOLD, "users/{a b}", "changed", "not told", BOTH), 2, "zk:2181")
    assert found.command == "ktools configs --alter --entity-type users --entity-name '{a b}' --add-config NAME=VALUE"


sides = st.builds(
    PartitionSide,
    st.lists(st.integers(1, 3), min_size=1, unique=True).map(tuple),
    st.none() | st.integers(1, 3),
    st.lists(st.integers(1, 3), unique=True).map(sorted).map(tuple),
    st.integers(0, 2),
)
some = st.dictionaries(
    st.sampled_from(["a", "b"]), st.builds(TopicSide, st.none(), st.dictionaries(st.integers(0, 2), sides))
)


@given(some, some)
def test_no_difference_goes_unnamed(ours: dict[str, TopicSide], theirs: dict[str, TopicSide]) -> None:
    brokers = {broker: Registration((("b", broker),), None, 1) for broker in (1, 2, 3)}
    there = {broker: ("b", broker) for broker in brokers}
    kept = KEPT._replace(topics=ours, made={}, brokers=brokers, configs=())
    found = of(kept, Answers({1: BrokerAnswer("c", 1, there, dict.fromkeys(there), theirs)}, {}))
    assert bool(found) == (ours != theirs)
