"""`ktools groups` and `ktools share-groups`: filters, views, what is refused, and what is not known."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from click.testing import CliRunner, Result

from kafka_tools.brokers import all_groups, share_groups
from kafka_tools.errors import GROUP_ID_NOT_FOUND, BrokerError, KafkaToolError
from kafka_tools.main import cli
from kafka_tools.model.groups import Coordinator, GroupListing, Log
from kafka_tools.model.offsets import EARLIEST, Offset
from kafka_tools.model.share_groups import ShareGroup, ShareMember, ShareOffset
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition

A0, A1 = TopicPartition("a", 0), TopicPartition("a", 1)
WHERE = Coordinator(2, "h", 9092)
MEMBER = ShareMember("m-1", "c", "/10.0.0.7", 3, (A0, A1))
GROUPS = {
    "busy": ShareGroup("busy", "Stable", WHERE, 5, 4, (MEMBER,)),
    "idle": ShareGroup("idle", "Empty", WHERE, 2, 2, ()),
}
OFFSETS = {A0: ShareOffset(4, 1, 6), A1: ShareOffset(None, None, None)}
LISTED = (
    GroupListing("busy", "Share", "share", "Stable"),
    GroupListing("flow", "Streams", "streams", "NotReady"),
    GroupListing("idle", "Share", "share", "Empty"),
    GroupListing("old", "Classic", "", "Empty"),
    GroupListing("reader", "Consumer", "consumer", "Stable"),
    GroupListing("worker", "Classic", "connect", "Stable"),
)


class FakeOffsets:
    """Ten records in partition 0 of topic a, none in 1."""

    def partitions(self) -> Mapping[str, Collection[int]]:
        return {"a": (0, 1)}

    def at(self, time: int, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Offset]:
        end = {A0: 10, A1: 0}
        return {each: Offset(0 if time == EARLIEST else end[each], None) for each in partitions}

    def logs(self, partitions: Iterable[TopicPartition], _: float) -> tuple[dict[TopicPartition, Log], object]:
        return {each: Log(0, 10 if each == A0 else 0) for each in partitions}, {}


class FakeGroups:
    """Has two share groups, and writes down what is to be changed."""

    def __init__(self) -> None:
        self.changes: list[object] = []
        self.offsets = FakeOffsets()

    def listed(self) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
        return tuple(each for each in LISTED if each.type == "Share"), ()

    def described(self, names: Iterable[str]) -> dict[str, ShareGroup | KafkaToolError]:
        unknown = BrokerError(GROUP_ID_NOT_FOUND, "Group x not found.")
        return {name: GROUPS.get(name, unknown) for name in names}

    def progress(self, names: Iterable[str]) -> dict[str, Mapping[TopicPartition, ShareOffset]]:
        return {name: OFFSETS if name == "busy" else {} for name in names}

    def committed(self, names: Iterable[str]) -> dict[str, dict[TopicPartition, int]]:
        return {name: {A0: 4} if name in GROUPS else {} for name in names}

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        self.changes.append((group, dict(offsets)))

    def delete(self, names: Collection[str]) -> dict[str, KafkaToolError | None]:
        self.changes.append(list(names))
        return dict.fromkeys(names)

    def delete_offsets(self, group: str, topics: Collection[str]) -> dict[str, KafkaToolError | None]:
        if group == "busy":
            raise BrokerError(68)
        self.changes.append((group, list(topics)))
        return {topic: None if topic == "a" else BrokerError(3) for topic in topics}


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> FakeGroups:
    fake = FakeGroups()

    @contextmanager
    def opened(_target: Brokers, seconds: float) -> Iterator[FakeGroups]:
        assert seconds in (5.0, 30.0)
        yield fake

    monkeypatch.setattr(share_groups, "open_share_groups", opened)
    monkeypatch.setattr(all_groups, "list_all_groups", lambda *_: (LISTED, ()))
    return fake


def ktools(tool: str, argv: str) -> Result:
    return CliRunner().invoke(cli, [tool, "--bootstrap-server", "b:9092", *argv.split()])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("", [each.group for each in LISTED]),
        ("--consumer", ["old", "reader"]),
        ("--share", ["busy", "idle"]),
        ("--streams", ["flow"]),
        ("--group-type CLASSIC", ["old", "worker"]),
        ("--group-type classic --protocol connect", ["worker"]),
        ("--protocol streams", ["flow"]),
    ],
)
@pytest.mark.usefixtures("groups")
def test_filters_of_all_groups(filters: str, expected: list[str]) -> None:
    result = ktools("groups", f"--list {filters} --output json")
    assert [row["group"] for row in json.loads(result.stdout)] == expected


@pytest.mark.usefixtures("groups")
def test_all_columns_of_groups_are_as_wide_as_the_longest_word() -> None:
    heading, row = ktools("groups", "--list --streams").stdout.splitlines()
    assert heading == f"{'GROUP':20} {'TYPE':20} {'PROTOCOL':20}"
    assert row == f"{'flow':20} {'Streams':20} {'streams':20} "


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--describe", "Option [describe] takes one of these options: [all-groups], [group]"),
        ("--describe --group a --state x", "Option [describe] does not take a value for [state]"),
        ("--delete --all-groups --group a", "Option [delete] takes either [group] or [all-groups], not both."),
        ("--delete-offsets --group a", "Option [delete-offsets] takes the following options: [group], [topic]"),
        ("--reset-offsets --group a --topic t --to-latest", "takes the option: [execute] or [dry-run]"),
        ("--reset-offsets --group a --dry-run --to-latest", "options: [all-topics], [from-file], [topic]"),
        (
            "--reset-offsets --group a --dry-run --topic t",
            "[from-file], [to-current], [to-datetime], [to-earliest], [to-latest], [to-offset]",
        ),
        ("--reset-offsets --group a --dry-run --topic t --to-latest --to-earliest", "can't be used with option"),
        ("--list --group a", 'Option "[group]" can\'t be used with option "[list]"'),
        ("--list --verbose", "Option(s) [verbose] are unavailable given other options on the command line"),
    ],
)
def test_options_that_do_not_fit(argv: str, message: str, groups: FakeGroups) -> None:
    result = ktools("share-groups", argv)
    assert result.exit_code == 1
    assert message in result.stderr.splitlines()[0]
    assert (result.stdout, groups.changes) == ("", [])


@pytest.mark.usefixtures("groups")
def test_what_is_not_known_of_a_partition_is_a_dash() -> None:
    result = ktools("share-groups", "--describe --group busy --group idle")
    assert result.stdout == (
        "\nGROUP           TOPIC           PARTITION  START-OFFSET  LAG\n"
        "busy            a               0          4             6\n"
        "busy            a               1          -             -\n"
        "\nShare group 'idle' has no offset information.\n"
    )
    rows = json.loads(ktools("share-groups", "--describe --group busy --output json").stdout)
    assert [row["lag"] for row in rows] == [6, None]


@pytest.mark.usefixtures("groups")
def test_members_and_states() -> None:
    [_, heading, row] = ktools("share-groups", "--describe --group busy --members --verbose").stdout.splitlines()
    assert heading.split()[-3:] == ["#PARTITIONS", "MEMBER-EPOCH", "ASSIGNMENT"]
    assert row.split() == ["busy", "m-1", "/10.0.0.7", "c", "2", "3", "a:0,1"]
    result = ktools("share-groups", "--describe --all-groups --state --verbose")
    assert [line.split()[-3:] for line in result.stdout.splitlines()[2::3]] == [["5", "4", "1"], ["2", "2", "0"]]
    assert result.stderr == "\nShare group 'idle' has no active members.\n"


@pytest.mark.usefixtures("groups")
def test_a_group_that_is_not_known_does_not_hide_the_others() -> None:
    result = ktools("share-groups", "--describe --group gone --group busy")
    assert (result.exit_code, result.stderr) == (1, "Share group 'gone' is not known: Group x not found.\n")
    assert "busy" in result.stdout
    result = ktools("share-groups", "--describe --group gone")
    assert result.stdout.startswith(
        "\nError: Executing share group command failed due to org.apache.kafka.common.errors"
    )


def test_only_a_group_without_members_is_reset(groups: FakeGroups) -> None:
    goal = "--reset-offsets --topic a --to-latest --execute --group"
    assert ktools("share-groups", f"{goal} busy").stderr.startswith("Share group 'busy' is not empty.\n")
    assert groups.changes == []
    assert ktools("share-groups", f"{goal} new").exit_code == 0
    assert groups.changes == [("new", {A0: 10, A1: 0})]


def test_a_reset_names_partitions_that_are_not_there(groups: FakeGroups) -> None:
    result = ktools("share-groups", "--reset-offsets --group idle --topic a:0,7,8 --to-earliest --execute")
    assert (result.exit_code, groups.changes) == (1, [])
    assert 'The partitions "a-7,a-8" do not exist' in result.stdout


def test_a_reset_tells_what_is_read_again(groups: FakeGroups) -> None:
    argv = "--reset-offsets --group idle --topic a:0 --to-offset 1 --dry-run"
    [row] = json.loads(ktools("share-groups", f"{argv} --output json").stdout)
    assert (row["current_offset"], row["new_offset"], row["read_again"]) == (4, 1, 3)
    assert ktools("share-groups", f"{argv} --export").stdout == "a,0,1\n\n"
    assert groups.changes == []


def test_a_rehearsed_deletion_says_that_groups_may_be_missing(groups: FakeGroups) -> None:
    there, _ = groups.listed()
    groups.listed = lambda: (there, ("broker 3 is silent",))  # type: ignore[method-assign]
    result = ktools("share-groups", "--delete --all-groups --dry-run")
    assert (result.exit_code, groups.changes) == (1, [])
    assert "Would delete share group idle.\n" in result.stdout
    assert "groups may be missing: broker 3 is silent" in result.stderr


def test_groups_that_cannot_be_deleted_do_not_keep_the_others(groups: FakeGroups) -> None:
    result = ktools("share-groups", "--delete --group busy --group idle --group gone")
    assert (result.exit_code, groups.changes) == (1, [["idle"]])
    assert "'busy' could not be deleted due to: org.apache.kafka.common.errors.GroupNotEmptyException" in result.stdout
    assert result.stdout.endswith("These share groups were deleted successfully: 'idle'\n")


def test_a_rehearsal_changes_nothing(groups: FakeGroups) -> None:
    result = ktools("share-groups", "--delete --group idle --dry-run")
    assert (result.exit_code, result.stdout) == (0, "Would delete share group idle.\n")
    result = ktools("share-groups", "--delete-offsets --group busy --topic a --topic b --dry-run")
    assert result.stdout == "Would delete the offsets of share group busy in topic a.\n"
    assert groups.changes == []


def test_offsets_are_deleted_by_topic(groups: FakeGroups) -> None:
    result = ktools("share-groups", "--delete-offsets --group idle --topic a --topic b")
    assert (result.exit_code, groups.changes) == (1, [("idle", ["a", "b"])])
    assert result.stdout.splitlines()[2:] == [
        "a               Successful",
        "b               Error: This server does not host this topic-partition.",
    ]
    result = ktools("share-groups", "--delete-offsets --group busy --topic a")
    assert result.stdout.startswith("\nError: The group is not empty.\n\nTOPIC")
