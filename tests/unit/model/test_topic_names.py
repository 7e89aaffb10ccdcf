"""Topic names and filters."""

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java_hash_order import hash_order
from kafka_tools.model.topic_names import check_name, collisions, matching

NAMES = ("__consumer_offsets", "a.b", "orders", "orders-2", "payments")


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (None, NAMES),
        ("orders", ("orders",)),
        ("order", ()),
        ("orders.*", ("orders", "orders-2")),
        ("orders,payments", ("orders", "payments")),
        ("orders | payments", ("orders", "payments")),
        ('"orders"', ("orders",)),
    ],
)
def test_names_match_as_in_apaches_filter(pattern: str | None, names: tuple[str, ...]) -> None:
    assert matching(NAMES, pattern, exclude_internal=False) == names


def test_internal_topics_can_be_excluded() -> None:
    assert matching(NAMES, None, exclude_internal=True) == NAMES[1:]


def test_an_invalid_regular_expression_is_refused() -> None:
    with pytest.raises(KafkaToolError, match=r"^\[ is an invalid regex\.$"):
        matching(NAMES, "[", exclude_internal=False)


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 249])
def test_legal_names_are_accepted(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 250, "a b", "a\n", "[red]", "é"])
def test_illegal_names_are_refused(name: str) -> None:
    with pytest.raises(KafkaToolError, match="Topic name"):
        check_name(name)


def test_names_that_collide_in_metrics() -> None:
    assert collisions("a_b", ["a.b", "a_b", "a-b", "a.b.c"]) == ["a.b"]


def test_names_in_the_order_of_java_s_hash_map() -> None:
    configs = ["segment.ms", "retention.ms", "cleanup.policy", "max.message.bytes", "flush.ms"]
    assert hash_order(configs, 16) == ["cleanup.policy", "flush.ms", "max.message.bytes", "segment.ms", "retention.ms"]
    assert hash_order(configs, 64) == ["cleanup.policy", "flush.ms", "retention.ms", "max.message.bytes", "segment.ms"]
    assert hash_order(["fx1", "fx2"], 1) == ["fx2", "fx1"]
    assert hash_order(["caf\udce9"], 16) == ["caf\udce9"]  # an argument that is no UTF-8
