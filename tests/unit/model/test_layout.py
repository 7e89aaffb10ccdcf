"""Loads of brokers, and what the controller makes of partitions whose brokers die."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.layout import BrokerLoad, Outcome, Verdict, check_known, loads, without_brokers
from kafka_tools.model.topics import Partition, TopicDescription

LIVE = frozenset({1, 2, 3})
UNCLEAN = {"unclean.leader.election.enable": "true"}


def topic(*partitions: Partition, min_isr: int | None = 1, configs: dict[str, str] | None = None) -> TopicDescription:
    return TopicDescription("t", None, partitions, configs or {}, min_isr)


def test_the_loads_of_brokers() -> None:
    described = topic(Partition(0, 1, (1, 2, 9), (1, 2)), Partition(1, 1, (2, 1), (1,)), Partition(2, None, (9,), (9,)))
    brokers = [BrokerRack(1, "b"), BrokerRack(2, "a"), BrokerRack(4, "b")]
    assert [astuple(load) for load in loads([described], brokers, {})] == [
        (2, "a", True, 0, 1, 2, 1, -100.0),
        (1, "b", True, 2, 1, 2, 0, 200.0),
        (4, "b", True, 0, 0, 0, 0, -100.0),
        (9, None, False, 0, 1, 2, 1, None),
    ]
    assert loads([described], brokers, {9: "c"})[-1].rack == "c"


def test_loads_without_leaders_have_no_skew() -> None:
    assert loads([], [BrokerRack(1, None)], {}) == (BrokerLoad(1, None, True, 0, 0, 0, 0, None),)


def died(now: Partition, *brokers: int, min_isr: int | None = 1, configs: dict[str, str] | None = None) -> Outcome:
    (outcome,) = without_brokers([topic(now, min_isr=min_isr, configs=configs)], LIVE, brokers)
    assert outcome.now == now
    return outcome


@pytest.mark.parametrize(
    ("now", "brokers", "min_isr", "leader", "isr", "verdict"),
    [
        # the first live in-sync replica in assignment order, not in the order of the ISR
        (Partition(0, 1, (1, 2, 3), (3, 2, 1)), [1], 1, 2, (3, 2), Verdict.MOVES),
        (Partition(0, 1, (1, 2, 3), (1, 3)), [1], 1, 3, (3,), Verdict.MOVES),
        # a leader that lives stays, preferred or not
        (Partition(0, 3, (1, 2, 3), (1, 2, 3)), [2], 1, 3, (1, 3), Verdict.SHRINKS),
        # a replica that was not in sync changes nothing
        (Partition(0, 1, (1, 2, 3), (1, 2)), [3], 2, 1, (1, 2), Verdict.UNCHANGED),
        (Partition(0, 1, (1, 2), (1, 2)), [3], 2, 1, (1, 2), Verdict.UNCHANGED),
        (Partition(0, 1, (1, 2, 3), (1, 2, 3)), [1], 3, 2, (2, 3), Verdict.BELOW_MIN_ISR),
        (Partition(0, 1, (1, 2, 3), (1, 2, 3)), [2, 3], 2, 1, (1,), Verdict.BELOW_MIN_ISR),
        (Partition(0, 1, (1, 2, 3), (1, 2, 3)), [2], None, 1, (1, 3), Verdict.MIN_ISR_NOT_KNOWN),
        # the last in-sync replica stays in the ISR
        (Partition(0, 1, (1,), (1,)), [1], 1, None, (1,), Verdict.OFFLINE),
        (Partition(0, 1, (1, 2), (1,)), [1], 1, None, (1,), Verdict.OFFLINE),
        (Partition(0, 1, (1, 2), (1, 2)), [2, 1], 1, None, (1,), Verdict.OFFLINE),
        (Partition(0, 1, (1, 2), (1, 2)), [1, 2], 1, None, (2,), Verdict.OFFLINE),
        # what is offline stays so
        (Partition(0, None, (9, 1), (9,)), [1], 1, None, (9,), Verdict.UNCHANGED),
        # a leader or a replica that is down already
        (Partition(0, 1, (1, 9), (1,)), [9], 2, 1, (1,), Verdict.UNCHANGED),
    ],
)
def test_the_next_leader_is_the_controllers_choice(
    now: Partition, brokers: list[int], min_isr: int | None, leader: int | None, isr: tuple[int, ...], verdict: Verdict
) -> None:
    outcome = died(now, *brokers, min_isr=min_isr)
    assert (outcome.then.leader, outcome.then.isr, outcome.verdict) == (leader, isr, verdict)


def test_an_unclean_election() -> None:
    now = Partition(0, 1, (1, 9, 3, 2), (1,))
    outcome = died(now, 1, configs=UNCLEAN)
    assert (outcome.then.leader, outcome.then.isr, outcome.verdict) == (3, (3,), Verdict.LOSES_RECORDS)
    assert died(now, 1, 3, 2, configs=UNCLEAN).verdict is Verdict.OFFLINE
    assert died(now, 1, configs={"unclean.leader.election.enable": "false"}).verdict is Verdict.OFFLINE
    assert died(Partition(0, 1, (1, 2), (1, 2)), 1, configs=UNCLEAN).verdict is Verdict.MOVES


@pytest.mark.parametrize(
    ("now", "brokers", "min_isr", "then"),
    [
        # below min ISR, who leaves the ISR becomes eligible
        (((1, 2, 3), (1, 2, 3), ()), [3], 2, (1, (1, 2), ())),
        (((1, 2, 3), (1, 2, 3), ()), [3, 2], 2, (1, (1,), (2,))),
        # the ISR may be empty, and the eligible wait for their brokers
        (((1, 2, 3), (1,), (2, 3)), [1], 2, (2, (2,), (1, 3))),
        (((1, 2, 3), (1,), ()), [1], 2, (None, (), (1,))),
        (((1,), (1,), ()), [1], 1, (None, (), (1,))),
        # no more replicas are asked for than there are
        (((1, 2), (1, 2), ()), [2], 5, (1, (1,), (2,))),
    ],
)
def test_eligible_leader_replicas(
    now: tuple[tuple[int, ...], ...], brokers: list[int], min_isr: int, then: object
) -> None:
    replicas, isr, elr = now
    outcome = died(Partition(0, isr[0], replicas, isr, elr=elr), *brokers, min_isr=min_isr)
    assert (outcome.then.leader, outcome.then.isr, outcome.then.elr) == then


def test_nobody_elects() -> None:
    """Leader and ISR stay as they are: the leader's death ends the partition, a follower's stops acks=all."""
    now = Partition(0, 1, (1, 2, 3), (1, 2))
    outcomes = [without_brokers([topic(now)], LIVE, [broker], elects=False)[0] for broker in (1, 2, 3)]
    assert [outcome.verdict for outcome in outcomes] == [Verdict.OFFLINE, Verdict.STALLS, Verdict.UNCHANGED]
    assert [outcome.then.leader for outcome in outcomes] == [None, 1, 1]
    stale = Partition(0, 9, (9, 2), (9, 2))
    [outcome] = without_brokers([topic(stale)], LIVE, [2], elects=False)
    assert (outcome.verdict, outcome.then.leader) == (Verdict.UNCHANGED, None)


def test_a_topic_marked_for_deletion_is_left_out() -> None:
    going = topic(Partition(0, 1, (1,), (1,)))._replace(marked_for_deletion=True)
    assert without_brokers([going], LIVE, [1]) == ()


BROKERS = st.lists(st.integers(1, 5), min_size=1, unique=True)


@given(BROKERS, st.data(), st.integers(1, 4), st.booleans(), st.booleans())
def test_any_deaths_leave_a_valid_partition(
    replicas: list[int], data: st.DataObject, min_isr: int, unclean: bool, keeps_elr: bool
) -> None:
    isr = data.draw(st.lists(st.sampled_from(replicas), min_size=1, unique=True))
    now = Partition(0, data.draw(st.sampled_from(isr)), tuple(replicas), tuple(isr), elr=() if keeps_elr else None)
    dead = data.draw(BROKERS)
    described = topic(now, min_isr=min_isr, configs=UNCLEAN if unclean else {})
    (outcome,) = without_brokers([described], {1, 2, 3, 4, 5}, dead)
    then, alive = outcome.then, {1, 2, 3, 4, 5}.difference(dead)
    assert then.leader is None or then.leader in set(then.isr) & alive
    assert then.replicas == now.replicas
    assert not keeps_elr or not set(then.isr) & set(then.elr or ())
    assert keeps_elr or then.isr
    if set(isr) & alive:
        assert set(then.isr) == set(isr) & alive
        assert then.leader == (now.leader if now.leader in alive else next(r for r in replicas if r in then.isr))
    elif not unclean:
        assert then.leader is None
    assert outcome.verdict.harmful == (
        then != now and (then.leader is None or len(then.isr) < min_isr or not set(then.isr) <= set(isr))
    )


def test_unknown_brokers_are_named() -> None:
    check_known([1, 9], {1, 2, 9})
    with pytest.raises(KafkaToolError, match=r"^7 is no broker of this cluster \(brokers: 1, 2\)\.$"):
        check_known([1, 7], {1, 2})
    with pytest.raises(KafkaToolError, match=r"^7, 8 are no brokers of this cluster"):
        check_known([7, 8], {1, 2})
