"""`ktools verifiable-consumer`: what a command line asks for, its report, and what is refused before any broker is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kafka_tools.console.verifiable import Consumed, ConsumeTask, PartitionRead
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import verifiable_consumer
from kafka_tools.tools.verifiable_consumer import command

LINE = ["--bootstrap-server", "h:1", "--topic", "t", "--group-id", "g"]
ASSIGNORS = "org.apache.kafka.clients.consumer"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ConsumeTask]:
    """The tasks that a command line asks for; each reads one record and commits nothing."""
    found: list[ConsumeTask] = []

    def consumed(task: ConsumeTask, *_: object) -> Consumed:
        found.append(task)
        return Consumed((PartitionRead("t", 1, 1, 7, 7, None),), 1)

    monkeypatch.setattr(verifiable_consumer, "_consumed", consumed)
    return found


def test_without_options_each_poll_is_committed_until_ctrl_c(asked: list[ConsumeTask]) -> None:
    ran = CliRunner().invoke(command, LINE)
    assert (ran.exit_code, ran.stdout) == (1, "")  # the events were printed meanwhile
    [task] = asked
    assert task == ConsumeTask(task.source, "g")
    assert task.source.brokers.config == {
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "range",
        "session.timeout.ms": "30000",
    }


def test_each_option_has_its_effect(asked: list[ConsumeTask]) -> None:
    options = "--max-messages 5 --verbose --enable-autocommit --close-timeout 1500 --group-instance-id i"
    more = f"--reset-policy NONE --session-timeout 6000 --assignment-strategy {ASSIGNORS}.CooperativeStickyAssignor"
    CliRunner().invoke(command, [*LINE[2:], "--broker-list", "h:2", *options.split(), *more.split()])
    [task] = asked
    assert task[1:] == ("g", 5, True, True, 1.5, True)
    assert task.source.brokers.bootstrap_servers == "h:2"
    assert task.source.brokers.config == {
        "auto.offset.reset": "error",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": "6000",
        "group.instance.id": "i",
    }


def test_the_newer_protocol_has_settings_of_its_own(asked: list[ConsumeTask]) -> None:
    options = ["--group-protocol", "Consumer", "--group-remote-assignor", "uniform", "-X", "auto.offset.reset=latest"]
    CliRunner().invoke(command, [*LINE, *options])
    assert asked[0].source.brokers.config == {
        "auto.offset.reset": "latest",
        "group.protocol": "consumer",
        "group.remote.assignor": "uniform",
    }


def test_json_has_the_partitions_alone(asked: list[ConsumeTask]) -> None:
    ran = CliRunner().invoke(command, [*LINE, "--output", "json"])
    row = {"topic": "t", "partition": 1, "records": 1, "first_offset": 7, "last_offset": 7, "committed": None}
    assert json.loads(ran.stdout) == [row]
    assert not asked[0].prints


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--assignment-strategy", f"{ASSIGNORS}.StickyAssignor"], " cannot be had"),
        (["--group-protocol", "clasic"], "--group-protocol cannot be 'clasic'"),
        (["--reset-policy", "by_duration:PT1H"], "String must be one of: latest, earliest, none"),
        (["--group-id", " "], "The configured groupId is invalid"),
        (["--group-id", "g" * 32_768], "The configured groupId is invalid: it has more than 32,767 bytes"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: list[ConsumeTask], words: list[str], complaint: str) -> None:
    ran = CliRunner().invoke(command, [*LINE, *words])
    [said, *_] = ran.stderr.splitlines()
    assert said.startswith("verifiable-consumer: error: ")
    assert said.endswith(complaint)
    assert (ran.exit_code, asked) == (1, [])


def test_it_joins_no_group_of_a_cluster_that_a_context_guards(
    asked: list[ConsumeTask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "h:1", protected=True))
    ran = CliRunner().invoke(command, LINE)
    assert (ran.exit_code, asked) == (1, [])
    assert ran.stderr.startswith("context prod is protected: nothing was changed\n")
    CliRunner().invoke(command, [*LINE, "--yes"])
    assert len(asked) == 1
