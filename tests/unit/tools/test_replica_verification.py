"""`ktools replica-verification`: what replicas have in common, what they have not, and which of them is wrong."""

from collections.abc import Collection, Mapping
from struct import pack_into

import crc32c
import pytest

from kafka_tools.errors import BrokerError, KafkaToolError, UnreachableError
from kafka_tools.logs.replicas import compare, compare_records
from kafka_tools.main import run
from kafka_tools.model.offsets import EARLIEST, Offset
from kafka_tools.model.replicas import Comparison, Damage, Difference, Fetched
from kafka_tools.model.topics import Partition, TopicDescription, TopicPartition
from kafka_tools.tools.replica_verification import lag_line, views
from kafka_tools.tools.replica_verification.verifying import Verification, Verified, begin
from tests.support.drawing import drawn
from tests.support.fake_topics import FakeTopics
from tests.support.log_files import batch, message

OUT_OF_RANGE, NOT_A_REPLICA = 1, 6
ZERO, ONE = batch([(b"a", b"1")]), batch([(b"b", b"2"), (None, b"3")], 1)
OTHER = batch([(b"b", b"2"), (None, b"4")], 1)
P = TopicPartition("t", 0)


def rotten(whole: bytes) -> bytes:
    """Return a batch in which a bit of the last value is another."""
    return whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:]


def checksum(whole: bytes) -> int:
    return int.from_bytes(whole[17:21])


def logs(*records: bytes, high: int = 3) -> dict[int, Fetched]:
    return {broker: Fetched(high, each) for broker, each in enumerate(records, 1)}


def test_equal_batches_are_verified_as_far_as_all_have_them() -> None:
    whole = ZERO + ONE
    assert compare(logs(whole, whole, whole), 0) == Comparison(3)
    assert compare(logs(whole, ZERO), 0) == Comparison(1)
    assert compare(logs(whole, whole[:-1]), 0) == Comparison(1)  # cut off where the size that was asked for ends
    assert compare(logs(whole, b""), 0) == Comparison(0)
    assert compare(logs(message(b"a", b"1") * 2, message(b"a", b"1")), 0) == Comparison(1)


def test_nothing_is_verified_that_one_replica_does_not_know_to_be_committed() -> None:
    whole = {1: Fetched(3, ZERO + ONE), 2: Fetched(2, ZERO + ONE)}
    assert compare(whole, 0) == Comparison(1)
    assert compare({1: Fetched(3, ZERO + ONE), 2: Fetched(2, ZERO + OTHER)}, 0) == Comparison(1)


def test_another_record_is_found_and_what_follows_is_compared_too() -> None:
    last = batch([(None, b"5")], 3)
    found = compare(logs(ZERO + ONE + last, ZERO + ONE + last, ZERO + OTHER + last, high=9), 0)
    assert found == Comparison(4, (Difference(1, 3, 2, 2, (checksum(ONE), checksum(OTHER))),))
    words = f"replica 1's checksum {checksum(ONE)}; replica 3's checksum {checksum(OTHER)}"
    assert found.findings[0].words == f" has unmatched checksum at offset 2; {words}"


def test_a_bit_that_a_disk_lost_is_found_though_the_checksum_stands_as_it_was() -> None:
    assert compare(logs(ONE, rotten(ONE)), 1) == Comparison(3, (Damage(2, 2),))
    old = message(b"a", b"1")
    assert compare(logs(old[:-1] + b"2", old), 0) == Comparison(1, (Damage(1, 0),))
    # The leader's epoch is no part of what the producer sent, and of no checksum.
    assert compare(logs(ONE, ONE[:12] + b"\0\0\0\7" + ONE[16:]), 1) == Comparison(3)


def test_batches_that_end_elsewhere_are_the_end_of_it() -> None:
    single = batch([(b"b", b"2")], 1)
    found = compare(logs(ZERO + ONE, ZERO + single), 0)
    assert found == Comparison(1, (Difference(1, 2, 2, 1),), True)
    assert found.findings[0].words == ": replica 1's offset 2 doesn't match replica 2's offset 1"


def test_what_is_no_batch_is_named_and_ends_it() -> None:
    broken = ZERO + b"\0" * 30
    assert compare(logs(ZERO + ONE, broken), 0) == Comparison(1, (Damage(2, 1),), True)
    assert compare(logs(broken, broken), 0) == Comparison(1, (Damage(1, 1), Damage(2, 1)), True)
    assert compare_records(logs(ZERO, broken), 0) == Comparison(0, (Damage(2, 0),), True)


