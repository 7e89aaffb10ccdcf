"""`ktools verifiable-producer`: what a command line asks for, its report, and what is refused before any broker is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kafka_tools.console.verifiable import Produced, ProduceTask
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import verifiable_producer
from kafka_tools.tools.verifiable_producer import command

LINE = ["--bootstrap-server", "h:1", "--topic", "t"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ProduceTask]:
    """The tasks that a command line asks for; of each a record is lost."""
    found: list[ProduceTask] = []

    def produced(task: ProduceTask, *_: object) -> Produced:
        found.append(task)
        return Produced(4, 3, 2000, 1)

    monkeypatch.setattr(verifiable_producer, "_produced", produced)
    return found


def test_without_options_numbers_go_to_all_in_sync_replicas_until_ctrl_c(asked: list[ProduceTask]) -> None:
    ran = CliRunner().invoke(command, LINE)
    assert (ran.exit_code, ran.stdout) == (1, "")  # the events were printed meanwhile
    [task] = asked
    assert task._replace(brokers=task.brokers._replace(config={})) == ProduceTask(task.brokers._replace(config={}), "t")
    assert task.brokers.config == {"acks": "-1", "retries": "0", "enable.idempotence": "false"}


def test_each_option_has_its_effect(asked: list[ProduceTask]) -> None:
    options = "--max-messages 5 --throughput 7 --value-prefix 3 --repeating-keys 2 --message-create-time 9 --acks 0"
    CliRunner().invoke(command, ["--broker-list", "h:2", "--topic", "t", *options.split()])
    [task] = asked
    assert task[1:] == ("t", 5, 7, 3, 2, 9, True)
    assert (task.brokers.bootstrap_servers, task.brokers.config["acks"]) == ("h:2", "0")


@pytest.mark.parametrize(("words", "acks"), [(["--acks", "1"], "all"), ([], "all"), (["-X", "acks=0"], "0")])
def test_a_file_goes_before_the_option_as_in_apaches_tool(
    asked: list[ProduceTask], tmp_path: Path, words: list[str], acks: str
) -> None:
    file = tmp_path / "producer.properties"
    file.write_text("acks=all\nretries=4\n", encoding="utf-8")
    CliRunner().invoke(command, [*LINE, "--producer.config", str(file), *words])
    assert (asked[0].brokers.config["acks"], asked[0].brokers.config["retries"]) == (acks, "4")


def test_json_has_the_sum_alone(asked: list[ProduceTask]) -> None:
    ran = CliRunner().invoke(command, [*LINE, "--output", "json"])
    sums = {"sent": 4, "acked": 3, "failed": 1, "target_throughput": -1, "avg_throughput": 1.5}
    assert json.loads(ran.stdout) == [sums]
    assert not asked[0].prints


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--acks", "x"], "argument --acks: could not convert 'x' to Integer (For input string: \"x\")"),
        (["--message-create-time", "0"], "--message-create-time 0 cannot be sent"),
        (["-X", "transactional.id=a"], "transactional.id=a cannot be had here"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: list[ProduceTask], words: list[str], complaint: str) -> None:
    ran = CliRunner().invoke(command, [*LINE, *words])
    assert ran.stderr.splitlines()[0] == f"verifiable-producer: error: {complaint}"
    assert (ran.exit_code, asked) == (1, [])


def test_it_sends_nothing_to_a_cluster_that_a_context_guards(
    asked: list[ProduceTask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "h:1", protected=True))
    ran = CliRunner().invoke(command, LINE)
    assert (ran.exit_code, asked) == (1, [])
    assert ran.stderr.startswith("context prod is protected: nothing was changed\n")
    CliRunner().invoke(command, [*LINE, "--yes"])
    assert len(asked) == 1
