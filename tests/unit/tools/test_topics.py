"""`ktools topics`: requests from argv, Apache's lines, actions on a fake of the Topics protocol."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from kafka_tools.backends import Brokers, Target, ZooKeeper
from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.topics import NewTopic, Partition, TopicDescription, TopicExistsError
from kafka_tools.tools.topics import create, describe, listing
from kafka_tools.tools.topics.create import COLLISION_WARNING, CreateTopic
from kafka_tools.tools.topics.describe import DescribeTopics
from kafka_tools.tools.topics.listing import ListTopics

HEALTHY = TopicDescription(
    "orders",
    "7W7R5IOeRrOyHTNXKgvQAA",
    (Partition(0, 1, (1, 2, 3), (1, 2, 3)), Partition(1, 2, (2, 3, 1), (2, 3, 1))),
    {"segment.ms": "100000", "retention.ms": "5", "cleanup.policy": "compact,delete"},
)
BROKEN = TopicDescription(
    "[red]", None, (Partition(0, None, (3,), ()), Partition(1, 1, (2, 1), (1,)), Partition(2, 2, (1, 2), (2, 1))), {}
)


class FakeTopics:
    def __init__(self, *described: TopicDescription) -> None:
        self.described = {topic.topic: topic for topic in described}
        self.created: list[NewTopic] = []

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.described))

    def live_brokers(self) -> frozenset[int]:
        return frozenset({1, 2})

    def describe(self, names: Sequence[str]) -> tuple[TopicDescription, ...]:
        return tuple(self.described[name] for name in names)

    def create(self, topic: NewTopic) -> None:
        if topic.topic in self.described:
            raise TopicExistsError(topic.topic)
        self.created.append(topic)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    cluster = FakeTopics(HEALTHY, BROKEN)

    @contextmanager
    def opened(_: Target) -> Iterator[FakeTopics]:
        yield cluster

    for action in (listing, describe, create):
        monkeypatch.setattr(action, "open_topics", opened)
    return cluster


def ktools(argv: str, target: str = "--bootstrap-server b:9092") -> int:
    return run(["topics", *target.split(), *argv.split()])


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        ("--list --bootstrap-server b:9092", ListTopics(Brokers("b:9092"), None, exclude_internal=False)),
        (
            "--describe --topic t --if-exists --bootstrap-server b:9092",
            DescribeTopics(Brokers("b:9092"), "t", exclude_internal=False, if_exists=True),
        ),
        (
            "--create --topic t --zookeeper z/c --partition 3 --replication-factor 2 --config a=b --disable-rack-aware",
            CreateTopic(
                ZooKeeper("z/c"),
                NewTopic("t", 3, 2, configs={"a": "b"}, rack_aware=False),
                if_not_exists=False,
                force=False,
            ),
        ),
    ],
)
def test_requests(argv: str, request_: object, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    for action in (listing, describe, create):
        name = "list_topics" if action is listing else action.__name__.rpartition(".")[2]
        monkeypatch.setattr(action, name, asked.append)
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
        ("--describe --if-exists --bootstrap-server b", "--topic is required to describe a topic with --if-exists"),
        ("", "Create, delete, describe, or change a topic."),
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
        "configs": {},
    }


@pytest.mark.usefixtures("fake")
def test_describe_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --output table") == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "[red]   3 partitions · RF 1",
        "1 offline · 2 under-replicated · 2 not led by their preferred replica",
        "",
        "  Partition  Leader  Replicas  Missing  State",
        "          0       -  ◌3        3        offline: no leader; under-replicated",
        "          1       1  ✗2 ★1     2        under-replicated; preferred leader 2 is out",
        "          2       2  ●1 ★2              preferred leader 1 does not lead",
        "",
        "orders   2 partitions · RF 3 · cleanup.policy=compact,delete · retention.ms=5 · segment.ms=100000 · "
        "id 7W7R5IOeRrOyHTNXKgvQAA",
        "all 2 partitions healthy",
        "",
        "  Partition  Leader  Replicas  Missing  State",
        "          0       1  ★1 ●2 ◌3",
        "          1       2  ★2 ◌3 ●1",
        "",
        "★ leader  ● in sync  ✗ out of sync  ◌ broker down   first replica = preferred leader",
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


def test_create(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic a_b --config retention.ms=1") == 0
    assert capsys.readouterr().out == f"{COLLISION_WARNING}\nCreated topic a_b.\n"
    assert fake.created == [NewTopic("a_b", configs={"retention.ms": "1"})]


@pytest.mark.usefixtures("fake")
def test_create_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic orders") == 1
    assert capsys.readouterr().out == "Error while executing topic command : Topic 'orders' already exists.\n"
    assert ktools("--create --topic orders --if-not-exists") == 0
    assert capsys.readouterr() == ("", "")


def test_create_on_a_broker_that_is_not_there(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--create --topic t --replica-assignment 1:9") == 1
    assert "names broker 9, which is not there (brokers: 1, 2)" in capsys.readouterr().out
    assert fake.created == []
    assert ktools("--create --topic t --replica-assignment 1:9 --force") == 0
    assert fake.created == [NewTopic("t", assignment=((1, 9),))]


def test_a_refusal_of_the_cluster(fake: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(_: NewTopic) -> None:
        raise KafkaToolError("Replication factor: 4 larger than available brokers: 3.")

    fake.create = refuse  # type: ignore[method-assign]
    assert ktools("--create --topic t --replication-factor 4") == 1
    assert capsys.readouterr().out == (
        "Error while executing topic command : Replication factor: 4 larger than available brokers: 3.\n"
    )