def test_of_compacted_topics_the_records_are_compared_that_several_replicas_have() -> None:
    cleaned = batch([(b"b", b"2")], 0, offsets=[1]) + batch([(None, b"3")], 2)
    other = batch([(b"b", b"2")], 0, offsets=[1]) + batch([(None, b"4")], 2)
    whole, times = batch([(b"a", b"1"), (b"b", b"2")]) + batch([(None, b"3")], 2), bytearray(cleaned)
    pack_into(">q", times, 27, int.from_bytes(times[27:35]) + 1)  # the time of the first record
    pack_into(">I", times, 17, crc32c.crc32c(times[21 : 12 + int.from_bytes(times[8:12])]))
    assert compare_records(logs(whole, whole), 0) == Comparison(3)
    assert [each.offset for each in compare_records(logs(cleaned, bytes(times)), 0).findings] == [1]
    assert compare_records(logs(whole, other), 0).findings == (Difference(1, 2, 2, 2),)
    assert compare_records(logs(whole, rotten(whole)), 0).findings == (Damage(2, 0),)
    assert compare_records(logs(whole, b""), 0) == Comparison(0)


class FakeReplicas:
    """A topic of two partitions on the brokers 1, 2 and 3: what is in which log is up to the test."""

    def __init__(self, *records: bytes | KafkaToolError, policy: str = "delete") -> None:
        partitions = (Partition(0, 1, (1, 2, 3), (1, 2, 3)), Partition(1, 2, (2,), (2,)))
        self.topics = FakeTopics(TopicDescription("t", None, partitions, {"cleanup.policy": policy}))
        self.logs = dict(enumerate(records, 1))
        self.begins = {1: 0, 2: 0, 3: 0}
        self.end: Offset | KafkaToolError = Offset(3, None)
        self.asked: list[tuple[list[TopicPartition], int]] = []

    def at(self, time: int, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, Offset | KafkaToolError]:
        nothing = Offset(None, None)
        return {each: (self.end if each == P else Offset(7, None)) if time < 0 else nothing for each in partitions}

    def offsets(
        self, time: int, replicas: Mapping[TopicPartition, Collection[int]]
    ) -> Mapping[TopicPartition, Mapping[int, int]]:
        ends = {broker: 3 for broker, each in self.logs.items() if isinstance(each, bytes)}
        return {each: (self.begins if time == EARLIEST else ends) if each == P else {2: 0} for each in replicas}

    def fetch(
        self,
        replicas: Mapping[TopicPartition, Collection[int]],
        offsets: Mapping[TopicPartition, int],
        _size: int,
        wait_ms: int,
    ) -> Mapping[TopicPartition, Mapping[int, Fetched | KafkaToolError]]:
        self.asked.append((list(replicas), wait_ms))

        def answer(partition: TopicPartition, broker: int) -> Fetched | KafkaToolError:
            log = self.logs[broker] if partition == P else b""
            if isinstance(log, KafkaToolError):
                return log
            if partition == P and offsets[partition] < self.begins[broker]:
                return BrokerError(OUT_OF_RANGE)
            rest = log.removeprefix(ZERO) if offsets[partition] > 0 else log
            return Fetched(3, b"" if offsets[partition] > 2 else rest)

        return {each: {broker: answer(each, broker) for broker in brokers} for each, brokers in replicas.items()}


def ordered(partitions: list[Verified]) -> list[Verified]:
    return sorted(partitions, key=lambda each: each.name)


def passed(fake: FakeReplicas, rounds: int = 1) -> tuple[int, list[views.PartitionRow], str]:
    """Compare once what there is; return the status that follows, the rows, and the table."""
    partitions = begin(fake, "t", None, ends=True)
    verification = Verification(fake, partitions, 1 << 20)
    for _ in range(rounds):
        list(verification.round(0))
    rows = views.rows(fake, partitions)
    return (
        int(any(row.verdict not in views.SOUND for row in rows)),
        rows,
        "\n".join(drawn(views.table(rows, partitions), 80)),
    )


def test_equal_replicas_are_told_in_a_word() -> None:
    fake = FakeReplicas(ZERO + ONE, ZERO + ONE, ZERO + ONE)
    status, [first, alone], shown = passed(fake)
    assert status == 0
    assert first == ("t", 0, 1, (1, 2, 3), (3, 3, 3), 0, 3, 0, 0, (), "equal")
    assert (alone.verdict, alone.lag) == ("one replica", 0)
    assert "no difference" in shown
    assert fake.asked == [([P], 0)]  # the single replica is not read: there is nothing to compare it with


