"""joptsimple's rules, as measured on Apache's tools."""

import inspect
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafka_tools.cli import types
from kafka_tools.cli.argparse4j import ArgparseCommand
from kafka_tools.cli.command import ErrorStyle, ToolCommand, ToolFailure
from kafka_tools.cli.options import OTHER, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.main import cli
from kafka_tools.tools import find, names
from kafka_tools.tools.topics import changing, reading

NOTHING = {"list": False, "topic": None, "config": (), "partitions": None, "compression_codec": None}


@click.command("tool", cls=ToolCommand, reports=False)
@option(OTHER, "--list", help="flag")
@option(OTHER, "--topic", type=types.TOPIC, help="one")
@option(OTHER, "--config", type=types.TOPIC_CONFIG, multiple=True, help="many")
@option(OTHER, "--partitions", "--partition", "partitions", type=types.INTEGER, help="two names")
@option(OTHER, "--compression-codec", type=types.Text("CODEC"), bare="gzip", help="may be bare")
def tool(**_: object) -> None:
    """A tool with options of every kind."""


def parse(argv: list[str], command: click.Command = tool) -> dict[str, Any]:
    """Return the value of each parameter."""
    return command.make_context("tool", argv).params


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
    assert parse(argv.split()) == NOTHING | values


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
        ("--partitions abc --zzz", "zzz is not a recognized option", ""),
        ("--topic a --topic b --zzz", "zzz is not a recognized option", ""),
        (
            "--partitions abc --topic a --topic b",
            "Found multiple arguments for option topic, but you asked for only one",
            "",
        ),
        ("--partitions abc", "Cannot parse argument 'abc' of option partitions", ""),
    ],
)
def test_refuses_in_joptsimples_words(argv: str, message: str, hint: str) -> None:
    with pytest.raises(ToolFailure) as refused:
        parse(argv.split())
    error = refused.value.error
    assert (error.message, error.hint) == (message, hint)


@given(st.lists(st.text(max_size=12) | st.sampled_from(["--partitions", "--topic", "--list", "--config"])))
def test_no_command_line_gives_a_traceback(argv: list[str]) -> None:
    try:
        values = parse(argv)
    except ToolFailure:
        return
    assert set(values) == set(NOTHING)


@pytest.mark.parametrize(("text", "number"), [("3", 3), ("-1", -1), ("+5", 5), ("2147483647", 2147483647)])
def test_integers(text: str, number: int) -> None:
    assert types.INTEGER.convert(text, None, None) == number


@pytest.mark.parametrize("text", ["", "abc", "1_000", " 1", "1.0", "2147483648", "٣", "--1", "+-1", "9" * 9999])
def test_what_java_does_not_take_for_an_integer(text: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        types.INTEGER.convert(text, tool.params[3], None)
    assert refused.value.message == f"Cannot parse argument '{text}' of option partitions"


def test_longs_have_64_bits() -> None:
    assert types.LONG.convert("9223372036854775807", None, None) == (1 << 63) - 1
    with pytest.raises(KafkaToolError):
        types.LONG.convert("9223372036854775808", None, None)


def test_one_of_a_few_words() -> None:
    word = types.Word("FORMAT", ("plain", "json"))
    assert word.convert("json", None, None) == "json"
    with pytest.raises(UsageError) as refused:
        word.convert("xml", click.Option(["--output"]), None)
    assert (refused.value.message, refused.value.hint) == ("--output cannot be 'xml'", "Choose from: plain, json")


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "x", ""])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(UsageError, match="is no number of seconds"):
        types.SECONDS.convert(text, None, None)
    assert types.SECONDS.convert("0.5", None, None) == 0.5


@click.command("words", cls=ToolCommand, reports=False)
@option(OTHER, "--list", help="flag")
@option(OTHER, "--topic", type=types.TOPIC, help="one")
@click.argument("one", required=False)
@click.argument("rest", nargs=-1)
def with_words(**_: object) -> None:
    """A tool with words."""


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
    values = parse(argv.split(), with_words)
    assert (values["one"], values["rest"]) == (one, rest)


def _commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _commands(each)


CONNECTION = {"bootstrap_server", "command_config", "client_settings", "wait"}
TOOLS = [each for each in map(find, names()) if each is not None]
COMMANDS = [command for each in TOOLS for command in _commands(each) if not isinstance(command, click.Group)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_callback_has_a_typed_parameter_for_each_option(command: click.Command) -> None:
    assert command.callback is not None
    parameters = inspect.signature(command.callback).parameters
    if [each.kind for each in parameters.values()] == [inspect.Parameter.VAR_KEYWORD]:
        return
    shown_by_ktools = {"output", "columns", "sort_by", "watch"} if getattr(command, "reports", True) else set()
    wanted = {param.name for param in command.params if param.expose_value} - shown_by_ktools
    # `argparse4j.connection` declares the options that say which cluster, where the command does not have its own.
    if isinstance(command, ArgparseCommand) and not parameters.keys() >= CONNECTION:
        assert wanted >= CONNECTION
        wanted = wanted - CONNECTION - {"bootstrap_controller"} | ({"target", "command_config"} & parameters.keys())
    assert {*parameters} - {"ctx"} == wanted
    assert all(each.annotation is not inspect.Parameter.empty for each in parameters.values())


FLAT = [each for each in TOOLS if isinstance(each, ToolCommand)]
TABLES = {each.name or "": [name for param in each.params for name in param.opts] for each in FLAT}
WORDS = st.sampled_from(["a", "1", "-1", "--", "-", "a=b", "=", "", "1:2", "json"]) | st.text(max_size=5)


@settings(suppress_health_check=[HealthCheck.differing_executors])
@given(st.data())
@pytest.mark.parametrize("each", FLAT, ids=lambda each: each.name)
def test_no_command_line_of_a_real_tool_is_a_bug(each: ToolCommand, data: st.DataObject) -> None:
    argv = data.draw(st.lists(st.sampled_from(TABLES[each.name or ""]) | WORDS, max_size=8))
    try:
        context = each.make_context(each.name, argv)
    except (ToolFailure, click.UsageError, click.exceptions.Exit):
        return
    assert {param.name for param in each.params if param.expose_value} == {*context.params}


@given(st.lists(st.sampled_from(TABLES["topics"]) | WORDS, max_size=8))
def test_whatever_topics_is_told_it_asks_for_something_or_says_what_is_wrong(argv: list[str]) -> None:
    asked: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        for module, names_ in ((reading, ("list_topics", "describe")), (changing, ("create", "alter", "delete"))):
            for name in names_:
                patch.setattr(module, name, asked.append)
        done = CliRunner().invoke(cli, ["topics", *argv])
    assert done.exit_code in (0, 1), done.output
    about = {"--help", "-help", "--version", "-version"} & {*argv}
    assert bool(asked) == (done.exit_code == 0) or about


def test_what_a_failure_names_does_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    ErrorStyle("Error: ", to_stdout=True).show(KafkaToolError("Topic \x1b[2J\nis not there", "Try \x9b2J"), None)
    assert capsys.readouterr() == ("Error: Topic \\x1b[2J\nis not there\n", "Try \\x9b2J\n")
