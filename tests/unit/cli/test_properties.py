"""NAME=VALUE as Apache's tools read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.cli.properties import Properties


def test_the_last_of_a_name_wins_and_values_keep_their_equals_signs() -> None:
    properties = Properties.parse(["a=1", "a=b=c", "bare", "empty="], "--property")
    assert [properties.text(name) for name in ("a", "a", "bare", "empty", "none")] == ["b=c", None, "", "", None]


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), (" TRUE ", True), ("yes", False), ("", False), ("1", False)]
)
def test_only_true_is_true(text: str, expected: bool) -> None:
    assert Properties.parse([f"a={text}"], "--property").flag("a", not expected) is expected


def test_defaults() -> None:
    properties = Properties.parse([], "--property")
    assert properties.flag("a", True)
    assert properties.content("b", b"\t") == b"\t"


@given(st.binary(max_size=20))
def test_content_is_the_bytes_of_the_command_line(content: bytes) -> None:
    text = content.decode("utf-8", "surrogateescape")
    assert Properties.parse([f"a={text}"], "--property").content("a", b"") == content


def test_a_file_stands_behind_the_option() -> None:
    properties = Properties.parse(["a=1"], "--property", {"a": "0", "b": "2"})
    assert (properties.text("a"), properties.text("b")) == ("1", "2")


def test_names_behind_a_prefix_and_what_is_left() -> None:
    properties = Properties.parse(["key.deserializer.x=1", "key.deserializer.=2", "other=3"], "--property")
    assert properties.prefixed("key.deserializer.") == {"x": "1"}
    assert properties.pairs() == ["key.deserializer.=2", "other=3"]


def test_what_nobody_takes_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    Properties.parse(["nosuch=1"], "--property").mention_rest()
    assert capsys.readouterr().err == "ktools: --property nosuch has no effect: it is not known\n"
