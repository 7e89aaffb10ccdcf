"""The consumer's loop on a queue of records, without a cluster."""

import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from kafka_tools.console.cluster import Cluster
from kafka_tools.console.consumer import Loop, _format, _last_words
from kafka_tools.console.deserializers import Deserializer
from kafka_tools.console.direct import DirectReader
from kafka_tools.console.discovery import Discovery
from kafka_tools.console.format import RecordFormat
from kafka_tools.console.group import GroupMember, leave
from kafka_tools.console.output import Output
from kafka_tools.console.positions import Ends, Place
from kafka_tools.console.request import ConsumeRequest
from kafka_tools.console.stopping import Stop
from kafka_tools.errors import KafkaToolError
from tests.support.records import record

REQUEST = ConsumeRequest("127.0.0.1:9092", "t", timeout_ms=0)


class Queue:
    """A consumer whose records are all here already."""

    def __init__(self, records: Sequence[Message]) -> None:
        self.records = deque(records)
        self.stored: list[tuple[int, int]] = []
        self.closed = False
        self.paused: list[Any] = []

    def poll(self, _timeout: float) -> Message | None:
        return self.records.popleft() if self.records else None

    def consume(self, count: int, _timeout: float) -> list[Message]:
        return [self.records.popleft() for _ in range(min(count, len(self.records)))]

    def store_offsets(self, message: Message | None = None, offsets: Sequence[TopicPartition] = ()) -> None:
        self.stored_offsets = {(each.topic, each.partition): each.offset for each in offsets}
        if message is None:
            return
        if message.partition() == 9:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.stored.append((message.partition() or 0, message.offset() or 0))

    def assignment(self) -> list[str]:
        return ["all"]

    def pause(self, partitions: list[Any]) -> None:
        self.paused = partitions

    def resume(self, _partitions: list[Any]) -> None:
        self.paused = []

    def commit(self, asynchronous: bool) -> list[TopicPartition]:
        raise KafkaException(KafkaError(KafkaError._NO_OFFSET if asynchronous else KafkaError._TRANSPORT))

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned = {(each.topic, each.partition): each.offset for each in partitions}

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.added = {(each.topic, each.partition): each.offset for each in partitions}

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        self.removed = [(each.topic, each.partition) for each in partitions]

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout
        return [TopicPartition(each.topic, each.partition, 10) for each in partitions]

    def position(self, _partitions: list[TopicPartition]) -> list[TopicPartition]:
        return [TopicPartition("t", 0, 5), TopicPartition("t", 1, -1001)]

    def get_watermark_offsets(self, _partition: TopicPartition, _timeout: float) -> tuple[int, int]:
        return 10, 20

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pipe() -> Iterator[tuple[int, Output]]:
    reading, writing = os.pipe()
    with Output(writing) as output:
        yield reading, output
    os.close(writing)
    os.close(reading)


def numbered(count: int, value: bytes = b"x") -> list[Message]:
    return [record(value, partition=number % 2, offset=number) for number in range(count)]


def loop(request: ConsumeRequest, queue: Queue, output: Output) -> Loop:
    return Loop(request, queue, Cluster(request.bootstrap_servers), output, Stop(), _format(request))


def test_what_is_here_is_written(pipe: tuple[int, Output]) -> None:
    running = loop(REQUEST, Queue([record(b"a"), record(None), record(b"c")]), pipe[1])
    running.run()
    assert os.read(pipe[0], 100) == b"a\nnull\nc\n"
    assert running.processed == 3


@pytest.mark.parametrize("count", [0, 1, 4999, 5001])
def test_not_one_more_than_asked_for_is_taken(pipe: tuple[int, Output], count: int) -> None:
    queue = Queue(numbered(6000))
    running = loop(REQUEST._replace(max_messages=count), queue, pipe[1])
    running.run()
    assert running.processed == count
    assert len(queue.records) == 6000 - count


def test_offsets_of_what_was_written_are_stored_by_partition(pipe: tuple[int, Output]) -> None:
    queue = Queue([*numbered(10), record(b"y", partition=9, offset=3)])
    loop(REQUEST._replace(group="g"), queue, pipe[1]).run()
    assert sorted(queue.stored) == [(0, 8), (1, 9)]


def test_without_a_group_nothing_is_stored(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(3))
    loop(REQUEST, queue, pipe[1]).run()
    assert queue.stored == []


def test_a_stop_in_a_blocked_write_stores_whole_records_only(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(1000, b"x" * 999))
    running = loop(REQUEST._replace(group="g"), queue, pipe[1])
    pipe[1].release()
    running.stop.signal = 15
    running._write(running._take(2000, 0))
    os.set_blocking(pipe[0], False)
    content = os.read(pipe[0], 1 << 20)
    assert running.processed == content.count(b"\n") > 0
    assert max(offset for _, offset in queue.stored) == running.processed - 1


