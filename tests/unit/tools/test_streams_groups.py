"""`ktools streams-groups` and `streams-application-reset`: views, plans, and what is refused."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kafka_tools.brokers import streams_groups
from kafka_tools.errors import GROUP_ID_NOT_FOUND, BrokerError, KafkaToolError, UnsupportedError
from kafka_tools.main import cli
from kafka_tools.model.groups import Committed, ConsumerGroup, Coordinator, GroupListing, Log, Member
from kafka_tools.model.offsets import EARLIEST, LATEST, Offset
from kafka_tools.model.streams_groups import (
    StreamsGroup,
    StreamsMember,
    Subtopology,
    TaskAssignment,
    TopologyNode,
    TopologyPart,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

A0 = TopicPartition("a", 0)
WHERE = Coordinator(2, "h", 9092)
PARTS = (Subtopology("0", ("a",), (), ("app-store-changelog",)),)
TASKS = TaskAssignment({"0": (0,)}, {}, {"0": (1,)})
MEMBER = StreamsMember("m", "p", "c", 4, False, TASKS, TaskAssignment({}, {}, {}))
TOPOLOGY = (
    TopologyPart(
        "0",
        (
            TopologyNode("source", "Source", ("a", "b"), (), ("sink",)),
            TopologyNode("sink", "Sink", (), (), ()),
        ),
        is_global=False,
    ),
    TopologyPart("1", (TopologyNode("fill", "Processor", (), ("store",), ()),), is_global=True),
)
GROUPS = {
    "app": StreamsGroup("app", "Empty", WHERE, 3, 3, 0, "sticky", PARTS, ()),
    "busy": StreamsGroup("busy", "Stable", WHERE, 4, 4, 0, "sticky", PARTS, (MEMBER,), TOPOLOGY, "AVAILABLE"),
}
TOPICS = {
    "a": (0,),
    "b": (0,),
    "app-store-changelog": (0,),
    "app-no-topic-of-its-own": (0,),
    "__consumer_offsets": (0,),
}


class FakeGroups:
    """Two streams groups, both with offset 4 of 10 committed, and topics; writes down what is to be changed."""

    def __init__(self) -> None:
        self.changes: list[object] = []
        self.members: tuple[Member, ...] = ()
        self.are_old = False
        self.offsets = self.consumers = self.topics = self

    def partitions(self) -> Mapping[str, Collection[int]]:
        return TOPICS

    def at(self, time: int, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Offset]:
        offsets = {EARLIEST: 2, LATEST: 10}
        return {each: Offset(offsets.get(time), None) for each in partitions}

    def logs(self, partitions: Iterable[TopicPartition], _: float = 0.0) -> tuple[dict[TopicPartition, Log], object]:
        return {each: Log(2, 10) for each in partitions}, {}

    def listed(self) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
        return tuple(GroupListing(each.group, "Streams", "streams", each.state) for each in GROUPS.values()), ()

    def described(self, names: Iterable[str]) -> dict[str, StreamsGroup | ConsumerGroup | KafkaToolError]:
        unknown = BrokerError(GROUP_ID_NOT_FOUND)
        found = {name: GROUPS.get(name, unknown) for name in names}
        if "reset-me" in found:
            return {"reset-me": ConsumerGroup("reset-me", "Stable", "", WHERE, self.members)}
        return dict(found)

    def committed(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, int]]:
        return {name: {A0: 4} for name in names}

    def committed_with_epochs(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, Committed]]:
        return {name: {A0: Committed(4, 2)} for name in names}

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        self.changes.append((group, dict(offsets)))

    def delete(self, names: Collection[str]) -> dict[str, KafkaToolError | None]:
        self.changes.append(list(names))
        return dict.fromkeys(names)

    def delete_topics(self, topics: Sequence[str]) -> dict[str, KafkaToolError | None]:
        self.changes.append(list(topics))
        return dict.fromkeys(topics)

    def remove_members(self, group: ConsumerGroup, _: str) -> None:
        self.changes.append(f"{group.group} without members")


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> FakeGroups:
    fake = FakeGroups()

    @contextmanager
    def opened(_target: Brokers, _seconds: float, topology: bool = False) -> Iterator[FakeGroups]:
        if topology and fake.are_old:
            raise UnsupportedError("too old")
        yield fake

    monkeypatch.setattr(streams_groups, "open_streams_groups", opened)
    return fake


def ktools(tool: str, argv: str) -> Result:
    return CliRunner().invoke(cli, [tool, "--bootstrap-server", "b:9092", *argv.split()])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--describe", "Option [describe] takes one of these options: [all-groups], [group]"),
        ("--delete --group a --execute", "Only Option [reset-offsets] accepts [execute] or [dry-run]"),
        ("--reset-offsets --group a --dry-run --to-latest", "One of the reset scopes should be defined"),
        ("--reset-offsets --group a --input-topic t --to-latest", "takes the option: [execute] or [dry-run]"),
        ("--describe --group a --delete-all-internal-topics", "takes one of these options: [delete], [reset-offsets]"),
        ("--delete --group a --delete-internal-topic t", "takes [reset-offsets] when [execute] is used."),
        ("--delete --group a --topology", "Option(s) [topology] are unavailable given other options"),
        ("--describe --group a --topology --members", "[members], [offsets], [state], [topology]"),
        ("--delete-offsets --input-topic t", "takes the [group] and one of these options"),
    ],
)
def test_options_that_do_not_fit(argv: str, message: str, groups: FakeGroups) -> None:
    result = ktools("streams-groups", argv)
    assert (result.exit_code, result.stdout, groups.changes) == (1, "", [])
    assert message in result.stderr.splitlines()[0]


@pytest.mark.usefixtures("groups")
def test_lag_is_of_what_members_read() -> None:
    result = ktools("streams-groups", "--describe --group busy --verbose")
    assert result.stdout.splitlines()[1].split() == ["busy", "a", "0", "4", "2", "10", "6"]
    rows = json.loads(ktools("streams-groups", "--describe --all-groups --output json").stdout)
    assert [(row["group"], row["offset_lag"]) for row in rows] == [("busy", 6)]


@pytest.mark.usefixtures("groups")
def test_members_are_shown_with_their_tasks() -> None:
    result = ktools("streams-groups", "--describe --group busy --members")
    assert result.stdout.splitlines()[1].endswith("ACTIVE: 0:[0]; WARMUP: 0:[1]; ")


def test_the_topology_of_a_group_is_shown_step_by_step(groups: FakeGroups) -> None:
    result = ktools("streams-groups", "--describe --all-groups --topology")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "",
        "Error: No topology description is available for streams group 'app' (status: NOT_REQUESTED).",
        "Topologies:",
        "   Sub-topology: 0",
        "    Source: source (topics: [a, b])",
        "      --> sink",
        "    Sink: sink (topic: null)",
        "      <-- source",
        "",
        "   Sub-topology: 1 for global store (will not generate tasks)",
        "    Processor: fill (stores: [store])",
        "      --> none",
        "      <-- none",
        "",
        "",
    ]
    rows = json.loads(ktools("streams-groups", "--describe --group busy --topology --output json").stdout)
    assert [(row["node"], row["kind"], row["predecessors"], row["is_global"]) for row in rows] == [
        ("source", "source", [], False),
        ("sink", "sink", ["source"], False),
        ("fill", "processor", [], True),
    ]
    groups.are_old = True
    old = ktools("streams-groups", "--describe --group busy --topology")
    assert (old.exit_code, "The brokers do not tell topologies." in old.stdout) == (1, True)


def test_a_deleted_group_takes_its_own_topics_along(groups: FakeGroups) -> None:
    result = ktools("streams-groups", "--delete --group app --group busy --delete-all-internal-topics")
    assert (result.exit_code, groups.changes) == (1, [["app"], ["app-store-changelog"]])
    assert "Group 'busy' could not be deleted" in result.stdout


def test_a_reset_leaves_active_groups_alone(groups: FakeGroups) -> None:
    result = ktools("streams-groups", "--reset-offsets --all-groups --all-input-topics --shift-by -9 --execute")
    assert (result.exit_code, groups.changes) == (1, [("app", {A0: 2})])
    assert "Error: Assignments can only be reset if the group 'busy' is inactive" in result.stdout


def test_where_a_broker_is_silent_no_group_is_reset_instead_of_all(groups: FakeGroups) -> None:
    there, _ = groups.listed()
    groups.listed = lambda: (there, ("broker 3 is silent",))  # type: ignore[method-assign]
    result = ktools("streams-groups", "--reset-offsets --all-groups --all-input-topics --to-latest --execute")
    assert (result.exit_code, groups.changes) == (1, [])
    assert "broker 3 is silent No offset was changed." in result.stdout


def test_an_export_names_the_group_unless_one_was_asked_for(groups: FakeGroups) -> None:
    groups.listed = lambda: ((GroupListing("app", "Streams", "streams", "Empty"),), ())  # type: ignore[method-assign]
    argv = "--reset-offsets --input-topic a --to-earliest --dry-run --export"
    assert ktools("streams-groups", f"{argv} --group app").stdout == "a,0,2\n\n"
    # There is only one group, and yet the file of Apache's tool has its name (isSingleGroupQuery).
    assert ktools("streams-groups", f"{argv} --all-groups").stdout == "app,a,0,2\n\n"


def test_an_application_is_planned_before_anything_is_changed(groups: FakeGroups) -> None:
    argv = "--application-id app --input-topics a"
    result = ktools("streams-application-reset", f"{argv} --internal-topics b")
    assert (result.exit_code, groups.changes) == (1, [])
    assert result.stderr.startswith("ERROR: java.lang.IllegalArgumentException: Invalid topic specified")
    assert ktools("streams-application-reset", f"{argv} --dry-run").exit_code == 0
    assert groups.changes == []


def test_an_application_goes_on_from_the_beginning_without_its_topics(groups: FakeGroups) -> None:
    result = ktools("streams-application-reset", "--application-id app --input-topics a --intermediate-topics b")
    assert groups.changes == [("app", {A0: 2, TopicPartition("b", 0): 10}), ["app-store-changelog"]]
    assert "Topic: a Partition: 0 Offset: 2\n" in result.stdout


def test_members_are_removed_only_where_that_is_asked_for(groups: FakeGroups) -> None:
    groups.members = (Member("m", None, "c", "/10.0.0.7", ()),)
    result = ktools("streams-application-reset", "--application-id reset-me")
    assert (result.exit_code, groups.changes) == (1, [])
    assert "is still active and has following members: [c at /10.0.0.7]" in result.stderr
    result = ktools("streams-application-reset", "--application-id reset-me --force --dry-run")
    assert (result.stderr, groups.changes) == ("1 member would be removed first.\n", [])
    assert ktools("streams-application-reset", "--application-id reset-me --force").exit_code == 0
    assert groups.changes[0] == "reset-me without members"


@pytest.mark.parametrize("line", ["a,0", "a,x,1", "a,0,-1"])
def test_a_file_that_is_no_plan_changes_nothing(line: str, groups: FakeGroups, tmp_path: Path) -> None:
    plan = tmp_path / "plan.csv"
    plan.write_text(f"{line}\n")
    result = ktools("streams-application-reset", f"--application-id app --input-topics a --from-file {plan}")
    assert (result.exit_code, groups.changes) == (1, [])
    assert "is not following the format `TOPIC,PARTITION,OFFSET`" in result.stderr
