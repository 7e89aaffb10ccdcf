"""`ktools topics`: requests from argv, Apache's lines, what is listed and described."""

import json

import pytest

from kafka_tools.main import run
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.model.topics import NewTopic, Partition, TopicDescription
from kafka_tools.tools.topics import changing, reading
from kafka_tools.tools.topics.changing import AlterTopics, CreateTopic, DeleteTopics
from kafka_tools.tools.topics.reading import DescribeTopics, ListTopics
from tests.support.fake_topics import FakeTopics, fake, ktools

__all__ = ["fake"]


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        ("--list --bootstrap-server b:9092", ListTopics(Brokers("b:9092"), None, exclude_internal=False)),
        (
            "--describe --topic t --if-exists --bootstrap-server b:9092",
            DescribeTopics(Brokers("b:9092"), "t", if_exists=True),
        ),
        (
            "--describe --unavailable-partitions --at-min-isr-partitions --partition-size-limit-per-response 7 "
            "--topic-id 7W7R5IOeRrOyHTNXKgvQAA --bootstrap-server b:9092",
            DescribeTopics(
                Brokers("b:9092"),
                topic_id="7W7R5IOeRrOyHTNXKgvQAA",
                only=("at_min_isr_partitions", "unavailable_partitions"),
                partition_size_limit=7,
            ),
        ),
        (
            "--alter --topic t --partitions 3 --replica-assignment 1:2,2:1 --if-exists --dry-run --zookeeper z",
            AlterTopics(ZooKeeper("z"), "t", 3, ((1, 2), (2, 1)), if_exists=True, dry_run=True),
        ),
        (
            "--alter --topic t --zookeeper z --config retention.ms=7 --delete-config flush.ms "
            "--delete-config segment.ms",
            AlterTopics(ZooKeeper("z"), "t", configs={"retention.ms": "7"}, delete_configs=("flush.ms", "segment.ms")),
        ),
        (
            "--delete --topic a.* --yes --bootstrap-server b:9092",
            DeleteTopics(Brokers("b:9092"), "a.*", yes=True),
        ),
        (
            "--create --topic t --zookeeper z/c --partition 3 --replication-factor 2 --config a=b --disable-rack-aware",
            CreateTopic(ZooKeeper("z/c"), NewTopic("t", 3, 2, configs={"a": "b"}, rack_aware=False)),
        ),
    ],
)
def test_requests(argv: str, request_: object, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    for name in ("list_topics", "describe"):
        monkeypatch.setattr(reading, name, asked.append)
    for name in ("create", "alter", "delete"):
        monkeypatch.setattr(changing, name, asked.append)
    assert run(["topics", *argv.split()]) == 0
    assert asked == [request_]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            "--bootstrap-server b",
            "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
        ),
        (
            "--list --create",
            "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
        ),
        ("--create --bootstrap-server b", 'Missing required argument "[topic]"'),
        ("--create --topic t --zookeeper z", 'Missing required argument "[partitions]"'),
        ("--create --topic t --zookeeper z --partitions 1", 'Missing required argument "[replication-factor]"'),
        ("--list --partitions 3 --bootstrap-server b", 'Option "[partitions]" can\'t be used with option "[list]"'),
        ("--describe --config a=b --bootstrap-server b", 'Option "[config]" can\'t be used with option "[describe]"'),
        ("--list --if-not-exists --bootstrap-server b", 'Option "[if-not-exists]" can\'t be used with option "[list]"'),
        (
            "--create --topic t --exclude-internal --bootstrap-server b",
            'Option "[exclude-internal]" can\'t be used with option "[create]"',
        ),
        (
            "--create --topic t --replica-assignment 1 --partitions 1 --bootstrap-server b",
            'Option "[replica-assignment]" can\'t be used with option "[partitions]"',
        ),
        (
            "--list --bootstrap-server b --zookeeper z",
            "Only one of --bootstrap-server or --zookeeper must be specified",
        ),
        ("--list --zookeeper h:x", "--zookeeper: 'h:x' is not HOST:PORT"),
        ("--list --zookeeper /", "--zookeeper '/' names no server"),
        ("--list --output nope", "--output cannot be 'nope'"),
        ("--describe --if-exists --bootstrap-server b", "--topic or --topic-id is required to describe a topic"),
        ("--alter --topic t --bootstrap-server b", 'Missing required argument "[partitions]"'),
        ("--alter --topic t --replica-assignment 1,2 --zookeeper z", 'Missing required argument "[partitions]"'),
        ("--alter --partitions 3 --zookeeper z", 'Missing required argument "[topic]"'),
        ("--delete --bootstrap-server b", 'Missing required argument "[topic]"'),
        (
            "--alter --topic t --partitions 3 --config a=b --bootstrap-server b",
            'Option combination "[[bootstrap-server], [config]]" can\'t be used with option "[alter]" '
            "(the kafka-configs CLI supports altering topic configs with a --bootstrap-server option)",
        ),
        (
            "--alter --topic t --partitions 3 --delete-config a --bootstrap-server b",
            'Option "[delete-config]" can\'t be used with option "[bootstrap-server]"',
        ),
        (
            "--describe --under-min-isr-partitions --topics-with-overrides --bootstrap-server b",
            'Option "[under-min-isr-partitions]" can\'t be used with option "[topics-with-overrides]"',
        ),
        (
            "--describe --at-min-isr-partitions --zookeeper z",
            'Option "[at-min-isr-partitions]" can\'t be used with option "[zookeeper]"',
        ),
        (
            "--describe --unavailable-partitions --under-replicated-partitions --zookeeper z",
            'Option "[under-replicated-partitions]" can\'t be used with option "[unavailable-partitions]"',
        ),
        (
            "--delete --topic t --partitions 3 --zookeeper z",
            'Option "[partitions]" can\'t be used with option "[delete]"',
        ),
        ("--list --dry-run --zookeeper z", 'Option "[dry-run]" can\'t be used with option "[list]"'),
        ("", "Create, delete, describe, or change a topic."),
        ("--create --partitions abc --nope", "nope is not a recognized option"),
        ("--list --topic a --topic b --nope", "nope is not a recognized option"),
        (
            "--topic a --topic b --partitions abc",
            "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
        ),
        ("--list --partitions abc --bootstrap-server b", 'Option "[partitions]" can\'t be used with option "[list]"'),
        (
            "--list --partitions 1 --partitions 2 --zookeeper z",
            'Option "[partitions]" can\'t be used with option "[list]"',
        ),
        ("--create --partitions abc --bootstrap-server b", 'Missing required argument "[topic]"'),
        (
            "--create --topic t --replica-assignment a:b --partitions 1 --bootstrap-server b",
            'Option "[replica-assignment]" can\'t be used with option "[partitions]"',
        ),
    ],
)
def test_wrong_command_lines(argv: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["topics", *argv.split()]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[0] == message
    assert "ktools topics --help" in printed.err


@pytest.mark.usefixtures("fake")
def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--list") == 0
    assert capsys.readouterr().out == "[red]\norders\n"


@pytest.mark.parametrize(("target", "text"), [("--bootstrap-server b", "\n"), ("--zookeeper z", "")])
@pytest.mark.usefixtures("fake")
def test_an_empty_list_as_apaches(target: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--list --topic nothing", target) == 0
    assert capsys.readouterr().out == text


@pytest.mark.usefixtures("fake")
def test_describe_as_kafka_2_8(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe", "--zookeeper z") == 0
    assert capsys.readouterr().out == (
        "Topic: [red]\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: \n"
        "\tTopic: [red]\tPartition: 0\tLeader: none\tReplicas: 3\tIsr: \n"
        "\tTopic: [red]\tPartition: 1\tLeader: 1\tReplicas: 2,1\tIsr: 1\n"
        "\tTopic: [red]\tPartition: 2\tLeader: 2\tReplicas: 1,2\tIsr: 2,1\n"
        "Topic: orders\tTopicId: 7W7R5IOeRrOyHTNXKgvQAA\tPartitionCount: 2\tReplicationFactor: 3\t"
        "Configs: cleanup.policy=compact,delete,segment.ms=100000,retention.ms=5\n"
        "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\n"
        "\tTopic: orders\tPartition: 1\tLeader: 2\tReplicas: 2,3,1\tIsr: 2,3,1\n"
    )


@pytest.mark.usefixtures("fake")
def test_describe_as_kafka_3_9(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --topic orders") == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Topic: orders\tTopicId: 7W7R5IOeRrOyHTNXKgvQAA\tPartitionCount: 2\tReplicationFactor: 3\t"
        "Configs: cleanup.policy=compact,delete,retention.ms=5,segment.ms=100000",
        "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2,3\tIsr: 1,2,3\tElr: N/A\tLastKnownElr: N/A",
    ]


@pytest.mark.usefixtures("fake")
def test_describe_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(r"--describe --topic \[red\] --output json") == 0
    assert json.loads(capsys.readouterr().out)[1] == {
        "topic": "[red]",
        "topic_id": None,
        "partition": 1,
        "leader": 1,
        "replicas": [2, 1],
        "isr": [1],
        "missing": [2],
        "adding_replicas": [],
        "removing_replicas": [],
        "elr": None,
        "last_known_elr": None,
        "min_isr": None,
        "configs": {},
        "marked_for_deletion": False,
    }


@pytest.mark.usefixtures("fake")
def test_describe_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --output table") == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "[red]   3 partitions · RF 1 to 2 · min ISR not known",
        "1 offline · 2 under-replicated · 2 not led by their preferred replica",
        "",
        "  Partition  Leader  Replicas  Missing  State",
        "          0       -  ◌3        3        offline: no leader",
        "          1       1  ✗2 ★1     2        under-replicated; preferred leader 2 is out",
        "          2       2  ●1 ★2              preferred leader 1 does not lead",
        "",
        "orders   2 partitions · RF 3 · min ISR 3 · cleanup.policy=compact,delete · retention.ms=5 · segment.ms=100 s"
        " · id 7W7R5IOeRrOyHTNXKgvQAA",
        "all 2 partitions healthy",
        "",
        "  Partition  Leader  Replicas  Missing  State",
        "          0       1  ★1 ●2 ◌3",
        "          1       2  ★2 ◌3 ●1",
        "",
        "★ leader  ● in sync  ✗ out of sync  ◌ broker down  first replica = preferred leader",
    ]


@pytest.mark.usefixtures("fake")
def test_a_missing_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --topic order") == 1
    assert capsys.readouterr() == (
        "Error while executing topic command : Topic 'order' does not exist as expected\n",
        "Near names: orders\n",
    )
    assert ktools("--describe --topic order --output json") == 1
    assert capsys.readouterr().out == ""
    assert ktools("--describe --topic order --if-exists") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("only", "partitions"),
    [
        ("--under-replicated-partitions", [("[red]", 0), ("[red]", 1)]),
        ("--unavailable-partitions", [("[red]", 0)]),
        ("--under-min-isr-partitions", [("[red]", 0)]),
        ("--at-min-isr-partitions", [("orders", 0), ("orders", 1)]),
        ("--at-min-isr-partitions --unavailable-partitions", [("[red]", 0), ("orders", 0), ("orders", 1)]),
    ],
)
@pytest.mark.usefixtures("fake")
def test_only_some_partitions(only: str, partitions: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(f"--describe {only} --output json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert sorted((row["topic"], row["partition"]) for row in rows) == partitions
    assert ktools(f"--describe {only}") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(partitions)
    assert all(line.startswith("\tTopic: ") for line in lines)


@pytest.mark.parametrize("only", ["--topics-with-overrides", "--under-min-isr-partitions", "--at-min-isr-partitions"])
def test_what_could_not_be_asked_is_not_healthy(
    only: str, fake: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.told = ("Not known: configs.",)
    assert ktools(f"--describe {only}") == 1
    said = capsys.readouterr()
    assert "The configs of 1 of 2 topics are not known" in said.out
    assert "Not known: configs.\n" in said.err
    assert ktools("--describe") == 0
    assert capsys.readouterr().err == "Not known: configs.\n"


@pytest.mark.usefixtures("fake")
def test_topics_with_configs_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --topics-with-overrides") == 0
    line, *rest = capsys.readouterr().out.splitlines()
    assert line.startswith("Topic: orders\tTopicId: ")
    assert rest == []
    assert ktools("--describe --topics-with-overrides --output json") == 0
    assert [row["configs"]["retention.ms"] for row in json.loads(capsys.readouterr().out)] == ["5"]


@pytest.mark.usefixtures("fake")
def test_a_topic_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --topic-id 7W7R5IOeRrOyHTNXKgvQAA") == 0
    assert capsys.readouterr().out.startswith("Topic: orders\t")
    for topic_id, message in (
        ("7W7R5IOeRrOyHTNXKgvQAQ", "TopicId '7W7R5IOeRrOyHTNXKgvQAQ' does not exist as expected"),
        (
            "zzz",
            "Input string `zzz` decoded as 2 bytes, which is not equal to the expected 16 bytes of a base64-encoded "
            "UUID",
        ),
        ("a" * 25, f"Input string with prefix `{'a' * 24}` is too long to be decoded as a base64 UUID"),
        ("!", "Input string `!` is not a base64-encoded UUID"),
    ):
        assert ktools(f"--describe --topic-id {topic_id}") == 1
        assert capsys.readouterr().out == f"Error while executing topic command : {message}\n"
    assert ktools("--describe --topic-id 7W7R5IOeRrOyHTNXKgvQAQ --if-exists") == 0


def test_a_reassignment_and_what_kafka_4_adds(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    moving = Partition(0, 1, (4, 1, 2), (1, 2), (4,), (2,), elr=(3,), last_known_elr=())
    fake.described = {"t": TopicDescription("t", None, (moving,), {}, marked_for_deletion=True)}
    assert ktools("--describe") == 0
    assert capsys.readouterr().out == (
        "Topic: t\tPartitionCount: 1\tReplicationFactor: 2\tConfigs: \n"
        "\tTopic: t\tPartition: 0\tLeader: 1\tReplicas: 4,1,2\tIsr: 1,2\tAdding Replicas: 4\tRemoving Replicas: 2"
        "\tElr: 3\tLastKnownElr: \n"
    )
    assert ktools("--describe", "--zookeeper z") == 0
    assert capsys.readouterr().out == (
        "Topic: t\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: \tMarkedForDeletion: true\n"
        "\tTopic: t\tPartition: 0\tLeader: 1\tReplicas: 4,1,2\tIsr: 1,2\tMarkedForDeletion: true\n"
    )
    assert ktools("--list", "--zookeeper z") == 0
    assert capsys.readouterr().out == "t - marked for deletion\n"
