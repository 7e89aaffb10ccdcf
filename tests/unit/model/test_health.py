"""What is wrong with a partition, counted as Apache's filters count."""

import pytest

from kafka_tools.model import health
from kafka_tools.model.health import Health, Role
from kafka_tools.model.topics import Partition

LIVE = {1, 2, 3}


def partition(
    leader: int | None, replicas: tuple[int, ...], isr: tuple[int, ...], **more: tuple[int, ...]
) -> Partition:
    return Partition(0, leader, replicas, isr, **more)


@pytest.mark.parametrize(
    ("what", "min_isr", "said", "broken"),
    [
        (partition(1, (1, 2, 3), (1, 2, 3)), 2, [], False),
        (partition(1, (1, 2, 3), (3, 1, 2)), 3, [], False),
        (partition(1, (1, 2, 3), (1, 2)), 1, ["under-replicated"], False),
        (partition(1, (1, 2, 3), (1, 2)), None, ["under-replicated"], False),
        (partition(1, (1, 2, 3), (1, 2)), 2, ["under-replicated, at min ISR"], False),
        (partition(1, (1, 2, 3), (1,)), 2, ["under-replicated, below min ISR 2: acks=all producers stop"], True),
        (partition(1, (1,), (1,)), 2, ["fewer replicas than min ISR 2"], False),
        (partition(2, (1, 2, 3), (1, 2, 3)), 2, ["preferred leader 1 does not lead"], False),
        (partition(2, (9, 2), (2,)), 1, ["under-replicated, at min ISR", "preferred leader 9 is out"], False),
        (partition(None, (9, 2), (9,)), 1, ["offline: no leader until broker 9 is back"], True),
        (partition(None, (9, 8), (), elr=(8, 9)), 1, ["offline: no leader until broker 8 or 9 is back"], True),
        (partition(None, (1, 2), (1, 2)), 1, ["offline: no leader"], True),
        (partition(9, (9, 2), (9, 2)), 1, ["offline: its leader 9 is down"], True),
        (partition(1, (1, 2, 3), (1, 2), adding_replicas=(3,), removing_replicas=(2,)), 1, [], False),
    ],
)
def test_the_problems_of_a_partition(what: Partition, min_isr: int | None, said: list[str], broken: bool) -> None:
    found = health.problems(what, LIVE, min_isr)
    assert [problem.words for problem in found] == said
    assert any(problem.broken for problem in found) == broken


def test_counts_of_problems_and_their_words() -> None:
    parts = [
        partition(1, (1, 2, 3), (1, 2, 3)),
        partition(1, (1, 2, 3), (1, 2)),
        partition(3, (2, 1, 3), (3,)),
        partition(None, (9,), (9,)),
        partition(2, (1, 2), (1, 2)),
    ]
    counts = health.health(parts, LIVE, 2)
    assert counts == Health(
        partitions=5,
        healthy=1,
        broken=2,
        offline=1,
        below_min_isr=1,
        at_min_isr=1,
        under_replicated=2,
        not_preferred=2,
    )
    assert health.words(counts) == (
        "1 offline · 1 below min ISR · 2 under-replicated · 1 at min ISR · 2 not led by their preferred replica"
    )
    assert health.total([counts, counts]) == Health(*(2 * count for count in counts))
    assert health.total([]) == Health(0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("number", "words"), [(1, "healthy"), (3, "all 3 partitions healthy")])
def test_the_words_for_healthy_partitions(number: int, words: str) -> None:
    parts = [partition(1, (1,), (1,))] * number
    assert health.words(health.health(parts, LIVE, 1)) == words


def test_the_roles_of_replicas() -> None:
    found = health.replicas(partition(1, (1, 2, 3, 9), (1, 2, 9)), LIVE)
    assert [replica.role for replica in found] == [Role.LEADER, Role.IN_SYNC, Role.OUT_OF_SYNC, Role.BROKER_DOWN]
    assert [replica.broker for replica in found] == [1, 2, 3, 9]


def test_a_running_reassignment_in_words() -> None:
    assert health.reassignment(partition(1, (1, 2), (1,), adding_replicas=(4, 5))) == "adding 4, 5"
    assert (
        health.reassignment(partition(1, (1, 2), (1,), adding_replicas=(4,), removing_replicas=(2,)))
        == "adding 4, removing 2"
    )
    assert health.reassignment(partition(1, (1, 2), (1,))) == ""
