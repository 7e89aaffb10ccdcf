"""`ktools client-metrics`: requests from argv, Apache's lines, and what is not there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.configs import (
    CLIENT_METRICS,
    ConfigChange,
    ConfigEntry,
    Entity,
    EntityConfigs,
    EntityFilter,
    NoSuchEntityError,
)
from kafka_tools.model.target import Brokers
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import client_metrics

OWN = "DYNAMIC_CLIENT_METRICS_CONFIG"
RESOURCES = {
    "zz": {"interval.ms": "5000", "match": "client_id=a,client_software_name=b", "metrics": "a.,b."},
    "all": {"metrics": "*"},
}
DEFAULTS = {"interval.ms": "300000", "match": "", "metrics": ""}


class FakeConfigs:
    """Has two resources, and writes down what is to be changed."""

    def __init__(self) -> None:
        self.changes: list[ConfigChange] = []
        self.failure: KafkaToolError | None = None

    def describe(self, wanted: EntityFilter, everything: bool = False) -> Iterator[EntityConfigs]:
        [(kind, name)] = wanted.items()
        assert kind == CLIENT_METRICS
        if name is not None and name not in RESOURCES:
            raise NoSuchEntityError("The client-metric does not exist")
        for each in RESOURCES if name is None else (name,):
            entity = Entity(kind, each)
            entries = self.current(entity) if everything else tuple(e for e in self.current(entity) if e.source == OWN)
            yield EntityConfigs(entity, entries, self.failure)

    def current(self, entity: Entity) -> tuple[ConfigEntry, ...]:
        own = RESOURCES[entity.name]
        return tuple(
            ConfigEntry(name, own.get(name, value), OWN if name in own else "DEFAULT_CONFIG")
            for name, value in DEFAULTS.items()
        )

    def alter(self, change: ConfigChange, validate_only: bool = False) -> None:
        assert not validate_only
        if self.failure:
            raise self.failure
        self.changes.append(change)


@pytest.fixture
def resources(monkeypatch: pytest.MonkeyPatch) -> FakeConfigs:
    fake = FakeConfigs()

    @contextmanager
    def opened(target: Brokers) -> Iterator[FakeConfigs]:
        assert target.bootstrap_servers == "b:9092"
        yield fake

    monkeypatch.setattr(client_metrics, "open_configs", opened)
    return fake


def ktools(*argv: str) -> int:
    return run(["client-metrics", "--bootstrap-server", "b:9092", *argv])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("", "Command must include exactly one action: --alter, --delete, --describe or --list."),
        ("--list --delete", "Command must include exactly one action: --alter, --delete, --describe or --list."),
        ("--alter --metrics a", "One of --name or --generate-name must be specified with --alter."),
        ("--alter --name a --generate-name", "One of --name or --generate-name must be specified with --alter."),
        ("--delete", "A client metrics resource name must be specified with --delete."),
        ("--list --name a", 'Option "[list]" can\'t be used with option "[name]"'),
        ("--describe --metrics a", 'Option "[describe]" can\'t be used with option "[metrics]"'),
        ("--delete --generate-name", 'Option "[delete]" can\'t be used with option "[generate-name]"'),
        ("--alter --name a --interval x", "Invalid interval value. Enter an integer, or leave empty to reset."),
        ("--alter --name a --metric x", "metric is not a recognized option"),
    ],
)
def test_wrong_command_lines(
    argv: str, message: str, resources: FakeConfigs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ktools(*argv.split()) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == ("", message)
    assert resources.changes == []


def test_changes(resources: FakeConfigs, capsys: pytest.CaptureFixture[str]) -> None:
    match = ("--match", "client_id=x", "--match", "client_source_port=1,client_software_name=y")
    assert ktools("--alter", "--name", "new", "--metrics", "a.,b.", "--interval", "30s", *match) == 0
    assert ktools("--alter", "--name", "zz", "--interval", "", "--metrics", "") == 0
    assert ktools("--delete", "--name", "all") == 0
    said = capsys.readouterr()
    assert said.out == (
        "Altered client metrics config for new.\n"
        "Altered client metrics config for zz.\n"
        "Deleted client metrics config for all.\n"
    )
    assert said.err == ""
    clients = "client_id=x,client_source_port=1,client_software_name=y"
    assert resources.changes == [
        ConfigChange(Entity(CLIENT_METRICS, "new"), {"interval.ms": "30000", "metrics": "a.,b.", "match": clients}, ()),
        ConfigChange(Entity(CLIENT_METRICS, "zz"), {}, ("interval.ms", "metrics")),
        ConfigChange(Entity(CLIENT_METRICS, "all"), {}, ("metrics",)),
    ]


def test_nothing_to_change(resources: FakeConfigs, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--alter", "--name", "new") == 0
    said = capsys.readouterr()
    assert said.out == "Altered client metrics config for new.\n"
    assert said.err.startswith("Nothing was changed")
    assert resources.changes == [ConfigChange(Entity(CLIENT_METRICS, "new"), {}, ())]


def test_a_name_that_is_made(resources: FakeConfigs, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--alter", "--generate-name", "--metrics", "*", "--output", "json") == 0
    [row] = json.loads(capsys.readouterr().out)
    assert [change.entity.name for change in resources.changes] == [row["name"]]


@pytest.mark.usefixtures("resources")
def test_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--list") == 0
    assert capsys.readouterr().out == "zz\nall\n"
    assert ktools("--describe") == 0
    first = (
        "Client metrics configs for zz are:\n"
        "  interval.ms=5000\n  match=client_id=a,client_software_name=b\n  metrics=a.,b.\n"
    )
    rest = "Client metrics configs for all are:\n  interval.ms=300000\n  match=\n  metrics=*\n"
    assert capsys.readouterr().out == first + rest
    assert ktools("--describe", "--name", "zz") == 0
    assert capsys.readouterr().out == first
    assert ktools("--describe", "--output", "json") == 0
    match = {"client_id": "a", "client_software_name": "b"}
    assert json.loads(capsys.readouterr().out) == [
        {"name": "zz", "interval_ms": 5000, "metrics": ["a.", "b."], "match": match},
        {"name": "all", "interval_ms": 300000, "metrics": ["*"], "match": {}},
    ]
    assert ktools("--describe", "--output", "table") == 0
    assert capsys.readouterr().out.splitlines()[2].split() == ["all", "5", "min", "*", "all"]


@pytest.mark.usefixtures("resources")
def test_an_empty_list_is_an_empty_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("tests.unit.tools.test_client_metrics.RESOURCES", {})
    assert ktools("--list") == 0
    assert capsys.readouterr().out == "\n"
    assert ktools("--list", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert ktools("--describe", "--output", "table") == 0
    assert "There are no client metrics resources." in capsys.readouterr().out


def test_what_is_not_there(resources: FakeConfigs, capsys: pytest.CaptureFixture[str]) -> None:
    there_is_none = "The client metric resource x doesn't exist and doesn't have dynamic config.\n"
    assert ktools("--describe", "--name", "x") == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (there_is_none, "There is no 'x': --list tells which there are.\n")
    assert ktools("--delete", "--name", "x") == 1
    assert capsys.readouterr().out == f"Error while executing client metrics command : {there_is_none}"
    assert resources.changes == []


@pytest.mark.parametrize("words", [("--name", "\udce9"), ("--name", "a", "--metrics", "\udce9")])
def test_what_is_no_text(words: tuple[str, ...], resources: FakeConfigs, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--alter", *words) == 1
    said = "Error while executing client metrics command : '\\udce9' is not UTF-8 text.\n"
    assert capsys.readouterr().out == said
    assert resources.changes == []


def test_failures(resources: FakeConfigs, capsys: pytest.CaptureFixture[str]) -> None:
    resources.failure = BrokerError(40, "Invalid value 5 for interval.ms")
    for argv in (("--alter", "--name", "a", "--interval", "5"), ("--describe", "--name", "zz"), ("--describe",)):
        assert ktools(*argv) == 1
        said = capsys.readouterr()
        assert said.out == "Error while executing client metrics command : Invalid value 5 for interval.ms\n"
    assert ktools("--delete", "--name", "zz", "--output", "json") == 1
    assert capsys.readouterr().out == ""


def test_a_guarded_cluster(
    resources: FakeConfigs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "b:9092", protected=True))
    for argv in (("--alter", "--name", "a", "--interval", "500"), ("--delete", "--name", "zz")):
        assert ktools(*argv) == 1
        assert "context prod is protected: nothing was changed" in capsys.readouterr().out
        assert resources.changes == []
    assert ktools("--delete", "--name", "zz", "--yes") == 0
    assert len(resources.changes) == 1
    assert ktools("--describe") == 0
