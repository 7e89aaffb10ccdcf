"""`ktools layout`: what is asked, what scripts and programs get, what a person sees, and the status."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from kafka_tools.main import run
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.target import Brokers, Target, ZooKeeper
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.tools import layout
from kafka_tools.tools.layout import ShowLayout, prediction
from tests.support.drawing import drawn

ORDERS = TopicDescription(
    "orders",
    None,
    (Partition(0, 1, (1, 2, 3), (1, 2, 3)), Partition(1, 3, (2, 3, 1), (3, 1)), Partition(2, 3, (3, 9), (3,))),
    {},
    min_isr=2,
)
SAFE = TopicDescription("audit", None, (Partition(0, 1, (1, 2, 3), (1, 2, 3)),), {}, min_isr=1)


class FakeTopics:
    def __init__(self, *described: TopicDescription) -> None:
        self.described = {topic.topic: topic for topic in described}
        self.told: tuple[str, ...] = ()
        self.wrong: tuple[str, ...] = ()
        self.trouble = ""
        self.unreached: dict[int, str] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self.described))

    def brokers(self) -> tuple[BrokerRack, ...]:
        return BrokerRack(1, "a"), BrokerRack(2, "b"), BrokerRack(3, None)

    def describe(self, names: Sequence[str]) -> tuple[TopicDescription, ...]:
        return tuple(self.described[name] for name in names)

    def notes(self) -> tuple[str, ...]:
        return self.told

    def malformed(self) -> tuple[str, ...]:
        return self.wrong

    def no_election(self) -> str:
        return self.trouble

    def unreached_brokers(self) -> Mapping[int, str]:
        return self.unreached


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeTopics:
    fake = FakeTopics(ORDERS, SAFE)

    @contextmanager
    def opened(_: Target) -> Iterator[FakeTopics]:
        yield fake

    monkeypatch.setattr(layout, "open_topics", opened)
    monkeypatch.setattr(layout, "RACKS_SEEN", {})
    return fake


def ktools(argv: str) -> int:
    return run(["layout", *argv.split(), "--bootstrap-server", "b:9092"])


def documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        ("--zookeeper z/c", ShowLayout(ZooKeeper("z/c"), None, exclude_internal=False, without=(), everything=False)),
        (
            "--topic o.* --exclude-internal --without-broker 3,4,3 --all --bootstrap-server b",
            ShowLayout(Brokers("b"), "o.*", exclude_internal=True, without=(3, 4), everything=True),
        ),
    ],
)
def test_requests(argv: str, request_: ShowLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(layout, "show_layout", asked.append)
    assert run(["layout", *argv.split()]) == 0
    assert asked == [request_]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--without-broker x", "--without-broker: 'x' is no list of broker ids"),
        ("--without-broker 1,", "--without-broker: '1,' is no list of broker ids"),
        ("--watch 0", "--watch: '0' is no number of seconds"),
        ("--watch nan", "--watch: 'nan' is no number of seconds"),
        ("--watch 1", "--watch needs a terminal that can move its cursor"),
        ("--watch 1 --output json", "--watch shows tables, it does not go with --output json"),
        ("--columns leaders --output plain", "--columns and --sort-by do not go with --output plain"),
        ("--columns leadres", "There is no column 'leadres' here"),
    ],
)
@pytest.mark.usefixtures("cluster")
def test_wrong_command_lines(argv: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(argv) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err.splitlines()[0]


@pytest.mark.usefixtures("cluster")
def test_lines_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--topic orders") == 0
    assert capsys.readouterr().out.splitlines() == [
        "replica\torders\t0\t1\tleader",
        "replica\torders\t0\t2\tin-sync",
        "replica\torders\t0\t3\tin-sync",
        "replica\torders\t1\t2\tout-of-sync",
        "replica\torders\t1\t3\tleader",
        "replica\torders\t1\t1\tin-sync",
        "replica\torders\t2\t3\tleader",
        "replica\torders\t2\t9\toffline",
        "broker\t1\tup\t1\t1\t2\t0\t+0\ta",
        "broker\t2\tup\t0\t1\t2\t1\t-100\tb",
        "broker\t3\tup\t2\t1\t3\t0\t+100\t-",
        "broker\t9\tdown\t0\t0\t1\t1\t-\t-",
    ]


@pytest.mark.usefixtures("cluster")
def test_rows_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--topic orders --output json") == 0
    rows = documents(capsys)
    assert [row["broker"] for row in rows] == [1, 2, 3, 9]
    assert rows[1] == {
        "broker": 2,
        "rack": "b",
        "up": True,
        "leaders": 0,
        "preferred": 1,
        "replicas": 2,
        "out_of_sync": 1,
        "leader_skew_percent": -100.0,
        "leader_of": [],
        "in_sync_follower_of": ["orders-0"],
        "out_of_sync_follower_of": ["orders-1"],
        "offline_replica_of": [],
    }
    assert rows[3]["offline_replica_of"] == ["orders-2"]
    assert ktools("--sort-by leaders:desc --columns broker,leaders --output csv") == 0
    assert capsys.readouterr().out.splitlines() == ["broker,leaders", "1,2", "3,2", "2,0", "9,0"]


@pytest.mark.usefixtures("cluster")
def test_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--output table") == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 of 4 brokers up   2 topics · 4 partitions · 1.3 leaders a broker",
        "broker 9 down · 1 below min ISR · 2 under-replicated · 1 at min ISR · 1 not led by its preferred replica",
        "",
        "               rack a     rack b     rack not known",
        "                  1          2          3      9",
        "audit       0     ★          ●          ●      ·",
        "orders      0     ★          ●          ●      ·",
        "            1     ●          ✗          ★!     ·      under-replicated, at min ISR",
        "            2     ·          ·          ★      ◌      under-replicated, below min ISR 2",
        "",
        "leaders           2          0          2      0",
        "preferred         2          1          1      0",
        "replicas          3          3          4      1",
        "out of sync       0          1          0      1",
        "leader skew %   +50       -100        +50      -",
        "",
        "! led by another than its preferred replica",
        "★ leader  ● in sync  ✗ out of sync  ◌ broker down",
    ]


def many(cluster: FakeTopics, topics: int, partitions: int, isr: tuple[int, ...]) -> None:
    for number in range(topics):
        parts = tuple(Partition(each, 1, (1, 2), isr) for each in range(partitions))
        cluster.described[f"t{number}"] = TopicDescription(f"t{number}", None, parts, {}, min_isr=1)


def test_many_partitions_show_what_is_wrong(cluster: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    many(cluster, 2, 60, (1, 2))
    assert ktools("--output table") == 0
    text = capsys.readouterr().out
    assert "… and 122 healthy partitions, 3 topics healthy as a whole (--all shows them)" in text
    assert "audit" not in text
    assert sum(line.lstrip().startswith(("orders", "2 ")) for line in text.splitlines()) == 2
    assert ktools("--all --output table") == 0
    assert capsys.readouterr().out.count("★") == 4 + 120 + 1


def test_many_wrong_partitions_are_summed_up_by_topic(cluster: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    many(cluster, 2, 60, (1,))
    many_healthy = tuple(Partition(each, 1, (1, 2), (1, 2)) for each in range(1200))
    cluster.described["healthy"] = TopicDescription("healthy", None, many_healthy, {}, min_isr=1)
    assert ktools("--output table") == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.startswith("t0"))
    assert row.split()[:4] == ["t0", "●", "✗60", "·"]
    assert row.endswith("60 under-replicated of 60 partitions")
    assert "… and 2 healthy topics, 1,201 partitions (--all shows them)" in lines


@pytest.mark.usefixtures("cluster")
def test_a_broker_whose_death_harms(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--without-broker 3 --output json") == 1
    rows = documents(capsys)
    assert [(row["topic"], row["partition"], row["verdict"]) for row in rows] == [
        ("audit", 0, "shrinks"),
        ("orders", 0, "shrinks"),
        ("orders", 1, "below_min_isr"),
        ("orders", 2, "offline"),
    ]
    assert rows[2] == {
        "topic": "orders",
        "partition": 1,
        "verdict": "below_min_isr",
        "leader": 3,
        "leader_then": 1,
        "isr": [3, 1],
        "isr_then": [1],
        "elr": None,
        "elr_then": None,
        "replicas": [2, 3, 1],
        "min_isr": 2,
    }
    assert ktools("--without-broker 3") == 1
    assert capsys.readouterr().out.splitlines()[2:] == [
        "partition\torders\t1\tbelow_min_isr\t3\t1\t3,1\t1\t2",
        "partition\torders\t2\toffline\t3\t-\t3\t3\t2",
        "broker\t1\t2\t3",
        "broker\t2\t0\t0",
    ]
    assert ktools("--without-broker 3 --output table") == 1
    assert capsys.readouterr().out.splitlines() == [
        "Without broker 3: 1 of 4 partitions would go offline, 1 would stop taking acks=all writes.",
        "",
        "  Partition  Leader    Replicas then  What it means",
        "  orders 2   3 → none  ◌3 ◌9          offline: no in-sync replica is left",
        "  orders 1   3 → 1     ✗2 ◌3 ★1       below min ISR 2: acks=all producers stop",
        "  audit 0    1         ★1 ●2 ◌3       2 of 3 in sync",
        "  orders 0   1         ★1 ●2 ◌3       2 of 3 in sync",
        "",
        "leaders then: broker 1: 3 · broker 2: 0",
        "",
        "★ leader  ● in sync  ✗ out of sync  ◌ broker down  first replica = preferred leader",
    ]


@pytest.mark.usefixtures("cluster")
def test_a_broker_whose_death_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--without-broker 1 --topic audit --output table") == 0
    assert capsys.readouterr().out.startswith(
        "Without broker 1: none of 1 partition would stop; 1 would get another leader, 0 lose a follower.\n"
    )
    assert ktools("--without-broker 9 --output table") == 0
    assert capsys.readouterr().out.startswith("Without broker 9: nothing changes, it is down already.\n")


def test_what_nobody_can_tell_is_no_success(cluster: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.described = {"audit": SAFE._replace(min_isr=None)}
    assert ktools("--without-broker 2 --output table") == 1
    printed = capsys.readouterr()
    assert "1 of 1 partition might stop taking acks=all writes (min ISR is not known)" in printed.out
    assert printed.err.startswith("ktools: min.insync.replicas of 1 topic is the brokers' default")


def test_nothing_is_safe_where_no_leader_can_be_elected(
    cluster: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.trouble = "b:9092 gave no answer to a request."
    for broker, verdict in ((1, "offline"), (2, "stalls")):
        assert ktools(f"--without-broker {broker} --topic audit") == 1
        said = capsys.readouterr()
        assert f"partition\taudit\t0\t{verdict}\t1" in said.out
        assert "This is not safe: no leader can be elected now. b:9092 gave no answer to a request." in said.err
    assert ktools("--without-broker 9 --topic orders --output table") == 1
    assert "not safe" in capsys.readouterr().out


def test_nothing_is_safe_while_a_broker_that_stays_is_not_reached(
    cluster: FakeTopics, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.unreached = {3: "connection refused"}
    assert ktools("--without-broker 2 --topic audit") == 1
    warning = "This is not safe: broker 3 is listed as alive, but takes no connection (connection refused)."
    assert warning in capsys.readouterr().err.splitlines()
    assert ktools("--without-broker 3 --topic audit") == 0
    assert capsys.readouterr().err == ""


def test_what_could_not_be_asked_is_told(cluster: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.told = ("Not known: configs.",)
    for argv in ("", "--output table", "--output json"):
        assert ktools(argv) == 0
        assert capsys.readouterr().err == "Not known: configs.\n"


@pytest.mark.parametrize("without", [(), (3,)])
def test_what_makes_no_sense_is_told_beside_the_others(cluster: FakeTopics, without: tuple[int, ...]) -> None:
    cluster.wrong = ("The znode /brokers/topics/x is not as Kafka writes it: it has no partitions.",)
    told = layout.show_layout(ShowLayout(Brokers("b"), None, False, without, False))
    assert (told.status, set(cluster.wrong) <= {*told.notes}) == (1, True)
    assert list(told.plain)


def test_many_harmless_changes_are_counted(cluster: FakeTopics, capsys: pytest.CaptureFixture[str]) -> None:
    many(cluster, 2, 60, (1, 2))
    assert ktools("--without-broker 2 --output table") == 0
    text = capsys.readouterr().out
    assert "… and 122 partitions that only get another leader or lose a follower (--all shows them)" in text
    assert ktools("--without-broker 2 --output table --all") == 0
    assert "t1 59" in capsys.readouterr().out


@pytest.mark.usefixtures("cluster")
def test_what_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--without-broker 1,7") == 1
    assert capsys.readouterr() == ("", "ktools: 7 is no broker of this cluster (brokers: 1, 2, 3, 9).\n")
    assert ktools("--topic order") == 1
    assert "Topic 'order' does not exist as expected\nNear names: orders\n" in capsys.readouterr().err


def test_a_rack_that_was_seen_is_remembered(cluster: FakeTopics, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ShowLayout(Brokers("b"), None, exclude_internal=False, without=(), everything=False)
    layout.show_layout(request)
    monkeypatch.setattr(cluster, "brokers", lambda: (BrokerRack(1, "a"),))
    assert {row.broker: row.rack for row in layout.show_layout(request).rows} == {1: "a", 2: "b", 3: None, 9: None}


def test_one_long_name_leaves_what_it_means_its_room() -> None:
    long = TopicDescription("a.long.name." * 9, None, (Partition(0, 1, (1, 2), (1, 2)),), {}, min_isr=2)
    told = prediction.prediction(
        [ORDERS, long], [BrokerRack(1, "a"), BrokerRack(2, "b"), BrokerRack(3, None)], [1], True
    )
    assert told.tables is not None
    lines = drawn(list(told.tables()), 80)
    assert sum("below min ISR 2: acks=all producers stop" in line for line in lines) == 2
    assert f"  {'a.long.name.' * 9} 0" in lines


def test_a_narrow_terminal_keeps_the_remarks(cluster: FakeTopics) -> None:
    told = layout.show_layout(ShowLayout(Brokers("b"), "orders", exclude_internal=False, without=(), everything=False))
    assert told.tables is not None
    assert len(cluster.described) == 2
    for width in (100, 60, 40, 20):
        words = " ".join(" ".join(drawn(list(told.tables()), width)).split())
        assert words.count("under-replicated, at min ISR") >= 1, width
