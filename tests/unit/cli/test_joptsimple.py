"""joptsimple's rules, as measured on Apache's tools."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.cli.joptsimple import JavaInteger, canonical
from kafka_tools.errors import KafkaToolError, UsageError

PARAMS = [
    click.Option(["--list"], is_flag=True),
    click.Option(["--topic"]),
    click.Option(["--config"], multiple=True),
    click.Option(["--partitions", "--partition"]),
    click.Option(["--compression-codec"], is_flag=False, flag_value="gzip"),
]


@pytest.mark.parametrize(
    ("argv", "options"),
    [
        ("--list", ["--list"]),
        ("-list", ["--list"]),
        ("--list=true", ["--list"]),
        ("--list=false", ["--list"]),
        ("--list extra words", ["--list"]),
        ("--topic t", ["--topic=t"]),
        ("--topic=t", ["--topic=t"]),
        ("-topic t", ["--topic=t"]),
        ("--topic= t", ["--topic=t"]),
        ("--topic --list", ["--topic=--list"]),
        ("--topic a=b", ["--topic=a=b"]),
        ("--config a=1 --config b=2", ["--config=a=1", "--config=b=2"]),
        ("--partition 3", ["--partitions=3"]),
        ("--compression-codec", ["--compression-codec"]),
        ("--compression-codec lz4", ["--compression-codec=lz4"]),
        ("--compression-codec --list", ["--compression-codec", "--list"]),
        ("--list -- --topic t", ["--list"]),
        ("- --list", ["--list"]),
        ("", []),
    ],
)
def test_spellings(argv: str, options: list[str]) -> None:
    assert canonical(PARAMS, argv.split()) == options


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        ("--topic a --topic b", "Found multiple arguments for option topic, but you asked for only one", ""),
        ("--topic", "Option topic requires an argument", ""),
        ("--lis", "lis is not a recognized option", "Did you mean --list?"),
        ("--zzz", "zzz is not a recognized option", ""),
    ],
)
def test_refuses_in_joptsimples_words(argv: str, message: str, hint: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        canonical(PARAMS, argv.split())
    assert (refused.value.message, refused.value.hint) == (message, hint)


@given(st.lists(st.text(max_size=12)))
def test_no_command_line_gives_a_traceback(argv: list[str]) -> None:
    try:
        options = canonical(PARAMS, argv)
    except UsageError:
        return
    assert all(option.startswith("--") for option in options)


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("-1", -1), ("+5", 5), ("2147483647", 2147483647)])
def test_integers(text: str, number: int) -> None:
    assert JavaInteger().convert(text, PARAMS[3], None) == number


@pytest.mark.parametrize("text", ["", "abc", "1_000", " 1", "1.0", "2147483648", "٣", "--1", "+-1"])
def test_what_java_does_not_take_for_an_integer(text: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        JavaInteger().convert(text, PARAMS[3], None)
    assert refused.value.message == f"Cannot parse argument '{text}' of option partitions"
