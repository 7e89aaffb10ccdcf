"""`ktools reassign-partitions --plan`, and plans that are carried out: what is shown, waited for and cleared."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from kafka_tools.brokers import elections, reassignments
from kafka_tools.errors import BrokerError, KafkaToolError, UnreachableError
from kafka_tools.main import run
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.configs import Entity
from kafka_tools.model.elections import Ends
from kafka_tools.model.log_dirs import Described, LogDirDescription, ReplicaInfo
from kafka_tools.model.reassignments import PartitionReassignment, Placement, Replicas
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.tools.reassign_partitions import batches
from kafka_tools.tools.reassign_partitions.looking import Looking
from kafka_tools.tools.reassign_partitions.progress import SAMPLES, Progress

GIB = 1 << 30
FIRST, SECOND, OTHER = TopicPartition("t", 0), TopicPartition("t", 1), TopicPartition("u", 0)


class FakeCluster:
    """Three brokers, each on a rack of its own, and three partitions; a move is done when it was looked at once."""

    def __init__(self) -> None:
        self.placed: dict[TopicPartition, Replicas] = {FIRST: (1, 2), SECOND: (2, 1), OTHER: (1, 2)}
        self.lagging: list[set[TopicPartition]] = []
        self.up = [BrokerRack(broker, f"r{broker}") for broker in (1, 2, 3)]
        self.moving: dict[TopicPartition, Replicas] = {}
        self.done: list[object] = []
        self.lost = 0
        self.refused: dict[TopicPartition, KafkaToolError] = {}
        self.stands = False
        self.interrupts = False
        self.empty_dirs: tuple[str, ...] = ()
        self.least = 1
        self.behind: list[int] = []
        self.slow = 0
        self.late = False
        self.unreached: list[str] = []
        self.led: dict[TopicPartition, int] = {}
        self.sizes: dict[tuple[TopicPartition, int], int] = {}

    def brokers(self) -> tuple[BrokerRack, ...]:
        return tuple(self.up)

    def partitions(self, wanted: Collection[TopicPartition] | None = None) -> dict[TopicPartition, Partition]:
        lagging = self.lagging.pop(0) if self.lagging and wanted is None else set()
        placed = self.placed
        if wanted is not None and self.late:
            self.late, placed = False, FakeCluster().placed
        return {
            name: Partition(name.partition, self.led.get(name, each[0]), each, each[:1] if name in lagging else each)
            for name, each in placed.items()
            if wanted is None or name in wanted
        }

    def min_isr(self, topics: Collection[str]) -> dict[str, int]:
        return dict.fromkeys(topics, self.least)

    def ends(self, partitions: Mapping[TopicPartition, Sequence[int]]) -> dict[TopicPartition, Ends]:
        behind = self.behind.pop(0) if len(self.behind) > 1 else sum(self.behind)
        return {
            name: Ends({leader: 1000, **dict.fromkeys(copies, 1000 - behind)})
            for name, (leader, *copies) in partitions.items()
        }

    def ongoing(self) -> dict[TopicPartition, PartitionReassignment]:
        if self.lost:
            self.lost -= 1
            raise UnreachableError("Nobody is there.")
        if self.interrupts and self.moving:
            self.interrupts = False
            raise KeyboardInterrupt
        found = {name: self._move(name, each) for name, each in self.moving.items()}
        if self.moving and self.slow:
            self.slow -= 1
        elif not self.stands:
            self.placed |= self.moving
            self.moving = {}
        return found

    def _move(self, name: TopicPartition, wanted: Replicas) -> PartitionReassignment:
        now = self.placed[name]
        adding = tuple(each for each in wanted if each not in now)
        removing = tuple(each for each in now if each not in wanted)
        return PartitionReassignment((*wanted, *removing), adding, removing)

    def reassign(self, placement: Placement) -> dict[TopicPartition, KafkaToolError]:
        self.done.append(dict(placement))
        self.moving |= {name: each for name, each in placement.items() if name not in self.refused}
        return {name: error for name, error in self.refused.items() if name in placement}

    def cancel(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, KafkaToolError]:
        self.done.append(tuple(partitions))
        self.moving = {}
        return {}

    def set_configs(self, entity: Entity, _: object) -> None:
        self.done.append((entity.name, True))

    def unset_configs(self, entity: Entity, _: object) -> None:
        if entity.name in self.unreached:
            self.unreached.remove(entity.name)
            raise UnreachableError("Nobody is there.")
        self.done.append((entity.name, False))

    def log_dirs(self, brokers: Collection[int]) -> Described:
        return {
            broker: (
                LogDirDescription(
                    "/d",
                    None,
                    100 * GIB,
                    50 * GIB,
                    tuple(
                        ReplicaInfo(name, self.sizes.get((name, broker), GIB), 0, False)
                        for name, each in self.placed.items()
                        if broker in each or (name, broker) in self.sizes
                    ),
                ),
                *(LogDirDescription(path, None, 100 * GIB, 50 * GIB, ()) for path in self.empty_dirs),
            )
            for broker in set(brokers) & {1, 2, 3}
        }

    def elect(self, kind: str, partitions: Collection[TopicPartition]) -> None:
        self.done.append((kind, partitions))
        self.led = {}

    def leaders(self, kind: str, partitions: Collection[TopicPartition]) -> None:
        """The new leaders are known at once."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    opened = FakeCluster()

    @contextmanager
    def open_cluster(_: object) -> Iterator[FakeCluster]:
        yield opened

    monkeypatch.setattr(reassignments, "open_reassignments", open_cluster)
    monkeypatch.setattr(elections, "open_elections", open_cluster)
    monkeypatch.setattr(batches, "ROUND_SECONDS", 0.0)
    return opened


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan that gives two partitions other replicas."""
    file = tmp_path / "plan.json"
    entries = [{"topic": "t", "partition": number, "replicas": [3, 2]} for number in (0, 1)]
    file.write_text(json.dumps({"version": 1, "partitions": entries}))
    return file


def ktools(*argv: str) -> int:
    return run(["reassign-partitions", "--bootstrap-server", "b:1", *argv])


def execute(plan: Path, *argv: str) -> int:
    return ktools("--execute", "--reassignment-json-file", str(plan), "--batch-size", "1", *argv)


def test_a_plan_is_shown_with_what_brokers_hold_before_and_after(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ktools("--plan", "--rebalance", "--throttle", str(GIB), "--output", "table") == 0
    told = capsys.readouterr()
    shown = [" ".join(line.split()) for line in told.out.splitlines()]
    assert "2 replicas to copy · 2.0 GiB · about 2.0 s at 1.0 GiB/s" in shown[0]
    assert shown[2:4] == ["rack r1 rack r2 rack r3", "1 2 3"]
    assert "replicas 3 → 2 3 → 2 0 → 2" in shown
    assert "leaders 2 → 1 1 0 → 1" in shown
    assert "bytes 3.0 → 2.0 GiB 3.0 → 2.0 GiB 0 B → 2.0 GiB" in shown
    assert "free 50.0 → 51.0 GiB 50.0 → 51.0 GiB 50.0 → 48.0 GiB" in shown
    assert cluster.done == []


def test_a_plan_is_written_as_apaches_file(
    cluster: FakeCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.json"
    argv = ("--plan", "--replace-broker", "2:3", "--topic", "t", "--reassignment-json-file", str(file))
    assert ktools(*argv, "--dry-run") == 0
    assert not file.exists()
    assert ktools(*argv) == 0
    told = capsys.readouterr()
    assert cluster.done == []
    document = json.loads(file.read_text())
    assert [each["replicas"] for each in document["partitions"]] == [[1, 3], [3, 1]]
    assert json.loads(told.out.splitlines()[-1]) == document
    assert told.err == f"The plan is in {file}.\n"
    assert ktools("--plan", "--remove-broker", "3", "--output", "table") == 0
    assert "nothing has to move" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "--plan takes exactly one of: --set-replication-factor, "),
        (("--add-broker", "3", "--rebalance"), "--plan takes exactly one of: "),
        (("--replace-broker", "3"), "--replace-broker: '3' is no pair of broker ids"),
        (("--replace-broker", "3:3"), "--replace-broker: 3:3 names one broker twice"),
        (("--remove-broker", "9"), "Error: Broker 9 is no broker of this cluster (brokers: 1, 2, 3)."),
        (("--add-broker", "9"), "Error: Broker 9 is not up, and cannot take replicas."),
        (("--set-replication-factor", "4"), "Error: Replication factor: 4 larger than available brokers: 3."),
        (("--rebalance", "--topic", "nope"), "Error: Topic 'nope' does not exist as expected"),
        (("--rebalance", "--batch-size", "2"), 'Option "[batch-size]" can\'t be used with action "[plan]"'),
    ],
)
def test_what_cannot_be_planned_is_told(
    cluster: FakeCluster, argv: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ktools("--plan", *argv) == 1
    told = capsys.readouterr()
    assert (told.out + told.err).startswith(message)
    assert cluster.done == []


def test_no_plan_is_made_while_its_partitions_move(cluster: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.moving, cluster.stands = {FIRST: (3, 2)}, True
    assert ktools("--plan", "--rebalance") == 1
    assert capsys.readouterr().out == "Error: 1 partition of these topics are being moved: t-0\n"
    assert ktools("--plan", "--rebalance", "--topic", "u") == 0


def test_a_plan_goes_partition_by_partition_behind_its_throttles(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(plan, "--throttle", "1000") == 0
    set_ = [("t", True), *((broker, True) for broker in "123")]
    cleared = [("t", False), *((broker, False) for broker in "123")]
    assert cluster.done == [*set_, {FIRST: (3, 2)}, {SECOND: (3, 2)}, *cleared]
    assert capsys.readouterr().out == (
        "Reassignment of partition t-0 is completed.\nReassignment of partition t-1 is completed.\n"
    )
    assert sorted(each.name for each in plan.parent.iterdir()) == ["plan.json", "plan.undo.json"]
    assert ktools("--undo", str(plan.with_name("plan.undo.json"))) == 0
    assert cluster.placed == FakeCluster().placed


def test_a_broker_that_is_down_is_not_asked_for_a_throttle(cluster: FakeCluster, plan: Path) -> None:
    cluster.up = [each for each in cluster.up if each.broker != 1]
    assert execute(plan, "--throttle", "1000") == 0
    assert cluster.done[:3] == [("t", True), ("2", True), ("3", True)]
    assert cluster.placed[FIRST] == (3, 2)


def test_throttles_of_a_broker_that_came_back_are_taken_away_by_another_connection(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.unreached = ["2"]
    assert execute(plan, "--throttle", "1000") == 0
    assert ("2", False) in cluster.done
    assert ktools("--undo", str(plan.with_name("plan.undo.json"))) == 0
    cluster.unreached = ["2", "2"]
    assert execute(plan, "--throttle", "1000") == 1
    assert "The throttles of broker 2 stay: Nobody is there." in capsys.readouterr().err
    assert plan.with_name("plan.state.json").exists()


def test_nothing_more_is_begun_while_something_else_is_out_of_sync(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # What lagged before it began does not matter; the first two looks are those at the beginning.
    cluster.lagging = [{OTHER}, {OTHER}, {OTHER, SECOND}, {OTHER, SECOND}, {OTHER}]
    assert execute(plan) == 0
    assert cluster.done == [{FIRST: (3, 2)}, {SECOND: (3, 2)}]
    assert "Paused (out of sync: t-1 on broker 1)\n" in capsys.readouterr().err


def test_nothing_more_is_begun_while_a_partition_is_below_its_min_isr(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # One of two replicas in sync, of a partition that moves: only its min ISR tells that it is not for the copy.
    # What was below it before it began does not matter.
    cluster.least, cluster.lagging = 2, [{OTHER}, {OTHER}, {FIRST, OTHER}, {FIRST, OTHER}, {OTHER}]
    cluster.slow = 2
    assert execute(plan) == 0
    assert cluster.done == [{FIRST: (3, 2)}, {SECOND: (3, 2)}]
    assert "Paused (below min ISR: t-0 (1 in sync of 2 needed))\n" in capsys.readouterr().err


def test_ctrl_c_ends_the_moves_and_takes_throttles_away(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.interrupts = cluster.stands = True
    assert execute(plan, "--throttle", "1000") == 130
    assert cluster.done[-5:] == [(FIRST,), ("t", False), *((broker, False) for broker in "123")]
    assert "0 of 2 partitions moved. The same command goes on.\n" in capsys.readouterr().err
    kept = plan.with_name("plan.undo.json").read_text()
    cluster.stands = False
    assert execute(plan) == 0
    assert cluster.placed[SECOND] == (3, 2)
    assert plan.with_name("plan.undo.json").read_text() == kept


def test_a_cluster_that_comes_back_is_waited_for(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.lost = 1
    assert execute(plan) == 1  # at the beginning the address may be wrong
    assert capsys.readouterr().out == "Error: Nobody is there.\n"
    assert cluster.done == []
    reassign = cluster.reassign

    def loses(placement: Placement) -> dict[TopicPartition, KafkaToolError]:
        cluster.lost = 2
        return reassign(placement)

    cluster.reassign = loses  # type: ignore[method-assign]
    assert execute(plan) == 0
    assert "Waiting for the cluster: Nobody is there.\n" in capsys.readouterr().err


def test_how_far_copies_are_is_told_by_bytes_and_by_records(cluster: FakeCluster) -> None:
    before = {FIRST: (1, 2), SECOND: (2, 1)}
    wanted: dict[TopicPartition, Replicas] = {FIRST: (3, 2), SECOND: (3, 2)}
    cluster.moving, cluster.stands, cluster.behind = {FIRST: (3, 2)}, True, [500, 300, 400]
    look = Looking().look(cluster)  # type: ignore[arg-type]
    now = [0.0]
    progress = Progress(before, wanted, look, cluster, lambda: now[0])  # type: ignore[arg-type]

    def words() -> str:
        progress.measure(cluster, look, (), [FIRST])  # type: ignore[arg-type]
        now[0] += 10
        return progress.words()

    assert words() == "0 B of 2.0 GiB · 500 records behind"
    cluster.sizes[FIRST, 3] = GIB // 2
    # Of bytes there are 1.5 GiB left, of records 300: at 20 a second these take 15 s.
    assert words() == "512.0 MiB of 2.0 GiB · 51.2 MiB/s · 30 s left · 300 records behind"
    # Producers write meanwhile: bytes grow as fast as they are copied, of records 5 a second are caught up with.
    cluster.sizes |= {(FIRST, 1): 2 * GIB, (FIRST, 3): GIB}
    assert words() == "1.0 GiB of 3.0 GiB · 51.2 MiB/s · 1 min 20 s left · 400 records behind"
    assert not progress.falls_back
    for _ in range(SAMPLES):
        words()
    assert progress.falls_back


def test_leaders_are_elected_also_where_a_broker_hears_late_of_the_moves(cluster: FakeCluster, plan: Path) -> None:
    cluster.late, cluster.led = True, {SECOND: 2}
    assert execute(plan) == 0
    assert cluster.done[2:] == [("PREFERRED", [SECOND])]


def test_what_is_refused_is_told_and_the_rest_moves(
    cluster: FakeCluster, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.refused = {FIRST: BrokerError(39, "No.")}
    assert execute(plan) == 1
    assert capsys.readouterr().out == "t-0: No.\nReassignment of partition t-1 is completed.\n"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("{", "{} is no state of a plan."),
        (
            '{"plan": "x", "way_back": "w", "topics": [], "brokers": [], '
            '"trouble": {"out_of_sync": [], "below_min_isr": []}}',
            "{} is of another plan than ",
        ),
    ],
)
def test_a_state_that_is_another_plans_is_refused(
    cluster: FakeCluster, plan: Path, state: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = plan.with_name("plan.state.json")
    file.write_text(state)
    assert execute(plan) == 1
    assert capsys.readouterr().out.startswith(f"Error: {message.format(file)}")
    assert file.read_text() == state
    assert cluster.done == []


def test_directories_of_a_broker_are_evened_out(
    cluster: FakeCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dirs.json"
    argv = ("--plan", "--balance-log-dirs", "1", "--reassignment-json-file", str(file))
    assert ktools(*argv) == 1
    assert capsys.readouterr().out.startswith("Error: Broker 1 has no two directories that work")
    cluster.empty_dirs = ("/e",)
    assert ktools(*argv, "--output", "table") == 0
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert shown[0] == "broker 1 1 replica to move · 1.0 GiB"
    assert "/d 3 → 2 3.0 → 2.0 GiB" in shown
    assert "/e 0 → 1 0 B → 1.0 GiB" in shown
    [entry] = json.loads(file.read_text())["partitions"]
    assert entry == {"topic": "t", "partition": 0, "replicas": [1, 2], "log_dirs": ["/e", "any"]}
    assert ktools("--plan", "--balance-log-dirs", "9") == 1
    assert capsys.readouterr().out.startswith("Error: Broker 9 does not tell its directories.")
