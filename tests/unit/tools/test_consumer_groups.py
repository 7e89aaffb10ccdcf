"""`ktools consumer-groups`: lag for people and for monitoring, who reads a topic, plans, saved offsets."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kafka_tools.brokers import groups as broker_groups
from kafka_tools.brokers import record_times
from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.main import cli
from kafka_tools.model.groups import (
    DEAD,
    EMPTY,
    STABLE,
    Committed,
    ConsumerGroup,
    Coordinator,
    ListedGroup,
    Log,
    Member,
)
from kafka_tools.model.lag import Limits, Pacer
from kafka_tools.model.offsets import Offset
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.render.views import Table
from kafka_tools.tools.consumer_groups import lag

A0, A1, B0 = TopicPartition("a", 0), TopicPartition("a", 1), TopicPartition("b", 0)
HERE = Coordinator(1, "b1", 9092)
READER = Member("reader-1", None, "client", "/127.0.0.1", (A0,))

NO_LEADER = 5


class FakeGroups:
    """Two groups: `busy` reads a with a member, `idle` has read a and b."""

    def __init__(self) -> None:
        self.there: dict[str, ConsumerGroup | KafkaToolError] = {
            "busy": ConsumerGroup("busy", STABLE, "range", HERE, (READER,)),
            "idle": ConsumerGroup("idle", EMPTY, "", HERE, ()),
        }
        self.offsets_of: dict[str, dict[TopicPartition, int]] = {"busy": {A0: 4}, "idle": {A0: 1, A1: 2, B0: 9}}
        self.ends = {A0: Log(2, 10), A1: Log(0, 2), B0: Log(0, 9)}
        self.commits: list[tuple[str, dict[TopicPartition, int]]] = []
        self.target = Brokers("b:9092")
        self.patience = 1.0
        self.offsets = self
        self.is_newer = False
        self.silent: tuple[str, ...] = ()

    def listed(self) -> tuple[tuple[ListedGroup, ...], tuple[str, ...]]:
        return tuple(ListedGroup(name, STABLE, "Classic") for name in self.there), self.silent

    def described(self, names: Collection[str], _: bool = False) -> dict[str, ConsumerGroup | KafkaToolError]:
        return {name: self.there.get(name) or ConsumerGroup(name, DEAD, "", HERE, ()) for name in names}

    def are_of_kafka_4(self) -> bool:
        return self.is_newer

    def committed(self, names: Collection[str]) -> dict[str, dict[TopicPartition, int]]:
        return {name: self.offsets_of.get(name, {}) for name in names}

    def committed_with_epochs(self, names: Collection[str]) -> dict[str, dict[TopicPartition, Committed]]:
        return {
            name: {each: Committed(offset, 3) for each, offset in found.items()}
            for name, found in self.committed(names).items()
        }

    def logs(self, partitions: Sequence[TopicPartition]) -> tuple[dict[TopicPartition, Log], dict[object, object]]:
        there = {each: self.ends[each] for each in partitions if each in self.ends}
        return there, {each: BrokerError(NO_LEADER) for each in partitions if each not in there}

    def partitions(self) -> Mapping[str, Collection[int]]:
        return {"a": (0, 1), "b": (0,)}

    def at(self, time: int, partitions: Sequence[TopicPartition], _: float = 0) -> dict[TopicPartition, Offset]:
        """Return offsets; the newest record of each partition is of the time 100,000 ms."""
        if time == -3:
            return {each: Offset(self.ends[each].end, 100_000) for each in partitions}
        return {each: Offset(self.ends[each].start if time == -2 else self.ends[each].end, None) for each in partitions}

    def commit(self, group: str, offsets: dict[TopicPartition, int]) -> None:
        self.commits.append((group, offsets))


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> FakeGroups:
    fake = FakeGroups()

    @contextmanager
    def opened(*_: object) -> Iterator[FakeGroups]:
        yield fake

    def times(_: Brokers, positions: Collection[tuple[TopicPartition, int]], __: float) -> dict[object, int]:
        return {(each, offset): 10_000 * offset for each, offset in positions}

    monkeypatch.setattr(broker_groups, "open_groups", opened)
    monkeypatch.setattr(record_times, "times_of_next", times)
    return fake


def run(*argv: str) -> Result:
    return CliRunner().invoke(cli, ["consumer-groups", "--bootstrap-server", "b:9092", *argv])


def test_the_lag_of_all_groups_by_topic(groups: FakeGroups) -> None:
    result = run("--lag")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["GROUP", "TOPIC", "PARTITIONS", "LAG"],
        ["busy", "a", "1", "6"],
        ["idle", "a", "2", "9"],
        ["idle", "b", "1", "0"],
    ]
    del groups.offsets_of["busy"]
    [busy, *_] = json.loads(run("--lag", "--topic", "a", "--output", "json").stdout)
    assert busy == {"group": "busy", "topic": "a", "partitions": 1, "lag": None, "unknown": 1, "lag_seconds": None}


@pytest.mark.usefixtures("groups")
def test_a_limit_shows_what_exceeds_it_and_ends_with_2() -> None:
    result = run("--describe", "--all-groups", "--lag", ">8")
    assert (result.exit_code, len(result.stdout.splitlines())) == (2, 2)
    assert result.stdout.splitlines()[1].split() == ["idle", "a", "2", "9"]
    assert (run("--lag", ">9").exit_code, run("--lag", ">9").stdout) == (0, "")
    assert run("--lag", ">1", "--group", "busy").exit_code == 2


@pytest.mark.usefixtures("groups")
def test_the_lag_in_time_is_from_the_next_record_to_the_newest() -> None:
    result = run("--lag-seconds", "1m", "--group", "idle", "--output", "json")
    # Offset 1 of a-0 is gone: the next record is that of offset 2, at 20 s; the newest is of 100 s.
    [row] = json.loads(result.stdout)
    assert (result.exit_code, row["topic"], row["lag_seconds"]) == (2, "a", 80.0)
    lines = run("--lag-seconds", "--group", "busy").stdout.splitlines()
    assert [line.split()[-1] for line in lines] == ["LAG-SECONDS", "60.000"]


def test_nagios_gets_one_line_and_its_own_statuses(groups: FakeGroups) -> None:
    result = run("--lag", ">8", "--nagios")
    assert (result.exit_code, result.stdout) == (
        2,
        "LAG CRITICAL - idle in a: 9 records | 'busy/a'=6;;8;0 'idle/a'=9;;8;0 'idle/b'=0;;8;0\n",
    )
    result = run("--nagios", "--group", "busy", "--lag-seconds", ">2m")
    assert (result.exit_code, result.stdout) == (
        0,
        "LAG OK - at most busy in a: 6 records, 1 min behind | 'busy/a'=6;;;0 'busy/a time'=60.000s;;120;0\n",
    )
    groups.there["busy"] = KafkaToolError("Broker 2 | is silent.")
    assert run("--nagios").exit_code == 3
    assert run("--nagios").stdout.startswith(
        "LAG UNKNOWN - Consumer group 'busy' is not known: Broker 2 / is silent. |"
    )


def test_prometheus_gets_metrics_of_each_partition(groups: FakeGroups) -> None:
    groups.there['quo"te'] = ConsumerGroup('quo"te', EMPTY, "", HERE, ())
    lines = run("--prometheus", "--lag-seconds").stdout.splitlines()
    assert 'kafka_consumergroup_lag{consumergroup="busy",topic="a",partition="0"} 6' in lines
    assert 'kafka_consumergroup_lag_sum{consumergroup="idle",topic="a"} 9' in lines
    assert 'kafka_consumergroup_lag_seconds{consumergroup="idle",topic="a",partition="0"} 80.0' in lines
    assert 'kafka_consumergroup_members{consumergroup="quo\\"te"} 0' in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) == 5


@pytest.mark.usefixtures("groups")
def test_a_topic_alone_shows_who_reads_it() -> None:
    rows = json.loads(run("--topic", "b", "--output", "json").stdout)
    assert [(row["group"], row["topic"], row["partition"]) for row in rows] == [("idle", "b", 0)]
    rows = json.loads(run("--topic", "a:0", "--output", "json").stdout)
    assert [(row["group"], row["consumer_id"]) for row in rows] == [("busy", "reader-1"), ("idle", None)]
    result = run("--topic", "none")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No group reads none.\n")


def test_a_topic_alone_is_not_concerned_by_another_without_a_leader(groups: FakeGroups) -> None:
    del groups.ends[B0]
    alone, all_ = run("--topic", "a"), run("--describe", "--all-groups")
    assert (alone.exit_code, "not known" in alone.stderr) == (0, False)
    assert (all_.exit_code, "The end of b-0 is not known" in all_.stderr) == (1, True)


def test_watched_groups_have_a_pace(groups: FakeGroups, monkeypatch: pytest.MonkeyPatch) -> None:
    pacer, clock = Pacer(), iter((0.0, 10.0))
    monkeypatch.setattr(lag, "monotonic", lambda: next(clock))
    request = lag.ShowLag(groups.target, None, ["a"], Limits(), False, "lines", 5.0, pacer)

    def paces() -> list[list[str | None]]:
        report = lag.lag(request)
        assert report.tables is not None
        [table] = report.tables()
        assert isinstance(table, Table)
        marks = ([row.read_per_second, row.written_per_second, row.catches_up] for row in table.rows)  # type: ignore[attr-defined]
        return [[mark and mark.words for mark in row] for row in marks]

    assert paces() == [[None, None, None]] * 2
    groups.ends[A0] = Log(2, 130)
    groups.offsets_of["busy"] = {A0: 34}
    groups.offsets_of["idle"] = {A0: 126, A1: 2}
    # 96 left at 3 a second against 12; 4 left at 12.5 a second.
    assert paces() == [["3.0", "12.0", "never"], ["12.5", "12.0", "keeps up"]]


@pytest.mark.usefixtures("groups")
def test_what_was_deleted_before_it_was_read_is_marked() -> None:
    rows = json.loads(run("--describe", "--group", "idle", "--output", "json").stdout)
    assert {(row["topic"], row["partition"]): (row["log_start_offset"], row["gone"]) for row in rows} == {
        ("a", 0): (2, 1),
        ("a", 1): (0, 0),
        ("b", 0): (0, 0),
    }
    shown = run("--describe", "--group", "idle", "--output", "table").stdout
    assert "Gone: 1 record deleted before the group read them" in shown
    assert "Gone" not in run("--describe", "--group", "busy", "--output", "table").stdout


def test_leader_epochs_are_shown_where_brokers_are_of_kafka_4(groups: FakeGroups) -> None:
    argv = ("--describe", "--group", "idle", "--verbose")
    assert "LEADER-EPOCH" not in run(*argv).stdout
    groups.is_newer = True
    assert [line.split()[2:6] for line in run(*argv).stdout.splitlines()[1:3]] == [
        ["PARTITION", "LEADER-EPOCH", "CURRENT-OFFSET", "LOG-END-OFFSET"],
        ["0", "3", "1", "10"],
    ]
    assert "Leader epoch" in run(*argv, "--output", "table").stdout
    assert "LEADER-EPOCH" not in run(*argv[:3]).stdout


def test_members_of_both_protocols_are_told_apart(groups: FakeGroups) -> None:
    """As 4.4's tool printed a group that a member of each protocol was in, cut at the client's ids."""
    groups.is_newer = True
    old = READER._replace(epoch=2, target=(A0,), upgraded=False)
    new = Member("reader-2", None, "client", "/127.0.0.1", (A1,), 2, (A1,), True)
    argv = ("--describe", "--group", "both", "--members", "--verbose")
    both = ConsumerGroup("both", STABLE, "uniform", HERE, (old, new), "Consumer", 2, 2)
    groups.there["both"] = both
    heading, *rows = run(*argv).stdout.splitlines()[1:]
    assert heading.endswith("TARGET-EPOCH    TARGET-ASSIGNMENT    UPGRADED")
    assert [row.rsplit("    2    ", 1)[1] for row in rows] == [
        "           a:0                  false",
        "           a:1                  true",
    ]
    assert "Upgraded" in run(*argv[:4], "--output", "table").stdout
    groups.there["both"] = both._replace(members=(new,))
    assert "UPGRADED" not in run(*argv).stdout


def test_a_plan_says_what_is_read_again_and_what_is_skipped(groups: FakeGroups) -> None:
    argv = ("--reset-offsets", "--group", "idle", "--topic", "a", "--to-offset", "0")
    rows = {row["partition"]: row for row in json.loads(run(*argv, "--output", "json").stdout)}
    # Partition 0 starts at 2: what is before cannot be read again.
    assert [(rows[number]["new_offset"], rows[number]["read_again"], rows[number]["skipped"]) for number in (0, 1)] == [
        (2, 0, 0),
        (0, 2, 0),
    ]
    assert [(rows[number]["lag_before"], rows[number]["lag_after"]) for number in (0, 1)] == [(9, 8), (0, 2)]
    table = run(*argv, "--dry-run", "--output", "table").stdout
    assert "plan, nothing was changed" in table
    assert "2 records read again, 0 records skipped" in table
    assert groups.commits == []


def test_an_export_names_the_group_unless_one_was_asked_for(groups: FakeGroups) -> None:
    del groups.there["busy"]
    argv = ("--reset-offsets", "--topic", "b", "--to-earliest", "--dry-run", "--export")
    assert run(*argv, "--group", "idle").stdout == "b,0,0\n\n"
    # There is only one group, and yet the file of Apache's tool has its name (isSingleGroupQuery).
    assert run(*argv, "--all-groups").stdout == "idle,b,0,0\n\n"


def test_saved_offsets_are_restored_also_for_another_group(groups: FakeGroups, tmp_path: Path) -> None:
    file = tmp_path / "offsets.csv"
    result = run("--save", str(file), "--group", "idle")
    assert (result.exit_code, result.stdout) == (0, f"Saved 3 offsets of 1 group in {file}.\n")
    assert file.read_text() == "idle,a,0,1\nidle,a,1,2\nidle,b,0,9\n"
    groups.offsets_of["idle"] = {}
    assert run("--restore", str(file)).exit_code == 0
    assert groups.commits == []
    result = run("--restore", str(file), "--execute")
    assert groups.commits == [("idle", {A0: 2, A1: 2, B0: 9})]
    assert "a-0: offset 1 was saved, which its log does not have; the nearest is 2." in result.stderr
    assert run("--restore", str(file), "--group", "copy", "--topic", "b", "--execute").exit_code == 0
    assert groups.commits[1:] == [("copy", {B0: 9})]


def test_a_copy_is_whole_or_not_written(groups: FakeGroups, tmp_path: Path) -> None:
    file = tmp_path / "offsets.csv"
    result = run("--save", str(file), "--group", "missing", "--group", "idle")
    assert (result.exit_code, file.exists()) == (1, False)
    assert "Consumer group 'missing' does not exist. Nothing was saved." in result.stdout
    file.write_text("busy,c,0,1\n")
    groups.there["busy"] = ConsumerGroup("busy", EMPTY, "", HERE, ())
    result = run("--restore", str(file), "--execute")
    assert (result.exit_code, groups.commits) == (1, [])
    assert "c-0 is not there. No offset was changed." in result.stdout
    file.write_text('"a,b",a,0,1\nbusy,a,0,1\n')
    result = run("--restore", str(file), "--group", "idle")
    assert "No offsets of group 'idle' were saved in that file." in result.stdout
    assert "It has those of a,b, busy." in result.stderr


def test_a_broker_that_is_silent_leaves_no_change_half_done(groups: FakeGroups, tmp_path: Path) -> None:
    groups.silent = ("Broker 2 gave no answer.",)
    for argv in (
        ("--save", str(tmp_path / "f")),
        ("--delete", "--all-groups", "--yes"),
        ("--reset-offsets", "--all-groups", "--all-topics", "--to-latest", "--execute"),
    ):
        result = run(*argv)
        assert result.exit_code == 1
        assert "groups may be missing: Broker 2 gave no answer. No" in result.stdout
    assert (groups.commits, list(tmp_path.iterdir())) == ([], [])
    shown = run("--lag")
    assert (shown.exit_code, len(shown.stdout.splitlines())) == (1, 4)
    assert "groups may be missing: Broker 2 gave no answer." in shown.stderr


@pytest.mark.parametrize(
    "argv",
    [
        ("--lag", "--list"),
        ("--lag", "--describe", "--members"),
        ("--lag", "--offsets"),
        ("--nagios", "--prometheus"),
        ("--save", "f", "--describe", "--group", "g"),
        ("--restore", "f", "--to-latest"),
        ("--restore", "f", "--delete", "--group", "g"),
        ("--topic", "t", "--state"),
        ("--topic", "t", "--describe", "--group", "g"),
        ("--zookeeper", "z:2181", "--list"),
        ("--lag", "many"),
        ("--lag-seconds", "long"),
    ],
)
def test_options_that_do_not_go_together(argv: Sequence[str], groups: FakeGroups) -> None:
    result = run(*argv)
    assert result.exit_code == 1
    assert "ktools consumer-groups --help" in result.stderr.replace("cli ", "ktools ")
    assert groups.commits == []


@pytest.mark.parametrize("action", ["--delete", "--reset-offsets", "--delete-offsets"])
def test_groups_in_zookeeper_are_only_read(action: str) -> None:
    argv = ["consumer-groups", "--zookeeper", "z:2181", action, "--group", "g"]
    result = CliRunner().invoke(
        cli, [*argv, *(("--topic", "t") if action != "--delete" else ()), *RESET.get(action, ())]
    )
    assert result.exit_code == 1
    assert "With --zookeeper groups are only listed and described" in result.stderr


RESET = {"--reset-offsets": ("--to-latest",)}
