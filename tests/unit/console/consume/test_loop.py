"""The consumer's loop on a queue of records, without a cluster."""

import json
import os
import signal
from collections.abc import Iterator, Sequence

import pytest
from confluent_kafka import KafkaError, Message

from kafka_tools.console.cluster import Cluster
from kafka_tools.console.consume import ConsumeRequest, Membership, RecordOutput, Source, Window
from kafka_tools.console.consume.discovery import Discovery, Topics
from kafka_tools.console.consume.loop import Loop, compile_format, last_words
from kafka_tools.console.consume.writing import Output
from kafka_tools.console.formats import Deserializer, Formatter, RecordFormat
from kafka_tools.console.process import Stop
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from tests.support.queue import Queue
from tests.support.records import record

BROKERS = Brokers("127.0.0.1:9092")
REQUEST = ConsumeRequest(Source(BROKERS, "t"), Window(timeout_ms=0))
IN_A_GROUP = REQUEST._replace(membership=Membership("g"))


@pytest.fixture
def pipe() -> Iterator[tuple[int, Output]]:
    reading, writing = os.pipe()
    with Output(writing) as output:
        yield reading, output
    os.close(writing)
    os.close(reading)


def numbered(count: int, value: bytes = b"x") -> list[Message]:
    return [record(value, partition=number % 2, offset=number) for number in range(count)]


def loop(
    request: ConsumeRequest,
    queue: Queue,
    output: Output,
    formatter: Formatter | None = None,
    stop: Stop | None = None,
    discovery: Discovery | None = None,
) -> Loop:
    written = formatter or compile_format(request.output)
    return Loop(request, queue, Cluster(BROKERS), output, stop or Stop(), written, discovery)


def test_what_is_here_is_written(pipe: tuple[int, Output]) -> None:
    running = loop(REQUEST, Queue([record(b"a"), record(None), record(b"c")]), pipe[1])
    running.run()
    assert os.read(pipe[0], 100) == b"a\nnull\nc\n"
    assert running.writer.processed == 3


@pytest.mark.parametrize("count", [0, 1, 4999, 5001])
def test_not_one_more_than_asked_for_is_taken(pipe: tuple[int, Output], count: int) -> None:
    queue = Queue(numbered(6000))
    running = loop(REQUEST._replace(window=Window(max_messages=count)), queue, pipe[1])
    running.run()
    assert running.writer.processed == count
    assert len(queue.records) == 6000 - count


def test_offsets_of_what_was_written_are_stored_by_partition(pipe: tuple[int, Output]) -> None:
    queue = Queue([*numbered(10), record(b"y", partition=9, offset=3)])
    loop(IN_A_GROUP, queue, pipe[1]).run()
    assert sorted(queue.stored) == [(0, 8), (1, 9)]


def test_without_a_group_nothing_is_stored(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(3))
    loop(REQUEST, queue, pipe[1]).run()
    assert queue.stored == []


def test_a_stop_in_a_blocked_write_stores_whole_records_only(pipe: tuple[int, Output]) -> None:
    queue, stop = Queue(numbered(1000, b"x" * 999)), Stop()
    ready = compile_format(IN_A_GROUP.output)

    def stopped_while_formatting(batch: Sequence[Message]) -> bytes:
        pipe[1].release()
        stop.signal = signal.SIGTERM
        return ready(batch)

    running = loop(IN_A_GROUP, queue, pipe[1], stopped_while_formatting, stop)
    running.run()
    os.set_blocking(pipe[0], False)
    content = os.read(pipe[0], 1 << 20)
    assert running.writer.processed == content.count(b"\n") > 0
    assert max(offset for _, offset in queue.stored) == running.writer.processed - 1


def test_a_stop_within_a_heading_counts_nothing(pipe: tuple[int, Output]) -> None:
    queue, stop = Queue(numbered(3)), Stop()
    headings = [b"Value\n" * 100_000]

    def heading_once(batch: Sequence[Message]) -> bytes:
        pipe[1].release()
        stop.signal = signal.SIGTERM
        return (headings.pop() if headings else b"") + b"x\n" * len(batch)

    running = loop(IN_A_GROUP, queue, pipe[1], heading_once, stop)
    running.run()
    assert (running.writer.processed, queue.stored) == (0, [])


def test_an_error_that_waiting_does_not_cure_ends_it(pipe: tuple[int, Output]) -> None:
    error = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "Broker: Topic authorization failed")
    with pytest.raises(KafkaToolError, match="cannot go on reading topic 't': Topic authorization failed"):
        loop(REQUEST, Queue([Message(error=error)]), pipe[1]).run()


