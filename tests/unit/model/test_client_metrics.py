"""Client metrics: the values of options as Apache's tool reads them."""

import re

import pytest

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.client_metrics import generated_name, interval, joined, listed


def test_lists_are_joined_as_joptsimple_splits_them() -> None:
    assert joined(["a,,b", "c"]) == "a,b,c"
    assert joined([""]) == ""
    assert joined([",", "a"]) == ",,a"
    assert listed("a, b,,") == ("a", "b")
    assert listed(None) == ()


def test_intervals() -> None:
    assert [interval(text) for text in ("5000", " 30s ", "", "-1", "2147483647")] == [
        "5000",
        "30000",
        "",
        "-1",
        "2147483647",
    ]
    for text in ("x", "1.5", "2147483648", "٣"):
        with pytest.raises(UsageError, match="Invalid interval value"):
            interval(text)
    with pytest.raises(KafkaToolError, match="is no unit"):
        interval("5kB")


def test_names_that_are_made() -> None:
    names = {generated_name() for _ in range(200)}
    assert len(names) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", name) for name in names)
