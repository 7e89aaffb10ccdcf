"""What a context says of every tool: its default output, whether it may be changed; and -X, which goes before all."""

import json
from pathlib import Path

import pytest

from kafka_tools.console import produce as producing
from kafka_tools.console.consume import loop as consuming
from kafka_tools.main import run
from kafka_tools.model.target import Target
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import layout
from tests.support.fake_topics import FakeTopics, fake

__all__ = ["fake"]


@pytest.fixture
def topics(fake: FakeTopics) -> None:
    """A cluster with one topic, orders."""
    del fake.described["[red]"]


def current(**fields: object) -> None:
    edit_contexts.add(Context("prod", "", "b:9092", **fields))  # type: ignore[arg-type]
    edit_contexts.use("prod")


def printed(argv: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(argv.split()) == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("topics")
def test_a_context_s_output(capsys: pytest.CaptureFixture[str]) -> None:
    current(output="json")
    assert json.loads(printed("topics --list", capsys)) == [{"topic": "orders"}]
    assert printed("topics --list --output plain", capsys) == "orders\n"
    assert printed("topics --list --bootstrap-server b:9092", capsys) == "orders\n"
    assert printed("topics --list -X bootstrap.servers=other:1", capsys) == "orders\n"
    assert run(["topics", "--describe", "--topic", "missing"]) == 1
    said = capsys.readouterr()
    assert (said.out, "does not exist" in said.err) == ("", True)


@pytest.mark.usefixtures("topics")
def test_plain_text_gives_way_to_columns(capsys: pytest.CaptureFixture[str]) -> None:
    current(output="plain")
    assert "Partition" in printed("topics --describe --columns partition", capsys)


@pytest.mark.usefixtures("topics")
def test_an_output_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    current(output="tabel")
    assert run(["topics", "--list"]) == 1
    assert "the context's output cannot be 'tabel'" in capsys.readouterr().out


@pytest.mark.parametrize(("output", "expected"), [("jsonl", "jsonl"), ("svg", "plain"), (None, "plain")])
def test_records(monkeypatch: pytest.MonkeyPatch, output: str | None, expected: str) -> None:
    asked = []
    monkeypatch.setattr(consuming, "consume", lambda request, *_: asked.append(request) or 0)
    current(output=output)
    assert run(["console-consumer", "--topic", "t"]) == 0
    assert [request.output.form for request in asked] == [expected]


CHANGES = (
    "console-producer --topic t",
    "console-consumer --topic t --group g",
    "topics --create --topic t --partitions 1",
)


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("argv", CHANGES)
def test_what_may_not_be_changed_is_not(
    argv: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []
    for module, name in ((producing, "produce"), (consuming, "consume")):
        monkeypatch.setattr(module, name, lambda *_: done.append("changed") or 0)
    current(protected=True)
    assert run(argv.split()) == 1
    said = capsys.readouterr()
    assert "context prod is protected: nothing was changed\n" in said.out + said.err
    assert "--yes" in said.err
    assert run([*argv.split(), "--yes"]) == 0
    if "console" in argv:
        assert done == ["changed"]
    edit_contexts.remove("prod")
    current(read_only=True)
    assert run([*argv.split(), "--yes"]) == 1
    assert len(done) <= 1


def test_reading_is_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "consume", lambda *_: 0)
    current(read_only=True, protected=True)
    assert run(["console-consumer", "--topic", "t"]) == 0


@pytest.mark.usefixtures("home")
def test_settings_on_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "client.properties"
    config.write_text("security.protocol=SSL\nclient.id=file\n")
    login = ["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", "sasl.username=me", "sasl.password=hunter2"]
    options = [word for setting in login for word in ("-X", setting)]
    asked: list[Target] = []
    monkeypatch.setattr(layout, "show_layout", lambda request: asked.append(request.target) or 0)
    assert run(["layout", "--bootstrap-server", "b:1", "--command-config", str(config), *options]) == 0
    assert run(["layout", "--zookeeper", "z:1", "-X", "zookeeper.sasl.username=me", "-X", f"{ZK_PASSWORD}"]) == 0
    brokers, zookeeper = asked
    assert brokers.security is not None
    assert brokers.security.protocol == "SASL_PLAINTEXT"
    assert repr(zookeeper.security) == "ZooKeeperSecurity(tls=None, username='me')"


ZK_PASSWORD = "zookeeper.sasl.password=hunter2"
