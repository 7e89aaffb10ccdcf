"""What --add-config may hold, and what a change does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.configs import ConfigChange, ConfigEntry, Entity, changed, parse

NOT_KEY_VALUE = 'requirement failed: Invalid entity config: all configs to be added must be in the format "key=val".'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=b", {"a": "b"}),
        (" a = b , c=d", {"a": "b", "c": "d"}),
        ("a=[b,c],d=e", {"a": "b,c", "d": "e"}),
        ("a=[k=v,w]", {"a": "k=v,w"}),
        ("a=", {"a": ""}),
        ("a=b,,", {"a": "b"}),
        ("a=b,a=c", {"a": "c"}),
        ("SCRAM-SHA-256=[iterations=8192,password=a=b]", {"SCRAM-SHA-256": "iterations=8192,password=a=b"}),
        ("retention.ms=7d,max.message.bytes=10MiB", {"retention.ms": "604800000", "max.message.bytes": "10485760"}),
        ("a=[b", {"a": "b"}),
    ],
)
def test_add_config_is_read_as_apaches_tool_reads_it(text: str, expected: dict[str, str]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["", "a", "a=]b[", "a=b=c", "a=b,c", ",a=b"])
def test_what_is_no_pair_is_refused_in_apaches_words(text: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        parse(text)
    assert refused.value.message == NOT_KEY_VALUE


def test_a_key_with_a_strange_character_is_refused() -> None:
    with pytest.raises(KafkaToolError, match=r"^Invalid character found for config key: a b$"):
        parse("a b=c")


@given(st.text())
def test_no_text_is_the_end_of_the_parser(text: str) -> None:
    try:
        assert all(isinstance(value, str) for value in parse(text).values())
    except KafkaToolError as error:
        assert error.message  # noqa: PT017  any other exception fails the test


def test_a_change_is_told_by_the_values_before_and_after() -> None:
    entries = [ConfigEntry("a", "1"), ConfigEntry("b", "2")]
    change = ConfigChange(Entity("topics", "t"), {"a": "3", "c": "4"}, ("b",))
    assert changed(entries, change) == {"b": ("2", None), "a": ("1", "3"), "c": (None, "4")}