@pytest.mark.parametrize(
    ("records", "verdict", "suspects"),
    [
        ((ZERO + ONE, ZERO + ONE, ZERO + OTHER), "different", (3,)),
        ((ZERO + OTHER, ZERO + ONE, ZERO + ONE), "different", (1,)),
        ((ZERO + ONE, ZERO + rotten(ONE), ZERO + ONE), "damaged", (2,)),
        ((ZERO + rotten(OTHER), ZERO + ONE, ZERO + ONE), "damaged", (1,)),
        ((ZERO + ONE, ZERO, ZERO + ONE), "behind", ()),
        ((ZERO + ONE, UnreachableError("broker 2 is not there."), ZERO + ONE), "not read", ()),
        ((ZERO + ONE, BrokerError(NOT_A_REPLICA), ZERO + OTHER), "different", (1, 3)),
    ],
)
def test_the_replica_that_is_wrong_is_named(
    records: tuple[bytes | KafkaToolError, ...], verdict: str, suspects: tuple[int, ...]
) -> None:
    status, [first, _], shown = passed(FakeReplicas(*records), 2)
    assert (status, first.verdict, first.suspects) == (1, verdict, suspects)
    assert f"1 {verdict}" in shown
    assert not suspects or f"{verdict}: broker {' or '.join(map(str, suspects))}" in shown


def test_who_was_not_read_is_told_with_the_reason() -> None:
    fake = FakeReplicas(ZERO + ONE, UnreachableError("broker 2 is not there."), ZERO + ONE)
    partitions = begin(fake, "t", None, ends=True)
    list(Verification(fake, partitions, 1).round(0))
    reason = "1 replica of broker 2 was not read: broker 2 is not there."
    assert list(views.notes(partitions)) == [reason]
    rows = views.rows(fake, partitions)
    assert reason in "\n".join(drawn(views.table(rows, partitions, with_reasons=True), 80))
    assert reason not in "\n".join(drawn(views.table(rows, partitions), 80))


def test_without_a_leader_there_is_no_end_to_compare_up_to() -> None:
    fake = FakeReplicas(ZERO + ONE, ZERO + ONE, ZERO + ONE)
    fake.end = KafkaToolError("There is no leader.")
    assert passed(fake)[0] == 1
    with pytest.raises(KafkaToolError, match="Where to begin in t-0 is not known: There is no leader"):
        begin(fake, "t", -1, ends=False)


def test_records_that_are_deleted_meanwhile_are_skipped() -> None:
    fake = FakeReplicas(ZERO + ONE, ZERO + ONE, ZERO + ONE)
    partitions = ordered(begin(fake, "t", None, ends=True))
    fake.begins = {1: 0, 2: 1, 3: 0}
    verification, offsets = Verification(fake, partitions, 1), fake.offsets
    fake.offsets = lambda _, replicas: {each: {} for each in replicas}  # type: ignore[method-assign]
    assert list(verification.round(0)) == []
    assert partitions[0].offset == 0  # nobody tells where the logs begin now: the next round asks again
    fake.offsets = offsets  # type: ignore[method-assign]
    assert list(verification.round(0)) == []
    assert partitions[0].offset == 1
    assert list(verification.round(0)) == []
    assert (partitions[0].offset, views.verdict(partitions[0])) == (3, "equal")


def test_a_time_after_all_records_is_the_end() -> None:
    fake = FakeReplicas(ZERO + ONE, ZERO + ONE, ZERO + ONE)
    assert {each.name.partition: each.offset for each in begin(fake, ".*", 1 << 50, ends=False)} == {0: 3, 1: 7}


def test_without_an_end_a_replica_that_is_away_holds_up_its_partition_and_is_told_once() -> None:
    fake = FakeReplicas(ZERO + ONE, BrokerError(NOT_A_REPLICA), ZERO + OTHER)
    partitions = ordered(begin(fake, "t", None, ends=False))
    verification = Verification(fake, partitions, 1)
    found = [(each.name, finding) for each, finding in verification.round(500)]
    assert found == []  # what follows a missing replica is compared when it is back
    assert (partitions[0].offset, list(partitions[0].failures)) == (0, [2])
    assert lag_line(verification).endswith(": max lag is 3 for partition t-0 at offset 0 among 2 partitions")
    fake.logs[2] = ZERO + ONE
    assert len(list(verification.round(500))) == 1
    assert (partitions[0].offset, partitions[0].failures, verification.progressed) == (3, {}, True)
    assert list(verification.round(500)) == []
    assert not verification.progressed


def test_records_of_compacted_topics_are_compared_where_batches_are_not_the_same() -> None:
    status, [first, _], _ = passed(FakeReplicas(ZERO + ONE, ONE, ZERO + ONE, policy="compact,delete"))
    assert (status, first.verdict, first.verified) == (0, "equal", 3)


@pytest.mark.parametrize(
    ("argv", "first_line"),
    [
        (("--fetch-size", "0"), "--fetch-size: '0' is below 1"),
        (("--output", "json"), "--output json needs --once: without it there is no end, and so no whole document"),
        (("--topics-include", "["), "[ is an invalid regex"),
        (("--topic", "t"), "topic is not a recognized option"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], first_line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replica-verification", "--broker-list", "127.0.0.1:1", *argv]) == 1
    assert capsys.readouterr().err.splitlines()[0] == first_line