def test_an_error_that_waiting_does_not_cure_ends_it(pipe: tuple[int, Output]) -> None:
    error = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "Broker: Topic authorization failed")
    with pytest.raises(KafkaToolError, match="cannot go on reading topic 't': Topic authorization failed"):
        loop(REQUEST, Queue([Message(error=error)]), pipe[1]).run()


def test_who_is_in_no_group_needs_no_right_to_one(pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]) -> None:
    refused = Message(error=KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED, "Group authorization failed"))
    loop(REQUEST, Queue([refused, record(b"a")]), pipe[1]).run()
    assert (os.read(pipe[0], 100), capsys.readouterr().err) == (b"a\n", "")
    with pytest.raises(KafkaToolError, match="Group authorization failed"):
        loop(REQUEST._replace(group="g"), Queue([refused]), pipe[1]).run()


def test_a_stop_within_a_heading_counts_nothing(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(3))
    headings = [b"Value\n" * 100_000]

    def heading_once(batch: Sequence[Message]) -> bytes:
        return (headings.pop() if headings else b"") + b"x\n" * len(batch)

    running = Loop(REQUEST._replace(group="g"), queue, Cluster("127.0.0.1:9092"), pipe[1], Stop(), heading_once)
    pipe[1].release()
    assert running._write(running._take(3, 0)) == 0
    assert (running.processed, queue.stored) == (0, [])


def test_other_errors_are_told_once_and_never_written(
    pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]
) -> None:
    missing = Message(error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "Broker: Unknown topic or partition"))
    silent = Message(error=KafkaError(KafkaError._TRANSPORT, "Local: Broker transport failure"))
    loop(REQUEST, Queue([record(b"a"), missing, silent, missing, record(b"b")]), pipe[1]).run()
    assert os.read(pipe[0], 100) == b"a\nb\n"
    assert capsys.readouterr().err == "ktools: Unknown topic or partition. Waiting.\n"


def test_a_blocked_write_serves_the_group_without_losing_what_it_took(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(3))
    member = GroupMember(queue, -2, pipe[1])
    member._serve(0, None)
    assert (queue.paused, member.taken) == ([], [])
    pipe[1].is_writing = True
    member._serve(0, None)
    assert queue.paused == ["all"]
    assert [message.offset() for message in member.taken] == [0]
    member.store([record(b"x")])
    assert queue.paused == []


def test_what_was_taken_of_lost_partitions_is_left_to_others(pipe: tuple[int, Output]) -> None:
    member = GroupMember(Queue([]), -2, pipe[1])
    taken = member.taken
    taken += numbered(4)
    member._forget(None, [TopicPartition("t", 1)])
    assert [message.partition() for message in taken] == [0, 0]


def partitions(*numbers: int) -> list[TopicPartition]:
    return [TopicPartition("t", number) for number in numbers]


def test_a_group_moves_one_partition_and_keeps_the_others(pipe: tuple[int, Output]) -> None:
    queue = Queue([])
    member = GroupMember(queue, -2, pipe[1])
    member._begin(None, partitions(0, 1))
    member.go_to(("t", 0), 7)
    assert queue.assigned == {("t", 0): 7, ("t", 1): 10}


@pytest.mark.parametrize("cooperative", [False, True])
def test_what_is_being_written_is_not_read_again_after_a_rebalance(pipe: tuple[int, Output], cooperative: bool) -> None:
    queue = Queue([])
    member = GroupMember(queue, -2, pipe[1], cooperative=cooperative)
    member._begin(None, partitions(0, 1, 2))
    member.store([record(b"x", partition=1, offset=11)])
    member.in_flight = [record(b"x", partition=number, offset=offset) for number in (0, 1) for offset in (12, 14)]
    member._forget(None, partitions(0, 1, 2))
    assert member.places == set()
    member._begin(None, partitions(0, 1, 2))
    started = queue.added if cooperative else queue.assigned
    assert started == {("t", 0): 15, ("t", 1): 10, ("t", 2): 10}  # of 1, another offset is committed than was stored
    assert member.places == {("t", number) for number in range(3)}


def test_what_was_written_after_a_partition_was_given_away_counts_when_it_comes_back(
    pipe: tuple[int, Output],
) -> None:
    queue = Queue([])
    member = GroupMember(queue, -2, pipe[1])
    member._begin(None, partitions(0, 1))
    member._forget(None, partitions(0, 1))
    member.store([record(b"x", partition=0, offset=12)])
    assert queue.stored == []
    member._begin(None, partitions(0, 1))
    assert queue.assigned == {("t", 0): 13, ("t", 1): 10}
    assert queue.stored_offsets == {("t", 0): 13}


