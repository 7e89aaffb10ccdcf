"""`ktools leader-election`: what is sent, what is told, and what an unclean election would lose."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafka_tools.main import run
from kafka_tools.model.codec import Field
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.wire.offset_messages import LIST_OFFSETS
from kafka_tools.wire.schema import Message
from tests.support.one_broker import OneBroker, a_partition, a_topic
from tests.support.servers import serving

ELECT_LEADERS = Message(
    43,
    "ElectLeaders",
    first=0,
    last=2,
    flexible=2,
    request=(
        Field("election_type", "int8", since=1),
        Field(
            "topic_partitions",
            "[]struct",
            (Field("topic", "string"), Field("partitions", "[]int32")),
            nullable=0,
        ),
        Field("timeout_ms", "int32"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16", since=1),
        Field(
            "replica_election_results",
            "[]struct",
            (
                Field("topic", "string"),
                Field(
                    "partition_result",
                    "[]struct",
                    (
                        Field("partition_id", "int32"),
                        Field("error_code", "int16"),
                        Field("error_message", "string", nullable=0),
                    ),
                ),
            ),
        ),
    ),
)
"""What confluent-kafka sends (KIP-183, KIP-460); only the broker of these tests reads it."""

NOT_ALLOWED, NOT_AVAILABLE, NOT_NEEDED = 31, 80, 84
DEFAULT = "There is no in-sync replica: nobody was elected."


class Electing(OneBroker):
    """Broker 1 with these partitions of topic t; `codes` are the results of an election, by partition."""

    def __init__(self, *partitions: dict[str, Any]) -> None:
        self.codes: dict[int, int] = {}
        self.refusal = 0
        self.keeps_leaders = False
        self.ends: dict[int, int] = {}
        more = {ELECT_LEADERS: self._elect, LIST_OFFSETS: self._ends_of}
        super().__init__(a_topic("t", *partitions), more=more)

    def elections(self) -> list[dict[str, Any]]:
        return [values for name, values in self.asked if name == "ElectLeaders"]

    def _elect(self, _: dict[str, Any]) -> dict[str, Any]:
        for partition in self.topics[0]["partitions"]:
            if self.codes.get(partition["partition_index"]) == 0 and not self.keeps_leaders:
                partition["leader_id"] = 1
        results = [
            {"partition_id": number, "error_code": code, "error_message": DEFAULT if code == NOT_AVAILABLE else None}
            for number, code in self.codes.items()
        ]
        found = [{"topic": "t", "partition_result": results}] if results else []
        return {"error_code": self.refusal, "replica_election_results": found}

    def _ends_of(self, values: dict[str, Any]) -> dict[str, Any]:
        assert values["replica_id"] == -2  # each replica, not only the leader
        [topic] = values["topics"]
        found = [
            {"partition_index": each["partition_index"], "error_code": 0, "offset": self.ends[each["partition_index"]]}
            for each in topic["partitions"]
        ]
        return {"topics": [{"name": topic["name"], "partitions": found}]}


@pytest.fixture
def broker() -> Iterator[Electing]:
    """Partition 0 is led by 2, its preferred replica is 1; 1 is led as it should; 2 and 3 are led by nobody."""
    serves = Electing(
        a_partition(0, leader=2),
        a_partition(1),
        a_partition(2, leader=-1, isr_nodes=(2,)),
        a_partition(3, leader=-1, isr_nodes=(2,), replica_nodes=(2,)),
    )
    with serving(serves) as port:
        serves.port = port
        yield serves


def elect(broker: OneBroker, *argv: str) -> int:
    return run(["leader-election", "--bootstrap-server", f"127.0.0.1:{broker.port}", *argv])


def test_apaches_lines_and_the_leaders_before_and_after(broker: Electing, capsys: pytest.CaptureFixture[str]) -> None:
    broker.codes = {0: 0, 1: NOT_NEEDED, 2: NOT_AVAILABLE}
    assert elect(broker, "--election-type", "preferred", "--all-topic-partitions") == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "Successfully completed leader election (PREFERRED) for partitions t-0",
        "Valid replica already elected for partitions t-1",
        "Error completing leader election (PREFERRED) for partition: t-2: "
        f"org.apache.kafka.common.errors.PreferredLeaderNotAvailableException: {DEFAULT}",
    ]
    assert told.err == "1 replica(s) could not be elected\n"
    [asked] = broker.elections()
    assert (asked["election_type"], asked["topic_partitions"]) == (0, None)


def test_each_outcome_has_the_order_of_a_table_of_its_own(broker: Electing, capsys: pytest.CaptureFixture[str]) -> None:
    broker.codes = {number: NOT_NEEDED if number < 12 else NOT_AVAILABLE for number in range(20)}
    assert elect(broker, "--election-type", "preferred", "--all-topic-partitions") == 1
    kept, *failed = capsys.readouterr().out.splitlines()
    # Measured with 3.9.1.
    assert kept.rpartition("partitions ")[2] == ", ".join(
        f"t-{each}" for each in (*range(5, -1, -1), *range(11, 5, -1))
    )
    assert [line.split(": ")[1] for line in failed] == [f"t-{each}" for each in range(19, 11, -1)]


def test_programs_get_a_row_for_each_partition(broker: Electing, capsys: pytest.CaptureFixture[str]) -> None:
    broker.codes = {0: 0, 1: NOT_NEEDED, 2: NOT_AVAILABLE}
    argv = ("--election-type", "preferred", "--all-topic-partitions", "--output", "json")
    assert elect(broker, *argv) == 1
    first, second, third = json.loads(capsys.readouterr().out)
    assert first == {
        "topic": "t",
        "partition": 0,
        "leader_before": 2,
        "leader": 1,
        "result": "elected",
        "error": None,
    }
    assert (second["leader_before"], second["leader"], second["result"]) == (1, 1, "not-needed")
    assert (third["result"], third["error"]) == ("failed", "its preferred replica 1 is not in sync")


def test_what_was_elected_and_does_not_lead_is_told(
    broker: Electing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka_tools.brokers.elections.LEADING_SECONDS", 0.1)
    broker.codes, broker.keeps_leaders = {2: 0}, True
    assert elect(broker, "--election-type", "preferred", "--topic", "t", "--partition", "2") == 1
    assert capsys.readouterr().err == "t-2: it was elected, but nobody leads it now.\n"


def test_who_may_not_elect_is_told_as_apache_does(broker: Electing, capsys: pytest.CaptureFixture[str]) -> None:
    broker.refusal = NOT_ALLOWED
    assert elect(broker, "--election-type", "preferred", "--all-topic-partitions") == 1
    told = capsys.readouterr()
    assert told.out == "Not authorized to perform leader election\n"
    assert told.err == "Not authorized to perform leader election\nIt needs ALTER on the cluster.\n"


def test_a_dry_run_asks_for_no_election(broker: Electing, capsys: pytest.CaptureFixture[str]) -> None:
    assert elect(broker, "--election-type", "preferred", "--all-topic-partitions", "--dry-run") == 1
    assert capsys.readouterr().out.splitlines() == [
        "Broker 1 would lead t-0 instead of 2.",
        "Nobody would be elected for t-2: its preferred replica 1 is not in sync.",
        "Broker 2 would lead t-3.",
    ]
    assert broker.elections() == []


def test_a_dry_run_of_an_unclean_election_tells_what_is_lost(
    broker: Electing, capsys: pytest.CaptureFixture[str]
) -> None:
    broker.topics[0]["partitions"] = (a_partition(2, leader=-1, isr_nodes=(3,), replica_nodes=(3, 1)),)
    broker.ends = {2: 40}
    assert elect(broker, "--election-type", "unclean", "--topic", "t", "--partition", "2", "--dry-run") == 0
    line = "It is not in sync, its log ends at offset 40: what only broker 3 had is lost."
    assert capsys.readouterr().out == f"Broker 1 would lead t-2. {line}\n"


def test_a_partition_that_is_not_there(broker: Electing, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ("--election-type", "preferred", "--topic", "t", "--partition", "9")
    assert elect(broker, *argv, "--dry-run") == 1
    assert capsys.readouterr().err == "There is no partition t-9.\n"


def test_a_read_only_context_elects_nobody(
    broker: Electing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", f"127.0.0.1:{broker.port}", read_only=True))
    argv = ("--election-type", "preferred", "--all-topic-partitions")
    assert elect(broker, *argv, "--yes") == 1
    assert capsys.readouterr().err == "context prod is read-only: nothing was changed\n"
    assert broker.elections() == []
    assert elect(broker, *argv, "--dry-run") == 1
