"""joptsimple's rules, as measured on Apache's tools."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.cli.joptsimple import Option, integer, long, one_of, parse
from kafka_tools.errors import KafkaToolError, UsageError

OPTIONS = (
    Option(("--list",), "flag"),
    Option(("--topic",), "one", "TOPIC"),
    Option(("--config",), "many", "NAME=VALUE", multiple=True),
    Option(("--partitions", "--partition"), "two names", "N", read=integer),
    Option(("--compression-codec",), "may be bare", "CODEC", bare="gzip"),
)
NOTHING = {"list": False, "topic": None, "config": (), "partitions": None, "compression_codec": None}


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        ("--list", {"list": True}),
        ("-list", {"list": True}),
        ("--list=true", {"list": True}),
        ("--list=false", {"list": True}),
        ("--list --list", {"list": True}),
        ("--list extra words", {"list": True}),
        ("--topic t", {"topic": "t"}),
        ("--topic=t", {"topic": "t"}),
        ("-topic t", {"topic": "t"}),
        ("--topic= t", {"topic": "t"}),
        ("--topic --list", {"topic": "--list"}),
        ("--topic a=b", {"topic": "a=b"}),
        ("--config a=1 --config b=2", {"config": ("a=1", "b=2")}),
        ("--partition 3", {"partitions": 3}),
        ("--compression-codec", {"compression_codec": "gzip"}),
        ("--compression-codec lz4", {"compression_codec": "lz4"}),
        ("--compression-codec --list", {"compression_codec": "gzip", "list": True}),
        ("--list -- --topic t", {"list": True}),
        ("- --list", {"list": True}),
        ("", {}),
    ],
)
def test_spellings(argv: str, values: dict[str, object]) -> None:
    assert parse(OPTIONS, argv.split()) == NOTHING | values


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        ("--topic a --topic b", "Found multiple arguments for option topic, but you asked for only one", ""),
        (
            "--partition 1 --partitions 2",
            "Found multiple arguments for option partitions, but you asked for only one",
            "",
        ),
        ("--topic", "Option topic requires an argument", ""),
        ("--lis", "lis is not a recognized option", "Did you mean --list?"),
        ("--zzz", "zzz is not a recognized option", ""),
    ],
)
def test_refuses_in_joptsimples_words(argv: str, message: str, hint: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        parse(OPTIONS, argv.split())
    assert (refused.value.message, refused.value.hint) == (message, hint)


@given(st.lists(st.text(max_size=12) | st.sampled_from(["--partitions", "--topic", "--list", "--config"])))
def test_no_command_line_gives_a_traceback(argv: list[str]) -> None:
    try:
        values = parse(OPTIONS, argv)
    except KafkaToolError:
        return
    assert set(values) == set(NOTHING)


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("-1", -1), ("+5", 5), ("2147483647", 2147483647)])
def test_integers(text: str, number: int) -> None:
    assert integer("partitions", text) == number


@pytest.mark.parametrize("text", ["", "abc", "1_000", " 1", "1.0", "2147483648", "٣", "--1", "+-1", "9" * 9999])
def test_what_java_does_not_take_for_an_integer(text: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        integer("partitions", text)
    assert refused.value.message == f"Cannot parse argument '{text}' of option partitions"


@pytest.mark.parametrize(
    ("argv", "one", "rest"),
    [
        ("", None, ()),
        ("a", "a", ()),
        ("--list a b c", "a", ("b", "c")),
        ("a -- b --list -- c", "a", ("b", "--list", "--", "c")),
        ("--topic a -", "-", ()),
    ],
)
def test_words_beside_the_options(argv: str, one: str | None, rest: tuple[str, ...]) -> None:
    words = (Option(("one",), "the first", "ONE"), Option(("rest",), "the others", "REST", multiple=True))
    values = parse((*OPTIONS, *words), argv.split())
    assert (values["one"], values["rest"]) == (one, rest)


def test_longs_have_64_bits() -> None:
    assert long("timeout", "9223372036854775807") == (1 << 63) - 1
    with pytest.raises(KafkaToolError):
        long("timeout", "9223372036854775808")


def test_one_of_a_few_words() -> None:
    assert one_of("plain", "json")("output", "json") == "json"
    with pytest.raises(UsageError) as refused:
        one_of("plain", "json")("output", "xml")
    assert (refused.value.message, refused.value.hint) == ("--output cannot be 'xml'", "Choose from: plain, json")
