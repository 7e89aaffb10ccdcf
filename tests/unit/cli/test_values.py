"""Values that no option can have: an empty name, and one that Kafka's protocol cannot carry."""

from collections.abc import Iterator

import click
import pytest

from kafka_tools import tools
from kafka_tools.cli.types import JOINED_GROUP, Filled, Sent, Text
from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _commands(each, f"{name} {each.name}")
    yield name, command


def _options(kind: type[Text]) -> list[pytest.ParameterSet]:
    found = (each for name in tools.names() for each in _commands(tools.find(name), name))
    return [
        pytest.param(param, id=f"{name} {param.opts[0]}")
        for name, command in found
        for param in command.params
        if isinstance(param.type, kind)
    ]


@pytest.mark.parametrize("param", _options(Filled))
def test_an_empty_name_of_a_file_or_server_is_no_option_left_out(param: click.Parameter) -> None:
    """A script whose variable is not set would work on the default cluster, without its login, or on all partitions."""
    with pytest.raises(KafkaToolError, match="'' is not ") as caught:
        param.type.convert("", param, None)
    assert caught.value.hint == "Is a variable not set?"


@pytest.mark.parametrize("param", _options(Sent))
@pytest.mark.parametrize(
    ("value", "why"), [("caf\udce9", "is not UTF-8 text"), ("a" * 32768, "more than 32,767 bytes")]
)
def test_a_name_that_no_request_can_carry_is_refused(param: click.Parameter, value: str, why: str) -> None:
    """confluent-kafka would raise one of three exceptions for it, or end the process."""
    with pytest.raises(KafkaToolError, match=why):
        param.type.convert(value, param, None)


def test_no_option_takes_such_a_name_by_another_type() -> None:
    texts = {param.values[0]: param.id for param in _options(Text)}  # type: ignore[index]
    plain = {name: param.type for param, name in texts.items() if type(param.type) is Text}
    kinds = {"FILE", "GROUP", "HOST:PORT[,…]", "ID", "TOPIC", "TOPIC[,…]"}
    # `model.groups.joined` reads the one; the ids of brokers are numbers.
    read_later = [kind for kind in plain.values() if kind is JOINED_GROUP or kind.completes == "brokers"]
    assert not [name for name, kind in plain.items() if kind.metavar in kinds and kind not in read_later]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("preferred-replica-election --path-to-json-file @", "--path-to-json-file: '' is not the name of a file"),
        ("zookeeper-shell -server @ ls /", "--server: '' is not HOST:PORT"),
        ("console-producer --topic a --bootstrap-server @", "--bootstrap-server: '' is not HOST:PORT"),
        ("zookeeper-shell @ ls /", "--zookeeper '' names no server"),
    ],
)
def test_an_empty_variable_of_a_script_ends_a_command(
    line: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third and last would have worked on the cluster of the environment."""
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "localhost:1")
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "localhost:1")
    assert run(["" if word == "@" else word for word in line.split()]) == 1
    assert said in capsys.readouterr().err
