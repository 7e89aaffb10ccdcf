"""Replica assignment: equal to what kafka.admin.AdminUtils of Kafka 2.8.2 computed for the recorded cases."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack, Start, assign, assign_more, check_added, check_brokers, parse

RECORDED = json.loads((Path(__file__).parent / "assignments_2_8.json").read_text())
ADDED = json.loads((Path(__file__).parent / "added_partitions_2_8.json").read_text())


@pytest.mark.parametrize("case", RECORDED)
def test_assignments_equal_those_of_kafka(case: dict) -> None:
    brokers = [BrokerRack(broker, rack) for broker, rack in case["brokers"]]
    start = Start(case["start"], case["start"])
    result = assign(brokers, case["partitions"], case["replication_factor"], rack_aware=True, start=start)
    assert [list(replicas) for replicas in result] == case["assignment"]


@pytest.mark.parametrize("case", ADDED)
def test_assignments_of_added_partitions_equal_those_of_kafka(case: dict) -> None:
    brokers = [BrokerRack(broker, rack) for broker, rack in case["brokers"]]
    first = (case["preferred_leader"], *range(100, 99 + case["replication_factor"]))
    added = assign_more(brokers, (first,) * case["partitions"], len(case["added"]), rack_aware=True)
    assert [list(replicas) for replicas in added] == case["added"]


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_every_assignment_is_valid(partitions: int, brokers: int, factor: int, racks: bool) -> None:
    cluster = [BrokerRack(broker * 7, f"rack-{broker % 3}" if racks else None) for broker in range(brokers)]
    if factor > brokers:
        with pytest.raises(
            KafkaToolError, match=rf"Replication factor: {factor} larger than available brokers: {brokers}\."
        ):
            assign(cluster, partitions, factor, rack_aware=True)
        return
    result = assign(cluster, partitions, factor, rack_aware=True)
    assert len(result) == partitions
    assert all(len(set(replicas)) == factor for replicas in result)
    distinct_racks = min(factor, len({broker.rack for broker in cluster}))
    rack_of = {broker.broker: broker.rack for broker in cluster}
    assert all(len({rack_of[broker] for broker in replicas}) == distinct_racks for replicas in result)


@pytest.mark.parametrize(
    ("partitions", "factor", "message"),
    [
        (0, 1, "Number of partitions must be larger than 0."),
        (1, 0, "Replication factor must be larger than 0."),
        (1, 4, "Replication factor: 4 larger than available brokers: 3."),
    ],
)
def test_impossible_counts_are_refused_in_kafkas_words(partitions: int, factor: int, message: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        assign([BrokerRack(broker, None) for broker in (1, 2, 3)], partitions, factor, rack_aware=True)
    assert refused.value.message == message


def test_racks_of_only_some_brokers_are_refused() -> None:
    brokers = [BrokerRack(1, "a"), BrokerRack(2, None)]
    with pytest.raises(KafkaToolError, match="Not all brokers have rack information"):
        assign(brokers, 1, 1, rack_aware=True)
    assert len(assign(brokers, 4, 2, rack_aware=False)) == 4


@pytest.mark.parametrize(
    ("text", "assignment"),
    [
        ("1:2,2:3,3:1", ((1, 2), (2, 3), (3, 1))),
        ("1: 2", ((1, 2),)),
        ("1:2,", ((1, 2),)),
        ("0", ((0,),)),
    ],
)
def test_replica_lists_are_parsed(text: str, assignment: tuple[tuple[int, ...], ...]) -> None:
    assert parse(text) == assignment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The replica assignment is empty."),
        (",", "The replica assignment is empty."),
        ("1:1", "Partition replica lists may not contain duplicate entries: 1"),
        ("1:2,3", "Partition 1 has different replication factor: [3]"),
        ("a:b", 'For input string: "a"'),
        ("1,,2", 'For input string: ""'),
        ("-1", 'For input string: "-1"'),
    ],
)
def test_invalid_replica_lists_are_refused(text: str, message: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        parse(text)
    assert refused.value.message == message


@given(st.text(alphabet="0123456789:, -a"))
def test_any_replica_list_is_parsed_or_refused(text: str) -> None:
    try:
        assignment = parse(text)
    except KafkaToolError:
        return
    assert assignment
    assert len({len(replicas) for replicas in assignment}) == 1


def test_a_replica_on_a_missing_broker_is_refused() -> None:
    check_brokers(((1, 2), (2, 3)), [1, 2, 3])
    with pytest.raises(KafkaToolError, match=r"names broker 9, which is not there \(brokers: 1, 2, 3\)"):
        check_brokers(((1, 9),), [3, 2, 1])


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (((1, 1),), "Duplicate brokers not allowed in replica assignment: 1, 1 for partition id 2."),
        (
            ((1, 2), (1, 9)),
            "Some brokers specified for partition id 3 are not available. Specified brokers: 1, 9, available brokers: "
            "1, 2, 3.",
        ),
        (
            ((1, 2), (1,), (1, 2, 3)),
            "Inconsistent replication factor between partitions, partition 0 has 2 while partitions [3, 4] have "
            "replication factors [1, 3], respectively.",
        ),
    ],
)
def test_added_partitions_that_kafka_refuses(added: tuple[tuple[int, ...], ...], message: str) -> None:
    check_added(((3, 1),), ((1, 2), (2, 3)), [3, 1, 2])
    with pytest.raises(KafkaToolError) as refused:
        check_added(added, ((1, 2), (2, 3)), [3, 1, 2])
    assert refused.value.message == message