def test_a_cooperative_group_adds_to_what_it_has(pipe: tuple[int, Output]) -> None:
    queue = Queue([])
    member = GroupMember(queue, -2, pipe[1], cooperative=True)
    member._begin(None, partitions(0))
    member._begin(None, partitions(1))
    assert (member.places, queue.added) == ({("t", 0), ("t", 1)}, {("t", 1): 10})
    member.go_to(("t", 0), 7)
    assert (queue.removed, queue.added) == ([("t", 0)], {("t", 0): 7})


def test_leaving_says_why_nothing_was_committed(pipe: tuple[int, Output]) -> None:
    queue = Queue([])
    assert "transport failure" in leave(queue, GroupMember(queue, -2, pipe[1])).lower()
    assert queue.closed
    assert leave(queue, None) == ""


def test_an_offset_that_is_not_there_is_told(pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]) -> None:
    missing = Message(topic="t", partition=0, offset=7, error=KafkaError(KafkaError._AUTO_OFFSET_RESET, "gone"))
    queue = Queue([missing, record(b"a", offset=20)])
    loop(REQUEST, queue, pipe[1]).run()
    assert os.read(pipe[0], 100) == b"a\n"
    assert (queue.removed, queue.added) == ([("t", 0)], {("t", 0): 20})
    told = "ktools: t-0 has no offset 7 (it begins at 10 and ends before 20): reading goes on at 20\n"
    assert capsys.readouterr().err == told


def test_an_offset_that_is_not_there_may_be_an_error(pipe: tuple[int, Output]) -> None:
    missing = Message(topic="t", partition=0, offset=7, error=KafkaError(KafkaError._AUTO_OFFSET_RESET, "gone"))
    with pytest.raises(KafkaToolError, match="t-0 has no offset 7"):
        loop(REQUEST._replace(reset=None), Queue([missing]), pipe[1]).run()


LONGS = REQUEST._replace(record_format=RecordFormat(value_deserializer=Deserializer("LongDeserializer", {})))
MIXED = [record(value, offset=offset) for offset, value in enumerate([bytes(8), b"no", bytes(7) + b"\x02"])]


def test_a_record_that_cannot_be_read_ends_it_after_what_came_before(pipe: tuple[int, Output]) -> None:
    queue = Queue(MIXED)
    running = loop(LONGS._replace(group="g"), queue, pipe[1])
    with pytest.raises(KafkaToolError, match="t-0 at offset 1: Size of data received by LongDeserializer is not 8"):
        running.run()
    assert os.read(pipe[0], 100) == b"0\n"
    assert (running.processed, queue.stored) == (2, [(0, 0)])


def test_a_record_that_cannot_be_read_may_be_left_out(
    pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue(MIXED)
    running = loop(LONGS._replace(group="g", skip_unreadable=True, max_messages=3), queue, pipe[1])
    running.run()
    assert os.read(pipe[0], 100) == b"0\n2\n"
    assert (running.processed, queue.stored[-1]) == (3, (0, 2))
    assert capsys.readouterr().err.startswith("ktools: t-0 at offset 1 is left out: ")


def test_it_ends_where_every_partition_has_its_end(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(100))
    running = loop(REQUEST._replace(until_end=True), queue, pipe[1])
    running._reader.places = {("t", 0), ("t", 1), ("t", 2)}
    running._ends = Ends({("t", 0): 5, ("t", 1): 8, ("t", 2): 0}, {})
    running.run()
    assert running.processed == len([0, 2, 4]) + len([1, 3, 5, 7])


def test_new_partitions_are_read(pipe: tuple[int, Output]) -> None:
    asked: list[set[Place]] = []

    class Reader(DirectReader):
        def add(self, places: set[Place]) -> None:
            asked.append(places)

    queue = Queue(numbered(3))
    running = loop(REQUEST, queue, pipe[1])
    running._reader = Reader(queue)
    running.discovery = Discovery({}, "t", lambda _: set(), {("t", 0)})
    running.discovery.found = {("t", 1)}
    running.run()
    assert asked == [{("t", 1)}]
    assert running.discovery._known == {("t", 0), ("t", 1)}


def test_records_as_one_json_document(pipe: tuple[int, Output]) -> None:
    running = loop(REQUEST._replace(output="json"), Queue(numbered(3)), pipe[1])
    running.run()
    pipe[1].write(_last_words(running.request, running.processed))
    assert [each["offset"] for each in json.loads(os.read(pipe[0], 10_000))] == [0, 1, 2]
    assert json.loads(_last_words(running.request, 0)) == []
