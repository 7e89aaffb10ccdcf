"""`ktools preferred-replica-election` through ZooKeeper: what is told where the controller did, or did not, elect."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import pytest

from kafka_tools.main import run
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.zookeeper import elections
from kafka_tools.zookeeper.documents import MalformedZnodeError, encode_election, read_election

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)


class FakeElections:
    """Partition 0 is led by 2, whose preferred replica is 1; partition 1 has a preferred replica that is down."""

    def __init__(self) -> None:
        self.asked: list[TopicPartition] = []
        self.found = {FIRST: Partition(0, 2, (1, 2), (1, 2)), SECOND: Partition(1, 2, (3, 2), (2,))}
        self.has_controller = True
        self.topics = self

    def partitions(self, wanted: Collection[TopicPartition] | None) -> dict[TopicPartition, Partition]:
        return {each: found for each, found in self.found.items() if wanted is None or each in wanted}

    def live(self) -> frozenset[int]:
        return frozenset({1, 2})

    def start(self, partitions: Iterable[TopicPartition]) -> None:
        self.asked = list(partitions)

    def is_done(self) -> bool:
        if self.has_controller:
            self.found[FIRST] = self.found[FIRST]._replace(leader=1)
        return self.has_controller

    def no_election(self) -> str:
        return "No controller is elected."


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeElections:
    opened = FakeElections()

    @contextmanager
    def open_elections(_: object) -> Iterator[FakeElections]:
        yield opened

    monkeypatch.setattr(elections, "open_elections", open_elections)
    return opened


def elect(*argv: str) -> int:
    return run(["preferred-replica-election", "--zookeeper", "z:1", *argv])


def test_what_was_not_elected_is_told(fake: FakeElections, capsys: pytest.CaptureFixture[str]) -> None:
    assert elect() == 1
    told = capsys.readouterr()
    assert fake.asked == [FIRST, SECOND]
    assert told.out.splitlines()[-2:] == [
        "Created preferred replica election path with t-0,t-1",
        "Successfully started preferred replica election for partitions Set(t-0, t-1)",
    ]
    assert told.err == "t-1: it is still led by 2: its preferred replica 3 is not in sync.\n"


def test_a_dry_run_asks_nobody(fake: FakeElections, capsys: pytest.CaptureFixture[str]) -> None:
    assert elect("--dry-run") == 1
    assert capsys.readouterr().out.splitlines() == [
        "Broker 1 would lead t-0 instead of 2.",
        "Nobody would be elected for t-1: its preferred replica 3 is down.",
    ]
    assert fake.asked == []


def test_without_a_controller_nothing_is_called_done(fake: FakeElections, capsys: pytest.CaptureFixture[str]) -> None:
    fake.has_controller = False
    assert elect() == 1
    told = capsys.readouterr()
    assert "Successfully" not in told.out
    assert told.err.splitlines()[0] == "No controller took up the election. No controller is elected."


def test_the_znode_is_kafkas() -> None:
    text = b'{"version":1,"partitions":[{"topic":"t","partition":1},{"topic":"t","partition":0}]}'
    assert encode_election([SECOND, FIRST]) == text
    assert read_election("/p", text) == (SECOND, FIRST)
    for other in (b"[]", b"{}", b'{"partitions":[1]}', b'{"partitions":[{"topic":"t"}]}'):
        with pytest.raises(MalformedZnodeError):
            read_election("/p", other)
