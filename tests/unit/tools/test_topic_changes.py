"""`ktools topics --create | --alter | --delete` on a fake of the topics' protocols."""

import json
from collections.abc import Sequence

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicMarkedForDeletionError
from kafka_tools.tools.topics import changing
from kafka_tools.tools.topics.changing import COLLISION_WARNING, CONFIG_WARNING, KEY_WARNING
from tests.support.fake_topics import HEALTHY, FakeTopics, fake, ktools
from tests.support.servers import refusing

__all__ = ["fake"]

PREFIX = "Error while executing topic command : "
NOTHING_CHANGED = "Nothing was changed (--dry-run).\n"


def test_create(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic a_b --config retention.ms=1") == 0
    assert capsys.readouterr().out == f"{COLLISION_WARNING}\nCreated topic a_b.\n"
    assert fake.changes == [NewTopic("a_b", configs={"retention.ms": "1"})]


@pytest.mark.usefixtures("fake")
def test_create_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic orders") == 1
    assert capsys.readouterr().out == f"{PREFIX}Topic 'orders' already exists.\n"
    assert ktools("--create --topic orders --if-not-exists") == 0
    assert capsys.readouterr() == ("", "")


def test_create_on_a_broker_that_is_not_there(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic t --replica-assignment 1:9") == 1
    assert "names broker 9, which is not there (brokers: 1, 2)" in capsys.readouterr().out
    assert fake.changes == []
    assert ktools("--create --topic t --replica-assignment 1:9 --force") == 0
    assert fake.changes == [NewTopic("t", assignment=((1, 9),))]


def test_a_refusal_of_the_cluster(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    fake.refused["t"] = "Replication factor: 4 larger than available brokers: 3."
    assert ktools("--create --topic t --replication-factor 4") == 1
    assert capsys.readouterr().out == f"{PREFIX}Replication factor: 4 larger than available brokers: 3.\n"


def test_a_dry_run_of_create(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic t --partitions 2 --dry-run") == 0
    assert capsys.readouterr() == (
        "Would create topic t.\n\tTopic: t\tPartition: 0\tReplicas: 1,2\n\tTopic: t\tPartition: 1\tReplicas: 1,2\n",
        NOTHING_CHANGED,
    )
    assert ktools("--create --topic t --partitions 1 --dry-run --output json") == 0
    assert json.loads(capsys.readouterr().out) == [{"topic": "t", "partition": 0, "replicas": [1, 2]}]
    assert ktools("--create --topic t --replica-assignment 1:2,2:1 --dry-run --output table") == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("t ")] == [
        ["t", "0", "★", "●"]
    ]
    assert ktools("--create --topic orders --dry-run") == 1
    assert fake.changes == []


def test_alter_on_brokers_says_nothing(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--alter --topic orders --partitions 4 --replica-assignment 1:2,2:3,3:1,1:3") == 0
    assert capsys.readouterr() == ("", "")
    assert fake.changes == [NewPartitions("orders", 4, ((3, 1), (1, 3)))]


def test_alter_on_zookeeper_says_what_kafka_2_8_says(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    argv = "--alter --topic orders --config retention.ms=9 --delete-config segment.ms --partitions 3"
    assert ktools(argv, "--zookeeper z") == 0
    assert capsys.readouterr().out.splitlines() == [
        *CONFIG_WARNING,
        "Updated config for topic orders.",
        KEY_WARNING,
        "Adding partitions succeeded!",
    ]
    assert fake.changes == [("orders", {"retention.ms": "9"}, ("segment.ms",)), NewPartitions("orders", 3)]


def test_one_of_several_fails(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    fake.refused["[red]"] = "Topic already has 3 partitions."
    assert ktools("--alter --topic .* --partitions 3") == 1
    assert capsys.readouterr() == (
        f"{PREFIX}Topic already has 3 partitions.\n",
        "1 of 2 topics were altered, not [red].\n",
    )
    assert fake.changes == [NewPartitions("orders", 3)]
    assert ktools("--alter --topic .* --partitions 3 --output json") == 1
    assert json.loads(capsys.readouterr().out) == [{"topic": "orders"}]


def test_what_was_done_before_a_failure_is_said(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object, **__: object) -> dict[str, KafkaToolError]:
        return {"orders": KafkaToolError("2 would not be an increase.")}

    fake.create_partitions = refuse  # type: ignore[assignment]
    assert ktools("--alter --topic orders --config retention.ms=9 --partitions 2", "--zookeeper z") == 1
    assert capsys.readouterr().out.splitlines() == [
        *CONFIG_WARNING,
        "Updated config for topic orders.",
        KEY_WARNING,
        f"{PREFIX}2 would not be an increase.",
    ]


def test_a_dry_run_of_alter(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    argv = "--alter --topic orders --config flush.ms=9 --delete-config segment.ms --partitions 3 --dry-run"
    argv += " --replica-assignment 1,1,1"
    assert ktools(argv, "--zookeeper z") == 0
    assert capsys.readouterr() == (
        "Would set flush.ms=9 and delete segment.ms of topic orders.\n"
        "Would add 1 to the 2 partitions of topic orders.\n"
        "\tTopic: orders\tPartition: 2\tReplicas: 1\n",
        NOTHING_CHANGED,
    )
    assert fake.changes == []


@pytest.mark.parametrize("argv", ["--alter --topic order --partitions 9", "--delete --topic order"])
def test_no_such_topic(argv: str, fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(argv) == 1
    assert capsys.readouterr() == (f"{PREFIX}Topic 'order' does not exist as expected\n", "Near names: orders\n")
    assert ktools(f"{argv} --if-exists") == 0
    assert capsys.readouterr() == ("", "")
    assert fake.changes == []


def test_delete(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--delete --topic orders") == 0
    assert capsys.readouterr() == ("", "")
    assert ktools("--delete --topic orders", "--zookeeper z") == 0
    assert capsys.readouterr().out == (
        "Topic orders is marked for deletion.\n"
        "Note: This will have no impact if delete.topic.enable is not set to true.\n"
    )
    assert fake.changes == ["orders", "orders"]


def test_a_topic_that_is_marked_already_stops_nothing(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    def delete_topics(topics: Sequence[str]) -> dict[str, KafkaToolError | None]:
        return {topic: TopicMarkedForDeletionError(topic) for topic in topics}

    fake.delete_topics = delete_topics  # type: ignore[method-assign]
    assert ktools("--delete --topic orders", "--zookeeper z") == 0
    assert capsys.readouterr().out == "Topic orders is already marked for deletion.\n"


def test_a_dry_run_of_delete(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--delete --topic .* --dry-run") == 0
    assert capsys.readouterr() == ("Would delete topic [red].\nWould delete topic orders.\n", NOTHING_CHANGED)
    assert fake.changes == []


def test_several_are_deleted_only_after_a_yes(
    fake: FakeTopics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(changing, "confirmed", lambda question: asked.append(question) or len(asked) > 1)
    assert ktools("--delete --topic .*") == 1
    assert capsys.readouterr().out == f"{PREFIX}Nothing was deleted.\n"
    assert fake.changes == []
    assert ktools("--delete --topic .*") == 0
    assert asked == ["Delete 2 topics: [red], orders?"] * 2
    assert ktools("--delete --topic .* --yes") == 0
    assert len(asked) == 2
    assert fake.changes == ["[red]", "orders"] * 2


@pytest.mark.parametrize("cluster", ["--bootstrap-server b:1", "--zookeeper z"])
def test_an_internal_topic_is_deleted_only_where_it_is_named(
    cluster: str, fake: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("__consumer_offsets", "__transaction_state"):
        fake.described[name] = HEALTHY._replace(topic=name)
    assert ktools("--delete --topic .* --dry-run", cluster) == 0
    assert "offsets" not in capsys.readouterr().out
    assert ktools("--delete --topic .*", cluster) == 0
    assert fake.changes == ["[red]", "orders"]
    stays = "stays: an internal topic is deleted only where it is named.\n"
    assert f"__consumer_offsets, __transaction_state {stays}" in capsys.readouterr().err
    assert ktools("--delete --topic __consumer.*", cluster) == 1
    said = capsys.readouterr()
    assert said.out == f"{PREFIX}Nothing was deleted.\n"
    assert said.err == f"__consumer_offsets {stays}"
    for named in ("__consumer_offsets", "x.*,__transaction_state", "a|__consumer_offsets"):
        fake.changes.clear()
        assert ktools(f"--delete --topic {named} --yes", cluster) == 0
        assert fake.changes == ["__transaction_state" if "state" in named else "__consumer_offsets"]


def test_what_was_deleted_is_said_on_stderr(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--delete --topic .*") == 0
    assert capsys.readouterr() == ("", "Deleted 2 topics: [red], orders.\n")
    assert fake.changes == ["[red]", "orders"]


def test_a_controller_that_is_missing_is_named(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    fake.controller = False
    assert ktools("--delete --topic orders", "--zookeeper z") == 0
    assert "No controller is elected (the znode /controller is missing)" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["--create --topic t", "--alter --topic orders"])
def test_a_number_that_would_bring_the_controller_down(
    action: str, fake: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ktools(f"{action} --partitions 100001") == 1
    assert capsys.readouterr().out == f"{PREFIX}100,001 partitions could bring the controller down: nothing was sent.\n"
    assert fake.changes == []
    assert ktools(f"{action} --partitions 100001 --force") == 0
    assert len(fake.changes) == 1


@pytest.mark.parametrize(
    "argv",
    [["--topic", "caf\udce9"], ["--topic", "t", "--config", "caf\udce9=1"], ["--topic", "t", "--config", "a=\udce9"]],
)
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_what_is_no_utf8_reaches_no_library(
    argv: list[str], more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """confluent-kafka 2.16 raised ValueError of it, and died of a config's name (SIGSEGV)."""
    with refusing() as port:
        assert run(["topics", "--bootstrap-server", f"127.0.0.1:{port}", "--create", *argv, *more]) == 1
    said = capsys.readouterr()
    assert "is not UTF-8 text" in said.out
