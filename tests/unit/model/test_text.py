"""Texts that a user gives."""

import re
import time

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.text import PATTERN_SECONDS, is_sendable, limited
from kafka_tools.model.topic_names import matching


@pytest.mark.parametrize(
    ("text", "expected"), [("a", True), ("", True), ("ä", True), ("a\0", False), ("\udce9", False)]
)
def test_what_librdkafka_takes(text: str, expected: bool) -> None:
    assert is_sendable(text) is expected


def test_a_pattern_that_never_ends_is_ended() -> None:
    began = time.process_time()
    with pytest.raises(KafkaToolError, match=r"the pattern '\(a\+\)\+\$' takes too long"), limited("(a+)+$"):
        re.fullmatch("(a+)+$", "a" * 60 + "b")
    assert time.process_time() - began < PATTERN_SECONDS + 1
    with pytest.raises(KafkaToolError, match="takes too long"):
        matching(["a" * 60 + "b"], "(a+)+", exclude_internal=False)


def test_after_a_pattern_that_ends_nothing_is_limited() -> None:
    with limited("a"):
        assert re.fullmatch("a", "a")
    until = time.process_time() + PATTERN_SECONDS / 10
    while time.process_time() < until:
        pass
