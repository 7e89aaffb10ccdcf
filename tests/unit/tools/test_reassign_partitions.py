"""`ktools reassign-partitions`: what is told where something fails on the way, and what a guarded cluster allows."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from kafka_tools.brokers import reassignments
from kafka_tools.errors import BrokerError, KafkaToolError, check_code
from kafka_tools.main import run
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.configs import Entity
from kafka_tools.model.reassignments import PartitionReassignment, Placement, Replica, ReplicaDirs, Replicas
from kafka_tools.model.topics import TopicPartition
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools.reassign_partitions.throttles import DIRS_RATE, RATES, REPLICAS
from kafka_tools.zookeeper import reassignments as znodes
from kafka_tools.zookeeper.documents import encode_reassigned, read_reassigned

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)
MOVING = PartitionReassignment((3, 1, 2), (3,), (2,))
REFUSED = BrokerError(39, "Replica assignment has brokers that are not alive.")


class FakeReassignments:
    """Topic t with two partitions on three brokers; writes down what is changed."""

    def __init__(self) -> None:
        self.moving: dict[TopicPartition, PartitionReassignment] = {}
        self.errors: dict[TopicPartition, KafkaToolError] = {}
        self.begins_with: list[set[Replica]] = []
        self.where: dict[Replica, ReplicaDirs] = {}
        self.down: str | None = None
        self.interrupts: str | None = None
        self.done: list[object] = []

    def brokers(self) -> tuple[BrokerRack, ...]:
        return tuple(BrokerRack(broker, None) for broker in (1, 2, 3))

    def placement(self, topics: Collection[str]) -> dict[TopicPartition, Replicas]:
        return {FIRST: (1, 2), SECOND: (2, 3)} if "t" in topics else {}

    def ongoing(self) -> dict[TopicPartition, PartitionReassignment]:
        return self.moving

    def reassign(self, placement: Placement) -> dict[TopicPartition, KafkaToolError]:
        self.done.append(dict(placement))
        return self.errors

    def cancel(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, KafkaToolError]:
        self.done.append(tuple(partitions))
        return self.errors

    def dirs(self, replicas: Collection[Replica]) -> dict[Replica, ReplicaDirs]:
        return {each: self.where.get(each, ReplicaDirs(None, None)) for each in replicas}

    def move_dirs(self, wanted: Mapping[Replica, str]) -> set[Replica]:
        self.done.append(dict(wanted))
        return self.begins_with.pop(0) if self.begins_with else set()

    def set_configs(self, entity: Entity, values: Mapping[str, str]) -> None:
        self._change(entity, dict(values))

    def unset_configs(self, entity: Entity, names: Collection[str]) -> None:
        self._change(entity, tuple(names))

    def _change(self, entity: Entity, change: object) -> None:
        if entity.name == self.down:
            raise KafkaToolError("It is down.")
        if entity.name == self.interrupts:
            self.interrupts = None
            raise KeyboardInterrupt
        self.done.append((entity.name, change))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeReassignments:
    opened = FakeReassignments()

    @contextmanager
    def open_reassignments(_: object) -> Iterator[FakeReassignments]:
        yield opened

    monkeypatch.setattr(reassignments, "open_reassignments", open_reassignments)
    return opened


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """A file that gives partition 0 other replicas, one of them in a directory, and leaves partition 1 as it is."""
    first = {"topic": "t", "partition": 0, "replicas": [1, 3], "log_dirs": ["any", "/d"]}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"partitions": [first, {"topic": "t", "partition": 1, "replicas": [2, 3]}]}))
    return str(file)


def ktools(action: str, *argv: str) -> int:
    return run(["reassign-partitions", "--bootstrap-server", "b:1", action, *argv])


def test_throttles_stand_before_anything_moves(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    replica = Replica("t", 0, 3)
    fake.begins_with = [set(), {replica}]
    argv = ("--throttle", "1000", "--replica-alter-log-dirs-throttle", "500")
    assert ktools("--execute", "--reassignment-json-file", plan, *argv) == 0
    rates = {"leader.replication.throttled.rate": "1000", "follower.replication.throttled.rate": "1000"}
    replicas = {
        "leader.replication.throttled.replicas": "0:1,0:2,1:2,1:3",
        "follower.replication.throttled.replicas": "0:3",
    }
    assert fake.done[:4] == [("t", replicas), *((broker, rates) for broker in "123")]
    assert fake.done[4] == ("3", {"replica.alter.log.dirs.io.max.bytes.per.second": "500"})
    assert fake.done[5:] == [{FIRST: (1, 3), SECOND: (2, 3)}, {replica: "/d"}, {replica: "/d"}]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Current partition replica assignment"
    assert json.loads(lines[2])["partitions"][0]["replicas"] == [1, 2]
    assert lines[-2] == "Successfully started partition reassignments for t-0,t-1"
    assert lines[-1] == "Successfully started moving log directory to /d for replica t-0 with broker 3 "


def test_the_way_back_is_shown_also_where_something_fails(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.errors = {FIRST: REFUSED}
    assert ktools("--execute", "--reassignment-json-file", plan) == 1
    told = capsys.readouterr()
    assert '"replicas":[1,2]' in told.out
    assert told.out.splitlines()[-2:] == ["Error reassigning partition(s):", f"t-0: {REFUSED.message}"]
    assert told.err == "1 of 2 were started: --verify tells how far they are.\n"
    fake.down = "2"
    assert ktools("--execute", "--reassignment-json-file", plan, "--throttle", "1") == 1
    told = capsys.readouterr()
    assert '"replicas":[1,2]' in told.out
    assert told.out.splitlines()[-1] == "Error: It is down."
    assert fake.done.count({FIRST: (1, 3), SECOND: (2, 3)}) == 1  # not a second time: it would not be throttled


def test_a_person_and_a_program_get_the_way_back_on_stderr(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.begins_with = [{Replica("t", 0, 3)}]
    assert ktools("--execute", "--reassignment-json-file", plan, "--output", "json") == 0
    told = capsys.readouterr()
    assert [row["state"] for row in json.loads(told.out)] == ["started"] * 3
    heading, document = told.err.splitlines()
    assert heading == "Save this to use as the --reassignment-json-file option during rollback:"
    assert json.loads(document)["partitions"][0]["replicas"] == [1, 2]


def test_what_moves_already_is_left_alone(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.moving = {SECOND: MOVING}
    assert ktools("--execute", "--reassignment-json-file", plan) == 1
    assert capsys.readouterr().out.startswith("Cannot execute because there is an existing partition assignment.")
    assert ktools("--execute", "--reassignment-json-file", plan, "--output", "json") == 1
    told = capsys.readouterr()
    assert (told.out, told.err[:29]) == ("[]\n", "Cannot execute because there ")
    assert fake.done == []
    assert ktools("--list", "--output", "json") == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["replicas"], row["adding_replicas"], row["removing_replicas"]) == ([3, 1, 2], [3], [2])


def test_a_broker_that_is_down_keeps_no_other_throttled(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.down = "2"
    fake.where = {Replica("t", 0, 3): ReplicaDirs("/a", None)}
    assert ktools("--verify", "--reassignment-json-file", plan) == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "Status of partition reassignment:",
        "There is no active reassignment of partition t-0, but replica set is 1,2 rather than 1,3.",
        "Reassignment of partition t-1 is completed.",
        "Partition t-0 on broker 3 is not being moved from log dir /a to /d.",
        "Clearing broker-level throttles on brokers 1,2,3",
        "Clearing topic-level throttles on topic t",
        "Error: It is down.",
    ]
    assert told.err.splitlines() == [
        "2 of 3 are not where the file says.",
        "The throttles of broker 2 stay: --verify takes them away when it answers.",
    ]
    assert [name for name, *_ in fake.done] == ["1", "3", "t"]  # type: ignore[misc]


def test_throttles_stay_while_anything_moves(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.moving = {FIRST: MOVING}
    fake.where = {Replica("t", 0, 3): ReplicaDirs("/a", "/d")}
    assert ktools("--verify", "--reassignment-json-file", plan) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "Reassignment of partition t-0 is still in progress.",
        "Reassignment of partition t-1 is completed.",
        "Reassignment of replica t-0-3 is still in progress.",
    ]
    assert fake.done == []


def test_what_is_cancelled_goes_back(fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    replica = Replica("t", 0, 3)
    fake.moving, fake.where, fake.begins_with = {FIRST: MOVING}, {replica: ReplicaDirs("/a", "/d")}, [{replica}]
    assert ktools("--cancel", "--reassignment-json-file", plan, "--preserve-throttles") == 0
    assert fake.done == [(FIRST,), {replica: "/a"}]
    assert capsys.readouterr().out.splitlines()[0] == "Successfully cancelled partition reassignment for: t-0"


@pytest.mark.parametrize("action", ["--execute", "--verify", "--cancel"])
def test_a_read_only_context_moves_nothing(
    fake: FakeReassignments,
    plan: str,
    action: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "b:1", read_only=True))
    assert ktools(action, "--reassignment-json-file", plan, "--yes") == 1
    assert "context prod is read-only: nothing was changed\n" in capsys.readouterr().out
    assert fake.done == []
    assert ktools("--list") == 0
    assert ktools("--verify", "--reassignment-json-file", plan, "--preserve-throttles") == 1
    assert fake.done == []


def test_no_throttle_is_left_where_nothing_began_to_move(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("--reassignment-json-file", plan, "--throttle", "1000")
    fake.errors = {FIRST: REFUSED, SECOND: REFUSED}
    assert ktools("--execute", *argv) == 1
    assert capsys.readouterr().err == "Nothing is moving: the throttles were taken away again.\n"
    assert fake.done[-4:] == [*((broker, (*RATES, DIRS_RATE)) for broker in "123"), ("t", REPLICAS)]
    fake.interrupts = "t"
    assert ktools("--execute", *argv) == 130
    told = capsys.readouterr()
    assert '"replicas":[1,2]' in told.out
    assert told.err == "Nothing is moving: the throttles were taken away again.\n"


class FakeZnodes(FakeReassignments):
    """The same topic, through ZooKeeper."""

    def is_reassigning(self) -> bool:
        return False

    def ongoing(self, topics: Collection[str] = ()) -> dict[TopicPartition, PartitionReassignment]:
        assert topics == {"t"}
        return self.moving

    def reassign(self, placement: Placement) -> dict[TopicPartition, KafkaToolError]:
        self.done.append(dict(placement))
        if self.errors:
            raise self.errors[FIRST]
        raise KeyboardInterrupt


@pytest.mark.parametrize(("fails", "status"), [(True, 1), (False, 130)])
def test_no_throttle_is_left_in_zookeeper_where_nothing_began_to_move(
    fails: bool, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeZnodes()

    @contextmanager
    def opened(_: object) -> Iterator[FakeZnodes]:
        yield fake

    monkeypatch.setattr(znodes, "open_reassignments", opened)
    fake.errors = {FIRST: KafkaToolError("Others began to move partitions meanwhile.")} if fails else {}
    file = tmp_path / "plan.json"
    file.write_text('{"partitions": [{"topic": "t", "partition": 0, "replicas": [1, 3]}]}')
    argv = ["--execute", "--reassignment-json-file", str(file), "--throttle", "1000"]
    assert run(["reassign-partitions", "--zookeeper", "z:1", *argv]) == status
    assert fake.done[-5:] == [{FIRST: (1, 3)}, *((broker, (*RATES, DIRS_RATE)) for broker in "123"), ("t", REPLICAS)]
    told = capsys.readouterr()
    assert '"replicas":[1,2]' in told.out
    assert told.err == "Nothing is moving: the throttles were taken away again.\n"
    fake.moving = {FIRST: MOVING}  # the request was carried out all the same
    assert run(["reassign-partitions", "--zookeeper", "z:1", *argv]) == status
    assert fake.done[-1] == {FIRST: (1, 3)}
    assert capsys.readouterr().err.startswith("Partitions are moving, and throttled: --verify")


def test_what_moves_at_ctrl_c_stays_throttled(
    fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.moving, fake.interrupts = {SECOND: MOVING}, "t"
    argv = ("--execute", "--additional", "--reassignment-json-file", plan, "--throttle", "1000")
    assert ktools(*argv) == 130
    assert fake.done == []
    assert capsys.readouterr().err.startswith("Partitions are moving, and throttled: --verify")


def test_a_throttle_below_zero_is_none(fake: FakeReassignments, plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    fake.begins_with = [{Replica("t", 0, 3)}]
    assert ktools("--execute", "--reassignment-json-file", plan, "--throttle", "-1") == 0
    assert "throttle" not in capsys.readouterr().out
    assert fake.done[0] == {FIRST: (1, 3), SECOND: (2, 3)}


def test_zookeeper_s_form_has_fewer_options(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    for argv, told in (
        (["--list"], 'Option "[zookeeper]" can\'t be used with action "[list]"'),
        (
            ["--execute", "--timeout", "5", "--reassignment-json-file", plan],
            'You must specify --bootstrap-server when using "[timeout]"',
        ),
        (
            ["--execute", "--batch-size", "5", "--reassignment-json-file", plan],
            'You must specify --bootstrap-server when using "[batch-size]"',
        ),
    ):
        assert run(["reassign-partitions", "--zookeeper", "z:1", *argv]) == 1
        assert capsys.readouterr().err.splitlines()[0] == told
    # Before anything is asked: what ZooKeeper cannot do is not begun.
    assert run(["reassign-partitions", "--zookeeper", "z:1", "--verify", "--reassignment-json-file", plan]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out == [
        "Warning: --zookeeper is deprecated, and will be removed in a future version of Kafka.",
        "Error: bootstrap-server needs to be provided when replica reassignments are present.",
    ]


def test_the_znode_is_as_kafka_writes_it() -> None:
    text = encode_reassigned([(SECOND, (2, 3)), (FIRST, (1,))])
    assert text == (
        b'{"version":1,"partitions":[{"topic":"t","partition":1,"replicas":[2,3]},'
        b'{"topic":"t","partition":0,"replicas":[1]}]}'
    )
    assert read_reassigned("/r", text) == {FIRST, SECOND}


def test_who_may_not_is_told_in_words_not_as_a_java_object() -> None:
    said = "Request Request(processor=1, session=org.apache.kafka.network.Session@20f92112) is not authorized."
    with pytest.raises(BrokerError) as raised:
        check_code(31, said, "DESCRIBE on the cluster")
    assert (raised.value.message, raised.value.hint) == (
        "Cluster authorization failed.",
        "It needs DESCRIBE on the cluster.",
    )
