"""`ktools transactions`: which transactions hang, and what ends one."""

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kafka_tools.errors import BrokerError, KafkaToolError, UnreachableError
from kafka_tools.main import run
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.transactions import AbortMarker, ProducerState, TransactionDescription, TransactionListing
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import transactions

NOT_FOUND, FENCED = 105, 47
HOUR_AGO = int(time.time() * 1000) - 3_600_000
ZERO, ONE = TopicPartition("t", 0), TopicPartition("t", 1)


def a_producer(number: int, start: int | None, at: int = HOUR_AGO, coordinator_epoch: int = 3) -> ProducerState:
    return ProducerState(number, 2, coordinator_epoch, 9, at, start)


class FakeTransactions:
    """A cluster with two partitions: what hangs there is up to the test; it writes down what it is asked to change."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.looked_at: list[object] = []
        self.states: dict[TopicPartition, tuple[ProducerState, ...] | KafkaToolError] = {ZERO: (), ONE: ()}
        self.ids: dict[int, tuple[TransactionListing, ...] | KafkaToolError] = {1: (), 2: ()}
        self.descriptions: dict[str, TransactionDescription] = {}
        self.failure: KafkaToolError | None = None

    def listings(
        self, duration_ms: int | None = None, pattern: str | None = None, producers: Collection[int] = ()
    ) -> dict[int, tuple[TransactionListing, ...] | KafkaToolError]:
        self.asked.append((duration_ms, pattern, tuple(producers)))
        return self.ids

    def describe(self, transactional_id: str) -> TransactionDescription:
        if transactional_id not in self.descriptions:
            raise BrokerError(NOT_FOUND)
        return self.descriptions[transactional_id]

    def producers(
        self, partitions: Collection[TopicPartition], broker: int | None = None
    ) -> dict[TopicPartition, tuple[ProducerState, ...] | KafkaToolError]:
        self.looked_at.append((*partitions, broker))
        return {each: self.states[each] for each in partitions}

    def partitions(self, topic: str | None, broker: int | None) -> list[TopicPartition]:
        self.looked_at.append((topic, broker))
        return [ZERO, ONE]

    def abort(self, marker: AbortMarker) -> None:
        self._change(marker)

    def force_terminate(self, transactional_id: str) -> None:
        self._change(transactional_id)

    def _change(self, what: object) -> None:
        self.asked.append(what)
        if self.failure:
            raise self.failure


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> FakeTransactions:
    fake = FakeTransactions()

    @contextmanager
    def opened(_: Brokers) -> Iterator[FakeTransactions]:
        yield fake

    monkeypatch.setattr(transactions, "open_transactions", opened)
    return fake


def ktools(argv: str) -> int:
    return run(["transactions", "--bootstrap-server", "b:9092", *argv.split()])


def hanging(capsys: pytest.CaptureFixture[str], argv: str = "--topic t") -> list[tuple[int, int]]:
    assert ktools(f"find-hanging {argv} --output json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(60 <= row["duration_min"] < 120 for row in rows)
    return [(row["partition"], row["producer_id"]) for row in rows]


def a_description(name: str, producer: int, *partitions: TopicPartition) -> TransactionDescription:
    return TransactionDescription(name, 1, producer, 2, "Ongoing", 60_000, HOUR_AGO, partitions)


def test_what_no_coordinator_knows_of_hangs(cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.states = {
        ZERO: (a_producer(7, 10), a_producer(8, None), a_producer(9, 30)),
        ONE: (a_producer(7, 11), a_producer(6, 5), a_producer(5, 1, int(time.time() * 1000))),
    }
    # 7's coordinator knows of partition 1 alone, 9's id has gone, and of 6 nobody has heard. 5 is younger than 15 min.
    cluster.ids[2] = (TransactionListing("seven", 2, 7, "Ongoing"), TransactionListing("nine", 2, 9, "Ongoing"))
    cluster.descriptions["seven"] = a_description("seven", 7, ONE)
    assert hanging(capsys) == [(0, 7), (0, 9), (1, 6)]
    assert cluster.asked == [(None, None, (7, 9, 6))]
    assert hanging(capsys, "--topic t --partition 1") == [(1, 6)]
    assert hanging(capsys, "--topic t --max-transaction-timeout 600") == []


def test_nothing_is_called_hanging_where_a_coordinator_is_silent(
    cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.states[ZERO] = (a_producer(7, 10),)
    cluster.ids[1] = UnreachableError("Broker 1 gave no answer.")
    assert ktools("find-hanging --topic t") == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "Failed to list transactions for 1 producers on broker 1: Broker 1 gave no answer.\n")


def test_a_partition_that_cannot_be_asked_is_an_error(
    cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.states[ONE] = UnreachableError("Gone.")
    assert ktools("find-hanging --broker-id 4") == 1
    assert capsys.readouterr().err == "Failed to describe producers of t-1 on broker 4: Gone.\n"
    assert cluster.looked_at == [(None, 4), (ZERO, ONE, 4)]


def test_a_transaction_is_aborted_by_the_offset_where_it_begins(
    cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.states[ZERO] = (a_producer(6, 5), a_producer(7, 10, coordinator_epoch=-1))
    assert ktools("abort --topic t --partition 0 --start-offset 10") == 0
    assert capsys.readouterr() == ("", "")
    assert cluster.asked == [AbortMarker(ZERO, 7, 2, 0)]


def test_a_transaction_is_aborted_by_its_producer(
    cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = "abort --topic t --partition 1 --producer-id 7 --producer-epoch 3 --coordinator-epoch 4"
    cluster.failure = BrokerError(FENCED)
    assert ktools(argv) == 1
    assert cluster.asked == [AbortMarker(ONE, 7, 3, 4)]
    assert capsys.readouterr().err == (
        "Failed to abort transaction AbortTransactionSpec(topicPartition=t-1, producerId=7, producerEpoch=3, "
        "coordinatorEpoch=4): Producer attempted to produce with an old epoch.\n"
    )


def test_force_terminate_makes_no_id_known(cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("forceTerminateTransaction --transactionalId nobody") == 1
    assert capsys.readouterr().err.startswith("Failed to force terminate transactionalId `nobody`: ")
    cluster.descriptions["me"] = a_description("me", 7)
    assert ktools("force --transactionalId me") == 0
    assert cluster.asked == ["me"]


def test_one_silent_broker_hides_no_other_s_transactions(
    cluster: FakeTransactions, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.ids = {1: UnreachableError("No answer."), 2: (TransactionListing("me", 2, 7, "Ongoing"),)}
    assert ktools("list --duration-filter 5 --transactional-id-pattern m.*") == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == "me             \t2          \t7         \tOngoing         \t"
    assert err == "Broker 1: No answer.\n"
    assert cluster.asked == [(5, "m.*", ())]


def test_a_read_only_context_guards_transactions(
    cluster: FakeTransactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "b:9092", read_only=True))
    cluster.descriptions["me"] = a_description("me", 7)
    for argv in ("abort --topic t --partition 0 --start-offset 1 --yes", "forceTerminate --transactionalId me --yes"):
        assert ktools(argv) == 1
        assert "context prod is read-only" in capsys.readouterr().err
    assert cluster.asked == []
    assert ktools("describe --transactional-id me") == 0