def test_who_is_in_no_group_needs_no_right_to_one(pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]) -> None:
    refused = Message(error=KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED, "Group authorization failed"))
    loop(REQUEST, Queue([refused, record(b"a")]), pipe[1]).run()
    assert (os.read(pipe[0], 100), capsys.readouterr().err) == (b"a\n", "")
    with pytest.raises(KafkaToolError, match="Group authorization failed"):
        loop(IN_A_GROUP, Queue([refused]), pipe[1]).run()


def test_other_errors_are_told_once_and_never_written(
    pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]
) -> None:
    missing = Message(error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "Broker: Unknown topic or partition"))
    silent = Message(error=KafkaError(KafkaError._TRANSPORT, "Local: Broker transport failure"))
    loop(REQUEST, Queue([record(b"a"), missing, silent, missing, record(b"b")]), pipe[1]).run()
    assert os.read(pipe[0], 100) == b"a\nb\n"
    assert capsys.readouterr().err == "ktools: Unknown topic or partition. Waiting.\n"


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
        loop(REQUEST._replace(window=Window(reset=None)), Queue([missing]), pipe[1]).run()


LONGS = RecordOutput(record_format=RecordFormat(value_deserializer=Deserializer("LongDeserializer", {})))
MIXED = [record(value, offset=offset) for offset, value in enumerate([bytes(8), b"no", bytes(7) + b"\x02"])]


def test_a_record_that_cannot_be_read_ends_it_after_what_came_before(pipe: tuple[int, Output]) -> None:
    queue = Queue(MIXED)
    running = loop(IN_A_GROUP._replace(output=LONGS), queue, pipe[1])
    with pytest.raises(KafkaToolError, match="t-0 at offset 1: Size of data received by LongDeserializer is not 8"):
        running.run()
    assert os.read(pipe[0], 100) == b"0\n"
    assert (running.writer.processed, queue.stored) == (2, [(0, 0)])


def test_a_record_that_cannot_be_read_may_be_left_out(
    pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue(MIXED)
    request = IN_A_GROUP._replace(window=Window(max_messages=3), output=LONGS._replace(skip_unreadable=True))
    running = loop(request, queue, pipe[1])
    running.run()
    assert os.read(pipe[0], 100) == b"0\n2\n"
    assert (running.writer.processed, queue.stored[-1]) == (3, (0, 2))
    assert capsys.readouterr().err.startswith("ktools: t-0 at offset 1 is left out: ")


def test_it_ends_where_every_partition_has_its_end(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(100), ends={0: 5, 1: 8, 2: 0})
    running = loop(REQUEST._replace(window=Window(-2, until_end=True)), queue, pipe[1])
    running.reader.begin([TopicPartition("t", number) for number in range(3)])
    running.run()
    assert running.writer.processed == len([0, 2, 4]) + len([1, 3, 5, 7])


def test_new_partitions_are_read(pipe: tuple[int, Output]) -> None:
    queue = Queue(numbered(3))
    discovery = Discovery(REQUEST.source, Topics(REQUEST.source), {TopicPartition("t", 0)})
    discovery.found = {TopicPartition("t", 1)}
    loop(REQUEST, queue, pipe[1], discovery=discovery).run()
    assert queue.added == {("t", 1): -2}
    assert discovery.take() == set()


def test_records_as_one_json_document(pipe: tuple[int, Output]) -> None:
    as_json = RecordOutput("json")
    running = loop(REQUEST._replace(output=as_json), Queue(numbered(3)), pipe[1])
    running.run()
    pipe[1].write(last_words(as_json, running.writer.processed))
    assert [each["offset"] for each in json.loads(os.read(pipe[0], 10_000))] == [0, 1, 2]
    assert json.loads(last_words(as_json, 0)) == []


def test_leaving_says_why_nothing_was_committed(pipe: tuple[int, Output], capsys: pytest.CaptureFixture[str]) -> None:
    queue = Queue([])
    assert "transport failure" in loop(IN_A_GROUP, queue, pipe[1]).leave().lower()
    said = capsys.readouterr().err
    assert "the last offsets were not committed" in said
    assert "again" not in said  # nothing was read
    assert queue.closed
    assert loop(REQUEST, queue, pipe[1]).leave() == ""
    assert capsys.readouterr().err == "Processed a total of 0 messages\n"
