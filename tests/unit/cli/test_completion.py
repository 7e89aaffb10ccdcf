"""What may stand at the cursor: of the real tools, with names that a cluster would give."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.cli import live_names
from kafka_tools.cli.completion import Completion, Fish
from kafka_tools.cli.live_names import Candidate
from kafka_tools.main import cli
from kafka_tools.tools import names

NAMES = {"topics": ("orders", "audit", "__consumer_offsets"), "groups": ("my group",), "brokers": ("1", "2", "3")}


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_names, "of_cluster", lambda kind, _: tuple(map(Candidate, NAMES[kind])))


def _complete(line: str) -> Completion:
    *words, current = line.split(" ")
    return Fish(cli, names()).answer(words, current)


def _found(line: str) -> list[str]:
    return [value for value, _ in _complete(line).candidates]


def test_the_tools() -> None:
    assert _found("ktools ") == names()
    assert _found("/opt/venv/bin/ktools ") == names()
    assert _found("ktools -") == ["--version", "--debug", "--help"]
    assert _found("ktools --debug -") == ["--version", "--help"]


@pytest.mark.parametrize("tool", names())
def test_every_tool_has_something_to_offer(tool: str) -> None:
    completion = _complete(f"ktools {tool} -")
    assert completion.kind == "words"
    assert completion.candidates
    assert all(meaning for value, meaning in completion.candidates if value.startswith("-"))


@pytest.mark.parametrize(
    "program", ["ktools topics", "kafka-topics", "kafka-topics.sh", "/x/bin/kafka-topics.sh", "k topics"]
)
def test_apaches_names(program: str) -> None:
    assert _found(f"{program} --describe --topic ") == ["orders", "audit"]


def test_run_class_completes_as_the_tool_of_its_class() -> None:
    assert "kafka.admin.TopicCommand" in _found("kafka-run-class.sh ")
    assert _found("kafka-run-class.sh kafka.admin.TopicCommand --topic ") == ["orders", "audit"]
    assert _found("kafka-run-class.sh no.such.Class --topic ") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ktools topics --topic ", ["orders", "audit"]),
        ("ktools topics --topic or", ["orders", "audit"]),
        ("ktools topics -topic ", ["orders", "audit"]),
        ("ktools topics --topic _", ["orders", "audit", "__consumer_offsets"]),
        ("ktools console-consumer --group ", ["my group"]),
        ("ktools console-consumer --include ", ["orders", "audit"]),
        ("ktools layout --without-broker ", ["1", "2", "3"]),
        ("ktools layout --without-broker 2,", ["2,1", "2,3"]),
        ("ktools layout --without-broker 2,1,3,", []),
        ("ktools topics --replica-assignment 1:2,1:", ["1:2,1:2", "1:2,1:3"]),
        ("ktools topics --output ", ["plain", "table", "json", "jsonl", "yaml", "csv", "svg", "html"]),
        ("ktools context list --output ", ["plain", "table", "json", "jsonl", "yaml", "csv", "svg", "html"]),
        ("ktools sandbox up --brokers ", ["1", "2", "3", "4", "5"]),
        ("ktools sandbox up --mode ", ["zookeeper", "kraft"]),
        ("ktools console-consumer --isolation-level ", ["read_committed", "read_uncommitted"]),
        ("ktools console-producer --compression-codec ", ["none", "gzip", "snappy", "lz4", "zstd"]),
        ("ktools topics --config cleanup.policy=", ["cleanup.policy=compact", "cleanup.policy=delete"]),
        ("ktools topics --config preallocate=", ["preallocate=true", "preallocate=false"]),
        ("ktools topics --config retention.ms=", []),
        ("ktools completion ", ["bash", "zsh", "fish"]),
        ("ktools topics --no-such x", []),
        ("ktools topics --topic orders x", []),
        ("ktools no-such ", []),
        ("ktools context no-such ", []),
        ("ktools context no-such --", []),
        ("ktools topics --list=", []),
        ("ktools topics -- --", []),
        ("ktools topics -- ", []),
        ("ktools sandbox up --racks=", ["1", "2", "3", "4", "5"]),
        ("ktools context use --output ", ["plain", "table", "json", "jsonl", "yaml", "csv", "svg", "html"]),
    ],
)
def test_values(line: str, expected: list[str]) -> None:
    assert _found(line) == expected


def test_what_stands_before_a_value_is_no_part_of_it() -> None:
    assert _complete("ktools topics --topic=or")[:2] == ("words", "--topic=")
    assert _complete("ktools topics --config=cleanup.policy=")[:2] == ("words", "--config=")


def test_files_are_left_to_the_shell() -> None:
    assert _complete("ktools topics --command-config x") == Completion("files")
    assert _complete("ktools topics --command-config=x") == Completion("files", "--command-config=")
    assert _complete("ktools context import ") == Completion("files")
    assert _complete("ktools manual ") == Completion("directories")


def test_names_of_configs() -> None:
    assert "retention.ms=" in _found("ktools topics --config ")
    assert "retention.ms" in _found("ktools topics --delete-config ")
    assert {"group.id=", "sasl.mechanism="} < {*_found("ktools console-consumer --consumer-property ")}
    assert "print.key=" in _found("ktools console-consumer --property print.")
    deserializers = _found("ktools console-consumer --key-deserializer ")
    assert "org.apache.kafka.common.serialization.StringDeserializer" in deserializers


def test_only_options_that_make_sense() -> None:
    everything, listing = _found("ktools topics --"), _found("ktools topics --list --")
    assert {"--list", "--describe", "--help", "--zookeeper"} < {*everything}
    assert {"--exclude-internal", "--topic", "--output"} < {*listing}
    assert not {"--list", "--describe", "--partitions", "--under-replicated-partitions", "--help"} & {*listing}
    assert not {"--zookeeper", "--bootstrap-server"} & {*_found("ktools topics --zookeeper z --")}
    assert "--topic" not in _found("ktools topics --topic orders --")
    assert "--config" in _found("ktools topics --create --config a=b --")
    assert _found("ktools topics --list ") == listing


def test_an_option_is_offered_by_the_name_that_is_being_typed() -> None:
    assert "--partitions" in _found("ktools topics --part")
    assert "--partition" not in _found("ktools topics --part")
    assert "--producer.config" in _found("ktools console-producer --producer.")


def test_a_bare_option_may_have_no_value() -> None:
    assert "--topic" in _found("ktools console-producer --compression-codec --")
    assert "--topic" in _found("ktools console-producer --compression-codec --sync --")


def test_sub_commands_and_their_options() -> None:
    assert {"up", "down", "status"} <= {*_found("ktools sandbox ")}
    assert all(meaning for _, meaning in _complete("ktools sandbox ").candidates)
    assert {"--brokers", "--mode", "--help"} <= {*_found("ktools sandbox up --")}
    assert "--brokers" not in _found("ktools sandbox --")


@pytest.mark.parametrize("tool", ["features", "metadata-quorum", "transactions", "cluster"])
def test_options_before_a_sub_command(tool: str) -> None:
    """Apache's tools take them there: `kafka-features.sh --bootstrap-server HOST describe`."""
    offered = _found(f"ktools {tool} -")
    assert {"--bootstrap-server", "--wait", "--help"} <= set(offered)
    assert not {"--id", "--status", "--feature", "--transactional-id"} & set(offered), "those of one sub-command"
    assert _complete(f"ktools {tool} --command-config ").kind == "files"
    behind = f"ktools {tool} --bootstrap-server h:1 "
    assert _found(behind) == _found(f"ktools {tool} ")
    assert set(offered) - set(_found(f"{behind}-")) >= {"--bootstrap-server"}


@given(st.lists(st.text(max_size=10) | st.sampled_from(["ktools", "topics", "--topic", "--config", "sandbox", "--"])))
def test_no_command_line_gives_a_traceback(words: Sequence[str]) -> None:
    for current in ("", "--", "--topic=", "-x=", "a"):
        assert Fish(cli, names()).answer(words, current).kind in ("words", "files", "directories")
