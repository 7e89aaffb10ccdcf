"""`ktools metadata-quorum`: Apache's lines, what a person sees, and changes of who votes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafka_tools.main import run
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.wire.messages import DESCRIBE_QUORUM
from kafka_tools.wire.quorum_messages import ADD_RAFT_VOTER, REMOVE_RAFT_VOTER
from tests.support.one_broker import OneBroker
from tests.support.servers import serving

DIRECTORY = "zPpZoZREQmmzkxcqMhvHWQ"
DIRECTORY_BYTES = bytes.fromhex("ccfa59a194444269b393172a321bc759")
REFUSED = 35


def a_replica(replica: int, end: int, fetched: int, caught_up: int, directory: bytes = bytes(16)) -> dict[str, Any]:
    return {
        "replica_id": replica,
        "replica_directory_id": directory,
        "log_end_offset": end,
        "last_fetch_timestamp": fetched,
        "last_caught_up_timestamp": caught_up,
    }


class Controllers(OneBroker):
    """Controller 2 leads, 1 lags by ten records and 3 s, 3 is silent; 4 is an observer of which no time is known."""

    def __init__(self) -> None:
        self.leader = 2
        more = {
            DESCRIBE_QUORUM: self._described,
            ADD_RAFT_VOTER: lambda _: {"error_code": 0, "error_message": None},
            REMOVE_RAFT_VOTER: lambda _: {"error_code": 0, "error_message": None},
        }
        super().__init__(more=more)

    def _described(self, _: dict[str, Any]) -> dict[str, Any]:
        voters = (
            a_replica(1, 90, 99_000, 97_000),
            a_replica(2, 100, 100_000, 100_000, DIRECTORY_BYTES),
            a_replica(3, 90, 60_000, 55_000),
        )
        partition = {
            "error_code": 0,
            "error_message": None,
            "leader_id": self.leader,
            "leader_epoch": 7,
            "high_watermark": 95,
            "current_voters": voters,
            "observers": (a_replica(4, 100, -1, -1),),
        }
        nodes = [{"node_id": 2, "listeners": [{"name": "C", "host": "::1", "port": 9093}]}]
        topics = [{"topic_name": "__cluster_metadata", "partitions": [partition]}]
        return {"error_code": 0, "error_message": None, "topics": topics, "nodes": nodes}


@pytest.fixture
def controllers() -> Iterator[Controllers]:
    serves = Controllers()
    with serving(serves) as port:
        serves.port = port
        yield serves


def quorum(broker: OneBroker, *argv: str) -> int:
    return run(["metadata-quorum", "--bootstrap-server", f"127.0.0.1:{broker.port}", *argv])


def test_each_replica_in_a_line(controllers: Controllers, capsys: pytest.CaptureFixture[str]) -> None:
    assert quorum(controllers, "describe", "--replication") == 0
    none = "A" * 22
    assert capsys.readouterr().out == (
        "NodeId\tDirectoryId           \tLogEndOffset\tLag\tLastFetchTimestamp\tLastCaughtUpTimestamp\tStatus  \t\n"
        f"2     \t{DIRECTORY}\t100         \t0  \t100000            \t100000               \tLeader  \t\n"
        f"1     \t{none}\t90          \t10 \t99000             \t97000                \tFollower\t\n"
        f"3     \t{none}\t90          \t10 \t60000             \t55000                \tFollower\t\n"
        f"4     \t{none}\t100         \t0  \t-1                \t-1                   \tObserver\t\n"
    )


def test_json_has_null_where_nothing_is_known(controllers: Controllers, capsys: pytest.CaptureFixture[str]) -> None:
    assert quorum(controllers, "describe", "--replication", "--output", "json") == 0
    last = json.loads(capsys.readouterr().out)[-1]
    assert (last["directory_id"], last["last_fetch_timestamp"], last["status"]) == (None, None, "Observer")


def test_a_person_sees_the_lag_in_records_and_seconds(
    controllers: Controllers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quorum(controllers, "describe", "--replication", "--output", "table") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "Quorum leader 2 · epoch 7 · high watermark 95"
    assert lines[1] == "3 voters: 0 more may fail"
    assert "2 leader - - 0.0 s ago 100 C://[::1]:9093 zPpZoZREQmmzkxcqMhvHWQ" in lines
    assert "1 voter 10 3.0 s 1.0 s ago 90 - -" in lines
    assert "3 voter 10 45.0 s 40 s ago 90 - -" in lines
    assert "4 observer 0 - - 100 - -" in lines
    assert lines[-1] == "3: no fetch for more than 6 s. Is it up?"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("describe --status --replication", "Only one of --status or --replication should be specified with describe"),
        ("describe --human-readable", "One of --status or --replication must be specified with describe sub-command"),
        (
            "describe --status --human-readable",
            "The option --human-readable is only supported along with --replication",
        ),
        ("remove-controller -i -9 -d AAAA", "Invalid negative --controller-id: -9"),
        (
            "remove-controller -i 9 -d AAAA",
            "Failed to parse --controller-directory-id: Input string `AAAA` decoded as 3",
        ),
    ],
)
def test_what_makes_no_sense(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["metadata-quorum", "--bootstrap-server", "127.0.0.1:1", *argv.split()]) == 1
    out, err = capsys.readouterr()
    assert (out, err[: len(words)]) == ("", words)


def test_without_a_leader_nothing_is_known(controllers: Controllers, capsys: pytest.CaptureFixture[str]) -> None:
    controllers.leader = -1
    assert quorum(controllers, "describe", "--replication") == 1
    assert capsys.readouterr() == ("", "The controllers have no leader now.\nAre a majority of them up?\n")


def test_a_voter_is_removed_though_it_cannot_be_forgotten(
    controllers: Controllers, capsys: pytest.CaptureFixture[str]
) -> None:
    assert quorum(controllers, "remove-controller", "-i", "3", "-d", DIRECTORY, "--unregister") == 1
    out, err = capsys.readouterr()
    assert out == f"Removed KRaft controller 3 with directory id {DIRECTORY}\n"
    assert "does not support UnregisterController requests" in err
    asked = dict(controllers.asked)["RemoveRaftVoter"]
    assert asked == {"cluster_id": None, "voter_id": 3, "voter_directory_id": DIRECTORY_BYTES}


def test_a_controller_is_added_as_its_file_says(
    controllers: Controllers, controller_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("--command-config", str(controller_file), "add-controller")
    said = f"controller 9 with directory id {DIRECTORY} and endpoints: CONTROLLER://c9:9093"
    assert quorum(controllers, *argv, "--dry-run") == 0
    assert capsys.readouterr() == (f"DRY RUN of adding {said}\n", "")
    assert "AddRaftVoter" not in controllers.requests()
    assert quorum(controllers, *argv) == 0
    assert capsys.readouterr() == (f"Added {said}\n", "")
    asked = dict(controllers.asked)["AddRaftVoter"]
    assert (asked["voter_id"], asked["voter_directory_id"]) == (9, DIRECTORY_BYTES)
    assert asked["listeners"] == [{"name": "CONTROLLER", "host": "c9", "port": 9093}]


def test_a_read_only_context_guards_who_votes(
    controllers: Controllers,
    controller_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", f"127.0.0.1:{controllers.port}", read_only=True))
    changes = (
        ("remove-controller", "-i", "3", "-d", DIRECTORY, "--yes"),
        ("--command-config", str(controller_file), "add-controller", "--yes"),
    )
    for argv in changes:
        assert quorum(controllers, *argv) == 1
        assert "context prod is read-only" in capsys.readouterr().err
        assert quorum(controllers, *argv, "--dry-run") == 0
    assert not {"RemoveRaftVoter", "AddRaftVoter"} & set(controllers.requests())


@pytest.fixture
def controller_file(tmp_path: Path) -> Path:
    """The file of controller 9, whose directory is formatted."""
    directory = tmp_path / "metadata"
    directory.mkdir()
    (directory / "meta.properties").write_text(f"version=1\nnode.id=9\ndirectory.id={DIRECTORY}\n")
    file = tmp_path / "controller.properties"
    file.write_text(
        f"node.id=9\nprocess.roles=controller\nlog.dirs={directory},/elsewhere\nlisteners=CONTROLLER://:9093\n"
        "advertised.listeners=CONTROLLER://c9:9093\ncontroller.listener.names=CONTROLLER\n"
    )
    return file


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("node.id=", "node.id not found in configuration file. Is this"),
        ("node.id=-1", "node.id was negative in configuration file. Is this"),
        ("node.id=nine", 'node.id: For input string: "nine"'),
        ("process.roles=broker", "process.roles did not contain 'controller' in configuration file. Is this"),
        ("log.dirs=", "Neither metadata.log.dir nor log.dirs were found. Is this"),
        ("log.dirs=/nowhere", "Unable to read meta.properties from /nowhere"),
        ("controller.listener.names=C", "Cannot find information about controller listener name: C"),
        ("listeners=CONTROLLER", "Unable to parse a listener: CONTROLLER"),
        ("listeners=CONTROLLER://h:99999", "Unable to parse a listener: CONTROLLER://h:99999"),
    ],
)
def test_a_file_that_is_no_controller_s(
    changed: str, words: str, controller_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with controller_file.open("a") as file:
        file.write(f"{changed}\n")
    argv = ("--bootstrap-server", "127.0.0.1:1", "--command-config", str(controller_file), "add-controller")
    assert run(["metadata-quorum", *argv]) == 1
    assert capsys.readouterr().err.startswith(words)
