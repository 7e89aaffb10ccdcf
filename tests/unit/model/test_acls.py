"""Rules of an authorizer, and the filters that select them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.acls import (
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
    by_pattern,
    check_principal,
)

NAMES = st.sampled_from(["*", "a", "ab", "abc", "b"])
PATTERNS = st.builds(
    ResourcePattern,
    st.sampled_from([ResourceType.TOPIC, ResourceType.GROUP]),
    NAMES,
    st.sampled_from([PatternType.LITERAL, PatternType.PREFIXED]),
)
ENTRIES = st.builds(
    AccessControlEntry,
    st.sampled_from(["User:*", "User:a", "User:b"]),
    st.sampled_from(["*", "10.0.0.1"]),
    st.sampled_from([AclOperation.ALL, AclOperation.READ, AclOperation.WRITE]),
    st.sampled_from([AclPermissionType.ALLOW, AclPermissionType.DENY]),
)
BINDINGS = st.builds(AclBinding, PATTERNS, ENTRIES)


def filtered(name: str, pattern_type: PatternType) -> AclBindingFilter:
    return AclBindingFilter(ResourceType.TOPIC, name, pattern_type)


def rule(name: str, pattern_type: PatternType) -> AclBinding:
    entry = AccessControlEntry("User:a", "*", AclOperation.READ, AclPermissionType.ALLOW)
    return AclBinding(ResourcePattern(ResourceType.TOPIC, name, pattern_type), entry)


@given(BINDINGS, BINDINGS)
def test_the_filter_of_one_rule_selects_no_other(one: AclBinding, other: AclBinding) -> None:
    selected = AclBindingFilter.exactly(one)
    assert selected.matches(one)
    assert selected.matches(other) is (one == other)


@given(BINDINGS)
def test_the_empty_filter_selects_every_rule(binding: AclBinding) -> None:
    assert AclBindingFilter().matches(binding)


@pytest.mark.parametrize(
    ("name", "pattern_type", "expected"),
    [
        ("abc", PatternType.LITERAL, ["literal abc"]),
        ("abc", PatternType.PREFIXED, ["prefixed abc"]),
        ("abc", PatternType.ANY, ["literal abc", "prefixed abc"]),
        ("abc", PatternType.MATCH, ["literal *", "literal abc", "prefixed ab", "prefixed abc"]),
        ("*", PatternType.MATCH, ["literal *"]),
        ("ab", PatternType.MATCH, ["literal *", "prefixed ab"]),
    ],
)
def test_a_filter_takes_patterns_as_the_broker_does(name: str, pattern_type: PatternType, expected: list[str]) -> None:
    rules = {
        "literal *": rule("*", PatternType.LITERAL),
        "literal abc": rule("abc", PatternType.LITERAL),
        "prefixed ab": rule("ab", PatternType.PREFIXED),
        "prefixed abc": rule("abc", PatternType.PREFIXED),
        "prefixed abcd": rule("abcd", PatternType.PREFIXED),
    }
    assert [words for words, each in rules.items() if filtered(name, pattern_type).matches(each)] == expected


@given(st.lists(BINDINGS, unique=True))
def test_rules_by_pattern_are_all_rules(bindings: list[AclBinding]) -> None:
    grouped = by_pattern(bindings)
    assert {AclBinding(pattern, entry) for pattern, entries in grouped.items() for entry in entries} == set(bindings)
    assert sum(map(len, grouped.values())) == len(bindings)


@pytest.mark.parametrize("text", ["", "a", ":a"])
def test_what_is_no_principal(text: str) -> None:
    with pytest.raises(KafkaToolError, match="expected a string in format principalType:principalName but got"):
        check_principal(text)


def test_words_as_people_write_them() -> None:
    assert AclOperation.DESCRIBE_CONFIGS.title == "DescribeConfigs"
    assert ResourceType.TRANSACTIONAL_ID.title == "TransactionalId"
